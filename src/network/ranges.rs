//! Ranges of addresses that Cloud Run, VPC networks and Cloud SQL treat in their own way.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

/// RFC 1918.
const RFC_1918: [Ipv4Net; 3] = [net(10, 0, 0, 0, 8), net(172, 16, 0, 0, 12), net(192, 168, 0, 0, 16)];

/// RFC 6598, shared address space.
const RFC_6598: Ipv4Net = net(100, 64, 0, 0, 10);

/// Class E: usable in a VPC network, and named by no documentation of `private-ranges-only`.
const CLASS_E: Ipv4Net = net(240, 0, 0, 0, 4);

/// `restricted.googleapis.com` and `private.googleapis.com`.
const GOOGLE_ACCESS: [Ipv4Net; 2] = [net(199, 36, 153, 4, 30), net(199, 36, 153, 8, 30)];

/// The other ranges that a subnet may have and that no router of the internet carries.
/// <https://cloud.google.com/vpc/docs/subnets#valid-ranges>
const OTHER_SPECIAL_USE: [Ipv4Net; 6] = [
    net(192, 0, 0, 0, 24),
    net(192, 0, 2, 0, 24),
    net(192, 88, 99, 0, 24),
    net(198, 18, 0, 0, 15),
    net(198, 51, 100, 0, 24),
    net(203, 0, 113, 0, 24),
];

/// Docker's bridge inside Cloud SQL: an instance with such an address cannot be reached, and a client with one gets
/// no answer. <https://gcpdiag.dev/rules/cloudsql/WARN/2022_001/>
pub const DOCKER_BRIDGE: IpNet = IpNet::V4(net(172, 17, 0, 0, 16));

/// A range that an older list of Cloud Run's known issues calls unreachable.
/// <https://cloud.google.com/run/docs/issues>
pub const ONCE_RESERVED: IpNet = IpNet::V4(net(192, 168, 1, 0, 24));

/// From where Cloud Run's infrastructure reaches a connector's instances.
/// <https://cloud.google.com/run/docs/configuring/vpc-connectors>
pub const SERVERLESS: IpNet = IpNet::V4(net(35, 199, 224, 0, 19));

/// From where Google checks the health of a connector's instances.
/// <https://cloud.google.com/run/docs/configuring/vpc-connectors>
pub const HEALTH_CHECKS: [IpNet; 3] = [
    IpNet::V4(net(35, 191, 0, 0, 16)),
    IpNet::V4(net(35, 191, 192, 0, 18)),
    IpNet::V4(net(130, 211, 0, 0, 22)),
];

const fn net(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// Whether an address is private by its range alone: RFC 1918, RFC 6598, or IPv6 unique local.
pub fn in_private_range(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => RFC_1918.iter().chain([&RFC_6598]).any(|range| range.contains(&address)),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// Whether `private-ranges-only` sends an address into the VPC; `None` where Google does not say.
///
/// RFC 1918, RFC 6598 and the addresses of Private Google Access (help of gcloud's `--vpc-egress`). Nothing is said
/// of IPv6, nor of class E, which Cloud Run's networking guide recommends for subnets.
pub fn carried_as_private_range(address: IpAddr) -> Option<bool> {
    let IpAddr::V4(v4) = address.to_canonical() else { return None };
    if in_private_range(address) || GOOGLE_ACCESS.iter().any(|range| range.contains(&v4)) {
        return Some(true);
    }
    if CLASS_E.contains(&v4) { None } else { Some(false) }
}

/// Whether a range lies within RFC 1918: what Cloud SQL answers on its private address without being told to.
pub fn is_rfc_1918(range: &IpNet) -> bool {
    within(range, RFC_1918.iter())
}

/// Whether a range lies within those that no router of the internet carries. Their subnet routes are exchanged by
/// every peering; those of other ranges only if the peering says so
/// (`exportSubnetRoutesWithPublicIp`, <https://cloud.google.com/compute/docs/reference/rest/v1/networks>).
pub fn is_special_use(range: &IpNet) -> bool {
    match range {
        IpNet::V4(_) => {
            let all = RFC_1918.iter().chain([&RFC_6598, &CLASS_E]).chain(&GOOGLE_ACCESS);
            within(range, all.chain(&OTHER_SPECIAL_USE))
        }
        IpNet::V6(range) => range.network().is_unique_local(),
    }
}

fn within<'a>(range: &IpNet, mut of: impl Iterator<Item = &'a Ipv4Net>) -> bool {
    of.any(|outer| IpNet::V4(*outer).contains(range))
}

/// Whether two ranges share an address.
pub fn overlap(one: &IpNet, two: &IpNet) -> bool {
    one.contains(two) || two.contains(one)
}

/// The range of one address.
pub fn single(address: IpAddr) -> IpNet {
    IpNet::from(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_edges_of_the_private_ranges() {
        for (text, private) in [
            ("10.0.0.0", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("172.15.255.255", false),
            ("172.16.0.0", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.0.1", true),
            ("100.63.255.255", false),
            ("100.64.0.0", true),
            ("100.127.255.255", true),
            ("100.128.0.0", false),
            ("127.0.0.1", false),
            ("fd00::1", true),
            ("2001:db8::1", false),
            ("::ffff:10.0.0.1", true),
        ] {
            assert_eq!(in_private_range(text.parse().unwrap()), private, "{text}");
        }
    }

    #[test]
    fn what_private_ranges_only_carries() {
        for (text, carried) in [
            ("10.1.2.3", Some(true)),
            ("100.64.0.9", Some(true)),
            ("199.36.153.3", Some(false)),
            ("199.36.153.4", Some(true)),
            ("199.36.153.11", Some(true)),
            ("199.36.153.12", Some(false)),
            ("30.1.2.3", Some(false)),
            // https://cloud.google.com/run/docs/configuring/networking-best-practices: Cloud Run supports class E;
            // whether this setting carries it, no page says.
            ("240.0.0.1", None),
            ("fd00::1", None),
        ] {
            assert_eq!(carried_as_private_range(text.parse().unwrap()), carried, "{text}");
        }
    }

    #[test]
    fn whole_ranges() {
        let range = |text: &str| text.parse::<IpNet>().unwrap();
        assert!(is_rfc_1918(&range("10.8.0.0/28")) && !is_rfc_1918(&range("100.64.0.0/28")));
        assert!(!is_rfc_1918(&range("0.0.0.0/0")), "a range that reaches beyond is not within");
        for special in ["100.64.0.0/26", "240.1.0.0/16", "198.18.0.0/16", "fd00::/64"] {
            assert!(is_special_use(&range(special)), "{special}");
        }
        assert!(!is_special_use(&range("30.0.0.0/24")) && !is_special_use(&range("2600:1900::/64")));
        assert!(overlap(&range("10.0.0.0/8"), &range("10.1.0.0/16")));
        assert!(overlap(&range("10.1.0.0/16"), &range("10.0.0.0/8")));
        assert!(!overlap(&range("10.0.0.0/16"), &range("10.1.0.0/16")));
        assert!(!overlap(&range("0.0.0.0/0"), &range("::/0")), "the families share nothing");
    }

    proptest! {
        #[test]
        fn every_private_ipv4_address_is_carried(bits: u32) {
            let address = IpAddr::from(bits.to_be_bytes());
            if in_private_range(address) {
                prop_assert_eq!(carried_as_private_range(address), Some(true));
                prop_assert!(is_special_use(&single(address)));
            }
        }
    }
}

//! Where the gate stands when it dials.

use std::net::IpAddr;

use crate::live::Scope;
use crate::record::Vantage;

/// Whether the gate dials from where the service does.
pub(crate) fn inside(scope: &Scope) -> bool {
    match scope.settings.vantage {
        Vantage::InVpc => true,
        Vantage::Pipeline | Vantage::ControlPlane | Vantage::Runner | Vantage::Service => false,
    }
}

/// From where the gate dials, in words.
pub(crate) fn from_where(scope: &Scope) -> &'static str {
    if inside(scope) { "from inside the service's network" } else { "from this machine" }
}

/// Whether an address is one of the public network. Ranges that somebody uses privately although they are public
/// cannot be told.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let carrier_grade = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || carrier_grade)
        }
        IpAddr::V6(v6) => {
            !(v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_told_from_private_ones() {
        for (address, expected) in [
            ("8.8.8.8", true),
            ("10.20.0.3", false),
            ("172.31.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("0.0.0.0", false),
            ("::1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("2001:4860:4860::8888", true),
            ("::ffff:10.0.0.1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }
}

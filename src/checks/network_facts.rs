//! Where the database is, as seen from the network: which address, private or not, in which network.

use std::net::IpAddr;

use google_cloud_sql_v1::model::SqlIpAddressType;
use ipnet::Ipv4Net;

use super::facts::{broken, not_applicable, not_visible};
use super::instance_facts::{named, of_type};
use super::{Scope, connection};
use crate::probe::google::{NoAnswer, bounded, names};
use crate::run::outcome::{Outcome, Skip};

/// RFC 1918 and RFC 6598: the private ranges that Google routes in a VPC by themselves.
pub(super) const PRIVATE: [Ipv4Net; 4] = [
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(10, 0, 0, 0), 8),
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 16, 0, 0), 12),
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(192, 168, 0, 0), 16),
    Ipv4Net::new_assert(std::net::Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// Whether an address is private by its range alone: RFC 1918, RFC 6598, or IPv6 unique local.
pub(super) fn in_private_range(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => PRIVATE.iter().any(|range| range.contains(&address)),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// The address that the service dials its database at; an outcome where there is none to judge.
pub(super) async fn database_address(scope: &Scope) -> Result<IpAddr, Outcome> {
    match connection::host(scope).await {
        Ok(Some(host)) => literal_address(&host),
        Ok(None) => match private_address_of_instance(scope).await? {
            Some(address) => Ok(address),
            None => Err(not_visible("the host that the service dials is not known from here")),
        },
        // The instance may still tell the address that the gate may not read.
        Err(hidden @ Outcome::Skipped { reason: Skip::NotAllowed { .. } | Skip::Unresolved { .. } }) => {
            match private_address_of_instance(scope).await? {
                Some(address) => Ok(address),
                None => Err(hidden),
            }
        }
        Err(outcome) => Err(outcome),
    }
}

#[expect(clippy::result_large_err, reason = "an outcome is made once a check")]
fn literal_address(host: &str) -> Result<IpAddr, Outcome> {
    if host.starts_with('/') {
        return Err(not_applicable("the service reaches its database through a socket"));
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical()),
        Err(_not_literal) => Err(not_visible(format!(
            "{} is a name, and what it stands for is known only where the service runs",
            bounded(host)
        ))),
    }
}

/// The private address of the instance that the files name, where it has no other way in.
async fn private_address_of_instance(scope: &Scope) -> Result<Option<IpAddr>, Outcome> {
    let Some(connection) = named(&scope.target.service).and_then(|stated| stated.as_known()) else {
        return Ok(None);
    };
    let instance = match scope.instance(connection).await {
        Ok(instance) => instance,
        // The finding of `instance-running`.
        Err(NoAnswer::NotFound) => return Ok(None),
        Err(answer @ NoAnswer::Broken(_)) => return Err(broken(connection, answer)),
    };
    let public = !of_type(&instance, &SqlIpAddressType::Primary).is_empty();
    Ok(of_type(&instance, &SqlIpAddressType::Private).into_iter().next().filter(|_| !public))
}

/// The database's address, if it is private: by its range, or because Cloud SQL has it as the private address of an
/// instance (a network may use public ranges privately).
pub(super) async fn private_database_address(scope: &Scope) -> Result<IpAddr, Outcome> {
    let address = database_address(scope).await?;
    if in_private_range(address) {
        return Ok(address);
    }
    if address.is_loopback() {
        return Err(not_applicable(format!("{address} is the container itself")));
    }
    // The named instance first: it may stand in another project, whose list nobody asks for.
    if let Some(connection) = named(&scope.target.service).and_then(|stated| stated.as_known())
        && let Ok(instance) = scope.instance(connection).await
        && of_type(&instance, &SqlIpAddressType::Private).contains(&address)
    {
        return Ok(address);
    }
    match scope.instance_at(address).await {
        Ok(Some(instance)) if of_type(&instance, &SqlIpAddressType::Private).contains(&address) => {
            Ok(address)
        }
        Ok(_) => Err(not_applicable(format!("{address} is a public address"))),
        Err(_unread) => Err(not_applicable(format!(
            "{address} is a public address, unless a network uses it privately, which could not be read"
        ))),
    }
}

/// A VPC network, from whatever form an API has its name in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Network {
    /// Id or number of its project, where the name tells.
    pub(super) project: Option<String>,
    /// Short name.
    pub(super) name: String,
}

impl Network {
    /// From `N`, `projects/P/global/networks/N`, or a URL that ends so.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let name = super::facts::short_name(text.trim());
        let project = names::segment(text, "projects").map(str::to_owned);
        (!name.is_empty()).then(|| Self { project, name: name.to_owned() })
    }

    /// Whether both may be the same network. Where one names its project by number and the other by id, or not
    /// at all, the names decide.
    pub(super) fn same(&self, other: &Self) -> bool {
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let projects = match (&self.project, &other.project) {
            (Some(one), Some(two)) => one == two || number(one) != number(two),
            (None, _) | (_, None) => true,
        };
        projects && self.name == other.name
    }

    /// The name, with its project where another network of that name is in play.
    pub(super) fn beside(&self, other: &Self) -> String {
        match &self.project {
            Some(project) if self.name == other.name => format!("{project}/{}", self.name),
            Some(_) | None => self.name.clone(),
        }
    }
}

/// Whether `private-ranges-only` sends an address into the VPC; `None` where Google does not say.
///
/// RFC 1918, RFC 6598 and the addresses of Private Google Access (help of gcloud's `--vpc-egress`).
pub(super) fn carried_as_private_range(address: IpAddr) -> Option<bool> {
    const GOOGLE_ACCESS: [Ipv4Net; 2] = [
        Ipv4Net::new_assert(std::net::Ipv4Addr::new(199, 36, 153, 4), 30),
        Ipv4Net::new_assert(std::net::Ipv4Addr::new(199, 36, 153, 8), 30),
    ];
    match address.to_canonical() {
        IpAddr::V4(address) => {
            Some(PRIVATE.iter().chain(&GOOGLE_ACCESS).any(|range| range.contains(&address)))
        }
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap()
    }

    #[test]
    fn networks_in_all_forms() {
        let full = network("projects/p/global/networks/vpc");
        assert!(full.same(&network("vpc")));
        assert!(full.same(&network("https://www.googleapis.com/compute/v1/projects/p/global/networks/vpc")));
        assert!(full.same(&network("projects/123456/global/networks/vpc")), "id and number");
        assert!(!full.same(&network("projects/q/global/networks/vpc")));
        assert!(!full.same(&network("default")));
        assert_eq!(Network::parse(""), None);
    }

    #[test]
    fn networks_of_one_name_are_told_apart_by_project() {
        let (one, two) =
            (network("projects/p/global/networks/vpc"), network("projects/q/global/networks/vpc"));
        assert_eq!((one.beside(&two), two.beside(&one)), ("p/vpc".into(), "q/vpc".into()));
        assert_eq!(one.beside(&network("default")), "vpc");
    }

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
    fn hosts_that_are_no_address_say_why() {
        assert_eq!(literal_address("10.0.0.1").unwrap(), IpAddr::from([10, 0, 0, 1]));
        assert_eq!(literal_address("[fd00::1]").unwrap(), "fd00::1".parse::<IpAddr>().unwrap());
        let socket = literal_address("/cloudsql/p:r:i");
        assert!(matches!(socket, Err(Outcome::Skipped { reason: Skip::NotApplicable { .. } })));
        let name = literal_address("db.internal");
        assert!(matches!(name, Err(Outcome::Skipped { reason: Skip::NotVisible { .. } })));
    }

    proptest! {
        #[test]
        fn every_private_ipv4_address_is_carried(bits: u32) {
            let address = IpAddr::from(bits.to_be_bytes());
            if in_private_range(address) {
                prop_assert_eq!(carried_as_private_range(address), Some(true));
            }
        }

        #[test]
        fn any_text_as_network_or_host(text in "\\PC{0,60}") {
            let _ = literal_address(&text);
            if let Some(network) = Network::parse(&text) {
                prop_assert!(network.same(&network));
            }
        }
    }
}

//! Where the database is, as checked from the network: which address, private or not, in which network.

use std::net::IpAddr;

use google_cloud_sql_v1::model::SqlIpAddressType;

use crate::live::instance::{named, of_type};
use crate::live::service::{inconclusive, not_applicable, not_visible};
use crate::live::{Scope, connection};
use crate::network::ranges::in_private_range;
use crate::probe::google::NoAnswer;
use crate::record::{Outcome, Skip};
use crate::text::bounded;

/// The address that the service dials its database at; an outcome where there is none to judge.
pub(crate) async fn database_address(scope: &Scope) -> Result<IpAddr, Outcome> {
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
        Err(answer @ NoAnswer::Inconclusive(_)) => return Err(inconclusive(connection, answer)),
    };
    let public = !of_type(&instance, &SqlIpAddressType::Primary).is_empty();
    Ok(of_type(&instance, &SqlIpAddressType::Private).into_iter().next().filter(|_| !public))
}

/// The database's address, if it is private: by its range, or because Cloud SQL has it as the private address of an
/// instance (a network may use public ranges privately).
pub(crate) async fn private_database_address(scope: &Scope) -> Result<IpAddr, Outcome> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn any_text_as_host(text in "\\PC{0,60}") {
            if let Ok(address) = literal_address(&text) {
                prop_assert_eq!(address, address.to_canonical());
            }
        }
    }
}

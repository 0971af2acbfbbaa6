//! A revision whose database has a private address has a way into a VPC network.

use google_cloud_run_v2::model::{Revision, VpcAccess};

use crate::checks::facts::{failed, passed, short_name};
use crate::checks::vpc::network_facts::private_database_address;
use crate::checks::{Check, Scope, Subjects};
use crate::model::Service;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Outcome, Role, Vantage};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "vpc-access-present",
    holds: "A service with a private database has a way into the VPC network",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &[],
    subjects: with_database,
    run: |scope| Box::pin(run(scope)),
};

/// The service as a whole, where it has a database.
pub(in crate::checks) fn with_database(service: &Service) -> Subjects {
    if service.database.is_some() { Subjects::Whole } else { Subjects::None }
}

/// What carries a revision's traffic into a VPC network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checks) enum WayIn<'a> {
    /// A Serverless VPC Access connector: short or full name.
    Connector(&'a str),
    /// Direct VPC egress: network and subnetwork, of which one may be empty.
    Direct {
        /// Network, short or full name.
        network: &'a str,
        /// Subnetwork, short or full name.
        subnetwork: &'a str,
    },
}

/// The way in that a revision has.
pub(in crate::checks) fn way_in(revision: &Revision) -> Option<WayIn<'_>> {
    let access = revision.vpc_access.as_ref()?;
    if !access.connector.is_empty() {
        return Some(WayIn::Connector(&access.connector));
    }
    direct(access)
}

fn direct(access: &VpcAccess) -> Option<WayIn<'_>> {
    let interface = access.network_interfaces.first()?;
    let (network, subnetwork) = (interface.network.as_str(), interface.subnetwork.as_str());
    (!network.is_empty() || !subnetwork.is_empty()).then_some(WayIn::Direct { network, subnetwork })
}

async fn run(scope: &Scope) -> Outcome {
    match look(scope).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let address = private_database_address(scope).await?;
    let revision = scope.revision().await?;
    let name = short_name(&revision.name);
    Ok(match way_in(&revision) {
        Some(WayIn::Connector(connector)) => {
            passed(format!("{name} reaches private addresses through connector {}", short_name(connector)))
        }
        Some(WayIn::Direct { network, subnetwork }) => {
            let into = if network.is_empty() { subnetwork } else { network };
            passed(format!("{name} reaches private addresses by direct egress into {}", short_name(into)))
        }
        None => failed(Finding::Path(PathFinding::NoVpcAccess {
            revision: name.to_owned(),
            address,
            declared_connector: scope
                .target
                .service
                .vpc
                .connector
                .as_ref()
                .map(|stated| stated.raw().to_owned()),
        })),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn revision(access: serde_json::Value) -> Revision {
        serde_json::from_value(json!({"name": "s-1", "vpcAccess": access})).unwrap()
    }

    #[test]
    fn a_connector_or_an_interface_is_a_way_in() {
        let connector = revision(json!({"connector": "c", "egress": "PRIVATE_RANGES_ONLY"}));
        assert_eq!(way_in(&connector), Some(WayIn::Connector("c")));
        let direct = revision(json!({"networkInterfaces": [{"subnetwork": "sub"}]}));
        assert_eq!(way_in(&direct), Some(WayIn::Direct { network: "", subnetwork: "sub" }));
    }

    #[test]
    fn an_egress_setting_alone_is_none() {
        assert_eq!(way_in(&revision(json!({"egress": "ALL_TRAFFIC"}))), None);
        assert_eq!(way_in(&revision(json!({"networkInterfaces": [{}]}))), None);
        assert_eq!(way_in(&serde_json::from_str("{}").unwrap()), None);
    }
}

//! A revision whose database has a private address has a way into a VPC network.

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::network::private_database_address;
use crate::live::service::{failed, passed};
use crate::live::vpc_access::{WayIn, way_in};
use crate::model::resource::short;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VPC_ACCESS_PRESENT,
    holds: "A service with a private database has a way into the VPC network",
    family: Family::Vpc,
    place: place::of_vpc,
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let address = private_database_address(scope).await?;
    let revision = scope.revision().await?;
    let name = short(&revision.name);
    Ok(match way_in(&revision) {
        Some(WayIn::Connector(connector)) => {
            passed(format!("{name} reaches private addresses through connector {}", short(connector)))
        }
        Some(WayIn::Direct { network, subnetwork }) => {
            let into = if network.is_empty() { subnetwork } else { network };
            passed(format!("{name} reaches private addresses by direct egress into {}", short(into)))
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

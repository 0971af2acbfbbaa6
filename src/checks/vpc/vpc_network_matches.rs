//! The service leaves into the network that the Cloud SQL instance is attached to.

use google_cloud_sql_v1::model::DatabaseInstance;

use crate::checks::database::declared;
use crate::checks::vpc::path::source::{network_of_connector, network_of_direct};
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::instance::{connection_name, known_instance};
use crate::live::service::{failed, not_applicable, passed};
use crate::live::vpc_access::{WayIn, way_in};
use crate::model::resource;
use crate::network::Network;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VPC_NETWORK_MATCHES,
    holds: "The service leaves into the network of its database",
    family: Family::Vpc,
    place: place::of_vpc,
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let Some(way) = way_in(&revision) else {
        return Err(not_applicable("the revision has no way into a VPC network"));
    };
    compare(scope, way).await
}

/// Compares the network of a way in with that of the database's instance.
pub(in crate::checks) async fn compare(scope: &Scope, way: WayIn<'_>) -> Result<Outcome, Outcome> {
    let instance = known_instance(scope).await?;
    let connection = connection_name(&instance);
    let database = private_network(&instance)
        .ok_or_else(|| not_applicable(format!("{connection} is attached to no private network")))?;
    let (by, service) = match way {
        WayIn::Connector(connector) => {
            let name = resource::connector(&scope.target.project, &scope.target.region, connector);
            let network = network_of_connector(scope, &name).await?;
            (name, network)
        }
        WayIn::Direct { network, subnetwork } => {
            ("direct VPC egress".to_owned(), network_of_direct(scope, network, subnetwork).await?)
        }
    };
    if service.same(&database) {
        return Ok(passed(format!("{by} and {connection} are both in network {}", database.name)));
    }
    Ok(failed(Finding::Path(PathFinding::NetworkDiffers {
        by,
        service_network: service.beside(&database),
        database_network: database.beside(&service),
        instance: connection,
    })))
}

fn private_network(instance: &DatabaseInstance) -> Option<Network> {
    let configuration = instance.settings.as_ref()?.ip_configuration.as_ref()?;
    Network::parse(&configuration.private_network)
}

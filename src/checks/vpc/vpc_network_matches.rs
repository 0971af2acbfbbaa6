//! The service leaves into the network that the Cloud SQL instance is attached to.

use google_cloud_sql_v1::model::DatabaseInstance;

use crate::checks::facts::{broken, failed, not_applicable, not_visible, passed, short_name};
use crate::checks::instance::instance_facts::connection_name;
use crate::checks::instance::instance_running::known_instance;
use crate::checks::vpc::vpc_access_present::{WayIn, way_in, with_database};
use crate::checks::{Check, Scope};
use crate::network::Network;
use crate::probe::google::{NoAnswer, names};
use crate::run::finding::{Finding, PathFinding};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "vpc-network-matches",
    holds: "The service leaves into the network of its database",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &[],
    subjects: with_database,
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    match look(scope).await {
        Ok(outcome) | Err(outcome) => outcome,
    }
}

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
            let name = names::connector(&scope.target.project, &scope.target.region, connector);
            let network = of_connector(scope, &name).await?;
            (name, network)
        }
        WayIn::Direct { network, subnetwork } => {
            let network = Network::parse(network).ok_or_else(|| subnetwork_unread(subnetwork))?;
            ("direct VPC egress".to_owned(), network)
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

async fn of_connector(scope: &Scope, name: &str) -> Result<Network, Outcome> {
    let connector = match scope.outside.google.connector(name).await {
        Ok(connector) => connector,
        Err(NoAnswer::NotFound) => {
            return Err(not_applicable(format!("{name} does not exist (see vpc-connector-ready)")));
        }
        Err(answer @ NoAnswer::Broken(_)) => return Err(broken(name, answer)),
    };
    let subnet = connector.subnet.as_ref().map(|subnet| subnet.name.as_str()).unwrap_or_default();
    Network::parse(&connector.network).ok_or_else(|| subnetwork_unread(subnet))
}

/// Only the subnetwork is named; which network it is part of, Compute Engine would have to tell.
fn subnetwork_unread(subnetwork: &str) -> Outcome {
    let subnetwork = short_name(subnetwork);
    not_visible(format!(
        "only the subnetwork ({subnetwork}) is named, and its network is not read from Compute Engine"
    ))
}

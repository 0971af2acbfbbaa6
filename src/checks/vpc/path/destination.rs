//! Where the packet goes: the database's address, and what has it.

use std::net::IpAddr;

use google_cloud_sql_v1::model::{DatabaseInstance, SqlIpAddressType};

use super::convert;
use super::firewall::range;
use crate::live::instance::{addresses, known_instance, named, of_type};
use crate::live::network::database_address;
use crate::live::service::{not_applicable, not_visible};
use crate::live::{Scope, connection};
use crate::network::ranges::in_private_range;
use crate::network::{Destination, DestinationKind, Endpoint, Fact, Network};
use crate::probe::google::NoAnswer;
use crate::record::{Inconclusive, Outcome};

/// The port at which Cloud SQL's proxies reach an instance.
pub(in crate::checks::vpc) const PROXY_PORT: u16 = 3307;
/// PostgreSQL's own.
const PORT: u16 = 5432;

/// Address and ports that the service dials, and the Cloud SQL instance that has the address.
pub(in crate::checks::vpc) struct Dialled {
    pub(in crate::checks::vpc) address: IpAddr,
    pub(in crate::checks::vpc) ports: Vec<u16>,
    pub(in crate::checks::vpc) instance: Option<DatabaseInstance>,
    /// Why the instances could not be read.
    pub(in crate::checks::vpc) unread: Option<Inconclusive>,
}

/// What the service dials.
pub(in crate::checks::vpc) async fn dialled(scope: &Scope) -> Result<Dialled, Outcome> {
    let host = connection::host(scope).await.ok().flatten();
    if let Some(socket) = host.as_deref().and_then(|host| host.strip_prefix("/cloudsql/")) {
        return through_socket(scope, socket).await;
    }
    if let Some(connection) = named(&scope.target.service).and_then(|stated| stated.as_known())
        && matches!(scope.instance(connection).await, Err(NoAnswer::NotFound))
    {
        // What has the address now, nobody knows; a way to it would be a way to something else.
        return Err(not_applicable(format!("{connection} does not exist (see instance-running)")));
    }
    let address = database_address(scope).await?;
    let port = connection::endpoint(scope).await.map_or(PORT, |endpoint| endpoint.port);
    let (instance, unread) = match known_instance(scope).await {
        Ok(instance) => (Some(instance).filter(|one| addresses(one).contains(&address)), None),
        Err(Outcome::Inconclusive { why }) => (None, Some(why)),
        // None is named, and none of the project has the address.
        Err(_) => (None, None),
    };
    Ok(Dialled { address, ports: vec![port], instance, unread })
}

/// The built-in socket dials the instance's public address where it has one, else its private one.
async fn through_socket(scope: &Scope, socket: &str) -> Result<Dialled, Outcome> {
    let stated = named(&scope.target.service).and_then(|stated| stated.as_known());
    let connection = socket.trim_end_matches('/');
    let instance = scope.instance(stated.unwrap_or(connection)).await;
    let unseen = |_| not_visible(format!("the addresses of {connection} could not be read"));
    let instance = instance.map_err(unseen)?;
    let public = of_type(&instance, &SqlIpAddressType::Primary);
    let private = of_type(&instance, &SqlIpAddressType::Private);
    match public.first().or(private.first()) {
        Some(&address) => {
            let instance = Some(DatabaseInstance::clone(&instance));
            Ok(Dialled { address, ports: vec![PROXY_PORT], instance, unread: None })
        }
        None => Err(not_visible(format!("Cloud SQL states no address of {connection}"))),
    }
}

/// What has the address, and why it could not be found out. `endpoints` are the Private Service Connect endpoints that
/// have it.
pub(in crate::checks::vpc) async fn destination(
    scope: &Scope,
    dialled: &Dialled,
    project: &str,
    endpoints: &Fact<Vec<Endpoint>>,
) -> (Destination, Option<Inconclusive>) {
    let (kind, unread) = match (&dialled.instance, &dialled.unread) {
        (Some(instance), _) => (of_instance(instance, dialled.address), None),
        // An instance that nobody may read can have any address, a public one used privately too.
        (None, Some(why)) => (DestinationKind::Unknown, Some(why.clone())),
        (None, None) => of_network(scope, dialled.address, project, endpoints).await,
    };
    (Destination { address: dialled.address, ports: dialled.ports.clone(), kind }, unread)
}

fn of_instance(instance: &DatabaseInstance, address: IpAddr) -> DestinationKind {
    if !of_type(instance, &SqlIpAddressType::Private).contains(&address) {
        return DestinationKind::Public;
    }
    let configuration = instance.settings.as_ref().and_then(|settings| settings.ip_configuration.as_ref());
    let network = configuration.and_then(|one| Network::parse(&one.private_network));
    let authorized = configuration.map(|one| &one.authorized_networks).into_iter().flatten();
    DestinationKind::CloudSql {
        network,
        authorized: Fact::Known(authorized.filter_map(|entry| range(&entry.value)).collect()),
    }
}

async fn of_network(
    scope: &Scope,
    address: IpAddr,
    project: &str,
    endpoints: &Fact<Vec<Endpoint>>,
) -> (DestinationKind, Option<Inconclusive>) {
    if matches!(endpoints, Fact::Known(found) if !found.is_empty()) {
        return (DestinationKind::PrivateServiceConnect, None);
    }
    if !in_private_range(address) {
        return (DestinationKind::Public, None);
    }
    match scope.outside.google.machines_at(project, address).await {
        Ok(all) => {
            let machine = convert::machine(&all, address);
            (machine.map_or(DestinationKind::Unknown, DestinationKind::Machine), None)
        }
        Err(NoAnswer::NotFound) => (DestinationKind::Unknown, None),
        Err(NoAnswer::Inconclusive(why)) => (DestinationKind::Unknown, Some(why)),
    }
}

//! Which Cloud SQL instance is the database, and what it says of itself.

use std::net::IpAddr;
use std::sync::Arc;

use google_cloud_sql_v1::model::{DatabaseInstance, SqlIpAddressType};

use super::network::database_address;
use crate::connection::is_loopback;
use crate::live::service::{inconclusive, not_applicable};
use crate::live::{Scope, connection};
use crate::model::{Service, Stated};
use crate::probe::google::{Answer, NoAnswer};
use crate::record::{Outcome, Skip, check_id};
use crate::text::bounded;

/// The instance that the files name, if they name one.
pub(crate) fn named(service: &Service) -> Option<&Stated> {
    let of_database = service.database.as_ref().and_then(|database| database.instance.as_ref());
    of_database.or_else(|| service.cloudsql_instances.first())
}

impl Scope {
    /// The instance of that connection name: `project:region:instance`, `project:instance`, or a bare name in the
    /// service's project.
    pub(crate) async fn instance(&self, connection: &str) -> Answer<DatabaseInstance> {
        let (project, instance) = parts(connection, &self.target.project);
        self.outside.google.instance(project, instance).await
    }

    /// Every instance of the service's project.
    pub(crate) async fn instances(&self) -> Result<Arc<Vec<DatabaseInstance>>, Outcome> {
        let project = &self.target.project;
        let answer = self.outside.google.instances(project).await;
        answer
            .map_err(|answer| inconclusive(&format!("the Cloud SQL instances of project {project}"), answer))
    }

    /// The instance that has this address, if one of the project has it.
    pub(crate) async fn instance_at(&self, address: IpAddr) -> Result<Option<DatabaseInstance>, Outcome> {
        let instances = self.instances().await?;
        Ok(instances.iter().find(|instance| addresses(instance).contains(&address)).cloned())
    }
}

fn parts<'a>(connection: &'a str, project: &'a str) -> (&'a str, &'a str) {
    if let Some((project, _, instance)) = crate::model::resource::connection(connection) {
        return (project, instance);
    }
    connection.split_once(':').unwrap_or((project, connection))
}

/// How the service reaches its database, as its host tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Through the socket that Cloud Run mounts; the connection name in its path.
    Socket(String),
    /// Through something in another container of the revision, as the Cloud SQL Auth Proxy.
    Sidecar,
    /// By itself, at this host.
    Directly(String),
}

/// How a host is reached. `beside`: whether other containers run beside the service's own.
pub(crate) fn reached(host: &str, beside: bool) -> Reached {
    if let Some(connection) = socket_instance(host) {
        return Reached::Socket(connection.to_owned());
    }
    if beside && (is_loopback(host) || host.starts_with('/')) {
        return Reached::Sidecar;
    }
    Reached::Directly(host.to_owned())
}

/// The connection name in the path of a `/cloudsql` socket.
pub(crate) fn socket_instance(host: &str) -> Option<&str> {
    let name = host.strip_prefix("/cloudsql/")?.split('/').next()?;
    (!name.is_empty()).then_some(name)
}

/// The instance that the files name, else the one that has the address that the service dials.
///
/// That a named one does not exist is the finding of this check alone.
pub(crate) async fn known_instance(scope: &Scope) -> Result<DatabaseInstance, Outcome> {
    let stated = named(&scope.target.service);
    if let Some(connection) = stated.and_then(|stated| stated.as_known()) {
        return match scope.instance(connection).await {
            Ok(instance) => Ok(DatabaseInstance::clone(&instance)),
            Err(NoAnswer::NotFound) => Err(not_applicable(format!(
                "{connection} does not exist (see {})",
                check_id::INSTANCE_RUNNING
            ))),
            Err(answer @ NoAnswer::Inconclusive(_)) => Err(inconclusive(connection, answer)),
        };
    }
    let unresolved = stated.map(|stated| Outcome::Skipped {
        reason: Skip::Unresolved { what: format!("{}, the Cloud SQL instance", stated.raw()) },
    });
    if let (None, Ok(Some(host))) = (stated, connection::host(scope).await)
        && let Some(connection) = socket_instance(&host)
    {
        return match scope.instance(connection).await {
            Ok(instance) => Ok(DatabaseInstance::clone(&instance)),
            Err(NoAnswer::NotFound) => Err(not_applicable(format!("{} does not exist", bounded(connection)))),
            Err(answer @ NoAnswer::Inconclusive(_)) => Err(inconclusive(connection, answer)),
        };
    }
    let address = match (database_address(scope).await, unresolved) {
        (Ok(address), _) => address,
        (Err(_), Some(unresolved)) => return Err(unresolved),
        (Err(outcome), None) => return Err(outcome),
    };
    match scope.instance_at(address).await? {
        Some(instance) => Ok(instance),
        None => Err(not_applicable(format!("no Cloud SQL instance is named, and none has {address}"))),
    }
}

/// The instance that the service's database stands on, for a check of what is on it: not where the service turns out
/// to dial another address, which is the finding of `instance-has-address`.
pub(crate) async fn own_instance(scope: &Scope) -> Result<DatabaseInstance, Outcome> {
    let instance = known_instance(scope).await?;
    let host = connection::host(scope).await.ok().flatten().unwrap_or_default();
    let name = connection_name(&instance);
    if let Some(other) = socket_instance(&host).filter(|other| *other != name) {
        return Err(not_applicable(format!("the service opens the socket of {}", bounded(other))));
    }
    if let Ok(address) = host.parse::<IpAddr>()
        && !is_loopback(&host)
        && !addresses(&instance).contains(&address.to_canonical())
    {
        return Err(not_applicable(format!("{address} is no address of {name} (see instance-has-address)")));
    }
    Ok(instance)
}

/// A few of the names of something, for a message: sorted, and how many more there are.
pub(crate) fn some_of(mut names: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 8;
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    if names.is_empty() {
        names.push("none".to_owned());
    }
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names
}

/// The addresses under which an instance is dialled. It has others, which only lead out of it.
pub(crate) fn addresses(instance: &DatabaseInstance) -> Vec<IpAddr> {
    let mut all = of_type(instance, &SqlIpAddressType::Private);
    all.extend(of_type(instance, &SqlIpAddressType::Primary));
    all
}

/// The addresses of one type. Text that is no address is none.
pub(crate) fn of_type(instance: &DatabaseInstance, r#type: &SqlIpAddressType) -> Vec<IpAddr> {
    let wanted = instance.ip_addresses.iter().filter(|mapping| mapping.r#type == *r#type);
    wanted.filter_map(|mapping| mapping.ip_address.parse().ok()).collect()
}

/// The connection name, from Cloud SQL or put together.
pub(crate) fn connection_name(instance: &DatabaseInstance) -> String {
    if instance.connection_name.is_empty() {
        return format!("{}:{}:{}", instance.project, instance.region, instance.name);
    }
    instance.connection_name.clone()
}

/// Whether it is a PostgreSQL server. By the prefix, so that versions of the future count.
pub(crate) fn is_postgres(instance: &DatabaseInstance) -> bool {
    instance.database_version.name().is_some_and(|version| version.starts_with("POSTGRES"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_named_in_three_forms() {
        assert_eq!(parts("p:europe-west1:db", "own"), ("p", "db"));
        assert_eq!(parts("p:db", "own"), ("p", "db"));
        assert_eq!(parts("db", "own"), ("own", "db"));
        assert_eq!(parts("example.com:p:r:db", "own"), ("example.com:p", "db"));
    }

    #[test]
    fn a_host_tells_how_the_database_is_reached() {
        let socket = Reached::Socket("p:r:i".to_owned());
        assert_eq!(reached("/cloudsql/p:r:i", false), socket);
        assert_eq!(reached("/cloudsql/p:r:i/.s.PGSQL.5432", true), socket);
        assert_eq!(reached("127.0.0.1", true), Reached::Sidecar);
        assert_eq!(reached("127.0.0.1", false), Reached::Directly("127.0.0.1".to_owned()));
        assert_eq!(reached("10.0.0.3", true), Reached::Directly("10.0.0.3".to_owned()));
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(some_of(Vec::new()), ["none"]);
        let many = some_of((0..20).map(|number| format!("d{number:02}")).collect());
        assert_eq!((many.len(), many[0].as_str(), many[8].as_str()), (9, "d00", "12 more"));
    }

    #[test]
    fn only_addresses_that_are_dialled_count() {
        let body = include_str!("../../tests/data/google/instance.json");
        let instance: DatabaseInstance = serde_json::from_str(body).unwrap();
        let expected: [IpAddr; 2] = [[10, 20, 0, 3].into(), [203, 0, 113, 7].into()];
        assert_eq!(addresses(&instance), expected);
        assert_eq!(connection_name(&instance), "demo-project:europe-west1:auth-db");
        assert!(is_postgres(&instance));
    }

    #[test]
    fn what_is_unset_or_of_the_future_does_no_harm() {
        let body = r#"{"databaseVersion": "POSTGRES_99", "ipAddresses": [{"type": "QUANTUM", "ipAddress": "10.0.0.1"},
            {"ipAddress": "10.0.0.2"}, {"type": "PRIVATE"}, {"type": "PRIVATE", "ipAddress": "no address"}]}"#;
        let instance: DatabaseInstance = serde_json::from_str(body).unwrap();
        assert!(addresses(&instance).is_empty());
        assert!(is_postgres(&instance));
        assert!(!is_postgres(&DatabaseInstance::default()));
    }
}

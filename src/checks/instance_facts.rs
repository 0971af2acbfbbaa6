//! Which Cloud SQL instance is the database, and what it says of itself.

use std::net::IpAddr;
use std::sync::Arc;

use google_cloud_sql_v1::model::{DatabaseInstance, SqlIpAddressType};

use super::Scope;
use super::facts::broken;
use crate::model::{Service, Stated};
use crate::probe::google::Answer;
use crate::run::outcome::Outcome;

/// The instance that the files name, if they name one.
pub(super) fn named(service: &Service) -> Option<&Stated> {
    let of_database = service.database.as_ref().and_then(|database| database.instance.as_ref());
    of_database.or_else(|| service.cloudsql_instances.first())
}

impl Scope {
    /// The instance of that connection name: `project:region:instance`, `project:instance`, or a bare name in the
    /// service's project.
    pub(super) async fn instance(&self, connection: &str) -> Answer<DatabaseInstance> {
        let (project, instance) = parts(connection, &self.target.project);
        self.outside.google.instance(project, instance).await
    }

    /// Every instance of the service's project.
    pub(super) async fn instances(&self) -> Result<Arc<Vec<DatabaseInstance>>, Outcome> {
        let project = &self.target.project;
        let answer = self.outside.google.instances(project).await;
        answer.map_err(|answer| broken(&format!("the Cloud SQL instances of project {project}"), answer))
    }

    /// The instance that has this address, if one of the project has it.
    pub(super) async fn instance_at(&self, address: IpAddr) -> Result<Option<DatabaseInstance>, Outcome> {
        let instances = self.instances().await?;
        Ok(instances.iter().find(|instance| addresses(instance).contains(&address)).cloned())
    }
}

fn parts<'a>(connection: &'a str, project: &'a str) -> (&'a str, &'a str) {
    if let Some((project, _, instance)) = crate::probe::google::names::connection(connection) {
        return (project, instance);
    }
    connection.split_once(':').unwrap_or((project, connection))
}

/// The addresses under which an instance is dialled. It has others, which only lead out of it.
pub(super) fn addresses(instance: &DatabaseInstance) -> Vec<IpAddr> {
    let mut all = of_type(instance, &SqlIpAddressType::Private);
    all.extend(of_type(instance, &SqlIpAddressType::Primary));
    all
}

/// The addresses of one type. Text that is no address is none.
pub(super) fn of_type(instance: &DatabaseInstance, r#type: &SqlIpAddressType) -> Vec<IpAddr> {
    let wanted = instance.ip_addresses.iter().filter(|mapping| mapping.r#type == *r#type);
    wanted.filter_map(|mapping| mapping.ip_address.parse().ok()).collect()
}

/// The connection name, from Cloud SQL or put together.
pub(super) fn connection_name(instance: &DatabaseInstance) -> String {
    if instance.connection_name.is_empty() {
        return format!("{}:{}:{}", instance.project, instance.region, instance.name);
    }
    instance.connection_name.clone()
}

/// Whether it is a PostgreSQL server. By the prefix, so that versions of the future count.
pub(super) fn is_postgres(instance: &DatabaseInstance) -> bool {
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

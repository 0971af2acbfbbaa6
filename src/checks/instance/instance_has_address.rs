//! The address that the service dials is one of the Cloud SQL instance's own.

use std::net::IpAddr;

use google_cloud_sql_v1::model::DatabaseInstance;

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::instance::{addresses, connection_name, is_postgres, named};
use crate::live::network::database_address;
use crate::live::service::{failed, inconclusive, not_applicable, not_visible, passed};
use crate::model::{DatabaseVariables, Service};
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_HAS_ADDRESS,
    holds: "The address that the service dials is the Cloud SQL instance's",
    family: Family::Instance,
    place: place::of_instance,
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let dialled = database_address(scope).await?;
    let service = &scope.target.service;
    if let Some(connection) = named(service).and_then(|stated| stated.as_known()) {
        return match scope.instance(connection).await {
            Ok(instance) => Ok(judge(service, &instance, dialled, true)),
            Err(NoAnswer::NotFound) => {
                Err(not_applicable(format!("{connection} does not exist (see instance-running)")))
            }
            Err(answer @ NoAnswer::Inconclusive(_)) => Err(inconclusive(connection, answer)),
        };
    }
    let instances = scope.instances().await?;
    if let Some(instance) = instances.iter().find(|instance| addresses(instance).contains(&dialled)) {
        return Ok(judge(service, instance, dialled, false));
    }
    let mut candidates = instances.iter().filter(|instance| is_postgres(instance));
    match (candidates.next(), candidates.next()) {
        (Some(only), None) => Ok(judge(service, only, dialled, false)),
        (None, _) => Err(not_applicable("the project has no Cloud SQL instance for PostgreSQL")),
        (Some(_), Some(_)) => Err(not_visible(format!(
            "the files name no Cloud SQL instance, and none of the project's has {dialled}: the database may be no \
             Cloud SQL"
        ))),
    }
}

fn judge(
    service: &Service,
    instance: &DatabaseInstance,
    dialled: IpAddr,
    instance_is_stated: bool,
) -> Outcome {
    let addresses = addresses(instance);
    let connection = connection_name(instance);
    if addresses.contains(&dialled) {
        return passed(format!("{dialled} is an address of {connection}"));
    }
    failed(Finding::Instance(InstanceFinding::AddressDiffers {
        instance: connection,
        dialled,
        addresses,
        variable: variable(service),
        instance_is_stated,
    }))
}

/// The variable that holds the host.
fn variable(service: &Service) -> String {
    let variables = service.database.as_ref().map(|database| &database.variables);
    variables.map(DatabaseVariables::leading).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::testing::service_with_database;

    #[test]
    fn public_and_private_addresses_are_its_own_and_others_are_not() {
        let body = include_str!("../../../tests/data/google/instance.json");
        let instance: DatabaseInstance = serde_json::from_str(body).unwrap();
        let judged = |last: [u8; 4]| judge(&service_with_database(), &instance, last.into(), true);
        assert!(matches!(judged([10, 20, 0, 3]), Outcome::Passed { .. }));
        assert!(matches!(judged([203, 0, 113, 7]), Outcome::Passed { .. }));
        let Outcome::Failed { finding } = judged([203, 0, 113, 8]) else { panic!("OUTGOING was taken") };
        assert_eq!(
            finding.to_string(),
            "DB_HOST leads to 203.0.113.8; demo-project:europe-west1:auth-db has 10.20.0.3, 203.0.113.7"
        );
    }
}

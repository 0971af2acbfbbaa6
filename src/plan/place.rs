//! Where in the pipeline a check is rooted, so that a report can point there.

use crate::model::{Database, Place, Service};
use crate::record::{CheckId, check_id};

/// The place that makes the gate ask: a secret's reference, the connector, the host variable, the health path;
/// else the deploying step.
pub(super) fn place_of(service: &Service, check: CheckId, subject: Option<&str>) -> Place {
    let subject = subject.and_then(|target| service.secret(target)).map(|secret| &secret.secret.place);
    let family = check.as_str().split('-').next().unwrap_or_default();
    let of_family = match family {
        "vpc" | "egress" => vpc(service),
        "cloudsql" => service.cloudsql_instances.first().map(|instance| &instance.place),
        "instance" => {
            service.database.as_ref().and_then(|one| one.instance.as_ref()).map(|instance| &instance.place)
        }
        "database" | "credential" => service.database.as_ref().and_then(|one| of_database(service, one)),
        "health" => service.health.path.as_ref().or(service.health_paths.first()).map(|path| &path.place),
        _ => None,
    };
    let of_check = match check {
        check_id::SERVICE_ACCOUNT_MATCHES => service.service_account.as_ref().map(|account| &account.place),
        check_id::VARIABLES_FILLED => service.database.as_ref().and_then(|one| of_database(service, one)),
        _ => None,
    };
    subject.or(of_check).or(of_family).unwrap_or(&service.place).clone()
}

fn vpc(service: &Service) -> Option<&Place> {
    let stated =
        service.vpc.connector.as_ref().or(service.vpc.network.as_ref()).or(service.vpc.subnet.as_ref());
    stated.map(|stated| &stated.place)
}

fn of_database<'a>(service: &'a Service, database: &'a Database) -> Option<&'a Place> {
    let name = database.variables.leading();
    let plain = service.variable(name).map(|variable| &variable.value.place);
    plain.or_else(|| service.secret(name).map(|secret| &secret.secret.place))
}

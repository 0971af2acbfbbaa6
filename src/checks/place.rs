//! Where in the pipeline a check is rooted, so that a report can point there: what makes the gate ask, else the
//! deploying step.

use crate::model::{Place, Service};

/// The step that deploys the service.
pub(super) fn of_service<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    &service.place
}

/// The reference to the secret that the check is about.
pub(super) fn of_secret<'a>(service: &'a Service, target: Option<&str>) -> &'a Place {
    let secret = target.and_then(|target| service.secret(target));
    secret.map_or(&service.place, |secret| &secret.secret.place)
}

/// The service account.
pub(super) fn of_account<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    service.service_account.as_ref().map_or(&service.place, |account| &account.place)
}

/// The way into the VPC network: the connector, else the network or the subnet.
pub(super) fn of_vpc<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    let vpc = &service.vpc;
    let stated = vpc.connector.as_ref().or(vpc.network.as_ref()).or(vpc.subnet.as_ref());
    stated.map_or(&service.place, |stated| &stated.place)
}

/// The Cloud SQL instance that is attached.
pub(super) fn of_attached<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    service.cloudsql_instances.first().map_or(&service.place, |instance| &instance.place)
}

/// The instance that the database is declared on.
pub(super) fn of_instance<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    let instance = service.database.as_ref().and_then(|database| database.instance.as_ref());
    instance.map_or(&service.place, |instance| &instance.place)
}

/// The variable that leads to the database, or the reference to its secret.
pub(super) fn of_database<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    let stated = service.database.as_ref().and_then(|database| {
        let name = database.variables.leading();
        let plain = service.variable(name).map(|variable| &variable.value.place);
        plain.or_else(|| service.secret(name).map(|secret| &secret.secret.place))
    });
    stated.unwrap_or(&service.place)
}

/// The path at which health is asked for.
pub(super) fn of_health<'a>(service: &'a Service, _: Option<&str>) -> &'a Place {
    let stated = service.health.path.as_ref().or(service.health_paths.first());
    stated.map_or(&service.place, |path| &path.place)
}

/// The step of a journey.
pub(super) fn of_step<'a>(service: &'a Service, subject: Option<&str>) -> &'a Place {
    let mut steps = super::journey_steps(service);
    let step = steps.find(|(journey, step)| subject == Some(journey.subject(step).as_str()));
    step.map_or(&service.place, |(_, step)| &step.name.place)
}

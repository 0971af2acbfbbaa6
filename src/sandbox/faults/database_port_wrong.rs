//! `database-port-wrong`.

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "database-port-wrong",
    what: "The variables name the port 3307, where only the Cloud SQL proxies talk.",
    expects: Expected { cause: CauseCode::DatabasePortWrong, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &PORT,
    change: inject,
};

/// A service that says at which port it dials its database.
static PORT: Subject = Subject {
    has: "a database that it dials at a port that it states",
    fits: |world, service| {
        let variables = service.database.as_ref();
        let stated = variables.is_some_and(|one| one.url().or(one.port()).is_some());
        stated && (subject::DIALLED_DATABASE.fits)(world, service)
    },
};

fn inject(world: &mut World, service: usize) {
    let variables = world.services.get(service).and_then(|service| service.database.clone());
    let Some(variables) = variables else { return };
    if let Some(variable) = variables.url() {
        subject::change_variable(world, service, variable, |text| text.replacen(":5432/", ":3307/", 1));
    } else if let Some(variable) = variables.port() {
        subject::change_variable(world, service, variable, |_| "3307".to_owned());
    }
}

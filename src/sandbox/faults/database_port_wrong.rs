//! `database-port-wrong`.

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::model::DatabaseVariables;
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
        let stated = match &service.database {
            Some(DatabaseVariables::Parts { port, .. }) => port.is_some(),
            Some(DatabaseVariables::Dsn(_)) => true,
            None => false,
        };
        stated && (subject::DIALLED_DATABASE.fits)(world, service)
    },
};

fn inject(world: &mut World, service: usize) {
    match world.services.get(service).and_then(|service| service.database.clone()) {
        Some(DatabaseVariables::Dsn(variable)) => {
            subject::change_variable(world, service, &variable, |text| text.replacen(":5432/", ":3307/", 1));
        }
        Some(DatabaseVariables::Parts { port: Some(variable), .. }) => {
            subject::change_variable(world, service, &variable, |_| "3307".to_owned());
        }
        Some(DatabaseVariables::Parts { port: None, .. }) | None => {}
    }
}

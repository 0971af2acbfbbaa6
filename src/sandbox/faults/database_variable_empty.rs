//! `database-variable-empty`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{EnvValue, World};

pub(super) static FAULT: Fault = Fault {
    code: "database-variable-empty",
    what: "The variable that holds the host or the connection string is there, and empty.",
    expects: Expected { cause: CauseCode::DatabaseVariableEmpty, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(service) = world.services.get_mut(service) else { return };
    let variables = service.database.as_ref().map(|variables| variables.names());
    let Some(first) = variables.and_then(|names| names.first().map(|&name| name.to_owned())) else { return };
    let Some(revision) = service.newest_mut() else { return };
    for variable in revision.env.iter_mut().filter(|variable| variable.name == first) {
        variable.value = EnvValue::Plain(String::new());
    }
}

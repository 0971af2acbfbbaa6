//! `connection-parameter-invalid`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{EnvValue, EnvWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "connection-parameter-invalid",
    what: "The service asks the server for a setting that it does not know.",
    expects: Expected { cause: CauseCode::ConnectionParameterInvalid, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(revision) = subject::revision(world, service) else { return };
    let value = EnvValue::Plain("-c no_such_setting=1".to_owned());
    revision.env.push(EnvWorld { name: "PGOPTIONS".to_owned(), value });
}

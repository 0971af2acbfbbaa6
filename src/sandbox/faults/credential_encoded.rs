//! `credential-encoded`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-encoded",
    what: "A JSON document stands in the secret, where the credential alone should be.",
    expects: Expected { cause: CauseCode::CredentialEncoded, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SECRET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |payload| serde_json::json!({"credential": payload}).to_string());
    }
}

//! `credential-scheme-mismatch`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "credential-scheme-mismatch",
    what: "The connection string gives SQLAlchemy's asyncpg an `sslmode`, which it does not take.",
    expects: Expected { cause: CauseCode::CredentialSchemeMismatch, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::CONNECTION_STRING,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(version) = subject::version(world, service) {
        subject::change_payload(version, |payload| {
            let (_, rest) = payload.split_once("://").unwrap_or(("", payload));
            let separator = if rest.contains('?') { '&' } else { '?' };
            format!("postgresql+asyncpg://{rest}{separator}sslmode=prefer")
        });
    }
}

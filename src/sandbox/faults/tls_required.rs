//! `tls-required`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{TlsWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "tls-required",
    what: "The instance takes encrypted connections only, and the service asks for none.",
    expects: Expected { cause: CauseCode::TlsRequired, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.tls = TlsWorld::Encrypted;
    }
    subject::change_sslmode(world, service, "disable");
}

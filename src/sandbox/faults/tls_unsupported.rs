//! `tls-unsupported`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{CertificateWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "tls-unsupported",
    what: "The server offers no TLS, and the service asks for it.",
    expects: Expected { cause: CauseCode::TlsUnsupported, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.certificate = CertificateWorld::None;
    }
    subject::change_sslmode(world, service, "require");
}

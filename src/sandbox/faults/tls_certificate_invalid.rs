//! `tls-certificate-invalid`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "tls-certificate-invalid",
    what: "The service verifies the host's name, and the server's certificate does not hold it.",
    expects: Expected { cause: CauseCode::TlsCertificateInvalid, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    subject::change_sslmode(world, service, "verify-full");
}

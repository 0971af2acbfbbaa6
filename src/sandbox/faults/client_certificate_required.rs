//! `client-certificate-required`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{TlsWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "client-certificate-required",
    what: "The instance takes connections with a client certificate only.",
    expects: Expected { cause: CauseCode::ClientCertificateRequired, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::DIALLED_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(instance) = subject::instance(world, service) {
        instance.tls = TlsWorld::ClientCertificate;
    }
}

//! `socket-tls-conflict`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "socket-tls-conflict",
    what: "The service asks for TLS on its `/cloudsql` socket.",
    expects: Expected { cause: CauseCode::SocketTlsConflict, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::SOCKET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    subject::change_sslmode(world, service, "require");
}

//! `firewall-denies-proxy-port`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "firewall-denies-proxy-port",
    what: "A firewall rule drops packets to port 3307, at which the socket's proxy dials; 5432 is open.",
    expects: Expected { cause: CauseCode::FirewallDeniesProxyPort, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::PRIVATE_SOCKET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(to) = subject::private_address(world, service) else { return };
    if let Some(network) = subject::network(world, service) {
        network.deny_egress("deny-proxy-egress", 900, to, &[3307], &[]);
    }
}

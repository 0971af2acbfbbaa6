//! `firewall-denies-egress`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "firewall-denies-egress",
    what: "A firewall rule for connectors drops packets to the database's port.",
    expects: Expected { cause: CauseCode::FirewallDeniesEgress, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PRIVATE_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(to) = subject::dialled(world, service) else { return };
    if let Some(network) = subject::network(world, service) {
        // Decides before the implied rule; rules of higher numbers would not.
        network.deny_egress("deny-database-egress", 900, to, &[5432, 3307], &[]);
    }
}

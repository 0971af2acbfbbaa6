//! `firewall-denies-ingress`.

use super::{Expected, Fault, When, shape, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "firewall-denies-ingress",
    what: "The database runs on a machine, and a rule for its tag drops what comes in on port 5432.",
    expects: Expected { cause: CauseCode::FirewallDeniesIngress, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::UNNAMED_PRIVATE_ADDRESS,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    shape::on_machine(world, service);
    // Before the rule of priority 1000 by which Google lets connectors in.
    shape::deny_ingress(world, service, 900, shape::TAG);
}

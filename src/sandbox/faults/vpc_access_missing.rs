//! `vpc-access-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{VpcWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "vpc-access-missing",
    what: "The new revision has neither a VPC connector nor direct VPC egress, and its database is private.",
    expects: Expected { cause: CauseCode::VpcAccessMissing, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PRIVATE_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(revision) = subject::revision(world, service) {
        revision.vpc = VpcWorld::None;
    }
}

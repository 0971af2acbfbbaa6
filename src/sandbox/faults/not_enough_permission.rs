//! `not-enough-permission`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Grants, World};

pub(super) static FAULT: Fault = Fault {
    code: "not-enough-permission",
    what: "The gate's own identity may read nothing of the control plane.",
    expects: Expected { cause: CauseCode::NotEnoughPermission, verdict: Verdict::Undecided },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: inject,
};

fn inject(world: &mut World, _service: usize) {
    world.gate = Grants::Nothing;
}

//! `query-answer-unexpected`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::Cell;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "query-answer-unexpected",
    what: "A query of the pipeline gives something else than it must.",
    expects: Expected { cause: CauseCode::QueryAnswerUnexpected, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::QUERIES,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(expects) = subject::expects(world, service) else { return };
    let (Some(first), Some(database)) = (expects.queries.first(), subject::database(world, service)) else {
        return;
    };
    for claim in database.claims.iter_mut().filter(|claim| claim.query == first.query.raw()) {
        // No row is never what a value or a number of rows was; where none is expected, one is too many.
        claim.rows = if claim.rows.is_empty() { vec![Cell::Number(1)] } else { Vec::new() };
    }
}

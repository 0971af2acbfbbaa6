//! The service's own health answer says healthy, several times in a row.

pub(in crate::checks) mod admission;
mod ask;
mod assess;
mod entrance;
mod expect;
mod poll;
pub(in crate::checks) mod request_log;
pub(in crate::checks) mod target;
mod watch;

use futures::future::join_all;

use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::Scope;
use crate::record::{Family, Outcome, Role, Vantage, check_id};
use expect::HealthExpected;
use watch::Bad;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::HEALTH_HEALTHY,
    holds: "The service's own health answer says healthy",
    family: Family::Health,
    place: place::of_health,
    vantage: Vantage::Service,
    role: Role::Obligation,
    // A stated URL needs nobody's answer; where none is stated, the check asks for it itself.
    needs: &[],
    explained_by: &[check_id::SERVICE_EXISTS, check_id::SECRET_VERSION_CURRENT, check_id::REVISION_SERVING],
    subjects: |_| Subjects::Whole,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let entrances = target::entrances(scope).await?;
    let health = &scope.target.service.health;
    if let Some(outcome) = target::unknown_condition(health) {
        return Err(outcome);
    }
    let expected = HealthExpected { health, revision: target::revision(scope).await? };
    let bad = Bad::of(scope, entrances.len());
    let polls = entrances
        .into_iter()
        .enumerate()
        .map(|(index, entrance)| watch::poll(scope, entrance, &expected, &bad, index));
    let ends = join_all(polls).await;
    Ok(all_of(ends))
}

/// The end of all entrances: what was seen to be bad at one, else what could not be found out, else all is well.
fn all_of(ends: Vec<Outcome>) -> Outcome {
    let (passed, others): (Vec<Outcome>, Vec<Outcome>) =
        ends.into_iter().partition(|end| matches!(end, Outcome::Passed { .. }));
    let failed = others.iter().position(|end| matches!(end, Outcome::Failed { .. })).unwrap_or_default();
    if let Some(end) = others.into_iter().nth(failed) {
        return end;
    }
    let details: Vec<String> = passed
        .into_iter()
        .filter_map(|end| match end {
            Outcome::Passed { detail } => Some(detail),
            Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. } => None,
        })
        .collect();
    Outcome::Passed { detail: details.join("; ") }
}

#[cfg(test)]
mod tests;

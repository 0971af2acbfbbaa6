//! The steps of journeys: what users do, done by the gate.
//!
//! Each step is a check of its own. A step begins once the one before it has passed; one that always runs, once those
//! before it have ended, provided that anything was sent. All begin after health has ended, however it did: what users
//! meet is worth knowing of a service that is ill, too.

mod compose;
mod judge;
mod place;
mod step;
mod websocket;

use std::time::Duration;

use super::{Check, Subjects};
use crate::live::Scope;
use crate::live::values::Values;
use crate::live::walk::Walk;
use crate::model::{Journey, Service, Step};
use crate::record::finding::{Finding, JourneyFinding};
use crate::record::{Fact, Family, Inconclusive, Outcome, Role, Skip, Vantage, check_id};
use step::{End, make};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::JOURNEY_STEP_WORKS,
    holds: "What users do works",
    family: Family::Journey,
    place: super::place::of_step,
    vantage: Vantage::Service,
    role: Role::Obligation,
    // The plan has each step wait for the one before it.
    needs: &[],
    after: &[check_id::HEALTH_HEALTHY],
    explained_by: &[check_id::HEALTH_HEALTHY],
    subjects: |service| {
        let subjects: Vec<String> = subjects(service).map(|(journey, step)| journey.subject(step)).collect();
        if subjects.is_empty() { Subjects::None } else { Subjects::Each(subjects) }
    },
    run: |scope| Box::pin(run(scope)),
    ..super::USUAL
};

/// Pause before something is made again.
const PAUSE: Duration = Duration::from_secs(1);

/// Every step of every journey of a service.
pub(crate) fn subjects(service: &Service) -> impl Iterator<Item = (&Journey, &Step)> {
    service.journeys.iter().flat_map(|journey| journey.steps.iter().map(move |step| (journey, step)))
}

async fn run(scope: &Scope) -> Outcome {
    let subject = scope.subject.as_deref().unwrap_or_default();
    let service = &scope.target.service;
    let Some((journey, step)) = subjects(service).find(|(journey, step)| journey.subject(step) == subject)
    else {
        let detail = format!("there is no step {subject:?}");
        return Outcome::Inconclusive { why: Inconclusive::Defect { detail } };
    };
    let walk = scope.walks.walk(&scope.target, journey);
    if step.always {
        return clean_up(scope, journey, step, &walk).await;
    }
    let end = match once(scope, journey, step, &walk).await {
        End::Failed(finding) if journey.retries > 0 => walk_again(scope, journey, step, &walk, finding).await,
        end @ (End::Passed { .. } | End::Failed(_) | End::Other(_)) => end,
    };
    outcome(end)
}

fn outcome(end: End) -> Outcome {
    match end {
        End::Passed { detail } => Outcome::Passed { detail },
        End::Failed(finding) => Outcome::Failed { finding: Finding::Journey(finding) },
        End::Other(outcome) => outcome,
    }
}

/// Makes a step, again where it may be made again; what it captures is kept.
async fn once(scope: &Scope, journey: &Journey, step: &Step, walk: &Walk) -> End {
    let mut left = step.retries;
    loop {
        let values = match walk.values(scope, journey).await {
            Ok(values) => values,
            Err(outcome) => return End::Other(outcome),
        };
        let limit = if step.always { step.timeout } else { left_of(journey, step, walk) };
        if limit.is_zero() {
            let detail = format!("the {} s of the whole journey are over", journey.timeout.as_secs_f64());
            return End::Failed(step::no_answer(scope, step, detail));
        }
        let (end, captured) = make(scope, step, walk, &values, limit).await;
        match end {
            End::Failed(_) if left > 0 => left -= 1,
            End::Passed { .. } | End::Failed(_) | End::Other(_) => {
                walk.keep(captured);
                return end;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What is left of the journey's time, and at most the step's.
fn left_of(journey: &Journey, step: &Step, walk: &Walk) -> Duration {
    step.timeout.min(journey.timeout.saturating_sub(walk.began().elapsed()))
}

/// Walks the journey again from its beginning up to this step, after cleaning up.
async fn walk_again(
    scope: &Scope,
    journey: &Journey,
    failed: &Step,
    walk: &Walk,
    mut finding: JourneyFinding,
) -> End {
    for round in 1..=journey.retries {
        for step in journey.steps.iter().filter(|step| step.always) {
            // What it comes to is shown where it is made in its own turn.
            once(scope, journey, step, walk).await;
        }
        tokio::time::sleep(PAUSE).await;
        walk.begin_again();
        let mut last = None;
        for step in journey.steps.iter().filter(|step| !step.always) {
            let end = once(scope, journey, step, walk).await;
            let whole = matches!(end, End::Passed { .. });
            last = Some((step, end));
            if !whole || step.name.value == failed.name.value {
                break;
            }
        }
        match last {
            Some((_, End::Passed { detail })) => {
                let text = format!(
                    "the journey {:?} came through when it was walked for the {} time",
                    journey.name.raw(),
                    ordinal(round + 1)
                );
                scope.fact(Fact::Note { text });
                return End::Passed { detail };
            }
            Some((step, End::Failed(again))) if step.name.value == failed.name.value => finding = again,
            // Another step failed this time; what this one met before stands.
            Some((_, End::Failed(_) | End::Other(_))) | None => {}
        }
    }
    End::Failed(finding)
}

fn ordinal(number: u32) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        other => format!("{other}th"),
    }
}

/// Makes a step that cleans up, where there is something to clean up.
async fn clean_up(scope: &Scope, journey: &Journey, step: &Step, walk: &Walk) -> Outcome {
    let nothing = |because: String| Outcome::Skipped { reason: Skip::NotApplicable { because } };
    if !walk.has_sent() {
        return nothing("the journey did not begin, so there is nothing to clean up".to_owned());
    }
    let values: Values = match walk.values(scope, journey).await {
        Ok(values) => values,
        Err(outcome) => return outcome,
    };
    if let Some(missing) = step.sends().into_iter().find(|name| !values.contains_key(*name)) {
        return nothing(format!("(({missing})) was never captured, so there is nothing to clean up"));
    }
    outcome(once(scope, journey, step, walk).await)
}

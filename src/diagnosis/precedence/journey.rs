//! What explains that a step of a journey fails.

use super::super::view::{View, names_database_down};
use super::explains::{is_of_database, stands};
use crate::record::finding::{DatabaseFinding, Finding, HealthFinding, JourneyFinding};
use crate::record::{Fact, NodeRecord, Outcome, check_id};

/// Whether both are steps of one journey, the one before the other: what cleans up after a step that failed may well
/// find nothing to clean up.
pub(in crate::diagnosis) fn is_earlier(cause: &NodeRecord, symptom: &NodeRecord) -> bool {
    let journey = |node: &NodeRecord| match (node.finding(), &node.subject) {
        (Some(Finding::Journey(_)), Some(subject)) => {
            subject.split_once(" / ").map(|(journey, _)| journey.to_owned())
        }
        (Some(_) | None, _) => None,
    };
    let one = journey(cause);
    one.is_some()
        && one == journey(symptom)
        && cause.service == symptom.service
        && cause.place < symptom.place
}

/// Whether what was seen of the service explains the step.
pub(in crate::diagnosis) fn explained(
    view: &View<'_>,
    cause: &NodeRecord,
    why: &Finding,
    step: &JourneyFinding,
) -> bool {
    // Another service was asked: nothing of this one stands in the way.
    if step.asked().is_some() {
        return false;
    }
    let lost = match step {
        JourneyFinding::NoAnswer { .. } => true,
        JourneyFinding::Unexpected { status, .. } | JourneyFinding::FrontEnd { status, .. } => *status >= 500,
        JourneyFinding::NotSendable { .. } => false,
    };
    match why {
        // That there is no health endpoint, or none that can be read, keeps no user out.
        Finding::Health(HealthFinding::NotFound { .. } | HealthFinding::NotJudgeable { .. }) => false,
        Finding::Health(HealthFinding::BadStatus { .. } | HealthFinding::NoAnswer { .. }) => lost,
        Finding::Health(_) | Finding::Service(_) => true,
        Finding::Journey(_) => false,
        // They may run out, and have not.
        Finding::Database(
            DatabaseFinding::NoHeadroom { .. }
            | DatabaseFinding::NearlyFull { .. }
            | DatabaseFinding::PoolTooLarge { .. },
        ) => false,
        // The gate was in it, and saw what the service's code does not find there.
        Finding::Database(_) => true,
        Finding::Injection(_)
        | Finding::Credential(_)
        | Finding::Path(_)
        | Finding::Instance(_)
        | Finding::Postgres(_)
        | Finding::Log(_) => {
            let other = !is_of_database(view, cause, why);
            stands(view, cause, why) && (other || !database_works(view))
        }
    }
}

/// Whether the service itself names its database as up.
fn database_works(view: &View<'_>) -> bool {
    view.of(check_id::HEALTH_HEALTHY).any(|node| match &node.outcome {
        Some(Outcome::Passed { .. }) => node
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::DependencyUp { dependency } if dependency.database)),
        Some(Outcome::Failed { finding }) => {
            let Finding::Health(HealthFinding::Unhealthy { working, .. }) = finding else { return false };
            working.iter().any(|one| one.database) && !names_database_down(finding)
        }
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. } | Outcome::Inconclusive { .. }) | None => {
            false
        }
    })
}

//! The revision that this deploy created became ready.
//!
//! Its own Ready condition is judged together with the service's terminal one: after a failed first deploy the
//! service's `latestReadyRevision` can name the failed revision, so a comparison of names would prove nothing. The
//! service's condition speaks of its newest revision: where the user names another one, only its own counts.

use std::time::Duration;

use google_cloud_run_v2::model::condition::{Reasons, State};
use google_cloud_run_v2::model::{Condition, Revision, Service};

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{FRESH, POLL, failed, inconclusive, malformed, noticed, passed};
use crate::model::resource::short;
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, ServiceFinding};
use crate::record::{Fact, Family, Inconclusive, Outcome, Role, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::REVISION_READY,
    holds: "The new revision is ready",
    family: Family::Service,
    place: place::of_service,
    role: Role::Obligation,
    explained_by: &[super::service_log_clean::CHECK.id],
    subjects: |_| Subjects::Whole,
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

/// Looks in a row that may end without an answer before the wait is given up.
const MISSES: u32 = 3;

/// What the control plane says of the revision.
#[derive(Debug, PartialEq)]
enum Seen {
    /// It is ready.
    Ready,
    /// It failed, and Cloud Run does not go on trying.
    Failed(ServiceFinding),
    /// Cloud Run is still at work; what it has seen to be bad so far.
    Moving(Option<ServiceFinding>),
    /// Nothing that can be judged.
    Unclear(String),
}

async fn run(scope: &Scope) -> Outcome {
    let mut misses = 0;
    let mut first = true;
    loop {
        match look(scope, first).await {
            Ok(Seen::Ready) => {
                let revision = scope.notes.read().revision.unwrap_or_default();
                note_later(scope, &revision).await;
                return passed(format!("revision {revision} is ready"));
            }
            Ok(Seen::Failed(finding)) => return failed(Finding::Service(finding)),
            Ok(Seen::Moving(so_far)) => {
                misses = 0;
                scope.notes.so_far(so_far.map(Finding::Service));
            }
            Ok(Seen::Unclear(detail)) => {
                return malformed(format!("revision of {}", scope.target.name), detail);
            }
            // Cloud Run names a new revision a moment before it can be read; and one lost answer in a long wait
            // is no verdict.
            Err(NoAnswer::NotFound | NoAnswer::Inconclusive(Inconclusive::Unavailable { .. }))
                if misses < MISSES =>
            {
                misses += 1;
            }
            Err(answer) => {
                return inconclusive(&format!("the new revision of {}", scope.target.name), answer);
            }
        }
        first = false;
        tokio::time::sleep(POLL).await;
    }
}

/// Notes a revision that came after the one that the user names.
async fn note_later(scope: &Scope, named: &str) {
    let Ok(service) = scope.live_service().await else { return };
    let newest = short(&service.latest_created_revision);
    if !newest.is_empty() && newest != named {
        let text = format!("{} was created later; {named} is judged, as asked", bounded(newest));
        scope.fact(Fact::Note { text });
    }
}

/// One look; the first one takes what is known already.
async fn look(scope: &Scope, first: bool) -> Result<Seen, NoAnswer> {
    let service = if first { scope.live_service().await? } else { scope.fresh_service().await? };
    if !noticed(&service) {
        return Ok(Seen::Moving(None));
    }
    let name = scope.created(&service)?;
    let revision = scope.revision_named(if first { Duration::MAX } else { FRESH }, name).await?;
    scope.notes.note(|noted| {
        noted.revision = Some(name.to_owned());
        if !revision.service_account.is_empty() {
            noted.service_account = Some(revision.service_account.clone());
        }
    });
    Ok(judge(&service, &revision))
}

fn judge(service: &Service, revision: &Revision) -> Seen {
    let name = short(&revision.name);
    let of_revision = revision.conditions.iter().find(|condition| condition.r#type == "Ready");
    let newest = short(&service.latest_created_revision);
    let is_newest = newest.is_empty() || newest == name;
    let of_service = service.terminal_condition.as_ref().filter(|_| is_newest);
    let finding = |condition: &Condition| ServiceFinding::RevisionFailed {
        revision: name.to_owned(),
        reason: reason(condition),
        message: bounded(&condition.message),
    };
    let service_at_work = is_newest && (service.reconciling || of_service.is_some_and(moving));

    if let Some(condition) = of_revision.filter(|condition| condition.state == State::ConditionFailed) {
        return if revision.reconciling {
            Seen::Moving(Some(finding(condition)))
        } else {
            Seen::Failed(finding(condition))
        };
    }
    if let Some(condition) = of_service.filter(|condition| condition.state == State::ConditionFailed) {
        return if service.reconciling {
            Seen::Moving(Some(finding(condition)))
        } else {
            Seen::Failed(finding(condition))
        };
    }
    if service_at_work || revision.reconciling || of_revision.is_some_and(moving) {
        return Seen::Moving(None);
    }
    let succeeded = |condition: &Condition| condition.state == State::ConditionSucceeded;
    match (of_revision, of_service) {
        (Some(revision), None) if succeeded(revision) => Seen::Ready,
        (Some(revision), Some(service)) if succeeded(revision) && succeeded(service) => Seen::Ready,
        (None, Some(terminal)) if succeeded(terminal) && short(&service.latest_ready_revision) == name => {
            Seen::Ready
        }
        (of_revision, of_service) => Seen::Unclear(format!(
            "condition Ready of {name} is {}, the service's terminal condition is {}",
            state(of_revision),
            state(of_service)
        )),
    }
}

fn moving(condition: &Condition) -> bool {
    matches!(condition.state, State::ConditionPending | State::ConditionReconciling)
}

fn state(condition: Option<&Condition>) -> String {
    condition.map_or_else(|| "absent".to_owned(), |condition| format!("{:?}", condition.state.name()))
}

/// Google's reason as it words it, where it states one.
fn reason(condition: &Condition) -> Option<String> {
    let (name, number) = match condition.reasons.as_ref()? {
        Reasons::Reason(reason) => (reason.name(), reason.value()),
        Reasons::RevisionReason(reason) => (reason.name(), reason.value()),
        Reasons::ExecutionReason(reason) => (reason.name(), reason.value()),
        _ => return None,
    };
    match (name, number) {
        (Some(name), _) if name.ends_with("_UNDEFINED") => None,
        (Some(name), _) => Some(bounded(name)),
        // A reason that this version of the library does not know yet.
        (None, number) => number.map(|number| format!("reason {number}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(value: serde_json::Value) -> Service {
        serde_json::from_value(value).unwrap()
    }

    fn revision(value: serde_json::Value) -> Revision {
        serde_json::from_value(value).unwrap()
    }

    fn ready(state: &str) -> serde_json::Value {
        json!({"name": "projects/p/locations/r/services/s/revisions/s-2", "conditions": [
            {"type": "Active", "state": "CONDITION_PENDING"},
            {"type": "Ready", "state": state, "message": "why", "reason": "SECRETS_ACCESS_CHECK_FAILED"},
        ]})
    }

    fn terminal(state: &str) -> serde_json::Value {
        json!({"latestReadyRevision": "…/s-2", "latestCreatedRevision": "…/s-2",
               "terminalCondition": {"type": "Ready", "state": state, "message": "of the service"}})
    }

    #[test]
    fn ready_needs_the_revision_and_the_service() {
        let good = service(terminal("CONDITION_SUCCEEDED"));
        assert_eq!(judge(&good, &revision(ready("CONDITION_SUCCEEDED"))), Seen::Ready);
        let bad = service(terminal("CONDITION_FAILED"));
        let Seen::Failed(ServiceFinding::RevisionFailed { message, reason, .. }) =
            judge(&bad, &revision(ready("CONDITION_SUCCEEDED")))
        else {
            panic!("not failed");
        };
        assert_eq!((message.as_str(), reason), ("of the service", None));
    }

    #[test]
    fn a_failed_first_deploy_is_not_ready_though_the_names_agree() {
        let seen = judge(&service(terminal("CONDITION_FAILED")), &revision(ready("CONDITION_FAILED")));
        assert_eq!(
            seen,
            Seen::Failed(ServiceFinding::RevisionFailed {
                revision: "s-2".into(),
                reason: Some("SECRETS_ACCESS_CHECK_FAILED".into()),
                message: "why".into(),
            })
        );
    }

    #[test]
    fn a_revision_that_cloud_run_still_tries_is_only_bad_so_far() {
        let mut trying = ready("CONDITION_FAILED");
        trying["reconciling"] = json!(true);
        let seen = judge(&service(terminal("CONDITION_RECONCILING")), &revision(trying));
        assert!(matches!(seen, Seen::Moving(Some(_))), "{seen:?}");
    }

    #[test]
    fn what_moves_is_waited_for() {
        for (of_service, of_revision) in [
            ("CONDITION_RECONCILING", "CONDITION_SUCCEEDED"),
            ("CONDITION_SUCCEEDED", "CONDITION_PENDING"),
            ("CONDITION_PENDING", "CONDITION_RECONCILING"),
        ] {
            let seen = judge(&service(terminal(of_service)), &revision(ready(of_revision)));
            assert_eq!(seen, Seen::Moving(None), "{of_service} {of_revision}");
        }
    }

    #[test]
    fn another_revision_than_the_newest_is_judged_by_itself() {
        let mut later = service(terminal("CONDITION_FAILED"));
        later.latest_created_revision = "…/s-3".to_owned();
        later.reconciling = true;
        assert_eq!(judge(&later, &revision(ready("CONDITION_SUCCEEDED"))), Seen::Ready);
        let seen = judge(&later, &revision(ready("CONDITION_FAILED")));
        assert!(matches!(seen, Seen::Failed(_)), "{seen:?}");
        let seen = judge(&later, &revision(json!({"name": "…/s-2"})));
        assert!(matches!(seen, Seen::Unclear(_)), "{seen:?}");
    }

    #[test]
    fn the_future_and_the_absent_are_unclear_and_never_ready() {
        let empty = revision(json!({"name": "s-2"}));
        for (service, revision) in [
            (service(json!({})), empty.clone()),
            (service(terminal("CONDITION_SUBLIME")), empty),
            (service(terminal("CONDITION_SUCCEEDED")), revision(ready("CONDITION_SUBLIME"))),
            (service(json!({})), revision(json!({"conditions": [{"type": "Ready", "state": 99}]}))),
        ] {
            let seen = judge(&service, &revision);
            assert!(matches!(seen, Seen::Unclear(_)), "{seen:?}");
        }
    }

    #[test]
    fn reasons_are_googles_words() {
        let condition = |value| serde_json::from_value::<Condition>(value).unwrap();
        let health = condition(json!({"revisionReason": "HEALTH_CHECK_CONTAINER_ERROR"}));
        assert_eq!(reason(&health).as_deref(), Some("HEALTH_CHECK_CONTAINER_ERROR"));
        assert_eq!(reason(&condition(json!({"reason": 4711}))).as_deref(), Some("reason 4711"));
        assert_eq!(reason(&condition(json!({"reason": "BRAND_NEW"}))).as_deref(), Some("BRAND_NEW"));
        assert_eq!(reason(&condition(json!({"reason": 0}))), None);
        assert_eq!(reason(&condition(json!({}))), None);
    }
}

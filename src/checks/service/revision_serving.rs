//! The revision that this deploy created is the one that requests reach.

use std::time::Duration;

use google_cloud_run_v2::model::condition::State;
use google_cloud_run_v2::model::{Service, TrafficTargetAllocationType};

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::service::{POLL, failed, inconclusive, malformed, not_applicable, noticed, passed};
use crate::live::{Scope, coherence};
use crate::model::resource::short;
use crate::probe::google::{Answer, NoAnswer};
use crate::record::finding::{Finding, ServiceFinding};
use crate::record::{Family, Outcome, Role, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::REVISION_SERVING,
    holds: "The new revision receives the traffic",
    family: Family::Service,
    place: place::of_service,
    role: Role::Obligation,
    explained_by: &[check_id::REVISION_READY],
    subjects: |_| Subjects::Whole,
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    let what = format!("the traffic of {}", scope.target.name);
    let service = match settled(scope).await {
        Ok(service) => service,
        Err(answer) => return inconclusive(&what, answer),
    };
    if let Err(contradiction) = coherence::of_traffic(&service.traffic_statuses) {
        return malformed(what, contradiction);
    }
    let created = match scope.created(&service) {
        Ok(name) => name,
        Err(answer) => return inconclusive(&what, answer),
    };
    let stated = &scope.target.service;
    let tag = stated.tag.as_ref().and_then(|tag| tag.as_known());
    let outcome = judge(&service, created, stated.no_traffic == Some(true), tag);
    match (&outcome, tag) {
        (Outcome::Skipped { .. }, Some(tag)) => dangling(scope, &service, tag).await.unwrap_or(outcome),
        (_, _) => outcome,
    }
}

/// The finding that the deploy's own tag leads to a revision that is gone; `None` where it does not, or where that
/// could not be found out.
async fn dangling(scope: &Scope, service: &Service, tag: &str) -> Option<Outcome> {
    let status = service.traffic_statuses.iter().find(|status| status.tag == tag)?;
    let revision = short(&status.revision);
    let gone = !revision.is_empty()
        && matches!(scope.revision_named(Duration::MAX, revision).await, Err(NoAnswer::NotFound));
    let (tag, revision) = (tag.to_owned(), bounded(revision));
    gone.then(|| failed(Finding::Service(ServiceFinding::TagLeadsNowhere { tag, revision })))
}

/// The service once its traffic does not move any more.
async fn settled(scope: &Scope) -> Answer<Service> {
    let mut service = scope.live_service().await?;
    while moving(&service) {
        tokio::time::sleep(POLL).await;
        service = scope.fresh_service().await?;
    }
    Ok(service)
}

fn moving(service: &Service) -> bool {
    let pending = service.terminal_condition.as_ref().is_some_and(|condition| {
        matches!(condition.state, State::ConditionPending | State::ConditionReconciling)
    });
    !noticed(service) || service.reconciling || pending
}

fn judge(service: &Service, created: &str, no_traffic: bool, tag: Option<&str>) -> Outcome {
    let serving = shares(service);
    match serving.iter().find(|(revision, _)| revision == created) {
        Some((_, share)) if *share >= 100 => return passed(format!("all traffic goes to {created}")),
        Some((_, share)) => {
            return passed(format!("{share} % of the traffic goes to {created}, as the service is set up"));
        }
        None => {}
    }
    if !no_traffic {
        return failed(Finding::Service(ServiceFinding::TrafficElsewhere {
            created: created.to_owned(),
            serving,
        }));
    }
    let tagged = service.traffic_statuses.iter().find(|status| {
        !status.tag.is_empty()
            && tag.is_none_or(|tag| tag == status.tag)
            && served_by(status.r#type.clone(), &status.revision, service) == created
    });
    match tagged {
        Some(status) => passed(format!(
            "{created} is deployed without traffic, and is reached under its tag {} ({})",
            status.tag, status.uri
        )),
        None => not_applicable(format!("{created} is deployed without traffic, and no tag leads to it")),
    }
}

/// The revisions that receive traffic with their percentage, as the service lists them.
fn shares(service: &Service) -> Vec<(String, u32)> {
    let mut shares: Vec<(String, u32)> = Vec::new();
    for status in &service.traffic_statuses {
        let percent = u32::try_from(status.percent).unwrap_or(0);
        if percent == 0 {
            continue;
        }
        let revision = served_by(status.r#type.clone(), &status.revision, service);
        match shares.iter_mut().find(|(known, _)| known == revision) {
            Some((_, sum)) => *sum = sum.saturating_add(percent),
            None => shares.push((revision.to_owned(), percent)),
        }
    }
    shares
}

/// Short name of the revision that a traffic target stands for.
fn served_by<'a>(r#type: TrafficTargetAllocationType, revision: &'a str, service: &'a Service) -> &'a str {
    if revision.is_empty() && r#type == TrafficTargetAllocationType::Latest {
        return short(&service.latest_ready_revision);
    }
    short(revision)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn service(statuses: Value) -> Service {
        let latest = "projects/p/locations/r/services/s/revisions/s-2";
        serde_json::from_value(json!({"latestReadyRevision": latest, "latestCreatedRevision": latest,
            "trafficStatuses": statuses}))
        .unwrap()
    }

    fn latest(percent: u32) -> Value {
        json!({"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": percent})
    }

    fn pinned(revision: &str, percent: i32) -> Value {
        json!({"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": revision, "percent": percent})
    }

    #[test]
    fn latest_stands_for_the_latest_ready_revision() {
        let outcome = judge(&service(json!([latest(100)])), "s-2", false, None);
        assert_eq!(outcome, passed("all traffic goes to s-2"));
    }

    #[test]
    fn a_part_of_the_traffic_is_told_and_summed() {
        let statuses = json!([pinned("s-1", 50), latest(30), pinned("s-2", 20)]);
        let Outcome::Passed { detail } = judge(&service(statuses), "s-2", false, None) else {
            panic!("not passed");
        };
        assert!(detail.starts_with("50 %"), "{detail}");
    }

    #[test]
    fn traffic_elsewhere_is_a_finding_that_lists_where() {
        let statuses = json!([pinned("s-1", 100), pinned("s-2", 0)]);
        let expected =
            ServiceFinding::TrafficElsewhere { created: "s-2".into(), serving: vec![("s-1".into(), 100)] };
        assert_eq!(judge(&service(statuses), "s-2", false, None), failed(Finding::Service(expected)));
        let none = judge(&service(json!([])), "s-2", false, None);
        assert!(matches!(none, Outcome::Failed { .. }), "{none:?}");
    }

    #[test]
    fn without_traffic_a_tag_has_to_lead_to_it() {
        let mut tagged = pinned("s-2", 0);
        tagged["tag"] = json!("next");
        tagged["uri"] = json!("https://next---s.example");
        let service = service(json!([pinned("s-1", 100), tagged]));
        assert!(matches!(judge(&service, "s-2", true, Some("next")), Outcome::Passed { .. }));
        assert!(matches!(judge(&service, "s-2", true, None), Outcome::Passed { .. }));
        assert!(matches!(judge(&service, "s-2", true, Some("other")), Outcome::Skipped { .. }));
        assert!(matches!(judge(&service, "s-2", false, Some("next")), Outcome::Failed { .. }));
    }

    #[test]
    fn a_state_of_the_future_does_not_wait_for_ever() {
        let mut service = service(json!([latest(100)]));
        assert!(!moving(&service));
        service.generation = 2;
        assert!(moving(&service));
        service.observed_generation = 2;
        service.terminal_condition = serde_json::from_value(json!({"state": 4711})).unwrap();
        assert!(!moving(&service));
    }
}

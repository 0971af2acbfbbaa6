//! `--on-failure rollback`: sends the traffic of an unhealthy service back to the revision that served before.
//!
//! It touches only what this deploy changed: the shares of the traffic that lead to the deploy's own revision, and
//! those only while it is the newest one. Everything else of the service stays, tags too. What was done, and what was
//! not and why, is said in every report.

use std::iter::repeat;
use std::time::Duration;

use google_cloud_run_v2::model::condition::State;
use google_cloud_run_v2::model::{Revision, Service, TrafficTarget, TrafficTargetAllocationType};

use super::record::RunRecord;
use crate::diagnosis::{Diagnosis, Verdict};
use crate::model::Target;
use crate::model::resource::short;
use crate::plan::Plan;
use crate::probe::Outside;
use crate::probe::google::{Answer, NoAnswer};
use crate::probe::poll;
use crate::record::{Rollback, words};
use crate::text::bounded;

/// How long Cloud Run is given to move the traffic. It takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at whether it has moved.
const LOOK: Duration = Duration::from_secs(1);

/// Rolls back every service that was judged unhealthy. One that is inconclusive is left alone: nothing was seen to be
/// wrong with it. A run that a signal or the deadline ended is judged like any other.
pub async fn roll_back(outside: &Outside, plan: &Plan, diagnosis: &Diagnosis, record: &mut RunRecord) {
    let unhealthy = diagnosis.services.iter().filter(|service| service.verdict == Verdict::Unhealthy);
    for concluded in unhealthy {
        let target = plan.targets.iter().find(|target| target.key == concluded.service);
        let service = record.services.iter_mut().find(|service| service.key == concluded.service);
        if let (Some(target), Some(service)) = (target, service) {
            let done = one(outside, target, service.revision.as_deref()).await;
            service.rollback = Some(redacted(done, outside));
        }
    }
}

async fn one(outside: &Outside, target: &Target, judged: Option<&str>) -> Rollback {
    let Target { project, region, name, .. } = target;
    let google = &outside.google;
    let failed = |what: &str, answer: &NoAnswer| Rollback::Failed { because: reason(what, answer) };
    let service = match google.service_within(Duration::ZERO, project, region, name).await {
        Ok(service) => service,
        Err(answer) => return failed(&format!("service {name}"), &answer),
    };
    let revisions = match google.revisions(project, region, name).await {
        Ok(revisions) => revisions,
        Err(answer) => return failed(&format!("the revisions of {name}"), &answer),
    };
    let Step { from, to, percent, traffic } = match decide(&service, &revisions, judged) {
        Ok(step) => step,
        Err(rollback) => return rollback,
    };
    if let Err(answer) = google.move_traffic(&service, traffic).await {
        return failed(&format!("moving the traffic of {name}"), &answer);
    }
    let look = || google.service_within(Duration::ZERO, project, region, name);
    let moved = |answer: &Answer<Service>| match answer {
        Ok(service) => share(service, &from) == 0 && !service.traffic_statuses.is_empty(),
        Err(_) => false,
    };
    match poll(repeat(LOOK), PATIENCE, look, moved).await {
        Ok(_moved) => Rollback::Done { from, to, percent },
        Err(_late) => Rollback::Ordered { from, to, seconds: PATIENCE.as_secs() },
    }
}

/// How much of the traffic a revision gets, in percent, as the service shows it.
fn share(service: &Service, revision: &str) -> i32 {
    let of = |name: &str| short(name) == revision;
    let ready = short(&service.latest_ready_revision);
    service
        .traffic_statuses
        .iter()
        .filter(|status| of(&status.revision) || (status.revision.is_empty() && ready == revision))
        .map(|status| status.percent)
        .sum()
}

/// The new shape of the traffic.
#[derive(Debug, PartialEq)]
struct Step {
    from: String,
    to: String,
    percent: i32,
    traffic: Vec<TrafficTarget>,
}

/// What to move: the shares that lead to this deploy's revision, to the one that was ready last before it.
fn decide(service: &Service, revisions: &[Revision], judged: Option<&str>) -> Result<Step, Rollback> {
    let not_needed = |because: String| Rollback::NotNeeded { because };
    let created = short(&service.latest_created_revision);
    let Some(ours) = judged else {
        return Err(not_needed("it is not known which revision this deploy created".to_owned()));
    };
    if created != ours {
        return Err(not_needed(format!(
            "{} was deployed after {ours}, so that the traffic is not this deploy's any more",
            bounded(created)
        )));
    }
    // Traffic that follows the latest revision goes to the latest *ready* one.
    let follows = short(&service.latest_ready_revision) == ours;
    let leads_to_ours = |target: &TrafficTarget| {
        if target.r#type == TrafficTargetAllocationType::Latest || target.revision.is_empty() {
            follows
        } else {
            short(&target.revision) == ours
        }
    };
    // A service that states no traffic sends all of it to the latest revision.
    let all_to_latest = TrafficTarget::new().set_type(TrafficTargetAllocationType::Latest).set_percent(100);
    let stated = if service.traffic.is_empty() { vec![all_to_latest] } else { service.traffic.clone() };
    let percent: i32 =
        stated.iter().filter(|target| leads_to_ours(target)).map(|target| target.percent).sum();
    if percent <= 0 {
        return Err(not_needed(format!("{ours} receives no traffic")));
    }
    let before = before(revisions, ours).ok_or_else(|| {
        not_needed(format!("no revision before {ours} was ready: there is nothing to go back to"))
    })?;
    let mut traffic = Vec::new();
    let mut to_before = TrafficTarget::new()
        .set_type(TrafficTargetAllocationType::Revision)
        .set_revision(before)
        .set_percent(percent);
    for target in stated {
        let merges =
            !target.revision.is_empty() && short(&target.revision) == before && target.tag.is_empty();
        if leads_to_ours(&target) {
            // The tag stays, so that the broken revision can still be looked at.
            if !target.tag.is_empty() {
                let kept = TrafficTarget::new()
                    .set_type(TrafficTargetAllocationType::Revision)
                    .set_revision(ours)
                    .set_tag(target.tag);
                traffic.push(kept);
            }
        } else if merges {
            to_before.percent += target.percent;
        } else {
            traffic.push(target);
        }
    }
    traffic.insert(0, to_before);
    Ok(Step { from: ours.to_owned(), to: before.to_owned(), percent, traffic })
}

/// The short name of the revision that was ready last before `ours`.
fn before<'a>(revisions: &'a [Revision], ours: &str) -> Option<&'a str> {
    let time = |one: &Revision| one.create_time.as_ref().map(|time| (time.seconds(), time.nanos()));
    let created = time(revisions.iter().find(|one| short(&one.name) == ours)?)?;
    let ready = |one: &&Revision| {
        let condition = one.conditions.iter().find(|condition| condition.r#type == "Ready");
        condition.is_some_and(|condition| condition.state == State::ConditionSucceeded)
    };
    revisions
        .iter()
        .filter(ready)
        .filter(|one| time(one).is_some_and(|at| at < created))
        .max_by_key(|one| time(one))
        .map(|one| short(&one.name))
}

fn reason(what: &str, answer: &NoAnswer) -> String {
    match answer {
        NoAnswer::NotFound => format!("{what}: there is no such thing"),
        NoAnswer::Inconclusive(why) => format!("{what}: {}", words::inconclusive(why)),
    }
}

fn redacted(rollback: Rollback, outside: &Outside) -> Rollback {
    let clean = |text: &str| outside.vault.redact(&bounded(text));
    match rollback {
        Rollback::Done { from, to, percent } => {
            Rollback::Done { from: clean(&from), to: clean(&to), percent }
        }
        Rollback::Ordered { from, to, seconds } => {
            Rollback::Ordered { from: clean(&from), to: clean(&to), seconds }
        }
        Rollback::NotNeeded { because } => Rollback::NotNeeded { because: clean(&because) },
        Rollback::Failed { because } => Rollback::Failed { because: clean(&because) },
    }
}

#[cfg(test)]
mod tests {
    use google_cloud_run_v2::model::Condition;
    use google_cloud_wkt::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn revision(name: &str, at: i64, ready: bool) -> Revision {
        let state = if ready { State::ConditionSucceeded } else { State::ConditionFailed };
        Revision::new()
            .set_name(format!("projects/p/locations/r/services/s/revisions/{name}"))
            .set_create_time(Timestamp::new(at, 0).unwrap())
            .set_conditions([Condition::new().set_type("Ready").set_state(state)])
    }

    fn latest(percent: i32) -> TrafficTarget {
        TrafficTarget::new().set_type(TrafficTargetAllocationType::Latest).set_percent(percent)
    }

    fn pinned(name: &str, percent: i32) -> TrafficTarget {
        TrafficTarget::new()
            .set_type(TrafficTargetAllocationType::Revision)
            .set_revision(name)
            .set_percent(percent)
    }

    /// `s-3` is new; `s-2` failed its start; `s-1` and `s-0` were ready.
    fn revisions() -> Vec<Revision> {
        vec![
            revision("s-3", 40, true),
            revision("s-2", 30, false),
            revision("s-1", 20, true),
            revision("s-0", 10, true),
        ]
    }

    fn service(traffic: Vec<TrafficTarget>) -> Service {
        let full = |name: &str| format!("projects/p/locations/r/services/s/revisions/{name}");
        Service::new()
            .set_latest_created_revision(full("s-3"))
            .set_latest_ready_revision(full("s-3"))
            .set_traffic(traffic)
    }

    #[test]
    fn all_traffic_goes_to_the_last_ready_revision_before() {
        let step = decide(&service(vec![latest(100)]), &revisions(), Some("s-3")).unwrap();
        assert_eq!((step.from.as_str(), step.to.as_str(), step.percent), ("s-3", "s-1", 100));
        assert_eq!(step.traffic, [pinned("s-1", 100)]);
        // Nothing stated is the same.
        assert_eq!(decide(&service(vec![]), &revisions(), Some("s-3")).unwrap(), step);
    }

    #[test]
    fn other_shares_and_all_tags_stay() {
        let traffic =
            vec![pinned("s-3", 30).set_tag("canary"), pinned("s-1", 50), pinned("s-0", 20).set_tag("old")];
        let step = decide(&service(traffic), &revisions(), Some("s-3")).unwrap();
        assert_eq!(
            step.traffic,
            [pinned("s-1", 80), pinned("s-3", 0).set_tag("canary"), pinned("s-0", 20).set_tag("old")]
        );
    }

    #[test]
    fn what_is_not_this_deploys_is_left_alone() {
        let reason =
            |service: &Service, revisions: &[Revision], judged| match decide(service, revisions, judged) {
                Err(Rollback::NotNeeded { because }) => because,
                other => panic!("{other:?}"),
            };
        let elsewhere = service(vec![pinned("s-1", 100), pinned("s-3", 0).set_tag("new")]);
        assert_eq!(reason(&elsewhere, &revisions(), Some("s-3")), "s-3 receives no traffic");
        let later = service(vec![latest(100)]);
        assert!(reason(&later, &revisions(), Some("s-2")).starts_with("s-3 was deployed after s-2"));
        assert!(reason(&later, &revisions()[..2], Some("s-3")).contains("nothing to go back to"));
        assert!(reason(&later, &revisions(), None).contains("not known"));
        // A revision that never became ready has no traffic: it follows the latest that is ready.
        let failed = later.set_latest_ready_revision("projects/p/locations/r/services/s/revisions/s-1");
        assert_eq!(reason(&failed, &revisions(), Some("s-3")), "s-3 receives no traffic");
    }

    proptest! {
        /// Whatever the shares: none is lost, none stays with the broken revision, and no tag goes away.
        #[test]
        fn nothing_is_lost(shares in proptest::collection::vec((0..4usize, 0..100i32, 0..3usize), 1..6)) {
            let names = ["s-0", "s-1", "s-3", ""];
            let traffic: Vec<TrafficTarget> = shares
                .iter()
                .map(|&(name, percent, tag)| {
                    let target = if names[name].is_empty() { latest(percent) } else { pinned(names[name], percent) };
                    if tag == 0 { target.set_tag(format!("t{name}")) } else { target }
                })
                .collect();
            let total = |traffic: &[TrafficTarget]| traffic.iter().map(|one| one.percent).sum::<i32>();
            let tags = |traffic: &[TrafficTarget]| traffic.iter().filter(|one| !one.tag.is_empty()).count();
            let before = service(traffic.clone());
            if let Ok(step) = decide(&before, &revisions(), Some("s-3")) {
                prop_assert_eq!(total(&step.traffic), total(&traffic));
                prop_assert_eq!(tags(&step.traffic), tags(&traffic));
                let ours = step.traffic.iter().filter(|one| one.revision == "s-3" || one.revision.is_empty());
                prop_assert_eq!(ours.map(|one| one.percent).sum::<i32>(), 0);
            }
        }
    }
}

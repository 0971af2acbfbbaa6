//! The new revision keeps what led the revision before to its database.
//!
//! `--set-env-vars`, `--env-vars-file` and a manifest remove every variable that they do not name, and a manifest the
//! connector too. What the pipeline declares is compared elsewhere; this is about what it does not mention and an
//! earlier deploy had set. A change that leaves another way to the database is a change, not a loss.

use google_cloud_run_v2::model::condition::State;
use google_cloud_run_v2::model::{Container, Revision, env_var};

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, inconclusive, ingress, not_applicable, passed};
use crate::live::vpc_access::{WayIn, way_in};
use crate::model::resource::short;
use crate::model::{Service, Stated, Variable, infer_database, resource};
use crate::record::finding::{Finding, InjectionFinding, PathFinding};
use crate::record::{Fact, Family, Outcome, check_id};
use crate::text::{bounded, listed};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::CONFIGURATION_UNCHANGED,
    holds: "The new revision keeps what led the revision before to its database",
    family: Family::Service,
    place: place::of_service,
    // A private database without a way in says more than that there was one.
    explained_by: &[check_id::VPC_ACCESS_PRESENT],
    explains: &[check_id::HEALTH_HEALTHY],
    subjects: |_| Subjects::Whole,
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    let revision = match scope.revision().await {
        Ok(revision) => revision,
        Err(outcome) => return outcome,
    };
    let target = &scope.target;
    let google = &scope.outside.google;
    let all = match google.revisions(&target.project, &target.region, &target.name).await {
        Ok(all) => all,
        Err(answer) => return inconclusive(&format!("the revisions of {}", target.name), answer),
    };
    let Some(before) = before(&all, &revision, &target.name) else {
        return not_applicable("no earlier revision was ready");
    };
    for text in notes(&target.service, before, &revision) {
        scope.fact(Fact::Note { text });
    }
    judge(&target.service, before, &revision)
}

/// The revision that was ready last before that one. A failed one served nothing, so nothing was lost with it.
fn before<'a>(all: &'a [Revision], revision: &Revision, service: &str) -> Option<&'a Revision> {
    let time = |one: &Revision| one.create_time.as_ref().map(|time| (time.seconds(), time.nanos()));
    let ready = |one: &&Revision| {
        let condition = one.conditions.iter().find(|condition| condition.r#type == "Ready");
        condition.is_some_and(|condition| condition.state == State::ConditionSucceeded)
    };
    // Of another service: an answer to another question.
    let ours = |one: &&Revision| resource::segment(&one.name, "services").is_none_or(|of| of == service);
    let created = time(revision)?;
    let earlier =
        all.iter().filter(ours).filter(ready).filter(|one| time(one).is_some_and(|at| at < created));
    earlier.max_by_key(|one| time(one))
}

fn judge(service: &Service, before: &Revision, now: &Revision) -> Outcome {
    let (revision, earlier) = (short(&now.name).to_owned(), bounded(short(&before.name)));
    let dropped = dropped_database(service, before, now);
    if !dropped.is_empty() {
        let finding = InjectionFinding::VariablesDropped { revision, before: earlier, dropped };
        return failed(Finding::Injection(finding));
    }
    // A declared one that is not there is the finding of `vpc-access-matches`.
    let declares =
        service.vpc.connector.is_some() || service.vpc.network.is_some() || service.vpc.subnet.is_some();
    if let (Some(way), None, false) = (way_in(before), way_in(now), declares) {
        let finding = PathFinding::AccessDropped { revision, before: earlier, way: in_words(way) };
        return failed(Finding::Path(finding));
    }
    passed(format!("{revision} keeps what {earlier} had"))
}

/// The variables that led to the database and that nothing replaces. Empty where something leads there now.
fn dropped_database(service: &Service, before: &Revision, now: &Revision) -> Vec<String> {
    let live = variables(now);
    let gone = |name: &str| !live.iter().any(|one| one == name);
    // The pipeline's own ones are the finding of `variables-injected`.
    let undeclared = |name: &str| service.variable(name).is_none() && service.secret(name).is_none();
    let had = variables(before);
    let lost = |names: Vec<&str>| -> Vec<String> {
        let lost = names.into_iter().filter(|name| had.iter().any(|one| one == name));
        lost.filter(|name| gone(name) && undeclared(name)).map(str::to_owned).collect()
    };
    if let Some(database) = &service.database {
        return lost(database.variables.names());
    }
    match (led_by(service, before), led_by(service, now)) {
        (Some(names), None) => lost(names.iter().map(String::as_str).collect()),
        (_, Some(_)) | (None, None) => Vec::new(),
    }
}

/// The variables of a revision that lead to a database, recognised by their names.
fn led_by(service: &Service, revision: &Revision) -> Option<Vec<String>> {
    let mut bare = Service::new(service.deploys_via, service.place.clone());
    bare.env = variables(revision)
        .into_iter()
        .map(|name| Variable { name, value: Stated::known("", service.place.clone()) })
        .collect();
    let found = infer_database(&bare)?;
    Some(found.variables.names().into_iter().map(str::to_owned).collect())
}

/// Other differences, which may well be meant. Names only.
fn notes(service: &Service, before: &Revision, now: &Revision) -> Vec<String> {
    let (earlier, had, live) = (bounded(short(&before.name)), variables(before), variables(now));
    let mut notes = Vec::new();
    let gone: Vec<&str> = had.iter().filter(|name| !live.contains(name)).map(String::as_str).collect();
    if !gone.is_empty() {
        notes.push(format!(
            "no longer there, and on {earlier} before it: {}",
            listed(gone.iter().copied(), LISTED)
        ));
    }
    let declared = |name: &str| service.variable(name).is_some() || service.secret(name).is_some();
    let left: Vec<&str> =
        live.iter().filter(|name| had.contains(name) && !declared(name)).map(String::as_str).collect();
    if !left.is_empty() {
        notes.push(format!(
            "kept from {earlier}, and not declared by the pipeline: {}",
            listed(left.iter().copied(), LISTED)
        ));
    }
    let moved = secrets(before).filter(|(name, was)| {
        secrets(now).any(|(same, is)| same == *name && is.secret != was.secret) && !declared(name)
    });
    notes.extend(moved.map(|(name, _)| format!("{name} refers to another secret than on {earlier}")));
    if !before.service_account.is_empty() && before.service_account != now.service_account {
        let account = bounded(&before.service_account);
        notes.push(format!("{earlier} before it runs as {account}"));
    }
    notes
}

/// Most names that a note lists.
const LISTED: usize = 12;

fn container(revision: &Revision) -> impl Iterator<Item = &Container> {
    ingress(revision).into_iter()
}

fn variables(revision: &Revision) -> Vec<String> {
    container(revision).flat_map(|one| &one.env).map(|variable| variable.name.clone()).collect()
}

fn secrets(
    revision: &Revision,
) -> impl Iterator<Item = (&str, &google_cloud_run_v2::model::SecretKeySelector)> {
    container(revision).flat_map(|one| &one.env).filter_map(|variable| match &variable.values {
        Some(env_var::Values::ValueSource(source)) => {
            Some((variable.name.as_str(), source.secret_key_ref.as_ref()?))
        }
        Some(_) | None => None,
    })
}

fn in_words(way: WayIn<'_>) -> String {
    match way {
        WayIn::Connector(connector) => format!("connector {}", bounded(short(connector))),
        WayIn::Direct { network, subnetwork } => {
            let into = if network.is_empty() { subnetwork } else { network };
            format!("direct egress into {}", bounded(short(into)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::live::testing::{place, service_with_database};
    use crate::model::DeploysVia;

    fn revision(name: &str, second: u32, state: &str, env: &[&str]) -> Revision {
        let env: Vec<Value> = env.iter().map(|name| json!({"name": name, "value": "x"})).collect();
        serde_json::from_value(json!({
            "name": format!("projects/p/locations/r/services/s/revisions/{name}"),
            "createTime": format!("2026-03-09T12:30:{second:02}Z"),
            "conditions": [{"type": "Ready", "state": state}],
            "containers": [{"env": env}],
        }))
        .unwrap()
    }

    const READY: &str = "CONDITION_SUCCEEDED";

    #[test]
    fn the_one_before_is_the_last_that_was_ready() {
        let all = [
            revision("s-4", 40, READY, &[]),
            revision("s-3", 30, "CONDITION_FAILED", &[]),
            revision("s-1", 10, READY, &[]),
            revision("s-2", 20, READY, &[]),
        ];
        assert_eq!(before(&all, &all[0], "s").map(|one| short(&one.name)), Some("s-2"));
        assert_eq!(before(&all, &all[2], "s"), None, "the first");
        assert_eq!(before(&all, &all[0], "t"), None, "of another service");
        assert_eq!(before(&all, &Revision::new(), "s"), None, "nobody knows when it came");
    }

    fn judged(service: &Service, was: &[&str], is: &[&str]) -> Result<String, Vec<String>> {
        let (before, now) = (revision("s-1", 10, READY, was), revision("s-2", 20, READY, is));
        match judge(service, &before, &now) {
            Outcome::Failed {
                finding: Finding::Injection(InjectionFinding::VariablesDropped { dropped, .. }),
            } => Err(dropped),
            outcome @ (Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. }) => Ok(format!("{outcome:?}")),
        }
    }

    #[test]
    fn a_way_that_is_lost_is_told_and_one_that_is_replaced_is_not() {
        let bare = Service::new(DeploysVia::Native, place());
        let lost = judged(&bare, &["DB_HOST", "DB_PASSWORD", "LOG_LEVEL"], &["LOG_LEVEL"]);
        assert_eq!(lost, Err(vec!["DB_HOST".to_owned(), "DB_PASSWORD".to_owned()]));
        assert!(judged(&bare, &["DB_HOST", "DB_PASSWORD"], &["DATABASE_URL"]).is_ok());
        assert!(judged(&bare, &["LOG_LEVEL"], &[]).is_ok());
        // The pipeline's own variables are looked at elsewhere; others that its native file names are not.
        let mut service = service_with_database();
        assert!(judged(&service, &["DB_HOST", "DB_PASSWORD"], &[]).is_ok());
        service.env.clear();
        let lost = judged(&service, &["DB_HOST", "DB_PASSWORD"], &["DB_PASSWORD"]);
        assert_eq!(lost, Err(vec!["DB_HOST".to_owned()]));
    }

    #[test]
    fn a_lost_connector_is_told_where_nobody_declares_one() {
        let mut service = Service::new(DeploysVia::Native, place());
        let (mut before, now) = (revision("s-1", 10, READY, &[]), revision("s-2", 20, READY, &[]));
        before.vpc_access = serde_json::from_value(json!({"connector": "c"})).unwrap();
        let Outcome::Failed { finding } = judge(&service, &before, &now) else { panic!("kept") };
        assert!(finding.to_string().ends_with("before it has connector c"), "{finding}");
        service.vpc.connector = Some(Stated::known("c", place()));
        assert!(matches!(judge(&service, &before, &now), Outcome::Passed { .. }));
    }

    #[test]
    fn notes_name_what_changed_and_no_value() {
        let service = service_with_database();
        let before = revision("s-1", 10, READY, &["DB_HOST", "OLD_FLAG", "EXTRA"]);
        let now = revision("s-2", 20, READY, &["DB_HOST", "EXTRA"]);
        assert_eq!(
            notes(&service, &before, &now),
            [
                "no longer there, and on s-1 before it: OLD_FLAG",
                "kept from s-1, and not declared by the pipeline: EXTRA",
            ]
        );
    }
}

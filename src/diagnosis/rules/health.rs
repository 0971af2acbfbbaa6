//! Rules for findings about what the service says of itself.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::{Judgement, barrier, network as way, postgres, unseen};
use crate::record::check_id;
use crate::record::finding::{Dependency, HealthFinding};
use crate::text::shell::{command, quote};

pub(super) fn judge(view: &View<'_>, finding: &HealthFinding) -> Judgement {
    match finding {
        HealthFinding::Unhealthy { url, status, verdict, failing, .. } => {
            if failing.iter().any(|one| one.database) {
                database_down(view, url)
            } else if failing.is_empty() {
                Judgement::proven(
                    CauseCode::HealthReportsUnhealthy,
                    format!("{url} answers {status} and says {verdict}, without naming what is bad"),
                )
                .fix("read its answer", ask(url))
                .fix("read the service's log", logs(view))
                .fix("let the health body name each dependency with its state", None)
            } else {
                let names = names(failing);
                Judgement::proven(
                    CauseCode::HealthReportsDependencyDown,
                    format!("the service says that {names} is bad ({url} answers {status}); the gate cannot look there"),
                )
                .fix(format!("look after {names}"), None)
                .fix("read the service's log", logs(view))
            }
        }
        HealthFinding::NotJudgeable { url, status, because, .. } => Judgement::proven(
            CauseCode::HealthUnrecognized,
            format!("{url} answers {status}, and health cannot be read from it: {because}"),
        )
        .fix("read its answer", ask(url))
        .fix(
            "name the real health path, or what its answer must hold, in rungate.yaml (health: path, expect)",
            None,
        ),
        HealthFinding::NotFound { urls } => Judgement::proven(
            CauseCode::HealthNotFound,
            format!("the service answers 404 at {}", urls.join(", ")),
        )
        .fix("name the real health path in rungate.yaml (health: path)", None)
        .fix("see which paths the service knows", logs(view)),
        HealthFinding::BadStatus { url, status, .. } => Judgement::proven(
            CauseCode::HealthEndpointFailing,
            format!("{url} answers {status}, with a body that says nothing about health"),
        )
        .fix("read its answer", ask(url))
        .fix("read the service's log", logs(view)),
        HealthFinding::NoAnswer { url, detail } => {
            Judgement::proven(CauseCode::HealthEndpointFailing, format!("{url} gives no answer: {detail}"))
                .fix("ask it yourself", ask(url))
                .fix("read the service's log", logs(view))
        }
        HealthFinding::OtherVersion { url, what, expected, told, .. } => {
            barrier::other_version(view, url, what, expected, told.as_deref())
        }
        HealthFinding::FrontEnd { url, status, says, known, .. } => {
            barrier::front_end(view, url, *status, *says, known)
        }
        HealthFinding::DoorClosed { url, declared, live } => barrier::closed(view, url, declared, live),
        HealthFinding::ExpectationUnmet { url, expected, .. } => Judgement::proven(
            CauseCode::HealthExpectationUnmet,
            format!("{url} does not meet what rungate.yaml expects: {expected}"),
        )
        .fix("read its answer", ask(url))
        .fix("correct the service, or the expectation in rungate.yaml", None),
        HealthFinding::Unstable { url, pattern } => Judgement::proven(
            CauseCode::HealthUnstable,
            format!("{url} is healthy and unhealthy in turn ({pattern}): instances differ"),
        )
        .fix("read the log, one instance beside the other", logs(view))
        .fix(
            "if it only needs longer to warm up, give it a longer window in rungate.yaml (health: window)",
            None,
        ),
    }
}

pub(super) fn clause(finding: &HealthFinding) -> String {
    match finding {
        HealthFinding::Unhealthy { failing, .. } => {
            if failing.iter().any(|one| one.database) {
                "health says the database is down".to_owned()
            } else if failing.is_empty() {
                "health says unhealthy".to_owned()
            } else {
                format!("health says that {} is bad", names(failing))
            }
        }
        HealthFinding::NotJudgeable { .. } => "health cannot be read from the answer".to_owned(),
        HealthFinding::NotFound { .. } => "the health path does not exist".to_owned(),
        HealthFinding::BadStatus { status, .. } => format!("the health endpoint answers {status}"),
        HealthFinding::NoAnswer { .. } => "the health endpoint gives no answer".to_owned(),
        HealthFinding::ExpectationUnmet { .. } => "health does not meet the expectation".to_owned(),
        HealthFinding::OtherVersion { what, .. } => format!("another {what} answers than the one deployed"),
        HealthFinding::FrontEnd { status, .. } => {
            format!("Google's front end answers {status} in the service's place")
        }
        HealthFinding::DoorClosed { .. } => "the service is closed to the outside".to_owned(),
        HealthFinding::Unstable { .. } => "health changes from attempt to attempt".to_owned(),
    }
}

/// Nothing deeper is proven: either the database was seen to work from inside, or parts of the way were not seen.
fn database_down(view: &View<'_>, url: &str) -> Judgement {
    let code = CauseCode::HealthReportsDatabaseDown;
    let judgement = if view.query_worked_inside() {
        let claim = format!(
            "the service says that its database is down ({url}), while a login and a query with its own variables \
             work from inside its network: the fault is in the service itself"
        );
        Judgement::proven(code, claim)
            .suspect(
                "it connected before the database was there and never tried again, or its pool is stuck",
                logs(view),
            )
            .suspect(
                "it reads other variables, or another file, than those that the gate was told of",
                super::on_service(view, "describe", &["--format=export"]),
            )
            .suspect("its instances started before a secret was changed, and still hold the old value", None)
    } else if let Some((api, project)) = way::connectors_off(view) {
        let seen = format!("the service says that its database is down ({url})");
        way::without_connectors(&seen, api, project)
            .suspects(unseen::suspects(view, check_id::HEALTH_HEALTHY))
    } else {
        let claim =
            format!("the service says that its database is down ({url}), and nothing seen here explains it");
        let judgement =
            Judgement::likely(code, claim).suspects(unseen::suspects(view, check_id::HEALTH_HEALTHY));
        if view.held(check_id::DATABASE_PORT_OPEN) {
            judgement
        } else {
            let port = view.service.database.as_ref().and_then(|database| database.port).unwrap_or(5432);
            judgement.suspects(postgres::way_suspects(view, &port.to_string()))
        }
    };
    let inside = format!("rungate check --vantage in-vpc --inspect-secrets {}", postgres::files(view));
    let judgement = judgement.fix("read what the service logs when it connects", logs(view));
    if view.query_worked_inside() {
        judgement.fix("deploy again, so that new instances connect anew", None)
    } else {
        judgement.fix("look from inside its network, with its own variables", inside)
    }
}

fn names(failing: &[Dependency]) -> String {
    failing.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn ask(url: &str) -> String {
    format!("curl -sS -i -H 'Accept: application/json' {}", quote(url))
}

pub(super) fn logs(view: &View<'_>) -> String {
    let (project, region) = (view.project_flag(), view.region_flag());
    let words = ["gcloud", "run", "services", "logs", "read", &view.service.name, "--limit=50"];
    command(words.into_iter().chain([&*region, &*project]))
}

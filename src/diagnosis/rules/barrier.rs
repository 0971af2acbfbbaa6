//! Rules for answers that are not the service's own: Google's front end, closed doors, login pages, other versions.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::super::{Confidence, Fix};
use super::health::{ask, logs};
use super::{Judgement, on_service, update_service};
use crate::record::finding::{FrontEndSays, KnownBy};
use crate::record::{Barrier, Inconclusive, NodeRecord, Outcome};

/// The front end answered because of what became of the instances.
pub(super) fn front_end(
    view: &View<'_>,
    url: &str,
    status: u16,
    says: FrontEndSays,
    known: &KnownBy,
) -> Judgement {
    let how = match known {
        KnownBy::Page => "the page is Google's own".to_owned(),
        KnownBy::Guess => "so it reads, and the log of requests was not there to settle it".to_owned(),
        KnownBy::RequestLog { line } => format!("the log of requests says: {line}"),
    };
    let claim =
        format!("{url} answers {status}, which is Google's front end and not the service: {says} ({how})");
    let code = match says {
        FrontEndSays::NoInstance => CauseCode::NoInstanceAvailable,
        FrontEndSays::InstanceFailed => CauseCode::InstanceCrashing,
        FrontEndSays::TimedOut => CauseCode::RequestTimedOut,
    };
    let mut judgement = Judgement::proven(code, claim);
    if *known == KnownBy::Guess {
        judgement.confidence = Confidence::Likely;
        judgement = judgement.suspect(
            "the service itself, or a proxy in its container, may have written the same words",
            logs(view),
        );
    }
    match says {
        FrontEndSays::NoInstance => judgement
            .suspect(
                "the service is at its maximum of instances",
                on_service(view, "describe", &["--format=yaml(spec.template.metadata.annotations)"]),
            )
            .suspect("instances start too slowly, or end right after their start", logs(view))
            .suspect("billing is off, or a spending limit is reached", None)
            .fix("allow more instances, or keep one warm", {
                update_service(view, &["--max-instances=10", "--min-instances=1"])
            }),
        FrontEndSays::InstanceFailed => judgement
            .suspect(
                "the process ended or was killed while it answered (memory, a liveness probe)",
                logs(view),
            )
            .suspect("it answered no HTTP/1.1, or no HTTP/2 where --use-http2 is set", None)
            .fix("read what the instance logged last", logs(view)),
        FrontEndSays::TimedOut => judgement
            .suspect("the handler waits for its database without a time limit of its own", logs(view))
            .fix("give each dependency of the health handler a time limit shorter than the request's", None)
            .fix("see the service's time limit", {
                on_service(view, "describe", &["--format=value(spec.template.spec.timeoutSeconds)"])
            }),
    }
}

/// The files open the service to everybody, and it is closed.
pub(super) fn closed(view: &View<'_>, url: &str, declared: &str, live: &str) -> Judgement {
    let claim = format!(
        "{url} is answered 404 by Google's front end: ingress of {} is {live}, where the files have {declared}",
        view.service.name
    );
    Judgement::proven(CauseCode::IngressClosed, claim)
        .fix("open it, as the files have it", update_service(view, &[&format!("--ingress={declared}")]))
        .fix("or correct the files, and let the gate run inside the VPC", None)
}

/// Another revision or commit answers.
pub(super) fn other_version(
    view: &View<'_>,
    url: &str,
    what: &str,
    expected: &str,
    told: Option<&str>,
) -> Judgement {
    let code = CauseCode::HealthVersionMismatch;
    let Some(told) = told else {
        return Judgement::proven(
            code,
            format!("{url} does not tell its {what}, where {expected} is expected"),
        )
        .fix("let health tell it where rungate.yaml expects it (Cloud Run gives it as K_REVISION)", ask(url))
        .fix("or correct where rungate.yaml looks for it", None);
    };
    let traffic = on_service(view, "describe", &["--format=yaml(status.traffic)"]);
    let judgement =
        Judgement::proven(code, format!("{url} is answered by {what} {told}, and {expected} was deployed"));
    if what == "revision" {
        judgement.suspect("the traffic still goes to an older revision", traffic).fix(
            "send the traffic to the new revision",
            {
                let (project, region) = (view.project_flag(), view.region_flag());
                let words = [
                    "gcloud",
                    "run",
                    "services",
                    "update-traffic",
                    &view.service.name,
                    "--to-latest",
                    &region,
                    &project,
                ];
                crate::text::shell::command(words)
            },
        )
    } else {
        judgement
            .suspect("the image under that tag is older than the commit", traffic)
            .fix("deploy the image by its digest, or under a tag that names the commit", None)
    }
}

/// The gate was not let in: the code, the claim, and what fixes it.
pub(super) fn not_let_in(view: &View<'_>, nodes: &[&NodeRecord]) -> (CauseCode, String, Vec<Fix>) {
    let shut = nodes.iter().find_map(|node| barrier(node));
    let (url, barrier) = match shut {
        Some((url, barrier)) => (url, barrier.clone()),
        None => {
            ("", Barrier::Unknown { because: "somebody else answered in the service's place".to_owned() })
        }
    };
    let fix = |text: &str, command: Option<String>| Fix { text: text.to_owned(), command };
    let inside = || {
        Some(format!("rungate check --vantage in-vpc {}", super::postgres::files(view)).trim_end().to_owned())
    };
    match &barrier {
        Barrier::Ingress { setting } => (
            CauseCode::IngressClosed,
            format!(
                "{} takes requests from inside only (ingress {setting}); from here its health cannot be seen",
                view.service.name
            ),
            vec![
                fix("run the gate inside the VPC", inside()),
                fix("or state the address of its load balancer in rungate.yaml (url:)", None),
                fix("or open it", Some(update_service(view, &["--ingress=all"]))),
            ],
        ),
        Barrier::DefaultUrlDisabled => (
            CauseCode::IngressClosed,
            format!(
                "the run.app URL of {} is switched off; its health was asked nowhere else",
                view.service.name
            ),
            vec![
                fix("state the address at which users reach it in rungate.yaml (url:)", None),
                fix("or switch it on", Some(update_service(view, &["--default-url"]))),
            ],
        ),
        Barrier::ReservedPath { path } => (
            CauseCode::HealthPathReserved,
            format!(
                "Google's front end keeps {path} for itself: no request from outside reaches the service there"
            ),
            vec![fix("serve health elsewhere, at /health for example, and state that path", None)],
        ),
        Barrier::IdentityAwareProxy => (
            CauseCode::HealthRequiresLogin,
            format!(
                "Identity-Aware Proxy stands before {url}, so health cannot be seen; the gate does not log in there"
            ),
            vec![
                fix("see that it is so", Some(on_service(view, "describe", &["--format=export"]))),
                fix("run the gate inside the VPC, or state an address without the proxy (url:)", inside()),
            ],
        ),
        Barrier::Login { how } => (
            CauseCode::HealthRequiresLogin,
            format!("{url} wants a login, so health cannot be seen: {how}"),
            vec![
                fix("see what answers there", Some(ask(url))),
                fix(
                    "let the health path answer without a login, or state another one in rungate.yaml (health: path)",
                    None,
                ),
            ],
        ),
        Barrier::Credentials { status } => (
            CauseCode::HealthRequiresLogin,
            format!("{url} wants credentials of the service's own ({status}), so health cannot be seen"),
            vec![
                fix("let the health path answer without credentials; it holds no secrets", Some(ask(url))),
                fix("or state another path in rungate.yaml (health: path)", None),
            ],
        ),
        Barrier::Unknown { because } => (
            CauseCode::Inconclusive,
            format!("the gate did not get to the service at {url}: {because}"),
            vec![fix("ask it yourself", Some(ask(url)))],
        ),
    }
}

/// The barrier at which a node was not let in.
pub(super) fn barrier(node: &NodeRecord) -> Option<(&str, &Barrier)> {
    match &node.outcome {
        Some(Outcome::Inconclusive { why: Inconclusive::AccessDenied { url, barrier } }) => {
            Some((url, barrier))
        }
        Some(
            Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => None,
    }
}

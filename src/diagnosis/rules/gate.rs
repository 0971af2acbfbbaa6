//! Causes that lie with the gate: a missing permission, a place it cannot see, or no answer.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cause::CauseCode;
use super::super::view::{View, speaks_of_the_service};
use super::super::{Cause, Confidence, Evidence, Fix};
use super::postgres::files;
use super::{barrier, invoker};
use crate::model::resource::project_of;
use crate::record::finding::Finding;
use crate::record::{Inconclusive, NodeRecord, Outcome, Skip, words};
use crate::text::shell::command;

/// What keeps the gate from finding out, in the order in which it is worth fixing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Obstacle {
    Permission,
    Invoker,
    Token,
    Barrier,
    Api(String),
    Vantage,
    Inconclusive,
}

/// The causes for which the obligations that rest on `nodes` could not be decided: one an obstacle.
pub(in super::super) fn causes<'a>(view: &View<'a>, nodes: &[&'a NodeRecord]) -> Vec<Cause> {
    let mut groups: BTreeMap<Obstacle, Vec<&NodeRecord>> = BTreeMap::new();
    for node in nodes {
        if let Some(obstacle) = obstacle(node) {
            groups.entry(obstacle).or_default().push(node);
        }
    }
    // Whoever grants one permission wants to grant all: also those that only other checks lack.
    if let Some(refused) = groups.get_mut(&Obstacle::Permission) {
        let others = view.nodes.iter().copied().filter(|node| obstacle(node) == Some(Obstacle::Permission));
        let others: Vec<&NodeRecord> =
            others.filter(|node| !refused.iter().any(|known| known.key() == node.key())).collect();
        refused.extend(others);
    }
    groups.into_iter().map(|(obstacle, nodes)| cause(view, &obstacle, &nodes)).collect()
}

/// The one cause where the record itself holds no reason.
pub(in super::super) fn nothing_found_out(service: &str, claim: String) -> Cause {
    Cause {
        code: CauseCode::Inconclusive,
        service: service.to_owned(),
        chain: vec![claim.clone()],
        claim,
        confidence: Confidence::Proven,
        evidence: Vec::new(),
        suspects: Vec::new(),
        fix: Vec::new(),
        place: None,
        symptoms_in: Vec::new(),
    }
}

/// The cause for a declared database that nothing proved.
pub(in super::super) fn database_unproven(view: &View<'_>, nodes: &[&NodeRecord]) -> Cause {
    let why = nodes.iter().map(|node| words::outcome(node.outcome.as_ref())).next();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    let claim = format!(
        "nothing proved the database of {}: its health answer does not name it, and no login was made from inside \
         its network{why}",
        view.service.name
    );
    let mut cause = nothing_found_out(&view.service.key, claim);
    cause.code = CauseCode::NotObservable;
    cause.evidence = evidence(nodes);
    cause.place = Some(view.service.place.clone());
    cause.fix = ways_to_a_proof(view);
    cause
}

/// The three ways out of an unproven database.
pub(in super::super) fn ways_to_a_proof(view: &View<'_>) -> Vec<Fix> {
    let files = files(view);
    let fix = |text: &str, command: Option<String>| Fix { text: text.to_owned(), command };
    vec![
        fix(
            "let the health body name its database, as in {\"status\":\"healthy\",\"database\":\"up\"}",
            None,
        ),
        fix(
            "or run the gate inside the VPC, where it can log in as the service does",
            Some(format!("rungate check --vantage in-vpc --inspect-secrets {files}").trim_end().to_owned()),
        ),
        fix(
            "or accept it unproven",
            Some(format!("rungate check --accept-unproven database {files}").trim_end().to_owned()),
        ),
    ]
}

fn obstacle(node: &NodeRecord) -> Option<Obstacle> {
    match &node.outcome {
        Some(Outcome::Passed { .. } | Outcome::Blocked { .. }) => None,
        Some(Outcome::Failed { finding }) => {
            // What the gate's own machine cannot reach is a question of vantage; the rest is a finding.
            let elsewhere = matches!(finding, Finding::Postgres(_)) && !speaks_of_the_service(node);
            elsewhere.then_some(Obstacle::Vantage)
        }
        Some(Outcome::Skipped { reason }) => match reason {
            Skip::NotVisible { .. } | Skip::NotAllowed { .. } => Some(Obstacle::Vantage),
            Skip::NotApplicable { .. }
            | Skip::Unresolved { .. }
            | Skip::Interrupted { .. }
            | Skip::Deadline { .. } => Some(Obstacle::Inconclusive),
            Skip::Settled { .. } => None,
        },
        Some(Outcome::Inconclusive { why }) => Some(match why {
            Inconclusive::PermissionDenied { .. } => Obstacle::Permission,
            Inconclusive::ApiDisabled { api, .. } => Obstacle::Api(api.clone()),
            Inconclusive::InvokerDenied { .. } => Obstacle::Invoker,
            Inconclusive::TokenRejected { .. } => Obstacle::Token,
            Inconclusive::AccessDenied { .. } => Obstacle::Barrier,
            Inconclusive::NoCredentials { .. }
            | Inconclusive::Unavailable { .. }
            | Inconclusive::Malformed { .. }
            | Inconclusive::Deadline { .. }
            | Inconclusive::Defect { .. } => Obstacle::Inconclusive,
        }),
        None => Some(Obstacle::Inconclusive),
    }
}

fn cause(view: &View<'_>, obstacle: &Obstacle, nodes: &[&NodeRecord]) -> Cause {
    let (code, claim, fix) = match obstacle {
        Obstacle::Permission => permission(view, nodes),
        Obstacle::Invoker => invoker::invoker_denied(view, nodes),
        Obstacle::Token => invoker::token_rejected(view, nodes),
        Obstacle::Barrier => barrier::not_let_in(view, nodes),
        Obstacle::Api(api) => api_disabled(view, api, nodes),
        Obstacle::Vantage => {
            let claim = format!("only another vantage can see {}", checks(nodes));
            let inside = format!("rungate check --vantage in-vpc --inspect-secrets {}", files(view));
            let text = "run the gate inside the VPC, where it can see what the service sees".to_owned();
            (CauseCode::NotObservable, claim, vec![Fix { text, command: Some(inside) }])
        }
        Obstacle::Inconclusive => inconclusive(view, nodes),
    };
    Cause {
        code,
        service: view.service.key.clone(),
        chain: vec![claim.clone()],
        claim,
        confidence: Confidence::Proven,
        evidence: evidence(nodes),
        suspects: Vec::new(),
        fix,
        place: nodes.first().map(|node| node.place.clone()),
        symptoms_in: Vec::new(),
    }
}

fn permission(view: &View<'_>, nodes: &[&NodeRecord]) -> (CauseCode, String, Vec<Fix>) {
    let mut permissions = BTreeSet::new();
    let mut grants = BTreeSet::new();
    for node in nodes {
        if let Some(Outcome::Inconclusive {
            why: Inconclusive::PermissionDenied { permission, role, resource },
        }) = &node.outcome
        {
            permissions.insert(permission.as_str());
            let account = resource.split_once("/serviceAccounts/").map(|(_, account)| account);
            let project = project_of(resource).unwrap_or(&view.service.project);
            grants.insert((project, account, role.as_str()));
        }
    }
    let permissions: Vec<&str> = permissions.into_iter().collect();
    let claim = format!("missing permission: {}", permissions.join(", "));
    let mut fix: Vec<Fix> = grants
        .into_iter()
        .map(|(project, account, role)| match account {
            // A role on an account is granted at the account, to whoever acts as it.
            Some(account) => Fix {
                text: format!(
                    "grant whoever runs the gate {role} on {account} (put the principal for MEMBER)"
                ),
                command: Some(command([
                    "gcloud",
                    "iam",
                    "service-accounts",
                    "add-iam-policy-binding",
                    account,
                    "--member=MEMBER",
                    &format!("--role={role}"),
                ])),
            },
            None => Fix {
                text: format!("grant the gate's account {role} (put its address for GATE_ACCOUNT)"),
                command: Some(command([
                    "gcloud",
                    "projects",
                    "add-iam-policy-binding",
                    project,
                    "--member=serviceAccount:GATE_ACCOUNT",
                    &format!("--role={role}"),
                ])),
            },
        })
        .collect();
    fix.push(Fix {
        text: "see which account the gate asks as".to_owned(),
        command: Some("gcloud auth list --filter=status:ACTIVE".to_owned()),
    });
    (CauseCode::PermissionMissing, claim, fix)
}

fn api_disabled(view: &View<'_>, api: &str, nodes: &[&NodeRecord]) -> (CauseCode, String, Vec<Fix>) {
    let project = nodes.iter().find_map(|node| match &node.outcome {
        Some(Outcome::Inconclusive { why: Inconclusive::ApiDisabled { project, .. } }) => {
            Some(project.as_str())
        }
        Some(
            Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => None,
    });
    let project = project.unwrap_or(&view.service.project);
    let fix = Fix {
        text: "switch it on; that takes a minute or two".to_owned(),
        command: Some(command(["gcloud", "services", "enable", api, &format!("--project={project}")])),
    };
    (CauseCode::VpcApiDisabled, format!("{api} is switched off in project {project}"), vec![fix])
}

fn inconclusive(view: &View<'_>, nodes: &[&NodeRecord]) -> (CauseCode, String, Vec<Fix>) {
    let why = nodes.first().map_or_else(String::new, |node| words::outcome(node.outcome.as_ref()));
    let claim = format!("the gate did not find out {}: {why}", checks(nodes));
    let again = format!("rungate check {}", files(view));
    let mut fix = Vec::new();
    let mut add = |text: &str, command: Option<String>| {
        let one = Fix { text: text.to_owned(), command };
        if !fix.contains(&one) {
            fix.push(one);
        }
    };
    for node in nodes {
        match &node.outcome {
            Some(Outcome::Inconclusive { why: Inconclusive::NoCredentials { fix: Some(fix), .. } }) => {
                add(&fix.text, fix.command.clone());
            }
            Some(Outcome::Inconclusive { why: Inconclusive::NoCredentials { fix: None, .. } }) => {
                add("see as whom the gate asks (docs/authentication.md)", None);
            }
            Some(Outcome::Inconclusive {
                why: Inconclusive::Malformed { .. } | Inconclusive::Defect { .. },
            }) => {
                add("report it with the saved run", Some(format!("{again} --save-run run.json")));
            }
            Some(
                Outcome::Inconclusive { why: Inconclusive::Deadline { .. } }
                | Outcome::Skipped { reason: Skip::Deadline { .. } },
            ) => add("give the run more time", Some(format!("{again} --deadline 10m"))),
            Some(Outcome::Skipped { reason: Skip::Unresolved { .. } }) => {
                add("state the value in rungate.yaml, where the gate can read it", None);
            }
            Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }) => {
                add(
                    "see in the pipeline why there is nothing to check",
                    Some(format!("rungate read {}", files(view))),
                );
            }
            Some(
                Outcome::Passed { .. }
                | Outcome::Failed { .. }
                | Outcome::Blocked { .. }
                | Outcome::Skipped { .. }
                | Outcome::Inconclusive { .. },
            )
            | None => add("run the gate again", Some(again.clone())),
        }
    }
    (CauseCode::Inconclusive, claim, fix)
}

/// The checks of the nodes, each once.
fn checks(nodes: &[&NodeRecord]) -> String {
    let mut names: Vec<&str> = nodes.iter().map(|node| node.check.as_str()).collect();
    names.dedup();
    names.join(", ")
}

fn evidence(nodes: &[&NodeRecord]) -> Vec<Evidence> {
    let seen = |node: &&NodeRecord| Evidence {
        node: node.key(),
        vantage: node.vantage,
        text: words::outcome(node.outcome.as_ref()),
    };
    nodes.iter().map(seen).collect()
}

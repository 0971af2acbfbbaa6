//! How a check stands to the diagnosis: what the formats show beside its outcome.

use crate::diagnosis::cause::CauseCode;
use crate::diagnosis::{Cause, Diagnosis, Met, Obligation, ServiceDiagnosis};
use crate::record::{Ended, Fact, NodeRecord, RunRecord};

/// The cause that a node is the root or a symptom of, among the causes of the verdict.
pub(super) fn cause_of<'a>(diagnosis: &'a Diagnosis, node: &NodeRecord) -> Option<&'a Cause> {
    let key = node.key();
    let speaks = |cause: &&Cause| cause.evidence.iter().any(|evidence| evidence.node == key);
    diagnosis.causes.iter().filter(|cause| concerns(cause, &node.service)).find(speaks)
}

/// Whether a cause is of a service, or explains its failure from another one.
pub(super) fn concerns(cause: &Cause, service: &str) -> bool {
    cause.service == service || cause.symptoms_in.iter().any(|one| one == service)
}

/// Whether the node is where the cause was seen, and not further up.
pub(super) fn is_root(cause: &Cause, node: &NodeRecord) -> bool {
    cause.evidence.first().is_some_and(|evidence| evidence.node == node.key())
}

/// Whether an obligation that is not met rests on the node.
pub(super) fn is_rested_on(diagnosis: &Diagnosis, node: &NodeRecord) -> bool {
    let key = node.key();
    concluded(diagnosis, &node.service).is_some_and(|service| {
        service.obligations.iter().any(|obligation| match &obligation.met {
            Met::No { nodes } | Met::Unknown { nodes, .. } => nodes.contains(&key),
            Met::Yes { .. } | Met::Accepted => false,
        })
    })
}

/// The conclusion about a service.
pub(super) fn concluded<'a>(diagnosis: &'a Diagnosis, service: &str) -> Option<&'a ServiceDiagnosis> {
    diagnosis.services.iter().find(|one| one.service == service)
}

/// What a cause is called: the trouble of the gate itself is none of the service.
pub(super) fn label(code: CauseCode, at: usize) -> &'static str {
    let of_the_gate = matches!(
        code,
        CauseCode::PermissionMissing
            | CauseCode::NotObservable
            | CauseCode::Inconclusive
            | CauseCode::VpcApiDisabled
    );
    match (of_the_gate, at) {
        (true, _) => "open",
        (false, 0) => "root cause",
        (false, _) => "cause",
    }
}

/// What speaks for a cause, each once: several checks may have stopped at the same obstacle.
pub(super) fn proofs(cause: &Cause) -> Vec<(String, &str)> {
    let mut proofs: Vec<(String, &str)> = Vec::new();
    for evidence in &cause.evidence {
        let proof = (evidence.vantage.to_string(), evidence.text.as_str());
        if !proofs.contains(&proof) {
            proofs.push(proof);
        }
    }
    proofs
}

/// An obligation's state in words.
pub(super) fn state(obligation: &Obligation) -> String {
    match &obligation.met {
        Met::Yes { .. } => "yes".to_owned(),
        Met::No { .. } => "no".to_owned(),
        Met::Unknown { because, .. } => format!("unknown ({because})"),
        Met::Accepted => "accepted unproven".to_owned(),
    }
}

/// What was observed besides, and a reader should know; each once.
pub(super) fn notes(nodes: &[&NodeRecord]) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for fact in nodes.iter().flat_map(|node| &node.facts) {
        let note = match fact {
            Fact::Note { text } => text.clone(),
            Fact::SignalsDisagree { status, body } => format!(
                "status and body of the health answer disagree: {status}, and the body says {body}; the worse counts"
            ),
            // An advice of its own.
            Fact::ServerPassedOver { .. }
            | Fact::DependencyUp { .. }
            | Fact::HealthAttempt { .. }
            | Fact::ColdStart { .. }
            | Fact::PostgresServer { .. } => continue,
        };
        if !shown.contains(&note) {
            shown.push(note);
        }
    }
    shown
}

/// What ended the run before its checks did, in a sentence.
pub(super) fn ended(record: &RunRecord) -> Option<String> {
    match &record.ended_by {
        Some(Ended::Deadline { seconds }) => {
            Some(format!("The deadline of {seconds} s ended the run before its checks did."))
        }
        Some(Ended::Signal { name }) => Some(format!("{name} ended the run before its checks did.")),
        Some(Ended::Refusal { .. }) => Some("The run did not begin.".to_owned()),
        None => None,
    }
}

/// Causes of a service that the record does not list: of the run as a whole.
pub(super) fn homeless<'a>(record: &RunRecord, diagnosis: &'a Diagnosis) -> Vec<&'a Cause> {
    let known = |cause: &&Cause| record.services.iter().any(|service| service.key == cause.service);
    diagnosis.causes.iter().filter(|cause| !known(cause)).collect()
}

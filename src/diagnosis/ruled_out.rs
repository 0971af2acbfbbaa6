//! What the record rules out: causes that would explain the symptom, had their check not passed. Which check rules out which cause is a
//! column of the catalogue.

use super::view::View;
use super::{Cause, Evidence, Met, Obligation, RuledOut};
use crate::catalogue::{CAUSES, CauseCode};
use crate::record::{CheckId, Vantage, check_id, words};

/// Checks of the way there: of these only a pass from the service's own network counts. The others are about the server
/// or the control plane, where any vantage sees the same.
const FROM_INSIDE: &[CheckId] = &[check_id::DATABASE_NAME_RESOLVES, check_id::DATABASE_PORT_OPEN];

/// What was ruled out among the things that would explain what is unmet or open.
pub(super) fn ruled_out<'a>(
    view: &View<'_>,
    obligations: &[Obligation],
    causes: impl Iterator<Item = &'a Cause>,
) -> Vec<RuledOut> {
    let named: Vec<CauseCode> = causes.map(|cause| cause.code).collect();
    let symptoms = symptoms(view, obligations);
    let rules_out = |check: CheckId| {
        let relevant = symptoms.iter().any(|symptom| view.graph.explains(check, *symptom));
        let inside = view.of(check).all(|node| node.vantage == Vantage::InVpc);
        relevant && view.held(check) && (inside || !FROM_INSIDE.contains(&check))
    };
    let unnamed = CAUSES.iter().copied().filter(|code| !named.contains(code));
    let mut found: Vec<RuledOut> = unnamed
        .filter_map(|code| {
            let check = *code.ruled_out_by().iter().find(|check| rules_out(**check))?;
            let node = view.of(check).next()?;
            let text = words::outcome(node.outcome.as_ref());
            let by = Evidence { node: node.key(), vantage: node.vantage, text };
            Some(RuledOut { service: view.service.key.clone(), code, by })
        })
        .collect();
    // What one check rules out stands together.
    let nodes: Vec<String> = found.iter().map(|one| one.by.node.clone()).collect();
    found.sort_by_key(|one| nodes.iter().position(|node| *node == one.by.node));
    found
}

/// The checks that show an obligation to be unmet, or leave it open.
fn symptoms(view: &View<'_>, obligations: &[Obligation]) -> Vec<CheckId> {
    let nodes = obligations.iter().flat_map(|obligation| match &obligation.met {
        Met::No { nodes } | Met::Unknown { nodes, .. } => nodes.as_slice(),
        Met::Yes { .. } | Met::Accepted => &[],
    });
    nodes.filter_map(|key| view.by_key(key)).map(|node| node.check).collect()
}

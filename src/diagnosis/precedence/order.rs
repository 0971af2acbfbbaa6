//! Which roots are causes, and the order in which causes stand.
//!
//! The order has four steps, each decided by one function here: [`ranked`] (does a root show an obligation to be unmet,
//! leave one open, or neither), within a rank the causal order of [`explains::roots`], then [`sort`] (what may pass by
//! itself goes last), and [`line`] over all services.

use std::collections::BTreeSet;

use super::explains;
use crate::diagnosis::view::{View, speaks_of_the_service};
use crate::diagnosis::{Cause, Confidence, Met, Obligation};
use crate::record::{NodeRecord, Outcome, Skip};

/// What a root does to the obligations of its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnosis) enum Rank {
    /// It explains, or is, what shows an obligation to be unmet.
    Unmet,
    /// It stands in the way of an obligation that is open.
    Open,
    /// Neither: it is worth a note.
    Advisory,
}

/// The roots of a service with their rank, in causal order.
pub(in crate::diagnosis) fn ranked<'a>(
    view: &View<'a>,
    obligations: &[Obligation],
) -> Vec<(Rank, &'a NodeRecord)> {
    let open = open_nodes(view, obligations);
    let rank = |root: &NodeRecord| {
        if explains_unmet(view, root, obligations) {
            Rank::Unmet
        } else if explains_open(view, root, &open) {
            Rank::Open
        } else {
            Rank::Advisory
        }
    };
    explains::roots(view).into_iter().map(|root| (rank(root), root)).collect()
}

/// Orders the causes of one rank, which are in causal order: what is only likely, and may pass by itself, says less than
/// anything else that was seen.
pub(in crate::diagnosis) fn sort(causes: &mut [Cause]) {
    causes.sort_by_key(|cause| cause.confidence == Confidence::Likely && cause.code.waiting_helps());
}

/// The causes of all services by what they do, each group in the order of its services.
pub(in crate::diagnosis) struct Groups {
    pub(in crate::diagnosis) unmet: Vec<Cause>,
    pub(in crate::diagnosis) open: Vec<Cause>,
    pub(in crate::diagnosis) gate: Vec<Cause>,
    /// Why nothing, or not everything, can be said of the whole run.
    pub(in crate::diagnosis) of_the_run: Vec<Cause>,
}

/// All causes in one line: what was seen to be bad stands before what leaves something open, and that before the gate's
/// own trouble.
pub(in crate::diagnosis) fn line(groups: Groups) -> Vec<Cause> {
    let Groups { unmet, open, gate, of_the_run } = groups;
    [unmet, open, gate, of_the_run].concat()
}

/// Whether a root explains (or is) something that shows an obligation to be unmet.
pub(in crate::diagnosis) fn explains_unmet(
    view: &View<'_>,
    root: &NodeRecord,
    obligations: &[Obligation],
) -> bool {
    let mut explained: BTreeSet<String> =
        explains::symptoms(view, root).into_iter().map(NodeRecord::key).collect();
    explained.insert(root.key());
    obligations.iter().any(|obligation| match &obligation.met {
        Met::No { nodes } => nodes.iter().any(|node| explained.contains(node)),
        Met::Yes { .. } | Met::Unknown { .. } | Met::Accepted => false,
    })
}

/// Whether a root stands in the way of an open node: it blocks it, or would explain its failure.
fn explains_open(view: &View<'_>, root: &NodeRecord, open: &[&NodeRecord]) -> bool {
    speaks_of_the_service(root)
        && open.iter().any(|node| node.key() == root.key() || view.graph.explains(root.check, node.check))
}

/// The nodes that leave an obligation open, and what blocked them, in causal order.
fn open_nodes<'a>(view: &View<'a>, obligations: &[Obligation]) -> Vec<&'a NodeRecord> {
    let mut keys: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = obligations
        .iter()
        .flat_map(|obligation| match &obligation.met {
            Met::Unknown { nodes, .. } => nodes.clone(),
            Met::Yes { .. } | Met::No { .. } | Met::Accepted => Vec::new(),
        })
        .collect();
    while let Some(key) = waiting.pop() {
        let Some(node) = view.by_key(&key) else { continue };
        if !keys.insert(key) {
            continue;
        }
        match &node.outcome {
            Some(Outcome::Blocked { by } | Outcome::Skipped { reason: Skip::Settled { by } }) => {
                waiting.push(by.clone());
            }
            Some(
                Outcome::Passed { .. }
                | Outcome::Failed { .. }
                | Outcome::Skipped { .. }
                | Outcome::Inconclusive { .. },
            )
            | None => {}
        }
    }
    view.nodes.iter().copied().filter(|node| keys.contains(&node.key())).collect()
}

/// The open nodes that no finding already stands above: below such a root they cannot but stay open, and removing
/// what keeps the gate from looking there would show nothing new.
pub(in crate::diagnosis) fn still_open<'a>(
    view: &View<'a>,
    obligations: &[Obligation],
) -> Vec<&'a NodeRecord> {
    let open = open_nodes(view, obligations);
    // While the new revision does not serve, nothing can be said of its health or its database.
    if obligations.iter().any(|one| one.what == "serves" && matches!(one.met, Met::No { .. })) {
        return Vec::new();
    }
    let roots: Vec<&NodeRecord> =
        explains::roots(view).into_iter().filter(|root| explains_unmet(view, root, obligations)).collect();
    let below = |node: &NodeRecord| roots.iter().any(|root| view.graph.explains(root.check, node.check));
    // The steps to the database prove one thing together, so what stands above one stands above all.
    let of_database = |node: &NodeRecord| view.is_of_database(node.check);
    let no_database = open.iter().any(|node| of_database(node) && below(node));
    open.into_iter().filter(|node| !(below(node) || no_database && of_database(node))).collect()
}

//! Whether waiting can still change anything: for ending a run early.

use super::{across, explains, order};
use crate::diagnosis::view::View;
use crate::diagnosis::{Confidence, obligations, rules};
use crate::record::{Graph, NodeRecord, RunRecord, Vantage};

/// The services of a running record whose fate is sealed, each with the key of the node that seals it.
pub(in crate::diagnosis) fn settled(record: &RunRecord, graph: &Graph) -> Vec<(String, String)> {
    let views: Vec<View<'_>> =
        record.services.iter().map(|service| View::new(record, graph, service)).collect();
    let mut sealed: Vec<(String, String)> =
        views.iter().filter_map(|view| Some((view.service.key.clone(), seal(view)?))).collect();
    // What names a sealed service waits for it in vain, through any number of calls.
    loop {
        let open = views.iter().filter(|view| sealed.iter().all(|(key, _)| *key != view.service.key));
        let Some(more) = open.into_iter().find_map(|view| {
            let (_, by) = sealed.iter().find(|(key, _)| waits_for(view, key))?;
            Some((view.service.key.clone(), by.clone()))
        }) else {
            return sealed;
        };
        sealed.push(more);
    }
}

/// Whether all that is wrong with a service is that it names another one as bad.
fn waits_for(view: &View<'_>, callee: &str) -> bool {
    let Some(call) = view.service.calls.iter().find(|call| call.service == callee) else { return false };
    let Some(callee) = view.record.services.iter().find(|service| service.key == callee) else {
        return false;
    };
    let obligations = obligations::obligations(view);
    let roots = explains::roots(view);
    let names = |root: &&NodeRecord| {
        let unfinished_above = view
            .nodes
            .iter()
            .any(|node| node.outcome.is_none() && view.graph.explains(node.check, root.check));
        let blame = root.finding().and_then(|finding| across::blame(finding, call, callee));
        !unfinished_above
            && matches!(blame, Some(across::Blame::Named | across::Blame::Alike))
            && order::explains_unmet(view, root, &obligations)
    };
    !roots.is_empty() && roots.iter().all(names)
}

/// Whether the gate itself dials the database there: it leads to a login, makes one, or builds on it.
fn proves_a_login(node: &NodeRecord) -> bool {
    match node.vantage {
        Vantage::Runner | Vantage::InVpc => true,
        Vantage::Pipeline | Vantage::ControlPlane | Vantage::Service => false,
    }
}

/// The node that seals a service: the root of an obligation already seen to be unmet, of a kind that waiting
/// does not help, with nothing above it still under way that might turn out to be the cause instead.
fn seal(view: &View<'_>) -> Option<String> {
    let obligations = obligations::obligations(view);
    let sealed = explains::roots(view).into_iter().find(|root| {
        let unfinished_above = view
            .nodes
            .iter()
            .any(|node| node.outcome.is_none() && view.graph.explains(node.check, root.check));
        let finished = root.outcome.is_some();
        let judgement = root.finding().map(|finding| rules::judge(view, root, finding));
        // A mere difference is the cause only where nothing deeper is, and that only the end of the run shows.
        let differs = root.finding().is_some_and(explains::differs_only);
        let lasting = !differs && judgement.as_ref().is_some_and(|judgement| !judgement.code.waiting_helps());
        // A login that works would refute what is only likely: that is worth waiting for.
        let open = judgement.is_some_and(|judgement| judgement.confidence == Confidence::Likely)
            && view.nodes.iter().any(|node| node.outcome.is_none() && proves_a_login(node));
        finished && lasting && !open && !unfinished_above && order::explains_unmet(view, root, &obligations)
    });
    sealed.map(|root| root.key())
}

//! Whether waiting can still change anything: for ending a run early.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{across, explains, order};
use crate::diagnosis::view::{View, nodes_by_service};
use crate::diagnosis::{Confidence, obligations, rules};
use crate::record::{Graph, NodeRecord, RunRecord, ServiceRecord, Vantage};

/// Which services of a running record are settled, kept from one look to the next: only what has changed is judged
/// again.
#[derive(Debug)]
pub struct Settling<'g> {
    graph: &'g Graph,
    /// The places of each service's nodes in the record.
    nodes: Vec<Vec<usize>>,
    /// The services that each service calls.
    calls: Vec<Vec<usize>>,
    /// The services that call each service.
    callers: Vec<Vec<usize>>,
    /// Each service that is settled, with the key of the node that settles it.
    settled: Vec<Option<String>>,
}

impl<'g> Settling<'g> {
    /// Nothing is settled yet. The services and checks of the record are those of all later looks.
    pub fn new(record: &RunRecord, graph: &'g Graph) -> Self {
        let mut by_service = nodes_by_service(record);
        let numbers: HashMap<&str, usize> = record
            .services
            .iter()
            .enumerate()
            .map(|(number, service)| (service.key.as_str(), number))
            .collect();
        let mut callers = vec![Vec::new(); record.services.len()];
        let mut calls = vec![Vec::new(); record.services.len()];
        for (caller, service) in record.services.iter().enumerate() {
            for callee in service.calls.iter().filter_map(|call| numbers.get(call.service.as_str())) {
                callers[*callee].push(caller);
                calls[caller].push(*callee);
            }
        }
        let nodes = record.services.iter().map(|one| by_service.remove(one.key.as_str()).unwrap_or_default());
        Self { graph, nodes: nodes.collect(), calls, callers, settled: vec![None; record.services.len()] }
    }

    /// Judges the services about which there is news, and those whose fate hangs on theirs. Of each that was judged: its
    /// number, and the key of the node that settles it.
    pub fn look(&mut self, record: &RunRecord, changed: &[usize]) -> Vec<(usize, Option<String>)> {
        let mut waiting: BTreeSet<usize> = changed.iter().copied().collect();
        let mut judged = BTreeMap::new();
        while let Some(service) = waiting.pop_first() {
            if service >= self.settled.len() {
                continue;
            }
            // Where nothing bad was seen, nothing can settle it: most services are asked about in vain.
            let view = self.is_bad(record, service).then(|| self.view(record, service)).flatten();
            let by = view.and_then(|view| seal(&view).or_else(|| self.by_a_callee(record, &view, service)));
            match (by.is_some(), self.settled[service].is_some()) {
                // What names a settled service waits for it in vain, through any number of calls.
                (true, false) => waiting.extend(self.callers[service].iter().copied()),
                // Others may hang on it in a circle, so that all are asked anew. Once settled, few come back.
                (false, true) => {
                    self.settled.fill(None);
                    waiting.extend(0..self.settled.len());
                }
                (true, true) | (false, false) => {}
            }
            self.settled[service].clone_from(&by);
            judged.insert(service, by);
        }
        judged.into_iter().collect()
    }

    fn is_bad(&self, record: &RunRecord, service: usize) -> bool {
        let mut nodes =
            self.nodes.get(service).into_iter().flatten().filter_map(|&index| record.nodes.get(index));
        nodes.any(|node| node.finding().is_some())
    }

    fn view<'a>(&'a self, record: &'a RunRecord, service: usize) -> Option<View<'a>> {
        let nodes = self.nodes.get(service)?.iter().filter_map(|&index| record.nodes.get(index));
        Some(View::of_nodes(record, self.graph, record.services.get(service)?, nodes))
    }

    /// What settles a service that this one calls, where it waits for nothing else.
    fn by_a_callee(&self, record: &RunRecord, view: &View<'_>, service: usize) -> Option<String> {
        self.calls[service].iter().find_map(|&callee| {
            let by = self.settled[callee].as_ref()?;
            waits_for(view, record.services.get(callee)?).then(|| by.clone())
        })
    }
}

/// The services of a running record that are settled, by their keys, each with the key of the node that settles it.
pub(in crate::diagnosis) fn settled(record: &RunRecord, graph: &Graph) -> Vec<(String, String)> {
    let all: Vec<usize> = (0..record.services.len()).collect();
    let judged = Settling::new(record, graph).look(record, &all);
    judged
        .into_iter()
        .filter_map(|(number, by)| Some((record.services.get(number)?.key.clone(), by?)))
        .collect()
}

/// Whether all that is wrong with a service is that it names another one as bad.
fn waits_for(view: &View<'_>, callee: &ServiceRecord) -> bool {
    let Some(call) = view.service.calls.iter().find(|call| call.service == callee.key) else { return false };
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

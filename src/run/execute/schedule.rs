//! What may begin: kept up to date at each end of a node, so that nobody has to walk through the plan to see it.

use std::collections::{BTreeSet, HashMap};

use crate::plan::Plan;
use crate::record::CheckId;

/// The nodes of a plan by what they wait for. All lists are ordered as the plan is, so that causes are asked for before
/// their symptoms.
pub(super) struct Schedule {
    /// For each node, those that need it, or begin after it.
    waiting_for: Vec<Vec<usize>>,
    /// For each node, how many of those that it waits for have not ended. Ended nodes are never counted again.
    open: Vec<usize>,
    /// The nodes of each target.
    of_target: Vec<Vec<usize>>,
    /// Each node's target.
    targets: Vec<usize>,
    /// For each check of a target: how many of its nodes have not ended, and whether all others passed.
    siblings: HashMap<(usize, CheckId), (usize, bool)>,
    /// Each node's check.
    checks: Vec<CheckId>,
    /// Nodes for which something has changed.
    look_at: BTreeSet<usize>,
    /// Nodes that wait for nothing but a free place.
    ready: BTreeSet<usize>,
    /// Targets about which there is news.
    changed: BTreeSet<usize>,
}

impl Schedule {
    pub(super) fn new(plan: &Plan) -> Self {
        let count = plan.nodes.len();
        let mut schedule = Self {
            waiting_for: vec![Vec::new(); count],
            open: vec![0; count],
            of_target: vec![Vec::new(); plan.targets.len()],
            targets: plan.nodes.iter().map(|node| node.target).collect(),
            siblings: HashMap::new(),
            checks: plan.nodes.iter().map(|node| node.check.id).collect(),
            look_at: (0..count).collect(),
            ready: BTreeSet::new(),
            changed: BTreeSet::new(),
        };
        for (index, node) in plan.nodes.iter().enumerate() {
            schedule.of_target[node.target].push(index);
            schedule.siblings.entry((node.target, node.check.id)).or_insert((0, true)).0 += 1;
            for &other in node.needs.iter().chain(&node.after) {
                schedule.waiting_for[other].push(index);
                schedule.open[index] += 1;
            }
        }
        schedule
    }

    /// The nodes of a target.
    pub(super) fn of_target(&self, target: usize) -> &[usize] {
        &self.of_target[target]
    }

    /// The next node for which something has changed.
    pub(super) fn next_to_look_at(&mut self) -> Option<usize> {
        self.look_at.pop_first()
    }

    /// Nothing hinders a node; it may begin once all that it waits for has ended.
    pub(super) fn ready_if_free(&mut self, index: usize) {
        if self.open[index] == 0 {
            self.ready.insert(index);
        }
    }

    /// The next node that may begin.
    pub(super) fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_first()
    }

    /// A node has ended. Where it was the last of its check for its target: the target, the check, and whether all of
    /// them passed.
    pub(super) fn ended(&mut self, index: usize, passed: bool) -> Option<(usize, CheckId, bool)> {
        self.changed(index);
        self.ready.remove(&index);
        for &waiting in &self.waiting_for[index] {
            self.open[waiting] = self.open[waiting].saturating_sub(1);
            self.look_at.insert(waiting);
        }
        let (target, check) = (self.targets[index], self.checks[index]);
        let (open, all) = self.siblings.get_mut(&(target, check))?;
        *open = open.saturating_sub(1);
        *all &= passed;
        (*open == 0).then_some((target, check, *all))
    }

    /// There is news about a node's target.
    pub(super) fn changed(&mut self, index: usize) {
        self.changed.insert(self.targets[index]);
    }

    /// The targets about which there is news since this was asked last.
    pub(super) fn take_changed(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }
}

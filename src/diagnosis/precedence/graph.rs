//! The causal graph: which check's failure explains which other check's failure.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::checks;
use crate::record::CheckId;

static OF_CHECKS: LazyLock<Graph> =
    LazyLock::new(|| Graph::new(checks::table(true).iter().map(|check| (check.id, check.explained_by))));

/// Checks in the order in which a request travels, and for each the checks whose failure can explain its own:
/// those it names, those that they name, and so on.
#[derive(Clone, Debug)]
pub struct Graph {
    ids: Vec<CheckId>,
    ancestors: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// The graph of [`checks::CHECKS`] and of those on request.
    pub fn of_checks() -> &'static Self {
        &OF_CHECKS
    }

    /// A graph of checks with the ids of what explains each. An unknown id explains nothing; a cycle does no
    /// harm: a check never explains itself.
    pub fn new<'a>(checks: impl IntoIterator<Item = (CheckId, &'a [CheckId])>) -> Self {
        let checks: Vec<(CheckId, &[CheckId])> = checks.into_iter().collect();
        let ids: Vec<CheckId> = checks.iter().map(|(id, _)| (*id).to_owned()).collect();
        let place = |id: &CheckId| ids.iter().position(|known| known == id);
        let parents: Vec<BTreeSet<usize>> = checks
            .iter()
            .map(|(_, explained_by)| explained_by.iter().filter_map(|id| place(id)).collect())
            .collect();
        let ancestors = (0..ids.len()).map(|start| reachable(start, &parents)).collect();
        Self { ids, ancestors }
    }

    /// The place of a check in causal order; a check that the graph does not know stands last.
    pub fn position(&self, id: CheckId) -> usize {
        self.ids.iter().position(|known| *known == id).unwrap_or(self.ids.len())
    }

    /// Whether a failure of `cause` can explain a failure of `symptom`.
    pub fn explains(&self, cause: CheckId, symptom: CheckId) -> bool {
        self.ancestors.get(self.position(symptom)).is_some_and(|above| above.contains(&self.position(cause)))
    }
}

/// Everything above `start`, without `start` itself.
fn reachable(start: usize, parents: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(one) = waiting.pop() {
        for &parent in parents.get(one).into_iter().flatten() {
            if parent != start && seen.insert(parent) {
                waiting.push(parent);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CheckId = CheckId::new("a");
    const B: CheckId = CheckId::new("b");
    const C: CheckId = CheckId::new("c");
    const D: CheckId = CheckId::new("d");
    const X: CheckId = CheckId::new("x");

    #[test]
    fn explains_through_any_number_of_links_and_never_backwards() {
        let graph = Graph::new([(A, &[][..]), (B, &[A]), (C, &[B]), (D, &[CheckId::new("nothing")])]);
        assert!(graph.explains(A, B) && graph.explains(A, C));
        assert!(!graph.explains(C, A) && !graph.explains(A, A));
        assert!(!graph.explains(A, D) && !graph.explains(X, C) && !graph.explains(A, X));
        assert!(graph.position(A) < graph.position(C) && graph.position(C) < graph.position(X));
    }

    #[test]
    fn a_cycle_neither_hangs_nor_makes_a_check_explain_itself() {
        let graph = Graph::new([(A, &[B][..]), (B, &[A])]);
        assert!(graph.explains(A, B) && graph.explains(B, A));
        assert!(!graph.explains(A, A));
    }
}

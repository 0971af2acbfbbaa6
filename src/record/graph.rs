//! The causal graph: which check's failure explains which other check's failure.
//!
//! It is all that is known of checks beside what they saw. Whoever judges or merges runs is given it, and asks it
//! instead of reading anything from the spelling of an id.

use std::collections::BTreeSet;

use super::{CheckId, Family};

/// What the graph is made of: a check, and its direct edges. An edge may stand at either end of it.
#[derive(Clone, Copy, Debug)]
pub struct Vertex<'a> {
    /// The check.
    pub id: CheckId,
    /// The part of the way that it is about.
    pub family: Family,
    /// The checks whose failure explains one of this check.
    pub explained_by: &'a [CheckId],
    /// The checks of which a failure is explained by one of this check.
    pub explains: &'a [CheckId],
}

/// Checks in the order in which a request travels, and for each the checks whose failure can explain its own:
/// those it names, those that they name, and so on.
#[derive(Clone, Debug)]
pub struct Graph {
    checks: Vec<(CheckId, Family)>,
    parents: Vec<BTreeSet<usize>>,
    ancestors: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// A graph of checks. An unknown id explains nothing; a cycle does no harm: a check never explains itself.
    pub fn new<'a>(checks: impl IntoIterator<Item = Vertex<'a>>) -> Self {
        let vertices: Vec<Vertex<'_>> = checks.into_iter().collect();
        let place = |id: CheckId| vertices.iter().position(|known| known.id == id);
        let parents: Vec<BTreeSet<usize>> = vertices
            .iter()
            .map(|vertex| {
                let stated_there = vertices.iter().filter(|other| other.explains.contains(&vertex.id));
                let above = vertex.explained_by.iter().copied().chain(stated_there.map(|other| other.id));
                above.filter_map(place).collect()
            })
            .collect();
        let ancestors = (0..vertices.len()).map(|start| reachable(start, &parents)).collect();
        Self {
            checks: vertices.iter().map(|vertex| (vertex.id, vertex.family)).collect(),
            parents,
            ancestors,
        }
    }

    /// The checks that explain a failure of one directly.
    pub fn direct(&self, id: CheckId) -> Vec<CheckId> {
        let direct = self.parents.get(self.position(id)).into_iter().flatten();
        direct.filter_map(|at| self.checks.get(*at)).map(|(id, _)| *id).collect()
    }

    /// The place of a check in causal order; a check that the graph does not know stands last.
    pub fn position(&self, id: CheckId) -> usize {
        self.checks.iter().position(|(known, _)| *known == id).unwrap_or(self.checks.len())
    }

    /// The family of a check; [`Family::Other`] where the graph does not know it.
    pub fn family(&self, id: CheckId) -> Family {
        self.checks.get(self.position(id)).map_or(Family::Other, |(_, family)| *family)
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

    fn graph(edges: &[(CheckId, &[CheckId])]) -> Graph {
        let vertex = |&(id, explained_by)| Vertex { id, family: Family::Vpc, explained_by, explains: &[] };
        Graph::new(edges.iter().map(vertex))
    }

    #[test]
    fn explains_through_any_number_of_links_and_never_backwards() {
        let graph = graph(&[(A, &[]), (B, &[A]), (C, &[B]), (D, &[CheckId::new("nothing")])]);
        assert!(graph.explains(A, B) && graph.explains(A, C));
        assert!(!graph.explains(C, A) && !graph.explains(A, A));
        assert!(!graph.explains(A, D) && !graph.explains(X, C) && !graph.explains(A, X));
        assert!(graph.position(A) < graph.position(C) && graph.position(C) < graph.position(X));
        assert_eq!((graph.family(A), graph.family(X)), (Family::Vpc, Family::Other));
    }

    #[test]
    fn an_edge_may_stand_at_either_end() {
        let vertex = |id, explained_by, explains| Vertex { id, family: Family::Vpc, explained_by, explains };
        let graph = Graph::new([vertex(A, &[], &[C]), vertex(B, &[A], &[]), vertex(C, &[B], &[])]);
        assert!(graph.explains(A, C) && graph.explains(B, C));
        assert_eq!(graph.direct(C), [A, B], "the first follows from the second, and is seen to be there");
    }

    #[test]
    fn a_cycle_neither_hangs_nor_makes_a_check_explain_itself() {
        let graph = graph(&[(A, &[B]), (B, &[A])]);
        assert!(graph.explains(A, B) && graph.explains(B, A));
        assert!(!graph.explains(A, A));
    }
}

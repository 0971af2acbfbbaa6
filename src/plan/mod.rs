//! From the model to a graph of checks: pure.

mod build;
mod calls;
mod journeys;

pub use build::{Defaults, PlanError, TableError, build};
pub use calls::{Call, calls};

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;

use crate::checks::Check;
use crate::model::{Place, Target, VariableSource};
use crate::record::{NodeKey, Role};

/// One check to be made.
#[derive(Clone, Debug)]
pub struct Node {
    /// Which of [`Plan::targets`].
    pub target: usize,
    /// The check.
    pub check: &'static Check,
    /// What it is about, where there are several.
    pub subject: Option<String>,
    /// Its role for the verdict.
    pub role: Role,
    /// The place in the pipeline that makes the gate ask.
    pub place: Place,
    /// Indices of the nodes that must have passed before; smaller than this node's own, but for journeys of other
    /// services.
    pub needs: Vec<usize>,
    /// Indices of the nodes that must have ended before, however they did.
    pub after: Vec<usize>,
    /// Whether it is made even if the service is settled without it: it does not wait for anything to change, and what it
    /// sees is worth showing.
    pub outlasts: bool,
}

/// What will be checked, of which service, and what waits for what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The files that it comes from.
    pub files: Vec<String>,
    /// The services.
    pub targets: Vec<Arc<Target>>,
    /// The checks, so ordered that needs stand before what needs them.
    pub nodes: Vec<Node>,
    /// The variables of the gate's environment that journeys ask for, as far as there are any.
    pub environment: BTreeMap<String, SecretString>,
}

impl Plan {
    /// The plan with the variables of the environment that its journeys ask for.
    #[must_use]
    pub fn given(mut self, variable: impl Fn(&str) -> Option<SecretString>) -> Self {
        let journeys = self.targets.iter().flat_map(|target| &target.service.journeys);
        let names = journeys.flat_map(|journey| &journey.variables).filter_map(|one| match &one.source {
            VariableSource::Environment(name) => Some(name.clone()),
            VariableSource::Secret { .. } | VariableSource::Value(_) => None,
        });
        self.environment = names.filter_map(|name| variable(&name).map(|value| (name, value))).collect();
        self
    }

    /// The key of a node, as the record names it.
    pub fn key(&self, node: &Node) -> String {
        NodeKey {
            service: &self.targets[node.target].key,
            check: node.check.id,
            subject: node.subject.as_deref(),
        }
        .to_string()
    }
}

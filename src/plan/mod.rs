//! From the model to a graph of checks: pure.

mod build;
mod place;

pub use build::{Defaults, PlanError, TableError, build};

use std::sync::Arc;

use crate::checks::Check;
use crate::model::{Place, Service};
use crate::run::record::{NodeKey, Role};

/// A service whose name, project and region are known, so that it can be asked about.
#[derive(Clone, Debug)]
pub struct Target {
    /// Unique in the plan: the name, with region and project added where several share it.
    pub key: String,
    /// Cloud Run's name of it.
    pub name: String,
    /// Project id.
    pub project: String,
    /// Region.
    pub region: String,
    /// Short name of the revision to judge, where the user names it; else the newest one is this deploy's.
    pub revision: Option<String>,
    /// All that the pipeline states.
    pub service: Service,
}

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
    /// Indices of the nodes that must have passed before; always smaller than this node's own.
    pub needs: Vec<usize>,
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
}

impl Plan {
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

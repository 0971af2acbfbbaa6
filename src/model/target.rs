//! A service that can be asked about.

use super::Service;

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

//! Building the plan.

use super::Plan;
use crate::model::Pipeline;

/// What the command line or the environment says where the files do not.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `--project`, else the environment's.
    pub project: Option<String>,
    /// `--region`, else the environment's.
    pub region: Option<String>,
}

/// Why no plan could be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {}

/// Builds the plan.
pub fn build(_pipeline: &Pipeline, _defaults: &Defaults) -> Result<Plan, PlanError> {
    Err(PlanError {})
}

//! What a deploy changes beside what it states: what it takes away, what it keeps, how far it lets the service grow.

use serde::{Deserialize, Serialize};

use super::{Place, Stated};

/// What a deploy does to the plain variables (or to the secrets) that the service has and that it does not state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OtherVariables {
    /// They stay (`--update-env-vars`, `--update-secrets`, the action's default); where it says so.
    Kept(Place),
    /// They are removed (`--set-env-vars`, `--set-secrets`, the action's `overwrite`); where it says so.
    Removed(Place),
}

/// How many instances there may be. Each is a number or, where the deploy restores what Cloud Run does by itself,
/// `default`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaling {
    /// The fewest of the new revision (`--min-instances`, `autoscaling.knative.dev/minScale`).
    pub min_instances: Option<Stated>,
    /// The most of the new revision (`--max-instances`, `autoscaling.knative.dev/maxScale`).
    pub max_instances: Option<Stated>,
    /// The fewest of the whole service (`--min`, `run.googleapis.com/minScale`).
    pub service_min: Option<Stated>,
    /// The most of the whole service (`--max`, `run.googleapis.com/maxScale`).
    pub service_max: Option<Stated>,
}

impl Scaling {
    /// Whether nothing is stated.
    pub fn is_unstated(&self) -> bool {
        *self == Self::default()
    }
}

/// Something that a deploy takes away of what the service had before, beside [`OtherVariables`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// A plain variable of the ingress container (`--remove-env-vars`).
    Variable(String),
    /// A secret of the ingress container, by its target (`--remove-secrets`).
    Secret(String),
    /// The connector and the egress setting (`--clear-vpc-connector`).
    Connector,
    /// Direct VPC egress with its tags, and the egress setting (`--clear-network`).
    Network,
    /// The network tags (`--clear-network-tags`).
    NetworkTags,
    /// All Cloud SQL instances that it does not state (`--set-cloudsql-instances`, `--clear-cloudsql-instances`).
    OtherInstances,
    /// A Cloud SQL instance (`--remove-cloudsql-instances`).
    Instance(String),
}

//! The checks: one file each, one line each in [`CHECKS`].
//!
//! A check observes one fact that should hold, from one vantage. It names no cause: that is the diagnosis's
//! work, which sees all outcomes at once.

mod access;
mod before_deploy;
mod cloudsql_attached;
mod cloudsql_client_granted;
mod coherence;
mod configuration_kept;
mod connection;
mod credential_well_formed;
mod database;
mod database_login;
mod database_name_resolves;
mod database_port_open;
mod database_query;
mod database_speaks_postgres;
mod egress_carries_database;
mod facts;
mod health_healthy;
mod instance_admits_service;
mod instance_facts;
mod instance_has_address;
mod instance_has_database;
mod instance_has_user;
mod instance_iam_login;
mod instance_is_postgres;
mod instance_running;
mod instance_tls_agrees;
mod network_facts;
mod revision_ready;
mod revision_serving;
mod scope;
mod secret_intact;
mod secret_readable;
mod secret_references_match;
mod secret_version_current;
mod secret_version_enabled;
mod service_account_matches;
mod service_exists;
mod service_log_quiet;
mod siblings;
#[cfg(test)]
mod testing;
mod variables_filled;
mod variables_injected;
mod vpc_access_matches;
mod vpc_access_present;
mod vpc_connector_in_region;
mod vpc_connector_ready;
mod vpc_network_matches;
mod way;

pub use before_deploy::BEFORE_DEPLOY;
pub use scope::{Notes, RunSettings, Scope};
pub use siblings::{Progress, Siblings};

use futures::future::BoxFuture;

use crate::model::Service;
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::Role;

/// A check, as data.
pub struct Check {
    /// Stable id in kebab-case, worded as a fact that should hold: `vpc-connector-ready`.
    pub id: &'static str,
    /// The fact in one sentence: "The VPC connector is ready".
    pub holds: &'static str,
    /// Where it observes from. [`Vantage::Runner`] stands for "where the gate dials from", which `--vantage`
    /// changes to [`Vantage::InVpc`].
    pub vantage: Vantage,
    /// What it is for the verdict, unless the native file says otherwise.
    pub role: Role,
    /// Ids of the checks that must have passed before this one can start; else it is blocked.
    pub needs: &'static [&'static str],
    /// Ids of the checks whose failure explains a failure of this one (the edges of the causal graph; the
    /// diagnosis takes the transitive closure).
    pub explained_by: &'static [&'static str],
    /// What it is about, for a service: nothing to check, the service as a whole, or several subjects.
    pub subjects: fn(&Service) -> Subjects,
    /// Observes. Never panics, never waits longer than the settings' time-outs; the executor may drop it at any
    /// await point.
    pub run: for<'a> fn(&'a Scope) -> BoxFuture<'a, Outcome>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Check").field(&self.id).finish()
    }
}

/// What a check is about, for one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subjects {
    /// The pipeline states nothing that this check could be about: it is not planned.
    None,
    /// The service as a whole.
    Whole,
    /// One node for each, named after it.
    Each(Vec<String>),
}

/// Every check, in the order in which a request travels: causes stand above their symptoms.
pub static CHECKS: &[&Check] = &[
    &service_exists::CHECK,
    &variables_injected::CHECK,
    &variables_filled::CHECK,
    &secret_references_match::CHECK,
    &service_account_matches::CHECK,
    &secret_version_enabled::CHECK,
    &secret_readable::CHECK,
    &secret_version_current::CHECK,
    &secret_intact::CHECK,
    &credential_well_formed::CHECK,
    &vpc_access_present::CHECK,
    &vpc_connector_in_region::CHECK,
    &vpc_connector_ready::CHECK,
    &vpc_network_matches::CHECK,
    &egress_carries_database::CHECK,
    &vpc_access_matches::CHECK,
    &configuration_kept::CHECK,
    &way::SUBNET,
    &way::RANGES,
    &way::PRIVATE_ACCESS,
    &way::EGRESS_FIREWALL,
    &way::ROUTE,
    &way::INGRESS_FIREWALL,
    &way::NAT,
    &instance_running::CHECK,
    &instance_is_postgres::CHECK,
    &instance_has_address::CHECK,
    &cloudsql_attached::CHECK,
    &instance_admits_service::CHECK,
    &instance_tls_agrees::CHECK,
    &instance_has_database::CHECK,
    &instance_has_user::CHECK,
    &instance_iam_login::CHECK,
    &cloudsql_client_granted::CHECK,
    &database_name_resolves::CHECK,
    &database_port_open::CHECK,
    &database_speaks_postgres::CHECK,
    &database_login::CHECK,
    &database_query::CHECK,
    &service_log_quiet::CHECK,
    &revision_ready::CHECK,
    &revision_serving::CHECK,
    &health_healthy::CHECK,
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}

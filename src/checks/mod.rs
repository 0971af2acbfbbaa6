//! The checks: one file each, one line each in [`CHECKS`].
//!
//! A check observes one fact that should hold, from one vantage. It names no cause: that is the diagnosis's
//! work, which sees all outcomes at once.

mod before_deploy;
mod database;
mod health;
mod injection;
mod instance;
mod journey;
mod service;
mod vpc;

pub use before_deploy::BEFORE_DEPLOY;
pub(crate) use journey::subjects as journey_steps;

use futures::future::BoxFuture;

use crate::live::Scope;
use crate::model::Service;
use crate::record::{CheckId, Outcome, Role, Vantage, check_id};

/// A check, as data.
pub struct Check {
    /// Stable id in kebab-case, worded as a fact that should hold: `vpc-connector-ready`.
    pub id: CheckId,
    /// The fact in one sentence: "The VPC connector is ready".
    pub holds: &'static str,
    /// Where it observes from. [`Vantage::Runner`] stands for "where the gate dials from", which `--vantage`
    /// changes to [`Vantage::InVpc`].
    pub vantage: Vantage,
    /// What it is for the verdict, unless the native file says otherwise.
    pub role: Role,
    /// Ids of the checks that must have passed before this one can start; else it is blocked.
    pub needs: &'static [CheckId],
    /// Ids of the checks whose failure explains a failure of this one (the edges of the causal graph; the
    /// diagnosis takes the transitive closure).
    pub explained_by: &'static [CheckId],
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
    &service::service_exists::CHECK,
    &injection::variables_injected::CHECK,
    &injection::variables_filled::CHECK,
    &injection::secret_references_match::CHECK,
    &service::service_account_matches::CHECK,
    &injection::secret_version_enabled::CHECK,
    &injection::secret_readable::CHECK,
    &injection::secret_version_current::CHECK,
    &injection::secret_intact::CHECK,
    &injection::credential_well_formed::CHECK,
    &vpc::vpc_access_present::CHECK,
    &vpc::vpc_connector_in_region::CHECK,
    &vpc::vpc_connector_ready::CHECK,
    &vpc::vpc_network_matches::CHECK,
    &vpc::egress_carries_database::CHECK,
    &vpc::vpc_access_matches::CHECK,
    &service::configuration_kept::CHECK,
    &vpc::way::SUBNET,
    &vpc::way::RANGES,
    &vpc::way::PRIVATE_ACCESS,
    &vpc::way::EGRESS_FIREWALL,
    &vpc::way::ROUTE,
    &vpc::way::INGRESS_FIREWALL,
    &vpc::way::NAT,
    &instance::instance_running::CHECK,
    &instance::instance_is_postgres::CHECK,
    &instance::instance_has_address::CHECK,
    &instance::cloudsql_attached::CHECK,
    &instance::instance_admits_service::CHECK,
    &instance::instance_tls_agrees::CHECK,
    &instance::instance_has_database::CHECK,
    &instance::instance_has_user::CHECK,
    &instance::instance_iam_login::CHECK,
    &instance::cloudsql_client_granted::CHECK,
    &database::database_name_resolves::CHECK,
    &database::database_port_open::CHECK,
    &database::database_speaks_postgres::CHECK,
    &database::database_tls_agrees::CHECK,
    &database::database_login::CHECK,
    &instance::cloudsql_login::CHECK,
    &database::database_query::CHECK,
    &database::database_writable::CHECK,
    &database::database_has_headroom::CHECK,
    &database::expected::MIGRATED,
    &database::expected::EXTENSIONS,
    &database::expected::TABLES,
    &database::expected::PRIVILEGES,
    &database::expected::QUERIES,
    &service::service_log_quiet::CHECK,
    &service::revision_ready::CHECK,
    &service::revision_serving::CHECK,
    &health::health_healthy::CHECK,
    &journey::CHECK,
];

/// Checks that are made only where the user asks for them, because they make something at Google's.
pub static ON_REQUEST: &[&Check] = &[&vpc::connectivity_test::CHECK];

/// Every check in the order in which a request travels; with those on request, which stand behind the way that they
/// look at.
pub fn table(on_request: bool) -> Vec<&'static Check> {
    let mut table = CHECKS.to_vec();
    if on_request {
        let behind = table.iter().position(|check| check.id == vpc::way::NAT.id);
        let at = behind.map_or(table.len(), |at| at + 1);
        table.splice(at..at, ON_REQUEST.iter().copied());
    }
    table
}

/// Id of the check that dials a database by the way of Cloud SQL's connectors: from the public network.
pub(crate) const BY_CONNECTOR: CheckId = instance::cloudsql_login::CHECK.id;
/// Id of the check of health.
pub(crate) const HEALTH: CheckId = health::health_healthy::CHECK.id;
/// Id of the check of the steps of journeys.
pub(crate) const JOURNEYS: CheckId = check_id::JOURNEY_STEP_WORKS;

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().chain(ON_REQUEST).copied().find(|check| check.id == id)
}

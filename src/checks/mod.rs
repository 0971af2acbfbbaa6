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
mod place;
mod service;
mod vpc;

pub use before_deploy::BEFORE_DEPLOY;
pub(crate) use journey::subjects as journey_steps;

use std::sync::LazyLock;

use futures::future::BoxFuture;

use crate::live::Scope;
use crate::model::{Place, Service};
use crate::record::{CheckId, Family, Graph, Inconclusive, Outcome, Role, Vantage, Vertex, check_id};

/// A check, as data.
#[derive(Clone, Copy)]
pub struct Check {
    /// Stable id in kebab-case, worded as a fact that should hold: `vpc-connector-ready`.
    pub id: CheckId,
    /// The fact in one sentence: "The VPC connector is ready".
    pub holds: &'static str,
    /// The part of the way that it is about.
    pub family: Family,
    /// The place in the pipeline that makes the gate ask, for a service and the subject.
    pub place: for<'a> fn(&'a Service, Option<&str>) -> &'a Place,
    /// Where it observes from. [`Vantage::Runner`] stands for "where the gate dials from", see [`Dials`].
    pub vantage: Vantage,
    /// From where it dials a database, if it does.
    pub dials: Dials,
    /// What it is for the verdict, unless the native file says otherwise.
    pub role: Role,
    /// Ids of the checks that must have passed before this one can start; else it is blocked.
    pub needs: &'static [CheckId],
    /// Ids of the checks that must have ended before, however they did.
    pub after: &'static [CheckId],
    /// Ids of the checks whose failure explains a failure of this one directly (the edges of the causal graph). What
    /// explains those, the graph finds by itself: a test fails on an edge that follows from others.
    pub explained_by: &'static [CheckId],
    /// The same edges from their other end: ids of the checks whose failure this one's explains, so that a new check
    /// need not be written into the files of others.
    pub explains: &'static [CheckId],
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

/// From where a check dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dials {
    /// From where the gate stands, which is for `--vantage` to say.
    FromTheGate,
    /// From the public network, wherever the gate stands: by the way of Cloud SQL's connectors.
    FromOutside,
}

/// What most checks are: a fact that Google's APIs tell of the deployed service, and on which no verdict rests. Each
/// check says what it is itself, and in what it differs from this.
pub(crate) const USUAL: Check = Check {
    id: CheckId::new(""),
    holds: "",
    family: Family::Other,
    place: place::of_service,
    vantage: Vantage::ControlPlane,
    dials: Dials::FromTheGate,
    role: Role::Advisory,
    needs: &[check_id::SERVICE_EXISTS],
    after: &[],
    explained_by: &[],
    explains: &[],
    subjects: |_| Subjects::None,
    run: |_| Box::pin(async { defect("a check without a run") }),
};

/// A look as the run of a check: whether it came to its end or had to stop before, what it gives is the outcome.
fn either<'a>(look: impl Future<Output = Result<Outcome, Outcome>> + Send + 'a) -> BoxFuture<'a, Outcome> {
    Box::pin(async { look.await.unwrap_or_else(|outcome| outcome) })
}

/// [`either`] for a look that waits for nothing.
fn at_once<'a>(looked: Result<Outcome, Box<Outcome>>) -> BoxFuture<'a, Outcome> {
    Box::pin(std::future::ready(looked.unwrap_or_else(|outcome| *outcome)))
}

/// What cannot be unless rungate itself is wrong.
fn defect(detail: &str) -> Outcome {
    Outcome::Inconclusive { why: Inconclusive::Defect { detail: detail.to_owned() } }
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
    &injection::variables_not_empty::CHECK,
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
    &vpc::egress_covers_database::CHECK,
    &vpc::vpc_access_matches::CHECK,
    &service::configuration_unchanged::CHECK,
    &vpc::path::SUBNET,
    &vpc::path::RANGES,
    &vpc::path::PRIVATE_ACCESS,
    &vpc::path::EGRESS_FIREWALL,
    &vpc::path::ROUTE,
    &vpc::path::INGRESS_FIREWALL,
    &vpc::path::NAT,
    &instance::instance_running::CHECK,
    &instance::instance_is_postgres::CHECK,
    &instance::instance_has_address::CHECK,
    &instance::cloudsql_attached::CHECK,
    &instance::instance_allows_service::CHECK,
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
    &service::service_log_clean::CHECK,
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
        let behind = table.iter().position(|check| check.id == vpc::path::NAT.id);
        let at = behind.map_or(table.len(), |at| at + 1);
        table.splice(at..at, ON_REQUEST.iter().copied());
    }
    table
}

/// The graph of all checks, for those who judge what was seen.
pub fn graph() -> &'static Graph {
    static GRAPH: LazyLock<Graph> = LazyLock::new(|| {
        Graph::new(table(true).into_iter().map(|check| Vertex {
            id: check.id,
            family: check.family,
            explained_by: check.explained_by,
            explains: check.explains,
        }))
    });
    &GRAPH
}

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    CHECKS.iter().chain(ON_REQUEST).copied().find(|check| check.id == id)
}

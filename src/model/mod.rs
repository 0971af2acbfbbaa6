//! Plain data: what a pipeline says it deploys. No behaviour beyond looking things up.

mod changes;
mod database;
mod expectation;
mod health;
mod journey;
mod pool;
pub mod resource;
mod service;
mod target;
mod value;

pub use changes::{OtherVariables, Removal, Scaling};
pub use database::{
    AuthorityFile, Database, DatabaseVariables, Holds, holds_connection_string, infer as infer_database,
    names_postgres, usual_parts,
};
pub use expectation::{
    DatabaseExpectation, Gives, MigrationTool, Migrations, Number, PrivilegeExpectation, PrivilegeKind,
    QueryExpectation, migration_order,
};
pub use health::{CommitExpectation, Degraded, HeaderExpectation, HealthExpectation, ToldBy, is_reserved};
pub use journey::{
    Act, Authorization, Body, Capture, CaptureFrom, Comparison, Condition, Expectation, Head,
    JOURNEY_TIMEOUT, Journey, JourneyVariable, Json, Part, STEP_TIMEOUT, Step, Template, Test, To, Turn,
    VariableSource,
};
pub use pool::{POOL_OPTIONS, names_pool_size};
pub use service::{
    DeploysVia, SecretAlias, SecretReference, Service, Sidecar, StartupProbe, Variable, VpcAccess,
};
pub use target::Target;
pub use value::{Place, Stated, Value};

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Everything that was learnt from the files of one pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// The files that were read, in order, as the user named them.
    pub files: Vec<Arc<str>>,
    /// The services, in file order.
    pub services: Vec<Service>,
    /// Names of Cloud Run jobs that are deployed too; the gate does not check them.
    pub jobs: Vec<Stated>,
    /// The deadline that the native file states for the whole run.
    pub deadline: Option<Duration>,
}

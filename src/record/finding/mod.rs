//! What a failed check saw. Findings are observations: they name no cause.
//!
//! One enum a family, in the order in which a request travels; the rules that turn them into causes stand in
//! the files of the same names under `diagnosis/rules/`.

mod conversation;
mod credential;
mod database;
mod health;
mod injection;
mod instance;
mod journey;
mod log;
mod path;
mod postgres;
mod service;
mod trouble;

pub use crate::record::finding::conversation::{
    CertificateProblem, Ending, OtherEnd, OtherWay, Stage, Tried,
};
pub use credential::{CredentialFinding, Drivers, Unfit};
pub use database::DatabaseFinding;
pub(crate) use database::list;
pub use health::{Dependency, FrontEndSays, HealthFinding, KnownBy};
pub use injection::InjectionFinding;
pub use instance::{IamProblem, InstanceFinding};
pub use journey::JourneyFinding;
pub use log::LogFinding;
pub use path::{OwnOpinion, PathFinding};
pub use postgres::PostgresFinding;
pub use service::ServiceFinding;
pub use trouble::Trouble;

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a failed check saw instead of the fact that should hold. `Display` is one sentence: found, and expected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", content = "found", rename_all = "kebab-case")]
pub enum Finding {
    /// Service and revision.
    Service(ServiceFinding),
    /// Injection of configuration and secrets.
    Injection(InjectionFinding),
    /// Shape of the credential.
    Credential(CredentialFinding),
    /// Way to the database.
    Path(PathFinding),
    /// The Cloud SQL instance.
    Instance(InstanceFinding),
    /// Talking to PostgreSQL.
    Postgres(PostgresFinding),
    /// The database behind a login that works.
    Database(DatabaseFinding),
    /// The service's own log.
    Log(LogFinding),
    /// Health.
    Health(HealthFinding),
    /// What users do.
    Journey(JourneyFinding),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(finding) => finding.fmt(f),
            Self::Injection(finding) => finding.fmt(f),
            Self::Credential(finding) => finding.fmt(f),
            Self::Path(finding) => finding.fmt(f),
            Self::Instance(finding) => finding.fmt(f),
            Self::Postgres(finding) => finding.fmt(f),
            Self::Database(finding) => finding.fmt(f),
            Self::Log(finding) => finding.fmt(f),
            Self::Health(finding) => finding.fmt(f),
            Self::Journey(finding) => finding.fmt(f),
        }
    }
}

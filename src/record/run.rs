//! The record of a run: everything that was observed, and nothing that was concluded.
//!
//! It is serialisable, so that `--save-run` keeps it, `rungate report` judges it again offline, and every
//! real incident can become a test fixture. Secrets are redacted before it leaves [`crate::run::execute`].

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::finding::{Dependency, Finding, PostgresFinding};
use super::{CheckId, HealthAttempt, Outcome, Rollback, Vantage};
use crate::model::Place;

/// Version of the record's shape.
pub const RECORD_VERSION: u32 = 2;

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`RECORD_VERSION`].
    pub version: u32,
    /// Version of rungate that made it.
    pub rungate: String,
    /// When the run began.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The pipeline files that were read.
    pub files: Vec<String>,
    /// What ended the run before its checks did.
    pub ended_by: Option<Ended>,
    /// Whether it ran against the embedded sandbox.
    pub sandbox: bool,
    /// Where the database steps were made from.
    pub vantage: Vantage,
    /// What the user accepts without proof (`--accept-unproven`).
    pub accepted_unproven: Vec<Unproven>,
    /// The services, in plan order.
    pub services: Vec<ServiceRecord>,
    /// The checks, in plan order.
    pub nodes: Vec<NodeRecord>,
}

/// What ended a run early.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Ended {
    /// The deadline.
    Deadline {
        /// In seconds.
        seconds: u64,
    },
    /// A signal.
    Signal {
        /// Its name, `SIGINT` or `SIGTERM`.
        name: String,
    },
    /// A usage or pipeline-file problem: nothing ran.
    Refusal {
        /// The problem, as it was said on standard error.
        problem: String,
    },
}

impl RunRecord {
    /// The record of a run that did not begin.
    pub fn refused(problem: &str) -> Self {
        Self {
            version: RECORD_VERSION,
            rungate: env!("CARGO_PKG_VERSION").to_owned(),
            started: Timestamp::now(),
            duration_ms: 0,
            files: Vec::new(),
            ended_by: Some(Ended::Refusal { problem: problem.to_owned() }),
            sandbox: false,
            vantage: Vantage::Runner,
            accepted_unproven: Vec::new(),
            services: Vec::new(),
            nodes: Vec::new(),
        }
    }
}

/// An obligation that a user may accept without proof.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Unproven {
    /// That the declared database works.
    Database,
}

/// What is known of a service, for the texts of causes and fixes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Unique in the run: the name, with the region where several share it.
    pub key: String,
    /// Cloud Run's name of it.
    pub name: String,
    /// Project id.
    pub project: String,
    /// Region.
    pub region: String,
    /// Where the pipeline deploys it.
    pub place: Place,
    /// Its URL: stated, or Cloud Run's answer.
    pub url: Option<String>,
    /// Short name of the revision that this deploy created.
    pub revision: Option<String>,
    /// E-mail address of the account it runs as.
    pub service_account: Option<String>,
    /// The database that the pipeline declares.
    pub database: Option<DatabaseRecord>,
    /// The services of the run that it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallRecord>,
    /// What became of sending its traffic back (`--on-failure rollback`); `None`: not asked for, or not needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
}

/// A call from one service to another of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Key of the service that is called.
    pub service: String,
    /// How it is known: `depends_on`, or `variable NAME`.
    pub known: String,
    /// The origin to which the variable leads, where only the name in it says that it is that service: another project
    /// may have one of the same name. `None`: it is known for sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
}

/// What is known of a declared database. No secret part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseRecord {
    /// The variables that lead to it.
    pub variables: Vec<String>,
    /// Connection name of its Cloud SQL instance, where known.
    pub instance: Option<String>,
    /// Host as the service dials it, where known.
    pub host: Option<String>,
    /// Port as the service dials it, where known.
    pub port: Option<u16>,
    /// User, where known.
    pub user: Option<String>,
    /// Database name, where known.
    pub name: Option<String>,
    /// Variables that lead to further databases of the service, or to this one by another way: not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl DatabaseRecord {
    /// What this one knows, and what the other knows beside: each check learns some of it.
    #[must_use]
    pub fn or(self, known: Self) -> Self {
        Self {
            variables: if self.variables.is_empty() { known.variables } else { self.variables },
            instance: self.instance.or(known.instance),
            host: self.host.or(known.host),
            port: self.port.or(known.port),
            user: self.user.or(known.user),
            name: self.name.or(known.name),
            others: if self.others.is_empty() { known.others } else { self.others },
        }
    }
}

/// What a check is for the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// The verdict rests on it.
    Obligation,
    /// Shown, and read by the diagnosis; the verdict does not rest on it.
    Advisory,
}

/// One check of one service, perhaps of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Key of the service.
    pub service: String,
    /// Id of the check.
    pub check: CheckId,
    /// What it is about, where one service has several (the target of a secret).
    pub subject: Option<String>,
    /// Its role.
    pub role: Role,
    /// Where its observation is made.
    pub vantage: Vantage,
    /// The place in the pipeline that makes the gate ask.
    pub place: Place,
    /// Milliseconds from the run's start to the check's.
    pub started_ms: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its end; `None` only while the run lasts.
    pub outcome: Option<Outcome>,
    /// What a check that still waits has seen so far; only while the run lasts.
    #[serde(skip)]
    pub so_far: Option<Finding>,
    /// Further observations.
    pub facts: Vec<Fact>,
}

impl NodeRecord {
    /// The key by which other nodes name this one: `service/check` or `service/check[subject]`.
    pub fn key(&self) -> String {
        NodeKey { service: &self.service, check: self.check, subject: self.subject.as_deref() }.to_string()
    }

    /// What it saw to be bad: its finding, or while it still waits what it has seen so far.
    pub fn finding(&self) -> Option<&Finding> {
        match &self.outcome {
            Some(Outcome::Failed { finding }) => Some(finding),
            Some(
                Outcome::Passed { .. }
                | Outcome::Blocked { .. }
                | Outcome::Skipped { .. }
                | Outcome::Inconclusive { .. },
            ) => None,
            None => self.so_far.as_ref(),
        }
    }

    /// Whether it was seen to hold.
    pub fn passed(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Passed { .. }))
    }
}

/// The parts of a node's key.
#[derive(Clone, Copy, Debug)]
pub struct NodeKey<'a> {
    /// Key of the service.
    pub service: &'a str,
    /// Id of the check.
    pub check: CheckId,
    /// Subject, where there are several.
    pub subject: Option<&'a str>,
}

impl fmt::Display for NodeKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.check)?;
        self.subject.map_or(Ok(()), |subject| write!(f, "[{subject}]"))
    }
}

/// An observation that is neither a pass nor a failure by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// The service's own health answer names a dependency as up.
    DependencyUp {
        /// Which.
        dependency: Dependency,
    },
    /// One attempt at the health endpoint.
    HealthAttempt(HealthAttempt),
    /// The body and the status code of a health answer disagree.
    SignalsDisagree {
        /// HTTP status code.
        status: u16,
        /// What the body says.
        body: String,
    },
    /// The first healthy answer came after failing ones: a cold start.
    ColdStart {
        /// How many attempts failed before.
        failures: u32,
        /// Milliseconds from the first attempt to the first healthy one.
        after_ms: u64,
    },
    /// What PostgreSQL says of itself.
    PostgresServer {
        /// `server_version`.
        version: String,
        /// Whether it is a standby.
        in_recovery: bool,
    },
    /// A server of a connection string that names several does not serve, and another one does.
    ServerPassedOver {
        /// The server as it is stated, `host:port`.
        server: String,
        /// The server that is taken in its place.
        served_by: String,
        /// What came of it.
        finding: PostgresFinding,
    },
    /// Anything else worth showing, in one sentence.
    Note {
        /// The sentence.
        text: String,
    },
}

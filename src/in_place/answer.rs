//! What the probe says to machines: one JSON object, whose schema is `docs/schemas/probe.schema.json`.

use serde::{Deserialize, Serialize};

use super::family::Family;
use super::way::ProbeTarget;
use crate::probe::postgres::{Server, Slots};

/// Version of the answer's shape.
pub const ANSWER_VERSION: u32 = 1;

/// See the module. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// [`ANSWER_VERSION`].
    pub rungate_probe: u32,
    /// Version of rungate.
    pub rungate: String,
    /// The family of what was seen.
    pub family: Family,
    /// The exit status.
    pub exit_status: u8,
    /// What was seen, in one sentence.
    pub detail: String,
    /// The names of the variables that lead to the database.
    pub variables: Vec<String>,
    /// Host as the variables state it.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// The address that answered, or the path of the socket.
    pub address: Option<String>,
    /// User.
    pub user: Option<String>,
    /// Database name.
    pub database: Option<String>,
    /// Whether the session was encrypted; `null` where none came about.
    pub tls: Option<bool>,
    /// The SQLSTATE with which the server refused.
    pub sqlstate: Option<String>,
    /// What the server says of itself.
    pub server: Option<ServerAnswer>,
    /// Its connections.
    pub connections: Option<Connections>,
    /// The steps that were made, in order.
    pub steps: Vec<Step>,
    /// How long it took.
    pub took_ms: u64,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `variables`, `token`, `name`, `port`, `protocol`, `login`, `query`, `connections`.
    pub step: String,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What was seen.
    pub detail: String,
    /// How long it took.
    pub took_ms: u64,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum StepOutcome {
    /// Well.
    Passed,
    /// With something that should not be.
    Failed,
    /// It could not be found out.
    Unknown,
}

/// What the server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAnswer {
    /// `server_version`.
    pub version: String,
    /// Whether it is a standby.
    pub standby: bool,
    /// Whether transactions are read-only by default.
    pub read_only: bool,
}

impl From<Server> for ServerAnswer {
    fn from(server: Server) -> Self {
        Self { version: server.version, standby: server.in_recovery, read_only: server.read_only }
    }
}

/// The server's connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// `max_connections`.
    pub most: u32,
    /// Of those, reserved for others.
    pub reserved: u32,
    /// Held now, the probe's own included.
    pub in_use: u32,
    /// Held now by this user, the probe's own included.
    pub by_role: u32,
    /// The user's own limit.
    pub role_limit: Option<u32>,
    /// The database's own limit.
    pub database_limit: Option<u32>,
}

impl From<Slots> for Connections {
    fn from(slots: Slots) -> Self {
        let Slots { most, reserved, in_use, by_role, role_limit, database_limit, .. } = slots;
        Self { most, reserved, in_use, by_role, role_limit, database_limit }
    }
}

impl Answer {
    /// The answer before any step.
    pub(super) fn of(way: &ProbeTarget) -> Self {
        let connection = &way.connection;
        let mut answer = Self::unled(way.variables.clone(), String::new());
        answer.family = Family::Inconclusive;
        answer.host = Some(connection.host.clone());
        answer.port = Some(connection.port);
        answer.user = Some(connection.user.clone());
        answer.database = Some(connection.database.clone());
        answer
    }

    /// The answer where the variables lead nowhere.
    pub fn unled(variables: Vec<String>, why: String) -> Self {
        let steps = if why.is_empty() {
            Vec::new()
        } else {
            vec![Step {
                step: "variables".to_owned(),
                outcome: StepOutcome::Failed,
                detail: why.clone(),
                took_ms: 0,
            }]
        };
        Self {
            rungate_probe: ANSWER_VERSION,
            rungate: env!("CARGO_PKG_VERSION").to_owned(),
            family: Family::Variables,
            exit_status: Family::Variables.exit_status(),
            detail: why,
            variables,
            host: None,
            port: None,
            address: None,
            user: None,
            database: None,
            tls: None,
            sqlstate: None,
            server: None,
            connections: None,
            steps,
            took_ms: 0,
        }
    }

    pub(super) fn end(&mut self, family: Family, detail: String) {
        (self.family, self.exit_status, self.detail) = (family, family.exit_status(), detail);
    }
}

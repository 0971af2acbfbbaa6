//! Cloud Run services, their revisions, and how their code behaves.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::SecretString;

use super::deploy::Injected;
use super::{Flaw, NotStarted, VpcWorld};
use crate::model::{CommitExpectation, DatabaseExpectation, DatabaseVariables, ToldBy};

/// A Cloud Run service. No `Debug`: its variables may hold passwords.
#[derive(Clone)]
pub struct ServiceWorld {
    /// [`crate::model::Target::key`].
    pub key: String,
    /// Short name.
    pub name: String,
    /// Project id.
    pub project: String,
    /// Region.
    pub region: String,
    /// Its revisions, oldest first; the last one is the one that this deploy creates.
    pub revisions: Vec<RevisionWorld>,
    /// Where its traffic goes.
    pub traffic: Traffic,
    /// The tag that the deploy gives to the newest revision.
    pub tag: Option<String>,
    /// Whether everybody may invoke it.
    pub public: bool,
    /// What its front end does with the gate's account, where not everybody may invoke it.
    pub gate: Admits,
    /// The variables that lead to its database.
    pub database: Option<DatabaseVariables>,
    /// Where they lead.
    pub link: Option<DatabaseLink>,
    /// The path at which it reports its health.
    pub health_path: String,
    /// Keys of the services that it calls.
    pub calls: Vec<String>,
    /// Whether the pipeline states what its users do.
    pub walked: bool,
    /// The secrets of the clients that its token endpoint knows.
    pub clients: Vec<SecretString>,
    /// What the files expect of a health answer, beside its words.
    pub expects: Expects,
    /// How its door stands to requests from outside.
    pub door: DoorWorld,
}

/// What the files expect of a health answer, as far as the sandbox can meet it or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expects {
    /// Where the answer tells its revision.
    pub revision: Option<ToldBy>,
    /// Where it tells its commit, and which.
    pub commit: Option<CommitExpectation>,
    /// The slowest answer that counts.
    pub latency: Option<Duration>,
    /// Whether the files open the service to everybody by name (`ingress: all`).
    pub open: bool,
}

/// How the door of a service stands to requests from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DoorWorld {
    /// Open.
    #[default]
    Open,
    /// Requests from inside only.
    InsideOnly,
    /// Identity-Aware Proxy stands before it.
    Login,
    /// Every instance is taken, and no more may be started.
    Full,
}

/// What the front end of a private service does with the gate's account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admits {
    /// It may invoke.
    #[default]
    Account,
    /// It may not.
    Nobody,
    /// Its tokens are not taken at all.
    NoToken,
}

/// Where the variables of a service lead, as the pipeline has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseLink {
    /// Connection name of the instance (`project:region:instance`).
    pub instance: String,
    /// Whether the pipeline names the instance.
    pub stated: bool,
    /// The host: an address, a name, or a socket folder; where a library of Cloud SQL's dials, the connection name.
    pub host: String,
    /// The role.
    pub role: String,
    /// The database's name.
    pub name: String,
    /// What the pipeline expects to find there.
    pub expects: DatabaseExpectation,
}

/// Where the traffic of a service goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// To the newest revision that is ready.
    Latest,
    /// All of it to the revision of that short name.
    Pinned(String),
}

/// A revision. No `Debug`: its variables may hold passwords.
#[derive(Clone)]
pub struct RevisionWorld {
    /// Short name.
    pub name: String,
    /// Project id of its service.
    pub project: String,
    /// Image of the ingress container.
    pub image: String,
    /// Port of the ingress container.
    pub port: u16,
    /// E-mail address of the account that it runs as.
    pub service_account: String,
    /// Its variables, in order.
    pub env: Vec<EnvWorld>,
    /// Its mounted secrets, in order.
    pub mounts: Vec<Mount>,
    /// Its way into a VPC network.
    pub vpc: VpcWorld,
    /// Attached Cloud SQL instances (`project:region:instance`), reached by their `/cloudsql` sockets.
    pub cloudsql: Vec<String>,
    /// Instance that a proxy in a sidecar makes reachable on the loopback address.
    pub proxied: Option<String>,
    /// How its code behaves.
    pub code: Code,
    /// What keeps it from becoming ready, whatever its code does.
    pub flaw: Option<Flaw>,
    /// What became of its deploy.
    pub started: Started,
    /// Variables of an instance that was started before the deploy and still runs.
    pub running: Option<Injected>,
}

/// What became of a revision's deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// Not deployed yet.
    Pending,
    /// Cloud Run found it ready.
    Ready,
    /// Cloud Run refused it.
    Failed(NotStarted),
}

/// A variable of a revision. No `Debug`: its value may be a password.
#[derive(Clone)]
pub struct EnvWorld {
    /// Its name.
    pub name: String,
    /// Where its value comes from.
    pub value: EnvValue,
}

/// Where the value of a variable comes from.
#[derive(Clone)]
pub enum EnvValue {
    /// It stands in the revision.
    Plain(String),
    /// From Secret Manager, read when an instance starts.
    Secret {
        /// Project of the secret.
        project: String,
        /// Short name of the secret.
        secret: String,
        /// A number, an alias, or `latest`.
        version: String,
    },
}

/// A secret that is mounted as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Absolute path of the file.
    pub path: String,
    /// Project of the secret.
    pub project: String,
    /// Short name of the secret.
    pub secret: String,
    /// A number, an alias, or `latest`.
    pub version: String,
}

/// How the code of a revision behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Whether the container comes to listen on its port.
    pub starts: bool,
    /// What it has at its health path.
    pub health: HealthRoute,
    /// Whether it loses every connection of its pool and never gives one back.
    pub leaks_connections: bool,
    /// A cache that it needs too.
    pub redis: Option<SocketAddr>,
    /// Variables that it refuses to work without.
    pub requires: Vec<String>,
    /// How long it thinks before it tells its health.
    pub thinks: Duration,
    /// Whether it tells the revision and commit of another build.
    pub other_build: bool,
    /// The secret with which it checks tokens, where that is not the one that it is given.
    pub checks_tokens_with: Option<String>,
    /// What its chat does.
    pub chat: ChatRoute,
}

/// What the chat of the code does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChatRoute {
    /// It answers each message of a user who is known.
    #[default]
    Answers,
    /// It hangs up as soon as it is open.
    HangsUp,
}

/// What the code has at its health path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthRoute {
    /// It tries everything that it needs, and reports.
    Reports,
    /// It reports that it is unhealthy, and not why.
    Maintenance,
    /// A single-page application answers every path with its start page.
    StartPage,
    /// Nothing.
    Absent,
    /// It fails while it answers.
    Crashes,
    /// The whole process ends while it answers.
    Ends,
    /// It never answers.
    Hangs,
    /// Every second answer comes from a replica that lost its configuration.
    Flaps,
}

impl Default for Code {
    fn default() -> Self {
        Self {
            starts: true,
            health: HealthRoute::Reports,
            leaks_connections: false,
            redis: None,
            requires: Vec::new(),
            checks_tokens_with: None,
            chat: ChatRoute::Answers,
            thinks: Duration::ZERO,
            other_build: false,
        }
    }
}

impl ServiceWorld {
    /// The revision that this deploy created: the newest.
    pub fn newest(&self) -> Option<&RevisionWorld> {
        self.revisions.last()
    }

    /// The same, to change it.
    pub fn newest_mut(&mut self) -> Option<&mut RevisionWorld> {
        self.revisions.last_mut()
    }

    /// The newest revision that is ready.
    pub fn latest_ready(&self) -> Option<&RevisionWorld> {
        self.revisions.iter().rev().find(|revision| revision.started == Started::Ready)
    }

    /// The revision to which the tag leads: the newest, once it is ready.
    pub fn tagged(&self) -> Option<&RevisionWorld> {
        self.newest().filter(|revision| self.tag.is_some() && revision.started == Started::Ready)
    }

    /// The revision that receives the traffic.
    pub fn serving(&self) -> Option<&RevisionWorld> {
        match &self.traffic {
            Traffic::Latest => self.latest_ready(),
            Traffic::Pinned(name) => self.revisions.iter().find(|revision| revision.name == *name),
        }
    }

    /// `projects/P/locations/R/services/S`.
    pub fn resource(&self) -> String {
        format!("projects/{}/locations/{}/services/{}", self.project, self.region, self.name)
    }
}

impl RevisionWorld {
    /// The variable of that name.
    pub fn variable(&self, name: &str) -> Option<&EnvWorld> {
        self.env.iter().find(|variable| variable.name == name)
    }
}

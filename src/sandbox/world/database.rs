//! Cloud SQL instances and the PostgreSQL server that runs on each.

use std::net::IpAddr;

use ipnet::IpNet;
use secrecy::SecretString;

/// A Cloud SQL instance with its PostgreSQL server. No `Debug`: it holds passwords.
#[derive(Clone)]
pub struct InstanceWorld {
    /// Project id.
    pub project: String,
    /// Region.
    pub region: String,
    /// Short name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<InstanceAddress>,
    /// The network that its private addresses stand in, short name; `None`: it has no private address.
    pub network: Option<String>,
    /// What has its addresses.
    pub behind: Behind,
    /// Its state.
    pub state: InstanceState,
    /// Whether its owner wants it to run.
    pub activation: Activation,
    /// The port that the server listens on.
    pub port: u16,
    /// Whether anything listens there.
    pub listening: bool,
    /// What answers there.
    pub speaks: Speaks,
    /// Whether the server is still starting up.
    pub starting: bool,
    /// `max_connections`.
    pub max_connections: usize,
    /// Connections that others hold for as long as the world stands.
    pub held_connections: usize,
    /// What runs there.
    pub engine: Engine,
    /// Whether its disk is full, so that Cloud SQL shut it down.
    pub disk_full: bool,
    /// Whether it takes connections of Cloud SQL's connectors only.
    pub connectors_only: bool,
    /// What it demands of TLS where it is dialled.
    pub tls: TlsWorld,
    /// The networks that it admits at its public addresses.
    pub authorized: Vec<IpNet>,
    /// Whether the flag `cloudsql.iam_authentication` is on.
    pub iam_authentication: bool,
    /// Roles that log in.
    pub roles: Vec<RoleWorld>,
    /// Databases.
    pub databases: Vec<DatabaseWorld>,
}

/// One address of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceAddress {
    /// The address.
    pub ip: IpAddr,
    /// Whether it is reached through a VPC network only. A range of public addresses may be used privately.
    pub private: bool,
}

/// What has the addresses of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Cloud SQL, at addresses of its own.
    CloudSql,
    /// A virtual machine of the network: Cloud SQL knows nothing of it.
    Machine(MachineWorld),
    /// Cloud SQL, with a Private Service Connect endpoint that has its private addresses.
    Endpoint(EndpointWorld),
}

/// A virtual machine that runs a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineWorld {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub zone: String,
    /// Its network tags.
    pub tags: Vec<String>,
}

/// A Private Service Connect endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointWorld {
    /// Name of its forwarding rule.
    pub name: String,
    /// Its state.
    pub status: EndpointStatus,
}

/// The states of an endpoint, as the Compute Engine API names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    /// Connected.
    Accepted,
    /// Waits for the producer's consent.
    Pending,
    /// The producer refuses it.
    Rejected,
    /// The producer is gone.
    Closed,
}

/// The states of an instance, as the Cloud SQL Admin API names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    /// Running, or stopped by its owner: see [`Activation`].
    Runnable,
    /// Suspended by Google.
    Suspended,
    /// Under maintenance.
    Maintenance,
}

/// The activation policy of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// It runs.
    Always,
    /// Its owner stopped it.
    Never,
}

/// The engine of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL 15.
    Postgres,
    /// MySQL 8.0.
    MySql,
}

/// What an instance demands of TLS where it is dialled without a connector. The sandbox's servers offer none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsWorld {
    /// Nothing.
    Any,
    /// Encryption.
    Encrypted,
    /// Encryption and a client certificate.
    ClientCertificate,
}

/// How a role proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleKind {
    /// With its password.
    BuiltIn,
    /// With an access token of a service account; no password is ever right.
    IamServiceAccount,
}

/// The protocol that answers on the instance's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// PostgreSQL's.
    Postgres,
    /// HTTP.
    Http,
}

/// A role of the server. No `Debug`: it holds the password.
#[derive(Clone)]
pub struct RoleWorld {
    /// Its name.
    pub name: String,
    /// Its password; `None`: the server trusts it (`trust` in `pg_hba.conf`).
    pub password: Option<SecretString>,
    /// Whether it may log in (`LOGIN`).
    pub login: bool,
    /// How it proves who it is.
    pub kind: RoleKind,
}

/// A database of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseWorld {
    /// Its name.
    pub name: String,
    /// Whether it accepts connections (`datallowconn`).
    pub allows_connections: bool,
    /// Whether everybody may connect to it (`CONNECT` for `PUBLIC`).
    pub public_connect: bool,
    /// The rows of its table `users`.
    pub users: Vec<(i64, String)>,
}

impl InstanceWorld {
    /// `project:region:instance`.
    pub fn connection_name(&self) -> String {
        format!("{}:{}:{}", self.project, self.region, self.name)
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.state == InstanceState::Runnable && self.activation == Activation::Always && !self.disk_full
    }

    /// The role of that name.
    pub fn role(&self, name: &str) -> Option<&RoleWorld> {
        self.roles.iter().find(|role| role.name == name)
    }

    /// The database of that name.
    pub fn database(&self, name: &str) -> Option<&DatabaseWorld> {
        self.databases.iter().find(|database| database.name == name)
    }
}

impl DatabaseWorld {
    /// A database that works, with one user in its table.
    pub fn healthy(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            allows_connections: true,
            public_connect: true,
            users: vec![(1, "ada@example.com".to_owned())],
        }
    }
}

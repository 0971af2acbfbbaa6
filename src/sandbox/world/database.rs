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
    /// Whether it is a standby, which takes no writes.
    pub in_recovery: bool,
    /// `default_transaction_read_only`.
    pub read_only: bool,
    /// Connections that others hold for as long as the world stands.
    pub held_connections: usize,
    /// What runs there.
    pub engine: Engine,
    /// Whether its disk is full, so that Cloud SQL shut it down.
    pub disk_full: bool,
    /// Whether it takes connections of Cloud SQL's connectors only.
    pub connectors_only: bool,
    /// Whether what answers connectors at its public address shows another instance's certificate.
    pub impostor: bool,
    /// What it demands of TLS where it is dialled.
    pub tls: TlsWorld,
    /// The certificate with which it offers TLS.
    pub certificate: CertificateWorld,
    /// Whether its rules (`pg_hba.conf`) admit the hosts that dial it.
    pub admits_hosts: bool,
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

/// The certificate of a server. A good one is signed by the authority that the control plane tells of, and names the
/// instance, no address: as Cloud SQL's own authority does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateWorld {
    /// It has none, and offers no TLS.
    None,
    /// A good one.
    Good,
    /// One that is over.
    Expired,
    /// One that has not begun.
    NotYetValid,
    /// One of another authority.
    OtherAuthority,
}

/// What an instance demands of TLS where it is dialled without a connector.
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
    /// None: it hangs up on whoever speaks to it.
    Nothing,
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
    /// Its own limit of connections (`CONNECTION LIMIT`).
    pub connection_limit: Option<u32>,
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
    /// Its own limit of connections (`CONNECTION LIMIT`).
    pub connection_limit: Option<u32>,
    /// Its tables.
    pub tables: Vec<TableWorld>,
    /// The extensions that are installed.
    pub extensions: Vec<String>,
    /// What the services' roles may not do to schemas: schema and privilege, `USAGE` or `CREATE`.
    pub withheld: Vec<(String, String)>,
    /// What the pipeline says of queries that only a real server could answer.
    pub claims: Vec<Claim>,
}

/// A table of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableWorld {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<(String, Kind)>,
    /// Its rows, with a cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// What the services' roles may not do to it: `SELECT`, `INSERT`, ….
    pub withheld: Vec<String>,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `boolean`.
    Truth,
    /// `integer`.
    Int,
    /// `bigint`.
    Long,
    /// `text`.
    Text,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// NULL.
    Null,
    /// `boolean`.
    Truth(bool),
    /// `integer` or `bigint`.
    Number(i64),
    /// `text`.
    Text(String),
}

/// What the pipeline says that a query gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The query, as the pipeline has it.
    pub query: String,
    /// The first value of each row.
    pub rows: Vec<Cell>,
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

    /// Its public address.
    pub fn public(&self) -> Option<IpAddr> {
        self.addresses.iter().find(|address| !address.private).map(|address| address.ip)
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
            connection_limit: None,
            tables: vec![TableWorld {
                columns: vec![("id".to_owned(), Kind::Long), ("email".to_owned(), Kind::Text)],
                rows: vec![vec![Cell::Number(1), Cell::Text("ada@example.com".to_owned())]],
                ..TableWorld::named("users")
            }],
            extensions: vec!["plpgsql".to_owned()],
            withheld: Vec::new(),
            claims: Vec::new(),
        }
    }

    /// The table of that name, as SQL writes it.
    pub fn table(&self, name: &str) -> Option<&TableWorld> {
        let (schema, name) = split(name);
        self.tables.iter().find(|table| table.schema == schema && table.name == name)
    }

    /// The table of that name, as SQL writes it.
    pub fn table_mut(&mut self, name: &str) -> Option<&mut TableWorld> {
        let (schema, name) = split(name);
        self.tables.iter_mut().find(|table| table.schema == schema && table.name == name)
    }
}

impl TableWorld {
    /// An empty table of that name, as SQL writes it, with a column `id`.
    pub fn named(name: &str) -> Self {
        let (schema, name) = split(name);
        Self {
            schema,
            name,
            columns: vec![("id".to_owned(), Kind::Long)],
            rows: Vec::new(),
            withheld: Vec::new(),
        }
    }
}

/// Schema and name of a table as SQL writes it; what is not quoted has no capitals.
fn split(text: &str) -> (String, String) {
    let plain = |part: &str| match part.strip_prefix('"').and_then(|part| part.strip_suffix('"')) {
        Some(quoted) => quoted.to_owned(),
        None => part.to_lowercase(),
    };
    match text.split_once('.') {
        Some((schema, name)) => (plain(schema), plain(name)),
        None => ("public".to_owned(), plain(text)),
    }
}

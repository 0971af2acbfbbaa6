//! Everything that is true of the imagined cloud, as plain data.
//!
//! Nothing here listens or answers. What holds passwords has no `Debug`, so that none can be printed by accident.

mod access;
mod database;
mod deploy;
mod describe;
mod network;
mod secret;
mod service;
#[cfg(test)]
pub(super) mod testing;

pub use access::{ConnectorState, ConnectorWorld, Egress, VpcWorld};
pub use database::{
    Activation, Behind, Cell, CertificateWorld, Claim, DatabaseWorld, EndpointStatus, EndpointWorld, Engine,
    InstanceAddress, InstanceState, InstanceWorld, Kind, MachineWorld, RoleKind, RoleWorld, Speaks,
    TableWorld, TlsWorld,
};
pub use deploy::{Flaw, Injected, NotStarted, NotStartedReason};
pub(in crate::sandbox) use describe::DEFAULT_USER;
pub use network::{
    FirewallWorld, NetworkWorld, PolicyRouteWorld, PrivateServices, RouteWorld, SubnetWorld, around,
};
pub use secret::{Added, SecretWorld, VersionState, VersionWorld};
pub use service::{
    Admits, ChatRoute, Code, DatabaseLink, DoorWorld, EnvValue, EnvWorld, Expects, HealthRoute, Mount,
    RevisionWorld, ServiceWorld, Started, Traffic,
};

use std::net::IpAddr;

/// The imagined cloud.
#[derive(Clone, Default)]
pub struct World {
    /// Cloud Run services.
    pub services: Vec<ServiceWorld>,
    /// Serverless VPC Access connectors.
    pub connectors: Vec<ConnectorWorld>,
    /// VPC networks.
    pub networks: Vec<NetworkWorld>,
    /// Shared VPCs: a project, and the host project whose networks it uses.
    pub hosts: Vec<(String, String)>,
    /// Secrets of Secret Manager.
    pub secrets: Vec<SecretWorld>,
    /// Cloud SQL instances.
    pub instances: Vec<InstanceWorld>,
    /// Host names and their addresses, as every service resolves them.
    pub names: Vec<(String, Vec<IpAddr>)>,
    /// Addresses whose packets vanish, for a reason that no API shows.
    pub blackholes: Vec<IpAddr>,
    /// APIs that are switched off: project, and the API's service name (`vpcaccess.googleapis.com`).
    pub disabled_apis: Vec<(String, String)>,
    /// Who may connect to Cloud SQL through a connector (`roles/cloudsql.client`): project, and e-mail address of the
    /// account.
    pub sql_clients: Vec<(String, String)>,
    /// Who may log in to Cloud SQL with IAM (`roles/cloudsql.instanceUser`): project, and e-mail address of the account.
    pub sql_logins: Vec<(String, String)>,
    /// What the gate's own identity may read.
    pub gate: Grants,
    /// How Google's Connectivity Tests behave.
    pub connectivity_tests: ConnectivityTests,
}

/// How Google's Connectivity Tests behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectivityTests {
    /// They see what is true.
    #[default]
    Right,
    /// Their operations never end.
    NeverEnd,
    /// They may be made, and not deleted.
    Stay,
    /// They find several ways, and not the same end of each.
    Ambiguous,
    /// They give up.
    Undetermined,
    /// They go through what the gate may not see.
    Hidden,
    /// They see a drop that is not there.
    SeeADrop,
    /// They see no drop, whatever there is.
    SeeNoDrop,
}

/// What an identity may read of the control plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grants {
    /// Everything.
    #[default]
    Everything,
    /// Everything but the right to connect to Cloud SQL instances.
    WithoutConnect,
    /// Nothing: every read is answered with 403.
    Nothing,
}

impl World {
    /// The service of that key ([`crate::model::Target::key`]).
    pub fn service(&self, key: &str) -> Option<&ServiceWorld> {
        self.services.iter().find(|service| service.key == key)
    }

    /// The connector of that resource name.
    pub fn connector(&self, name: &str) -> Option<&ConnectorWorld> {
        self.connectors.iter().find(|connector| connector.resource() == name)
    }

    /// The secret of that name in that project.
    pub fn secret(&self, project: &str, name: &str) -> Option<&SecretWorld> {
        self.secrets.iter().find(|secret| secret.project == project && secret.name == name)
    }

    /// The same, to change it.
    pub fn secret_mut(&mut self, project: &str, name: &str) -> Option<&mut SecretWorld> {
        self.secrets.iter_mut().find(|secret| secret.project == project && secret.name == name)
    }

    /// The position of the instance with that connection name (`project:region:instance`).
    pub fn instance(&self, connection_name: &str) -> Option<usize> {
        self.instances.iter().position(|instance| instance.connection_name() == connection_name)
    }

    /// The position of the instance that has this address.
    pub fn instance_at(&self, address: IpAddr) -> Option<usize> {
        self.instances.iter().position(|instance| instance.addresses.iter().any(|one| one.ip == address))
    }

    /// The addresses of a host name; an address stands for itself; empty: no such name.
    pub fn resolve(&self, host: &str) -> Vec<IpAddr> {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        if host.eq_ignore_ascii_case("localhost") {
            return vec![IpAddr::from([127, 0, 0, 1])];
        }
        let host = host.trim_end_matches('.');
        self.names
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(host))
            .map(|(_, addresses)| addresses.clone())
            .unwrap_or_default()
    }

    /// The project whose networks a project uses: with Shared VPC its host project, else itself.
    pub fn host<'a>(&'a self, project: &'a str) -> &'a str {
        self.hosts.iter().find(|(of, _)| of == project).map_or(project, |(_, host)| host)
    }

    /// The project of everything there is; a project may come several times.
    pub(in crate::sandbox) fn projects(&self) -> impl Iterator<Item = &str> {
        let services = self.services.iter().map(|service| service.project.as_str());
        let connectors = self.connectors.iter().map(|connector| connector.project.as_str());
        let secrets = self.secrets.iter().map(|secret| secret.project.as_str());
        let instances = self.instances.iter().map(|instance| instance.project.as_str());
        let hosts = self.hosts.iter().map(|(_, host)| host.as_str());
        services.chain(connectors).chain(secrets).chain(instances).chain(hosts)
    }

    /// Whether an account may connect to the instances of a project through a connector.
    pub fn connects(&self, project: &str, account: &str) -> bool {
        self.sql_clients.iter().any(|(of, who)| of == project && who == account)
    }

    /// Whether an account may log in to the instances of a project with IAM.
    pub fn logs_in(&self, project: &str, account: &str) -> bool {
        self.sql_logins.iter().any(|(of, who)| of == project && who == account)
    }

    /// Whether an API is switched off in a project.
    pub fn disabled(&self, project: &str, api: &str) -> bool {
        self.disabled_apis.iter().any(|(in_project, off)| in_project == project && off == api)
    }
}

/// The number that Google gives a project: invented, the same for the same id.
pub fn project_number(project: &str) -> u64 {
    // FNV-1a: stable from run to run, which the standard hasher does not promise.
    let hash = project.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    100_000_000_000 + hash % 900_000_000_000
}

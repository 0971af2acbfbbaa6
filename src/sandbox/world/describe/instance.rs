//! The instance behind a way: made where there is none, and made to admit the service.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use secrecy::SecretString;

use super::way::DatabaseAccess;
use super::{MAX_CONNECTIONS, NETWORK};
use crate::connection::iam_account;
use crate::model::Target;
use crate::sandbox::invent;
use crate::sandbox::network::is_private;
use crate::sandbox::world::{
    Activation, Behind, CertificateWorld, DatabaseWorld, Engine, InstanceAddress, InstanceState,
    InstanceWorld, RevisionWorld, RoleKind, RoleWorld, Speaks, TlsWorld, VpcWorld, World,
};

impl World {
    /// The instance behind a way, made where there is none yet; its host comes to lead there.
    pub(super) fn place(
        &mut self,
        target: &Target,
        stated: Option<&str>,
        way: &DatabaseAccess,
        revision: &mut RevisionWorld,
    ) -> usize {
        let socket = way.host.strip_prefix("/cloudsql/").map(str::to_owned);
        let by_library = Some(way.host.clone()).filter(|_| way.by_library);
        let named = way.by_library || way.host.starts_with('/');
        let addresses = if named { Vec::new() } else { self.resolve(&way.host) };
        let loopback = addresses.iter().any(IpAddr::is_loopback);
        let known = by_library
            .or_else(|| stated.map(str::to_owned))
            .or(socket)
            .or_else(|| {
                let index = addresses.iter().find_map(|address| self.instance_at(*address))?;
                Some(self.instances[index].connection_name())
            })
            .unwrap_or_else(|| format!("{}:{}:{}-db", target.project, target.region, target.name));
        let index = match self.instance(&known) {
            Some(index) => index,
            None => {
                self.instances.push(new_instance(&known, target, way.port));
                self.instances.len() - 1
            }
        };
        let wanted: Vec<IpAddr> = if addresses.is_empty() || loopback {
            if self.instances[index].addresses.is_empty() {
                let private = !matches!(revision.vpc, VpcWorld::None);
                let host = self.free(if private { invent::PRIVATE_HOST } else { invent::PUBLIC_HOST });
                host.parse().into_iter().collect()
            } else {
                self.instances[index].addresses.iter().map(|address| address.ip).collect()
            }
        } else {
            addresses.clone()
        };
        for ip in wanted {
            let address = InstanceAddress { ip, private: is_private(ip) };
            let instance = &mut self.instances[index];
            if address.private && instance.network.is_none() {
                instance.network = Some(NETWORK.to_owned());
            }
            if !instance.addresses.contains(&address) {
                instance.addresses.push(address);
            }
        }
        if !named && address_less_name(&way.host, &addresses) {
            let found = self.instances[index].addresses.iter().map(|address| address.ip).collect();
            self.names.push((way.host.clone(), found));
        }
        if loopback && !target.service.sidecars.is_empty() {
            revision.proxied = Some(self.instances[index].connection_name());
        }
        if way.by_library {
            self.let_connect(revision, &self.instances[index].connection_name());
        }
        self.attach_network(index, &revision.vpc);
        index
    }

    /// A private database stands in the network that its first service leaves into.
    fn attach_network(&mut self, index: usize, vpc: &VpcWorld) {
        let network = match vpc {
            VpcWorld::None => return,
            VpcWorld::Connector { resource, .. } => self.connector(resource).map(|one| one.network.clone()),
            VpcWorld::Direct { network, .. } => Some(network.clone()),
        };
        let others = self.services.iter().any(|service| {
            service.link.as_ref().is_some_and(|link| link.instance == self.instances[index].connection_name())
        });
        if let (Some(network), false, Some(stands_in)) = (network, others, &mut self.instances[index].network)
        {
            *stands_in = network;
        }
    }

    /// The server comes to know the role and the database.
    pub(super) fn admit(&mut self, index: usize, way: DatabaseAccess) {
        let password = way.password.map(SecretString::from);
        // A user of an account's name without a password logs in with IAM: all that this takes is there.
        let account = iam_account(&way.user).filter(|_| password.is_none());
        let kind = if account.is_some() { RoleKind::IamServiceAccount } else { RoleKind::BuiltIn };
        self.sql_logins.extend(account.map(|account| (self.instances[index].project.clone(), account)));
        let instance = &mut self.instances[index];
        instance.iam_authentication |= kind == RoleKind::IamServiceAccount;
        match instance.roles.iter_mut().find(|role| role.name == way.user) {
            Some(role) => role.password = password,
            None => instance.roles.push(RoleWorld {
                name: way.user,
                password,
                login: true,
                kind,
                connection_limit: None,
            }),
        }
        if instance.database(&way.name).is_none() {
            instance.databases.push(DatabaseWorld::healthy(way.name));
        }
    }

    /// The address itself if no instance has it, else the next one that is free; anything else unchanged.
    pub(super) fn free(&self, host: &str) -> String {
        let Ok(first) = host.parse::<Ipv4Addr>() else { return host.to_owned() };
        let mut address = first;
        while self.instance_at(address.into()).is_some() {
            address = Ipv4Addr::from(u32::from(address).wrapping_add(1));
        }
        address.to_string()
    }
}

fn new_instance(connection_name: &str, target: &Target, port: u16) -> InstanceWorld {
    let (project, region, name) = match connection_name.split(':').collect::<Vec<_>>()[..] {
        [project, region, name] => (project, region, name),
        // `domain.com:project` is an old form of a project's id.
        [domain, project, region, name] if domain.contains('.') => {
            return InstanceWorld {
                project: format!("{domain}:{project}"),
                ..new_instance(&format!("{project}:{region}:{name}"), target, port)
            };
        }
        _ => (target.project.as_str(), target.region.as_str(), connection_name),
    };
    InstanceWorld {
        project: project.to_owned(),
        region: region.to_owned(),
        name: name.to_owned(),
        addresses: Vec::new(),
        network: None,
        behind: Behind::CloudSql,
        state: InstanceState::Runnable,
        activation: Activation::Always,
        port,
        listening: true,
        speaks: Speaks::Postgres,
        starting: false,
        max_connections: MAX_CONNECTIONS,
        in_recovery: false,
        read_only: false,
        held_connections: 0,
        engine: Engine::Postgres,
        disk_full: false,
        connectors_only: false,
        impostor: false,
        tls: TlsWorld::Any,
        certificate: CertificateWorld::Good,
        admits_hosts: true,
        authorized: vec![IpNet::V4(Ipv4Net::default())],
        iam_authentication: false,
        roles: Vec::new(),
        databases: vec![DatabaseWorld::healthy("postgres")],
    }
}

/// A host name that nothing knows yet.
fn address_less_name(host: &str, addresses: &[IpAddr]) -> bool {
    addresses.is_empty() && !host.starts_with('/') && !host.is_empty()
}

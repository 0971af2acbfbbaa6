//! The healthy world that a pipeline describes: everything that it claims holds.
//!
//! What the pipeline forgets is not made up for: without VPC access a private database stays out of reach here too.

mod expected;
mod instance;
mod way;

pub(crate) use way::DEFAULT_USER;

use std::sync::Arc;

use ipnet::Ipv4Net;
use secrecy::SecretString;

use super::access::connector_resource;
use super::{
    Admits, Code, ConnectorState, ConnectorWorld, DatabaseLink, DoorWorld, Egress, EnvValue, EnvWorld,
    Expects, Mount, RevisionWorld, ServiceWorld, Started, Traffic, VpcWorld, World, project_number,
};
use crate::model::{Service, Stated, Target, VariableSource, resource};
use crate::plan::calls;
use crate::sandbox::random;

/// The network of connectors and databases for which the pipeline names none.
const NETWORK: &str = "default";
/// How many connections an instance takes: PostgreSQL's own default.
const MAX_CONNECTIONS: usize = 100;
/// The image of what names none: Google's sample.
const IMAGE: &str = "us-docker.pkg.dev/cloudrun/container/hello";

impl World {
    /// The healthy world of these services, before their newest revisions are deployed.
    pub fn describe(targets: &[Arc<Target>]) -> Self {
        Self::default().described(targets)
    }

    /// The same in a world in which there is something already.
    pub(crate) fn described(self, targets: &[Arc<Target>]) -> Self {
        let mut world = self;
        for target in targets {
            world.add(target);
        }
        for (caller, service) in world.services.iter_mut().enumerate() {
            let called = calls(targets, caller).into_iter().map(|call| targets[call.target].key.clone());
            service.calls = called.collect();
        }
        world.make_networks();
        // The revisions before this deploy run with what was true then.
        let running: Vec<_> = world
            .services
            .iter()
            .map(|service| service.revisions.first().and_then(|before| world.inject(before).ok()))
            .collect();
        for (service, variables) in world.services.iter_mut().zip(running) {
            if let Some(before) = service.revisions.first_mut() {
                before.started = Started::Ready;
                before.running = variables;
            }
        }
        world
    }

    fn add(&mut self, target: &Target) {
        let service = &target.service;
        let mut revision = stated_revision(target, self.vpc(target));
        let link = self.link(target, &mut revision);
        let connected: Vec<_> = revision.cloudsql.iter().chain(&revision.proxied).cloned().collect();
        connected.iter().for_each(|instance| self.let_connect(&revision, instance));
        self.let_read_its_secrets(&revision);
        let of_database = service.database.as_ref().map(|one| one.variables.names()).unwrap_or_default();
        let others = revision.env.iter().filter(|variable| !of_database.contains(&variable.name.as_str()));
        revision.code.requires = others.map(|variable| variable.name.clone()).collect();

        let mut newest = revision.clone();
        newest.name = format!("{}-00002-{}", target.name, random::word(3));
        let traffic = match service.no_traffic {
            Some(true) => Traffic::Pinned(revision.name.clone()),
            Some(false) | None => Traffic::Latest,
        };
        let clients = self.clients(target);
        self.services.push(ServiceWorld {
            key: target.key.clone(),
            name: target.name.clone(),
            project: target.project.clone(),
            region: target.region.clone(),
            revisions: vec![revision, newest],
            traffic,
            tag: service.tag.as_ref().and_then(Stated::as_known).map(str::to_owned),
            public: service.allow_unauthenticated.unwrap_or(true),
            gate: Admits::default(),
            database: service.database.as_ref().map(|database| database.variables.clone()),
            link,
            health_path: health_path(service),
            calls: Vec::new(),
            walked: !service.journeys.is_empty(),
            clients,
            expects: Expects {
                revision: service.health.revision.clone(),
                commit: service.health.commit.clone(),
                latency: service.health.latency,
                open: service.ingress.as_ref().and_then(Stated::as_known) == Some("all"),
            },
            door: DoorWorld::default(),
        });
    }

    /// Makes everything to which the variables of the database lead.
    fn link(&mut self, target: &Target, revision: &mut RevisionWorld) -> Option<DatabaseLink> {
        let database = target.service.database.as_ref()?;
        let way = self.way(target, &database.variables, revision);
        let stated = database.instance.as_ref().or(target.service.cloudsql_instances.first());
        let index = self.place(target, stated.map(Stated::raw), &way, revision);
        let link = DatabaseLink {
            instance: self.instances[index].connection_name(),
            stated: stated.is_some(),
            host: way.host.clone(),
            role: way.user.clone(),
            name: way.name.clone(),
            expects: database.expect.clone(),
        };
        self.admit(index, way);
        self.hold(index, &link);
        Some(link)
    }

    /// What journeys read of Secret Manager: it comes to exist, and the service knows whoever shows it.
    fn clients(&mut self, target: &Target) -> Vec<SecretString> {
        let variables = target.service.journeys.iter().flat_map(|journey| &journey.variables);
        let mut clients = Vec::new();
        for variable in variables {
            let VariableSource::Secret { secret, version } = &variable.source else { continue };
            let full = resource::secret(&target.project, secret.raw());
            let (Some(project), Some(name)) =
                (resource::segment(&full, "projects"), resource::segment(&full, "secrets"))
            else {
                continue;
            };
            self.payload(project, name, version.raw(), || random::word(32));
            let found = self.secret(project, name).and_then(|secret| secret.version(version.raw()));
            clients.extend(found.map(|version| version.payload.clone()));
        }
        clients
    }

    /// The revision's account may connect to this instance.
    fn let_connect(&mut self, revision: &RevisionWorld, instance: &str) {
        let Some(index) = self.instance(instance) else { return };
        let (project, account) = (self.instances[index].project.clone(), revision.service_account.clone());
        if !self.connects(&project, &account) {
            self.sql_clients.push((project, account));
        }
    }

    /// Whatever secret was not given a payload for the database's sake gets one; the revision's account may read all.
    fn let_read_its_secrets(&mut self, revision: &RevisionWorld) {
        let account = &revision.service_account;
        for (project, secret, version) in references(revision) {
            self.payload(&project, &secret, &version, || random::word(32));
            if let Some(secret) = self.secret_mut(&project, &secret)
                && !secret.accessors.contains(account)
            {
                secret.accessors.push(account.clone());
            }
        }
    }

    /// The way into the network that the pipeline gives the service; its connector comes to exist.
    fn vpc(&mut self, target: &Target) -> VpcWorld {
        let vpc = &target.service.vpc;
        let egress = match vpc.egress.as_ref().map(|egress| egress.raw().to_ascii_lowercase()) {
            Some(word) if word.starts_with("all") => Egress::AllTraffic,
            Some(_) | None => Egress::PrivateRangesOnly,
        };
        let network = vpc.network.as_ref().map_or(NETWORK, |network| resource::short(network.raw()));
        if let Some(connector) = &vpc.connector {
            let raw = connector.raw();
            let (project, region, name) = match raw.split('/').collect::<Vec<_>>()[..] {
                ["projects", project, "locations", region, "connectors", name] => (project, region, name),
                _ => (target.project.as_str(), target.region.as_str(), resource::short(raw)),
            };
            let resource = connector_resource(project, region, name);
            if self.connector(&resource).is_none() {
                self.connectors.push(ConnectorWorld {
                    project: project.to_owned(),
                    region: region.to_owned(),
                    name: name.to_owned(),
                    network: network.to_owned(),
                    range: Ipv4Net::default(),
                    state: ConnectorState::Ready,
                });
            }
            return VpcWorld::Connector { resource, egress };
        }
        if vpc.network.is_none() && vpc.subnet.is_none() {
            return VpcWorld::None;
        }
        let subnetwork = vpc.subnet.as_ref().map_or(network, |subnet| resource::short(subnet.raw()));
        VpcWorld::Direct { network: network.to_owned(), subnetwork: subnetwork.to_owned(), egress }
    }
}

/// The revision before the deploy as the files state it: what they leave to the database's description is still open.
fn stated_revision(target: &Target, vpc: VpcWorld) -> RevisionWorld {
    let service = &target.service;
    let project = &target.project;
    let plain = service.env.iter().map(|variable| EnvWorld {
        name: variable.name.clone(),
        value: EnvValue::Plain(variable.value.raw().to_owned()),
    });
    let mut env: Vec<EnvWorld> = plain.collect();
    let mut mounts = Vec::new();
    for reference in &service.secrets {
        let (project, secret) = secret_name(reference.secret.raw(), project);
        let version = reference.version.raw().to_owned();
        if reference.target.starts_with('/') {
            mounts.push(Mount { path: reference.target.clone(), project, secret, version });
        } else {
            let value = EnvValue::Secret { project, secret, version };
            env.push(EnvWorld { name: reference.target.clone(), value });
        }
    }
    let service_account = service.service_account.as_ref().map_or_else(
        || format!("{}-compute@developer.gserviceaccount.com", project_number(project)),
        |account| account.raw().to_owned(),
    );
    RevisionWorld {
        name: format!("{}-00001-{}", target.name, random::word(3)),
        project: project.clone(),
        image: service.image.as_ref().map_or(IMAGE, Stated::raw).to_owned(),
        port: service.port.as_ref().and_then(|port| port.raw().parse().ok()).unwrap_or(8080),
        service_account,
        env,
        mounts,
        vpc,
        cloudsql: service.cloudsql_instances.iter().map(|instance| instance.raw().to_owned()).collect(),
        proxied: None,
        code: Code::default(),
        flaw: None,
        started: Started::Pending,
        running: None,
    }
}

/// The secrets that a revision refers to: project, name, version.
fn references(revision: &RevisionWorld) -> Vec<(String, String, String)> {
    let variables = revision.env.iter().filter_map(|variable| match &variable.value {
        EnvValue::Plain(_) => None,
        EnvValue::Secret { project, secret, version } => {
            Some((project.clone(), secret.clone(), version.clone()))
        }
    });
    let mounts =
        revision.mounts.iter().map(|one| (one.project.clone(), one.secret.clone(), one.version.clone()));
    variables.chain(mounts).collect()
}

/// Project and short name of a secret as a pipeline writes it.
fn secret_name(raw: &str, project: &str) -> (String, String) {
    match raw.split('/').collect::<Vec<_>>()[..] {
        ["projects", project, "secrets", name, ..] => (project.to_owned(), name.to_owned()),
        _ => (project.to_owned(), raw.to_owned()),
    }
}

/// The path at which the service reports its health.
fn health_path(service: &Service) -> String {
    let stated = service.health.path.iter().chain(&service.health_paths).find_map(Stated::as_known);
    let path = stated.map_or("/health", |path| path.split(['?', '#']).next().unwrap_or(path));
    let path = url::Url::parse(path).map_or_else(|_| path.to_owned(), |url| url.path().to_owned());
    if path.starts_with('/') { path } else { format!("/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DatabaseVariables, SecretReference, Sidecar, infer_database};
    use crate::sandbox::world::testing::auth_target;

    /// The world of the auth service, stated in another way.
    fn world(change: impl FnOnce(&mut Service, &dyn Fn(&str) -> Stated)) -> World {
        let mut target = Target::clone(&auth_target());
        let place = target.service.place.clone();
        change(&mut target.service, &|text| Stated::known(text, place.clone()));
        World::describe(&[Arc::new(target)])
    }

    #[test]
    fn what_is_stated_is_what_there_is() {
        let world = world(|_, _| {});
        assert_eq!(
            world.connectors[0].resource(),
            "projects/acme-staging/locations/europe-west1/connectors/auth-connector"
        );
        let instance = &world.instances[0];
        assert_eq!(instance.addresses[0].ip.to_string(), "10.20.0.3");
        assert!(instance.addresses[0].private && instance.network.as_deref() == Some("default"));
        assert!(instance.role("auth").is_some() && instance.database("auth").is_some());
        let jwt = world.secret("acme-staging", "jwt-secret").unwrap();
        assert_eq!(jwt.versions[0].number, 2);
        assert_eq!(jwt.accessors, ["auth@acme-staging.iam.gserviceaccount.com"]);
        let service = &world.services[0];
        assert_eq!(service.newest().unwrap().code.requires, ["LOG_LEVEL", "JWT_SECRET"]);
        assert_eq!(service.health_path, "/auth/health");
        assert_eq!(service.serving().unwrap().name, service.revisions[0].name, "not deployed yet");
    }

    #[test]
    fn variables_that_were_set_elsewhere_come_to_exist() {
        let world = world(|service, _| {
            service.env.clear();
            service.secrets.clear();
            let database = service.database.as_mut().unwrap();
            database.variables = DatabaseVariables::Dsn("DATABASE_URL".to_owned());
        });
        let revision = world.services[0].newest().unwrap();
        assert!(matches!(revision.variable("DATABASE_URL").unwrap().value, EnvValue::Secret { .. }));
        assert!(
            world.inject(revision).unwrap().get("DATABASE_URL").unwrap().contains("@10.20.0.3:5432/auth")
        );
    }

    #[test]
    fn a_connection_string_with_a_driver_in_its_scheme_is_read() {
        let world = world(|service, known| {
            service.env[0].name = "DATABASE_URL".to_owned();
            service.env[0].value = known("postgresql+asyncpg://app:pw@db.internal:6432/orders");
            service.database = infer_database(service);
        });
        let link = world.services[0].link.as_ref().unwrap();
        assert_eq!(
            (link.host.as_str(), link.role.as_str(), link.name.as_str()),
            ("db.internal", "app", "orders")
        );
        assert_eq!(world.instances[0].port, 6432);
        assert_eq!(world.resolve("DB.internal."), [world.instances[0].addresses[0].ip]);
    }

    #[test]
    fn versions_by_alias_and_secrets_of_other_projects() {
        let world = world(|service, known| {
            service.secrets.push(SecretReference {
                target: "/secrets/key".to_owned(),
                secret: known("projects/other/secrets/key"),
                version: known("current"),
            });
        });
        let secret = world.secret("other", "key").unwrap();
        assert_eq!(secret.aliases, [("current".to_owned(), 1)]);
        assert!(secret.version("current").is_some() && secret.version("latest").is_some());
        assert!(world.inject(world.services[0].newest().unwrap()).is_ok());
    }

    #[test]
    fn a_proxy_in_a_sidecar_leads_from_loopback_to_the_instance() {
        let world = world(|service, known| {
            service.env[0].value = known("127.0.0.1");
            service.sidecars.push(Sidecar { name: None, image: None, env: Vec::new(), secrets: Vec::new() });
        });
        let name = world.instances[0].connection_name();
        assert_eq!(world.services[0].newest().unwrap().proxied.as_ref(), Some(&name));
    }

    #[test]
    fn a_deploy_without_traffic_leaves_it_where_it_was() {
        let mut world = world(|service, _| service.no_traffic = Some(true));
        world.deploy();
        let service = &world.services[0];
        assert_eq!(service.serving().unwrap().name, service.revisions[0].name);
        assert_eq!(service.latest_ready().unwrap().name, service.revisions[1].name);
    }

    #[test]
    fn health_paths_are_paths() {
        for (stated, expected) in [
            ("/auth/health?full=1", "/auth/health"),
            ("https://auth.example.com/up", "/up"),
            ("health", "/health"),
        ] {
            let world = world(|service, known| service.health.path = Some(known(stated)));
            assert_eq!(world.services[0].health_path, expected);
        }
    }
}

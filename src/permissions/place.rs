//! Where a permission of the gate is needed, for one service.

use crate::connection::iam_account;
use crate::model::{Service, Stated, VariableSource, resource};
use crate::probe::google::calls::GrantedOn;

/// What a role is granted on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A project, by id.
    Project(String),
    /// A secret.
    Secret {
        /// `projects/P/secrets/S`, or `projects/P/locations/L/secrets/S`.
        name: String,
    },
    /// A Cloud Run service.
    Service {
        /// Project id.
        project: String,
        /// Region.
        region: String,
        /// Short name.
        name: String,
    },
    /// A service account.
    Account {
        /// Its project's id.
        project: String,
        /// Its e-mail address.
        email: String,
    },
    /// The organisation, which no file names.
    Organization,
}

/// The targets of a place; none where the service has no such thing.
pub(super) fn targets(place: GrantedOn, service: &Service, project: &str) -> Vec<Target> {
    let one = |project: Option<String>| project.map(Target::Project).into_iter().collect();
    match place {
        GrantedOn::Service => one(Some(project.to_owned())),
        GrantedOn::Connector => one(service.vpc.connector.as_ref().map(|one| owner(one, project))),
        GrantedOn::Network => one(network(service, project)),
        GrantedOn::Secrets => secrets(service, project, |_| true),
        GrantedOn::DatabaseSecrets => {
            let names = service.database.as_ref().map(|one| one.variables.names()).unwrap_or_default();
            secrets(service, project, |target| names.contains(&target))
        }
        GrantedOn::Instance => one(instance(service, project)),
        GrantedOn::LoginAccount => {
            if is_iam_user(service) {
                vec![account(service, project)]
            } else {
                Vec::new()
            }
        }
        GrantedOn::Grantors => {
            let secrets = secrets(service, project, |_| true).into_iter().filter_map(|secret| match secret {
                Target::Secret { name } => resource::segment(&name, "projects").map(str::to_owned),
                Target::Project(_)
                | Target::Service { .. }
                | Target::Account { .. }
                | Target::Organization => None,
            });
            secrets.chain(instance(service, project)).map(Target::Project).collect()
        }
        GrantedOn::Above => vec![Target::Organization],
    }
}

/// Whether the files name an IAM service account as the database's user, and give it no password.
fn is_iam_user(service: &Service) -> bool {
    let variables = service.database.as_ref().map(|database| &database.variables);
    let user = variables.filter(|variables| variables.password().is_none()).and_then(|one| one.user());
    let stated = user.and_then(|user| service.env.iter().find(|one| one.name == user));
    stated.and_then(|one| one.value.as_known()).is_some_and(|user| iam_account(user).is_some())
}

/// The service itself.
pub(super) fn service(service: &Service, project: &str) -> Target {
    let raw = |stated: &Option<Stated>, none: &str| stated.as_ref().map_or(none, Stated::raw).to_owned();
    let (region, name) = (raw(&service.region, "REGION"), raw(&service.name, "SERVICE"));
    Target::Service { project: project.to_owned(), region, name }
}

/// The account that the service runs as.
pub(super) fn account(service: &Service, project: &str) -> Target {
    let stated = service.service_account.as_ref().map(Stated::raw);
    let email = stated.unwrap_or("PROJECT_NUMBER-compute@developer.gserviceaccount.com").to_owned();
    let of = email.split_once('@').and_then(|(_, host)| host.strip_suffix(".iam.gserviceaccount.com"));
    Target::Account { project: of.unwrap_or(project).to_owned(), email }
}

/// The secrets that the journeys of the service read.
pub(super) fn journeys(service: &Service, project: &str) -> Vec<Target> {
    let variables = service.journeys.iter().flat_map(|journey| &journey.variables);
    let secrets = variables.filter_map(|variable| match &variable.source {
        VariableSource::Secret { secret, .. } => Some(resource::secret(project, secret.raw())),
        VariableSource::Environment(_) | VariableSource::Value(_) => None,
    });
    secrets.map(|name| Target::Secret { name }).collect()
}

/// The project of a name that may be a full one.
fn owner(stated: &Stated, project: &str) -> String {
    resource::segment(stated.raw(), "projects").unwrap_or(project).to_owned()
}

/// The project of the network that the service leaves into: a Shared VPC stands in another.
fn network(service: &Service, project: &str) -> Option<String> {
    let vpc = &service.vpc;
    let named = [&vpc.network, &vpc.subnet, &vpc.connector].into_iter().flatten();
    let mut named = named.peekable();
    named.peek()?;
    let full = named.find(|stated| stated.raw().contains("projects/"));
    Some(full.map_or_else(|| project.to_owned(), |stated| owner(stated, project)))
}

/// The project of the database's instance; the service's own where a database is declared, and no instance named.
fn instance(service: &Service, project: &str) -> Option<String> {
    let database = service.database.as_ref();
    let named = database.and_then(|one| one.instance.as_ref()).or(service.cloudsql_instances.first());
    if named.is_none() && database.is_none() {
        return None;
    }
    let of = named.and_then(|stated| resource::connection(stated.raw())).map(|(project, ..)| project);
    Some(of.unwrap_or(project).to_owned())
}

fn secrets(service: &Service, project: &str, wanted: impl Fn(&str) -> bool) -> Vec<Target> {
    let wanted = service.secrets.iter().filter(|secret| wanted(&secret.target));
    wanted.map(|secret| Target::Secret { name: resource::secret(project, secret.secret.raw()) }).collect()
}

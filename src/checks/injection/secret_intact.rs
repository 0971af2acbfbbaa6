//! The payload of a secret that leads to the database is the one whose checksum Secret Manager keeps.

use crate::checks::injection::secret_version_enabled::reference;
use crate::checks::injection::variables_injected;
use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::connection::{self, Given, INSPECT_SECRETS, blocked};
use crate::live::service::{failed, not_applicable, passed};
use crate::live::{Scope, files};
use crate::model::{Holds, Service, resource};
use crate::probe::google::{NoAnswer, Payload};
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Family, Outcome, Skip, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SECRET_INTACT,
    holds: "The payload of the secret matches its checksum",
    family: Family::Injection,
    place: place::of_secret,
    subjects: of_database,
    run: |scope| either(look(scope)),
    ..USUAL
};

/// One node for each secret that the gate may read at all: those that lead to the database.
fn of_database(service: &Service) -> Subjects {
    let names = service.database.as_ref().map(|database| database.variables.names()).unwrap_or_default();
    // A variable may lead to a mounted file.
    let file = |name: &str| {
        let path = service.variable(name).filter(|_| Holds::of(name) != Holds::Value)?.value.as_known()?;
        Some(path.trim())
    };
    let target = |name: &str| service.secret(name).or_else(|| service.secret(file(name)?));
    let targets: Vec<String> =
        names.into_iter().filter_map(|name| Some(target(name)?.target.clone())).collect();
    if targets.is_empty() { Subjects::None } else { Subjects::Each(targets) }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let target = &reference(scope)?.target;
    if !scope.settings.inspect_secrets {
        return Err(Outcome::Skipped { reason: Skip::NotAllowed { flag: INSPECT_SECRETS.to_owned() } });
    }
    let revision = scope.revision().await?;
    let mounted = files::mounted(&revision, target);
    let given = mounted.map(|one| Given::Secret { secret: one.secret, version: one.version });
    let (secret, version) = match given.or_else(|| connection::given(&revision, target)) {
        None => return Err(blocked(scope, variables_injected::CHECK.id, None)),
        Some(Given::Plain(_)) => {
            return Err(not_applicable(format!("{target} is a plain value on the revision")));
        }
        Some(Given::Secret { secret, version }) => (secret, version),
    };
    let project = &scope.target.project;
    let name = resource::secret(project, &secret);
    match scope.outside.google.secret_payload(project, &secret, &version).await.as_deref() {
        Ok(Payload::Whole(_)) => {
            Ok(passed(format!("the payload of version {version} of {name} matches its checksum")))
        }
        Ok(Payload::Corrupted) => {
            Ok(failed(Finding::Injection(InjectionFinding::Corrupted { secret: name, version })))
        }
        Ok(Payload::Locked) | Err(NoAnswer::NotFound) => {
            Err(blocked(scope, check_id::SECRET_VERSION_ENABLED, Some(target)))
        }
        Err(NoAnswer::Inconclusive(why)) => Err(Outcome::Inconclusive { why: why.clone() }),
    }
}

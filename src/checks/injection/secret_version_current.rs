//! No version of a secret is newer than the revision that took the latest one into a variable.

use crate::checks::injection::secret_version_enabled::{each_secret, reference};
use crate::checks::injection::variables_injected;
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::connection::{Given, blocked, given};
use crate::live::service::{failed, inconclusive, malformed, not_applicable, not_visible, passed};
use crate::model::resource::{self, short};
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SECRET_VERSION_CURRENT,
    holds: "The latest version of the secret is older than the revision",
    family: Family::Injection,
    place: place::of_secret,
    explained_by: &[check_id::SECRET_REFERENCES_MATCH],
    subjects: each_secret,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let target = &reference(scope)?.target;
    if target.starts_with('/') {
        return Err(not_applicable("a mounted file is read anew whenever it is opened"));
    }
    let revision = scope.revision().await?;
    let (secret, version) = match given(&revision, target) {
        None => return Err(blocked(scope, variables_injected::CHECK.id, None)),
        Some(Given::Plain(_)) => {
            return Err(not_applicable(format!("{target} is a plain value on the revision")));
        }
        Some(Given::Secret { secret, version }) => (secret, version),
    };
    let name = resource::secret(&scope.target.project, &secret);
    if version != "latest" {
        // An alias can be moved, and nothing says when it was.
        return Err(match version.bytes().all(|byte| byte.is_ascii_digit()) {
            true => not_applicable(format!("{target} is pinned to version {version}")),
            false => not_visible(format!("when the alias {} was last moved is not known", bounded(&version))),
        });
    }
    let answer = scope.outside.google.secret_version(&scope.target.project, &secret, &version).await;
    let latest = answer.map_err(|answer| inconclusive(&format!("{name}/versions/latest"), answer))?;
    let newest = bounded(short(&latest.name));
    let (Some(added), Some(deployed)) = (latest.create_time.as_ref(), revision.create_time.as_ref()) else {
        return Err(malformed(name, "secret version or revision states no time of creation"));
    };
    if (added.seconds(), added.nanos()) <= (deployed.seconds(), deployed.nanos()) {
        return Ok(passed(format!("version {newest} of {name} was there before {}", short(&revision.name))));
    }
    Ok(failed(Finding::Injection(InjectionFinding::NewerVersion {
        secret: name,
        target: target.clone(),
        newest,
        added: String::from(*added),
        revision: bounded(short(&revision.name)),
        deployed: String::from(*deployed),
    })))
}

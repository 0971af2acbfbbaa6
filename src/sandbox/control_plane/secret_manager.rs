//! Secret Manager API v1.

use google_cloud_secretmanager_v1::model::{
    AccessSecretVersionResponse, ListSecretVersionsResponse, Replication, Secret, SecretPayload,
    SecretVersion, replication, secret_version,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use super::ask::Ask;
use super::error::Refusal;
use super::spelling::{Spelling, resource, spelling};
use super::{Reply, iam};
use crate::probe::google::crc32c;
use crate::sandbox::world::{Added, SecretWorld, VersionState, VersionWorld, project_number};

const API: &str = "secretmanager.googleapis.com";

const SPELLINGS: &[Spelling] = &[spelling!("state", secret_version::State)];

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    let ["v1", "projects", project, "secrets", name, rest @ ..] = &segments[..] else { return None };
    let full = format!("projects/{project}/secrets/{name}");
    if let ([], "testIamPermissions") = (rest, verb) {
        return Some(iam::held(ask, API, project));
    }
    let permission = match (rest, verb) {
        ([], "") => "secretmanager.secrets.get",
        ([], "getIamPolicy") => "secretmanager.secrets.getIamPolicy",
        (["versions"], "") => "secretmanager.versions.list",
        (["versions", _], "") => "secretmanager.versions.get",
        (["versions", _], "access") => "secretmanager.versions.access",
        _ => return None,
    };
    Some(ask.allowed(API, project, permission, &full).and_then(|()| {
        let secret = ask.cloud.world.secret(project, name).ok_or_else(|| Refusal::NotFound {
            message: format!("Secret [{}] not found or has no versions.", numbered(project, name)),
        })?;
        let since = ask.cloud.since;
        match (rest, verb) {
            (["versions", version], "access") => access(secret, find(secret, version)?),
            (["versions", version], _) => {
                resource(&version_model(secret, find(secret, version)?, since), SPELLINGS)
            }
            (["versions"], _) => {
                // Newest first, as the API lists them.
                let versions = secret.versions.iter().rev().map(|one| version_model(secret, one, since));
                let total = i32::try_from(secret.versions.len()).unwrap_or(i32::MAX);
                let list = ListSecretVersionsResponse::new().set_versions(versions).set_total_size(total);
                resource(&list, SPELLINGS)
            }
            (_, "getIamPolicy") => {
                let members = secret.accessors.iter().map(|account| format!("serviceAccount:{account}"));
                iam::policy([("roles/secretmanager.secretAccessor", members.collect())])
            }
            _ => resource(&secret_model(secret, since), SPELLINGS),
        }
    }))
}

fn find<'a>(secret: &'a SecretWorld, version: &str) -> Result<&'a VersionWorld, Refusal> {
    secret.version(version).ok_or_else(|| Refusal::NotFound {
        message: format!(
            "Secret Version [{}/versions/{version}] not found.",
            numbered(&secret.project, &secret.name)
        ),
    })
}

/// The name of a secret as the API's messages and versions write it: with the project's number.
fn numbered(project: &str, name: &str) -> String {
    format!("projects/{}/secrets/{name}", project_number(project))
}

fn secret_model(secret: &SecretWorld, since: Timestamp) -> Secret {
    let aliases = secret
        .aliases
        .iter()
        .filter_map(|(alias, number)| Some((alias.clone(), i64::try_from(*number).ok()?)));
    Secret::new()
        .set_name(numbered(&secret.project, &secret.name))
        .set_replication(Replication::new().set_automatic(replication::Automatic::new()))
        .set_or_clear_create_time(before(since, 30))
        .set_version_aliases(aliases)
}

fn version_model(secret: &SecretWorld, version: &VersionWorld, since: Timestamp) -> SecretVersion {
    let state = match version.state {
        VersionState::Enabled => secret_version::State::Enabled,
        VersionState::Disabled => secret_version::State::Disabled,
        VersionState::Destroyed => secret_version::State::Destroyed,
    };
    let destroyed = (version.state == VersionState::Destroyed).then(|| before(since, 0)).flatten();
    SecretVersion::new()
        .set_name(version_name(secret, version))
        .set_or_clear_create_time(match version.added {
            Added::Before => before(since, 7),
            Added::After => google_cloud_wkt::Timestamp::new(since.as_second() + 60, 0).ok(),
        })
        .set_or_clear_destroy_time(destroyed)
        .set_state(state)
}

fn version_name(secret: &SecretWorld, version: &VersionWorld) -> String {
    format!("{}/versions/{}", numbered(&secret.project, &secret.name), version.number)
}

fn access(secret: &SecretWorld, version: &VersionWorld) -> Reply {
    match version.state {
        VersionState::Enabled => {}
        VersionState::Disabled | VersionState::Destroyed => {
            return Err(Refusal::FailedPrecondition {
                message: format!(
                    "Secret Version [{}] is in {} state.",
                    version_name(secret, version),
                    version.state.word()
                ),
            });
        }
    }
    let data = version.payload.expose_secret().as_bytes().to_vec();
    let checksum = i64::from(if version.corrupted { !crc32c(&data) } else { crc32c(&data) });
    let payload = SecretPayload::new().set_data(data).set_data_crc32c(checksum);
    let response =
        AccessSecretVersionResponse::new().set_name(version_name(secret, version)).set_payload(payload);
    resource(&response, &[])
}

/// The day that many days before.
pub(super) fn before(since: Timestamp, days: i64) -> Option<google_cloud_wkt::Timestamp> {
    let then = since - SignedDuration::from_hours(24 * days);
    google_cloud_wkt::Timestamp::new(then.as_second(), 0).ok()
}

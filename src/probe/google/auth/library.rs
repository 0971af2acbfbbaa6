//! The credentials of Google's library for what was found, without any impersonation.

use google_cloud_auth::build_errors::Error;
use google_cloud_auth::credentials::{
    Credentials, anonymous, external_account, mds, service_account, user_account,
};

use super::super::{Timeouts, retry};
use super::bearer::Bearer;
use super::file::CredentialFile;
use super::source::Found;
use super::surroundings::Surroundings;
use super::{impersonation, trouble};
use crate::record::Inconclusive;

/// The builders share their methods, but no trait.
macro_rules! with_common {
    ($builder:expr, $surroundings:expr) => {
        match &$surroundings.quota_project {
            Some(project) => $builder.with_quota_project_id(project).build(),
            None => $builder.build(),
        }
    };
}

/// The credentials; nothing is asked of anybody yet.
///
/// # Errors
/// [`Inconclusive::NoCredentials`]: a file lacks what its type needs, or a token cannot be sent.
pub(super) fn credentials(
    found: &Found,
    surroundings: &Surroundings,
    timeouts: &Timeouts,
) -> Result<Credentials, Inconclusive> {
    let built = match found {
        Found::Nobody => Ok(anonymous::Builder::new().build()),
        Found::AccessToken(_, token) => return Ok(Bearer::new(token)?.into()),
        Found::File(_, file) => of_file(file, surroundings, timeouts),
        Found::Metadata => {
            let builder = mds::Builder::default()
                .with_retry_policy(retry::policy())
                .with_backoff_policy(retry::backoff(timeouts));
            let builder = match &surroundings.metadata_host {
                Some(host) => builder.with_endpoint(format!("http://{host}")),
                None => builder,
            };
            with_common!(builder, surroundings)
        }
    };
    built.map_err(|error| Inconclusive::NoCredentials {
        detail: format!(
            "the credentials of {} cannot be used: {}",
            found.source(),
            trouble::error_chain(&error)
        ),
        fix: None,
    })
}

fn of_file(
    file: &CredentialFile,
    surroundings: &Surroundings,
    timeouts: &Timeouts,
) -> Result<Credentials, Error> {
    let content = file.content.clone();
    match file.content_type() {
        "service_account" => {
            let access = service_account::AccessSpecifier::from_scopes([impersonation::SCOPE]);
            let builder = service_account::Builder::new(content).with_access_specifier(access);
            with_common!(builder, surroundings)
        }
        "external_account" => {
            let builder = external_account::Builder::new(content)
                .with_retry_policy(retry::policy())
                .with_backoff_policy(retry::backoff(timeouts));
            with_common!(builder, surroundings)
        }
        // `authorized_user`: the file was taken apart already, and has no other type.
        _ => {
            let builder = user_account::Builder::new(content)
                .with_retry_policy(retry::policy())
                .with_backoff_policy(retry::backoff(timeouts));
            with_common!(builder, surroundings)
        }
    }
}

//! What leads the service to its database has the shape of what it should be: looked at without showing it.

mod shape;

use google_cloud_run_v2::model::Revision;
use secrecy::{ExposeSecret as _, SecretString};

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::connection::passfile;
use crate::connection::unfit::{Beside, Expected};
use crate::live::connection::{self, Given, INSPECT_SECRETS, given};
use crate::live::service::passed;
use crate::live::{Scope, files};
use crate::model::{DatabaseVariables, Holds, resource};
use crate::record::finding::{CredentialFinding, Drivers, Finding, Unfit};
use crate::record::{Family, Outcome, Skip, check_id};
use shape::shape;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::CREDENTIAL_WELL_FORMED,
    holds: "The database's variables have values of the right shape",
    family: Family::Injection,
    place: place::of_database,
    explained_by: &[
        check_id::VARIABLES_INJECTED,
        check_id::VARIABLES_NOT_EMPTY,
        check_id::SECRET_REFERENCES_MATCH,
        check_id::SECRET_INTACT,
    ],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let Some(database) = &scope.target.service.database else {
        let because = "the pipeline declares no database".to_owned();
        return Err(Outcome::Skipped { reason: Skip::NotApplicable { because } });
    };
    let revision = scope.revision().await?;
    let names = database.variables.names();
    let mut unseen = None;
    // One bad value is a finding, whatever could not be looked at beside it.
    for variable in &names {
        match look(scope, &revision, &database.variables, variable).await {
            Ok(None) => {}
            Ok(Some(finding)) => return Ok(Outcome::Failed { finding: Finding::Credential(finding) }),
            Err(outcome) => unseen = unseen.or(Some(outcome)),
        }
    }
    match unseen {
        Some(outcome) => Err(outcome),
        None => {
            let others = database.others.join(", ");
            let more = if others.is_empty() {
                String::new()
            } else {
                format!("; not looked at, though a database is there too: {others}")
            };
            Ok(passed(format!("{} look right{more}", names.join(", "))))
        }
    }
}

async fn look(
    scope: &Scope,
    revision: &Revision,
    variables: &DatabaseVariables,
    variable: &str,
) -> Result<Option<CredentialFinding>, Outcome> {
    let (value, secret) = match given(revision, variable) {
        None => return Err(connection::blocked(scope, check_id::VARIABLES_INJECTED, None)),
        Some(Given::Plain(path)) if Holds::of(variable) != Holds::Value => {
            return in_file(scope, revision, variables, variable, path.expose_secret().trim()).await;
        }
        Some(Given::Plain(value)) => (value, None),
        Some(Given::Secret { .. }) if !scope.settings.inspect_secrets => {
            let flag = INSPECT_SECRETS.to_owned();
            return Err(Outcome::Skipped { reason: Skip::NotAllowed { flag } });
        }
        Some(Given::Secret { secret, version }) => {
            let Some(value) = connection::payload(scope, variable, &secret, &version).await? else {
                let problem = "it is no UTF-8 text".to_owned();
                let (variable, drivers) = (variable.to_owned(), Drivers::default());
                return Ok(Some(CredentialFinding::Unreadable { variable, problem, drivers }));
            };
            (value, Some(resource::secret(&scope.target.project, &secret)))
        }
    };
    Ok(judge(revision, variables, variable, secret, &value))
}

/// A value that stands in a file, to which the variable leads.
async fn in_file(
    scope: &Scope,
    revision: &Revision,
    variables: &DatabaseVariables,
    variable: &str,
    path: &str,
) -> Result<Option<CredentialFinding>, Outcome> {
    let mounted = files::mounted(revision, path);
    let content = files::content(scope, revision, path).await?;
    let secret = mounted.as_ref().map(|one| resource::secret(&scope.target.project, &one.secret));
    if Holds::of(variable) == Holds::PasswordFile {
        let problem = match mounted.filter(|one| one.mode & passfile::OTHERS != 0) {
            Some(one) => {
                Some(format!("libpq passes over it, because others may read it (mode {:04o})", one.mode))
            }
            None if passfile::passwords(&content).is_empty() => {
                Some("it has no line host:port:database:user:password".to_owned())
            }
            None => None,
        };
        let unfit = problem.map(|problem| Unfit::PasswordFile { problem });
        let variable = variable.to_owned();
        return Ok(unfit.map(|unfit| CredentialFinding::Unfit { variable, secret, unfit }));
    }
    let finding = judge(revision, variables, variable, secret, &content);
    // Most code that reads such a file cuts off the end of its line.
    Ok(finding.map(|mut finding| {
        if let CredentialFinding::EdgeWhitespace { drivers, edge, class, .. } = &mut finding
            && edge == "trailing"
            && class == "line feed"
        {
            drivers.certain = false;
            drivers
                .opinions
                .push("code that cuts off the end of a file's line: takes it as it is meant".to_owned());
        }
        finding
    }))
}

fn judge(
    revision: &Revision,
    variables: &DatabaseVariables,
    variable: &str,
    secret: Option<String>,
    value: &SecretString,
) -> Option<CredentialFinding> {
    let names = connection::names(revision);
    let (host, user) = (plain(revision, variables.host()), plain(revision, variables.user()));
    let beside = Beside {
        variable,
        names: &names,
        alone: revision.containers.len() < 2,
        postgres: true,
        sslmode: match variables.url() {
            Some(_) => None,
            None => Some(connection::ssl_mode(revision, variables)),
        },
        host: host.as_ref().map(|host| host.expose_secret()),
        user: user.as_ref().map(|user| user.expose_secret()),
        open: None,
    };
    shape(secret, value, expected(variables, variable), &beside)
}

/// The value of a variable that is given as it is.
fn plain(revision: &Revision, variable: Option<&str>) -> Option<SecretString> {
    match given(revision, variable?)? {
        Given::Plain(value) => Some(value),
        Given::Secret { .. } => None,
    }
}

/// Whether nothing is unfit in a variable that is empty.
pub(super) fn may_be_empty(revision: &Revision, variables: &DatabaseVariables, variable: &str) -> bool {
    judge(revision, variables, variable, None, &SecretString::default()).is_none()
}

fn expected(variables: &DatabaseVariables, variable: &str) -> Expected {
    let is = |part: Option<&str>| part == Some(variable);
    if is(variables.url()) {
        Expected::ConnectionString
    } else if is(variables.host()) {
        Expected::Host
    } else if is(variables.instance()) {
        Expected::Instance
    } else if is(variables.port()) {
        Expected::Port
    } else if is(variables.password()) {
        Expected::Password
    } else if is(variables.user()) {
        Expected::User
    } else {
        Expected::Name
    }
}

#[cfg(test)]
mod tests;

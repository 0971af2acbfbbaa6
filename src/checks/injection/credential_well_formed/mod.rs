//! What leads the service to its database has the shape of what it should be: looked at without showing it.

mod shape;
mod way;

use google_cloud_run_v2::model::Revision;

use crate::checks::database::connection::{self, Given, INSPECT_SECRETS, given};
use crate::checks::database::declared;
use crate::checks::facts::passed;
use crate::checks::{Check, Scope};
use crate::model::DatabaseVariables;
use crate::probe::google::names;
use crate::run::finding::{CredentialFinding, Drivers, Finding};
use crate::run::outcome::{Outcome, Skip, Vantage};
use crate::run::record::Role;
use shape::{Beside, Expected, shape};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "credential-well-formed",
    holds: "The database's variables have values of the right shape",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &["variables-injected", "variables-filled", "secret-references-match", "secret-intact"],
    subjects: declared,
    run: |scope| Box::pin(async move { run(scope).await.unwrap_or_else(|outcome| outcome) }),
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
        None => return Err(connection::blocked(scope, "variables-injected", None)),
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
            (value, Some(names::secret(&scope.target.project, &secret)))
        }
    };
    let names = connection::names(revision);
    let beside = Beside {
        alone: revision.containers.len() < 2,
        names: &names,
        sslmode: match variables.url() {
            Some(_) => None,
            None => Some(connection::ssl_mode(revision, variables)),
        },
    };
    Ok(shape(variable, secret, &value, expected(variables, variable), beside))
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
    } else {
        Expected::Name
    }
}

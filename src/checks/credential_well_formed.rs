//! What leads the service to its database has the shape of what it should be: looked at without showing it.

use google_cloud_run_v2::model::Revision;
use secrecy::{ExposeSecret as _, SecretString};

use super::connection::{self, Given, INSPECT_SECRETS, given};
use super::database::declared;
use super::facts::passed;
use super::{Check, Scope};
use crate::model::DatabaseVariables;
use crate::probe::postgres::parse_dsn;
use crate::run::finding::{CredentialFinding, Finding};
use crate::run::outcome::{Outcome, Skip, Vantage};
use crate::run::record::Role;

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "credential-well-formed",
    holds: "The database's variables have values of the right shape",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &["variables-injected", "variables-filled", "secret-references-match"],
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
        None => Ok(passed(format!("{} look right", names.join(", ")))),
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
                return Ok(Some(CredentialFinding::Unreadable { variable: variable.to_owned(), problem }));
            };
            let resource = if secret.contains('/') {
                secret
            } else {
                format!("projects/{}/secrets/{secret}", scope.target.project)
            };
            (value, Some(resource))
        }
    };
    Ok(shape(variable, secret, &value, expected(variables, variable)))
}

/// What a variable should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    ConnectionString,
    Port,
    Text,
}

fn expected(variables: &DatabaseVariables, variable: &str) -> Expected {
    match variables {
        DatabaseVariables::Dsn(_) => Expected::ConnectionString,
        DatabaseVariables::Parts { port, .. } if port.as_deref() == Some(variable) => Expected::Port,
        DatabaseVariables::Parts { .. } => Expected::Text,
    }
}

/// What is wrong with the shape of a value.
fn shape(
    variable: &str,
    secret: Option<String>,
    value: &SecretString,
    expected: Expected,
) -> Option<CredentialFinding> {
    let text = value.expose_secret();
    let variable = variable.to_owned();
    if text.is_empty() {
        return Some(CredentialFinding::Empty { variable, secret });
    }
    let edges = [("trailing", text.chars().next_back()), ("leading", text.chars().next())];
    for (edge, character) in edges {
        if let Some(class) = character.and_then(blank) {
            let (edge, class, length) = (edge.to_owned(), class.to_owned(), text.len());
            return Some(CredentialFinding::EdgeWhitespace { variable, secret, edge, class, length });
        }
    }
    let problem = match expected {
        Expected::ConnectionString => parse_dsn(text).err()?.to_string(),
        Expected::Port if text.parse::<u16>().is_ok_and(|port| port > 0) => return None,
        Expected::Port => "it is no port number from 1 to 65535".to_owned(),
        Expected::Text => return None,
    };
    Some(CredentialFinding::Unreadable { variable, problem })
}

/// The name of a blank.
fn blank(character: char) -> Option<&'static str> {
    match character {
        '\n' => Some("line feed"),
        '\r' => Some("carriage return"),
        ' ' => Some("blank"),
        '\t' => Some("tab"),
        other if other.is_whitespace() => Some("white space"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(value: &str, expected: Expected) -> Option<String> {
        shape("V", None, &SecretString::from(value), expected).map(|finding| finding.to_string())
    }

    #[test]
    fn edges_are_named_by_class_and_never_shown() {
        for (value, expected) in [
            ("hunter2\n", "trailing line feed"),
            ("hunter2\r\n", "trailing line feed"),
            ("hunter2\r", "trailing carriage return"),
            (" hunter2", "leading blank"),
            ("hunter2\t", "trailing tab"),
            ("\u{a0}hunter2", "leading white space"),
        ] {
            let text = seen(value, Expected::Text).unwrap();
            assert!(text.ends_with(expected), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_has_the_right_shape_passes() {
        assert_eq!(seen("pass word", Expected::Text), None);
        assert_eq!(seen("5432", Expected::Port), None);
        assert_eq!(seen("postgres://u:p@h/d", Expected::ConnectionString), None);
    }

    #[test]
    fn what_no_driver_can_read_is_named_without_its_value() {
        for (value, expected, problem) in [
            ("", Expected::Text, "is empty"),
            ("postgres://u:hunter2@x@h/d", Expected::ConnectionString, "not percent-encoded (%40)"),
            ("hunter2", Expected::ConnectionString, "neither a postgresql:// URL"),
            ("hunter2", Expected::Port, "no port number"),
            ("0", Expected::Port, "no port number"),
        ] {
            let text = seen(value, expected).unwrap();
            assert!(text.contains(problem) && !text.contains("hunter2"), "{text}");
        }
    }
}

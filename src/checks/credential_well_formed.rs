//! The credential that the new revision is given has the shape of one. Its value is never shown: length, character
//! class, position.

use secrecy::ExposeSecret as _;

use super::connection::{self, Injected};
use super::facts::{failed, passed};
use super::{Check, Scope, Subjects};
use crate::model::DatabaseVariables;
use crate::probe::postgres::dsn::Dsn;
use crate::run::finding::{CredentialFinding, Finding};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::{Fact, Role};

/// See the module.
pub(super) static CHECK: Check = Check {
    id: "credential-well-formed",
    holds: "The database credential has the shape of one",
    vantage: Vantage::ControlPlane,
    role: Role::Advisory,
    needs: &["service-exists"],
    explained_by: &["variables-injected", "secret-references-match"],
    subjects: |service| if service.database.is_some() { Subjects::Whole } else { Subjects::None },
    run: |scope| Box::pin(run(scope)),
};

async fn run(scope: &Scope) -> Outcome {
    let Some(database) = &scope.target.service.database else {
        return super::facts::not_applicable("the pipeline states no database");
    };
    let names = database.variables.names();
    let all = futures::future::join_all(names.iter().map(|name| connection::injected(scope, name))).await;
    let (mut seen, mut hidden) = (Vec::new(), None);
    for one in all {
        match one {
            Ok(injected) => seen.push(injected),
            Err(outcome) => hidden = hidden.or(Some(outcome)),
        }
    }
    let mut findings = seen.iter().filter_map(|injected| judge(injected, &database.variables));
    if let Some(first) = findings.next() {
        findings.for_each(|other| scope.fact(Fact::Note { text: other.to_string() }));
        return failed(Finding::Credential(first));
    }
    // What was seen is well-formed; what was not seen decides.
    hidden.unwrap_or_else(|| passed(format!("the shape of {} is right", names.join(", "))))
}

/// What is wrong with the shape of a value, most telling first.
fn judge(injected: &Injected, variables: &DatabaseVariables) -> Option<CredentialFinding> {
    let value = injected.value.expose_secret();
    let (variable, secret) = (injected.variable.clone(), injected.secret.clone());
    let needed = match variables {
        DatabaseVariables::Dsn(name) => *name == variable,
        DatabaseVariables::Parts { host, password, .. } => {
            *host == variable || password.as_ref() == Some(&variable)
        }
    };
    if value.is_empty() {
        return needed.then_some(CredentialFinding::Empty { variable, secret });
    }
    let edge = |edge: &str, character: Option<char>| {
        let class = class(character?)?;
        let (variable, secret) = (variable.clone(), secret.clone());
        let (edge, class) = (edge.to_owned(), class.to_owned());
        Some(CredentialFinding::EdgeWhitespace { variable, secret, edge, class, length: value.len() })
    };
    edge("trailing", value.chars().next_back())
        .or_else(|| edge("leading", value.chars().next()))
        .or_else(|| unreadable(&variable, value, variables))
}

/// A whitespace at the edge of a value, in words.
fn class(character: char) -> Option<&'static str> {
    match character {
        '\n' => Some("line feed"),
        '\r' => Some("carriage return"),
        '\t' => Some("tab"),
        blank if blank.is_whitespace() => Some("blank"),
        _ => None,
    }
}

fn unreadable(variable: &str, value: &str, variables: &DatabaseVariables) -> Option<CredentialFinding> {
    let problem = match variables {
        DatabaseVariables::Dsn(name) if name == variable => Dsn::parse(value).err()?.to_string(),
        DatabaseVariables::Parts { port: Some(port), .. } if port == variable => match value.parse::<u16>() {
            Ok(_) => return None,
            Err(_unread) => "it is no port number".to_owned(),
        },
        DatabaseVariables::Dsn(_) | DatabaseVariables::Parts { .. } => return None,
    };
    Some(CredentialFinding::Unreadable { variable: variable.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(variable: &str, value: &str) -> Option<CredentialFinding> {
        let variables = DatabaseVariables::Parts {
            host: "DB_HOST".into(),
            port: Some("DB_PORT".into()),
            user: None,
            password: Some("DB_PASSWORD".into()),
            name: Some("DB_NAME".into()),
        };
        judge(&Injected { variable: variable.into(), secret: None, value: value.into() }, &variables)
    }

    #[test]
    fn whitespace_at_an_edge_is_named_with_its_class_and_never_shown() {
        for (value, edge, class) in [
            ("hunter2\n", "trailing", "line feed"),
            ("hunter2\r", "trailing", "carriage return"),
            (" hunter2", "leading", "blank"),
        ] {
            let finding = judged("DB_PASSWORD", value).unwrap();
            let said = finding.to_string();
            assert!(said.contains(edge) && said.contains(class) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn empty_matters_where_something_is_needed() {
        assert!(matches!(judged("DB_PASSWORD", ""), Some(CredentialFinding::Empty { .. })));
        assert!(matches!(judged("DB_HOST", ""), Some(CredentialFinding::Empty { .. })));
        assert_eq!(judged("DB_NAME", ""), None);
    }

    #[test]
    fn a_port_is_a_number() {
        assert!(matches!(judged("DB_PORT", "5432x"), Some(CredentialFinding::Unreadable { .. })));
        assert_eq!(judged("DB_PORT", "5432"), None);
    }

    #[test]
    fn ordinary_values_pass_whatever_is_inside_them() {
        for value in ["p@ss w/rd", "ünï", "%zz", "\"quoted\""] {
            assert_eq!(judged("DB_PASSWORD", value), None, "{value}");
        }
    }
}

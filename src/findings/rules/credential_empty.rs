//! A part of the way to the database is empty.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::names::holds_password;
use crate::findings::{Rule, Severity};
use crate::model::holds_connection_string;
use crate::model::{Value, Variable};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialEmpty.id(),
    severity: Severity::Error,
    what: "the password, host or connection string is empty",
    why: "an empty variable is not an absent one: the driver takes it, and the default that the code has is not used",
    mend: "give it a value, or leave the variable out",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    let needed = |variable: &Variable| {
        let name = variable.name.as_str();
        let of_way = look.ways.iter().any(|way| {
            [&way.host, &way.password].into_iter().flatten().any(|piece| std::ptr::eq(piece.from, variable))
        });
        of_way || holds_password(name) && !name.contains("REDIS") || holds_connection_string(name)
    };
    for variable in look.service.env.iter().filter(|variable| needed(variable)) {
        let name = &variable.name;
        match &variable.value.value {
            // The default '' of a substitution is there to be replaced; what follows a cut value is told elsewhere.
            Value::Known(text) if text.is_empty() && !look.may_be_overridden(variable) => {
                found.push(look.found(variable, format!("`{name}` is empty")));
            }
            Value::Unresolved { fallback: Some(fallback), .. } if fallback.is_empty() => {
                let message = format!("`{name}` is empty where its expression yields nothing");
                found.push(look.found(variable, message).only(Severity::Warning));
            }
            Value::Known(_) | Value::Unresolved { .. } => {}
        }
    }
    found
}

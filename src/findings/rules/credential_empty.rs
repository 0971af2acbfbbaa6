//! A part of the way to the database is empty.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Expected;
use crate::findings::look::{Found, Look};
use crate::findings::names::holds_password;
use crate::findings::{Rule, Severity};
use crate::model::{Value, Variable, holds_connection_string};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialEmpty.id(),
    severity: Severity::Error,
    what: "the password, host or connection string is empty",
    why: "an empty variable is not an absent one: the driver takes it, and the default that the code has is not used",
    fix: "give it a value, or leave the variable out",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    // The default '' of a substitution is there to be replaced.
    let empty = look.unfit(RULE.code);
    for spot in empty.into_iter().filter(|spot| !look.may_be_overridden(spot.from)) {
        // A driver has a default for the user, the name and the port; the code before it may have none.
        let least = matches!(spot.expected, Expected::User | Expected::Name | Expected::Port);
        let one = look.found(spot.from, format!("`{}` is empty", spot.from.name));
        found.push(one.only_if(least, Severity::Warning));
    }
    for variable in look.service.env.iter().filter(|variable| needed(look, variable)) {
        let Value::Unresolved { fallback: Some(fallback), .. } = &variable.value.value else { continue };
        if fallback.is_empty() {
            let message = format!("`{}` is empty where its expression yields nothing", variable.name);
            found.push(look.found(variable, message).only(Severity::Warning));
        }
    }
    found
}

/// Whether nothing leads to the database without a variable.
fn needed(look: &Look<'_>, variable: &Variable) -> bool {
    let name = variable.name.as_str();
    let of_way = look.ways.iter().any(|way| {
        [&way.host, &way.password].into_iter().flatten().any(|piece| std::ptr::eq(piece.from, variable))
    });
    of_way || holds_password(name) && !name.contains("REDIS") || holds_connection_string(name)
}

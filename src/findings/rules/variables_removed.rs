//! A deploy removes variables that it does not state.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DatabaseVariables, OtherVariables};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "variables-removed",
    severity: Severity::Warning,
    what: "the deploy removes variables that the service needs",
    why: "--set-env-vars, --env-vars-file and `overwrite` remove every variable that they do not state",
    fix: "--update-env-vars keeps the others; or state all of them in one place",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let Some(OtherVariables::Removed(place)) = &look.service.other_variables else { return Vec::new() };
    let mut found = Vec::new();
    for variable in &look.service.removed_env {
        let message = format!("this removes `{}` again, which an earlier step sets", variable.name);
        found.push(look.found_in(place, message).related(&variable.value.place, "set here"));
    }
    // What the rungate file says leads to the database, and nothing here sets.
    let stated = look.service.database.as_ref().filter(|database| database.stated);
    let names = stated.map(|database| DatabaseVariables::names(&database.variables)).unwrap_or_default();
    for name in names {
        if look.service.variable(name).is_none() && look.service.secret(name).is_none() {
            let message =
                format!("this removes `{name}`, which leads to the database and is set nowhere here");
            found.push(look.found_in(place, message));
        }
    }
    found
}

//! A comma or a quote cuts a value, or becomes part of it.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, Value, Variable};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::ValueSplit.id(),
    severity: Severity::Error,
    what: "a comma or quote in a value cut it, or became part of it",
    why: "gcloud and the action split lists at every comma: the rest becomes a variable of its own, or the deploy is refused",
    fix: "gcloud: a separator of your own, --set-env-vars=^@^A=1,2@B=3; the action: `\\,`",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let lists = match look.service.deploys_via {
        DeploysVia::GcloudRunDeploy | DeploysVia::DeployCloudrunAction | DeploysVia::ServicesUpdate => true,
        DeploysVia::ServicesReplace | DeploysVia::Manifest | DeploysVia::Native => false,
    };
    let mut found = Vec::new();
    let mut before: Option<&Variable> = None;
    for variable in look.variables() {
        let cut = lists && (!is_name(&variable.name) || has_no_value(look, variable));
        let open = variable.name.contains('$') || !matches!(variable.value.value, Value::Known(_));
        if cut && !open {
            let length = variable.name.chars().count();
            let whose = before
                .map_or_else(|| "a value".to_owned(), |before| format!("the value of `{}`", before.name));
            // What was cut off may be a part of a secret: only its length is told.
            let message =
                format!("a comma cuts {whose}: what is behind it ({length} in length) stands alone");
            found.push(look.found(before.unwrap_or(variable), message));
            continue;
        }
        if let Some(quote) = quoted(variable).filter(|_| !is_of_database(look, variable)) {
            let message =
                format!("the quotes ({quote}) around the value of `{}` are part of it", variable.name);
            let fix = "leave them out: nothing takes them off here";
            found.push(look.found(variable, message).fix(fix).only(Severity::Warning));
        }
        before = Some(variable);
    }
    found
}

/// What Cloud Run takes as a name; a cut value rarely looks so.
fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// Whether there is no `=` behind a name. Only where a list of pairs was found at all.
fn has_no_value(look: &Look<'_>, variable: &Variable) -> bool {
    let others_are_named = look.service.env.iter().any(|other| look.is_named(other));
    variable.value.as_known() == Some("") && others_are_named && !look.is_named(variable)
}

/// The quotes that enclose a value.
fn quoted(variable: &Variable) -> Option<char> {
    let text = variable.value.as_known()?;
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then_some(quote)
}

/// Whether the database's own rule tells of its quotes.
fn is_of_database(look: &Look<'_>, variable: &Variable) -> bool {
    look.ways.iter().flat_map(|way| way.pieces()).any(|piece| std::ptr::eq(piece.from, variable))
}

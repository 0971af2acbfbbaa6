//! A placeholder that nobody fills in reaches the service as text.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::open::references;
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, Value, Variable};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::ValueUnresolved.id(),
    severity: Severity::Error,
    what: "a placeholder reaches the service as text",
    why: "Cloud Run does not expand references in values: the service gets the placeholder's own characters",
    fix: "write the value itself, or let the step that deploys fill it in",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let template = is_template(look);
    look.variables()
        .filter_map(|variable| {
            let placeholder = placeholder(look, variable, template)?;
            let message =
                format!("`{}` is given the text `{placeholder}`: nothing fills it in", variable.name);
            // A tool between this file and Cloud Run (envsubst, say) would; nothing in the file tells of one.
            let maybe = look.service.deploys_via == DeploysVia::Manifest && !placeholder.starts_with("$(");
            Some(look.found(variable, message).only_if(maybe, Severity::Warning))
        })
        .collect()
}

/// The placeholder in a value, if nothing between the file and the service fills it in.
fn placeholder(look: &Look<'_>, variable: &Variable, template: bool) -> Option<String> {
    let text = variable.value.raw();
    // Spring fills in `${…}` by itself, wherever a property comes from.
    let by_itself = variable.name.starts_with("SPRING_");
    let first = |bare| {
        let found = references(text, bare).into_iter().find_map(|range| text.get(range));
        found.filter(|found| is_placeholder(found)).map(str::to_owned)
    };
    match look.service.deploys_via {
        // A rungate file states what was deployed; an input of the action is no shell.
        DeploysVia::Native | DeploysVia::DeployCloudrunAction => {
            let known = matches!(variable.value.value, Value::Known(_)) && !by_itself;
            let whole = text.strip_prefix('$').is_some_and(|name| is_name(name.trim_start_matches('$')));
            known.then(|| first(whole)).flatten()
        }
        DeploysVia::Manifest => (!template && !by_itself).then(|| first(false)).flatten(),
        // `$$NAME` is Cloud Build's way to hand `$NAME` to a shell; without a shell it stays.
        DeploysVia::GcloudRunDeploy | DeploysVia::ServicesUpdate => {
            let escaped = text.strip_prefix("$$").filter(|name| is_name(name))?;
            (!has_shell(look, variable)).then(|| format!("${escaped}"))
        }
        DeploysVia::ServicesReplace => None,
    }
}

/// `$NAME`, `${NAME}`, `$(NAME)` or such a one of Cloud Build; not an expression of GitHub.
fn is_placeholder(text: &str) -> bool {
    let inner = text.trim_start_matches('$').trim_matches(['{', '}', '(', ')']);
    !text.starts_with("${{") && is_name(inner)
}

/// A name as variables have it: in capitals.
fn is_name(text: &str) -> bool {
    let shape = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.chars().all(shape) && text.contains(|c: char| c.is_ascii_uppercase())
}

/// Whether a manifest is a template that some tool fills in: it has placeholders where no value of a variable is.
fn is_template(look: &Look<'_>) -> bool {
    let service = look.service;
    let facts = [
        &service.name,
        &service.project,
        &service.region,
        &service.image,
        &service.service_account,
        &service.vpc.connector,
        &service.vpc.network,
        &service.vpc.subnet,
        &service.port,
    ];
    let facts = facts.into_iter().flatten().chain(&service.cloudsql_instances);
    let secrets = service.secrets.iter().flat_map(|secret| [&secret.secret, &secret.version]);
    facts.chain(secrets).any(|stated| stated.raw().contains('$'))
}

/// Whether a shell runs in the deploying step, before the variable is stated.
fn has_shell(look: &Look<'_>, variable: &Variable) -> bool {
    let words = ["bash", "sh", "script:", "-c"];
    look.step_until(&variable.value.place)
        .iter()
        .any(|line| line.split([' ', '"', '\'', '[', ']', ',', '/']).any(|word| words.contains(&word)))
}

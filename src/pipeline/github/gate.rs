//! The gate's own action: inputs that it does not have. GitHub only warns of them, so that a gate with a slip in
//! `acept_unproven` or `dry_runn` would do something else than was meant.

use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;
use crate::text::nearest;

/// The inputs of `action.yml`.
pub const INPUTS: &[&str] = &[
    "accept_unproven",
    "args",
    "binary",
    "deadline",
    "dry_run",
    "pipeline",
    "project_id",
    "region",
    "report_html",
    "report_json",
    "report_junit",
    "report_markdown",
    "report_sarif",
    "require",
    "revision",
    "sandbox",
    "service",
    "url",
    "version",
    "working_directory",
];

/// Whether a step uses the gate's action, of whichever owner and version.
pub(super) fn is_gate(uses: &str) -> bool {
    let name = uses.trim().split('@').next().unwrap_or_default();
    name.split_once('/').is_some_and(|(owner, name)| owner != "." && name.eq_ignore_ascii_case("rungate"))
}

/// Tells of inputs that the action does not have. One that is near to a known one is an error; any other may be of a
/// newer version of the action than this gate.
pub(super) fn tell_unknown_inputs(step: &Node, problems: &mut Problems) {
    for entry in step.get("with").map(Node::entries).unwrap_or_default() {
        if INPUTS.iter().any(|input| input.eq_ignore_ascii_case(&entry.key)) {
            continue;
        }
        let text = format!("the action rungate has no input `{}`", entry.key);
        let near = !nearest::nearest(&entry.key, INPUTS.iter().copied()).is_empty();
        let make = if near { Problem::error } else { Problem::warning };
        problems.push(
            make("unknown-input", text)
                .at(entry.place.clone())
                .length(entry.key.chars().count())
                .fix(nearest::did_you_mean(&entry.key, INPUTS.iter().copied())),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_is_known_by_its_name() {
        for (uses, is) in [
            ("acme/rungate@v1", true),
            ("Acme/RunGate@0123", true),
            ("acme/rungate", true),
            ("./rungate", false),
            ("acme/rungate-setup@v1", false),
            ("acme/tools/rungate@v1", false),
            ("rungate", false),
        ] {
            assert_eq!(is_gate(uses), is, "{uses}");
        }
    }
}

//! Findings as annotations for GitHub's runner, on the lines that they are about.

use super::{Findings, Lint, Severity};
use crate::text::escape::{one_line, shown};
use crate::text::github::{MOST, data, property};

/// The longest message of an annotation, in characters.
const LONGEST: usize = 1_000;

/// The commands; `folder` is the working directory within the repository. Of each kind no more than GitHub shows.
pub fn annotations(findings: &Findings, folder: &str) -> String {
    let kinds = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Advice, "notice")];
    let of = |severity| findings.shown.iter().filter(move |one| one.severity == severity).take(MOST);
    kinds.iter().flat_map(|(severity, kind)| of(*severity).map(|one| annotation(kind, one, folder))).collect()
}

fn annotation(kind: &str, finding: &Lint, folder: &str) -> String {
    let path = finding.place.file.strip_prefix("./").unwrap_or(&finding.place.file);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{folder}{path}") };
    let message = format!("{}\nmend: {}", shown(&finding.message, LONGEST), one_line(&finding.fix));
    format!(
        "::{kind} file={},line={},col={},title={}::{}\n",
        property(&path),
        finding.place.line,
        finding.place.column,
        property(finding.rule.code),
        data(&message),
    )
}

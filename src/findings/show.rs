//! Findings as text for people and as JSON.

use serde_json::json;

use super::mask::Mask;
use super::{Finding, Findings, Severity};
use crate::pipeline::{Loaded, Problem, render_problem};

/// The findings with their excerpts, then a line that counts them. Secrets in excerpts are covered.
pub fn text(findings: &Findings, loaded: &Loaded, colour: bool) -> String {
    let texts = &loaded.warnings;
    let mask = Mask::new(&loaded.pipeline, |file, text| {
        texts.source(file).is_some_and(|source| source.contains(text))
    });
    let covered: Vec<(&str, String)> =
        texts.sources().map(|(file, text)| (file.as_ref(), mask.text(text))).collect();
    let source = |file: &std::sync::Arc<str>| {
        covered.iter().find(|(name, _)| *name == file.as_ref()).map(|(_, text)| text.as_str())
    };
    let problems = findings.shown.iter().map(problem).chain(findings.remarks.iter().cloned());
    let mut whole: String =
        problems.map(|problem| render_problem(&problem, source, colour) + "\n\n").collect();
    whole.push_str(&count(findings));
    whole
}

/// A finding as a problem of its file.
fn problem(finding: &Finding) -> Problem {
    let code = finding.rule.code;
    let mut message = finding.message.clone();
    if !finding.also.is_empty() {
        let lines: Vec<String> = finding.also.iter().map(|place| place.line.to_string()).collect();
        message.push_str(&format!("; the same in line {}", lines.join(", ")));
    }
    let mut problem = Problem::warning(code, message)
        .at(finding.place.clone())
        .length(finding.length)
        .hint(format!("{}\n`rungate explain {code}` tells more", finding.mend));
    problem.severity = finding.severity;
    problem.note = Some(finding.rule.why.to_owned());
    problem.related.clone_from(&finding.related);
    problem
}

/// `2 errors, 1 warning, 3 pieces of advice; 1 silenced`.
fn count(findings: &Findings) -> String {
    let of = |severity| findings.shown.iter().filter(|finding| finding.severity == severity).count();
    let several =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut line = format!(
        "findings: {}, {}, {}",
        several(of(Severity::Error), "error", "errors"),
        several(of(Severity::Warning), "warning", "warnings"),
        several(of(Severity::Advice), "piece of advice", "pieces of advice"),
    );
    if !findings.silenced.is_empty() {
        let codes: Vec<String> = findings
            .silenced
            .iter()
            .map(|silenced| format!("{} at {}", silenced.finding.rule.code, silenced.finding.place))
            .collect();
        line.push_str(&format!("; {} silenced: {}", codes.len(), codes.join(", ")));
    }
    crate::pipeline::printable(&line, 2000) + "\n"
}

/// The findings as JSON.
pub fn json(findings: &Findings) -> serde_json::Value {
    let place =
        |place: &crate::model::Place| json!({"file": place.file, "line": place.line, "column": place.column});
    let one = |finding: &Finding| {
        json!({
            "code": finding.rule.code,
            "severity": word(finding.severity),
            "service": finding.service,
            "place": place(&finding.place),
            "message": finding.message,
            "why": finding.rule.why,
            "mend": finding.mend,
            "also": finding.also.iter().map(place).collect::<Vec<_>>(),
        })
    };
    let silenced = findings.silenced.iter().map(|silenced| {
        let mut finding = one(&silenced.finding);
        finding["reason"] = silenced.reason.as_str().into();
        finding
    });
    json!({
        "findings": findings.shown.iter().map(one).collect::<Vec<_>>(),
        "silenced": silenced.collect::<Vec<_>>(),
    })
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}

//! Findings as text for people and as JSON.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::json;

use super::mask::Mask;
use super::{Findings, Lint, Severity};
use crate::pipeline::{Loaded, Problem, render_problem};

/// How many findings are shown with their excerpts; the others are counted only.
const MOST_SHOWN: usize = 200;

/// The findings with their excerpts, then a line that counts them. Secrets in excerpts are covered.
pub fn text(findings: &Findings, loaded: &Loaded, colour: bool) -> String {
    let problems: Vec<Problem> =
        findings.shown.iter().map(problem).chain(findings.remarks.iter().cloned()).take(MOST_SHOWN).collect();
    let covered = covered(&problems, loaded);
    let source = |file: &Arc<str>| covered.get(file).map(String::as_str);
    let mut whole: String =
        problems.iter().map(|problem| render_problem(problem, source, colour) + "\n\n").collect();
    let left = (findings.shown.len() + findings.remarks.len()).saturating_sub(problems.len());
    if left > 0 {
        whole.push_str(&format!("{left} more are not shown\n"));
    }
    whole.push_str(&count(findings));
    whole
}

/// The files with the lines that are shown, secrets covered; all other lines are empty.
fn covered(problems: &[Problem], loaded: &Loaded) -> HashMap<Arc<str>, String> {
    let texts = &loaded.warnings;
    let mut lines: HashMap<&str, HashSet<u32>> = HashMap::new();
    for problem in problems {
        for place in problem.place.iter().chain(problem.related.iter().map(|(place, _)| place)) {
            lines.entry(&place.file).or_default().insert(place.line);
        }
    }
    let length = texts.sources().map(|(_, text)| text.len()).sum();
    let mask = Mask::new(&loaded.pipeline, length, |file, text| {
        texts.source(file).is_some_and(|source| source.contains(text))
    });
    let shown = |file: &str, text: &str| {
        let wanted = lines.get(file)?;
        let is_wanted = |index: usize| u32::try_from(index + 1).is_ok_and(|line| wanted.contains(&line));
        let characters =
            text.lines().enumerate().filter(|(index, _)| is_wanted(*index)).map(|(_, line)| line.len());
        let line = |(index, line)| if is_wanted(index) { mask.line(line) + "\n" } else { "\n".to_owned() };
        (!mask.is_too_much(characters.sum())).then(|| text.lines().enumerate().map(line).collect())
    };
    texts.sources().filter_map(|(file, text)| Some((file.clone(), shown(file, text)?))).collect()
}

/// How many opinions of drivers are shown as text; JSON has all.
const MOST_OPINIONS: usize = 4;

/// How many lines of the same are named.
const MOST_LINES: usize = 20;

/// A finding as a problem of its file.
fn problem(finding: &Lint) -> Problem {
    let code = finding.rule.code;
    let mut message = finding.message.clone();
    if !finding.also.is_empty() {
        let lines = finding.also.iter().take(MOST_LINES).map(|place| place.line.to_string());
        let more = if finding.also.len() > MOST_LINES { ", …" } else { "" };
        let lines: Vec<String> = lines.collect();
        let word = if finding.also.len() == 1 { "line" } else { "lines" };
        message.push_str(&format!("; the same in {word} {}{more}", lines.join(", ")));
    }
    let mut problem = Problem::warning(code, message)
        .at(finding.place.clone())
        .length(finding.length)
        .fix(format!("{}\n`rungate explain {code}` tells more", finding.fix));
    problem.severity = finding.severity;
    let opinions = finding.drivers.iter().take(MOST_OPINIONS).map(|opinion| format!("\n{opinion}"));
    problem.note = Some(format!("{}{}", finding.rule.why, opinions.collect::<String>()));
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
    crate::text::escape::shown(&line, 2000) + "\n"
}

/// The findings as JSON.
pub fn json(findings: &Findings) -> serde_json::Value {
    let place =
        |place: &crate::model::Place| json!({"file": place.file, "line": place.line, "column": place.column});
    let one = |finding: &Lint| {
        json!({
            "code": finding.rule.code,
            "severity": word(finding.severity),
            "service": finding.service,
            "place": place(&finding.place),
            "message": finding.message,
            "why": finding.rule.why,
            "fix": finding.fix,
            "drivers": finding.drivers,
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

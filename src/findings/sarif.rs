//! Findings as SARIF 2.1.0, for code scanning: rules with their help, places, levels, and what comments silence as
//! suppressions.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Findings, Lint, RULES, Severity, Silenced};
use crate::model::Place;
use crate::pages::explain;
use crate::pipeline::Problem;
use crate::text::escape::one_line;

/// Kept in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The log of one dry run.
pub fn sarif(findings: &Findings) -> Value {
    let shown = findings.shown.iter().map(|finding| result(finding, None));
    let silenced =
        findings.silenced.iter().map(|Silenced { finding, reason }| result(finding, Some(reason.as_str())));
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rungate",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| self::rule(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": findings.remarks.iter().map(remark).collect::<Vec<_>>(),
            }],
            "results": shown.chain(silenced).collect::<Vec<_>>(),
        }],
    })
}

fn rule(rule: &super::Rule) -> Value {
    let page = explain(rule.code).unwrap_or_default();
    let mut value = json!({
        "id": rule.code,
        "shortDescription": { "text": rule.what },
        "fullDescription": { "text": rule.why },
        "help": { "text": format!("{} {}", rule.why, rule.fix), "markdown": page },
        "defaultConfiguration": { "level": level(rule.severity) },
    });
    if let Some(uri) = page_uri(rule.code) {
        value["helpUri"] = uri.into();
    }
    value
}

/// Where the page of a code lies, once Cargo.toml says where the project does.
fn page_uri(code: &str) -> Option<String> {
    let repository = option_env!("CARGO_PKG_REPOSITORY").filter(|url| !url.is_empty())?;
    let folder = if crate::pages::is_cause(code) { "causes" } else { "findings" };
    Some(format!("{repository}/blob/v{}/docs/{folder}/{code}.md", env!("CARGO_PKG_VERSION")))
}

fn result(finding: &Lint, silenced: Option<&str>) -> Value {
    let mut result = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": RULES.iter().position(|rule| rule.code == finding.rule.code),
        "level": level(finding.severity),
        "message": { "text": plain(&format!("{}. {}", finding.message, finding.fix)) },
        "locations": [location(&finding.place, finding.length)],
    });
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|(place, text)| {
            let mut location = location(place, 1);
            location["message"] = json!({ "text": plain(text) });
            location
        })
        .chain(finding.also.iter().map(|place| location(place, 1)))
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some(reason) = silenced {
        result["suppressions"] =
            json!([{ "kind": "inSource", "status": "accepted", "justification": one_line(reason) }]);
    }
    result
}

fn location(place: &Place, length: usize) -> Value {
    let column = place.column.max(1);
    let length = u32::try_from(length.max(1)).unwrap_or(1);
    json!({ "physicalLocation": {
        "artifactLocation": artifact(&place.file),
        "region": {
            "startLine": place.line.max(1),
            "startColumn": column,
            "endColumn": column.saturating_add(length),
        },
    } })
}

/// A file of the repository, or elsewhere on this machine.
fn artifact(file: &str) -> Value {
    let path = utf8_percent_encode(file.strip_prefix("./").unwrap_or(file), PATH).to_string();
    if path.starts_with('/') {
        json!({ "uri": format!("file://{path}") })
    } else {
        json!({ "uri": path, "uriBaseId": "%SRCROOT%" })
    }
}

fn remark(problem: &Problem) -> Value {
    let mut value = json!({
        "descriptor": { "id": problem.code },
        "level": level(problem.severity),
        "message": { "text": plain(&problem.message) },
    });
    if let Some(place) = &problem.place {
        value["locations"] = json!([location(place, usize::try_from(problem.length).unwrap_or(1))]);
    }
    value
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// A message, in which `[text](target)` would be a link.
fn plain(text: &str) -> String {
    one_line(text).replace("](", "] (")
}

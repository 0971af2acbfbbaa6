//! What GitHub's runner acts on: annotations on the pipeline file's own lines, and every check in folded groups.
//!
//! Annotations: at most one a service, the root cause first, and no more than GitHub shows of a step. Text of others
//! stands in their data and properties only, escaped as the runner unescapes it.

use super::numbers::count;
use super::standing::concluded;
use super::{Style, text};
use crate::diagnosis::{Cause, Diagnosis, Verdict};
use crate::record::RunRecord;
use crate::text::escape::{one_line, shown};
use crate::text::github::{MOST, data, property};

/// The longest message of an annotation, in characters.
const LONGEST: usize = 2_000;

pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, style: &Style) -> String {
    commands(record, diagnosis, style, "")
}

/// The commands; `folder` is the working directory within the repository, for places in files.
pub(crate) fn commands(record: &RunRecord, diagnosis: &Diagnosis, style: &Style, folder: &str) -> String {
    let mut out = String::new();
    for (kind, causes) in [("error", causes(diagnosis)), ("warning", advisories(record, diagnosis))] {
        let left = causes.len().saturating_sub(MOST);
        for (at, cause) in causes.into_iter().take(MOST).enumerate() {
            let more = if at + 1 == MOST && left > 0 {
                format!("\n{} more are not shown here, see the report.", count(left, "service"))
            } else {
                String::new()
            };
            let rollback = record.services.iter().find(|one| one.key == cause.service);
            let rollback = rollback.and_then(|one| one.rollback.as_ref());
            let rollback =
                rollback.map_or_else(String::new, |one| format!("\n{}", one_line(&one.to_string())));
            out.push_str(&annotation(kind, cause, folder, &(rollback + &more)));
        }
    }
    for service in &record.services {
        let checks = record.nodes.iter().filter(|node| node.service == service.key).count();
        let title = format!("rungate: {} of {}", count(checks, "check"), one_line(&service.key));
        out.push_str(&format!("::group::{}\n", data(&title)));
        let verbose = Style { verbose: true, ..*style };
        out.push_str(&text::of_service(record, diagnosis, service, &verbose));
        out.push_str("::endgroup::\n");
    }
    out
}

/// The first cause of every service that is not healthy, in the diagnosis's order: the root cause first.
fn causes(diagnosis: &Diagnosis) -> Vec<&Cause> {
    let mut first: Vec<&Cause> = Vec::new();
    for cause in &diagnosis.causes {
        if !first.iter().any(|known| known.service == cause.service) {
            first.push(cause);
        }
    }
    first
}

/// The first advisory of every service that is healthy nevertheless.
fn advisories<'a>(record: &RunRecord, diagnosis: &'a Diagnosis) -> Vec<&'a Cause> {
    let healthy = |key: &str| concluded(diagnosis, key).is_some_and(|one| one.verdict == Verdict::Healthy);
    let of = |key: &str| diagnosis.advisories.iter().find(|cause| cause.service == key);
    record.services.iter().filter(|one| healthy(&one.key)).filter_map(|one| of(&one.key)).collect()
}

fn annotation(kind: &str, cause: &Cause, folder: &str, more: &str) -> String {
    let mut properties = Vec::new();
    if let Some(place) = &cause.place {
        let path = place.file.strip_prefix("./").unwrap_or(&place.file);
        let path = if path.starts_with('/') { path.to_owned() } else { flat(&format!("{folder}{path}")) };
        properties.push(format!("file={}", property(&path)));
        properties.push(format!("line={}", place.line));
        properties.push(format!("col={}", place.column));
    }
    let title = if cause.service.is_empty() {
        cause.code.to_string()
    } else {
        format!("{}: {}", cause.service, cause.code)
    };
    properties.push(format!("title={}", property(&shown(&title, 200))));
    let mut message = shown(&cause.claim, LONGEST);
    if let Some(fix) = cause.fix.first() {
        message.push_str(&format!("\nmend: {}", one_line(&fix.text)));
        message.extend(fix.command.iter().map(|command| format!("\n$ {}", one_line(command))));
    }
    message.push_str(more);
    format!("::{kind} {}::{}\n", properties.join(","), data(&message))
}

/// A path without `..`: a step in a folder of its own names the workflow above it, and GitHub looks from the root.
fn flat(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." if parts.last().is_some_and(|last| *last != "..") => parts.truncate(parts.len() - 1),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

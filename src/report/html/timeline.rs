//! Every check on one line of time with its real start and end, and behind each line what was seen.

use maud::{Markup, html};
use strum::IntoEnumIterator as _;

use super::super::chain::State;
use super::super::numbers::seconds;
use super::shown;
use crate::diagnosis::Diagnosis;
use crate::record::{Fact, Family, NodeRecord, Outcome, RunRecord, words};

/// Width of the scale, in its own units: a bar is drawn in thousandths of the run.
const SCALE: u64 = 1000;
/// The least width of a bar, so that an instant is seen.
const LEAST: u64 = 5;

pub(super) fn checks(record: &RunRecord, diagnosis: &Diagnosis, nodes: &[&NodeRecord]) -> Markup {
    let ends = nodes.iter().map(|node| node.started_ms.saturating_add(node.duration_ms));
    let whole = ends.max().unwrap_or_default().max(record.duration_ms).max(1);
    html! {
        @if !nodes.is_empty() {
            h3 { "All checks, by time" }
            div.axis { span.scale { span { "0" } span { (seconds(whole / 2)) } span { (seconds(whole)) } } }
            ul.time {
                @for family in Family::iter() {
                    @let members: Vec<&&NodeRecord> =
                        nodes.iter().filter(|node| diagnosis.family(node.check) == family).collect();
                    @if !members.is_empty() {
                        li.family { (family.title()) }
                        @for node in members { li { (row(diagnosis, node, whole)) } }
                    }
                }
            }
        }
    }
}

fn row(diagnosis: &Diagnosis, node: &NodeRecord, whole: u64) -> Markup {
    let state = State::of(diagnosis, node);
    let name = match &node.subject {
        Some(subject) => format!("{}[{subject}]", node.check),
        None => node.check.to_string(),
    };
    let ran = match &node.outcome {
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. }) => false,
        Some(Outcome::Passed { .. } | Outcome::Failed { .. } | Outcome::Inconclusive { .. }) | None => true,
    };
    let part =
        |ms: u64| u64::try_from(u128::from(ms) * u128::from(SCALE) / u128::from(whole)).unwrap_or(SCALE);
    let width = part(node.duration_ms).clamp(LEAST, SCALE);
    let x = part(node.started_ms).min(SCALE - width);
    html! {
        details class=(state) {
            summary {
                span.mark { (state.glyph()) }
                span.name { (shown(&name)) }
                svg.bar viewBox={ "0 0 " (SCALE) " 10" } preserveAspectRatio="none" aria-hidden="true" {
                    rect.rail width=(SCALE) height="10" rx="2" {}
                    @if ran { rect.run x=(x) width=(width) height="10" rx="2" {} }
                }
                span.took { @if ran { (seconds(node.duration_ms)) } @else { (state.word()) } }
            }
            div.more {
                p { (shown(&words::outcome(node.outcome.as_ref()))) }
                @for fact in &node.facts { @if let Some(text) = sentence(fact) { p { (shown(&text)) } } }
                p.soft {
                    (state.word()) " · checked from " (node.vantage) " · " (node.role)
                    @if ran {
                        " · from " (seconds(node.started_ms)) " to "
                        (seconds(node.started_ms.saturating_add(node.duration_ms)))
                    }
                    " · " (shown(&node.place.to_string()))
                }
            }
        }
    }
}

/// A further observation in words; attempts are drawn elsewhere.
fn sentence(fact: &Fact) -> Option<String> {
    match fact {
        Fact::DependencyUp { dependency } => Some(format!("{} is up", dependency.name)),
        Fact::HealthAttempt { .. } => None,
        Fact::SignalsDisagree { status, body } => Some(format!("status {status}, and the body says {body}")),
        Fact::ColdStart { failures, after_ms } => {
            Some(format!("a cold start: {failures} attempts failed, healthy after {}", seconds(*after_ms)))
        }
        Fact::PostgresServer { version, in_recovery } => {
            let role = if *in_recovery { ", a standby" } else { "" };
            Some(format!("PostgreSQL {version}{role}"))
        }
        Fact::ServerPassedOver { server, served_by, finding } => {
            Some(format!("{server} does not serve, {served_by} does: {finding}"))
        }
        Fact::Note { text } => Some(text.clone()),
    }
}

//! The attempts at health: when each was made, how long it took, what came of it.

use maud::{Markup, html};

use super::super::numbers::seconds;
use super::shown;
use crate::record::{Fact, HealthAttempt, NodeRecord, Taken};

/// The plot's inner width and height, in its own units.
const WIDTH: u64 = 380;
const HEIGHT: u64 = 110;
/// Room for the labels on the left and above.
const LEFT: u64 = 42;
const TOP: u64 = 14;

pub(super) fn attempts(nodes: &[&NodeRecord]) -> Markup {
    let facts = nodes.iter().flat_map(|node| &node.facts);
    let attempts: Vec<&HealthAttempt> = facts
        .filter_map(|fact| match fact {
            Fact::HealthAttempt(attempt) => Some(attempt),
            Fact::DependencyUp { .. }
            | Fact::SignalsDisagree { .. }
            | Fact::ColdStart { .. }
            | Fact::PostgresServer { .. }
            | Fact::ServerPassedOver { .. }
            | Fact::Note { .. } => None,
        })
        .collect();
    if attempts.is_empty() {
        return html! {};
    }
    let first = attempts.iter().map(|one| one.at_ms).min().unwrap_or_default();
    let last = attempts.iter().map(|one| one.at_ms).max().unwrap_or_default();
    let slowest = attempts.iter().map(|one| one.latency_ms).max().unwrap_or_default().max(1);
    let span = (last - first).max(1);
    let scaled = |value: u64, whole: u64, length: u64| {
        u64::try_from(u128::from(value) * u128::from(length) / u128::from(whole)).unwrap_or(length)
    };
    let place = |one: &HealthAttempt| {
        (
            LEFT + scaled(one.at_ms - first, span, WIDTH),
            TOP + HEIGHT - scaled(one.latency_ms, slowest, HEIGHT),
        )
    };
    let thread: Vec<String> =
        attempts.iter().map(|one| place(one)).map(|(x, y)| format!("{x},{y}")).collect();
    let bottom = TOP + HEIGHT;
    html! {
        h3 { "Health, attempt by attempt" }
        figure.plot {
            svg role="img" aria-label={ (attempts.len()) " attempts, the slowest took " (seconds(slowest)) }
                viewBox={ "0 0 " (LEFT + WIDTH + 14) " " (bottom + 22) } {
                line.grid x1=(LEFT) y1=(TOP) x2=(LEFT + WIDTH) y2=(TOP) {}
                line.grid x1=(LEFT) y1=(bottom) x2=(LEFT + WIDTH) y2=(bottom) {}
                text x=(LEFT - 6) y=(TOP + 4) text-anchor="end" { (seconds(slowest)) }
                text x=(LEFT - 6) y=(bottom + 4) text-anchor="end" { "0" }
                text x=(LEFT) y=(bottom + 18) { "at " (seconds(first)) }
                @if last > first { text x=(LEFT + WIDTH) y=(bottom + 18) text-anchor="end" { (seconds(last)) } }
                polyline.thread points=(thread.join(" ")) {}
                @for one in &attempts {
                    @let (x, y) = place(one);
                    circle class={ "dot " (class(one.taken)) } cx=(x) cy=(y) r="4.5" {}
                }
            }
        }
        details.fold {
            summary { "Attempts in words" }
            div.tablewrap { table {
                tr { th { "" } th { "at" } th { "took" } th { "status" } th { "read as" } th { "asked" } }
                @for one in &attempts {
                    tr {
                        td class=(class(one.taken)) { (one.taken.mark().map(String::from).unwrap_or_default()) }
                        td { (seconds(one.at_ms)) }
                        td { (seconds(one.latency_ms)) }
                        td { @if let Some(status) = one.status { (status) } @else { "–" } }
                        td { (one.verdict) @if let Some(detail) = &one.detail { ": " (shown(detail)) } }
                        td.mono { (shown(&one.url)) }
                    }
                }
            } }
        }
    }
}

fn class(taken: Taken) -> &'static str {
    match taken {
        Taken::Success => "holds",
        Taken::Failure => "broken",
        Taken::Aside => "unseen",
    }
}

//! A service's section: what its verdict rests on, the chain, causes with proof and fix, time line, health.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::super::chain::chain;
use super::super::standing::{concluded, label, notes, proofs, state};
use super::{drawing, plot, shown, timeline};
use crate::diagnosis::{Cause, Diagnosis, Met, RuledOut, Verdict};
use crate::record::{NodeRecord, RunRecord, ServiceRecord};

pub(super) fn section(record: &RunRecord, diagnosis: &Diagnosis, service: &ServiceRecord) -> Markup {
    let nodes: Vec<&NodeRecord> = record.nodes.iter().filter(|node| node.service == service.key).collect();
    let concluded = concluded(diagnosis, &service.key);
    let verdict = concluded.map_or(Verdict::Inconclusive, |one| one.verdict);
    let of_service = |cause: &&Cause| cause.service == service.key;
    let ruled_out: Vec<&RuledOut> =
        diagnosis.ruled_out.iter().filter(|one| one.service == service.key).collect();
    let notes = notes(&nodes);
    html! {
        section {
            h2 { (shown(&service.key)) " " span class={ "badge " (verdict) } { (verdict) } }
            p.soft {
                "project " (shown(&service.project)) " · region " (shown(&service.region))
                @if let Some(revision) = &service.revision { " · revision " (shown(revision)) }
                @if let Some(url) = &service.url { br; span.mono { (shown(url)) } }
            }
            @if let Some(concluded) = concluded {
                ul.rests {
                    @for one in &concluded.obligations {
                        li { (shown(&one.what)) ": " strong class=(class(&one.met)) { (shown(&state(one))) } }
                    }
                }
            }
            @if let Some(rollback) = &service.rollback {
                p.claim { "Rollback: " (shown(&rollback.to_string())) }
            }
            (drawing::chain(&chain(record, diagnosis, service)))
            @for (at, one) in diagnosis.causes.iter().filter(of_service).enumerate() {
                (cause(one, label(one.code, at)))
            }
            @for one in diagnosis.causes.iter().filter(|one| one.symptoms_in.contains(&service.key)) {
                p.claim {
                    "Because of " (shown(&one.service)) ": " span.mono { (one.code) } ", shown there."
                }
            }
            @for one in diagnosis.advisories.iter().filter(of_service) { (cause(one, "advisory")) }
            @if !notes.is_empty() {
                h3 { "Worth knowing" }
                ul { @for note in &notes { li { (shown(note)) } } }
            }
            (plot::attempts(&nodes))
            (timeline::checks(record, diagnosis, &nodes))
            @if !ruled_out.is_empty() { (excluded(&ruled_out)) }
        }
    }
}

fn class(met: &Met) -> &'static str {
    match met {
        Met::Yes { .. } => "holds",
        Met::No { .. } => "broken",
        Met::Unknown { .. } | Met::Accepted => "unknown",
    }
}

/// A cause: what is wrong, what proves it, what fixes it.
pub(super) fn cause(cause: &Cause, label: &str) -> Markup {
    let suspects = cause.suspects.iter().map(|one| (one.text.as_str(), one.command.as_deref()));
    let fix = cause.fix.iter().map(|one| (one.text.as_str(), one.command.as_deref()));
    html! {
        article class={ "cause " (label) } {
            p.soft {
                (label) ": " strong.mono { (cause.code) }
                @if label != "open" { " (" (cause.confidence) ")" }
            }
            p.claim { (shown(&cause.claim)) }
            @if let Some(place) = &cause.place { p.soft.mono { (shown(&place.to_string())) } }
            @let proofs = proofs(cause);
            @if !proofs.is_empty() {
                h4 { "Proof" }
                ul { @for (vantage, text) in &proofs { li { (shown(text)) " " span.from { "checked from " (vantage) } } } }
            }
            @if cause.chain.len() > 1 { h4 { "Chain" } p { (shown(&cause.chain.join(", "))) } }
            (steps("Suspects, most likely first", &suspects.collect::<Vec<_>>()))
            (steps("Fix", &fix.collect::<Vec<_>>()))
        }
    }
}

fn steps(title: &str, steps: &[(&str, Option<&str>)]) -> Markup {
    html! {
        @if !steps.is_empty() {
            h4 { (title) }
            ol { @for (text, command) in steps {
                li {
                    (shown(text))
                    @if let Some(command) = command { pre { (shown(command)) } }
                }
            } }
        }
    }
}

/// What the record rules out, by the check that does.
fn excluded(ruled_out: &[&RuledOut]) -> Markup {
    let mut by: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for one in ruled_out {
        let check = one.by.node.split_once('/').map_or(one.by.node.as_str(), |(_, check)| check);
        by.entry(check).or_default().push(one.code.to_string());
    }
    html! {
        details.fold {
            summary { (ruled_out.len()) " causes were ruled out" }
            ul { @for (check, codes) in &by { li { strong { (shown(check)) } " excludes " (codes.join(", ")) } } }
        }
    }
}

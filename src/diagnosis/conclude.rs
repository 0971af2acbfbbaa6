//! From the judged parts to the conclusion: verdicts, causes in order, exit status.

use std::collections::BTreeSet;

use super::precedence::order::{self, Rank};
use super::precedence::{across, explains};
use super::view::View;
use super::{
    Cause, Diagnosis, Evidence, Fix, Met, Obligation, ServiceDiagnosis, Verdict, obligations, ruled_out,
    rules,
};
use crate::record::finding::{Finding, HealthFinding, JourneyFinding};
use crate::record::{Ended, Fact, Graph, NodeRecord, RunRecord};

/// Judges a record against a causal graph.
pub(super) fn conclude(record: &RunRecord, graph: &Graph) -> Diagnosis {
    let mut parts: Vec<Part> = View::all(record, graph).iter().map(Part::of).collect();
    blame_through_services(record, &mut parts);
    let mut leading = Vec::new();
    let strays = strays(record);
    if let Some(Ended::Refusal { problem }) = &record.ended_by {
        let claim = format!("nothing was checked: {problem}");
        leading.push(rules::gate::nothing_found_out("", claim));
    } else if record.services.is_empty() || record.nodes.is_empty() {
        leading.push(rules::gate::nothing_found_out("", "the run made no check".to_owned()));
    } else if !strays.is_empty() {
        let claim = format!("the record has checks of services that it does not list: {}", strays.join(", "));
        leading.push(rules::gate::nothing_found_out("", claim));
    }
    let verdict = parts.iter().map(|part| part.service.verdict).max().unwrap_or(Verdict::Inconclusive);
    let verdict = if leading.is_empty() { verdict } else { verdict.max(Verdict::Inconclusive) };

    let taken = |of: fn(&mut Part) -> &mut Vec<Cause>, parts: &mut [Part]| {
        parts.iter_mut().flat_map(|part| std::mem::take(of(part))).collect()
    };
    let causes = order::line(order::Groups {
        unmet: taken(|part| &mut part.unmet, &mut parts),
        open: taken(|part| &mut part.open, &mut parts),
        gate: taken(|part| &mut part.gate, &mut parts),
        of_the_run: leading,
    });
    let exit_code = exit_code(verdict, record.ended_by.as_ref());
    Diagnosis {
        verdict,
        exit_code,
        causes,
        advisories: parts.iter_mut().flat_map(|part| std::mem::take(&mut part.advisories)).collect(),
        ruled_out: parts.iter_mut().flat_map(|part| std::mem::take(&mut part.ruled_out)).collect(),
        families: record.nodes.iter().map(|node| (node.check, graph.family(node.check))).collect(),
        services: parts.into_iter().map(|part| part.service).collect(),
    }
}

/// Puts what callers meet under the causes at the services that they call.
fn blame_through_services(record: &RunRecord, parts: &mut [Part]) {
    let taken = record.services.iter().zip(&mut *parts);
    let mut all: Vec<across::Causes<'_>> = taken
        .map(|(service, part)| across::Causes { service, unmet: std::mem::take(&mut part.unmet) })
        .collect();
    across::fold(record, &mut all);
    for (part, causes) in parts.iter_mut().zip(all) {
        part.unmet = causes.unmet;
    }
}

/// 0, 1 or 3 by the verdict; what ended the run before its checks wins, as shells expect it.
fn exit_code(verdict: Verdict, ended_by: Option<&Ended>) -> u8 {
    match ended_by {
        Some(Ended::Signal { name }) if name == "SIGTERM" => 143,
        Some(Ended::Signal { .. }) => 130,
        Some(Ended::Refusal { .. }) => 2,
        Some(Ended::Deadline { .. }) | None => match verdict {
            Verdict::Healthy => 0,
            Verdict::Unhealthy => 1,
            Verdict::Inconclusive => 3,
        },
    }
}

/// Services that only nodes speak of: a record that was cut or patched by hand.
fn strays(record: &RunRecord) -> Vec<String> {
    let known: BTreeSet<&str> = record.services.iter().map(|service| service.key.as_str()).collect();
    let named: BTreeSet<&str> = record.nodes.iter().map(|node| node.service.as_str()).collect();
    named.difference(&known).map(|name| (*name).to_owned()).collect()
}

/// What was concluded of one service.
struct Part {
    service: ServiceDiagnosis,
    /// Roots that explain an obligation that was seen to be unmet.
    unmet: Vec<Cause>,
    /// Roots that explain why an obligation stays open.
    open: Vec<Cause>,
    /// What kept the gate from finding out.
    gate: Vec<Cause>,
    advisories: Vec<Cause>,
    ruled_out: Vec<super::RuledOut>,
}

impl Part {
    fn of(view: &View<'_>) -> Self {
        let obligations = obligations::obligations(view);
        let verdict = obligations::verdict(&obligations);
        let (mut unmet, mut open, mut advisories) = (Vec::new(), Vec::new(), Vec::new());
        for (rank, root) in order::ranked(view, &obligations) {
            let Some(cause) = cause(view, root) else { continue };
            match rank {
                Rank::Unmet => merge(&mut unmet, cause),
                Rank::Open => merge(&mut open, cause),
                Rank::Advisory => merge(&mut advisories, cause),
            }
        }
        for cause in passed_over(view) {
            merge(&mut advisories, cause);
        }
        order::sort(&mut unmet);
        let explained = !unmet.is_empty() || !open.is_empty();
        let gate = gate_causes(view, &obligations, &order::still_open(view, &obligations), explained);
        let ruled_out = match verdict {
            Verdict::Healthy => Vec::new(),
            Verdict::Inconclusive | Verdict::Unhealthy => {
                ruled_out::ruled_out(view, &obligations, unmet.iter().chain(&open))
            }
        };
        let service = ServiceDiagnosis { service: view.service.key.clone(), verdict, obligations };
        Self { service, unmet, open, gate, advisories, ruled_out }
    }
}

/// What kept the gate from finding out what is open. Where a finding already explains it, only what the gate
/// itself could not look at is added; where nothing does, there is at least one cause.
fn gate_causes(
    view: &View<'_>,
    obligations: &[Obligation],
    open: &[&NodeRecord],
    explained: bool,
) -> Vec<Cause> {
    let unknown: Vec<&Obligation> =
        obligations.iter().filter(|obligation| matches!(obligation.met, Met::Unknown { .. })).collect();
    let database_open = unknown.iter().any(|obligation| obligation.what == "database");
    let only_database: Vec<&NodeRecord> =
        open.iter().copied().filter(|node| view.is_of_database(node.check)).collect();
    let mut causes = rules::gate::causes(view, open);
    if database_open && (!explained || !only_database.is_empty()) {
        use super::cause::CauseCode::NotObservable;
        match causes.iter().position(|cause| cause.code == NotObservable) {
            Some(at) => {
                // The general words of the vantage give way to the particular ones of the database.
                if let Some(cause) = causes.get_mut(at) {
                    let evidence = std::mem::take(&mut cause.evidence);
                    *cause = rules::gate::database_unproven(view, &only_database);
                    cause.evidence = evidence;
                }
            }
            None => match causes.first_mut() {
                Some(first) => extend(&mut first.fix, rules::gate::ways_to_a_proof(view)),
                None if !explained => causes.push(rules::gate::database_unproven(view, &only_database)),
                None => {}
            },
        }
    }
    if causes.is_empty() && !explained {
        if let Some(Met::Unknown { because, .. }) = unknown.first().map(|obligation| &obligation.met) {
            causes.push(rules::gate::nothing_found_out(&view.service.key, because.clone()));
        } else if obligations.is_empty() {
            let claim = format!("no obligation of {} is left to rest a verdict on", view.service.name);
            causes.push(rules::gate::nothing_found_out(&view.service.key, claim));
        }
    }
    causes
}

fn extend(fix: &mut Vec<Fix>, more: Vec<Fix>) {
    for one in more {
        if !fix.contains(&one) {
            fix.push(one);
        }
    }
}

/// A root as a cause, with all that speaks for it.
fn cause(view: &View<'_>, root: &NodeRecord) -> Option<Cause> {
    let finding = root.finding()?;
    let judgement = rules::judge(view, root, finding);
    let symptoms = explains::symptoms(view, root);
    let mut evidence = seen(root, finding);
    let mut chain: Vec<String> = Vec::new();
    for symptom in &symptoms {
        if let Some(found) = symptom.finding() {
            evidence.extend(seen(symptom, found));
            chain.push(rules::clause(found));
        }
    }
    chain.push(rules::clause(finding));
    chain.dedup();
    let chain = chain
        .into_iter()
        .enumerate()
        .map(|(at, clause)| if at == 0 { clause } else { format!("because {clause}") })
        .collect();
    Some(Cause {
        code: judgement.code,
        service: view.service.key.clone(),
        claim: judgement.claim,
        confidence: judgement.confidence,
        evidence,
        chain,
        suspects: judgement.suspects,
        fix: judgement.fix,
        place: Some(root.place.clone()),
        symptoms_in: Vec::new(),
    })
}

/// Servers that do not serve while another one of the same connection string does: the service lives on, and has lost
/// what it had in reserve.
fn passed_over(view: &View<'_>) -> Vec<Cause> {
    let facts = view.nodes.iter().flat_map(|node| node.facts.iter().map(move |fact| (*node, fact)));
    let lost = facts.filter_map(|(node, fact)| match fact {
        Fact::ServerPassedOver { server, served_by, finding } => Some((node, server, served_by, finding)),
        Fact::DependencyUp { .. }
        | Fact::HealthAttempt(_)
        | Fact::SignalsDisagree { .. }
        | Fact::ColdStart { .. }
        | Fact::PostgresServer { .. }
        | Fact::Note { .. } => None,
    });
    lost.map(|(node, server, served_by, finding)| {
        let finding = Finding::Postgres(finding.clone());
        let judgement = rules::judge(view, node, &finding);
        Cause {
            code: judgement.code,
            service: view.service.key.clone(),
            claim: format!("{}; {served_by} serves in the place of {server}", judgement.claim),
            confidence: judgement.confidence,
            evidence: seen(node, &finding),
            chain: vec![rules::clause(&finding)],
            suspects: judgement.suspects,
            fix: judgement.fix,
            place: Some(node.place.clone()),
            symptoms_in: Vec::new(),
        }
    })
    .collect()
}

/// What a node saw; of a health answer also the part of the body that says so.
fn seen(node: &NodeRecord, finding: &Finding) -> Vec<Evidence> {
    let evidence = |text: String| Evidence { node: node.key(), vantage: node.vantage, text };
    let mut all = vec![evidence(finding.to_string())];
    if let Finding::Health(
        HealthFinding::Unhealthy { excerpt, .. }
        | HealthFinding::NotJudgeable { excerpt, .. }
        | HealthFinding::FrontEnd { excerpt, .. }
        | HealthFinding::BadStatus { excerpt, .. },
    ) = finding
        && !excerpt.is_empty()
    {
        all.push(evidence(format!("its body: {excerpt}")));
    }
    if let Finding::Journey(
        JourneyFinding::Unexpected { excerpt, .. } | JourneyFinding::FrontEnd { excerpt, .. },
    ) = finding
        && !excerpt.is_empty()
    {
        all.push(evidence(format!("its answer: {excerpt}")));
    }
    all
}

/// Adds a cause, or its evidence to the same cause met before (two variables with one disabled secret).
fn merge(causes: &mut Vec<Cause>, cause: Cause) {
    match causes.iter_mut().find(|known| known.code == cause.code && known.fix == cause.fix) {
        Some(known) => {
            let new = cause.evidence.into_iter().filter(|one| !known.evidence.contains(one));
            let new: Vec<Evidence> = new.collect();
            known.evidence.extend(new);
        }
        None => causes.push(cause),
    }
}

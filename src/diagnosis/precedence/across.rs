//! Blame through services: what one service that calls another says of itself may be the other's doing.
//!
//! A finding that names the other service is a symptom of what is wrong there. One that only leaves room for it stays a
//! cause of its own, and no more than likely.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use crate::diagnosis::{Cause, Confidence, Suspect};
use crate::record::finding::{Finding, HealthFinding, JourneyFinding};
use crate::record::{CallRecord, NodeRecord, RunRecord, ServiceRecord};

/// How a finding stands to a service that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::diagnosis) enum Blame {
    /// It speaks of that service and of nothing else.
    Named,
    /// It speaks of something that is called alike, or of a service that is known by its name alone.
    Alike,
    /// It leaves room for it.
    Possible,
}

/// What a finding of a caller says of a service that it calls.
pub(in crate::diagnosis) fn blame(
    finding: &Finding,
    call: &CallRecord,
    callee: &ServiceRecord,
) -> Option<Blame> {
    match finding {
        Finding::Journey(step) => match (step.asked(), step) {
            (Some(asked), _) => (asked == callee.key).then_some(Blame::Named),
            (None, JourneyFinding::NotSendable { .. }) => None,
            (
                None,
                JourneyFinding::Unexpected { .. }
                | JourneyFinding::NoAnswer { .. }
                | JourneyFinding::FrontEnd { .. },
            ) => Some(Blame::Possible),
        },
        Finding::Health(HealthFinding::Unhealthy { failing, .. }) => {
            if failing.is_empty() {
                return Some(Blame::Possible);
            }
            if !failing.iter().all(|one| !one.database && is_called(&one.name, call, callee)) {
                return None;
            }
            let sure = is_sure(call, callee) && failing.iter().all(|one| is_exact(&one.name, call, callee));
            Some(if sure { Blame::Named } else { Blame::Alike })
        }
        Finding::Health(
            HealthFinding::BadStatus { .. }
            | HealthFinding::NoAnswer { .. }
            | HealthFinding::ExpectationUnmet { .. }
            | HealthFinding::Unstable { .. }
            // Whoever waits for another service answers late.
            | HealthFinding::FrontEnd { .. },
        ) => Some(Blame::Possible),
        Finding::Health(
            HealthFinding::NotFound { .. }
            | HealthFinding::NotJudgeable { .. }
            | HealthFinding::OtherVersion { .. }
            | HealthFinding::DoorClosed { .. },
        )
        | Finding::Database(_)
        | Finding::Service(_)
        | Finding::Injection(_)
        | Finding::Credential(_)
        | Finding::Path(_)
        | Finding::Instance(_)
        | Finding::Postgres(_)
        | Finding::Log(_) => None,
    }
}

/// Words that tell no service from another.
const COMMON: &[&str] = &[
    "service",
    "svc",
    "api",
    "server",
    "client",
    "url",
    "uri",
    "host",
    "endpoint",
    "base",
    "status",
    "health",
    "staging",
    "stage",
    "prod",
    "production",
    "dev",
    "test",
    "qa",
    "internal",
];

/// Whether a name that a health body gives to a dependency is that of a service that is called: by its own name, or by
/// that of the variable which leads to it.
fn is_called(dependency: &str, call: &CallRecord, callee: &ServiceRecord) -> bool {
    let dependency = words(dependency);
    let variable = call.known.strip_prefix("variable ").map(words);
    !dependency.is_empty() && (dependency == words(&callee.name) || variable == Some(dependency))
}

/// Whether it is known for sure that the service is called: it is declared, or its own URL is in a variable.
fn is_sure(call: &CallRecord, callee: &ServiceRecord) -> bool {
    let Some(origin) = &call.by_name else { return true };
    let own = callee.url.as_deref().and_then(|url| Url::parse(url).ok());
    own.is_some_and(|own| own.origin().ascii_serialization() == *origin)
}

/// Whether a dependency has the service's very name, or that of the variable which leads there.
fn is_exact(dependency: &str, call: &CallRecord, callee: &ServiceRecord) -> bool {
    let variable = call.known.strip_prefix("variable ").map(words);
    dependency.eq_ignore_ascii_case(&callee.name) || variable == Some(words(dependency))
}

/// What tells a name from others: `authService`, `auth-staging` and `AUTH_URL` are all `auth`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut after_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_small) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = words.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty() && !COMMON.contains(&word.as_str()));
    words
}

/// The causes of unmet obligations of one service, and whether these are seen to be unmet.
pub(in crate::diagnosis) struct Causes<'a> {
    pub(in crate::diagnosis) service: &'a ServiceRecord,
    pub(in crate::diagnosis) unmet: Vec<Cause>,
}

/// Puts what a caller meets under the cause at the service that it calls.
pub(in crate::diagnosis) fn fold(record: &RunRecord, all: &mut [Causes<'_>]) {
    if record.services.iter().all(|service| service.calls.is_empty()) {
        return;
    }
    // Decided first, on what each service shows by itself, so that the order of services changes nothing.
    let mut under: Vec<(usize, usize, Vec<usize>)> = Vec::new();
    for (caller, causes) in all.iter().enumerate() {
        for (at, cause) in causes.unmet.iter().enumerate() {
            if let Some(path) = path_of(record, all, caller, cause, &mut BTreeSet::new()) {
                under.push((caller, at, path));
            }
        }
    }
    let chains = chains(record, all, &under);
    // What is only possible keeps its place, after what is proven elsewhere.
    for caller in 0..all.len() {
        for at in 0..all[caller].unmet.len() {
            if under.iter().any(|(one, place, _)| (*one, *place) == (caller, at)) {
                continue;
            }
            if let Some((call, callee)) = possible(record, all, caller, &all[caller].unmet[at]) {
                let suspect = suspect(&all[caller].service.name, &call, &all[callee]);
                let cause = &mut all[caller].unmet[at];
                cause.confidence = Confidence::Likely;
                cause.suspects.insert(0, suspect);
            }
        }
    }
    under.sort_unstable();
    for (caller, at, path) in under.into_iter().rev() {
        let symptom = all[caller].unmet.remove(at);
        if let Some(&root) = path.last() {
            attach(&mut all[root], symptom);
        }
    }
    for (root, chain) in chains {
        if let Some(cause) = all[root].unmet.first_mut() {
            cause.chain = chain;
        }
    }
}

/// For each service at which others' causes are, the chain from the symptom that is farthest away.
fn chains(
    record: &RunRecord,
    all: &[Causes<'_>],
    under: &[(usize, usize, Vec<usize>)],
) -> BTreeMap<usize, Vec<String>> {
    let mut longest: BTreeMap<usize, (usize, Vec<String>)> = BTreeMap::new();
    for (caller, at, path) in under {
        let Some(&root) = path.last() else { continue };
        let above = std::iter::once((*caller, &all[*caller].unmet[*at]));
        let below = path.iter().filter_map(|&one| Some((one, all[one].unmet.first()?)));
        let mut chain = Vec::new();
        let mut before: Option<(usize, &Cause)> = None;
        for (service, cause) in above.chain(below) {
            let linked = before.and_then(|(from, cause)| link(record, all, from, cause, service));
            before = Some((service, cause));
            for (index, clause) in cause.chain.iter().enumerate() {
                let because = match linked {
                    Some(Blame::Alike) if index == 0 => "probably because ",
                    Some(_) if index == 0 => "because ",
                    Some(_) | None => "",
                };
                let name =
                    if index == 0 { format!("{}: ", all[service].service.name) } else { String::new() };
                chain.push(format!("{because}{name}{clause}"));
            }
        }
        if longest.get(&root).is_none_or(|(length, _)| *length < path.len()) {
            longest.insert(root, (path.len(), chain));
        }
    }
    longest.into_iter().map(|(root, (_, chain))| (root, chain)).collect()
}

/// The way from a caller to where the cause of what it meets is, through any number of calls: the services that are
/// called one after the other. `None`: the cause is in the caller itself, or nowhere that is known.
fn path_of(
    record: &RunRecord,
    all: &[Causes<'_>],
    caller: usize,
    cause: &Cause,
    seen: &mut BTreeSet<usize>,
) -> Option<Vec<usize>> {
    seen.insert(caller);
    for callee in named(record, all, caller, cause) {
        if seen.contains(&callee) {
            continue; // they blame each other in a circle
        }
        let Some(first) = all[callee].unmet.first() else { continue };
        if blames_anybody(record, all, callee, first) {
            match path_of(record, all, callee, first, seen) {
                Some(rest) => return Some([vec![callee], rest].concat()),
                None => continue,
            }
        }
        return Some(vec![callee]);
    }
    None
}

/// Whether a cause is what another service is named for.
fn blames_anybody(record: &RunRecord, all: &[Causes<'_>], service: usize, cause: &Cause) -> bool {
    !named(record, all, service, cause).is_empty()
}

/// The services that a cause at a caller speaks of; those that are sure first.
fn named(record: &RunRecord, all: &[Causes<'_>], caller: usize, cause: &Cause) -> Vec<usize> {
    let of = |blame| blamed(record, all, caller, cause, blame).map(|(_, callee)| callee);
    of(Blame::Named).chain(of(Blame::Alike)).collect()
}

/// How a cause at a caller speaks of a service.
fn link(
    record: &RunRecord,
    all: &[Causes<'_>],
    caller: usize,
    cause: &Cause,
    callee: usize,
) -> Option<Blame> {
    [Blame::Named, Blame::Alike]
        .into_iter()
        .find(|blame| blamed(record, all, caller, cause, *blame).any(|(_, one)| one == callee))
}

fn possible(
    record: &RunRecord,
    all: &[Causes<'_>],
    caller: usize,
    cause: &Cause,
) -> Option<(CallRecord, usize)> {
    let found = blamed(record, all, caller, cause, Blame::Possible).next();
    found.map(|(call, callee)| (call.clone(), callee))
}

/// The services that a caller calls, that are unhealthy themselves, and that a cause at the caller may be due to.
fn blamed<'r>(
    record: &'r RunRecord,
    all: &'r [Causes<'_>],
    caller: usize,
    cause: &Cause,
    blame_is: Blame,
) -> impl Iterator<Item = (&'r CallRecord, usize)> {
    let finding = root_node(record, cause).and_then(NodeRecord::finding);
    let calls = record
        .services
        .iter()
        .find(move |service| service.key == all[caller].service.key)
        .map(|service| service.calls.as_slice())
        .unwrap_or_default();
    calls.iter().filter_map(move |call| {
        let callee = all.iter().position(|one| one.service.key == call.service)?;
        let bad = callee != caller && !all[callee].unmet.is_empty();
        (bad && blame(finding?, call, all[callee].service) == Some(blame_is)).then_some((call, callee))
    })
}

/// The node where a cause was seen.
fn root_node<'r>(record: &'r RunRecord, cause: &Cause) -> Option<&'r NodeRecord> {
    let key = &cause.evidence.first()?.node;
    record.nodes.iter().find(|node| node.key() == *key)
}

fn suspect(caller: &str, call: &CallRecord, callee: &Causes<'_>) -> Suspect {
    let name = &callee.service.name;
    let because = callee.unmet.first().map_or_else(String::new, |cause| format!(" ({})", cause.code));
    let text = format!(
        "{caller} calls {name} ({}), which is unhealthy itself{because}: fix that first, then look again",
        call.known
    );
    Suspect { text, command: None }
}

/// Puts a symptom of another service under the first cause of a service.
fn attach(at: &mut Causes<'_>, symptom: Cause) {
    let Some(cause) = at.unmet.first_mut() else { return };
    if !cause.symptoms_in.contains(&symptom.service) {
        cause.symptoms_in.insert(0, symptom.service);
    }
    let new: Vec<_> = symptom.evidence.into_iter().filter(|one| !cause.evidence.contains(one)).collect();
    cause.evidence.extend(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_what_tells_them_apart() {
        for (one, other) in
            [("authService", "auth-staging"), ("auth", "AUTH_URL"), ("user_profile", "userProfile-prod")]
        {
            assert_eq!(words(one), words(other), "{one} {other}");
        }
        for (one, other) in [("auth", "auth-admin"), ("service", "api"), ("authority", "auth")] {
            assert!(words(one) != words(other) || words(one).is_empty(), "{one} {other}");
        }
    }
}

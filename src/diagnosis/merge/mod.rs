//! Several runs as one: shards of a pipeline, or its regions.
//!
//! The order in which the runs are given changes nothing. A check that several runs made is kept once: seen to be bad
//! before seen to hold, and either before not seen. What the runs disagree about is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::record::{
    CheckId, Ended, Fact, Graph, NodeRecord, Outcome, RECORD_VERSION, Role, RunRecord, ServiceRecord, Skip,
    Vantage,
};

/// What became of several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// All of them as one.
    pub record: RunRecord,
    /// What a reader should know: duplicates, contradictions.
    pub remarks: Vec<String>,
}

/// Why runs cannot be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MergeError {
    /// There is none.
    Nothing,
    /// Their shapes differ.
    Version {
        /// That of a run.
        found: u32,
    },
    /// Some are of the sandbox, some of the cloud.
    Sandbox,
    /// They judged different revisions of one service.
    Revisions {
        /// The service.
        service: String,
        /// The revisions.
        revisions: Vec<String>,
    },
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("there is no run to merge"),
            Self::Version { found } => {
                write!(f, "a run is of version {found}, this rungate reads {RECORD_VERSION}")
            }
            Self::Sandbox => f.write_str("some runs are of the sandbox and some of the cloud"),
            Self::Revisions { service, revisions } => write!(
                f,
                "the runs judged different revisions of {service}: {}; they are of different deploys",
                revisions.join(", ")
            ),
        }
    }
}

impl std::error::Error for MergeError {}

/// A service, whatever a run calls it.
type Identity = (String, String, String);

/// Joins the runs; their checks in the order of the graph.
///
/// # Errors
/// Runs that cannot be one.
pub fn merge(runs: &[RunRecord], graph: &Graph) -> Result<Merged, MergeError> {
    let mut runs: Vec<(String, &RunRecord)> =
        runs.iter().map(|run| (serde_json::to_string(run).unwrap_or_default(), run)).collect();
    runs.sort_by(|a, b| a.0.cmp(&b.0));
    let given = runs.len();
    runs.dedup_by(|a, b| a.0 == b.0);
    let mut remarks = Vec::new();
    if runs.len() < given {
        remarks.push("a run was given more than once, and counts once".to_owned());
    }
    let runs: Vec<&RunRecord> = runs.into_iter().map(|(_, run)| run).collect();
    let Some(first) = runs.first() else { return Err(MergeError::Nothing) };
    if let Some(other) = runs.iter().find(|run| run.version != RECORD_VERSION) {
        return Err(MergeError::Version { found: other.version });
    }
    if runs.iter().any(|run| run.sandbox != first.sandbox) {
        return Err(MergeError::Sandbox);
    }

    let started = runs.iter().map(|run| run.started).min().unwrap_or(first.started);
    let keys = keys(&runs);
    let mut services: BTreeMap<String, ServiceRecord> = BTreeMap::new();
    let mut nodes: BTreeMap<(String, usize, CheckId, Option<String>), NodeRecord> = BTreeMap::new();
    let mut twice: BTreeMap<String, usize> = BTreeMap::new();
    let mut duration_ms = 0;
    for run in &runs {
        let offset = since(started, run.started);
        duration_ms = duration_ms.max(offset.saturating_add(run.duration_ms));
        let renamed = renamed(run, &keys);
        for service in &run.services {
            let mut service = service.clone();
            rename(&mut service.key, &renamed);
            for call in &mut service.calls {
                rename(&mut call.service, &renamed);
            }
            add_service(&mut services, service)?;
        }
        for node in &run.nodes {
            let node = moved(node.clone(), offset, &renamed);
            let place = graph.position(node.check);
            let key = (node.service.clone(), place, node.check, node.subject.clone());
            match nodes.remove(&key) {
                None => drop(nodes.insert(key, node)),
                Some(known) => {
                    *twice.entry(node.service.clone()).or_default() += 1;
                    nodes.insert(key, better(known, node, &mut remarks));
                }
            }
        }
    }
    remarks.extend(
        twice
            .iter()
            .map(|(service, number)| format!("{number} of the checks of {service} stand in several runs")),
    );
    let record = RunRecord {
        version: RECORD_VERSION,
        rungate: version(&runs, &mut remarks),
        started,
        duration_ms,
        files: runs.iter().flat_map(|run| run.files.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        ended_by: ended(&runs),
        sandbox: first.sandbox,
        vantage: vantage(&runs, &mut remarks),
        accepted_unproven: first
            .accepted_unproven
            .iter()
            .filter(|what| runs.iter().all(|run| run.accepted_unproven.contains(what)))
            .copied()
            .collect(),
        services: services.into_values().collect(),
        nodes: nodes.into_values().collect(),
    };
    if runs
        .iter()
        .any(|run| run.accepted_unproven.iter().any(|what| !record.accepted_unproven.contains(what)))
    {
        remarks.push("only what every run accepts unproven is accepted".to_owned());
    }
    remarks.sort();
    remarks.dedup();
    Ok(Merged { record, remarks })
}

/// A key for every service: the name alone where that is enough, as in a plan.
fn keys(runs: &[&RunRecord]) -> BTreeMap<Identity, String> {
    let all: BTreeSet<Identity> = runs.iter().flat_map(|run| run.services.iter().map(identity)).collect();
    let alike = |name: &str| all.iter().filter(|(other, _, _)| other == name).count();
    let key = |(name, project, region): &Identity| match alike(name) {
        0 | 1 => name.clone(),
        _ => format!("{name}@{region}.{project}"),
    };
    all.iter().map(|one| (one.clone(), key(one))).collect()
}

fn identity(service: &ServiceRecord) -> Identity {
    (service.name.clone(), service.project.clone(), service.region.clone())
}

/// What this run's keys become.
fn renamed(run: &RunRecord, keys: &BTreeMap<Identity, String>) -> BTreeMap<String, String> {
    let new = |service: &ServiceRecord| keys.get(&identity(service)).cloned();
    run.services.iter().filter_map(|service| Some((service.key.clone(), new(service)?))).collect()
}

fn rename(key: &mut String, renamed: &BTreeMap<String, String>) {
    if let Some(new) = renamed.get(key.as_str()) {
        key.clone_from(new);
    }
}

/// A node's key, `SERVICE/CHECK[SUBJECT]`, after renaming.
fn rename_node(key: &mut String, renamed: &BTreeMap<String, String>) {
    let new = renamed.iter().find_map(|(old, new)| {
        let rest = key.strip_prefix(old.as_str())?.strip_prefix('/')?;
        Some(format!("{new}/{rest}"))
    });
    *key = new.unwrap_or_else(|| std::mem::take(key));
}

/// A node in the merged run: its times count from the first run's start, its keys are the merged ones.
fn moved(mut node: NodeRecord, offset: u64, renamed: &BTreeMap<String, String>) -> NodeRecord {
    rename(&mut node.service, renamed);
    node.started_ms = node.started_ms.saturating_add(offset);
    for fact in &mut node.facts {
        if let Fact::HealthAttempt(attempt) = fact {
            attempt.at_ms = attempt.at_ms.saturating_add(offset);
        }
    }
    match &mut node.outcome {
        Some(Outcome::Blocked { by } | Outcome::Skipped { reason: Skip::Settled { by } }) => {
            rename_node(by, renamed);
        }
        Some(
            Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => {}
    }
    node
}

fn add_service(services: &mut BTreeMap<String, ServiceRecord>, new: ServiceRecord) -> Result<(), MergeError> {
    let Some(known) = services.get_mut(&new.key) else {
        services.insert(new.key.clone(), new);
        return Ok(());
    };
    if let (Some(one), Some(other)) = (&known.revision, &new.revision)
        && one != other
    {
        let mut revisions = vec![one.clone(), other.clone()];
        revisions.sort();
        return Err(MergeError::Revisions { service: new.key, revisions });
    }
    known.revision = known.revision.take().or(new.revision);
    known.url = known.url.take().or(new.url);
    known.service_account = known.service_account.take().or(new.service_account);
    known.database = known.database.take().or(new.database);
    for call in new.calls {
        if !known.calls.contains(&call) {
            known.calls.push(call);
        }
    }
    known.rollback = known.rollback.take().or(new.rollback);
    Ok(())
}

/// How much an outcome tells: what was seen to be bad comes first, what was not looked at last.
fn rank(node: &NodeRecord) -> u8 {
    match &node.outcome {
        Some(Outcome::Failed { .. }) => 0,
        Some(Outcome::Passed { .. }) => 1,
        Some(Outcome::Inconclusive { .. }) => 2,
        None => 3,
        Some(Outcome::Blocked { .. }) => 4,
        Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }) => 6,
        Some(Outcome::Skipped { .. }) => 5,
    }
}

/// Of two records of one check the one that tells more.
fn better(known: NodeRecord, new: NodeRecord, remarks: &mut Vec<String>) -> NodeRecord {
    let role = if known.role == Role::Obligation { known.role } else { new.role };
    let disagree = rank(&known).min(rank(&new)) == 0 && rank(&known).max(rank(&new)) == 1;
    let mut kept = if rank(&new) < rank(&known) { new } else { known };
    kept.role = role;
    if disagree {
        let text = format!(
            "the runs disagree about {}: it failed in one and passed in another, and the failure counts",
            kept.key()
        );
        let note = Fact::Note { text: text.clone() };
        if !kept.facts.contains(&note) {
            kept.facts.push(note);
        }
        remarks.push(text);
    }
    kept
}

/// What ended the runs early: the gravest of it.
fn ended(runs: &[&RunRecord]) -> Option<Ended> {
    let rank = |ended: &&Ended| match ended {
        Ended::Refusal { .. } => 0,
        Ended::Signal { .. } => 1,
        Ended::Deadline { .. } => 2,
    };
    runs.iter().filter_map(|run| run.ended_by.as_ref()).min_by_key(rank).cloned()
}

fn vantage(runs: &[&RunRecord], remarks: &mut Vec<String>) -> Vantage {
    let first = runs.first().map_or(Vantage::Runner, |run| run.vantage);
    if runs.iter().all(|run| run.vantage == first) {
        return first;
    }
    remarks.push("the runs stood at different places; each check says where it was made".to_owned());
    Vantage::Runner
}

fn version(runs: &[&RunRecord], remarks: &mut Vec<String>) -> String {
    let versions: BTreeSet<&str> = runs.iter().map(|run| run.rungate.as_str()).collect();
    if versions.len() > 1 {
        remarks.push("the runs were made by different versions of rungate".to_owned());
    }
    versions.into_iter().collect::<Vec<_>>().join(", ")
}

/// Milliseconds from one to the other.
fn since(start: Timestamp, then: Timestamp) -> u64 {
    u64::try_from(then.duration_since(start).as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests;

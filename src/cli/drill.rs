//! `rungate drill`: every fault, near miss and twin, side by side, and whether the gate tells them right.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};

use super::{Refusal, world};
use crate::checks;
use crate::diagnosis::{self, Diagnosis, Verdict};
use crate::plan::Plan;
use crate::record::finding::{Finding, HealthFinding};
use crate::record::{NodeRecord, RunRecord, check_id};
use crate::run::{self, Options};
use crate::sandbox::faults::{self, Fault, Kind};
use crate::sandbox::world::World;

/// How many worlds are broken at once: mostly they wait for time-outs, not for the processor.
const SIDE_BY_SIDE: usize = 16;

/// What a drill showed of one world.
#[derive(Clone, Debug)]
pub struct Row {
    /// How the world is changed; `None`: it is the healthy one.
    pub fault: Option<&'static Fault>,
    /// What came of it.
    pub shown: Shown,
    /// How long the gate took, the start of the sandbox included.
    pub took: Duration,
}

/// What came of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The gate's verdict and the code of the root cause that it names first.
    Judged {
        /// The verdict.
        verdict: Verdict,
        /// The first cause.
        cause: Option<String>,
        /// Whether what users meet is shown as a symptom of it, where health names the database as down and there are
        /// journeys.
        journey: Option<bool>,
    },
    /// The pipeline has nothing that this fault could break.
    NotApplicable(String),
}

impl Row {
    /// Whether the gate was right: the cause named first with its verdict, or a healthy world called healthy.
    pub fn right(&self) -> bool {
        match &self.shown {
            Shown::NotApplicable(_) => true,
            Shown::Judged { verdict, cause, journey } => {
                let expected = self.fault.map_or(Verdict::Healthy, |fault| fault.verdict);
                let root = self.fault.and_then(|fault| fault.cause);
                let named = *cause == root.map(|code| code.to_string());
                *verdict == expected && named && *journey != Some(false)
            }
        }
    }

    fn applies(&self) -> bool {
        matches!(self.shown, Shown::Judged { .. })
    }

    fn name(&self) -> &'static str {
        self.fault.map_or("(healthy world)", Fault::code)
    }

    fn is(&self, kind: Kind) -> bool {
        self.fault.is_some_and(|fault| fault.kind() == kind)
    }
}

/// What was asked for, by name; all faults, near misses and twins, where nothing was.
///
/// # Errors
/// A fault that does not exist.
pub fn chosen(codes: &[String]) -> Result<Vec<&'static Fault>, Refusal> {
    if codes.is_empty() { Ok(faults::all().collect()) } else { world::named(codes) }
}

/// Every fault with what it is, as `--list` shows it.
pub fn list(faults: &[&Fault]) -> String {
    let widest = faults.iter().map(|one| one.code().len()).max().unwrap_or_default();
    let line = |one: &&Fault| format!("{:<widest$}  {:<9}  {}\n", one.code(), one.kind().word(), one.what);
    faults.iter().map(line).collect()
}

/// Runs the gate against the healthy world and against each of the others.
///
/// # Errors
/// The sandbox could not start.
pub async fn drill(plan: &Plan, faults: &[&'static Fault], options: &Options) -> Result<Vec<Row>, Refusal> {
    let worlds = std::iter::once(None).chain(faults.iter().copied().map(Some));
    let rows: Vec<Result<Row, Refusal>> =
        stream::iter(worlds).map(|fault| one(plan, fault, options)).buffered(SIDE_BY_SIDE).collect().await;
    rows.into_iter().collect()
}

async fn one(plan: &Plan, fault: Option<&'static Fault>, options: &Options) -> Result<Row, Refusal> {
    let began = Instant::now();
    let healthy = World::describe(&plan.targets);
    if let Some(reason) = fault.and_then(|fault| fault.applies(&healthy).err()) {
        return Ok(Row { fault, shown: Shown::NotApplicable(reason), took: began.elapsed() });
    }
    let changes: Vec<&'static Fault> = fault.into_iter().collect();
    let (_sandbox, outside) = world::inconclusive(plan, &changes, None, &options.settings).await?;
    let stop = std::future::pending();
    let record = run::execute(
        plan,
        outside.into(),
        options,
        &mut diagnosis::settling(checks::graph()),
        stop,
        &mut |_| {},
    )
    .await;
    let diagnosis = diagnosis::diagnose(&record, checks::graph());
    // What leaves a verdict healthy is named beside it.
    let beside =
        diagnosis.advisories.iter().filter(|_| fault.is_some_and(|fault| fault.kind() == Kind::Fault));
    let cause = diagnosis.causes.iter().chain(beside).next().map(|cause| cause.code.to_string());
    let shown = Shown::Judged { verdict: diagnosis.verdict, cause, journey: journey(&record, &diagnosis) };
    Ok(Row { fault, shown, took: began.elapsed() })
}

/// Whether the first cause has what users meet among its symptoms; `None`: nothing asks for it.
fn journey(record: &RunRecord, diagnosis: &Diagnosis) -> Option<bool> {
    let walked: Vec<String> = record
        .nodes
        .iter()
        .filter(|node| node.check == check_id::JOURNEY_STEP_WORKS)
        .map(NodeRecord::key)
        .collect();
    let database_down = record.nodes.iter().any(|node| {
        matches!(node.finding(), Some(Finding::Health(HealthFinding::Unhealthy { failing, .. }))
            if failing.iter().any(|one| one.database))
    });
    if walked.is_empty() || !database_down {
        return None;
    }
    let evidence = diagnosis.causes.first().map(|cause| cause.evidence.as_slice()).unwrap_or_default();
    Some(evidence.iter().any(|one| walked.contains(&one.node)))
}

/// The rows as a table, with lines of totals.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let widest = rows.iter().map(|row| row.name().len()).max().unwrap_or_default();
    let mut line = |world: &str, kind: &str, verdict: &str, cause: &str, right: &str, took: &str| {
        text.push_str(&format!(
            "{world:<widest$}  {kind:<9}  {verdict:<9}  {cause:<widest$}  {right:<5}  {took:>7}\n"
        ));
    };
    line("world", "", "verdict", "root cause named", "", "time");
    for row in rows {
        let took = format!("{:.2} s", row.took.as_secs_f64());
        let kind = row.fault.map_or("", |fault| fault.kind().word());
        match &row.shown {
            Shown::Judged { verdict, cause, .. } => {
                let cause = cause.as_deref().unwrap_or("-");
                let right = if row.right() { "right" } else { "WRONG" };
                line(row.name(), kind, &verdict.to_string(), cause, right, &took);
            }
            Shown::NotApplicable(reason) => {
                line(row.name(), kind, "-", &format!("not applicable: {reason}"), "", "");
            }
        }
    }
    let of = |kind: Kind| rows.iter().filter(move |row| row.is(kind));
    let right = |kind| of(kind).filter(|row| row.applies() && row.right()).count();
    let left_out = |kind| of(kind).filter(|row| !row.applies()).count();
    let wrong = rows.iter().filter(|row| !row.right()).count();
    let (named, all, skipped) = (right(Kind::Fault), of(Kind::Fault).count(), left_out(Kind::Fault));
    text.push_str(&format!(
        "\n{named} of {all} faults named right, {skipped} not applicable, {wrong} wrong\n"
    ));
    for (kind, said) in [(Kind::NearMiss, "near misses called healthy"), (Kind::Twin, "twins named right")] {
        let (named, all, skipped) = (right(kind), of(kind).count(), left_out(kind));
        if all > 0 {
            text.push_str(&format!("{named} of {all} {said}, {skipped} not applicable\n"));
        }
    }
    text
}

//! `rungate drill`: every fault, one after the other and side by side, and whether the gate names it.

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream;

use super::{Refusal, world};
use crate::checks::JOURNEYS;
use crate::diagnosis::{self, Diagnosis, Verdict};
use crate::plan::Plan;
use crate::run::finding::{Finding, HealthFinding};
use crate::run::record::{NodeRecord, RunRecord};
use crate::run::{self, Options};
use crate::sandbox::faults::{FAULTS, Fault};
use crate::sandbox::world::World;

/// How many worlds are broken at once: mostly they wait for time-outs, not for the processor.
const SIDE_BY_SIDE: usize = 16;

/// What a drill showed of one world.
#[derive(Clone, Debug)]
pub struct Row {
    /// The fault; `None`: the healthy world.
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
    /// Whether the gate was right: the fault named first with its verdict, or the healthy world called healthy.
    pub fn right(&self) -> bool {
        match (&self.shown, self.fault) {
            (Shown::NotApplicable(_), _) => true,
            (Shown::Judged { verdict, cause, journey }, Some(fault)) => {
                *verdict == fault.expects.verdict
                    && *cause == Some(fault.expects.cause.to_string())
                    && *journey != Some(false)
            }
            (Shown::Judged { verdict, cause, .. }, None) => *verdict == Verdict::Healthy && cause.is_none(),
        }
    }
}

/// The faults that were asked for; all, where none was.
///
/// # Errors
/// A fault that does not exist.
pub fn chosen(codes: &[String]) -> Result<Vec<&'static Fault>, Refusal> {
    if codes.is_empty() {
        return Ok(FAULTS.to_vec());
    }
    codes
        .iter()
        .map(|code| {
            crate::sandbox::faults::find(code).ok_or_else(|| {
                let known = FAULTS.iter().map(|fault| fault.code);
                Refusal::unknown("fault", code, known, "`rungate drill --list` names them all")
            })
        })
        .collect()
}

/// Runs the gate against the healthy world and against each fault.
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
    let codes: Vec<String> = fault.iter().map(|fault| fault.code.to_owned()).collect();
    let (_sandbox, outside) = world::sandbox(plan, &codes, None, &options.settings).await?;
    let stop = std::future::pending();
    let record = run::execute(plan, outside.into(), options, diagnosis::settled, stop, &mut |_| {}).await;
    let diagnosis = diagnosis::diagnose(&record);
    // What leaves a verdict healthy is named beside it.
    let beside = diagnosis.advisories.iter().filter(|_| fault.is_some());
    let cause = diagnosis.causes.iter().chain(beside).next().map(|cause| cause.code.to_string());
    let shown = Shown::Judged { verdict: diagnosis.verdict, cause, journey: journey(&record, &diagnosis) };
    Ok(Row { fault, shown, took: began.elapsed() })
}

/// Whether the first cause has what users meet among its symptoms; `None`: nothing asks for it.
fn journey(record: &RunRecord, diagnosis: &Diagnosis) -> Option<bool> {
    let walked: Vec<String> =
        record.nodes.iter().filter(|node| node.check == JOURNEYS).map(NodeRecord::key).collect();
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

/// The rows as a table, with a line of totals.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let name = |row: &Row| row.fault.map_or("(healthy world)", |fault| fault.code).to_owned();
    let widest = rows.iter().map(|row| name(row).len()).max().unwrap_or_default();
    let mut line = |fault: &str, verdict: &str, cause: &str, right: &str, took: &str| {
        text.push_str(&format!("{fault:<widest$}  {verdict:<9}  {cause:<widest$}  {right:<5}  {took:>7}\n"));
    };
    line("fault", "verdict", "root cause named", "", "time");
    for row in rows {
        let took = format!("{:.2} s", row.took.as_secs_f64());
        match &row.shown {
            Shown::Judged { verdict, cause, .. } => {
                let cause = cause.as_deref().unwrap_or("-");
                let right = if row.right() { "right" } else { "WRONG" };
                line(&name(row), &verdict.to_string(), cause, right, &took);
            }
            Shown::NotApplicable(reason) => {
                line(&name(row), "-", &format!("not applicable: {reason}"), "", "");
            }
        }
    }
    let wrong = rows.iter().filter(|row| !row.right()).count();
    let left_out = rows.iter().filter(|row| matches!(row.shown, Shown::NotApplicable(_))).count();
    let faults = rows.iter().filter(|row| row.fault.is_some()).count();
    let named = rows.iter().filter(|row| row.fault.is_some() && row.right()).count() - left_out;
    text.push_str(&format!(
        "\n{named} of {faults} faults named right, {left_out} not applicable, {wrong} wrong\n"
    ));
    text
}

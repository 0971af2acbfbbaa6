//! `rungate drill`: every fault, near miss and twin, side by side, and whether the gate tells them right.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};

use super::{Refusal, world};
use crate::checks::JOURNEYS;
use crate::diagnosis::cause::CauseCode;
use crate::diagnosis::{self, Diagnosis, Verdict};
use crate::plan::Plan;
use crate::record::finding::{Finding, HealthFinding};
use crate::record::{NodeRecord, RunRecord};
use crate::run::{self, Options};
use crate::sandbox::faults::{FAULTS, Fault};
use crate::sandbox::variants::{VARIANTS, Variant};
use crate::sandbox::world::World;

/// How many worlds are broken at once: mostly they wait for time-outs, not for the processor.
const SIDE_BY_SIDE: usize = 16;

/// One world to be judged.
#[derive(Clone, Copy, Debug)]
pub enum Exercise {
    /// The healthy one.
    Healthy,
    /// A broken one.
    Fault(&'static Fault),
    /// One that looks broken, or is broken otherwise than it looks.
    Variant(&'static Variant),
}

/// What a drill showed of one world.
#[derive(Clone, Debug)]
pub struct Row {
    /// The world.
    pub exercise: Exercise,
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

impl Exercise {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "(healthy world)",
            Self::Fault(fault) => fault.code,
            Self::Variant(variant) => variant.name(),
        }
    }

    /// `fault`, `near miss` or `twin`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Healthy => "",
            Self::Fault(_) => "fault",
            Self::Variant(variant) => variant.kind(),
        }
    }

    /// What it is, in one sentence.
    pub fn what(self) -> &'static str {
        match self {
            Self::Healthy => "Everything that the pipeline claims holds.",
            Self::Fault(fault) => fault.what,
            Self::Variant(variant) => variant.change.what,
        }
    }

    fn change(self) -> Option<&'static Fault> {
        match self {
            Self::Healthy => None,
            Self::Fault(fault) => Some(fault),
            Self::Variant(variant) => Some(&variant.change),
        }
    }

    /// What must be said of it: the verdict, and the root cause.
    fn expects(self) -> (Verdict, Option<CauseCode>) {
        match self {
            Self::Healthy => (Verdict::Healthy, None),
            Self::Fault(fault) => (fault.expects.verdict, Some(fault.expects.cause)),
            Self::Variant(variant) => (variant.change.expects.verdict, variant.cause),
        }
    }
}

impl Row {
    /// Whether the gate was right: the cause named first with its verdict, or a healthy world called healthy.
    pub fn right(&self) -> bool {
        match &self.shown {
            Shown::NotApplicable(_) => true,
            Shown::Judged { verdict, cause, journey } => {
                let (expected, root) = self.exercise.expects();
                let named = *cause == root.map(|code| code.to_string());
                *verdict == expected && named && *journey != Some(false)
            }
        }
    }

    fn applies(&self) -> bool {
        matches!(self.shown, Shown::Judged { .. })
    }
}

/// What was asked for, by code or name; all faults and variants, where nothing was.
///
/// # Errors
/// A fault that does not exist.
pub fn chosen(codes: &[String]) -> Result<Vec<Exercise>, Refusal> {
    let all = || {
        let faults = FAULTS.iter().copied().map(Exercise::Fault);
        faults.chain(VARIANTS.iter().copied().map(Exercise::Variant))
    };
    if codes.is_empty() {
        return Ok(all().collect());
    }
    codes
        .iter()
        .map(|code| {
            all().find(|one| one.name() == code).ok_or_else(|| {
                let known = all().map(Exercise::name);
                Refusal::unknown("fault", code, known, "`rungate drill --list` names them all")
            })
        })
        .collect()
}

/// Every exercise with what it is, as `--list` shows it.
pub fn list(exercises: &[Exercise]) -> String {
    let widest = exercises.iter().map(|one| one.name().len()).max().unwrap_or_default();
    let line = |one: &Exercise| format!("{:<widest$}  {:<9}  {}\n", one.name(), one.kind(), one.what());
    exercises.iter().map(line).collect()
}

/// Runs the gate against the healthy world and against each of the others.
///
/// # Errors
/// The sandbox could not start.
pub async fn drill(plan: &Plan, exercises: &[Exercise], options: &Options) -> Result<Vec<Row>, Refusal> {
    let worlds = std::iter::once(Exercise::Healthy).chain(exercises.iter().copied());
    let rows: Vec<Result<Row, Refusal>> = stream::iter(worlds)
        .map(|exercise| one(plan, exercise, options))
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    rows.into_iter().collect()
}

async fn one(plan: &Plan, exercise: Exercise, options: &Options) -> Result<Row, Refusal> {
    let began = Instant::now();
    let healthy = World::describe(&plan.targets);
    if let Some(reason) = exercise.change().and_then(|fault| fault.applies(&healthy).err()) {
        return Ok(Row { exercise, shown: Shown::NotApplicable(reason), took: began.elapsed() });
    }
    let changes: Vec<&'static Fault> = exercise.change().into_iter().collect();
    let (_sandbox, outside) = world::broken(plan, &changes, None, &options.settings).await?;
    let stop = std::future::pending();
    let record = run::execute(
        plan,
        outside.into(),
        options,
        &mut diagnosis::settling(diagnosis::Graph::of_checks()),
        stop,
        &mut |_| {},
    )
    .await;
    let diagnosis = diagnosis::diagnose(&record);
    // What leaves a verdict healthy is named beside it.
    let beside = diagnosis.advisories.iter().filter(|_| matches!(exercise, Exercise::Fault(_)));
    let cause = diagnosis.causes.iter().chain(beside).next().map(|cause| cause.code.to_string());
    let shown = Shown::Judged { verdict: diagnosis.verdict, cause, journey: journey(&record, &diagnosis) };
    Ok(Row { exercise, shown, took: began.elapsed() })
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

/// The rows as a table, with lines of totals.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    let name = |row: &Row| row.exercise.name();
    let widest = rows.iter().map(|row| name(row).len()).max().unwrap_or_default();
    let mut line = |world: &str, kind: &str, verdict: &str, cause: &str, right: &str, took: &str| {
        text.push_str(&format!(
            "{world:<widest$}  {kind:<9}  {verdict:<9}  {cause:<widest$}  {right:<5}  {took:>7}\n"
        ));
    };
    line("world", "", "verdict", "root cause named", "", "time");
    for row in rows {
        let took = format!("{:.2} s", row.took.as_secs_f64());
        let kind = row.exercise.kind();
        match &row.shown {
            Shown::Judged { verdict, cause, .. } => {
                let cause = cause.as_deref().unwrap_or("-");
                let right = if row.right() { "right" } else { "WRONG" };
                line(name(row), kind, &verdict.to_string(), cause, right, &took);
            }
            Shown::NotApplicable(reason) => {
                line(name(row), kind, "-", &format!("not applicable: {reason}"), "", "");
            }
        }
    }
    let of = |kind: &'static str| rows.iter().filter(move |row| row.exercise.kind() == kind);
    let right = |kind| of(kind).filter(|row| row.applies() && row.right()).count();
    let wrong = rows.iter().filter(|row| !row.right()).count();
    let left_out = of("fault").filter(|row| !row.applies()).count();
    let (faults, named) = (of("fault").count(), right("fault"));
    text.push_str(&format!(
        "\n{named} of {faults} faults named right, {left_out} not applicable, {wrong} wrong\n"
    ));
    for (kind, said) in [("near miss", "near misses called healthy"), ("twin", "twins named right")] {
        let all = of(kind).count();
        if all > 0 {
            let left_out = of(kind).filter(|row| !row.applies()).count();
            text.push_str(&format!("{} of {all} {said}, {left_out} not applicable\n", right(kind)));
        }
    }
    text
}

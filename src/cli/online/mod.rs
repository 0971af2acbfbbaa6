//! `rungate check --dry-run --online`: what Google's APIs say before the deploy of what the files name.
//!
//! The ordinary plan, run and diagnosis, with the checks that need no new revision. There is no verdict: nothing was
//! deployed, so that only what was seen to be wrong counts.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value, json};

use super::arguments::CheckArguments;
use super::{Context, Refusal, settings, signal, world};
use crate::checks::BEFORE_DEPLOY;
use crate::diagnosis::{self, Cause, Confidence};
use crate::model::Pipeline;
use crate::plan::{self, Defaults, PlanError};
use crate::record::{Ended, Inconclusive, NodeRecord, Outcome, RunRecord, words};
use crate::text::escape::shown;
use crate::{run, sandbox};

mod serving;

/// The longest line that is shown, in characters.
const LONGEST: usize = 600;

/// What was asked, and what came of it.
pub(super) enum Answers {
    /// Nothing could be asked, and why.
    None(String),
    /// The record, the causes that it shows, and advice on what the serving revisions say of themselves.
    Some(Box<RunRecord>, Vec<Cause>, Vec<String>),
}

impl Answers {
    /// The exit status that follows: 1 where a cause is proven, 130 or 143 where a signal ended the run, else 0. What
    /// could not be found out fails no dry run: it is shown.
    pub(super) fn status(&self) -> u8 {
        let Self::Some(record, causes, _) = self else { return 0 };
        match &record.ended_by {
            Some(Ended::Signal { name }) if name == "SIGTERM" => 143,
            Some(Ended::Signal { .. }) => 130,
            Some(Ended::Deadline { .. } | Ended::Refusal { .. }) | None => {
                u8::from(causes.iter().any(|cause| cause.confidence == Confidence::Proven))
            }
        }
    }

    /// For people: each check with what came of it, then each cause with what fixes it.
    pub(super) fn text(&self) -> String {
        let (record, causes, advice) = match self {
            Self::None(why) => return format!("\nnothing was asked online: {}\n", shown(why, LONGEST)),
            Self::Some(record, causes, advice) => (record, causes, advice),
        };
        let sandbox = if record.sandbox { " (the sandbox's)" } else { "" };
        let mut text = format!("\nasked of Google's APIs{sandbox}, as the files name it:\n");
        for node in &record.nodes {
            let key = shown(&node.key(), LONGEST);
            let detail = shown(&words::outcome(node.outcome.as_ref()), LONGEST);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {} {key:<46} {detail}", glyph(node));
        }
        for cause in causes {
            let _ =
                writeln!(text, "\n{} ({}): {}", cause.code, cause.confidence, shown(&cause.claim, LONGEST));
            if let Some(place) = &cause.place {
                let _ = writeln!(text, "  --> {}", shown(&place.to_string(), LONGEST));
            }
            for fix in &cause.fix {
                let _ = writeln!(text, "  fix: {}", shown(&fix.text, LONGEST));
                if let Some(command) = &fix.command {
                    let _ = writeln!(text, "    $ {}", shown(command, LONGEST));
                }
            }
        }
        for line in advice {
            let _ = writeln!(text, "\nadvice: {}", shown(line, LONGEST));
        }
        text
    }

    /// For machines: the checks as in a run's record, the causes as in its report, and the advice.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::None(why) => json!({"not_asked": why}),
            Self::Some(record, causes, advice) => {
                json!({"checks": record.nodes, "causes": causes, "advice": advice})
            }
        }
    }
}

fn glyph(node: &NodeRecord) -> char {
    match &node.outcome {
        Some(Outcome::Passed { .. }) => '✓',
        Some(Outcome::Failed { .. }) => '✗',
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. }) => '-',
        Some(Outcome::Inconclusive { .. }) | None => '?',
    }
}

/// What the credential library said, where nobody could be asked: credentials are those of the process, so that one
/// look-up without them speaks for all.
fn without_credentials(record: &RunRecord) -> Option<&str> {
    if record.nodes.iter().any(|node| node.finding().is_some()) {
        return None;
    }
    record.nodes.iter().find_map(|node| match &node.outcome {
        Some(Outcome::Inconclusive { why: Inconclusive::NoCredentials { detail, .. } }) => {
            Some(detail.as_str())
        }
        Some(
            Outcome::Passed { .. }
            | Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => None,
    })
}

/// Asks.
///
/// # Errors
/// A fault of the sandbox that does not exist, or a run that could not begin.
pub(super) fn ask(
    asked: &CheckArguments,
    context: &Context,
    pipeline: &Pipeline,
) -> Result<Answers, Refusal> {
    let pipeline = if asked.sandbox { sandbox::fill(pipeline) } else { pipeline.clone() };
    // What is required of the deploy may be nothing that could be asked before it.
    let defaults = Defaults { require: Vec::new(), ..settings::defaults(asked, context) };
    let plan = match plan::build(&pipeline, BEFORE_DEPLOY, &defaults) {
        Ok(plan) => plan,
        Err(errors) if errors == [PlanError::Empty] => {
            return Ok(Answers::None("the files name no secret, connector or instance".to_owned()));
        }
        Err(_) => return Ok(Answers::None("the services are not known well enough, see above".to_owned())),
    };
    let options = settings::options(asked, &pipeline)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Refusal::new(error.to_string()))?;
    let record = runtime.block_on(async {
        let (outside, _sandbox) = world::open(asked, context, &plan, &options.settings).await?;
        // One cause settles nothing here: the others are to be fixed before the deploy as well.
        let mut settled = |_: &RunRecord, _: &[usize]| Vec::new();
        let watch = &mut |_: run::Event<'_>| ();
        let stop = signal::stopped();
        let outside = Arc::new(outside);
        let record = run::execute(&plan, Arc::clone(&outside), &options, &mut settled, stop, watch).await;
        let advice = match record.ended_by {
            None => serving::advice(&plan, &outside).await,
            Some(_) => Vec::new(),
        };
        Ok::<_, Refusal>((record, advice))
    });
    runtime.shutdown_background();
    let (record, advice) = record?;
    if let Some(detail) = without_credentials(&record) {
        return Ok(Answers::None(format!("there are no credentials ({detail})")));
    }
    let diagnosis = diagnosis::diagnose(&record, crate::checks::graph());
    let failed: Vec<String> =
        record.nodes.iter().filter(|node| node.finding().is_some()).map(NodeRecord::key).collect();
    // What is inconclusive is shown with its check; of the obligations after a deploy nothing is known yet.
    let seen = |cause: &Cause| cause.evidence.iter().any(|evidence| failed.contains(&evidence.node));
    let causes = diagnosis.causes.into_iter().chain(diagnosis.advisories).filter(seen).collect();
    Ok(Answers::Some(Box::new(record), causes, advice))
}

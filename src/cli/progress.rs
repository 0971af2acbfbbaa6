//! What is shown while a run lasts: on standard error, never mixed into a report.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::record::{NodeRecord, Outcome};
use crate::run::Event;
use crate::text::escape;

/// Shows progress: a bar on a terminal, plain lines in CI, or nothing.
#[derive(Debug)]
pub enum Progress {
    /// Nothing (`--quiet`).
    Silent,
    /// A line as each check ends.
    Lines,
    /// A bar that goes when the run ends.
    Bar(ProgressBar),
}

impl Progress {
    /// Progress for so many checks.
    pub fn new(quiet: bool, terminal: bool, checks: usize) -> Self {
        if quiet {
            return Self::Silent;
        }
        if !terminal {
            return Self::Lines;
        }
        let bar = ProgressBar::new(checks as u64);
        // The template is ours and constant; should indicatif ever refuse it, its own default serves as well.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} checks  {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self::Bar(bar)
    }

    /// Takes note of an event.
    pub fn see(&mut self, event: &Event<'_>) {
        match (self, event) {
            (Self::Silent, _) | (Self::Lines, Event::Started(_)) => {}
            (Self::Lines, Event::Ended(node)) => {
                // A closed standard error is no reason to stop checking.
                drop(writeln!(std::io::stderr(), "{}", line(node)));
            }
            (Self::Bar(bar), Event::Started(node)) => bar.set_message(escape::one_line(&node.key())),
            (Self::Bar(bar), Event::Ended(node)) => {
                bar.inc(1);
                if node.finding().is_some() {
                    bar.println(line(node));
                }
            }
        }
    }

    /// Takes the bar away.
    pub fn done(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// One line for an ended check: no observed text, only our own words and the names of the pipeline.
fn line(node: &NodeRecord) -> String {
    let word = match &node.outcome {
        None => "running",
        Some(Outcome::Passed { .. }) => "passed",
        Some(Outcome::Failed { .. }) => "failed",
        Some(Outcome::Blocked { .. }) => "blocked",
        Some(Outcome::Skipped { .. }) => "skipped",
        Some(Outcome::Inconclusive { .. }) => "broken",
    };
    format!("{word:<8} {} ({} ms)", escape::one_line(&node.key()), node.duration_ms)
}

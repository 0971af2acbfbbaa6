//! The last lines of a build's log: whoever opens it is taken to its end, and there the verdict must stand.

use std::fmt::Write as _;
use std::io::Write as _;

use super::Context;
use crate::diagnosis::{Diagnosis, Verdict};
use crate::probe::google::Platform;
use crate::text::escape::shown;

/// The longest line, in characters.
const LONGEST: usize = 300;
/// The most causes that are repeated; the report has them all.
const MOST: usize = 3;

/// Says the verdict once more, below everything else, where a CI system keeps the log. On GitHub annotations and
/// summary do that. It goes to standard error, so that a report on standard output stays whole.
pub fn say(diagnosis: &Diagnosis, context: &Context) {
    let wanted = match context.platform {
        Platform::CloudBuild => true,
        Platform::GithubActions => false,
        Platform::CloudRun | Platform::Elsewhere => context.ci,
    };
    if wanted {
        drop(std::io::stderr().write_all(text(diagnosis).as_bytes()));
    }
}

fn text(diagnosis: &Diagnosis) -> String {
    let verdict = match diagnosis.verdict {
        Verdict::Healthy => "healthy",
        Verdict::Inconclusive => "inconclusive: the gate could not find out",
        Verdict::Unhealthy => "unhealthy",
    };
    let mut text = String::new();
    for cause in diagnosis.causes.iter().take(MOST) {
        let line = format!("{} ({}) in {}: {}", cause.code, cause.confidence, cause.service, cause.claim);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "rungate: {}", shown(&line, LONGEST));
        if let Some(place) = &cause.place {
            let _ = writeln!(text, "rungate:   --> {}", shown(&place.to_string(), LONGEST));
        }
        if let Some(command) = cause.fix.iter().find_map(|fix| fix.command.as_deref()) {
            let _ = writeln!(text, "rungate:   fix: {}", shown(command, LONGEST));
        }
    }
    if let more @ 1.. = diagnosis.causes.len().saturating_sub(MOST) {
        let _ = writeln!(text, "rungate: and {more} more; see the report");
    }
    let _ = writeln!(text, "rungate: {verdict} (exit status {})", diagnosis.exit_code);
    text
}

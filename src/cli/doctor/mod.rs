//! `rungate doctor`: what is missing on this machine and in its credentials, before a run needs it.
//!
//! It changes nothing and checks no service. Each line says what was looked at, what is there, and what fixes it.

mod machine;
mod permissions;
mod pipeline;

use std::fmt::Write as _;

use clap::Args;

use super::arguments::Files;
use super::{Context, Refusal, say};
use crate::record::{Inconclusive, words};
use crate::report::Style;
use crate::text::escape::one_line;

/// Arguments of `doctor`.
#[derive(Clone, Debug, Args)]
pub struct DoctorArguments {
    /// The pipeline.
    #[command(flatten)]
    pub files: Files,

    /// Project, where the files do not state it.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,

    /// Region, where the files do not state it.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Act as this service account, or by way of others as A,B,ACCOUNT.
    #[arg(long, value_name = "ACCOUNT")]
    pub impersonate_service_account: Option<String>,

    /// With what `check --inspect-secrets` takes.
    #[arg(long)]
    pub inspect_secrets: bool,

    /// With what `check --on-failure rollback` takes.
    #[arg(long)]
    pub rollback: bool,

    /// Look at this machine and at the files only; ask nobody.
    #[arg(long)]
    pub offline: bool,
}

/// How one thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is there.
    Good,
    /// It is missing, and the gate works without it, seeing less.
    Less,
    /// It is missing, and the gate needs it; or it could not be found out.
    Missing,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Complaint {
    state: State,
    what: String,
    /// What fixes it, a line each.
    fix: Vec<String>,
}

impl Complaint {
    fn good(what: impl Into<String>) -> Self {
        Self { state: State::Good, what: what.into(), fix: Vec::new() }
    }

    fn less(what: impl Into<String>) -> Self {
        Self { state: State::Less, what: what.into(), fix: Vec::new() }
    }

    fn missing(what: impl Into<String>) -> Self {
        Self { state: State::Missing, what: what.into(), fix: Vec::new() }
    }

    fn fix(mut self, line: impl Into<String>) -> Self {
        self.fix.push(line.into());
        self
    }

    /// What could not be found out, with the fix that it carries.
    fn inconclusive(what: &str, why: &Inconclusive) -> Self {
        let mut finding = Self::missing(format!("{what}: {}", words::inconclusive(why)));
        if let Inconclusive::NoCredentials { fix: Some(fix), .. } = why {
            finding = finding.fix(fix.text.clone());
            if let Some(command) = &fix.command {
                finding = finding.fix(format!("$ {command}"));
            }
        }
        finding
    }
}

/// `rungate doctor`: 0 where nothing is missing, else 1.
///
/// # Errors
/// The runtime could not start.
pub fn doctor(asked: &DoctorArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let mut context = context.clone();
    if let Some(account) = &asked.impersonate_service_account {
        context.auth.impersonate(account);
    }
    let mut sections = vec![("machine", machine::look(&context))];
    let (found, pipeline) = pipeline::look(asked, &context);
    sections.push(("pipeline", found));
    if asked.offline {
        sections.push(("credentials", vec![Complaint::less("not asked for (--offline)")]));
    } else {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| Refusal::new(error.to_string()))?;
        sections.extend(runtime.block_on(permissions::look(asked, &context, pipeline.as_ref())));
        runtime.shutdown_background();
    }
    let text = render(&sections, style);
    if let Err(trouble) = say(&text) {
        return Err(Refusal::new(trouble));
    }
    let missing = sections.iter().flat_map(|(_, found)| found).any(|found| found.state == State::Missing);
    Ok(u8::from(missing))
}

fn render(sections: &[(&str, Vec<Complaint>)], style: Style) -> String {
    let mut text = String::new();
    for (title, found) in sections {
        let _ = writeln!(text, "{title}");
        for finding in found {
            let (mark, colour) = match finding.state {
                State::Good => ("✓", "32"),
                State::Less => ("-", "33"),
                State::Missing => ("✗", "31"),
            };
            let mark =
                if style.colour { format!("\u{1b}[{colour}m{mark}\u{1b}[0m") } else { mark.to_owned() };
            let _ = writeln!(text, "  {mark} {}", one_line(&finding.what));
            for line in &finding.fix {
                let _ = writeln!(text, "      {}", one_line(line));
            }
        }
    }
    let missing =
        sections.iter().flat_map(|(_, found)| found).filter(|one| one.state == State::Missing).count();
    let _ = match missing {
        0 => writeln!(text, "\nnothing is missing of what was looked at"),
        1 => writeln!(text, "\n1 thing is missing"),
        more => writeln!(text, "\n{more} things are missing"),
    };
    text
}

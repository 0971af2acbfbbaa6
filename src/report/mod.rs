//! Reports: one file a format, pure strings. What is written here decides nothing: the verdict and the exit
//! status stand in the [`Diagnosis`].

mod chain;
pub mod file;
pub(crate) mod github;
mod html;
mod inert;
mod json;
mod junit;
pub(crate) mod markdown;
mod names;
mod numbers;
mod page;
mod standing;
mod suites;
mod text;

pub use file::{Destination, ReportError};

use crate::diagnosis::Diagnosis;
use crate::record::RunRecord;

/// How a report for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours (ANSI sequences) are welcome.
    pub colour: bool,
    /// Width of a line in characters; commands to copy are never broken.
    pub width: usize,
    /// Whether the text report shows every check and cause, also those that a family's line can tell.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { colour: false, width: 100, verbose: false }
    }
}

/// A format.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Its id, as `--report FORMAT=PATH` names it.
    pub id: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// Renders it. The style matters to formats for people only.
    pub render: fn(&RunRecord, &Diagnosis, &Style) -> String,
}

/// Every format.
pub const REPORTS: &[Report] = &[
    Report {
        id: "text",
        about: "for people: verdict, root cause, proof, fix, all checks",
        render: text::render,
    },
    Report {
        id: "junit",
        about: "JUnit XML for CI: one suite a service, one case a check",
        render: junit::render,
    },
    Report {
        id: "junit-github",
        about: "the same, with file and line on each case",
        render: junit::render_located,
    },
    Report { id: "html", about: "one self-contained page, for screen and print", render: html::render },
    Report { id: "markdown", about: "for comments and step summaries on GitHub", render: markdown::render },
    Report { id: "github", about: "annotations and groups for GitHub's runner", render: github::render },
    Report { id: "json", about: "JSON, version 2, for programs", render: json::render },
];

/// The JSON Schema (draft 2020-12) of the JSON report.
pub const SCHEMA: &str = include_str!("../../docs/schemas/report.schema.json");

/// The format of that id.
pub fn find(id: &str) -> Option<&'static Report> {
    REPORTS.iter().find(|report| report.id == id)
}

/// Renders a report in the format of that id; `None` where there is no such format.
pub fn render(id: &str, record: &RunRecord, diagnosis: &Diagnosis, style: &Style) -> Option<String> {
    find(id).map(|report| (report.render)(record, diagnosis, style))
}

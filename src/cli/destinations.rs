//! `--report FORMAT=PATH`: every path is proven writable before the first probe, and written on every way out.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::arguments::Output;
use super::github::Native;
use super::{Context, Refusal};
use crate::diagnosis::Diagnosis;
use crate::record::RunRecord;
use crate::report::file::Destination;
use crate::report::{self, REPORTS, Report, Style};

/// Where the reports of a run go.
#[derive(Debug)]
pub struct Destinations {
    reports: Vec<(&'static Report, Target)>,
    run: Option<Destination>,
    /// Whether the last report is the text that nobody asked for.
    implicit: bool,
    /// How the text on standard output looks.
    style: Style,
    /// What is left for GitHub besides.
    github: Option<Native>,
}

#[derive(Debug)]
enum Target {
    StandardOutput,
    File(Destination),
}

impl Destinations {
    /// Opens what the user asked for. Without a report on standard output, the text report goes there.
    ///
    /// # Errors
    /// An unknown format, a path given twice, or one that cannot be written.
    pub fn open(
        asked: &Output,
        save_run: Option<&Path>,
        style: Style,
        context: &Context,
    ) -> Result<Self, Refusal> {
        let mut reports = Vec::new();
        let mut taken: HashSet<PathBuf> = HashSet::new();
        let mut take = |path: &Path| {
            let twice = !taken.insert(std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
            if twice { Err(Refusal::new(format!("{} is given twice", path.display()))) } else { Ok(()) }
        };
        for text in &asked.report {
            let (format, path) =
                text.split_once('=').filter(|(_, path)| !path.is_empty()).ok_or_else(|| {
                    Refusal::new(format!("--report {text} names no path"))
                        .fix("write FORMAT=PATH, for example junit=TEST-rungate.xml")
                })?;
            let report = report::find(format).ok_or_else(|| {
                let known: Vec<&str> = REPORTS.iter().map(|report| report.id).collect();
                let list = match format {
                    "sarif" => {
                        "sarif is for `check --dry-run`: it has places in files, and no run".to_owned()
                    }
                    _ => format!("the formats are {}", known.join(", ")),
                };
                Refusal::unknown("report format", format, known, &list)
            })?;
            let path = Path::new(path);
            take(path)?;
            let target = match path.to_str() {
                Some("-") => Target::StandardOutput,
                _ => Target::File(open(path)?),
            };
            reports.push((report, target));
        }
        let run = save_run.map(|path| take(path).and_then(|()| open(path))).transpose()?;
        let implicit = !reports.iter().any(|(_, target)| matches!(target, Target::StandardOutput));
        if implicit {
            reports.extend(report::find("text").map(|text| (text, Target::StandardOutput)));
        }
        let paths = reports.iter().filter_map(|(report, target)| match target {
            Target::File(destination) => Some((report.id, destination.path().display().to_string())),
            Target::StandardOutput => None,
        });
        let github = Native::new(asked.github, context, paths.collect());
        Ok(Self { reports, run, implicit, style: Style { verbose: asked.verbose, ..style }, github })
    }

    /// Has GitHub's runner mask these secrets, where it runs us.
    pub fn mask(&self, secrets: &[SecretString]) {
        if let Some(github) = &self.github {
            github.mask(secrets);
        }
    }

    /// Writes every report. What cannot be written is said on standard error; it changes neither the other
    /// reports nor the exit status.
    pub fn write(self, record: &RunRecord, diagnosis: &Diagnosis) {
        let plain = Style { colour: false, ..self.style };
        let mut trouble = Vec::new();
        if let Some(destination) = self.run {
            let text = serde_json::to_string_pretty(record).map_err(|error| error.to_string());
            let written = text.and_then(|text| destination.write(&text).map_err(|error| error.to_string()));
            trouble.extend(written.err());
        }
        for (report, target) in self.reports {
            match target {
                Target::StandardOutput => {
                    let text = (report.render)(record, diagnosis, &self.style);
                    trouble.extend(super::say(&text).err());
                }
                Target::File(destination) => {
                    let text = (report.render)(record, diagnosis, &plain);
                    trouble.extend(destination.write(&text).err().map(|error| error.to_string()));
                }
            }
        }
        if let Some(github) = &self.github {
            trouble.extend(github.write(record, diagnosis, &plain));
        }
        for text in trouble {
            drop(writeln!(std::io::stderr(), "rungate: {text}"));
        }
    }

    /// Writes the reports that were asked for when the gate did not even begin.
    pub fn write_refusal(mut self, problem: &str) {
        // The problem stands on standard error already; only a report that was asked for is written.
        if self.implicit {
            self.reports.pop();
        }
        let record = RunRecord::refused(problem);
        let diagnosis = crate::diagnosis::diagnose(&record, crate::checks::graph());
        self.write(&record, &diagnosis);
    }
}

fn open(path: &Path) -> Result<Destination, Refusal> {
    Destination::open(path).map_err(|error| Refusal::new(error.to_string()))
}

//! Commands over saved runs: `report` and `merge`.

use std::io::Write as _;
use std::path::Path;

use super::arguments::{MergeArguments, ReportArguments};
use super::{Context, Destinations, Refusal, closing};
use crate::diagnosis::merge::{Merged, merge as join};
use crate::record::{RunRecord, saved};
use crate::report::Style;
use crate::text::escape::{one_line, shown};
use crate::{checks, diagnosis};

/// The largest saved run that is read, in bytes.
const LARGEST_RUN: u64 = 64 << 20;
/// The longest description of what is wrong with a saved run, in characters.
const LONGEST_PROBLEM: usize = 300;

/// `rungate report`.
///
/// # Errors
/// A record that cannot be read, a report that cannot be written.
pub fn report(asked: &ReportArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let record = read(&asked.run)?;
    let reports = Destinations::open(&asked.output, None, style, context)?;
    let diagnosis = diagnosis::diagnose(&record, checks::graph());
    reports.write(&record, &diagnosis);
    closing::say(&diagnosis, context);
    Ok(diagnosis.exit_code)
}

/// `rungate merge`.
///
/// # Errors
/// Records that cannot be read or are not of one deploy, a report that cannot be written.
pub fn merge(asked: &MergeArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let runs = asked.runs.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let Merged { record, remarks } =
        join(&runs, checks::graph()).map_err(|error| Refusal::new(one_line(&error.to_string())))?;
    let reports = Destinations::open(&asked.output, asked.save_run.as_deref(), style, context)?;
    for remark in &remarks {
        drop(writeln!(std::io::stderr(), "rungate: {}", one_line(remark)));
    }
    let diagnosis = diagnosis::diagnose(&record, checks::graph());
    reports.write(&record, &diagnosis);
    closing::say(&diagnosis, context);
    Ok(diagnosis.exit_code)
}

fn read(path: &Path) -> Result<RunRecord, Refusal> {
    let name = path.display();
    // What the file holds may be anybody's, and the decoder quotes it.
    let cannot = |problem: &str| {
        Refusal::new(format!("{name}: {}", shown(problem, LONGEST_PROBLEM)))
            .fix("give what `check --save-run` wrote")
    };
    let meta = std::fs::metadata(path).map_err(|error| cannot(&error.to_string()))?;
    if !meta.is_file() || meta.len() > LARGEST_RUN {
        return Err(cannot("it is no file of less than 64 MiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| cannot(&error.to_string()))?;
    saved::read(&text).map_err(|error| cannot(&error.to_string()))
}

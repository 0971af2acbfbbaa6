//! The commands beside `check`.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::arguments::{
    Arguments, CheckArguments, CompletionsArguments, DiagnoseArguments, DrillArguments, ExplainArguments,
    ManArguments, PermissionsArguments, ReadArguments, SchemaArguments,
};
use super::{
    Context, Destinations, Refusal, announce, drill as drilling, request, say, settings, unplanned, unread,
};
use crate::permissions::Asked;
use crate::pipeline::Request;
use crate::report::Style;
use crate::report::escape::bounded;
use crate::run::record::{RECORD_VERSION, RunRecord};
use crate::{checks, diagnosis, explain as pages, permissions, pipeline, plan, sandbox};

/// The largest saved run that is read, in bytes.
const LARGEST_RUN: u64 = 64 << 20;
/// The longest description of what is wrong with a saved run, in characters.
const LONGEST_PROBLEM: usize = 300;

/// `rungate read`.
///
/// # Errors
/// Problems of the files.
pub fn read(asked: &ReadArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let request = Request { strict: false, ..request(&asked.files, context) };
    let loaded = pipeline::load(&request).map_err(|all| unread(&all, style))?;
    announce(&loaded, false, style);
    let text = if asked.json {
        format!("{:#}\n", super::read::json(&loaded))
    } else {
        super::read::text(&loaded, style.colour)
    };
    show(&text);
    Ok(0)
}

/// `rungate drill`.
///
/// # Errors
/// Problems of the files, or a fault that does not exist.
pub fn drill(asked: &DrillArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let faults = drilling::chosen(&asked.fault)?;
    if asked.list {
        let widest = faults.iter().map(|fault| fault.code.len()).max().unwrap_or_default();
        let lines: Vec<String> =
            faults.iter().map(|fault| format!("{:<widest$}  {}\n", fault.code, fault.what)).collect();
        show(&lines.concat());
        return Ok(0);
    }
    let loaded = pipeline::load(&request(&asked.files, context)).map_err(|all| unread(&all, style))?;
    let pipeline = sandbox::fill(&loaded.pipeline);
    let check = CheckArguments::in_sandbox(asked.files.clone());
    let plan = plan::build(&pipeline, checks::CHECKS, &settings::defaults(&check, context))
        .map_err(|all| unplanned(&all))?
        .given(|name| settings::variable(name, true, context));
    let options = settings::options(&check, &pipeline)?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| Refusal::new(error.to_string()))?;
    let rows = runtime.block_on(drilling::drill(&plan, &faults, &options))?;
    runtime.shutdown_background();
    show(&drilling::table(&rows));
    Ok(u8::from(!rows.iter().all(drilling::Row::right)))
}

/// `rungate diagnose`.
///
/// # Errors
/// A record that cannot be read.
pub fn diagnose(asked: &DiagnoseArguments, style: Style) -> Result<u8, Refusal> {
    let name = asked.run.display();
    // What the file holds may be anybody's, and the decoder quotes it.
    let cannot = |problem: &str| {
        Refusal::new(format!("{name}: {}", bounded(problem, LONGEST_PROBLEM)))
            .hint("give what `check --save-run` wrote")
    };
    let meta = std::fs::metadata(&asked.run).map_err(|error| cannot(&error.to_string()))?;
    if !meta.is_file() || meta.len() > LARGEST_RUN {
        return Err(cannot("it is no file of less than 64 MiB"));
    }
    let text = std::fs::read_to_string(&asked.run).map_err(|error| cannot(&error.to_string()))?;
    let record: RunRecord =
        serde_json::from_str(&text).map_err(|error| cannot(&format!("no record of a run: {error}")))?;
    if record.version != RECORD_VERSION {
        return Err(cannot(&format!(
            "its version is {}, this rungate reads {RECORD_VERSION}",
            record.version
        )));
    }
    let reports = Destinations::open(&asked.report, None, style)?;
    let diagnosis = diagnosis::diagnose(&record);
    reports.write(&record, &diagnosis);
    Ok(diagnosis.exit_code)
}

/// `rungate permissions`.
///
/// # Errors
/// Problems of the files.
pub fn permissions(asked: &PermissionsArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    let request = Request { strict: false, ..request(&asked.files, context) };
    let loaded = pipeline::load(&request).map_err(|all| unread(&all, style))?;
    announce(&loaded, false, style);
    let wanted = Asked {
        project: asked.project.clone().or_else(|| context.project.clone()),
        in_place: asked.in_place,
        inspect_secrets: asked.inspect_secrets,
        rollback: asked.rollback,
        member: asked.member.clone(),
    };
    let grants = permissions::grants(&loaded.pipeline, &wanted);
    show(&permissions::render(&grants, &wanted, asked.format));
    Ok(0)
}

/// `rungate explain`.
///
/// # Errors
/// A code that is no check, cause or finding.
pub fn explain(asked: &ExplainArguments) -> Result<u8, Refusal> {
    let Some(code) = &asked.code else {
        let lines: Vec<String> = pages::all().map(|(id, _)| format!("{id}\n")).collect();
        show(&lines.concat());
        return Ok(0);
    };
    let page = pages::explain(code).ok_or_else(|| {
        let refusal = Refusal::new(format!("there is no check, cause or finding called {code}"));
        match pages::nearest(code) {
            Some(near) => refusal.hint(format!("did you mean {near}? `rungate explain` lists them all")),
            None => refusal.hint("`rungate explain` lists them all"),
        }
    })?;
    show(page);
    Ok(0)
}

/// `rungate schema`.
///
/// # Errors
/// None today.
pub fn schema(asked: &SchemaArguments) -> Result<u8, Refusal> {
    show(super::schema::text(asked.subject));
    Ok(0)
}

/// `rungate completions`.
///
/// # Errors
/// None today.
pub fn completions(asked: &CompletionsArguments) -> Result<u8, Refusal> {
    let mut text = Vec::new();
    clap_complete::generate(asked.shell, &mut Arguments::command(), "rungate", &mut text);
    show(&String::from_utf8_lossy(&text));
    Ok(0)
}

/// `rungate man`.
///
/// # Errors
/// A folder that cannot be written to.
pub fn man(asked: &ManArguments) -> Result<u8, Refusal> {
    let cannot = |error: std::io::Error| Refusal::new(format!("cannot write manual pages: {error}"));
    if let Some(folder) = &asked.output {
        std::fs::create_dir_all(folder).map_err(cannot)?;
        clap_mangen::generate_to(Arguments::command(), folder).map_err(cannot)?;
        return Ok(0);
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text).map_err(cannot)?;
    show(&String::from_utf8_lossy(&text));
    Ok(0)
}

/// Shows on standard output what a command is for; that it could not is told on standard error.
fn show(text: &str) {
    if let Err(trouble) = say(text) {
        drop(writeln!(std::io::stderr(), "rungate: {trouble}"));
    }
}

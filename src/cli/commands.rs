//! The commands beside `check`.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::arguments::{
    Arguments, CheckArguments, CompletionsArguments, DrillArguments, ExplainArguments, ManArguments,
    PermissionsArguments, ReadArguments, SchemaArguments,
};
use super::{Context, Refusal, announce, drill as drilling, request, say, settings, unplanned, unread};
use crate::permissions::Asked;
use crate::pipeline::Request;
use crate::report::Style;
use crate::text::nearest::nearest;
use crate::{checks, pages, permissions, pipeline, plan, sandbox};

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
        show(&drilling::list(&faults));
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
        connectivity_test: asked.connectivity_test,
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
        match nearest(code, pages::all().map(|(id, _)| id)).first() {
            Some(near) => refusal.fix(format!("did you mean {near}? `rungate explain` lists them all")),
            None => refusal.fix("`rungate explain` lists them all"),
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

//! rungate's table of contents: load, build, execute, diagnose, render.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use rungate::cli::arguments::{Arguments, CheckArguments, Command, OnFailure};
use rungate::cli::{self, Context, Destinations, progress::Progress, settings, signal, world};
use rungate::diagnosis::Diagnosis;
use rungate::record::RunRecord;
use rungate::report::Style;
use rungate::{checks, diagnosis, pipeline, plan, rollback, run, sandbox};

fn main() -> ExitCode {
    cli::tell_panics_by_place();
    let arguments = Arguments::parse();
    let context = Context::of_process();
    let style = settings::style(arguments.color, &context);
    let status = match &arguments.command {
        Command::Check(asked) if asked.dry_run => {
            cli::dry_run::dry_run(asked, &context, style).map_err(anyhow::Error::from)
        }
        Command::Check(asked) => check(asked, &context, style),
        Command::Read(asked) => cli::commands::read(asked, &context, style).map_err(anyhow::Error::from),
        Command::Drill(asked) => cli::commands::drill(asked, &context, style).map_err(anyhow::Error::from),
        Command::Report(asked) => cli::saved::report(asked, &context, style).map_err(anyhow::Error::from),
        Command::Merge(asked) => cli::saved::merge(asked, &context, style).map_err(anyhow::Error::from),
        Command::Permissions(asked) => {
            cli::commands::permissions(asked, &context, style).map_err(anyhow::Error::from)
        }
        Command::Explain(asked) => cli::commands::explain(asked).map_err(anyhow::Error::from),
        Command::Init(asked) => cli::init::init(asked, &context, style).map_err(anyhow::Error::from),
        Command::Doctor(asked) => cli::doctor::doctor(asked, &context, style).map_err(anyhow::Error::from),
        Command::Probe(asked) => cli::probe::probe(asked, &context).map_err(anyhow::Error::from),
        Command::Schema(asked) => cli::commands::schema(asked).map_err(anyhow::Error::from),
        Command::Completions(asked) => cli::commands::completions(asked).map_err(anyhow::Error::from),
        Command::Man(asked) => cli::commands::man(asked).map_err(anyhow::Error::from),
    };
    match status {
        Ok(status) => ExitCode::from(status),
        Err(error) => cli::refused(&error),
    }
}

/// The gate: the reports are proven writable first, and written on every way out.
fn check(asked: &CheckArguments, context: &Context, style: Style) -> anyhow::Result<u8> {
    let reports = Destinations::open(&asked.output, asked.save_run.as_deref(), style, context)?;
    match judge(asked, context, style, &reports) {
        Ok((record, diagnosis)) => {
            reports.write(&record, &diagnosis);
            cli::closing::say(&diagnosis, context);
            Ok(diagnosis.exit_code)
        }
        Err(error) => {
            reports.write_refusal(&error.to_string());
            Err(error)
        }
    }
}

fn judge(
    asked: &CheckArguments,
    context: &Context,
    style: Style,
    reports: &Destinations,
) -> anyhow::Result<(RunRecord, Diagnosis)> {
    let loaded =
        pipeline::load(&cli::request(&asked.files, context)).map_err(|all| cli::unread(&all, style))?;
    reports.mask(&cli::github::stated_secrets(&loaded.pipeline));
    cli::announce(&loaded, asked.quiet, style);
    let mut pipeline = if asked.sandbox { sandbox::fill(&loaded.pipeline) } else { loaded.pipeline };
    settings::read_environment(&mut pipeline);
    let plan =
        plan::build(&pipeline, &checks::table(asked.connectivity_test), &settings::defaults(asked, context))
            .map_err(|all| cli::unplanned(&all))?
            .given(|name| settings::variable(name, asked.sandbox, context));
    let options = settings::options(asked, &pipeline)?;
    let mut progress =
        Progress::new(asked.quiet, context.stderr_is_terminal && !context.ci, plan.nodes.len());

    let runtime = tokio::runtime::Runtime::new()?;
    let judged = runtime.block_on(async {
        let (outside, _sandbox) = world::open(asked, context, &plan, &options.settings).await?;
        let vault = Arc::clone(&outside.vault);
        let watch = &mut |event: run::Event<'_>| progress.see(&event);
        let settling = &mut diagnosis::settling(checks::graph());
        let stop = signal::stopped();
        let outside = Arc::new(outside);
        let mut record = run::execute(&plan, Arc::clone(&outside), &options, settling, stop, watch).await;
        let diagnosis = diagnosis::diagnose(&record, checks::graph());
        match asked.on_failure {
            Some(OnFailure::Rollback) => rollback::roll_back(&outside, &plan, &diagnosis, &mut record).await,
            None => {}
        }
        anyhow::Ok((record, diagnosis, vault))
    });
    // A name look-up that hangs in the system's resolver must not hold up the end.
    runtime.shutdown_background();
    progress.done();

    let (record, diagnosis, vault) = judged?;
    reports.mask(&vault.secrets());
    Ok((record, diagnosis))
}

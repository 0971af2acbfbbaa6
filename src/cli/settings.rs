//! From what was typed to what the run needs.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::arguments::{CheckArguments, Colour, VantageArgument};
use super::{Context, Refusal};
use crate::live::RunSettings;
use crate::model::{Pipeline, Stated};
use crate::plan::Defaults;
use crate::record::{Unproven, Vantage};
use crate::report::Style;
use crate::run::Options;

/// The deadline where neither the command line nor the native file states one.
const DEADLINE: Duration = Duration::from_secs(5 * 60);
/// One TCP connection: long enough for three SYNs (at 0, 1 and 3 s), which tells loss from silence.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One step of a conversation: Cloud Run's cold start is within it, a hung server is not waited for.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// The same in the sandbox. Nothing hangs there, and what is slow is this machine.
const SANDBOX_STEP_TIMEOUT: Duration = Duration::from_secs(60);
/// A window of the sandbox is short, and on a busy machine one answer may fill it.
const SANDBOX_ANSWERS: usize = 3;

/// How a run is carried out.
///
/// In the sandbox the gate stands in the service's own network and may read secrets: both are its own inventions.
///
/// # Errors
/// An obligation that nobody can accept unproven.
pub fn options(asked: &CheckArguments, pipeline: &Pipeline) -> Result<Options, Refusal> {
    let vantage = match asked.vantage {
        Some(VantageArgument::InVpc) => Vantage::InVpc,
        Some(VantageArgument::Runner) => Vantage::Runner,
        None if asked.sandbox => Vantage::InVpc,
        None => Vantage::Runner,
    };
    let accepted = asked.accept_unproven.iter().map(|what| {
        what.parse::<Unproven>()
            .map_err(|_unknown| Refusal::new(format!("nothing called {what} can be accepted unproven")))
    });
    Ok(Options {
        settings: Arc::new(RunSettings {
            vantage,
            inspect_secrets: asked.inspect_secrets || asked.sandbox,
            connect_timeout: CONNECT_TIMEOUT,
            step_timeout: if asked.sandbox { SANDBOX_STEP_TIMEOUT } else { STEP_TIMEOUT },
            fewest_answers: if asked.sandbox { SANDBOX_ANSWERS } else { 1 },
        }),
        deadline: asked.deadline.or(pipeline.deadline).unwrap_or(DEADLINE),
        concurrency: usize::from(asked.concurrency),
        accepted_unproven: accepted.collect::<Result<_, _>>()?,
        sandbox: asked.sandbox,
    })
}

/// Gives the expectations of health that name a variable of the environment (`commit: {env: GITHUB_SHA}`) its value.
pub fn read_environment(pipeline: &mut Pipeline) {
    for service in &mut pipeline.services {
        let Some(commit) = &mut service.health.commit else { continue };
        let name = commit
            .commit
            .as_known()
            .is_none()
            .then(|| commit.commit.raw().trim_start_matches('$').to_owned());
        if let Some(value) = name.and_then(|name| super::context::variable(&name)) {
            commit.commit = Stated::known(value.trim(), commit.commit.place.clone());
        }
    }
}

/// What the command line and the environment say where the files do not.
pub fn defaults(asked: &CheckArguments, context: &Context) -> Defaults {
    Defaults {
        project: asked.project.clone().or_else(|| context.project.clone()),
        region: asked.region.clone().or_else(|| context.region.clone()),
        services: asked.service.clone(),
        revision: asked.revision.clone(),
        url: asked.url.clone(),
        require: asked.require.clone(),
    }
}

/// A variable of the environment that a journey asks for. In the sandbox there is always one: nothing real is asked.
pub fn variable(name: &str, sandbox: bool, context: &Context) -> Option<SecretString> {
    context.variable(name).or_else(|| sandbox.then(|| SecretString::from(format!("sandbox-{name}"))))
}

/// How text looks on standard output.
pub fn style(colour: Colour, context: &Context) -> Style {
    let colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => context.stdout_is_terminal && !context.no_color,
    };
    Style { colour, width: context.width, verbose: false }
}

//! The outside world of a run: the real one, or the sandbox's.

use std::sync::Arc;
use std::time::Duration;

use super::arguments::CheckArguments;
use super::{Context, Refusal};
use crate::live::RunSettings;
use crate::plan::Plan;
use crate::probe::Outside;
use crate::probe::dial::System;
use crate::probe::google::{Google, Timeouts};
use crate::probe::http::Http;
use crate::sandbox::faults::{self, Fault};
use crate::sandbox::{self, Sandbox, SandboxOptions};
use crate::text::vault::Vault;

/// The outside world that the user asked for; with it the sandbox, which ends when it is dropped.
///
/// # Errors
/// See [`sandbox()`].
pub async fn open(
    asked: &CheckArguments,
    context: &Context,
    plan: &Plan,
    settings: &RunSettings,
) -> Result<(Outside, Option<Sandbox>), Refusal> {
    if !asked.sandbox {
        let mut context = context.clone();
        if let Some(account) = &asked.impersonate_service_account {
            context.auth.impersonate(account);
        }
        return Ok((real(&context, plan, settings), None));
    }
    let (sandbox, outside) = self::sandbox(plan, &asked.fault, asked.sandbox_latency, settings).await?;
    Ok((outside, Some(sandbox)))
}

/// The real world.
pub fn real(context: &Context, plan: &Plan, settings: &RunSettings) -> Outside {
    let vault = Arc::new(Vault::default());
    for token in context.auth.tokens() {
        vault.remember(token);
    }
    Outside {
        google: Google::new(
            &context.endpoints,
            context.auth.clone(),
            Arc::clone(&vault),
            Timeouts::default(),
        )
        .expecting(services(plan)),
        http: Http::new(settings.step_timeout),
        dial: Arc::new(System),
        vault,
    }
}

/// A sandbox with these faults, near misses and twins, and the outside world as it gives it. The sandbox ends when it is dropped.
///
/// # Errors
/// A fault that does not exist, or that this pipeline gives nothing to break for.
pub async fn sandbox(
    plan: &Plan,
    faults: &[String],
    latency: Option<Duration>,
    settings: &RunSettings,
) -> Result<(Sandbox, Outside), Refusal> {
    inconclusive(plan, &named(faults)?, latency, settings).await
}

/// The faults, near misses and twins of these names.
///
/// # Errors
/// A fault that does not exist.
pub fn named(codes: &[String]) -> Result<Vec<&'static Fault>, Refusal> {
    let named = |code: &String| {
        faults::find(code).ok_or_else(|| {
            let known = faults::all().map(Fault::code);
            Refusal::unknown("fault", code, known, "`rungate drill --list` names them all")
        })
    };
    codes.iter().map(named).collect()
}

/// A sandbox changed in these ways, and the outside world as it gives it.
///
/// # Errors
/// The pipeline has nothing that one of them could break, or no port is free.
pub async fn inconclusive(
    plan: &Plan,
    changes: &[&'static Fault],
    latency: Option<Duration>,
    settings: &RunSettings,
) -> Result<(Sandbox, Outside), Refusal> {
    let options = SandboxOptions { latency: latency.unwrap_or_default() };
    let sandbox = sandbox::start(&plan.targets, changes, options)
        .await
        .map_err(|error| Refusal::new(error.to_string()))?;
    let vault = Arc::new(Vault::default());
    let outside = Outside {
        google: Google::new(&sandbox.endpoints(), sandbox.auth(), Arc::clone(&vault), Timeouts::default())
            .expecting(services(plan)),
        http: Http::new(settings.step_timeout),
        dial: sandbox.dial(),
        vault,
    };
    Ok((sandbox, outside))
}

/// Project and region of every service of a plan.
fn services(plan: &Plan) -> impl Iterator<Item = (&str, &str)> {
    plan.targets.iter().map(|target| (&*target.project, &*target.region))
}

//! `rungate probe`: the steps to the database from where the process stands, for people on standard error and for
//! machines in the last line of standard output.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use secrecy::SecretString;

use super::arguments::ProbeArguments;
use super::{Context, Refusal, say};
use crate::in_place::{self, Answer, Manner, Names, Step};
use crate::probe::dial::System;
use crate::probe::postgres::{Bounds, Patience};
use crate::run::without_secrets;
use crate::text::escape::one_line;
use crate::text::vault::Vault;

/// One TCP connection: long enough for three SYNs (at 0, 1 and 3 s).
const CONNECT: Duration = Duration::from_secs(5);
/// Any other step.
const STEP: Duration = Duration::from_secs(10);

/// The exit status is that of the family; see `docs/probe.md`.
///
/// # Errors
/// The answer could not be written.
pub fn probe(asked: &ProbeArguments, context: &Context) -> Result<u8, Refusal> {
    let vault = Vault::default();
    let variables = Context::variables();
    let names = names(asked).or(names_of_environment(&variables));
    let tell = |step: &Step| {
        if !asked.quiet {
            let detail = one_line(&vault.redact(&step.detail));
            let line = format!("{:<12} {:<8} {detail} ({} ms)\n", step.step, step.outcome, step.took_ms);
            drop(std::io::stderr().write_all(line.as_bytes()));
        }
    };
    let answer = match in_place::way(&names, &variables, &vault) {
        Ok(way) => {
            let manner = manner(asked.deadline, way.connection.connect_timeout, context);
            let runtime = tokio::runtime::Runtime::new()
                .map_err(|error| Refusal::new(format!("no runtime can be started: {error}")))?;
            let answer = runtime.block_on(async {
                match in_place::with_token(way, &variables, &vault, asked.deadline).await {
                    Ok(way) => in_place::probe(&way, &System, manner, &mut |step| tell(step)).await,
                    Err(answer) => {
                        answer.steps.iter().for_each(tell);
                        *answer
                    }
                }
            });
            // A name look-up that hangs in the system's resolver must not hold up the end.
            runtime.shutdown_background();
            answer
        }
        Err((variables, why)) => {
            let answer = Answer::unled(variables, why);
            answer.steps.iter().for_each(tell);
            answer
        }
    };
    let status = answer.exit_status;
    let line = without_secrets(&answer, &vault)
        .and_then(|answer| serde_json::to_string(&answer).ok())
        .ok_or_else(|| Refusal::new("the answer cannot be shown without a secret in it"))?;
    say(&format!("{line}\n")).map_err(Refusal::new)?;
    Ok(status)
}

fn manner(deadline: Duration, connect_timeout: Option<Duration>, context: &Context) -> Manner {
    let bounds = Bounds { connect: connect_timeout.map_or(CONNECT, |limit| limit.min(CONNECT)), step: STEP };
    // In Cloud Run, the network of direct VPC egress is as old as the container.
    let direct_vpc_age = context.on_cloud_run().then_some(Duration::ZERO);
    Manner { bounds, patience: Patience { most: deadline, direct_vpc_age }, deadline }
}

fn names(asked: &ProbeArguments) -> Names {
    let ProbeArguments { dsn, host, port, user, password, name, .. } = asked.clone();
    Names { dsn, host, port, user, password, name }
}

/// `RUNGATE_PROBE_HOST=MY_HOST` says that `MY_HOST` holds the host.
fn names_of_environment(variables: &BTreeMap<String, SecretString>) -> Names {
    use secrecy::ExposeSecret as _;
    let of = |part: &str| {
        let name = variables.get(&format!("RUNGATE_PROBE_{part}"))?.expose_secret().trim();
        (!name.is_empty()).then(|| name.to_owned())
    };
    Names {
        dsn: of("DSN"),
        host: of("HOST"),
        port: of("PORT"),
        user: of("USER"),
        password: of("PASSWORD"),
        name: of("NAME"),
    }
}

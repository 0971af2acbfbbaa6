//! The service's own log tells of no trouble with its database.

use std::time::Duration;

use google_cloud_run_v2::model::Revision;

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::service::{FRESH, failed, inconclusive, not_applicable, not_visible, passed};
use crate::live::{Scope, connection};
use crate::logs::{self, Database, Seen};
use crate::model::resource::short;
use crate::record::finding::{Finding, LogFinding};
use crate::record::{CheckId, Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SERVICE_LOG_CLEAN,
    holds: "The service's log tells of no trouble with its database",
    family: Family::Service,
    place: place::of_service,
    vantage: Vantage::Service,
    explained_by: &[
        check_id::CLOUDSQL_ATTACHED,
        check_id::CLOUDSQL_CLIENT_GRANTED,
        check_id::CLOUDSQL_LOGIN,
        crate::checks::database::database_has_headroom::CHECK.id,
    ],
    subjects: declared,
    run: |scope| either(watch(scope)),
    ..USUAL
};

/// The check whose end ends the watch over the log.
const HEALTH: CheckId = check_id::HEALTH_HEALTHY;

/// Pauses between two looks: entries take seconds to arrive, and reads of logs are limited to 60 a minute for a project
/// (<https://cloud.google.com/logging/quotas>).
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// They double up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Up to so many services of a project, the log is read even where health is good; above, the limit of reads is kept
/// for those that need it.
const READ_WITHOUT_NEED: usize = 20;

/// Looks until there is trouble or health has been judged.
async fn watch(scope: &Scope) -> Result<Outcome, Outcome> {
    scope.notes.step_aside();
    let revision = scope.revision().await?;
    let filter = filter(scope, &revision);
    let database = database(scope).await;
    let mut siblings = scope.siblings.clone();
    let mut pause = FIRST_PAUSE;
    let many = scope.outside.google.expected_in(&scope.target.project);
    if many > READ_WITHOUT_NEED && siblings.passed(HEALTH).await {
        return Ok(not_applicable(format!(
            "health is good, and the logs of {many} services would take too many reads"
        )));
    }
    loop {
        let (read, seen) = look(scope, &filter, &database).await?;
        if let Some(outcome) = judge(&revision, seen) {
            return Ok(outcome);
        }
        match tokio::time::timeout(pause, siblings.passed(HEALTH)).await {
            Ok(true) => return Ok(quiet(&revision, read)),
            Ok(false) => {
                // What the last answer of the service was about may only now be written.
                let (read, seen) = look(scope, &filter, &database).await?;
                return Ok(judge(&revision, seen).unwrap_or_else(|| quiet(&revision, read)));
            }
            Err(_not_ended) => pause = (pause * 2).min(LONGEST_PAUSE),
        }
    }
}

async fn look(scope: &Scope, filter: &str, database: &Database) -> Result<(usize, Vec<Seen>), Outcome> {
    let entries = scope.outside.google.log_entries(FRESH, &scope.target.project, filter).await;
    let entries =
        entries.map_err(|answer| inconclusive(&format!("the log of {}", scope.target.name), answer))?;
    Ok((entries.len(), logs::read(entries.iter(), database)))
}

fn judge(revision: &Revision, seen: Vec<Seen>) -> Option<Outcome> {
    let mut seen = seen.into_iter();
    let newest = seen.next()?;
    Some(failed(Finding::Log(LogFinding::Trouble {
        revision: short(&revision.name).to_owned(),
        trouble: newest.trouble,
        line: newest.line,
        entries: newest.entries,
        newest: newest.newest,
        also: seen.map(|one| one.trouble).collect(),
    })))
}

fn quiet(revision: &Revision, read: usize) -> Outcome {
    if read == 0 {
        // A log that was not written yet, or is kept elsewhere, tells nothing.
        return not_visible(format!("the log has no entry of {}", short(&revision.name)));
    }
    passed(format!("{read} entries of {} tell of no trouble with the database", short(&revision.name)))
}

/// The entries of this revision since it was made, requests left out: they have no words.
fn filter(scope: &Scope, revision: &Revision) -> String {
    let mut filter = format!(
        "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"{}\" AND \
         resource.labels.revision_name=\"{}\" AND resource.labels.location=\"{}\" AND \
         NOT log_id(\"run.googleapis.com/requests\")",
        scope.target.name,
        short(&revision.name),
        scope.target.region,
    );
    if let Some(made) = revision.create_time {
        filter.push_str(&format!(" AND timestamp>=\"{}\"", String::from(made)));
    }
    filter
}

/// What the gate knows of the database's place without reading a secret for it.
async fn database(scope: &Scope) -> Database {
    let host = connection::host(scope).await.ok().flatten();
    Database { hosts: host.into_iter().collect(), port: 5432 }
}

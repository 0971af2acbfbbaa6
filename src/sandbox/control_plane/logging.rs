//! Cloud Logging API v2: what the sample services logged.

use google_cloud_logging_v2::model::{ListLogEntriesRequest, ListLogEntriesResponse, LogEntry};
use google_cloud_wkt::Timestamp;

use super::Reply;
use super::ask::Ask;
use super::spelling::resource;
use crate::sandbox::cloud::Logged;

const API: &str = "logging.googleapis.com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    if (&segments[..], verb) != (&["v2", "entries"][..], "list") {
        return None;
    }
    let request: ListLogEntriesRequest = serde_json::from_slice(ask.body).unwrap_or_default();
    let project = request.resource_names.first().map_or("", |name| name.trim_start_matches("projects/"));
    Some(ask.allowed(API, project, "logging.logEntries.list", &format!("projects/{project}")).and_then(
        |()| {
            let logged = ask.cloud.logged();
            // The newest first, as the gate asks for them.
            let found = logged.iter().rev().filter(|one| matches(&request.filter, one));
            let entries = found.map(|one| entry(project, one));
            resource(&ListLogEntriesResponse::new().set_entries(entries), &[])
        },
    ))
}

/// Whether a line is meant, as far as names go: of the query language nothing else is understood here.
fn matches(filter: &str, logged: &Logged) -> bool {
    let wants = |label: &str, value: &str| {
        let named = filter.contains(&format!("resource.labels.{label}="));
        !named || filter.contains(&format!("resource.labels.{label}=\"{value}\""))
    };
    wants("service_name", &logged.service) && wants("revision_name", &logged.revision)
}

fn entry(project: &str, logged: &Logged) -> LogEntry {
    LogEntry::new()
        .set_log_name(format!("projects/{project}/logs/run.googleapis.com%2Fstderr"))
        .set_text_payload(&logged.line)
        .set_or_clear_timestamp(Timestamp::try_from(logged.at.to_string().as_str()).ok())
}

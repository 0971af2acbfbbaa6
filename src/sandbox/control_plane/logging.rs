//! Cloud Logging API v2: what the sample services logged.

use google_cloud_logging_v2::model::{ListLogEntriesRequest, ListLogEntriesResponse, LogEntry};
use google_cloud_wkt::Timestamp;
use serde_json::json;

use super::Reply;
use super::ask::Ask;
use super::spelling::resource;
use crate::sandbox::cloud::{Logged, Served};

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
            if of_requests(&request.filter) {
                let served = ask.cloud.served();
                let found = served.iter().rev().filter(|one| names_service(&request.filter, &one.service));
                let entries = found.map(|one| request_entry(project, one));
                return resource(&ListLogEntriesResponse::new().set_entries(entries), &[]);
            }
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
    names_service(filter, &logged.service) && names(filter, "revision_name", &logged.revision)
}

fn names_service(filter: &str, service: &str) -> bool {
    names(filter, "service_name", service)
}

fn names(filter: &str, label: &str, value: &str) -> bool {
    let named = filter.contains(&format!("resource.labels.{label}="));
    !named || filter.contains(&format!("resource.labels.{label}=\"{value}\""))
}

/// Whether the log of requests is meant.
fn of_requests(filter: &str) -> bool {
    const REQUESTS: &str = "log_id(\"run.googleapis.com/requests\")";
    filter.contains(REQUESTS) && !filter.contains(&format!("NOT {REQUESTS}"))
}

fn request_entry(project: &str, served: &Served) -> LogEntry {
    let request = json!({
        "requestMethod": "GET", "requestUrl": served.url, "status": served.status, "userAgent": served.user_agent,
    });
    let entry = serde_json::from_value(json!({ "httpRequest": request })).unwrap_or_else(|_| LogEntry::new());
    let entry = entry
        .set_log_name(format!("projects/{project}/logs/run.googleapis.com%2Frequests"))
        .set_or_clear_timestamp(Timestamp::try_from(served.at.to_string().as_str()).ok());
    match served.line {
        Some(line) => entry.set_text_payload(line),
        None => entry,
    }
}

fn entry(project: &str, logged: &Logged) -> LogEntry {
    LogEntry::new()
        .set_log_name(format!("projects/{project}/logs/run.googleapis.com%2Fstderr"))
        .set_text_payload(&logged.line)
        .set_or_clear_timestamp(Timestamp::try_from(logged.at.to_string().as_str()).ok())
}

//! Cloud Logging API v2: what the service itself logged.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_logging_v2::model::{ListLogEntriesResponse, LogEntry};
use serde_json::json;

use super::errors::no_answer;
use super::memo::Memo;
use super::transport::{Ask, Excess};
use super::{Answer, Google, NoAnswer, asked, calls};

/// What was read of logs.
#[derive(Debug, Default)]
pub(super) struct Memos {
    entries: Memo<Vec<LogEntry>>,
}

/// Most entries of one query that are read: newest first, one page.
const ENTRIES: u32 = 200;

/// How many, where those are more than the gate takes in: an entry may have 256 KiB.
const LONG_ENTRIES: u32 = 20;

impl Google {
    /// The newest log entries of a project that match a filter, newest first, one page
    /// (`logging.logEntries.list`), as they were at most `age` ago. The filter is in Cloud Logging's query language.
    pub async fn log_entries(&self, age: Duration, project: &str, filter: &str) -> Answer<Vec<LogEntry>> {
        let name = &format!("projects/{project}");
        let newest = async |size: u32| {
            let body = json!({
                "resourceNames": [name], "filter": filter, "orderBy": "timestamp desc", "pageSize": size,
            });
            let ask = Ask::post("v2/entries:list".to_owned(), body);
            Ok::<_, NoAnswer>(
                self.measured::<ListLogEntriesResponse>(&calls::LOG_ENTRIES, name, ask).await?.0,
            )
        };
        let fetch = async || {
            let page = match newest(ENTRIES).await? {
                Err(error) if Excess::is(&error) => newest(LONG_ENTRIES).await?,
                page => page,
            };
            let page = page.map_err(|error| no_answer(&error, asked(&calls::LOG_ENTRIES, name)))?;
            Ok(Arc::new(page.entries))
        };
        self.logs.entries.get_within(age, &format!("{name} {filter}"), fetch).await
    }
}

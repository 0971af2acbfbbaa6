//! Cloud Logging API v2: what the service itself logged.

use std::time::Duration;

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_logging_v2::model::LogEntry;

use super::memo::Memo;
use super::{Answer, Google, calls};

/// What was read of logs.
#[derive(Debug, Default)]
pub(super) struct Memos {
    entries: Memo<Vec<LogEntry>>,
}

/// Most entries of one query that are read: newest first, one page.
const ENTRIES: i32 = 200;

impl Google {
    /// The newest log entries of a project that match a filter, newest first, one page
    /// (`logging.logEntries.list`), as they were at most `age` ago. The filter is in Cloud Logging's query language.
    pub async fn log_entries(&self, age: Duration, project: &str, filter: &str) -> Answer<Vec<LogEntry>> {
        let name = &format!("projects/{project}");
        let fetch = || {
            self.read(&calls::LOG_ENTRIES, name, async {
                // A POST that only reads.
                let call = self.clients.logs().await?.list_log_entries().with_idempotency(true);
                let call = call.set_resource_names([name]).set_filter(filter).set_page_size(ENTRIES);
                let page = call.set_order_by("timestamp desc").send().await;
                Ok(page.map(|page| page.entries))
            })
        };
        self.logs.entries.get_within(age, &format!("{name} {filter}"), fetch).await
    }
}

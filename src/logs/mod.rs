//! What a service's own log says about its database: known words of drivers and of the Cloud SQL proxy.
//!
//! A log is what somebody else's code writes, so it supports a cause and proves none. Texts are matched here, and only
//! here, because a log has nothing else.

mod signatures;
mod text;

use google_cloud_logging_v2::model::LogEntry;

use crate::record::finding::Trouble;
pub use text::text_of;

use crate::text::bounded;

/// What the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What the line means.
    pub trouble: Trouble,
    /// The line, without a password that stands in a connection string, bounded.
    pub line: String,
    /// How many entries say the same.
    pub entries: usize,
    /// When the newest of them was written (RFC 3339); empty where the entry does not say.
    pub newest: String,
}

/// Where the database of the service is, as far as the gate knows: what tells a refused connection to PostgreSQL from
/// one to something else.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// Host names, addresses and sockets.
    pub hosts: Vec<String>,
    /// Its port.
    pub port: u16,
}

/// The troubles that entries (newest first) tell of, each once, the newest first.
pub fn read<'a>(entries: impl IntoIterator<Item = &'a LogEntry>, database: &Database) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    for entry in entries {
        let text = text_of(entry);
        let Some((trouble, line)) = signatures::find(&text, database) else { continue };
        match seen.iter_mut().find(|one| one.trouble == trouble) {
            Some(one) => one.entries += 1,
            None => seen.push(Seen {
                trouble,
                line: bounded(&text::without_password(line)),
                entries: 1,
                newest: entry.timestamp.map(String::from).unwrap_or_default(),
            }),
        }
    }
    seen
}

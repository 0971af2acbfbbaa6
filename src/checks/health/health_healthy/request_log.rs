//! What the log of requests says of an answer of which it is not sure who gave it. Requests that Google's front end
//! refuses at the barrier leave no entry there; those that it answers because of the instances have one, with its reason.

use std::time::Duration;

use google_cloud_logging_v2::model::LogEntry;
use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::health::{refuses, sentence};
use crate::live::Scope;
use crate::live::service::inconclusive;
use crate::probe::poll;
use crate::record::finding::{FrontEndSays, HealthFinding, KnownBy};
use crate::record::{Barrier, Fact, Outcome};

/// Entries take seconds to arrive: pauses before each further look.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(3)];
/// With more services than that in a project, one look must do: reads are limited to 60 a minute.
const FEW: usize = 20;
/// Longest line that is shown.
const LONGEST: usize = 200;
/// Clocks differ.
const SLACK: SignedDuration = SignedDuration::from_secs(30);

/// What the log says of the gate's requests for a path that ended in a status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::checks) enum Logged {
    /// The front end answered, because of the instances.
    FrontEnd {
        /// What it says.
        says: FrontEndSays,
        /// In these words.
        line: String,
    },
    /// The front end let nobody in, in these words.
    Refused {
        /// The line.
        line: String,
    },
    /// The request came to the service.
    Served,
    /// There is no entry.
    Nothing,
    /// The log could not be read.
    Unread,
}

/// Asks the log about answers of that status.
pub(in crate::checks) async fn look(scope: &Scope, url: &Url, status: u16) -> Logged {
    let google = &scope.outside.google;
    let project = &scope.target.project;
    let filter = filter(scope);
    let pauses: &[Duration] = if google.expected_in(project) > FEW { &[] } else { &PAUSES };
    let look = async || match google.log_entries(Duration::ZERO, project, &filter).await {
        Ok(entries) => entries.iter().find_map(|entry| of_entry(entry, url, status)),
        Err(answer) => {
            let why = match inconclusive("the log of requests", answer) {
                Outcome::Inconclusive { why } => crate::record::words::inconclusive(&why),
                other @ (Outcome::Passed { .. }
                | Outcome::Failed { .. }
                | Outcome::Blocked { .. }
                | Outcome::Skipped { .. }) => format!("{other:?}"),
            };
            scope.fact(Fact::Note {
                    text: format!("whether the service or Google's front end answered {status} was not asked of the log: {why}"),
                });
            Some(Logged::Unread)
        }
    };
    let logged = poll(pauses.iter().copied(), Duration::MAX, look, Option::is_some).await;
    logged.ok().flatten().unwrap_or(Logged::Nothing)
}

/// The finding, once the log was asked; as it is, where the log does not say.
pub(super) fn settle(finding: HealthFinding, logged: Logged) -> HealthFinding {
    match (finding, logged) {
        (
            HealthFinding::FrontEnd { url, status, excerpt, .. }
            | HealthFinding::BadStatus { url, status, excerpt },
            Logged::FrontEnd { says, line },
        ) => HealthFinding::FrontEnd { url, status, says, known: KnownBy::RequestLog { line }, excerpt },
        // The request came to the service, and the answer was a guess: it is the service's own.
        (HealthFinding::FrontEnd { url, status, known: KnownBy::Guess, excerpt, .. }, Logged::Served) => {
            HealthFinding::BadStatus { url, status, excerpt }
        }
        // What the page itself proves needs no log; and a log that is late, or kept elsewhere, proves nothing.
        (
            finding,
            Logged::FrontEnd { .. }
            | Logged::Refused { .. }
            | Logged::Served
            | Logged::Nothing
            | Logged::Unread,
        ) => finding,
    }
}

/// Who answered 404, where the words do not say it.
pub(super) fn of_404(found: HealthFinding, logged: &Logged) -> Result<HealthFinding, Barrier> {
    match logged {
        Logged::Served | Logged::Unread => Ok(found),
        Logged::Nothing | Logged::FrontEnd { .. } | Logged::Refused { .. } => Err(Barrier::Unknown {
            because: "404, and the log of requests has no entry of it: what stands before the service answered in its \
                      place, or the log is late"
                .to_owned(),
        }),
    }
}

fn of_entry(entry: &LogEntry, url: &Url, status: u16) -> Option<Logged> {
    let request = entry.http_request.as_ref()?;
    let path = Url::parse(&request.request_url)
        .map_or_else(|_| request.request_url.clone(), |url| url.path().to_owned());
    if path.split('?').next() != Some(url.path()) || request.status != i32::from(status) {
        return None;
    }
    let line = entry.text_payload().map_or("", String::as_str);
    let shown = || crate::text::line_of(line, LONGEST);
    Some(match sentence(line) {
        Some(says) => Logged::FrontEnd { says, line: shown() },
        None if matches!(status, 401 | 403) && refuses(line) => Logged::Refused { line: shown() },
        None => Logged::Served,
    })
}

/// The gate's own requests to the service, since the run began.
fn filter(scope: &Scope) -> String {
    let ran = SignedDuration::try_from(scope.started.elapsed()).unwrap_or(SignedDuration::ZERO);
    let since = Timestamp::now()
        .saturating_sub(ran)
        .and_then(|at| at.saturating_sub(SLACK))
        .unwrap_or(Timestamp::UNIX_EPOCH);
    format!(
        "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"{}\" AND \
         resource.labels.location=\"{}\" AND log_id(\"run.googleapis.com/requests\") AND \
         httpRequest.userAgent:\"rungate/\" AND timestamp>=\"{since}\"",
        scope.target.name, scope.target.region,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(url: &str, status: u16, line: &str) -> LogEntry {
        serde_json::from_value(json!({
            "httpRequest": {"requestUrl": url, "status": status}, "textPayload": line,
        }))
        .unwrap()
    }

    fn of(entry: &LogEntry) -> Option<Logged> {
        of_entry(entry, &Url::parse("https://a.run.app/health").unwrap(), 503)
    }

    #[test]
    fn only_the_entry_of_this_very_answer_counts() {
        let failed = "The request failed because either the HTTP response was malformed or connection to the instance had an error.";
        let says = |says| Some(Logged::FrontEnd { says, line: failed.to_owned() });
        assert_eq!(of(&entry("https://a.run.app/health", 503, failed)), says(FrontEndSays::InstanceFailed));
        assert_eq!(of(&entry("https://a.run.app/health?x=1", 503, "")), Some(Logged::Served));
        assert_eq!(of(&entry("https://a.run.app/other", 503, failed)), None);
        assert_eq!(of(&entry("https://a.run.app/health", 200, failed)), None);
        assert_eq!(of(&LogEntry::new()), None);
        let refused = "The request was not authenticated. Either allow unauthenticated invocations or set the proper Authorization header.";
        let of_403 = |line: &str| {
            of_entry(
                &entry("https://a.run.app/health", 403, line),
                &Url::parse("https://a.run.app/health").unwrap(),
                403,
            )
        };
        assert_eq!(of_403(refused), Some(Logged::Refused { line: refused.to_owned() }));
        assert_eq!(of_403(""), Some(Logged::Served), "the service's own refusal");
    }

    #[test]
    fn a_404_that_nobody_logged_is_nobody_s() {
        let found = || HealthFinding::NotFound { urls: vec!["u".to_owned()] };
        assert_eq!(of_404(found(), &Logged::Served), Ok(found()));
        assert_eq!(of_404(found(), &Logged::Unread), Ok(found()), "as without a log");
        assert!(matches!(of_404(found(), &Logged::Nothing), Err(Barrier::Unknown { .. })));
    }

    #[test]
    fn the_log_settles_what_was_a_guess() {
        let guess = |known| HealthFinding::FrontEnd {
            url: "u".to_owned(),
            status: 503,
            says: FrontEndSays::InstanceFailed,
            known,
            excerpt: String::new(),
        };
        assert!(matches!(settle(guess(KnownBy::Guess), Logged::Served), HealthFinding::BadStatus { .. }));
        assert_eq!(settle(guess(KnownBy::Page), Logged::Served), guess(KnownBy::Page));
        assert_eq!(settle(guess(KnownBy::Guess), Logged::Nothing), guess(KnownBy::Guess));
        let line = || "no available instance".to_owned();
        let logged = Logged::FrontEnd { says: FrontEndSays::NoInstance, line: line() };
        let HealthFinding::FrontEnd { says, known, .. } = settle(guess(KnownBy::Guess), logged) else {
            panic!()
        };
        assert_eq!((says, known), (FrontEndSays::NoInstance, KnownBy::RequestLog { line: line() }));
    }
}

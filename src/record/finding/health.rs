//! Findings about what the service says of itself.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A dependency that a health body names as bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Its name in the body, as `database` or `redis`.
    pub name: String,
    /// The word it was given, as `error`.
    pub word: String,
    /// Whether it is a database.
    pub database: bool,
}

/// What Google's front end says of the service's instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrontEndSays {
    /// None was free, or none is ready.
    NoInstance,
    /// One ended, or answered no HTTP.
    InstanceFailed,
    /// One did not answer within the service's own time limit.
    TimedOut,
}

/// How it is known that the front end answered, and not the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum KnownBy {
    /// The page is Google's own, word by word.
    Page,
    /// A short text that a service could write too.
    Guess,
    /// The log of requests says so.
    RequestLog {
        /// Its line.
        line: String,
    },
}

/// What was seen of the service's health.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum HealthFinding {
    /// The answer says unhealthy (or degraded, where that fails).
    Unhealthy {
        /// The URL that was asked.
        url: String,
        /// HTTP status code.
        status: u16,
        /// `unhealthy` or `degraded`.
        verdict: String,
        /// The dependencies that it names as bad.
        failing: Vec<Dependency>,
        /// The dependencies that it names as good.
        working: Vec<Dependency>,
        /// The judged part of the body (untrusted text, bounded).
        excerpt: String,
    },
    /// An answer from which health cannot be read.
    NotJudgeable {
        /// The URL that was asked.
        url: String,
        /// HTTP status code.
        status: u16,
        /// Why it cannot be judged.
        because: String,
        /// The beginning of the body (untrusted text, bounded).
        excerpt: String,
    },
    /// No candidate path exists: the service itself answers 404.
    NotFound {
        /// The URLs that were asked.
        urls: Vec<String>,
    },
    /// A status that is no success, with a body that says nothing about health.
    BadStatus {
        /// The URL that was asked.
        url: String,
        /// HTTP status code.
        status: u16,
        /// The beginning of the body (untrusted text, bounded).
        excerpt: String,
    },
    /// No HTTP answer at all within the window.
    NoAnswer {
        /// The URL that was asked.
        url: String,
        /// What happened instead.
        detail: String,
    },
    /// An expectation of the native file is not met by a body that is not unhealthy by itself.
    ExpectationUnmet {
        /// The URL that was asked.
        url: String,
        /// HTTP status code.
        status: u16,
        /// The expectation, and what was found.
        expected: String,
    },
    /// Another revision or commit answers than the one that was deployed.
    OtherVersion {
        /// The URL that was asked.
        url: String,
        /// HTTP status code.
        status: u16,
        /// `revision` or `commit`.
        what: String,
        /// The one that was deployed.
        expected: String,
        /// The one that the answer tells; `None`: it tells none.
        told: Option<String>,
    },
    /// Google's front end answered in the service's place, because of what became of its instances.
    FrontEnd {
        /// The URL that was asked.
        url: String,
        /// HTTP status code.
        status: u16,
        /// What the front end says.
        says: FrontEndSays,
        /// How it is known.
        known: KnownBy,
        /// The beginning of the body (untrusted text, bounded).
        excerpt: String,
    },
    /// The files open the service to everybody, and it takes requests from inside only.
    DoorClosed {
        /// The URL that was asked.
        url: String,
        /// Ingress as the files have it.
        declared: String,
        /// Ingress as the service has it.
        live: String,
    },
    /// Healthy and unhealthy in turn until the window ended.
    Unstable {
        /// The URL that was asked.
        url: String,
        /// One mark an attempt: `✓` healthy, `✗` not.
        pattern: String,
    },
}

impl fmt::Display for FrontEndSays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoInstance => "no instance was there to take the request",
            Self::InstanceFailed => "the instance ended or answered no HTTP",
            Self::TimedOut => "the instance did not answer within the service's time limit",
        })
    }
}

impl fmt::Display for HealthFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unhealthy { url, status, verdict, failing, .. } => {
                write!(f, "{url} answers {status} and says {verdict}")?;
                let names: Vec<String> =
                    failing.iter().map(|one| format!("{} is {:?}", one.name, one.word)).collect();
                if names.is_empty() { Ok(()) } else { write!(f, ": {}", names.join(", ")) }
            }
            Self::NotJudgeable { url, status, because, .. } => {
                write!(f, "{url} answers {status}, and health cannot be read from it: {because}")
            }
            Self::NotFound { urls } => write!(f, "404 from the service at {}", urls.join(", ")),
            Self::BadStatus { url, status, .. } => {
                write!(f, "{url} answers {status}; expected a healthy answer")
            }
            Self::NoAnswer { url, detail } => write!(f, "no answer from {url}: {detail}"),
            Self::ExpectationUnmet { url, status, expected } => {
                write!(f, "{url} answers {status}, but {expected}")
            }
            Self::OtherVersion { url, what, expected, told, .. } => match told {
                Some(told) => write!(f, "{url} is answered by {what} {told}, and {expected} was deployed"),
                None => write!(f, "{url} does not tell its {what}, where {expected} is expected"),
            },
            Self::FrontEnd { url, status, says, .. } => {
                write!(
                    f,
                    "{url} answers {status}, and not the service says it but Google's front end: {says}"
                )
            }
            Self::DoorClosed { url, declared, live } => {
                write!(f, "{url} is not let in: ingress is {live}, where the files have {declared}")
            }
            Self::Unstable { url, pattern } => {
                write!(f, "{url} is healthy and unhealthy in turn: {pattern}")
            }
        }
    }
}

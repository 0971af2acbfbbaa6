//! Findings about what users do with the service.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FrontEndSays, KnownBy};

/// What was seen of a step of a journey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum JourneyFinding {
    /// An answer came, and it is not what the step expects.
    Unexpected {
        /// `POST https://…/path`, without the values of variables.
        request: String,
        /// Key of the service that was asked, where it is not the journey's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<String>,
        /// HTTP status code.
        status: u16,
        /// What differs, one sentence each.
        differs: Vec<String>,
        /// The judged part of the answer (untrusted text, bounded).
        excerpt: String,
    },
    /// No answer came, or not a whole one.
    NoAnswer {
        /// As above.
        request: String,
        /// As above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<String>,
        /// What happened instead.
        detail: String,
    },
    /// The front end answered in the place of the service.
    FrontEnd {
        /// As above.
        request: String,
        /// As above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<String>,
        /// HTTP status code.
        status: u16,
        /// What it says of the service's instances.
        says: FrontEndSays,
        /// How it is known.
        known: KnownBy,
        /// The beginning of its page (untrusted text, bounded).
        excerpt: String,
    },
    /// What an earlier answer gave cannot stand where the step puts it.
    NotSendable {
        /// As above.
        request: String,
        /// What is wrong with it; not the value.
        detail: String,
    },
}

impl JourneyFinding {
    /// The request line.
    pub fn request(&self) -> &str {
        match self {
            Self::Unexpected { request, .. }
            | Self::NoAnswer { request, .. }
            | Self::FrontEnd { request, .. }
            | Self::NotSendable { request, .. } => request,
        }
    }

    /// Key of the service that was asked, where it is not the journey's own.
    pub fn asked(&self) -> Option<&str> {
        match self {
            Self::Unexpected { asked, .. } | Self::NoAnswer { asked, .. } | Self::FrontEnd { asked, .. } => {
                asked.as_deref()
            }
            Self::NotSendable { .. } => None,
        }
    }
}

impl fmt::Display for JourneyFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { request, status, differs, .. } => {
                write!(f, "{request} answers {status}, but {}", differs.join("; "))
            }
            Self::NoAnswer { request, detail, .. } => write!(f, "{request}: {detail}"),
            Self::FrontEnd { request, status, says, .. } => {
                write!(f, "{request}: Google's front end answers {status}, not the service: {says}")
            }
            Self::NotSendable { request, detail } => write!(f, "{request} cannot be sent: {detail}"),
        }
    }
}

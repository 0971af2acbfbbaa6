//! Every secret value that the gate has met, so that no output ever shows one.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// Shorter values are not redacted: replacing every "a" would hide the report and protect nothing.
const SHORTEST: usize = 4;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// A set of secret values and their encoded forms, with the one operation that matters: taking them out of a text.
#[derive(Default)]
pub struct Vault {
    forms: Mutex<BTreeSet<Form>>,
}

/// One form of a secret; ordered longest first, so that a secret that contains another goes first.
struct Form(SecretString);

impl Vault {
    /// Remembers a secret in every form in which it might turn up: raw, without blanks at its edges,
    /// percent-encoded, percent-decoded, base64 in its four dialects, JSON-escaped.
    pub fn remember(&self, secret: &SecretString) {
        let raw = secret.expose_secret();
        let trimmed = raw.trim();
        let mut forms: Vec<String> = Vec::new();
        for text in [raw, trimmed] {
            let quoted = serde_json::Value::from(text).to_string();
            forms.extend([
                text.to_owned(),
                utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
                percent_decode_str(text).decode_utf8_lossy().into_owned(),
                STANDARD.encode(text),
                STANDARD_NO_PAD.encode(text),
                URL_SAFE.encode(text),
                URL_SAFE_NO_PAD.encode(text),
                quoted.trim_matches('"').to_owned(),
                text.escape_debug().to_string(),
            ]);
        }
        let mut known = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(forms.into_iter().filter(|form| form.len() >= SHORTEST).map(|form| Form(form.into())));
    }

    /// The text without any of the secrets.
    pub fn redact(&self, text: &str) -> String {
        let known = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut clean = text.to_owned();
        for Form(form) in known.iter() {
            if clean.contains(form.expose_secret()) {
                clean = clean.replace(form.expose_secret(), REDACTED);
            }
        }
        clean
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Form {
    fn order(&self) -> (std::cmp::Reverse<usize>, &str) {
        (std::cmp::Reverse(self.0.expose_secret().len()), self.0.expose_secret())
    }
}

impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Form {}

impl PartialOrd for Form {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Form {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

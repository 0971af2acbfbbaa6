//! Every secret value that the gate has met, so that no output ever shows one.

mod view;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use view::views;

use crate::text::looks_secret;

/// Shorter values are not redacted: replacing every "a" would hide the report and protect nothing. In bytes.
const SHORTEST: usize = 4;

/// The part of a longer Base64 text that a secret within it decides must be this long to be looked for, in
/// characters.
const SHORTEST_CORE: usize = 6;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// A set of secret values with the one operation that matters: taking them out of a text.
///
/// A secret is found raw, without the blanks at its edges, percent-encoded and percent-decoded, with the escapes of
/// JSON or XML, in Base64 (also as part of what was encoded, as in HTTP's Basic authentication), and in any mixture
/// of those that one encoding over another makes. Its beginning is found too where a text was cut within it, which is
/// told from the `…` that every cut leaves.
#[derive(Default)]
pub struct Vault {
    needles: Mutex<BTreeSet<Needle>>,
    /// The secrets themselves, as given and decoded.
    secrets: Mutex<BTreeSet<Needle>>,
}

/// A text to look for.
struct Needle(SecretString);

impl Vault {
    /// Remembers a secret.
    pub fn remember(&self, secret: &SecretString) {
        let raw = secret.expose_secret();
        let trimmed = raw.trim();
        // Blanks protect nothing, and stand everywhere.
        if trimmed.is_empty() {
            return;
        }
        // A connection string holds its password percent-encoded; a server that echoes it has decoded it.
        let decoded = percent_decode_str(trimmed).decode_utf8_lossy();
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend([raw, &decoded].map(|text| Needle(text.to_owned().into())));
        let mut needles: Vec<String> = Vec::new();
        for text in [raw, trimmed, &decoded] {
            let base64 = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|one| one.encode(text));
            let known = [text.to_owned()].into_iter().chain(base64);
            needles.extend(known.filter(|needle| needle.len() >= SHORTEST));
            if text.len() >= SHORTEST {
                needles.extend(cores(text).filter(|core| core.len() >= SHORTEST_CORE));
            }
        }
        let mut known = self.needles.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(needles.into_iter().map(|needle| Needle(needle.into())));
    }

    /// Every secret that was met: for those who can hide them too, and for nobody else.
    pub fn secrets(&self) -> Vec<SecretString> {
        let known = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|Needle(secret)| secret.clone()).collect()
    }

    /// Remembers what is secret of a variable's plain value: the whole of it where the name says so, and the password
    /// of a URL always.
    pub fn remember_variable(&self, name: &str, value: &str) {
        if let Ok(url) = url::Url::parse(value.trim())
            && let Some(password) = url.password()
        {
            self.remember(&SecretString::from(password));
        }
        if looks_secret(name) && !tells_of_a_secret(name, value) {
            self.remember(&SecretString::from(value));
        }
    }

    /// The text without any of the secrets. Secrets that overlap go together, so that nothing is left of either.
    pub fn redact(&self, text: &str) -> String {
        let known = self.needles.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return text.to_owned();
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        for view in views(text) {
            for Needle(needle) in known.iter() {
                found.extend(view.find(needle.expose_secret().as_bytes()));
                found.extend(view.find_cut(needle.expose_secret().as_bytes(), SHORTEST));
            }
        }
        without(text, found)
    }
}

/// Whether a variable that is named after a secret holds something about it: where it lies, how long it lasts,
/// whether it is used. To hide those would tear names out of the fixes.
fn tells_of_a_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["_name", "_id", "_file", "_path", "_ttl", "_version", "_type", "_algorithm"]
        .iter()
        .any(|end| name.ends_with(end))
        || ["true", "false", "none", "null"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}

/// The text with these ranges replaced.
fn without(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut clean = String::with_capacity(text.len());
    let mut shown = 0;
    for range in ranges {
        if range.end <= shown {
            continue;
        }
        // Ranges that touch or overlap have one mark in their place.
        if range.start >= shown && (range.start > shown || clean.is_empty()) {
            clean.push_str(text.get(shown..range.start).unwrap_or_default());
            clean.push_str(REDACTED);
        }
        shown = range.end;
    }
    clean.push_str(text.get(shown..).unwrap_or_default());
    clean
}

/// The characters of any Base64 text that a secret decides wherever it stands in what was encoded: it begins at the
/// first, second or third byte of a group of three, and the characters that it shares with its neighbours are left.
fn cores(secret: &str) -> impl Iterator<Item = String> {
    (0..3_usize).flat_map(move |before| {
        let mut bytes = vec![0; before];
        bytes.extend(secret.bytes());
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)]
            .map(|text| text.get(from..to).unwrap_or_default().to_owned())
    })
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Needle {}

impl PartialOrd for Needle {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Needle {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.expose_secret().cmp(other.0.expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn vault(secrets: &[&str]) -> Vault {
        let vault = Vault::default();
        secrets.iter().for_each(|secret| vault.remember(&SecretString::from(*secret)));
        vault
    }

    /// Every form in which a secret must not survive.
    fn forms(secret: &str) -> Vec<String> {
        let json = serde_json::Value::from(secret).to_string();
        let ascii: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        vec![
            secret.to_owned(),
            secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
            percent,
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            json[1..json.len() - 1].to_owned(),
            json[1..json.len() - 1].replace('/', "\\/"),
            secret.escape_debug().to_string(),
            ascii,
        ]
    }

    #[test]
    fn finds_a_secret_in_what_others_make_of_it() {
        let vault = vault(&["p@ss/w\u{f6}rd \"1\"%"]);
        for text in [
            r#"{"error":"pass phrase p@ss/wörd \"1\"% is wrong"}"#,
            r#"{"error":"pass phrase p@ss\/w\u00f6rd \u00221\u0022% is wrong"}"#,
            "postgres://u:p%40ss%2Fw%C3%B6rd%20%221%22%25@h/d",
            "postgres://u:p%40ss/w%c3%b6rd+%221%22%25@h/d",
            "<e>p@ss/w&#246;rd &quot;1&quot;%</e>",
            "<e>p@ss/w&#xF6;rd &#34;1&#x22;%</e>",
            "next=http%253A%252F%252Fh%2Fp%2540ss%252Fw%25C3%25B6rd%2520%25221%2522%2525",
        ] {
            let clean = vault.redact(text);
            assert!(clean.contains(REDACTED), "{text}");
            assert!(
                !["p@ss", "%40ss", "%2540ss", "rd ", "rd%", "rd+"].iter().any(|part| clean.contains(part)),
                "{clean}"
            );
        }
    }

    #[test]
    fn finds_a_secret_whose_line_breaks_became_blanks() {
        let vault = vault(&["first\nsecond\tthird"]);
        assert_eq!(vault.redact("<first second third>"), "<[redacted]>");
        assert_eq!(vault.redact("<first\\nsecond\\tthird>"), "<[redacted]>");
    }

    #[test]
    fn finds_a_secret_within_what_was_encoded() {
        let vault = vault(&["correct horse"]);
        for user in ["u", "us", "use", "user"] {
            for after in ["", "x", "xy"] {
                let header = STANDARD.encode(format!("{user}:correct horse{after}"));
                let clean = vault.redact(&header);
                assert!(clean.contains(REDACTED), "{user} {header} {clean}");
            }
        }
    }

    #[test]
    fn finds_the_beginning_of_a_secret_where_a_text_was_cut() {
        let vault = vault(&["hunter2hunter2/\u{e4}\u{e4}\u{e4}"]);
        assert_eq!(vault.redact("the password is hunter2hu…"), "the password is [redacted]…");
        assert_eq!(vault.redact("at u:hunter2hunter2%2F%C3%A…"), "at u:[redacted]…");
        assert_eq!(vault.redact("the hunter2hu goes on"), "the hunter2hu goes on");
        assert_eq!(vault.redact("the hun…"), "the hun…", "too short to tell");
    }

    #[test]
    fn secrets_that_contain_or_overlap_each_other_leave_nothing() {
        let vault = vault(&["abcdefgh", "cdef", "ghijkl"]);
        assert_eq!(vault.redact("<abcdefghijkl>"), "<[redacted]>");
        assert_eq!(vault.redact("cdef abcdefgh"), "[redacted] [redacted]");
        assert_eq!(vault.redact("ab cdcdef"), "ab cd[redacted]");
    }

    #[test]
    fn of_variables_only_what_is_secret_is_remembered() {
        let vault = Vault::default();
        for (name, value) in [
            ("API_TOKEN", "tok-123456"),
            ("LINK", "redis://:s%40crt99@10.0.0.9:6379/0"),
            ("SECRET_NAME", "auth-db-password"),
            ("TOKEN_CHECK", "true"),
            ("DB_USER", "auth"),
        ] {
            vault.remember_variable(name, value);
        }
        assert_eq!(vault.redact("tok-123456 s@crt99 s%40crt99"), "[redacted] [redacted] [redacted]");
        for text in ["auth-db-password", "true", "auth", "redis 10.0.0.9"] {
            assert_eq!(vault.redact(text), text);
        }
    }

    #[test]
    fn what_is_too_short_or_blank_stays() {
        let vault = vault(&["abc", "      ", ""]);
        assert_eq!(vault.redact("abc      d"), "abc      d");
    }

    proptest! {
        #[test]
        fn no_secret_survives_in_any_form(
            secrets in proptest::collection::vec("[^\\[\\]\\p{Cc}]{4,12}|[a-c]{4,6}|[a-z\"\\\\%+/ \n&;]{4,20}", 1..4),
            around in "[^\\[\\]]{0,8}",
        ) {
            let blank = |secret: &String| secret.trim().is_empty();
            prop_assume!(!secrets.iter().any(|secret| blank(secret) || REDACTED.contains(secret.trim())));
            let vault = vault(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
            // One that contains all others, and overlaps of each with the next.
            let joined = secrets.concat();
            let mut text = format!("{around}{joined}{around}");
            for form in secrets.iter().flat_map(|secret| forms(secret)) {
                text.push_str(&form);
                text.push_str(&around);
                text.push('|');
            }
            let clean = vault.redact(&text);
            for secret in &secrets {
                for form in forms(secret) {
                    prop_assert!(!clean.contains(&form), "{form:?} survives in {clean:?}");
                }
            }
        }

        #[test]
        fn a_text_without_secrets_stays_as_it_is(text in "(?s).{0,80}") {
            prop_assert_eq!(vault(&["\u{10ffff}\u{10fffe}secret"]).redact(&text), text);
        }
    }
}

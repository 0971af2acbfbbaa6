//! Encodings that nobody undoes: JSON, base64, a byte-order mark.

use base64::Engine as _;

use crate::connection::Scheme;

/// What a text is, where it is no credential itself.
pub(super) fn encoding(text: &str) -> Option<&'static str> {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    let decoded = || {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
        String::from_utf8(bytes).ok()
    };
    if text.starts_with('\u{feff}') {
        Some("a byte-order mark before its text")
    } else if object.is_ok_and(|object| !object.is_empty()) {
        Some("a JSON document")
    } else if decoded().is_some_and(|text| Scheme::of(&text).is_some_and(Scheme::is_postgres)) {
        Some("a connection string in base64")
    } else {
        None
    }
}

/// Whether a text decodes to one that a person would write. A password of random characters hardly does: three of
/// eight bytes are printable, so that eight of them are in 4 of 10,000 texts, and the padding makes that rarer.
pub(super) fn looks_encoded(text: &str) -> bool {
    let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(text.trim()) else { return false };
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let printable = bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    printable && bytes.len() >= if text.trim().ends_with('=') { 7 } else { 12 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_is_encoded_is_told() {
        assert_eq!(encoding(r#"{"password":"x"}"#), Some("a JSON document"));
        assert!(encoding("cG9zdGdyZXM6Ly91OnBAaC9k").is_some());
        for text in ["hunter2", "aHVudGVyMg==", "{}", "{not json", ""] {
            assert_eq!(encoding(text), None, "{text}");
        }
    }
    #[test]
    fn only_what_a_person_would_write_looks_encoded() {
        // `hunter2`, `hunter2` and a line feed, `correct horse battery`.
        for text in ["aHVudGVyMg==", "aHVudGVyMgo=", "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"] {
            assert!(looks_encoded(text), "{text}");
        }
        // Random ones, and words that are base64 by their characters.
        for text in
            ["hunter2", "3q2+7w==", "u8Yk1Jq0T2mXw5c9aZ7bNQ==", "password", "correcthorse", "YWJj", ""]
        {
            assert!(!looks_encoded(text), "{text}");
        }
    }
}

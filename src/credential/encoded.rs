//! Encodings that nobody undoes: JSON, base64, a byte-order mark.

use base64::Engine as _;

/// What a text is, where it is no credential itself.
pub(crate) fn encoding(text: &str) -> Option<&'static str> {
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    let decoded = || {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim()).ok()?;
        String::from_utf8(bytes).ok()
    };
    if text.starts_with('\u{feff}') {
        Some("a byte-order mark before its text")
    } else if object.is_ok_and(|object| !object.is_empty()) {
        Some("a JSON document")
    } else if decoded().is_some_and(|text| text.starts_with("postgres://") || text.starts_with("postgresql"))
    {
        Some("a connection string in base64")
    } else {
        None
    }
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
}

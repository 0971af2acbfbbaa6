//! The text of a log entry.

use google_cloud_logging_v2::model::LogEntry;
use serde_json::{Map, Value};

/// Most of one entry that is looked at, in bytes. Cloud Logging's own bound is 256 KiB.
const LONGEST: usize = 32 * 1024;

/// Most levels of a structured entry that are looked at.
const DEEPEST: usize = 6;

/// The text of an entry: its text, or every text in its structure, a line each.
pub fn text_of(entry: &LogEntry) -> String {
    let mut text = String::new();
    if let Some(plain) = entry.text_payload() {
        push(&mut text, plain);
    }
    if let Some(structure) = entry.json_payload() {
        gather(structure, &mut text, 0);
    }
    text
}

fn gather(structure: &Map<String, Value>, text: &mut String, depth: usize) {
    for value in structure.values() {
        gather_value(value, text, depth);
    }
}

fn gather_value(value: &Value, text: &mut String, depth: usize) {
    if depth > DEEPEST || text.len() >= LONGEST {
        return;
    }
    match value {
        Value::String(plain) => push(text, plain),
        Value::Array(items) => items.iter().for_each(|item| gather_value(item, text, depth + 1)),
        Value::Object(fields) => gather(fields, text, depth + 1),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn push(text: &mut String, more: &str) {
    let left = LONGEST.saturating_sub(text.len());
    let end = (0..=left.min(more.len())).rev().find(|&end| more.is_char_boundary(end)).unwrap_or(0);
    text.push_str(&more[..end]);
    text.push('\n');
}

/// What drivers say right before they repeat a part of a connection string that they could not read, in quotes: that part
/// may be the password's.
const REPEATS: &[&str] = &[
    // libpq
    "invalid integer value ",
    "invalid percent-encoded token: ",
    "invalid port number: ",
    "missing \"=\" after ",
    "invalid URI query parameter: ",
    "invalid connection option ",
    // Python
    "invalid literal for int() with base 10: ",
    "got ",
    "from string ",
    // Go
    "parse ",
    "invalid port ",
    "invalid URL escape ",
];

/// What drivers say right before a host's name: where a raw @ cut the password, its rest stands before the name.
const HOSTS: &[&str] =
    &["host name ", "resolve host ", "lookup ", "server at ", "ENOTFOUND ", "getaddrinfo "];

/// A line without the passwords of URLs (`scheme://user:password@host`), of `password=…` words, and without what drivers
/// repeat of a connection string that they cannot read.
pub(super) fn without_password(line: &str) -> String {
    let mut line = line.to_owned();
    for phrase in REPEATS {
        let mut from = 0;
        while let Some(at) = line[from..].find(phrase).map(|at| from + at + phrase.len()) {
            from = at;
            let rest = &line[at..];
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else { continue };
            let before = rest.find(" for connection option").unwrap_or(rest.len());
            // What is repeated may have quotes of its own.
            let end = rest[..before].rfind(quote).filter(|end| *end > 0).unwrap_or(before);
            line = format!("{}{quote}…{}", &line[..at], &rest[end..]);
        }
    }
    if HOSTS.iter().any(|phrase| line.contains(phrase)) {
        line = line.split(' ').map(without_rest).collect::<Vec<_>>().join(" ");
    }
    without_words(&line)
}

/// The name of a host without what stands before its `@`.
fn without_rest(word: &str) -> String {
    match word.rfind('@').filter(|_| !word.contains("://")) {
        Some(at) => {
            let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
            format!("{}***{}", quote.map(String::from).unwrap_or_default(), &word[at..])
        }
        None => word.to_owned(),
    }
}

fn without_words(line: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in line.split(' ') {
        let lower = word.to_ascii_lowercase();
        if let Some(at) = lower.find("password=").or_else(|| lower.find("pwd=")) {
            let value = at + lower[at..].find('=').unwrap_or(0) + 1;
            words.push(format!("{}***", &word[..value]));
        } else {
            words.push(without_user_info(word));
        }
    }
    words.join(" ")
}

fn without_user_info(word: &str) -> String {
    let Some(start) = word.find("://").map(|at| at + 3) else { return word.to_owned() };
    // The last `@`: a raw one in the password must not leave its rest.
    let Some(end) = word.rfind('@').filter(|&end| end > start) else { return word.to_owned() };
    let user = word[start..end].split(':').next().unwrap_or_default();
    let hidden = if user.len() == end - start { user.to_owned() } else { format!("{user}:***") };
    format!("{}{hidden}{}", &word[..start], &word[end..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entry(json: Value) -> LogEntry {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_structure_gives_all_its_texts() {
        let nested =
            entry(json!({"jsonPayload": {"msg": "failed", "err": {"stack": "Error: a\n  at b"}, "n": 1}}));
        assert_eq!(text_of(&nested), "failed\nError: a\n  at b\n");
        assert_eq!(text_of(&entry(json!({"textPayload": "plain"}))), "plain\n");
        assert_eq!(text_of(&entry(json!({}))), "");
    }

    #[test]
    fn an_entry_is_bounded() {
        let long = entry(json!({"jsonPayload": {"a": "ä".repeat(40_000), "b": "more"}}));
        assert!(text_of(&long).len() <= LONGEST + 2);
    }

    #[test]
    fn passwords_in_connection_strings_are_left_out() {
        for (line, expected) in [
            (
                "cannot reach postgres://auth:s3@cret@10.0.0.3/db now",
                "cannot reach postgres://auth:***@10.0.0.3/db now",
            ),
            ("dsn host=x password=hunter2 user=y", "dsn host=x password=*** user=y"),
            ("see https://cloud.google.com/sql", "see https://cloud.google.com/sql"),
            ("postgres://auth@10.0.0.3/db", "postgres://auth@10.0.0.3/db"),
            (
                "could not translate host name \"s3@cret@10.0.0.3\" to address: Name or service not known",
                "could not translate host name \"***@10.0.0.3\" to address: Name or service not known",
            ),
            (
                "invalid integer value \"hunter2\" for connection option \"port\"",
                "invalid integer value \"…\" for connection option \"port\"",
            ),
            ("invalid percent-encoded token: \"hun%\"ter2\"", "invalid percent-encoded token: \"…\""),
            (
                "ValueError: invalid literal for int() with base 10: 'hunter2'",
                "ValueError: invalid literal for int() with base 10: '…'",
            ),
            (
                "cannot parse `x`: failed to parse as URL (parse \"postgres://u:hun/ter2@h\": invalid port \":hun\" after host)",
                "cannot parse `…`: failed to parse as URL (parse \"…\" after host)",
            ),
            ("permission denied for auth@acme.iam", "permission denied for auth@acme.iam"),
        ] {
            assert_eq!(without_password(line), expected);
        }
    }

    proptest! {
        #[test]
        fn no_password_of_a_url_is_left(user in "[a-z]{1,8}", password in "[!-~&&[^ ]]{4,20}", host in "[a-z.]{1,12}") {
            let shown = without_password(&format!("failed: postgresql://{user}:{password}@{host}/db"));
            prop_assert!(!shown.contains(&format!(":{password}@")), "{shown}");
        }
    }
}

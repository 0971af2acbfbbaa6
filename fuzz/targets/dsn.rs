//! Any text as a connection string: read by the gate's parser, and by every driver family's reader.
//!
//! Nothing panics, and nothing that is said of a text repeats a part of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rungate::connection::{driver, parse_dsn};
use rungate::model::{DatabaseVariables, holds_connection_string};

fuzz_target!(|text: &str| {
    let parsed = parse_dsn(text);
    let mut said = match &parsed {
        Ok(dsn) => {
            assert_eq!(dsn.hosts, dsn.servers.len());
            assert_eq!(dsn.host.as_deref(), dsn.servers.first().map(|server| server.host.as_str()));
            assert!(dsn.servers.iter().all(|server| server.port != 0 && !server.host.is_empty()));
            format!("{dsn:?}")
        }
        Err(problem) => format!("{problem} {problem:?}"),
    };
    for opinion in driver::opinions(text) {
        said.push_str(&opinion);
    }
    // What is written as all drivers take it is read as the same.
    if let Some(encoded) = driver::canonical(text) {
        assert_eq!(driver::canonical(&encoded), Some(encoded.clone()));
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        // With an `@` elsewhere, what is meant is a guess.
        let plain = rest.matches('@').count() == 1 && rest.find(['@', '/', '?']) == rest.find('@');
        if let (true, Ok(dsn), Ok(again)) = (plain, &parsed, parse_dsn(&encoded)) {
            assert_eq!((&dsn.host, dsn.port, &dsn.user), (&again.host, again.port, &again.user));
        }
    }
    // Words of ours are short and lower case: whatever is long and has a digit in it could only be the text's.
    for part in text.split(|c: char| !c.is_ascii_alphanumeric()) {
        if part.len() >= 8 && part.bytes().any(|byte| byte.is_ascii_digit()) {
            assert!(!said.contains(part));
        }
    }
    let _ = holds_connection_string(text);
    let _ = DatabaseVariables::Dsn(text.to_owned()).prefix();
});

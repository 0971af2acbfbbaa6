//! Why no token comes, in words that hold no token.

use google_cloud_auth::errors::CredentialsError;
use serde_json::Value;

use super::super::errors::chain;
use super::file::Kind;
use super::source::CredentialSource;
use super::surroundings::Platform;
use crate::record::{Fix, Inconclusive};
use crate::text::bounded;
use crate::text::vault::REDACTED;

/// A run of characters this long without a blank, a dot or a slash is no word: a token, or part of one.
const LONGEST_WORD: usize = 48;

/// The library's error as a reason, with what fixes it.
pub(super) fn refused(
    error: &CredentialsError,
    source: &CredentialSource,
    platform: Platform,
) -> Inconclusive {
    Inconclusive::NoCredentials {
        detail: format!("no token as {source}: {}", error_chain(error)),
        fix: Some(fix(source, platform)),
    }
}

/// What an error says, bounded and without tokens: the token service's own words, where it gives some.
pub(in super::super) fn error_chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said = None;
    let mut next = Some(error);
    while let Some(link) = next {
        // The innermost: outer ones repeat it, after words of their own.
        said = answer(&link.to_string()).or(said);
        next = link.source();
    }
    said.map_or_else(|| scrubbed(&chain(error)), |said| bounded(&scrubbed(&said)))
}

/// The error in OAuth's form (RFC 6749, 5.2), or in that of Google's APIs, which the library quotes as `body=<…>`.
fn answer(text: &str) -> Option<String> {
    let (before, body) = text.split_once("body=<")?;
    let body: Value = serde_json::from_str(body.rsplit_once('>')?.0).ok()?;
    let error = body.get("error")?;
    let (code, words) = match error {
        Value::String(code) => (code.as_str(), body.get("error_description")),
        Value::Object(map) => (map.get("status").and_then(Value::as_str)?, map.get("message")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    let words = words.and_then(Value::as_str).unwrap_or("without a word of why");
    Some(format!("{}: {code}: {words}", before.trim_end_matches([',', ' '])))
}

/// A text without anything that looks like a token: some are the library's own, and no vault knows them.
fn scrubbed(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-+=.".contains(c))).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        clean.push_str(if is_token(run) { REDACTED } else { run });
        let next = after.chars().next();
        clean.extend(next);
        rest = after.get(next.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    clean
}

/// A JSON object in Base64 begins with `eyJ`, an access token of Google's with `ya29`.
fn is_token(run: &str) -> bool {
    run.contains("eyJ") || run.contains("ya29") || run.split('.').any(|part| part.len() > LONGEST_WORD)
}

fn fix(source: &CredentialSource, platform: Platform) -> Fix {
    let text = |text: &str, command: Option<String>| Fix { text: text.to_owned(), command };
    match source {
        CredentialSource::Nobody | CredentialSource::Metadata => platform.fix(),
        CredentialSource::AccessToken { variable } => {
            text(&format!("put a valid token into {variable}"), None)
        }
        CredentialSource::File { kind, .. } => match kind {
            Kind::User | Kind::Impersonation { .. } => {
                text("log in anew", Some("gcloud auth application-default login".to_owned()))
            }
            Kind::Key { account } => text(
                "see whether the key still exists and is enabled",
                Some(format!("gcloud iam service-accounts keys list --iam-account={account}")),
            ),
            Kind::Federation { .. } => text(
                "see that the pool, its provider and its attribute condition admit this workflow, and that the step \
                 runs in the same job as the one that authenticates (its token lasts minutes)",
                None,
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> CredentialsError {
        CredentialsError::from_msg(false, text)
    }

    #[test]
    fn the_token_service_is_quoted_by_its_own_words() {
        let body = r#"failed to exchange token, body=<{"error":"invalid_grant","error_description":"The audience > it"}>"#;
        assert_eq!(error_chain(&error(body)), "failed to exchange token: invalid_grant: The audience > it");
        let google = r#"failed, body=<{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no"}}>"#;
        assert_eq!(error_chain(&error(google)), "failed: PERMISSION_DENIED: no");
        let outer = CredentialsError::new(false, "outer", error(body));
        assert!(error_chain(&outer).starts_with("failed to exchange token"), "{}", error_chain(&outer));
        let long = format!(r#"x, body=<{{"error":"e","error_description":"{}"}}>"#, "a b ".repeat(1000));
        assert!(error_chain(&error(&long)).chars().count() <= 301);
    }

    #[test]
    fn no_token_of_any_kind_is_quoted() {
        let long = "Zm9v".repeat(20);
        for token in [
            "ya29.a0AfB_by-x",
            "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl",
            "eyJhbGciOi",
            &long,
            "token=eyJh.eyJi.x/eyJz",
        ] {
            let text = format!("failed, body=<{{\"value\":\"{token}\"}}> and '{token}'");
            let clean = error_chain(&error(&text));
            assert!(!clean.contains("eyJ") && !clean.contains("ya29") && !clean.contains(&long), "{clean}");
            assert!(clean.contains("failed") && clean.contains(REDACTED), "{clean}");
        }
        assert_eq!(
            scrubbed("400 Bad Request for http://127.0.0.1:1/v1/token"),
            "400 Bad Request for http://127.0.0.1:1/v1/token"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_scrubbed(text in "\\PC{0,200}") {
            let clean = scrubbed(&text);
            prop_assert!(clean.split(|c: char| !c.is_ascii_alphanumeric()).all(|run| run.len() <= LONGEST_WORD));
        }
    }
}

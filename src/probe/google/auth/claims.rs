//! What an ID token says of itself, read without checking its signature: only Cloud Run's word on that counts.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Who signs the ID tokens that Cloud Run takes.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];

/// The audience of `gcloud auth print-identity-token` for a user: gcloud's own OAuth client, which Cloud Run takes for
/// every service.
const GCLOUD: &str = "32555940559.apps.googleusercontent.com";

/// What Cloud Run puts in a signature's place when it hands a request to a container: such a token was somebody's.
const REMOVED: &str = "SIGNATURE_REMOVED_BY_GOOGLE";

/// Why an ID token will not be taken, as far as it shows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenTrouble {
    /// Not three parts of Base64 with JSON in the second.
    NoIdToken {
        /// Whether it looks like one of Google's access tokens.
        access_token: bool,
    },
    /// It was taken from a request that Cloud Run had already let in.
    SignatureRemoved,
    /// It is no longer valid.
    Expired {
        /// For how long, in seconds.
        seconds: u64,
    },
    /// Not issued by Google.
    Issuer {
        /// By whom.
        issuer: String,
    },
    /// For somebody else.
    Audience {
        /// For whom.
        audience: String,
        /// For whom it should be.
        expected: String,
    },
}

impl fmt::Display for TokenTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIdToken { access_token: true } => f.write_str("it is an access token, not an ID token"),
            Self::NoIdToken { access_token: false } => f.write_str("it is no ID token"),
            Self::SignatureRemoved => f.write_str(
                "Cloud Run has taken its signature off: it was copied from a request, not made anew",
            ),
            Self::Expired { seconds } => write!(f, "it expired {seconds} s ago"),
            Self::Issuer { issuer } => write!(f, "its issuer is {issuer:?}, not https://accounts.google.com"),
            Self::Audience { audience, expected } => {
                write!(f, "its audience is {audience:?}; the service takes {expected:?}")
            }
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: String,
    aud: Audience,
    exp: Option<f64>,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Reads a token's claims; `now` in seconds since 1970. Gives the address of the account that it names, if it does.
///
/// # Errors
/// Why Cloud Run would refuse it.
pub(super) fn check(token: &str, audience: &str, now: i64) -> Result<Option<String>, TokenTrouble> {
    let token = token.trim();
    let unreadable = || TokenTrouble::NoIdToken { access_token: token.starts_with("ya29.") };
    let parts: Vec<&str> = token.split('.').collect();
    let [_, payload, signature] = parts[..] else { return Err(unreadable()) };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_no_base64| unreadable())?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_no_claims| unreadable())?;
    if signature == REMOVED {
        return Err(TokenTrouble::SignatureRemoved);
    }
    if !ISSUERS.contains(&claims.iss.as_str()) {
        return Err(TokenTrouble::Issuer { issuer: crate::text::bounded(&claims.iss) });
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit")]
    let left = claims.exp.unwrap_or_default() - now as f64;
    if left <= 0.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "saturates, and is positive"
        )]
        return Err(TokenTrouble::Expired { seconds: (-left) as u64 });
    }
    let given = match claims.aud {
        Audience::One(one) => vec![one],
        Audience::Many(many) => many,
    };
    let fits = |one: &String| one == GCLOUD || one.trim_end_matches('/') == audience.trim_end_matches('/');
    if !given.iter().any(fits) {
        return Err(TokenTrouble::Audience {
            audience: crate::text::bounded(&given.join(" ")),
            expected: audience.to_owned(),
        });
    }
    Ok(claims.email.map(|email| crate::text::bounded(&email)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const URL: &str = "https://auth-x-ew.a.run.app";
    const NOW: i64 = 1_800_000_000;

    fn token(claims: &Value, signature: &str) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{signature}", part(&json!({"alg": "RS256"})), part(claims))
    }

    fn claims() -> Value {
        json!({"iss": "https://accounts.google.com", "aud": URL, "exp": NOW + 60, "email": "gate@p"})
    }

    fn with(key: &str, value: Value) -> String {
        let mut claims = claims();
        claims[key] = value;
        token(&claims, "c2ln")
    }

    #[test]
    fn a_good_token_names_its_account() {
        assert_eq!(check(&token(&claims(), "c2ln"), URL, NOW), Ok(Some("gate@p".to_owned())));
        assert!(check(&with("aud", json!([URL, "x"])), URL, NOW).is_ok());
        assert!(check(&with("aud", json!(format!("{URL}/"))), URL, NOW).is_ok());
        assert!(check(&with("aud", GCLOUD.into()), URL, NOW).is_ok(), "a user's own, by gcloud");
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let tag = "https://candidate---auth-x-ew.a.run.app";
        for (token, trouble) in [
            ("ya29.a0Af_token".to_owned(), TokenTrouble::NoIdToken { access_token: true }),
            ("a.b.c".to_owned(), TokenTrouble::NoIdToken { access_token: false }),
            (String::new(), TokenTrouble::NoIdToken { access_token: false }),
            (token(&claims(), REMOVED), TokenTrouble::SignatureRemoved),
            (with("exp", json!(NOW - 5)), TokenTrouble::Expired { seconds: 5 }),
            (
                with("iss", "https://x.example".into()),
                TokenTrouble::Issuer { issuer: "https://x.example".into() },
            ),
            (with("aud", tag.into()), TokenTrouble::Audience { audience: tag.into(), expected: URL.into() }),
        ] {
            assert_eq!(check(&token, URL, NOW), Err(trouble));
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_stop(token in ".{0,100}", now in any::<i64>(), exp in any::<f64>()) {
            let _ = check(&token, URL, now);
            let _ = check(&with("exp", json!(exp)), URL, now);
        }
    }
}

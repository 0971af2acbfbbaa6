//! ID tokens of the sandbox: made by its IAM Credentials API, taken by its front ends.
//!
//! They look like Google's, and are signed with nothing but a word that this sandbox alone knows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::cloud::Cloud;

/// The gate's own account in the sandbox.
pub(super) const GATE: &str = "rungate@sandbox.iam.gserviceaccount.com";

/// How long a token lasts, in seconds: as long as Google's.
const LIFETIME: i64 = 3600;

/// An ID token of the gate's account.
pub(super) fn id_token(cloud: &Cloud, audience: &str) -> String {
    let now = Timestamp::now().as_second();
    let claims = json!({
        "iss": "https://accounts.google.com", "aud": audience, "azp": "100000000000000000000",
        "sub": "100000000000000000000", "email": GATE, "email_verified": true, "iat": now, "exp": now + LIFETIME,
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(json!({"alg": "RS256", "typ": "JWT"})), part(claims), signature(cloud))
}

/// Whether a front end takes this token for a service of these addresses.
pub(super) fn is_taken(cloud: &Cloud, token: &str, audiences: &[String]) -> bool {
    let mut parts = token.split('.');
    let (_, Some(payload), Some(signed)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
    let audience = claims["aud"].as_str().unwrap_or_default();
    signed == signature(cloud)
        && claims["exp"].as_i64().is_some_and(|end| end > Timestamp::now().as_second())
        && audiences.iter().any(|known| known == audience)
}

/// What an access token for logging in to Cloud SQL begins with, as Google's do.
const ACCESS: &str = "ya29.sandbox-login";

/// An access token of an account, good for logging in to Cloud SQL.
pub(super) fn login_token(cloud: &Cloud, account: &str) -> String {
    let account = URL_SAFE_NO_PAD.encode(account);
    format!("{ACCESS}.{account}.{}", signature(cloud))
}

/// The account whose token this is.
pub(super) fn logs_in_as(cloud: &Cloud, token: &str) -> Option<String> {
    let (account, signed) = token.strip_prefix(ACCESS)?.strip_prefix('.')?.split_once('.')?;
    let account = String::from_utf8(URL_SAFE_NO_PAD.decode(account).ok()?).ok()?;
    (signed == signature(cloud)).then_some(account)
}

fn signature(cloud: &Cloud) -> String {
    URL_SAFE_NO_PAD.encode(&cloud.signing_key)
}

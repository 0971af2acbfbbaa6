//! Answers that want a login: redirects to where one logs in, and the pages that ask for it.

use url::Url;

use crate::health::HttpAnswer;
use crate::record::Barrier;

/// Hosts at which people log in, and nothing else.
const HOSTS: &[&str] = &[
    "accounts.google.com",
    "login.microsoftonline.com",
    "login.live.com",
    "appleid.apple.com",
    "iap.googleapis.com",
];
/// Ends of hosts of those who log people in for others.
const HOST_ENDS: &[&str] = &[
    ".auth0.com",
    ".okta.com",
    ".oktapreview.com",
    ".onelogin.com",
    ".cloudflareaccess.com",
    ".b2clogin.com",
];
/// Beginnings of such hosts, under whatever domain.
const HOST_STARTS: &[&str] = &["login.", "signin.", "sso.", "idp.", "accounts."];
/// Parts of a path, each on its own.
const SEGMENTS: &[&str] = &[
    "login",
    "log-in",
    "log_in",
    "signin",
    "sign-in",
    "sign_in",
    "logon",
    "authorize",
    "sso",
    "saml",
    "saml2",
    "_gcp_iap",
    "oauth2",
    "oauth-redirect",
];

/// Most of a page that is looked at.
const LONGEST: usize = 64 * 1024;

/// How an answer shows that it wants a login, where it does. `asked` is the URL that it answers.
pub fn login(asked: &Url, answer: &HttpAnswer) -> Option<Barrier> {
    if answer.header("x-goog-iap-generated-response").any(|value| value.eq_ignore_ascii_case("true")) {
        return Some(Barrier::IdentityAwareProxy);
    }
    if (300..400).contains(&answer.status) {
        let to = asked.join(answer.location.as_deref()?).ok()?;
        return leads_to_login(&to).then(|| {
            let to =
                crate::text::line_of(&format!("{}{}", to.origin().ascii_serialization(), to.path()), 200);
            Barrier::Login { how: format!("status {} leads to a login page at {to}", answer.status) }
        });
    }
    asks_for_password(&answer.body)
        .then(|| Barrier::Login { how: "the answer is a page with a form for a password".to_owned() })
}

/// Whether one logs in at that URL.
pub fn leads_to_login(to: &Url) -> bool {
    let host = to.host_str().unwrap_or_default().to_ascii_lowercase();
    HOSTS.contains(&host.as_str())
        || HOST_ENDS.iter().any(|end| host.ends_with(end))
        || HOST_STARTS.iter().any(|start| host.starts_with(start))
        || to.path().split('/').any(|part| {
            let part = part.to_ascii_lowercase();
            let bare = part.split('.').next().unwrap_or_default();
            SEGMENTS.contains(&bare)
        })
}

/// Whether a page has a field for a password.
fn asks_for_password(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]).to_ascii_lowercase();
    if !text.trim_start().starts_with('<') {
        return false;
    }
    text.split("<input").skip(1).any(|rest| {
        let tag = rest.split('>').next().unwrap_or_default();
        let tag: String = tag.chars().filter(|c| !matches!(c, '"' | '\'') && !c.is_whitespace()).collect();
        tag.contains("type=password")
    }) || text.contains("accounts.google.com/o/oauth2")
        || text.contains("accounts.google.com/signin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(answer: HttpAnswer) -> bool {
        login(&Url::parse("https://a.run.app/health").unwrap(), &answer).is_some()
    }

    fn to(location: &str) -> bool {
        seen(HttpAnswer { status: 302, location: Some(location.to_owned()), ..HttpAnswer::default() })
    }

    fn page(body: &str) -> bool {
        seen(HttpAnswer { status: 200, body: body.as_bytes().to_vec(), ..HttpAnswer::default() })
    }

    #[test]
    fn redirects_to_a_login_are_known() {
        for location in [
            "https://accounts.google.com/o/oauth2/v2/auth?client_id=x",
            "https://tenant.eu.auth0.com/authorize?x=y",
            "https://login.example.com/",
            "/login?next=/health",
            "/accounts/login/?next=/health",
            "/users/sign_in",
            "/Account/Login",
            "login.html",
        ] {
            assert!(to(location), "{location}");
        }
        for location in ["/health/", "/auth/health", "https://other.example/health", "/blog/in", "::", ""] {
            assert!(!to(location), "{location}");
        }
        let iap = [("x-goog-iap-generated-response".to_owned(), "true".to_owned())].to_vec();
        assert!(seen(HttpAnswer { status: 401, headers: iap, ..HttpAnswer::default() }));
    }

    #[test]
    fn pages_that_ask_for_a_password_are_known() {
        assert!(page("<!doctype html><form><input name=u><input type=\"password\" name=\"p\"></form>"));
        assert!(page("<html><INPUT  id=p  TYPE = 'password'></html>"));
        assert!(!page("<!doctype html><div id=root></div>"));
        assert!(!page(r#"{"status":"ok","fix":"<input type=password>"}"#));
        assert!(!page("<p>type=password</p>"));
    }
}

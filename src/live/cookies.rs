//! The cookies of a journey: what an answer sets goes with later steps of the same journey, to the host and port that set
//! it and to nobody else (RFC 6265, stricter where that costs nothing).
//!
//! Kept by hand: the jars of the registry decide which hosts may share a cookie, which here none may, and would have
//! every client of Google's built anew for the features that they want of `time`.

use std::time::{Duration, SystemTime};

use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

use crate::probe::http::is_loopback;

/// Most cookies of one journey, as browsers keep of one host; further ones are not taken.
const MOST: usize = 50;
/// The longest cookie that is taken, name and value together, in bytes (RFC 6265, section 6.1).
const LONGEST: usize = 4096;
/// The longest `Cookie` that is sent, in bytes: servers refuse longer heads.
const LONGEST_HEADER: usize = 8 * 1024;

/// The cookies so far. No `Debug`: they hold secrets.
#[derive(Default)]
pub(crate) struct Jar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    /// Host and port that set it.
    host: (String, Option<u16>),
    name: String,
    value: String,
    path: String,
    /// `None`: as long as the journey lasts.
    until: Option<SystemTime>,
}

impl Jar {
    /// Takes what an answer from this URL sets; gives the values that are secret: all that is not as short as a word.
    pub(crate) fn take(&mut self, url: &Url, headers: &HeaderMap) -> Vec<String> {
        let mut secrets = Vec::new();
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let Some((cookie, hidden)) = parsed(line, url) else { continue };
            let same = |known: &Cookie| {
                (&known.host, &known.name, &known.path) == (&cookie.host, &cookie.name, &cookie.path)
            };
            let place = self.cookies.iter().position(same);
            let ended = cookie.until.is_some_and(|until| until <= SystemTime::now());
            match place {
                Some(place) if ended => drop(self.cookies.remove(place)),
                None if ended || self.cookies.len() >= MOST => {}
                Some(_) | None => {
                    if hidden || cookie.value.len() >= SHORTEST_SECRET {
                        secrets.push(cookie.value.clone());
                    }
                    match place.and_then(|place| self.cookies.get_mut(place)) {
                        Some(known) => *known = cookie,
                        None => self.cookies.push(cookie),
                    }
                }
            }
        }
        secrets
    }

    /// Puts what belongs to this URL into the headers of a request. A `Cookie` of the step's own stands instead. Like
    /// every secret, they go over TLS, or to this machine itself.
    pub(crate) fn give(&self, url: &Url, headers: &mut HeaderMap) {
        if headers.contains_key(COOKIE) || !is_safe(url) {
            return;
        }
        let now = SystemTime::now();
        let mut fitting: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|one| one.host == host_of(url) && leads_into(url.path(), &one.path))
            .filter(|one| one.until.is_none_or(|until| until > now))
            .collect();
        // The more particular path first; the older first among equals (RFC 6265, section 5.4).
        fitting.sort_by_key(|one| std::cmp::Reverse(one.path.len()));
        let mut text = String::new();
        for Cookie { name, value, .. } in fitting {
            if text.len() + name.len() + value.len() + 3 > LONGEST_HEADER {
                break;
            }
            let separator = if text.is_empty() { "" } else { "; " };
            text.push_str(&format!("{separator}{name}={value}"));
        }
        if let (Ok(mut value), false) = (HeaderValue::from_str(&text), text.is_empty()) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
    }

    /// Forgets them all, before the journey is walked again.
    pub(crate) fn clear(&mut self) {
        self.cookies.clear();
    }
}

/// Shorter values (`en-GB`, `dark`) are words that stand everywhere: to hide them would hide the report. Those that the
/// service hides from its own pages are secret at any length.
const SHORTEST_SECRET: usize = 8;

fn host_of(url: &Url) -> (String, Option<u16>) {
    (url.host_str().unwrap_or_default().to_owned(), url.port_or_known_default())
}

fn is_safe(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// A `Set-Cookie` line as RFC 6265, section 5.2, reads it, and whether the page itself may not see it; `None`: it is
/// none, or one that this URL may not set.
fn parsed(line: &str, url: &Url) -> Option<(Cookie, bool)> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let odd = |c: char| c.is_control() || !c.is_ascii();
    if name.is_empty() || name.len() + value.len() > LONGEST || name.contains(odd) || value.contains(odd) {
        return None;
    }
    let (mut domain, mut path, mut secure, mut hidden) = (None, None, false, false);
    let (mut age, mut expires) = (None, None);
    for part in parts {
        let (key, text) = part.split_once('=').unwrap_or((part, ""));
        let text = text.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                domain = Some(text.trim_start_matches('.').to_ascii_lowercase()).filter(|d| !d.is_empty());
            }
            "path" => path = Some(text).filter(|path| path.starts_with('/')),
            "secure" => secure = true,
            "httponly" => hidden = true,
            "max-age" => age = text.parse::<i64>().ok().or(age),
            "expires" => expires = httpdate::parse_http_date(text).ok().or(expires),
            _ => {}
        }
    }
    let (host, _) = host_of(url);
    // It goes back to this host alone, whatever wider domain it names; another's it cannot set.
    let foreign =
        domain.as_ref().is_some_and(|domain| *domain != host && !host.ends_with(&format!(".{domain}")));
    let bound = name.starts_with("__Host-");
    let promised = !(bound || name.starts_with("__Secure-")) || secure;
    let unbound = bound && (domain.is_some() || path != Some("/"));
    if foreign || unbound || !promised || (secure && !is_safe(url)) {
        return None;
    }
    let from_now = |seconds: i64| match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => SystemTime::now().checked_add(Duration::from_secs(seconds)),
        Ok(_) | Err(_) => Some(SystemTime::UNIX_EPOCH),
    };
    let until = match age {
        Some(seconds) => from_now(seconds),
        None => expires,
    };
    let path = path.map_or_else(|| default_path(url), str::to_owned);
    let (name, value) = (name.to_owned(), value.to_owned());
    Some((Cookie { host: host_of(url), name, value, path, until }, hidden))
}

/// The folder of the request's path (RFC 6265, section 5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        Some(end) if end > 0 => url.path()[..end].to_owned(),
        Some(_) | None => "/".to_owned(),
    }
}

/// Whether a request's path lies within a cookie's (RFC 6265, section 5.1.4).
fn leads_into(path: &str, of: &str) -> bool {
    path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || of.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn after(from: &str, lines: &[&str]) -> Jar {
        let mut jar = Jar::default();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
        }
        jar.take(&url(from), &headers);
        jar
    }

    fn sent(jar: &Jar, to: &str) -> String {
        let mut headers = HeaderMap::new();
        jar.give(&url(to), &mut headers);
        let value = headers.get(COOKIE);
        assert!(value.is_none_or(HeaderValue::is_sensitive));
        value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_and_to_nobody_else() {
        let jar = after("https://a.example/login", &["sid=s3cret; HttpOnly; Secure; Path=/; Domain=example"]);
        assert_eq!(sent(&jar, "https://a.example/me"), "sid=s3cret");
        for other in [
            "https://b.example/me",
            "https://example/me",
            "https://x.a.example/me",
            "https://a.example:8443/me",
            "http://a.example/me",
            "https://a.example.evil/me",
        ] {
            assert_eq!(sent(&jar, other), "", "{other}");
        }
        let local = after("http://127.0.0.1:8080/login", &["sid=1; Secure"]);
        assert_eq!(sent(&local, "http://127.0.0.1:8080/"), "sid=1", "no packet leaves the machine");
        assert_eq!(sent(&local, "http://127.0.0.1:8081/"), "", "another service of this machine");
    }

    #[test]
    fn paths_ends_and_repetitions_are_kept_to() {
        let jar = after("https://a/api/v1/login", &["a=1", "b=2; path=/", "c=3; Path=/api", "b=4; path=/"]);
        assert_eq!(sent(&jar, "https://a/api/v1"), "a=1; c=3; b=4");
        assert_eq!(sent(&jar, "https://a/api/v1/x"), "a=1; c=3; b=4");
        assert_eq!(sent(&jar, "https://a/api/v10"), "c=3; b=4");
        assert_eq!(sent(&jar, "https://a/apix"), "b=4");
        let ended = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let jar = after(
            "https://a/",
            &[
                "a=1",
                &format!("a=; {ended}"),
                "b=2",
                "b=; Max-Age=0",
                "c=3; Max-Age=60; Expires=junk",
                "d=4; max-age=-1",
            ],
        );
        assert_eq!(sent(&jar, "https://a/"), "c=3");
    }

    #[test]
    fn what_a_host_may_not_set_is_not_taken() {
        for line in [
            "a=1; Domain=b.example",
            "a=1; Domain=xample",
            "__Host-a=1",
            "__Host-a=1; Secure; Path=/x",
            "__Host-a=1; Secure; Path=/; Domain=a.example",
            "__Secure-a=1",
            "=1",
            "nothing",
            "",
        ] {
            assert_eq!(sent(&after("https://a.example/", &[line]), "https://a.example/"), "", "{line}");
        }
        assert_eq!(
            sent(&after("https://a.example/", &["__Host-a=1; Secure; Path=/"]), "https://a.example/x"),
            "__Host-a=1"
        );
        assert_eq!(sent(&after("http://a.example/", &["a=1; Secure"]), "https://a.example/"), "");
        let long = format!("a={}", "x".repeat(LONGEST));
        assert_eq!(sent(&after("https://a/", &[&long]), "https://a/"), "");
    }

    #[test]
    fn a_flood_is_bounded_and_the_file_s_own_header_stands() {
        let lines: Vec<String> = (0..5_000).map(|at| format!("n{at}={}", "v".repeat(1_000))).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let jar = after("https://a/", &lines);
        assert_eq!(jar.cookies.len(), MOST);
        let header = sent(&jar, "https://a/");
        assert!(header.len() <= LONGEST_HEADER && header.starts_with("n0="), "{}", header.len());
        let mut headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("own=1"))]);
        jar.give(&url("https://a/"), &mut headers);
        assert_eq!(headers[COOKIE], "own=1");
    }

    #[test]
    fn sessions_are_secrets_and_words_are_not() {
        let headers = ["sid=0123456789abcdef", "lang=en-GB", "t=abcd; HttpOnly"]
            .map(|line| (SET_COOKIE, line.parse().unwrap()));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        assert_eq!(Jar::default().take(&url("https://a/"), &all), ["0123456789abcdef", "abcd"]);
    }
}

//! From a step and the values so far to a request: pure.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::live::values::{Destination, Filling, Unfit, Values};
use crate::model::{Act, Authorization, Body, Head, Step, Template, To};

/// A request that is ready. No `Debug`: it holds secrets.
pub(super) struct Composed {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Vec<u8>>,
}

/// Composes the request of a step to a base URL (of a service), or to the origin that the step itself names.
pub(super) fn compose(step: &Step, base: &Url, own: bool, values: &Values) -> Result<Composed, Unfit> {
    let filling = Filling { values, to: Destination { origin: base, own } };
    let url = joined(base, &filling.path(path(&step.head))?)?;
    let mut headers = headers(&step.head, &filling)?;
    let (method, body) = match &step.act {
        Act::Request { method, body, .. } => (method.as_str(), body),
        Act::WebSocket { .. } => ("GET", &Body::Nothing),
    };
    let method =
        Method::from_bytes(method.as_bytes()).map_err(|error| Unfit::Shape { detail: error.to_string() })?;
    let body = content(body, &filling)?;
    if let Some((kind, _)) = &body
        && !headers.contains_key(CONTENT_TYPE)
    {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    Ok(Composed { method, url, headers, body: body.map(|(_, bytes)| bytes) })
}

/// The request line, variables by their names.
pub(super) fn line(step: &Step, base: &Url) -> String {
    let method = match &step.act {
        Act::Request { method, .. } => method,
        Act::WebSocket { .. } => "WebSocket",
    };
    format!("{method} {}{}", base.as_str().trim_end_matches('/'), path(&step.head))
}

/// A message that is sent in a talk.
pub(super) fn message(body: &Body, base: &Url, own: bool, values: &Values) -> Result<String, Unfit> {
    let filling = Filling { values, to: Destination { origin: base, own } };
    match body {
        Body::Json(json) => Ok(filling.json(json)?.to_string()),
        Body::Text(text) => filling.raw(text),
        Body::Nothing | Body::Form(_) => Ok(String::new()),
    }
}

fn path(head: &Head) -> &Template {
    match &head.to {
        To::Path { path, .. } | To::Url { path, .. } => path,
    }
}

/// The path behind the base. A value that is `.` or `..` would lead out of the path that the file states.
fn joined(base: &Url, path: &str) -> Result<Url, Unfit> {
    let text = format!("{}{path}", base.as_str().trim_end_matches('/'));
    let url = Url::parse(&text).map_err(|error| Unfit::Shape { detail: error.to_string() })?;
    let segments = path.split('?').next().unwrap_or(path).split('/');
    let dots =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if url.origin() != base.origin() || segments.into_iter().any(dots) {
        return Err(Unfit::Shape { detail: "a value would lead out of the path of the step".to_owned() });
    }
    Ok(url)
}

fn headers(head: &Head, filling: &Filling<'_>) -> Result<HeaderMap, Unfit> {
    let mut headers = HeaderMap::new();
    for (name, value) in &head.headers {
        let value = filling.header(name, &filling.header_text(value)?)?;
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|error| Unfit::Shape { detail: error.to_string() })?;
        headers.append(name, value);
    }
    let authorization = match &head.authorization {
        None => return Ok(headers),
        Some(Authorization::Bearer(token)) => format!("Bearer {}", filling.header_text(token)?),
        Some(Authorization::Basic { user, password }) => {
            let user = filling.field(user)?;
            if user.contains(':') {
                return Err(Unfit::Shape {
                    detail: "a user with a colon cannot log in by `basic`".to_owned(),
                });
            }
            format!("Basic {}", STANDARD.encode(format!("{user}:{}", filling.field(password)?)))
        }
    };
    headers.insert(AUTHORIZATION, filling.header("authorization", &authorization)?);
    Ok(headers)
}

/// The bytes of a body, and their type.
fn content(body: &Body, filling: &Filling<'_>) -> Result<Option<(&'static str, Vec<u8>)>, Unfit> {
    Ok(match body {
        Body::Nothing => None,
        Body::Json(json) => Some(("application/json", filling.json(json)?.to_string().into_bytes())),
        Body::Form(fields) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields {
                form.append_pair(name, &filling.field(value)?);
            }
            Some(("application/x-www-form-urlencoded", form.finish().into_bytes()))
        }
        Body::Text(text) => Some(("text/plain; charset=utf-8", filling.raw(text)?.into_bytes())),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::live::values::Held;
    use crate::model::{Json, Part, Place, Stated};

    fn template(parts: &[&str]) -> Template {
        let part = |text: &&str| match text.strip_prefix('$') {
            Some(name) => Part::Variable(name.to_owned()),
            None => Part::Text((*text).to_owned()),
        };
        Template(parts.iter().map(part).collect())
    }

    fn step(
        path: &[&str],
        headers: &[(&str, &[&str])],
        authorization: Option<Authorization>,
        body: Body,
    ) -> Step {
        let place = Place { file: "f".into(), line: 1, column: 1 };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), template(value))).collect();
        Step {
            name: Stated::known("s", place),
            always: false,
            retries: 0,
            timeout: Duration::from_secs(1),
            head: Head { to: To::Path { service: None, path: template(path) }, headers, authorization },
            act: Act::Request { method: "POST".to_owned(), body, expect: Default::default() },
            captures: Vec::new(),
        }
    }

    fn composed(step: &Step, value: &str) -> Result<Composed, Unfit> {
        let held = Held { value: value.into(), open: false, hosts: BTreeSet::new() };
        let values = Values::from([("v".to_owned(), held)]);
        compose(step, &Url::parse("https://a.example/base/").unwrap(), true, &values)
    }

    #[test]
    fn values_are_encoded_for_their_place() {
        let value = "a b&c=\"d\"/?#ü";
        let body = Body::Form(vec![("f".to_owned(), template(&["x", "$v"]))]);
        let got = composed(&step(&["/p/", "$v", "?q=", "$v"], &[], None, body), value).unwrap();
        let encoded = "a%20b%26c%3D%22d%22%2F%3F%23%C3%BC";
        assert_eq!(got.url.as_str(), format!("https://a.example/base/p/{encoded}?q={encoded}"));
        assert_eq!(got.body.unwrap(), b"f=xa+b%26c%3D%22d%22%2F%3F%23%C3%BC");
        assert_eq!(got.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        let json = Body::Json(Json::Map(vec![("k".to_owned(), Json::Text(template(&["$v"])))]));
        let got =
            composed(&step(&["/p"], &[("content-type", &["application/x"])], None, json), value).unwrap();
        assert_eq!(got.body.unwrap(), "{\"k\":\"a b&c=\\\"d\\\"/?#ü\"}".as_bytes());
        assert_eq!(got.headers[CONTENT_TYPE], "application/x");
    }

    #[test]
    fn line_breaks_never_reach_a_header_or_a_raw_body() {
        let bearer = Some(Authorization::Bearer(template(&["$v"])));
        for step in [
            step(&["/p"], &[("x-a", &["$v"])], None, Body::Nothing),
            step(&["/p"], &[], bearer, Body::Nothing),
            step(&["/p"], &[], None, Body::Text(template(&["AUTH ", "$v"]))),
        ] {
            assert!(composed(&step, "token").is_ok());
            for value in ["t\r\nX-Evil: 1", "t\nEVIL", "t\0"] {
                let Err(Unfit::Shape { detail }) = composed(&step, value) else {
                    panic!("{value:?} is sent")
                };
                assert!(!detail.contains("Evil") && !detail.contains("EVIL"), "{detail}");
            }
        }
    }

    #[test]
    fn headers_that_hold_values_are_sensitive() {
        let basic = Authorization::Basic { user: template(&["ada"]), password: template(&["$v"]) };
        let got = composed(&step(&["/p"], &[("x-a", &["$v"])], Some(basic), Body::Nothing), "pw").unwrap();
        assert!(got.headers[AUTHORIZATION].is_sensitive() && got.headers["x-a"].is_sensitive());
        assert_eq!(got.headers[AUTHORIZATION], "Basic YWRhOnB3");
    }

    #[test]
    fn no_value_leads_out_of_its_path() {
        for value in [".", ".."] {
            assert!(composed(&step(&["/p/", "$v", "/q"], &[], None, Body::Nothing), value).is_err());
        }
        assert!(composed(&step(&["/p/", "$v"], &[], None, Body::Nothing), "../x").is_ok(), "one segment");
    }

    #[test]
    fn the_request_line_shows_no_value() {
        let base = Url::parse("https://a.example/").unwrap();
        let step = step(&["/p/", "$v"], &[], None, Body::Nothing);
        assert_eq!(line(&step, &base), "POST https://a.example/p/((v))");
    }
}

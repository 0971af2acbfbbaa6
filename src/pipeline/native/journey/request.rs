//! Where a step goes, what it says of itself, and what it sends.

use url::Url;

use super::super::fields::{Fields, wrong_kind};
use super::super::patterns::{bad_header, is_header_name, pattern};
use super::super::text;
use super::expect;
use super::template::{json, template};
use crate::model::{Authorization, Body, Head, Part, Stated, Template, To, Turn};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::{Kind, Node};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
pub(super) const REQUEST: &[&str] =
    &["method", "service", "path", "url", "headers", "basic", "bearer", "json", "form", "body"];
pub(super) const WEBSOCKET: &[&str] =
    &["service", "path", "url", "headers", "basic", "bearer", "protocol", "talk"];
pub(super) const TURN: &[&str] = &["send", "expect", "close"];
pub(super) const MESSAGE: &[&str] = &["json", "text"];
pub(super) const EXPECTED_MESSAGE: &[&str] = &["json", "matches", "within"];
pub(super) const BASIC: &[&str] = &["user", "password"];

/// Headers that others set: by hand they would contradict what is really sent, or carry the gate's own token.
const KEPT: &[&str] = &[
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "x-serverless-authorization",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
];

/// `request:`: where it goes, how, and what is sent.
pub(super) fn request(node: &Node, problems: &mut Problems) -> Option<(Head, String, Body)> {
    let fields = Fields::open(node, "`request`", REQUEST, problems)?;
    let head = head(node, &fields, problems);
    let body = body(&fields, problems);
    let method = match text::one_of(fields.get("method"), METHODS, problems) {
        Some(method) => method.raw().to_owned(),
        None if matches!(body, Some(Body::Nothing)) => "GET".to_owned(),
        None => "POST".to_owned(),
    };
    Some((head?, method, body?))
}

/// `websocket:`: where it goes, and what is said.
pub(super) fn websocket(node: &Node, problems: &mut Problems) -> Option<(Head, Option<String>, Vec<Turn>)> {
    let fields = Fields::open(node, "`websocket`", WEBSOCKET, problems)?;
    let head = head(node, &fields, problems);
    let protocol = text::text(fields.get("protocol"), problems).map(|stated| stated.raw().to_owned());
    let before = problems.iter().count();
    let talk = match fields.get("talk") {
        Some(list) if !list.items().is_empty() => {
            list.items().iter().filter_map(|node| turn(node, problems)).collect()
        }
        Some(other) => {
            problems.push(wrong_kind(other, "`talk`", "a list of `send`, `expect` and `close`"));
            Vec::new()
        }
        None => Vec::new(),
    };
    let expects = |turn: &Turn| matches!(turn, Turn::Expect { .. });
    if !talk.iter().any(expects) && problems.iter().count() == before {
        problems.push(expect::empty(node).fix("let `talk` have an `expect`: what the service must say"));
    }
    Some((head?, protocol, talk))
}

fn turn(node: &Node, problems: &mut Problems) -> Option<Turn> {
    if node.text() == Some("close") {
        return Some(Turn::Close);
    }
    let fields = Fields::open(node, "a turn of `talk`", TURN, problems)?;
    if node.get("close").is_some_and(Node::is_null) && node.entries().len() == 1 {
        return Some(Turn::Close);
    }
    if let (Some(_), Some(second)) = (fields.get("send"), fields.get("expect")) {
        problems.push(two_of("`send` and `expect` are two turns", second));
        return None;
    }
    if let Some(message) = fields.get("send") {
        return send(message, problems).map(Turn::Send);
    }
    if let Some(expected) = fields.get("expect") {
        return expected_message(expected, problems);
    }
    problems.push(text::bad("missing-key", node, "a turn has `send` or `expect`, or is `close`"));
    None
}

fn send(node: &Node, problems: &mut Problems) -> Option<Body> {
    match &node.kind {
        Kind::Scalar { .. } => template(node, "`send`", problems).map(Body::Text),
        Kind::Map(_) | Kind::Seq(_) => {
            let fields = Fields::open(node, "`send`", MESSAGE, problems)?;
            match (fields.get("json"), fields.get("text")) {
                (Some(node), None) => json(node, problems).map(Body::Json),
                (None, Some(node)) => template(node, "`text`", problems).map(Body::Text),
                (Some(_), Some(second)) => {
                    problems.push(two_of("a message is `json` or `text`, not both", second));
                    None
                }
                (None, None) => {
                    problems.push(text::bad("missing-key", node, "`send` has `json` or `text`"));
                    None
                }
            }
        }
    }
}

fn expected_message(node: &Node, problems: &mut Problems) -> Option<Turn> {
    let fields = Fields::open(node, "`expect`", EXPECTED_MESSAGE, problems)?;
    let before = problems.iter().count();
    let json = expect::conditions(fields.get("json"), problems);
    let pattern = pattern(fields.get("matches"), problems);
    let within = fields.get("within").and_then(|node| text::duration(node, problems));
    if json.is_empty() && pattern.is_none() {
        if problems.iter().count() == before {
            problems.push(expect::empty(node).fix("`json: \"$.reply\"` or `matches: hello`"));
        }
        return None;
    }
    Some(Turn::Expect { json, pattern, within })
}

fn two_of(message: &str, second: &Node) -> Problem {
    text::bad("contradiction", second, message)
}

fn head(node: &Node, fields: &Fields<'_>, problems: &mut Problems) -> Option<Head> {
    let to = to(node, fields, problems);
    let mut headers = Vec::new();
    for entry in text::mapping(fields.get("headers"), "`headers`", "name: value", problems) {
        let name = entry.key.to_ascii_lowercase();
        if !is_header_name(&name) {
            problems.push(bad_header(&entry.key, &entry.place));
        } else if KEPT.contains(&name.as_str()) {
            problems.push(bad_header(&entry.key, &entry.place).fix("the gate sets this header itself"));
        } else if let Some(value) = template(&entry.value, &format!("`{}`", entry.key), problems) {
            headers.push((name, value));
        }
    }
    let authorization = authorization(fields, problems);
    if let (Some(_), true) = (&authorization, headers.iter().any(|(name, _)| name == "authorization")) {
        problems.push(text::bad("contradiction", node, "`authorization` is stated twice"));
    }
    Some(Head { to: to?, headers, authorization })
}

fn authorization(fields: &Fields<'_>, problems: &mut Problems) -> Option<Authorization> {
    let bearer = fields.get("bearer");
    if let (Some(_), Some(second)) = (bearer, fields.get("basic")) {
        problems.push(two_of("`bearer` and `basic` both set `authorization`", second));
        return None;
    }
    if let Some(node) = bearer {
        return filled(template(node, "`bearer`", problems)?, node, problems).map(Authorization::Bearer);
    }
    let node = fields.get("basic")?;
    let basic = Fields::open(node, "`basic`", BASIC, problems)?;
    let mut part = |key: &str| match basic.get(key) {
        Some(node) => template(node, &format!("`{key}`"), problems),
        None => {
            problems.push(text::bad("missing-key", node, format!("`basic` has no `{key}`")));
            None
        }
    };
    let (user, password) = (part("user"), part("password"));
    Some(Authorization::Basic { user: user?, password: password? })
}

fn filled(template: Template, node: &Node, problems: &mut Problems) -> Option<Template> {
    if template.0.is_empty() {
        problems.push(text::bad("empty-value", node, "this value is empty"));
        return None;
    }
    Some(template)
}

fn to(node: &Node, fields: &Fields<'_>, problems: &mut Problems) -> Option<To> {
    let service = text::text(fields.get("service"), problems);
    match (fields.get("path"), fields.get("url")) {
        (Some(_), Some(second)) => {
            problems.push(two_of("`path` and `url` both say where it goes", second));
            None
        }
        (Some(path), None) => {
            let path = path_of(path, problems)?;
            Some(To::Path { service, path })
        }
        (None, Some(url)) => {
            if let Some(service) = service {
                problems.push(
                    text::bad("contradiction", url, "`url` says where it goes, so no `service` may")
                        .related(service.place, "the service here"),
                );
            }
            url_of(url, problems)
        }
        (None, None) => {
            problems.push(
                text::bad("missing-key", node, "this step says neither `path` nor `url`")
                    .fix("`path: /auth/token` is of the service itself; with `service: NAME`, of another"),
            );
            None
        }
    }
}

fn path_of(node: &Node, problems: &mut Problems) -> Option<Template> {
    let path = template(node, "`path`", problems)?;
    let begins =
        matches!(path.0.first(), Some(Part::Text(text)) if text.starts_with('/') && !text.starts_with("//"));
    if !begins || has_blank(&path) {
        problems.push(
            text::bad("bad-path", node, "a path begins with one `/`, and has no blanks")
                .fix("write `/auth/token`; a whole URL goes to `url`, a blank is written `%20`"),
        );
        return None;
    }
    Some(path)
}

fn has_blank(template: &Template) -> bool {
    template.0.iter().any(|part| match part {
        Part::Text(text) => text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#'),
        Part::Variable(_) => false,
    })
}

/// A URL whose scheme, host and port are fixed text: no variable may decide where secrets go.
fn url_of(node: &Node, problems: &mut Problems) -> Option<To> {
    let whole = template(node, "`url`", problems)?;
    let mut bad =
        |why: &str| {
            problems.push(text::bad("bad-url", node, format!("this is no URL of a step: {why}")).fix(
                "write it as `https://idp.example.com/token`; variables may stand in its path and query",
            ));
            None
        };
    let Some(Part::Text(first)) = whole.0.first() else { return bad("it begins with a variable") };
    let Some((scheme, rest)) = first.split_once("://") else { return bad("it has no scheme") };
    let end = rest.find(['/', '?', '#']);
    if end.is_none() && whole.0.len() > 1 {
        return bad("a variable stands in its host");
    }
    let (host, tail) = rest.split_at(end.unwrap_or(rest.len()));
    let origin = match Url::parse(&format!("{scheme}://{host}/")) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => return bad("it is neither http nor https"),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            return bad("it holds credentials");
        }
        Ok(url) => url.origin().ascii_serialization(),
        Err(error) => return bad(&error.to_string()),
    };
    let tail = if tail.starts_with('/') { tail.to_owned() } else { format!("/{tail}") };
    let mut path = Template(vec![Part::Text(tail)]);
    path.0.extend(whole.0.iter().skip(1).cloned());
    if has_blank(&path) {
        return bad("it has a blank or a fragment in it");
    }
    Some(To::Url { origin, path, own: false })
}

fn body(fields: &Fields<'_>, problems: &mut Problems) -> Option<Body> {
    let stated: Vec<(&str, &Node)> =
        ["json", "form", "body"].into_iter().filter_map(|key| Some((key, fields.get(key)?))).collect();
    match stated[..] {
        [] => Some(Body::Nothing),
        [("json", node)] => json(node, problems).map(Body::Json),
        [("form", node)] => {
            let mut all = Vec::new();
            for entry in text::mapping(Some(node), "`form`", "name: value", problems) {
                let value = template(&entry.value, &format!("`{}`", entry.key), problems);
                all.push(value.map(|value| (entry.key.clone(), value)));
            }
            all.into_iter().collect::<Option<_>>().map(Body::Form)
        }
        [(_, node)] => template(node, "`body`", problems).map(Body::Text),
        [_, (second, node), ..] => {
            problems.push(two_of(&format!("`{second}` is a second body"), node));
            None
        }
    }
}

/// An origin that the file states as a service's own makes the step one of the pipeline.
pub(super) fn mark_own(to: &mut To, stated: &[Stated]) {
    if let To::Url { origin, own, .. } = to {
        let of = |url: &Stated| {
            Url::parse(url.raw()).is_ok_and(|url| url.origin().ascii_serialization() == *origin)
        };
        *own = stated.iter().any(of);
    }
}

//! `journeys:` of the native format: what users do, step by step.

mod expect;
mod known;
mod request;
mod template;

use serde_json_path::JsonPath;

use super::fields::{Fields, wrong_kind};
use super::{patterns, text};
use crate::model::{
    Act, Body, Capture, CaptureFrom, Expectation, JOURNEY_TIMEOUT, Journey, JourneyVariable, STEP_TIMEOUT,
    Service, Stated, Step, Turn, VariableSource,
};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::{Entry, Kind, Node};

pub(super) use known::check;

const JOURNEY: &[&str] = &["name", "needs", "variables", "retries", "timeout", "steps"];
const STEP: &[&str] =
    &["name", "request", "websocket", "expect", "capture", "always", "idempotent", "retries", "timeout"];
const VARIABLE: &[&str] = &["env", "secret", "value", "hosts"];
const CAPTURE: &[&str] = &["json", "header", "body", "matches", "secret", "hosts"];

/// Every mapping of a journey with its keys, by the name that the published schema has for it.
#[cfg(test)]
pub(super) const SHAPES: &[(&str, &[&str])] = &[
    ("journey", JOURNEY),
    ("journey-variable", VARIABLE),
    ("step", STEP),
    ("request", request::REQUEST),
    ("websocket", request::WEBSOCKET),
    ("turn", request::TURN),
    ("message", request::MESSAGE),
    ("expected-message", request::EXPECTED_MESSAGE),
    ("basic", request::BASIC),
    ("expect", expect::KEYS),
    ("capture", CAPTURE),
];

/// More is no patience any more.
const MOST_RETRIES: u32 = 10;
/// More steps than this nobody reads.
const MOST_STEPS: usize = 100;

/// Reads all journeys of a service.
pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Vec<Journey> {
    let Some(node) = node else { return Vec::new() };
    let Kind::Seq(items) = &node.kind else {
        problems.push(wrong_kind(node, "`journeys`", "a list, each item with `name` and `steps`"));
        return Vec::new();
    };
    items.iter().filter_map(|item| journey(item, problems)).collect()
}

fn journey(node: &Node, problems: &mut Problems) -> Option<Journey> {
    let fields = Fields::open(node, "a journey", JOURNEY, problems)?;
    let name = name(&fields, node, "journey", "what a user does, such as `sign in and chat`", problems);
    let needs = text::one_or_more(fields.get("needs"), problems);
    let entries = text::mapping(fields.get("variables"), "`variables`", "name: {env: NAME}", problems);
    let variables: Vec<_> = entries.iter().filter_map(|entry| variable(entry, problems)).collect();
    let retries = retries(fields.get("retries"), problems);
    let timeout = fields.get("timeout").and_then(|node| text::duration(node, problems));
    let mut steps: Vec<Step> = Vec::new();
    match fields.get("steps").map(|node| (&node.kind, node)) {
        Some((Kind::Seq(items), list)) if !items.is_empty() => {
            if items.len() > MOST_STEPS {
                let what = format!("a journey has at most {MOST_STEPS} steps");
                problems.push(text::bad("too-many-steps", list, what));
            }
            steps.extend(items.iter().take(MOST_STEPS).filter_map(|item| step(item, problems)));
        }
        Some((_, list)) => problems.push(wrong_kind(list, "`steps`", "a list with at least one step")),
        None => problems.push(
            Problem::error("missing-key", "this journey has no `steps`")
                .at(node.place.clone())
                .fix("a journey that does nothing proves nothing"),
        ),
    }
    unique(steps.iter().map(|step| &step.name), "step", problems);
    let timeout = timeout.unwrap_or(JOURNEY_TIMEOUT);
    Some(Journey { name: name?, needs, variables, retries, timeout, steps })
}

/// A name that can stand in the key of a check.
fn name(fields: &Fields<'_>, node: &Node, what: &str, fix: &str, problems: &mut Problems) -> Option<Stated> {
    let Some(stated) = fields.get("name") else {
        problems.push(
            Problem::error("missing-key", format!("this {what} has no `name`"))
                .at(node.place.clone())
                .fix(format!("`name` is {fix}")),
        );
        return None;
    };
    let stated = text::text(Some(stated), problems)?;
    let bad = |c: char| c.is_control() || matches!(c, '[' | ']' | '/');
    if stated.raw().chars().any(bad) || stated.raw().chars().count() > 80 {
        problems.push(
            Problem::error("bad-name", format!("a {what} cannot be called so"))
                .at(stated.place.clone())
                .fix("a name is one line of at most 80 characters without `/`, `[` and `]`"),
        );
        return None;
    }
    Some(stated)
}

/// Tells of names that come twice.
fn unique<'a>(names: impl Iterator<Item = &'a Stated>, what: &str, problems: &mut Problems) {
    let mut known: Vec<&Stated> = Vec::new();
    for name in names {
        match known.iter().find(|known| known.value == name.value) {
            Some(first) => problems.push(
                Problem::error("duplicate-name", format!("two {what}s are called `{}`", name.raw()))
                    .at(name.place.clone())
                    .length(name.raw().chars().count())
                    .related(first.place.clone(), "first here"),
            ),
            None => known.push(name),
        }
    }
}

fn retries(node: Option<&Node>, problems: &mut Problems) -> u32 {
    let Some(node) = node else { return 0 };
    match node.text().and_then(|text| text.parse().ok()).filter(|number| *number <= MOST_RETRIES) {
        Some(number) => number,
        None => {
            let expected = format!("a whole number up to {MOST_RETRIES}");
            problems.push(wrong_kind(node, "`retries`", &expected));
            0
        }
    }
}

fn variable(entry: &Entry, problems: &mut Problems) -> Option<JourneyVariable> {
    check_name(entry, problems)?;
    let node = &entry.value;
    let fields = Fields::open(node, &format!("`{}`", entry.key), VARIABLE, problems)?;
    let hosts = hosts(fields.get("hosts"), problems);
    let stated: Vec<&str> =
        ["env", "secret", "value"].into_iter().filter(|key| node.get(key).is_some()).collect();
    let [which] = stated[..] else {
        let message = format!("`{}` comes from one of `env`, `secret` and `value`", entry.key);
        let code = if stated.is_empty() { "missing-key" } else { "contradiction" };
        problems.push(text::bad(code, node, message));
        return None;
    };
    let text = text::text(fields.get(which).or(node.get(which)), problems)?;
    let source = match which {
        "env" if template::is_name(text.raw()) => VariableSource::Environment(text.raw().to_owned()),
        "env" => {
            // The value may stand there by mistake: it is not repeated.
            problems.push(
                Problem::error("bad-variable-name", "this is not the name of an environment variable")
                    .at(text.place.clone())
                    .fix("`env: E2E_PASSWORD` reads the gate's own environment; a plain text is a `value`"),
            );
            return None;
        }
        "secret" => secret(&text, problems)?,
        _ => VariableSource::Value(text.raw().to_owned()),
    };
    Some(JourneyVariable { name: entry.key.clone(), place: entry.place.clone(), source, hosts })
}

fn secret(text: &Stated, problems: &mut Problems) -> Option<VariableSource> {
    let full = text.raw().split_once("/versions/");
    match full.or_else(|| text.raw().rsplit_once(':')) {
        Some((secret, version)) if !secret.is_empty() && !version.is_empty() => {
            Some(VariableSource::Secret {
                secret: Stated::known(secret, text.place.clone()),
                version: Stated::known(version, text.place.clone()),
            })
        }
        Some(_) | None => {
            let name = text.raw().trim_end_matches(':');
            problems.push(
                Problem::error("secret-without-version", "this secret has no version")
                    .at(text.place.clone())
                    .length(text.raw().chars().count())
                    .fix(format!("write `{name}:1`, or `{name}:latest`")),
            );
            None
        }
    }
}

fn check_name(entry: &Entry, problems: &mut Problems) -> Option<()> {
    if template::is_name(&entry.key) {
        return Some(());
    }
    problems.push(
        Problem::error("bad-variable-name", format!("`{}` is no name of a variable", entry.key))
            .at(entry.place.clone())
            .length(entry.key.chars().count())
            .fix("a name has letters, digits and `_`, and no digit first"),
    );
    None
}

/// Hosts as URLs have them: no scheme, no path, no wildcard.
fn hosts(node: Option<&Node>, problems: &mut Problems) -> Vec<String> {
    let mut hosts = text::one_or_more(node, problems);
    hosts.retain(|host| {
        let text = host.raw();
        let parsed = url::Url::parse(&format!("https://{text}/"));
        let plain = !text.contains(['/', '@', '*', '?', '#']) && parsed.is_ok_and(|url| url.has_host());
        if !plain {
            problems.push(
                Problem::error("bad-host", format!("`{text}` is no host"))
                    .at(host.place.clone())
                    .length(text.chars().count())
                    .fix("write it as `idp.example.com`, with `:8443` where the port is not the usual one"),
            );
        }
        plain
    });
    hosts.iter().map(|host| host.raw().to_ascii_lowercase()).collect()
}

fn step(node: &Node, problems: &mut Problems) -> Option<Step> {
    let fields = Fields::open(node, "a step", STEP, problems)?;
    let name = name(&fields, node, "step", "what the step does, such as `get a token`", problems);
    let always = fields.get("always").and_then(|node| text::boolean(node, problems)).unwrap_or(false);
    let idempotent = fields.get("idempotent").and_then(|node| text::boolean(node, problems)).unwrap_or(false);
    let retries = retries(fields.get("retries"), problems);
    let timeout = fields.get("timeout").and_then(|node| text::duration(node, problems));
    let done = match (fields.get("request"), fields.get("websocket")) {
        (Some(_), Some(second)) => {
            problems.push(text::bad(
                "contradiction",
                second,
                "a step has `request` or `websocket`, not both",
            ));
            None
        }
        (Some(request), None) => self::request(node, &fields, request, problems),
        (None, Some(websocket)) => {
            if let Some(expect) = fields.get("expect") {
                problems.push(
                    text::bad("contradiction", expect, "a `websocket` has its expectations in `talk`")
                        .fix("`talk: [{send: …}, {expect: {json: \"$.reply\"}}, close]`"),
                );
            }
            request::websocket(websocket, problems)
                .map(|(head, protocol, talk)| (head, Act::WebSocket { protocol, talk }))
        }
        (None, None) => {
            problems.push(
                text::bad("missing-key", node, "this step has neither `request` nor `websocket`")
                    .fix("`request: {path: /auth/token}`"),
            );
            None
        }
    };
    let entries = text::mapping(fields.get("capture"), "`capture`", "name: $.path", problems);
    let captures: Vec<_> = entries.iter().filter_map(|entry| capture(entry, problems)).collect();
    let (head, act) = done?;
    let safe = match &act {
        Act::Request { method, .. } => matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        Act::WebSocket { .. } => false,
    };
    if retries > 0 && !(idempotent || safe) {
        problems.push(
            text::bad("retries-without-idempotent", fields.get("retries").unwrap_or(node), {
                "a step that may change something is repeated only where that does no harm"
            })
            .fix("add `idempotent: true` if it does none, or let the whole journey have the `retries`"),
        );
    }
    if let (Act::WebSocket { .. }, Some(header)) =
        (&act, captures.iter().find(|one| matches!(one.from, CaptureFrom::Header(_))))
    {
        problems.push(
            Problem::error("contradiction", "a message of a talk has no headers").at(header.place.clone()),
        );
    }
    let timeout = timeout.unwrap_or(STEP_TIMEOUT);
    Some(Step { name: name?, always, retries, timeout, head, act, captures })
}

fn request(
    node: &Node,
    fields: &Fields<'_>,
    request: &Node,
    problems: &mut Problems,
) -> Option<(crate::model::Head, Act)> {
    let expect = match fields.get("expect") {
        Some(expect) => expect::read(expect, problems),
        None => {
            problems.push(expect::empty(node));
            Expectation::default()
        }
    };
    let (head, method, body) = request::request(request, problems)?;
    if matches!(method.as_str(), "GET" | "HEAD") && body != Body::Nothing {
        problems.push(
            text::bad("contradiction", request, format!("{method} sends no body"))
                .fix("without `method`, a request with a body is a POST"),
        );
    }
    Some((head, Act::Request { method, body, expect }))
}

fn capture(entry: &Entry, problems: &mut Problems) -> Option<Capture> {
    check_name(entry, problems)?;
    let node = &entry.value;
    let made = |from, pattern, secret, hosts| Capture {
        variable: entry.key.clone(),
        place: entry.place.clone(),
        from,
        pattern,
        secret,
        hosts,
    };
    if node.text().is_some() {
        return Some(made(CaptureFrom::Json(query(node, problems)?), None, true, Vec::new()));
    }
    let fields = Fields::open(node, &format!("`{}`", entry.key), CAPTURE, problems)?;
    let pattern = patterns::pattern(fields.get("matches"), problems).map(|stated| stated.raw().to_owned());
    let secret = fields.get("secret").and_then(|node| text::boolean(node, problems)).unwrap_or(true);
    let hosts = hosts(fields.get("hosts"), problems);
    let whole = fields.get("body").and_then(|node| text::boolean(node, problems)).unwrap_or(false);
    let from = match (fields.get("json"), fields.get("header"), whole) {
        (Some(node), None, false) => CaptureFrom::Json(query(node, problems)?),
        (None, Some(node), false) => {
            let name = text::text(Some(node), problems)?;
            if !patterns::is_header_name(name.raw()) {
                problems.push(patterns::bad_header(name.raw(), &name.place));
                return None;
            }
            CaptureFrom::Header(name.raw().to_ascii_lowercase())
        }
        // A pattern alone is one in the body.
        (None, None, _) if whole || pattern.is_some() => CaptureFrom::Body,
        (None, None, _) => {
            let message = format!("`{}` says neither `json`, `header` nor `matches`", entry.key);
            problems.push(text::bad("missing-key", node, message));
            return None;
        }
        (Some(_), Some(_), _) | (Some(_), None, true) | (None, Some(_), true) => {
            let message = format!("`{}` is found in one place", entry.key);
            problems.push(text::bad("contradiction", node, message));
            return None;
        }
    };
    Some(made(from, pattern, secret, hosts))
}

fn query(node: &Node, problems: &mut Problems) -> Option<String> {
    let stated = text::text(Some(node), problems)?;
    if JsonPath::parse(stated.raw()).is_ok() {
        return Some(stated.raw().to_owned());
    }
    problems.push(
        text::bad("bad-query", node, "this is no JSONPath query (RFC 9535)")
            .fix("such as `$.access_token` or `$.items[0].id`"),
    );
    None
}

/// Whether a talk's turns end in a `close`; what comes after it could not be said.
fn after_close(talk: &[Turn]) -> bool {
    talk.iter().position(|turn| *turn == Turn::Close).is_some_and(|at| at + 1 < talk.len())
}

/// All journeys of the services of a file.
fn all(services: &[Service]) -> impl Iterator<Item = &Journey> {
    services.iter().flat_map(|service| &service.journeys)
}

#[cfg(test)]
mod tests;

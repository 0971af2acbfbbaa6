//! `health:` of the native format.

use super::fields::Fields;
use super::{expect, patterns, text};
use crate::model::{Degraded, HealthExpectation, Stated};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;

pub(super) const KEYS: &[&str] = &[
    "path",
    "status",
    "expect",
    "headers",
    "body",
    "revision",
    "commit",
    "window",
    "interval",
    "successes",
    "latency",
    "degraded",
];

/// Reads it; what it does not say keeps its default.
pub(super) fn read(node: &Node, problems: &mut Problems) -> HealthExpectation {
    let mut health = HealthExpectation::default();
    let Some(fields) = Fields::open(node, "`health`", KEYS, problems) else { return health };
    health.path = path(fields.get("path"), problems);
    health.statuses = expect::statuses(fields.get("status"), problems);
    health.conditions = text::one_or_more(fields.get("expect"), problems);
    health.conditions.retain(|condition| expect::is_query(condition, problems));
    health.headers = expect::headers(fields.get("headers"), problems);
    health.body = patterns::pattern(fields.get("body"), problems);
    health.revision = expect::revision(fields.get("revision"), problems);
    health.commit = expect::commit(fields.get("commit"), problems);
    let mut duration = |key: &str| fields.get(key).and_then(|node| text::duration(node, problems));
    health.window = duration("window").unwrap_or(health.window);
    health.interval = duration("interval").unwrap_or(health.interval);
    health.latency = duration("latency");
    if let Some(node) = fields.get("successes") {
        health.successes = text::count(node, problems).unwrap_or(health.successes);
    }
    let degraded = text::one_of(fields.get("degraded"), &["fail", "pass"], problems);
    health.degraded = match degraded.as_ref().map(Stated::raw) {
        Some("pass") => Degraded::Pass,
        Some(_) | None => Degraded::Fail,
    };
    // Successes in a row have pauses between them, which must fit.
    let least = health.interval.saturating_mul(health.successes.saturating_sub(1));
    if least > health.window {
        problems.push(
            Problem::error("window-too-short", "the window ends before so many successes can come")
                .at(fields.get("window").or(fields.get("successes")).unwrap_or(node).place.clone())
                .fix("make `window` longer, or `successes` or `interval` smaller"),
        );
    }
    health
}

fn path(node: Option<&Node>, problems: &mut Problems) -> Option<Stated> {
    let stated = text::text(node, problems)?;
    if stated.raw().starts_with('/') && !stated.raw().starts_with("//") {
        return Some(stated);
    }
    let bare = stated.raw().trim_start_matches('/').to_owned();
    problems.push(
        Problem::error("bad-path", "a health path begins with one `/`")
            .at(stated.place.clone())
            .length(stated.raw().chars().count())
            .fix(if bare.contains("://") {
                "the host goes to `url`, the rest to `path`".to_owned()
            } else {
                format!("write `/{bare}`")
            }),
    );
    None
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::ToldBy;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    fn read_text(text: &str) -> (HealthExpectation, Vec<&'static str>) {
        let documents = yaml::parse(&Source::new("a", text)).unwrap();
        let mut problems = Problems::default();
        let health = read(&documents[0], &mut problems);
        (health, problems.iter().map(|problem| problem.code).collect())
    }

    #[test]
    fn reads_every_key() {
        let (health, problems) = read_text(
            "path: /auth/health\nstatus: [200, 204]\nexpect: \"$[?@ == 'healthy']\"\nwindow: 2m\ninterval: 500ms\nsuccesses: 3\nlatency: 1s\ndegraded: pass\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(health.path.unwrap().raw(), "/auth/health");
        assert_eq!(health.statuses, [200, 204]);
        assert_eq!(health.conditions.len(), 1);
        assert_eq!(health.window, Duration::from_secs(120));
        assert_eq!(health.interval, Duration::from_millis(500));
        assert_eq!((health.successes, health.degraded), (3, Degraded::Pass));
        assert_eq!(health.latency, Some(Duration::from_secs(1)));
    }

    #[test]
    fn reads_what_else_is_expected() {
        let (health, problems) = read_text(
            "headers: {content-type: 'application/json.*', x-a: b}\nbody: 'ready|up'\nrevision: {header: x-revision}\ncommit: {json: $.commit, env: GITHUB_SHA}\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(health.headers.len(), 2);
        assert_eq!(health.headers[0].pattern.place.line, 1);
        assert_eq!(health.body.unwrap().raw(), "ready|up");
        assert!(matches!(health.revision, Some(ToldBy::Header(name)) if name.raw() == "x-revision"));
        let commit = health.commit.unwrap();
        assert_eq!((commit.commit.as_known(), commit.commit.raw()), (None, "$GITHUB_SHA"));
        let (health, _) = read_text("commit: {header: x-commit, equals: 1a2b3c4}\n");
        assert_eq!(health.commit.unwrap().commit.as_known(), Some("1a2b3c4"));
    }

    #[test]
    fn what_could_never_be_met_is_told() {
        for (text, code) in [
            ("headers: {'x y': a}\n", "bad-header"),
            ("headers: {x: '('}\n", "bad-pattern"),
            ("headers: [x]\n", "wrong-kind"),
            ("body: '[a'\n", "bad-pattern"),
            ("revision: x-revision\n", "wrong-kind"),
            ("revision: {}\n", "missing-key"),
            ("revision: {header: a, json: $.a}\n", "missing-key"),
            ("revision: {json: 'revision'}\n", "bad-query"),
            ("revision: {haeder: a}\n", "unknown-key"),
            ("commit: {header: a}\n", "missing-key"),
            ("commit: {header: a, equals: main}\n", "bad-commit"),
            ("commit: {header: a, equals: 1a2b3c4, env: X}\n", "missing-key"),
        ] {
            assert_eq!(read_text(text).1[0], code, "{text}");
        }
    }

    #[test]
    fn what_is_not_said_keeps_its_default() {
        assert_eq!(read_text("path: /h\nstatus: 200\n").0.window, HealthExpectation::default().window);
    }

    #[test]
    fn bad_values_are_told() {
        assert_eq!(
            read_text(
                "path: health\nstatus: ok\nexpect: ['$[', '$.a']\nwindow: 2\nsuccesses: 0\ndegraded: maybe\n"
            )
            .1,
            ["bad-path", "wrong-kind", "bad-query", "bad-duration", "wrong-kind", "unknown-value"]
        );
        assert_eq!(read_text("window: 2s\ninterval: 1s\nsuccesses: 5\n").1, ["window-too-short"]);
        assert_eq!(read_text("status: []\n").1, ["wrong-kind"]);
    }
}

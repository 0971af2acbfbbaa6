//! What `health:` expects beside the words of the body: status codes, header lines, a pattern, the revision or commit
//! that answers.

use serde_json_path::JsonPath;

use super::fields::{Fields, wrong_kind};
use super::patterns::{bad_header, is_header_name, pattern};
use super::text;
use crate::model::{CommitExpectation, HeaderExpectation, Stated, ToldBy};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;

/// Keys of `revision:`.
pub(super) const REVISION: &[&str] = &["header", "json"];
/// Keys of `commit:`.
pub(super) const COMMIT: &[&str] = &["header", "json", "equals", "env"];

/// A list of status codes, or one.
pub(super) fn statuses(node: Option<&Node>, problems: &mut Problems) -> Vec<u16> {
    let Some(node) = node else { return Vec::new() };
    let nodes = if node.text().is_some() { std::slice::from_ref(node) } else { node.items() };
    if nodes.is_empty() {
        problems.push(wrong_kind(node, "`status`", "a status code, or a list of them"));
    }
    let mut codes = Vec::new();
    for node in nodes {
        match node.text().and_then(|text| text.parse().ok()).filter(|code| (100..600).contains(code)) {
            Some(code) => codes.push(code),
            None => problems.push(wrong_kind(node, "`status`", "an HTTP status code, such as 200")),
        }
    }
    codes
}

/// `headers: {NAME: PATTERN}`.
pub(super) fn headers(node: Option<&Node>, problems: &mut Problems) -> Vec<HeaderExpectation> {
    let mut headers = Vec::new();
    for entry in text::mapping(node, "`headers`", "content-type: application/json.*", problems) {
        let name = Stated::known(entry.key.as_str(), entry.place.clone());
        if !is_header_name(&entry.key) {
            problems.push(bad_header(&entry.key, &entry.place));
            continue;
        }
        if let Some(pattern) = pattern(Some(&entry.value), problems) {
            headers.push(HeaderExpectation { name, pattern });
        }
    }
    headers
}

/// A JSONPath query.
pub(super) fn is_query(condition: &Stated, problems: &mut Problems) -> bool {
    if JsonPath::parse(condition.raw()).is_ok() {
        return true;
    }
    problems.push(
        Problem::error("bad-query", "this is no JSONPath query (RFC 9535)")
            .at(condition.place.clone())
            .length(condition.raw().chars().count())
            .fix("such as `$[?@.status == 'healthy']` or `$.checks[?@.name == 'db' && @.ok == true]`"),
    );
    false
}

/// `revision: {header: NAME}` or `{json: PATH}`.
pub(super) fn revision(node: Option<&Node>, problems: &mut Problems) -> Option<ToldBy> {
    let node = node?;
    let fields = Fields::open(node, "`revision`", REVISION, problems)?;
    told_by(&fields, node, "`revision`", problems)
}

/// `commit: {header: NAME, equals: SHA}`, or `env: NAME` in the place of `equals`.
pub(super) fn commit(node: Option<&Node>, problems: &mut Problems) -> Option<CommitExpectation> {
    let node = node?;
    let fields = Fields::open(node, "`commit`", COMMIT, problems)?;
    let told_by = told_by(&fields, node, "`commit`", problems);
    let commit = match (fields.get("equals"), fields.get("env")) {
        (Some(_), None) => text::text(fields.get("equals"), problems).filter(|stated| {
            let digits = stated.raw().len();
            let good = digits >= SHORTEST_COMMIT && stated.raw().bytes().all(|byte| byte.is_ascii_hexdigit());
            if !good {
                problems.push(
                    Problem::error("bad-commit", "this is no commit")
                        .at(stated.place.clone())
                        .length(stated.raw().chars().count())
                        .fix("seven to forty hexadecimal digits; `env: GITHUB_SHA` takes it from the environment"),
                );
            }
            good
        }),
        (None, Some(name)) => text::text(Some(name), problems)
            .map(|stated| Stated::unresolved(format!("${}", stated.raw()), stated.place)),
        (Some(_), Some(_)) | (None, None) => {
            problems.push(
                Problem::error("missing-key", "`commit` needs one of `equals` and `env`")
                    .at(node.place.clone())
                    .fix("`equals: 1a2b3c4`, or `env: GITHUB_SHA` for the commit that the pipeline runs for"),
            );
            None
        }
    };
    Some(CommitExpectation { told_by: told_by?, commit: commit? })
}

/// Fewer digits of a commit name too many.
const SHORTEST_COMMIT: usize = 7;

fn told_by(fields: &Fields<'_>, node: &Node, key: &str, problems: &mut Problems) -> Option<ToldBy> {
    match (fields.get("header"), fields.get("json")) {
        (Some(header), None) => {
            let name = text::text(Some(header), problems)?;
            if is_header_name(name.raw()) {
                return Some(ToldBy::Header(name));
            }
            problems.push(wrong_kind(header, "`header`", "the name of a header, such as x-revision"));
            None
        }
        (None, Some(json)) => {
            let path = text::text(Some(json), problems)?;
            is_query(&path, problems).then_some(ToldBy::Json(path))
        }
        (Some(_), Some(_)) | (None, None) => {
            problems.push(
                Problem::error("missing-key", format!("{key} needs one of `header` and `json`"))
                    .at(node.place.clone())
                    .fix("where the answer tells it: `header: x-revision`, or `json: $.revision`"),
            );
            None
        }
    }
}

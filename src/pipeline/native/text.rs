//! Single values of the native format.

use std::time::Duration;

use super::fields::wrong_kind;
use crate::model::Stated;
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::{Entry, Kind, Node};
use crate::text::nearest;

/// A problem with a value, at its place.
pub(super) fn bad(code: &'static str, node: &Node, message: impl Into<String>) -> Problem {
    Problem::error(code, message).at(node.place.clone()).length(node.length)
}

/// A text with something in it.
pub(super) fn text(node: Option<&Node>, problems: &mut Problems) -> Option<Stated> {
    let node = node?;
    match node.text() {
        Some(text) if !text.trim().is_empty() && !node.is_null() => {
            Some(Stated::known(text, node.place.clone()))
        }
        Some(_) => {
            problems.push(
                bad("empty-value", node, "this value is empty").fix("leave the key out, or fill it in"),
            );
            None
        }
        None => {
            problems.push(wrong_kind(node, "this value", "a text"));
            None
        }
    }
}

/// A list of texts.
pub(super) fn list(node: Option<&Node>, problems: &mut Problems) -> Vec<Stated> {
    let Some(node) = node else { return Vec::new() };
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(|item| text(Some(item), problems)).collect(),
        Kind::Scalar { .. } | Kind::Map(_) => {
            problems.push(wrong_kind(node, "this value", "a list (`[a, b]`)"));
            Vec::new()
        }
    }
}

/// A text, or a list of texts.
pub(super) fn one_or_more(node: Option<&Node>, problems: &mut Problems) -> Vec<Stated> {
    match node {
        Some(one) if one.text().is_some() => text(node, problems).into_iter().collect(),
        Some(_) | None => list(node, problems),
    }
}

/// The entries of a mapping.
pub(super) fn mapping<'a>(
    node: Option<&'a Node>,
    key: &str,
    shape: &str,
    problems: &mut Problems,
) -> &'a [Entry] {
    match node.map(|node| (&node.kind, node)) {
        Some((Kind::Map(entries), _)) => entries,
        Some((Kind::Seq(_) | Kind::Scalar { .. }, node)) => {
            problems.push(wrong_kind(node, key, &format!("a mapping (`{shape}`)")));
            &[]
        }
        None => &[],
    }
}

/// One of some words.
pub(super) fn one_of(
    node: Option<&Node>,
    words: &'static [&'static str],
    problems: &mut Problems,
) -> Option<Stated> {
    let stated = text(node, problems)?;
    if words.contains(&stated.raw()) {
        return Some(stated);
    }
    problems.push(
        Problem::error("unknown-value", format!("`{}` is not known here", stated.raw()))
            .at(stated.place.clone())
            .length(stated.raw().chars().count())
            .fix(nearest::did_you_mean(stated.raw(), words.iter().copied())),
    );
    None
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node, problems: &mut Problems) -> Option<bool> {
    match node.text() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) | None => {
            problems.push(wrong_kind(node, "this value", "`true` or `false`"));
            None
        }
    }
}

/// A whole number from 1 on.
pub(super) fn count(node: &Node, problems: &mut Problems) -> Option<u32> {
    let number = node.text().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    if number.is_none() {
        problems.push(wrong_kind(node, "this value", "a whole number, at least 1"));
    }
    number
}

/// `500ms`, `90s`, `2m`, `1h`: a whole number and its unit, more than nothing and at most a day.
pub(super) fn duration(node: &Node, problems: &mut Problems) -> Option<Duration> {
    let parsed = node.text().and_then(|text| super::super::duration::duration(text).ok());
    if parsed.is_none() {
        let written = node.text().map_or_else(|| node.what().to_owned(), |text| format!("`{text}`"));
        problems.push(
            bad("bad-duration", node, format!("{written} is not a duration"))
                .fix(format!("write {}", super::super::duration::FORM)),
        );
    }
    parsed
}

/// An `http` or `https` URL with a host.
pub(super) fn url(node: Option<&Node>, problems: &mut Problems) -> Option<Stated> {
    let stated = text(node, problems)?;
    let why = match url::Url::parse(stated.raw()) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => format!("its scheme is `{}`", url.scheme()),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            "it holds credentials".to_owned()
        }
        Ok(_) => return Some(stated),
        Err(error) => error.to_string(),
    };
    problems.push(
        Problem::error("bad-url", format!("this is no URL of a service: {why}"))
            .at(stated.place.clone())
            .length(stated.raw().chars().count())
            .fix("write it as `https://auth-staging-abc.a.run.app`"),
    );
    None
}

/// `project:region:instance`; a project may have a domain in front (`example.com:p`).
pub(super) fn check_instance(instance: &Stated, problems: &mut Problems) {
    let parts: Vec<_> = instance.raw().split(':').collect();
    if !(3..=4).contains(&parts.len()) || parts.iter().any(|part| part.is_empty()) {
        problems.push(
            Problem::error("bad-instance", format!("`{}` is no Cloud SQL connection name", instance.raw()))
                .at(instance.place.clone())
                .length(instance.raw().chars().count())
                .fix("write it as `project:region:instance`"),
        );
    }
}

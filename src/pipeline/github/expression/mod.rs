//! `${{ … }}`: where expressions stand in a text, and the text with everything put in that the files define.
//!
//! GitHub's grammar is parsed, never searched by pattern. What only the run can tell (secrets, variables of the
//! repository, outputs of steps) keeps its expression as it is written.

mod evaluate;
mod functions;
mod scalar;

use std::ops::Range;

use github_actions_expressions::context::Context;
use github_actions_expressions::{Error, Evaluation, Expr, SpannedExpr};

use super::scope::Names;
use crate::model::Place;
use crate::pipeline::text::{Open, Part, Text};
pub(super) use evaluate::shown;
use evaluate::{Assume, Evaluator};
pub(super) use scalar::{evaluation, scalar};

/// The longest expression that is parsed, in bytes; GitHub itself takes 21,000 characters.
const LONGEST_EXPRESSION: usize = 4096;
/// The longest text that definitions may expand to, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;
/// The longest text that an expression may fall back to, in bytes.
const LONGEST_FALLBACK: usize = 1024;
/// The longest text whose expressions are looked into, in bytes, and how many of them.
const LONGEST_SOURCE: usize = 256 * 1024;
const MOST_EXPRESSIONS: usize = 4096;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(Range<usize>),
    /// Where an expression stands, and what stands between its braces; nothing if it is not closed.
    Expression(Range<usize>, &'t str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("${{")).map(|at| from + at) {
        if at > from {
            pieces.push(Piece::Text(from..at));
        }
        let inner = text.get(at + 3..).unwrap_or_default();
        match end_of(inner) {
            Some(length) => {
                from = at + length + 5;
                let body = inner.get(..length).unwrap_or_default();
                pieces.push(Piece::Expression(at..from, body.trim()));
            }
            None => {
                from = text.len();
                pieces.push(Piece::Expression(at..from, ""));
            }
        }
    }
    if from < text.len() {
        pieces.push(Piece::Text(from..text.len()));
    }
    pieces
}

/// Where an expression's `}}` stands; not one within a string literal (`'}}'`).
fn end_of(inner: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'}' if !quoted && inner.as_bytes().get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
    }
    None
}

fn parse(body: &str) -> Option<SpannedExpr<'_>> {
    (body.len() <= LONGEST_EXPRESSION).then(|| Expr::parse(body).ok()).flatten()
}

/// The text with everything put in that `env`, the given inputs and the matrix define; what is left of expressions is
/// open.
pub(super) fn resolve(text: &Text, names: &dyn Names) -> Text {
    let mut whole = Text::new(text.place().clone());
    let mut weighs = 0;
    let mut start = 0;
    for part in text.parts() {
        match part {
            Part::Known(known) if is_too_long(known) => {
                whole.push(&Text::open(known, Open::default(), text.place_at(start)));
                start += known.len();
            }
            Part::Known(known) => {
                for (number, piece) in pieces(known).into_iter().enumerate() {
                    let put = match piece {
                        Piece::Text(range) => text.slice(start + range.start, start + range.end),
                        Piece::Expression(range, body) => {
                            let place = text.place_at(start + range.start);
                            let value = if number < MOST_EXPRESSIONS {
                                put_in(body, &place, names, LONGEST.saturating_sub(weighs))
                            } else {
                                Err(Open::default())
                            };
                            let written = known.get(range).unwrap_or_default();
                            value.unwrap_or_else(|open| Text::open(written, open, place))
                        }
                    };
                    weighs += weight(&put);
                    whole.push(&put);
                }
                start += known.len();
            }
            Part::Open(expression, _) => {
                whole.push(&text.slice(start, start + expression.len()));
                start += expression.len();
            }
        }
    }
    whole
}

/// Whether a text is too long for its expressions to be looked into: all of it is open then.
pub(super) fn is_too_long(text: &str) -> bool {
    text.len() > LONGEST_SOURCE && text.contains("${{")
}

/// What an expression becomes, if that is known and no longer than allowed.
fn put_in(body: &str, place: &Place, names: &dyn Names, longest: usize) -> Result<Text, Open> {
    let Some(parsed) = parse(body) else { return Err(Open::default()) };
    let value = Evaluator { names, assume: Assume::Nothing }.text(&parsed, place);
    if let Some(template) = value.as_ref().and_then(Text::as_known).filter(|text| is_to_fill_in(text)) {
        return Ok(Text::open(template, Open::default(), place.clone()));
    }
    value.filter(|value| weight(value) <= longest).ok_or_else(|| {
        let value = Evaluator { names, assume: Assume::Unset }.evaluate(&parsed);
        let fallback = value.as_ref().and_then(shown).filter(|text| text.len() <= LONGEST_FALLBACK);
        let url_of = path(&parsed).and_then(|path| names.url_of(&path));
        Open { fallback, url_of, ..Open::default() }
    })
}

/// Whether a text is a template's place for a value: `<PROJECT_ID>`. A shell must not take it for a redirection.
fn is_to_fill_in(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.is_some_and(|inner| {
        inner.starts_with(|c: char| c.is_ascii_alphabetic()) && !inner.contains(['<', '>', '\n'])
    })
}

/// How much a text holds, with what its parts fall back to.
pub(super) fn weight(text: &Text) -> usize {
    text.parts()
        .map(|part| match part {
            Part::Known(text) => text.len(),
            Part::Open(expression, open) => expression.len() + open.fallback.as_ref().map_or(0, String::len),
        })
        .sum()
}

/// The parts of an expression that reads one context: `steps.deploy.outputs.url`, in lower case.
fn path(parsed: &SpannedExpr<'_>) -> Option<Vec<String>> {
    let Expr::Context(context) = &parsed.inner else { return None };
    Some(context.as_pattern()?.split('.').map(str::to_owned).collect())
}

/// Whether a text is one expression that reads a context: `steps.deploy.outputs.url`.
pub(super) fn reads(text: &str, context: &str) -> bool {
    let pieces = pieces(text.trim());
    let [Piece::Expression(_, body)] = pieces.as_slice() else { return false };
    let read = parse(body).and_then(|parsed| path(&parsed));
    read.is_some_and(|read| read.join(".").eq_ignore_ascii_case(context))
}

/// The value of a text that is one expression, where it is known.
pub(super) fn value(text: &str, names: &dyn Names) -> Option<Evaluation> {
    let text = text.trim();
    let pieces = pieces(text);
    let [Piece::Expression(_, body)] = pieces.as_slice() else { return None };
    Evaluator { names, assume: Assume::Nothing }.evaluate(&parse(body)?)
}

/// Whether an `if:` holds, where that can be told. It is an expression with or without braces.
pub(super) fn condition(text: &str, names: &dyn Names) -> Option<bool> {
    let text = text.trim();
    let body = match pieces(text).as_slice() {
        [] => return None,
        [Piece::Text(_)] => text,
        [Piece::Expression(_, body)] => *body,
        // Text around an expression makes it a text, and a text is true; GitHub warns of it.
        _ => return Some(true),
    };
    Evaluator { names, assume: Assume::Nothing }.truth(&parse(body)?)
}

/// Whether what is left open of a text refers to a context, such as `matrix`.
pub(super) fn refers_to(text: &str, context: &str) -> bool {
    pieces(text).iter().any(|piece| match piece {
        Piece::Text(_) => false,
        Piece::Expression(_, body) => parse(body)
            .is_some_and(|parsed| parsed.contexts().iter().any(|(found, _)| head_is(found, context))),
    })
}

fn head_is(found: &Context<'_>, name: &str) -> bool {
    found
        .parts
        .first()
        .is_some_and(|part| matches!(&part.inner, Expr::Identifier(identifier) if identifier == name))
}

/// The first expression of a text that GitHub would refuse: where it stands in the text, and why.
pub(super) fn broken(text: &str) -> Option<(Range<usize>, String)> {
    pieces(text).into_iter().find_map(|piece| {
        let Piece::Expression(range, body) = piece else { return None };
        if !text.get(range.clone())?.ends_with("}}") {
            return Some((range, "it is not closed by `}}`".to_owned()));
        }
        if body.len() > LONGEST_EXPRESSION {
            return None;
        }
        let why = match Expr::parse(body).err()? {
            Error::Syntax(error) => error.message.to_owned(),
            Error::Depth => "it is nested too deeply".to_owned(),
            Error::Call(error) => error.to_string().to_lowercase(),
        };
        Some((range, why))
    })
}

#[cfg(test)]
mod tests;

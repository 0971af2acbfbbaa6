//! `host=… user=… password='…'` of libpq, and `Host=…;Username=…` of .NET.

use super::{Dsn, DsnForm, DsnProblem, Parts};

/// Reads either form.
pub(super) fn parse(text: &str) -> Result<Dsn, DsnProblem> {
    if !text.contains('=') {
        return Err(DsnProblem::Form);
    }
    // libpq's values end at a blank; only .NET's lists have `;` before the second `=`.
    let second = text.match_indices('=').nth(1).map_or(text.len(), |(at, _)| at);
    if text[..second].contains(';') { semicolons(text) } else { blanks(text) }
}

fn semicolons(text: &str) -> Result<Dsn, DsnProblem> {
    let mut parts = Parts::of(DsnForm::Semicolons);
    let mut rest = text;
    while !rest.trim().is_empty() {
        let place = text.len() - rest.len() + 1;
        let Some((key, after)) = rest.split_once('=') else {
            return Err(DsnProblem::NoEquals { position: place });
        };
        let after = after.trim_start();
        // A value in quotation marks may hold semicolons; a doubled mark stands for itself.
        let value = match after.chars().next().filter(|mark| matches!(mark, '"' | '\'')) {
            Some(mark) => {
                let position = text.len() - after.len() + 1;
                let (value, left) = quoted(&after[1..], mark).ok_or(DsnProblem::OpenQuote { position })?;
                rest = left.split_once(';').map_or("", |(_, left)| left);
                value
            }
            None => {
                let (value, left) = after.split_once(';').unwrap_or((after, ""));
                rest = left;
                value.trim().to_owned()
            }
        };
        parts.set(key.trim(), value)?;
    }
    parts.finish()
}

/// The value up to its closing mark, and what comes after.
fn quoted(text: &str, mark: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if character != mark {
            value.push(character);
        } else if characters.next_if(|(_, next)| *next == mark).is_some() {
            value.push(mark);
        } else {
            return Some((value, &text[at + 1..]));
        }
    }
    None
}

fn blanks(text: &str) -> Result<Dsn, DsnProblem> {
    let mut parts = Parts::of(DsnForm::Pairs);
    for (key, value) in split(text)? {
        parts.set(&key, value)?;
    }
    parts.finish()
}

/// The keys and values of `key=value key='value'`, as libpq cuts them.
pub(in crate::connection) fn split(text: &str) -> Result<Vec<(String, String)>, DsnProblem> {
    let mut pairs = Vec::new();
    let mut characters = text.char_indices().peekable();
    loop {
        while characters.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
        let Some(&(start, _)) = characters.peek() else { return Ok(pairs) };
        let mut key = String::new();
        while let Some((_, c)) = characters.next_if(|(_, c)| *c != '=' && !c.is_ascii_whitespace()) {
            key.push(c);
        }
        while characters.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
        if characters.next_if(|(_, c)| *c == '=').is_none() {
            return Err(DsnProblem::NoEquals { position: start + 1 });
        }
        while characters.next_if(|(_, c)| c.is_ascii_whitespace()).is_some() {}
        let open = characters.next_if(|(_, c)| *c == '\'').map(|(at, _)| at);
        let mut value = String::new();
        let mut closed = false;
        while let Some((_, c)) = characters.next_if(|(_, c)| open.is_some() || !c.is_ascii_whitespace()) {
            match c {
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                '\'' if open.is_some() => {
                    closed = true;
                    break;
                }
                other => value.push(other),
            }
        }
        match open {
            Some(at) if !closed => return Err(DsnProblem::OpenQuote { position: at + 1 }),
            Some(_) | None => pairs.push((key, value)),
        }
    }
}

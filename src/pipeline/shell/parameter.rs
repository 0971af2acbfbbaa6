//! `${…}`: what a parameter stands for, as far as the script tells.

use std::rc::Rc;

use brush_parser::ast::UnexpandedArithmeticExpr;
use brush_parser::word::{
    Parameter, ParameterExpr, ParameterTestType, ParameterTransformOp, SpecialParameter, SubstringMatchKind,
};

use super::machine::{Machine, State, Variable};
use super::pattern::{self, At};
use super::source::{Located, Script};
use crate::pipeline::text::{Open, Part, Text};

/// What an expansion gives.
pub(super) enum Value {
    /// One text; without quotes, blanks in it separate words.
    One(Text),
    /// Words of their own.
    Many(Vec<Text>),
}

/// What is known of a parameter.
enum Held {
    Text(Text),
    Array(Vec<Text>),
    /// Something that only the run can tell.
    Opaque(Open),
    /// Nothing in the file sets it.
    Missing,
    /// Surely not set.
    Unset,
}

impl Machine<'_> {
    /// What a parameter expansion gives. What is not known stays as it is written.
    pub(super) fn parameter(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        written: &Located,
        expression: &ParameterExpr,
    ) -> Value {
        let open = |open: Open| Value::One(written.open(script, 0, written.text.len(), open));
        let place = script.place(written.offset(0));
        match expression {
            ParameterExpr::Parameter { parameter, indirect }
            | ParameterExpr::IndicateErrorIfNullOrUnset { parameter, indirect, .. } => {
                match self.held(state, parameter, *indirect) {
                    Held::Text(text) => Value::One(text.moved_to(&place)),
                    Held::Array(items) => Value::Many(items),
                    Held::Opaque(hidden) => open(hidden),
                    Held::Missing => open(Open::default()),
                    Held::Unset => Value::One(Text::new(place)),
                }
            }
            ParameterExpr::UseDefaultValues { parameter, indirect, test_type, default_value }
            | ParameterExpr::AssignDefaultValues { parameter, indirect, test_type, default_value } => {
                let word = Located::near(default_value.as_deref().unwrap_or_default(), written.offset(0));
                let default = self.single(script, state, &word);
                let fallback = default.fallen_back();
                let null_counts = matches!(test_type, ParameterTestType::UnsetOrNull);
                let value = match self.held(state, parameter, *indirect) {
                    Held::Text(text) if text.is_empty() && null_counts => default,
                    Held::Text(text) => with_fallback(&text.moved_to(&place), fallback.as_deref()),
                    Held::Array(items) if items.is_empty() => default,
                    Held::Array(items) => return Value::Many(items),
                    Held::Unset => default,
                    Held::Opaque(hidden) => return open(Open { fallback, ..hidden }),
                    Held::Missing => return open(Open { fallback, ..Open::default() }),
                };
                if let (ParameterExpr::AssignDefaultValues { .. }, Parameter::Named(name)) =
                    (expression, parameter)
                {
                    self.set(state, name, Variable::Text(value.clone()));
                }
                Value::One(value)
            }
            ParameterExpr::UseAlternativeValue { parameter, indirect, test_type, alternative_value } => {
                let null_counts = matches!(test_type, ParameterTestType::UnsetOrNull);
                match self.held(state, parameter, *indirect) {
                    Held::Text(text) if text.is_empty() && null_counts => Value::One(text),
                    Held::Array(items) if items.is_empty() => Value::Many(items),
                    Held::Unset => Value::One(Text::new(place)),
                    Held::Missing => open(Open::default()),
                    // Its own presence counts as given.
                    Held::Text(_) | Held::Array(_) | Held::Opaque(_) => {
                        let text = alternative_value.as_deref().unwrap_or_default();
                        let mut words = self.fields(script, state, &Located::near(text, written.offset(0)));
                        match words.len() {
                            1 => words.pop().map_or_else(|| open(Open::default()), Value::One),
                            _ => Value::Many(words),
                        }
                    }
                }
            }
            ParameterExpr::ParameterLength { parameter, indirect } => {
                let length = match self.held(state, parameter, *indirect) {
                    Held::Text(text) => text.as_known().map(|text| text.chars().count()),
                    Held::Array(items) => Some(items.len()),
                    Held::Opaque(_) | Held::Missing | Held::Unset => None,
                };
                length.map_or_else(
                    || open(Open::default()),
                    |length| Value::One(Text::known(length.to_string(), place)),
                )
            }
            ParameterExpr::VariableNames { .. } | ParameterExpr::MemberKeys { .. } => open(Open::default()),
            ParameterExpr::RemoveSmallestSuffixPattern { parameter, indirect, .. }
            | ParameterExpr::RemoveLargestSuffixPattern { parameter, indirect, .. }
            | ParameterExpr::RemoveSmallestPrefixPattern { parameter, indirect, .. }
            | ParameterExpr::RemoveLargestPrefixPattern { parameter, indirect, .. }
            | ParameterExpr::Substring { parameter, indirect, .. }
            | ParameterExpr::Transform { parameter, indirect, .. }
            | ParameterExpr::UppercaseFirstChar { parameter, indirect, .. }
            | ParameterExpr::UppercasePattern { parameter, indirect, .. }
            | ParameterExpr::LowercaseFirstChar { parameter, indirect, .. }
            | ParameterExpr::LowercasePattern { parameter, indirect, .. }
            | ParameterExpr::ReplaceSubstring { parameter, indirect, .. } => {
                let held = self.held(state, parameter, *indirect);
                let url_of = match &held {
                    Held::Text(text) => url_of(text),
                    Held::Opaque(hidden) => hidden.url_of.clone(),
                    Held::Array(_) | Held::Missing | Held::Unset => None,
                };
                let known = match held {
                    Held::Text(text) => text.as_known(),
                    Held::Unset => Some(String::new()),
                    Held::Array(_) | Held::Opaque(_) | Held::Missing => None,
                };
                let changed = known.and_then(|text| self.changed(script, state, written, expression, &text));
                changed.map_or_else(
                    || open(Open { url_of, ..Open::default() }),
                    |text| Value::One(Text::known(text, place)),
                )
            }
        }
    }

    /// What a changing expansion makes of a known text; `None` where that is not decided.
    fn changed(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        written: &Located,
        expression: &ParameterExpr,
        text: &str,
    ) -> Option<String> {
        let mut known = |word: &Option<String>| {
            let word = Located::near(word.as_deref().unwrap_or_default(), written.offset(0));
            self.single(script, state, &word).as_known()
        };
        // `${X^^}` has the empty pattern, which stands for every character.
        let every = |pattern: &Option<String>| pattern.as_deref().unwrap_or_default().is_empty();
        match expression {
            ParameterExpr::RemoveSmallestSuffixPattern { pattern, .. } => {
                pattern::without_suffix(text, &known(pattern)?, false)
            }
            ParameterExpr::RemoveLargestSuffixPattern { pattern, .. } => {
                pattern::without_suffix(text, &known(pattern)?, true)
            }
            ParameterExpr::RemoveSmallestPrefixPattern { pattern, .. } => {
                pattern::without_prefix(text, &known(pattern)?, false)
            }
            ParameterExpr::RemoveLargestPrefixPattern { pattern, .. } => {
                pattern::without_prefix(text, &known(pattern)?, true)
            }
            ParameterExpr::Substring { offset, length, .. } => substring(text, offset, length.as_ref()),
            ParameterExpr::ReplaceSubstring { pattern, replacement, match_kind, .. } => {
                let at = match match_kind {
                    SubstringMatchKind::Prefix => At::Beginning,
                    SubstringMatchKind::Suffix => At::End,
                    SubstringMatchKind::FirstOccurrence => At::First,
                    SubstringMatchKind::Anywhere => At::Everywhere,
                };
                let wanted = known(&Some(pattern.clone()))?;
                pattern::replaced(text, &wanted, &known(replacement)?, at)
            }
            ParameterExpr::UppercaseFirstChar { pattern, .. } if every(pattern) => {
                Some(first(text, |c| c.to_uppercase().collect()))
            }
            ParameterExpr::Transform { op: ParameterTransformOp::CapitalizeInitial, .. } => {
                Some(first(text, |c| c.to_uppercase().collect()))
            }
            ParameterExpr::LowercaseFirstChar { pattern, .. } if every(pattern) => {
                Some(first(text, |c| c.to_lowercase().collect()))
            }
            ParameterExpr::UppercasePattern { pattern, .. } if every(pattern) => Some(text.to_uppercase()),
            ParameterExpr::LowercasePattern { pattern, .. } if every(pattern) => Some(text.to_lowercase()),
            ParameterExpr::Transform { op: ParameterTransformOp::ToUpperCase, .. } => {
                Some(text.to_uppercase())
            }
            ParameterExpr::Transform { op: ParameterTransformOp::ToLowerCase, .. } => {
                Some(text.to_lowercase())
            }
            ParameterExpr::UppercaseFirstChar { .. }
            | ParameterExpr::LowercaseFirstChar { .. }
            | ParameterExpr::UppercasePattern { .. }
            | ParameterExpr::LowercasePattern { .. }
            | ParameterExpr::Transform { .. }
            | ParameterExpr::Parameter { .. }
            | ParameterExpr::UseDefaultValues { .. }
            | ParameterExpr::AssignDefaultValues { .. }
            | ParameterExpr::IndicateErrorIfNullOrUnset { .. }
            | ParameterExpr::UseAlternativeValue { .. }
            | ParameterExpr::ParameterLength { .. }
            | ParameterExpr::VariableNames { .. }
            | ParameterExpr::MemberKeys { .. } => None,
        }
    }

    fn held(&self, state: &State, parameter: &Parameter, indirect: bool) -> Held {
        if indirect {
            let Parameter::Named(name) = parameter else { return Held::Missing };
            return match self.named(state, name) {
                Held::Text(text) => text.as_known().map_or(Held::Missing, |name| self.named(state, &name)),
                Held::Array(_) | Held::Opaque(_) | Held::Missing | Held::Unset => Held::Missing,
            };
        }
        match parameter {
            Parameter::Named(name) => match self.named(state, name) {
                Held::Array(items) => items.into_iter().next().map_or(Held::Unset, Held::Text),
                held @ (Held::Text(_) | Held::Opaque(_) | Held::Missing | Held::Unset) => held,
            },
            Parameter::NamedWithAllIndices { name, concatenate } => match self.named(state, name) {
                Held::Array(items) if *concatenate => Held::Text(joined(&items)),
                held @ (Held::Array(_) | Held::Text(_) | Held::Opaque(_) | Held::Missing | Held::Unset) => {
                    held
                }
            },
            Parameter::NamedWithIndex { name, index } => {
                match (self.named(state, name), index.parse::<usize>()) {
                    (Held::Array(items), Ok(index)) => {
                        items.into_iter().nth(index).map_or(Held::Unset, Held::Text)
                    }
                    (Held::Text(text), Ok(0)) => Held::Text(text),
                    (Held::Array(_) | Held::Text(_) | Held::Opaque(_) | Held::Missing | Held::Unset, _) => {
                        Held::Missing
                    }
                }
            }
            Parameter::Positional(number) => {
                let index = usize::try_from(*number).unwrap_or(0);
                match index.checked_sub(1).and_then(|index| state.arguments.get(index)) {
                    Some(text) => Held::Text(text.clone()),
                    None if state.arguments.is_empty() => Held::Missing,
                    None => Held::Unset,
                }
            }
            Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: false }) => {
                Held::Array(state.arguments.clone())
            }
            Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: true }) => {
                Held::Text(joined(&state.arguments))
            }
            Parameter::Special(SpecialParameter::PositionalParameterCount) => Held::Missing,
            Parameter::Special(
                SpecialParameter::LastExitStatus
                | SpecialParameter::CurrentOptionFlags
                | SpecialParameter::ProcessId
                | SpecialParameter::LastBackgroundProcessId
                | SpecialParameter::ShellName,
            ) => Held::Missing,
        }
    }

    fn named(&self, state: &State, name: &str) -> Held {
        match state.variables.get(name) {
            Some(Variable::Text(text)) => Held::Text(text.clone()),
            Some(Variable::Array(items)) => Held::Array(items.clone()),
            Some(Variable::Opaque(open)) => Held::Opaque(open.clone()),
            None => (self.outside)(name).map_or(Held::Missing, Held::Text),
        }
    }
}

fn joined(items: &[Text]) -> Text {
    let place = items.first().map(|item| item.place().clone());
    let mut whole =
        Text::new(place.unwrap_or_else(|| crate::model::Place { file: "".into(), line: 1, column: 1 }));
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            whole.push(&Text::known(" ", item.place().clone()));
        }
        whole.push(item);
    }
    whole
}

/// The text; where it is one unresolved part without a fallback, with this one.
fn with_fallback(text: &Text, fallback: Option<&str>) -> Text {
    let parts: Vec<_> = text.parts().collect();
    match (parts.as_slice(), fallback) {
        ([Part::Open(expression, open)], Some(fallback)) if open.fallback.is_none() => {
            let open = Open { fallback: Some(fallback.to_owned()), ..(*open).clone() };
            Text::open(*expression, open, text.place().clone())
        }
        (_, _) => text.clone(),
    }
}

/// The service whose URL is in a text.
pub(super) fn url_of(text: &Text) -> Option<String> {
    text.parts().find_map(|part| match part {
        Part::Open(_, open) => open.url_of.clone(),
        Part::Known(_) => None,
    })
}

fn first(text: &str, change: impl Fn(char) -> String) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |character| change(character) + characters.as_str())
}

/// `${X:from:length}` with numbers as they are written; negative ones count from the end.
fn substring(
    text: &str,
    from: &UnexpandedArithmeticExpr,
    length: Option<&UnexpandedArithmeticExpr>,
) -> Option<String> {
    let number = |written: &str| {
        let written = written.trim();
        if written.is_empty() { Some(0_i64) } else { written.parse::<i64>().ok() }
    };
    let characters: Vec<char> = text.chars().collect();
    let count = i64::try_from(characters.len()).ok()?;
    let from = number(&from.value)?;
    let begin =
        if from < 0 { count.checked_add(from).filter(|begin| *begin >= 0) } else { Some(from.min(count)) };
    let Some(begin) = begin else { return Some(String::new()) };
    let end = match length {
        None => count,
        Some(length) => match number(&length.value)? {
            length if length < 0 => count.checked_add(length)?,
            length => begin.saturating_add(length).min(count),
        },
    };
    let (begin, end) = (usize::try_from(begin).ok()?, usize::try_from(end).ok()?);
    Some(characters.get(begin..end.max(begin))?.iter().collect())
}

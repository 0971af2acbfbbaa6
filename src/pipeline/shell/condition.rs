//! Conditions over what is known: `[ … ]`, `[[ … ]]`, `case`.
//!
//! A value that only the run can tell counts as present where a test asks for its presence, and as what the file says
//! it would fall back to where a test compares it.

use std::rc::Rc;

use brush_parser::ast::{
    BinaryPredicate, CaseClauseCommand, CaseItemPostAction, CompoundList, ExtendedTestExpr, UnaryPredicate,
};
use brush_parser::word::{self, WordPiece};

use super::machine::{Flow, Machine, State, Status, located, options, place_of};
use super::pattern;
use super::source::{Located, Script};
use crate::pipeline::text::{Part, Text};

impl Status {
    fn of(decided: Option<bool>) -> Self {
        match decided {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }

    fn decided(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Unknown | Self::Ran => None,
        }
    }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    }
}

fn or(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    and(left.map(|left| !left), right.map(|right| !right)).map(|neither| !neither)
}

/// The text that a comparison sees: what is known, else what it falls back to.
fn compared(text: &Text) -> Option<String> {
    text.fallen_back()
}

/// Whether a text has characters; what is unresolved counts as given, but not what a command puts out.
fn is_present(text: &Text) -> Option<bool> {
    let mut computed = false;
    for part in text.parts() {
        match part {
            Part::Open(_, open) if open.computed => computed = true,
            Part::Known(_) | Part::Open(..) => return Some(true),
        }
    }
    if computed { None } else { Some(false) }
}

impl Machine<'_> {
    pub(super) fn extended_test(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        test: &ExtendedTestExpr,
    ) -> Status {
        Status::of(self.extended(script, state, test))
    }

    fn extended(&mut self, script: &Rc<Script>, state: &mut State, test: &ExtendedTestExpr) -> Option<bool> {
        match test {
            ExtendedTestExpr::And(left, right) => {
                let left = self.extended(script, state, left);
                and(left, self.extended(script, state, right))
            }
            ExtendedTestExpr::Or(left, right) => {
                let left = self.extended(script, state, left);
                or(left, self.extended(script, state, right))
            }
            ExtendedTestExpr::Not(inner) => self.extended(script, state, inner).map(|held| !held),
            ExtendedTestExpr::Parenthesized(inner) => self.extended(script, state, inner),
            ExtendedTestExpr::UnaryTest(test, word) => {
                let text = self.single(script, state, &located(script, word));
                self.presumed |= !text.is_known();
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "a foreign enum: all other tests ask the machine"
                )]
                match test {
                    UnaryPredicate::StringHasZeroLength => is_present(&text).map(|present| !present),
                    UnaryPredicate::StringHasNonZeroLength => is_present(&text),
                    _ => None,
                }
            }
            ExtendedTestExpr::BinaryTest(test, left, right) => {
                let left = self.single(script, state, &located(script, left));
                let right = self.pattern(script, state, &located(script, right));
                self.presumed |= !(left.is_known() && right.is_known());
                #[expect(
                    clippy::wildcard_enum_match_arm,
                    reason = "a foreign enum: the others are not decided"
                )]
                match test {
                    BinaryPredicate::StringExactlyMatchesPattern => matches(&left, &right, true),
                    BinaryPredicate::StringDoesNotExactlyMatchPattern => {
                        matches(&left, &right, true).map(|held| !held)
                    }
                    BinaryPredicate::StringExactlyMatchesString => equal(&left, &right),
                    BinaryPredicate::StringDoesNotExactlyMatchString => {
                        equal(&left, &right).map(|held| !held)
                    }
                    BinaryPredicate::ArithmeticEqualTo => {
                        number(&left).zip(number(&right)).map(|(l, r)| l == r)
                    }
                    BinaryPredicate::ArithmeticNotEqualTo => {
                        number(&left).zip(number(&right)).map(|(l, r)| l != r)
                    }
                    BinaryPredicate::ArithmeticLessThan => {
                        number(&left).zip(number(&right)).map(|(l, r)| l < r)
                    }
                    BinaryPredicate::ArithmeticGreaterThan => {
                        number(&left).zip(number(&right)).map(|(l, r)| l > r)
                    }
                    _ => None,
                }
            }
        }
    }

    /// A word as a pattern: what is quoted in it means itself.
    fn pattern(&mut self, script: &Rc<Script>, state: &mut State, word: &Located) -> Text {
        let Ok(pieces) = word::parse(&word.text, &options()) else { return self.single(script, state, word) };
        let mut whole = Text::new(place_of(script, word));
        for piece in pieces {
            let text = self.single(script, state, &word.cut(piece.start_index, piece.end_index));
            let quoted = match piece.piece {
                WordPiece::SingleQuotedText(_)
                | WordPiece::AnsiCQuotedText(_)
                | WordPiece::DoubleQuotedSequence(_)
                | WordPiece::GettextDoubleQuotedSequence(_)
                | WordPiece::EscapeSequence(_) => text.as_known(),
                WordPiece::Text(_)
                | WordPiece::TildeExpansion(_)
                | WordPiece::ParameterExpansion(_)
                | WordPiece::CommandSubstitution(_)
                | WordPiece::BackquotedCommandSubstitution(_)
                | WordPiece::ArithmeticExpression(_) => None,
            };
            let quoted = quoted.map(|known| Text::known(pattern::literal(&known), text.place().clone()));
            whole.push(&quoted.unwrap_or(text));
        }
        whole
    }

    /// `test` and `[`: the words between the brackets.
    pub(super) fn tested(&mut self, words: &[Text]) -> Status {
        self.presumed |= words.iter().any(|word| !word.is_known());
        Self::test(words)
    }

    fn test(words: &[Text]) -> Status {
        let is = |word: &Text, text: &str| word.is(text);
        Status::of(match words {
            [] => Some(false),
            [not, rest @ ..] if is(not, "!") && rest.len() != 2 => {
                Self::test(rest).decided().map(|held| !held)
            }
            [one] => is_present(one),
            [operator, operand] if is(operator, "-n") => is_present(operand),
            [operator, operand] if is(operator, "-z") => is_present(operand).map(|present| !present),
            [left, operator, right] if is(operator, "=") || is(operator, "==") => equal(left, right),
            [left, operator, right] if is(operator, "!=") => equal(left, right).map(|held| !held),
            [left, operator, right] => {
                let order = number(left).zip(number(right)).map(|(left, right)| left.cmp(&right));
                match operator.as_known().as_deref() {
                    Some("-eq") => order.map(std::cmp::Ordering::is_eq),
                    Some("-ne") => order.map(std::cmp::Ordering::is_ne),
                    Some("-lt") => order.map(std::cmp::Ordering::is_lt),
                    Some("-gt") => order.map(std::cmp::Ordering::is_gt),
                    Some("-le") => order.map(std::cmp::Ordering::is_le),
                    Some("-ge") => order.map(std::cmp::Ordering::is_ge),
                    Some(_) | None => Self::joined_test(words),
                }
            }
            _ => Self::joined_test(words),
        })
    }

    /// Tests joined by `-a` and `-o`.
    fn joined_test(words: &[Text]) -> Option<bool> {
        for (operator, join) in [("-o", or as fn(_, _) -> _), ("-a", and as fn(_, _) -> _)] {
            if let Some(at) = words.iter().position(|word| word.is(operator)).filter(|at| *at > 0) {
                let left = Self::test(words.get(..at)?).decided();
                let right = Self::test(words.get(at + 1..)?).decided();
                return join(left, right);
            }
        }
        None
    }

    pub(super) fn case(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        clause: &CaseClauseCommand,
    ) -> (Flow, Status) {
        let value = self.single(script, state, &located(script, &clause.value));
        let mut open: Vec<&CompoundList> = Vec::new();
        let mut complete = false;
        for item in &clause.cases {
            let mut matched = Some(false);
            for pattern in &item.patterns {
                // Patterns carry no place of their own.
                let pattern = self.pattern(script, state, &Located::near(&pattern.value, 0));
                matched = or(matched, matches(&value, &pattern, false));
            }
            match matched {
                Some(false) => {
                    if let Some(body) = item.cmd.as_ref().filter(|_| !value.is_known()) {
                        self.aside(script, state, body);
                    }
                    continue;
                }
                Some(true) => complete = true,
                None => {}
            }
            open.extend(item.cmd.as_ref());
            if complete && matches!(item.post_action, CaseItemPostAction::ExitCase) {
                break;
            }
        }
        match open.as_slice() {
            [] => (Flow::Next, Status::True),
            [only] if complete => self.list(script, state, only),
            several => {
                self.alternatives(state, complete, several.len(), |machine, state, index| {
                    match several.get(index) {
                        Some(body) => machine.list(script, state, body),
                        None => (Flow::Next, Status::True),
                    }
                })
            }
        }
    }
}

fn equal(left: &Text, right: &Text) -> Option<bool> {
    if left.is_known() && right.is_known() {
        return Some(left.raw() == right.raw());
    }
    // What is compared with nothing is asked for its presence.
    if right.is_empty() || left.is_empty() {
        let present = is_present(if right.is_empty() { left } else { right });
        return present.map(|present| !present);
    }
    Some(compared(left)? == compared(right)?)
}

/// `[[` reads extended patterns; `case` does where an option says so, which is not followed.
fn matches(text: &Text, pattern: &Text, extended: bool) -> Option<bool> {
    let wanted = pattern.as_known()?;
    if wanted == "*" {
        return Some(true);
    }
    if text.is_known() || !wanted.is_empty() {
        return pattern::matches(&wanted, &compared(text)?, extended);
    }
    Some(false)
}

fn number(text: &Text) -> Option<i64> {
    text.as_known()?.trim().parse().ok()
}

//! From a word as it is written to the words that a command gets.

use std::rc::Rc;

use brush_parser::ast;
use brush_parser::word::{
    self, BraceExpressionMember, BraceExpressionOrText, WordPiece, WordPieceWithSource,
};

use super::limits;
use super::machine::{Machine, State, located, options, place_of};
use super::parameter::Value;
use super::source::{Located, Script};
use crate::pipeline::text::{Open, Part, Text};

/// The words under construction.
#[derive(Default)]
struct Fields {
    done: Vec<Text>,
    current: Option<Text>,
}

impl Fields {
    fn push(&mut self, text: &Text) {
        match &mut self.current {
            Some(current) => current.push(text),
            None => self.current = Some(text.clone()),
        }
    }

    fn end(&mut self) {
        self.done.extend(self.current.take());
    }

    /// Adds what an unquoted expansion gave: blanks separate words.
    fn push_split(&mut self, text: &Text) {
        let mut rest = text.clone();
        loop {
            let trimmed = rest.trim_start_matches(char::is_whitespace);
            if trimmed.len() < rest.len() {
                self.end();
            }
            if trimmed.is_empty() || self.done.len() > limits::MOST_FIELDS {
                return;
            }
            let until = first_blank(&trimmed);
            self.push(&trimmed.slice(0, until));
            rest = trimmed.slice(until, usize::MAX);
            if rest.is_empty() {
                return;
            }
        }
    }
}

/// Where the first known blank stands, or the end.
fn first_blank(text: &Text) -> usize {
    let mut at = 0;
    for part in text.parts() {
        match part {
            Part::Known(known) => match known.find(char::is_whitespace) {
                Some(blank) => return at + blank,
                None => at += known.len(),
            },
            Part::Open(expression, _) => at += expression.len(),
        }
    }
    at
}

impl Machine<'_> {
    /// All words that words become.
    pub(super) fn values(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        words: &[ast::Word],
    ) -> Vec<Text> {
        let mut values = Vec::new();
        for word in words {
            if values.len() > limits::MOST_FIELDS {
                break;
            }
            values.extend(self.fields(script, state, &located(script, word)));
        }
        values
    }

    /// The words that a word becomes.
    pub(super) fn fields(&mut self, script: &Rc<Script>, state: &mut State, word: &Located) -> Vec<Text> {
        self.steps += 1;
        if self.exhausted() {
            return Vec::new();
        }
        if let Some(alternatives) = braces(&word.text) {
            let place = place_of(script, word);
            return alternatives.iter().map(|text| script.restore(text, &place)).collect();
        }
        let mut fields = Fields::default();
        match word::parse(&word.text, &options()) {
            Ok(pieces) => self.pieces(script, state, word, &pieces, false, &mut fields),
            Err(_) => fields.push(&word.open(script, 0, word.text.len(), Open::default())),
        }
        fields.end();
        fields.done
    }

    /// The one text that a word becomes where nothing is split: a value, a file's name.
    pub(super) fn single(&mut self, script: &Rc<Script>, state: &mut State, word: &Located) -> Text {
        match word::parse(&word.text, &options()) {
            Ok(pieces) => self.joined(script, state, word, &pieces),
            Err(_) => word.open(script, 0, word.text.len(), Open::default()),
        }
    }

    /// The text of a here-document.
    pub(super) fn document(&mut self, script: &Rc<Script>, state: &mut State, body: &Located) -> Text {
        match word::parse_heredoc(&body.text, &options()) {
            Ok(pieces) => self.joined(script, state, body, &pieces),
            Err(_) => body.part(script, 0, body.text.len()),
        }
    }

    fn joined(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        word: &Located,
        pieces: &[WordPieceWithSource],
    ) -> Text {
        let mut fields = Fields::default();
        self.pieces(script, state, word, pieces, true, &mut fields);
        fields.end();
        let place = place_of(script, word);
        let mut whole = Text::new(place.clone());
        for (index, field) in fields.done.iter().enumerate() {
            if index > 0 {
                whole.push(&Text::known(" ", place.clone()));
            }
            whole.push(field);
        }
        whole
    }

    fn pieces(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        word: &Located,
        pieces: &[WordPieceWithSource],
        quoted: bool,
        fields: &mut Fields,
    ) {
        for piece in pieces {
            let (from, to) = (piece.start_index, piece.end_index);
            match &piece.piece {
                WordPiece::Text(_) => fields.push(&word.part(script, from, to)),
                WordPiece::SingleQuotedText(_) => fields.push(&word.part(script, from + 1, to - 1)),
                WordPiece::AnsiCQuotedText(text) => {
                    let place = script.place(word.offset(from));
                    fields.push(&script.restore(&unescaped(text), &place));
                }
                WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => {
                    // Quotes make a word, even an empty one; but "${NONE[@]}" makes none.
                    if !is_array(inner) {
                        fields.push(&Text::new(script.place(word.offset(from))));
                    }
                    self.pieces(script, state, word, inner, true, fields);
                }
                WordPiece::EscapeSequence(text) => {
                    if text != "\\\n" {
                        fields.push(&word.part(script, from + 1, to));
                    }
                }
                WordPiece::TildeExpansion(_) => fields.push(&word.part(script, from, to)),
                WordPiece::ParameterExpansion(expression) => {
                    let written = word.cut(from, to);
                    let value = self.parameter(script, state, &written, expression);
                    push_value(fields, value, quoted, &script.place(word.offset(from)));
                }
                WordPiece::CommandSubstitution(_) => {
                    let command = word.part(script, (from + 2).min(to), to - 1);
                    let open = self.substitution(state, &command);
                    fields.push(&word.open(script, from, to, open));
                }
                WordPiece::BackquotedCommandSubstitution(command) => {
                    let command = script.restore(command, &script.place(word.offset(from)));
                    let open = self.substitution(state, &command);
                    fields.push(&word.open(script, from, to, open));
                }
                WordPiece::ArithmeticExpression(_) => {
                    let computed = Open { computed: true, ..Open::default() };
                    fields.push(&word.open(script, from, to, computed));
                }
            }
        }
    }

    /// Runs a command substitution for the commands in it; what it puts out is not known, but perhaps whose URL it is.
    fn substitution(&mut self, state: &State, command: &Text) -> Open {
        let before = self.found.len();
        let mut inner = state.clone();
        let outer = self.put_out.take();
        self.run_text(command, &mut inner, false);
        self.put_out = outer;
        let url_of = self.found.get(before..).unwrap_or_default().iter().find_map(super::builtins::describes);
        let read = self.file_url(command);
        let url_of = url_of.or(read);
        Open { fallback: None, url_of, computed: true }
    }

    /// The service whose URL lies in the file that `cat FILE` reads.
    fn file_url(&self, command: &Text) -> Option<String> {
        let text = command.as_known()?;
        let path = text.trim().strip_prefix("cat ").or_else(|| text.trim().strip_prefix('<'))?.trim();
        let content = self.workspace.file(path.trim_matches(['"', '\'']))??;
        content.parts().find_map(|part| match part {
            Part::Open(_, open) => open.url_of.clone(),
            Part::Known(_) => None,
        })
    }
}

fn push_value(fields: &mut Fields, value: Value, quoted: bool, place: &crate::model::Place) {
    match value {
        Value::One(text) if quoted => fields.push(&text),
        Value::One(text) => fields.push_split(&text),
        Value::Many(items) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    fields.end();
                }
                // Even an empty item is a word.
                fields.push(&Text::new(place.clone()));
                fields.push(item);
            }
        }
    }
}

/// Whether a quoted sequence is nothing but a whole array.
fn is_array(pieces: &[WordPieceWithSource]) -> bool {
    use brush_parser::word::{Parameter, ParameterExpr, SpecialParameter};
    let [WordPieceWithSource { piece: WordPiece::ParameterExpansion(expression), .. }] = pieces else {
        return false;
    };
    matches!(
        expression,
        ParameterExpr::Parameter {
            parameter: Parameter::NamedWithAllIndices { concatenate: false, .. }
                | Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: false }),
            ..
        } | ParameterExpr::UseAlternativeValue {
            parameter: Parameter::NamedWithAllIndices { concatenate: false, .. },
            ..
        }
    )
}

/// The escapes of `$'…'` that scripts use.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('t') => plain.push('\t'),
            Some('r') => plain.push('\r'),
            Some(other @ ('\\' | '\'' | '"')) => plain.push(other),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

/// What `{a,b}` and `{1..5}` become, in a word without quotes and expansions.
fn braces(text: &str) -> Option<Vec<String>> {
    let candidate = text.contains('{') && text.contains('}') && (text.contains(',') || text.contains(".."));
    // The parser takes numbers for ones that fit into 64 bits.
    let numbers_fit = text.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() <= 15);
    if !candidate || !numbers_fit || text.contains(['$', '\'', '"', '`', '\\']) {
        return None;
    }
    let pieces = word::parse_brace_expansions(text, &options()).ok()??;
    if !pieces.iter().any(|piece| matches!(piece, BraceExpressionOrText::Expr(_))) {
        return None;
    }
    let mut alternatives = joined_braces(&pieces, 8);
    alternatives.truncate(limits::MOST_FIELDS);
    Some(alternatives)
}

fn joined_braces(pieces: &[BraceExpressionOrText], depth: u32) -> Vec<String> {
    let mut whole = vec![String::new()];
    for piece in pieces {
        let alternatives: Vec<String> = match piece {
            BraceExpressionOrText::Text(text) => vec![text.clone()],
            BraceExpressionOrText::Expr(members) if depth > 0 => {
                members.iter().flat_map(|member| member_texts(member, depth - 1)).collect()
            }
            BraceExpressionOrText::Expr(_) => Vec::new(),
        };
        whole = whole
            .iter()
            .flat_map(|before| alternatives.iter().map(move |after| format!("{before}{after}")))
            .take(limits::MOST_FIELDS)
            .collect();
    }
    whole
}

fn member_texts(member: &BraceExpressionMember, depth: u32) -> Vec<String> {
    match member {
        BraceExpressionMember::NumberSequence { start, end, increment } => {
            let step = increment.unsigned_abs().max(1);
            let count = start.abs_diff(*end) / step;
            (0..=count)
                .take(limits::MOST_FIELDS)
                .map(|index| {
                    let by = i64::try_from(index * step).unwrap_or(0);
                    if start <= end { start + by } else { start - by }.to_string()
                })
                .collect()
        }
        BraceExpressionMember::CharSequence { start, end, .. } => {
            let (low, high) = (start.min(end), start.max(end));
            let mut letters: Vec<_> = (*low..=*high).map(String::from).collect();
            if start > end {
                letters.reverse();
            }
            letters
        }
        BraceExpressionMember::Child(pieces) => joined_braces(pieces, depth),
    }
}

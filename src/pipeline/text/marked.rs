//! A text as a parser reads it: what is unresolved becomes a mark that no parser takes apart, and every byte keeps
//! its way back to the file.

use super::{Part, Text};
use crate::model::Place;

/// Begins a mark; a private-use character, which no file needs.
const MARK: char = '\u{e000}';
/// Ends a mark.
const MARK_END: char = '\u{e001}';

/// The source of a marked.
#[derive(Debug)]
pub struct Marked {
    /// What the parser reads.
    pub text: String,
    origin: Text,
    /// For each part: where it begins in `text`, and where in the raw text of `origin`.
    segments: Vec<Segment>,
    opens: Vec<Text>,
    /// Where each character begins; empty where each is one byte.
    characters: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    begin: usize,
    raw: usize,
    /// Of a mark: how long its expression is.
    open: Option<usize>,
}

impl Marked {
    /// The character that a mark begins with.
    pub const BEGINS: char = MARK;
    /// The character that a mark ends with.
    pub const ENDS: char = MARK_END;

    /// Marks what is unresolved.
    pub fn new(origin: &Text) -> Self {
        let mut marked = Self {
            text: String::new(),
            origin: origin.clone(),
            segments: Vec::new(),
            opens: Vec::new(),
            characters: Vec::new(),
        };
        let mut raw = 0;
        for part in origin.parts() {
            let begin = marked.text.len();
            let (length, open) = match part {
                Part::Known(text) => {
                    // A private-use character of the file itself is no mark.
                    let clean = text.replace([MARK, MARK_END], "\u{fffd}");
                    marked.text.push_str(&clean);
                    (text.len(), None)
                }
                Part::Open(expression, _) => {
                    let number = marked.opens.len();
                    marked.opens.push(origin.slice(raw, raw + expression.len()));
                    marked.text.push_str(&format!("{MARK}{number}{MARK_END}"));
                    (expression.len(), Some(expression.len()))
                }
            };
            marked.segments.push(Segment { begin, raw, open });
            raw += length;
        }
        if !marked.text.is_ascii() {
            marked.characters = marked.text.char_indices().map(|(at, _)| at).collect();
        }
        marked
    }

    /// The byte at which a character stands: the parser counts characters.
    pub fn byte_offset(&self, index: usize) -> usize {
        if self.characters.is_empty() {
            return index.min(self.text.len());
        }
        self.characters.get(index).copied().unwrap_or(self.text.len())
    }

    /// The byte of the raw text that a byte of the source stands for.
    fn raw_offset(&self, offset: usize) -> usize {
        let index = self.segments.partition_point(|segment| segment.begin <= offset);
        let Some(segment) = index.checked_sub(1).and_then(|index| self.segments.get(index)) else { return 0 };
        match segment.open {
            Some(_) if offset == segment.begin => segment.raw,
            Some(length) => segment.raw + length,
            None => segment.raw + (offset - segment.begin),
        }
    }

    /// Where a byte of the source stands in the file.
    pub fn place(&self, offset: usize) -> Place {
        self.origin.place_at(self.raw_offset(offset))
    }

    /// A part of the source with what hides behind its marks.
    pub fn slice(&self, from: usize, to: usize) -> Text {
        self.origin.slice(self.raw_offset(from), self.raw_offset(to))
    }

    /// A text of the parser, which may hold marks, as text again; all of it stands at a place.
    pub fn restore(&self, text: &str, place: &Place) -> Text {
        let mut whole = Text::new(place.clone());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(MARK) {
            whole.push(&Text::known(before, place.clone()));
            let Some((number, after)) = after.split_once(MARK_END) else {
                rest = "";
                break;
            };
            if let Some(open) = number.parse::<usize>().ok().and_then(|number| self.opens.get(number)) {
                whole.push(&open.moved_to(place));
            }
            rest = after;
        }
        whole.push(&Text::known(rest, place.clone()));
        whole
    }

    /// Where a line and column of the source, as a parser counts them, stand in the file.
    pub fn place_of(&self, place: &Place) -> Place {
        let line = usize::try_from(place.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let begin = match line.checked_sub(1) {
            None => Some(0),
            Some(above) => self.text.match_indices('\n').nth(above).map(|(at, _)| at + 1),
        };
        let Some(begin) = begin else { return self.place(self.text.len()) };
        let column = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let rest = self.text.get(begin..).unwrap_or_default();
        let within = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
        self.place(begin + within)
    }
}

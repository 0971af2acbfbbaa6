//! A script as the parser reads it: what is unresolved becomes a mark that no shell takes apart, and every byte
//! keeps its way back to the file.

use crate::model::Place;
use crate::pipeline::text::{Open, Part, Text};

/// Begins a mark; a private-use character, which no script needs.
const MARK: char = '\u{e000}';
/// Ends a mark.
const MARK_END: char = '\u{e001}';

/// The source of a script.
#[derive(Debug)]
pub(super) struct Script {
    /// What the parser reads.
    pub(super) text: String,
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

impl Script {
    pub(super) fn new(origin: &Text) -> Self {
        let mut script = Self {
            text: String::new(),
            origin: origin.clone(),
            segments: Vec::new(),
            opens: Vec::new(),
            characters: Vec::new(),
        };
        let mut raw = 0;
        for part in origin.parts() {
            let begin = script.text.len();
            let (length, open) = match part {
                Part::Known(text) => {
                    // A private-use character of the file itself is no mark.
                    let clean = text.replace([MARK, MARK_END], "\u{fffd}");
                    script.text.push_str(&clean);
                    (text.len(), None)
                }
                Part::Open(expression, _) => {
                    let number = script.opens.len();
                    script.opens.push(origin.slice(raw, raw + expression.len()));
                    script.text.push_str(&format!("{MARK}{number}{MARK_END}"));
                    (expression.len(), Some(expression.len()))
                }
            };
            script.segments.push(Segment { begin, raw, open });
            raw += length;
        }
        if !script.text.is_ascii() {
            script.characters = script.text.char_indices().map(|(at, _)| at).collect();
        }
        script
    }

    /// The byte at which a character stands: the parser counts characters.
    pub(super) fn byte_offset(&self, index: usize) -> usize {
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
    pub(super) fn place(&self, offset: usize) -> Place {
        self.origin.place_at(self.raw_offset(offset))
    }

    /// A part of the source with what hides behind its marks.
    pub(super) fn slice(&self, from: usize, to: usize) -> Text {
        self.origin.slice(self.raw_offset(from), self.raw_offset(to))
    }

    /// A text of the parser, which may hold marks, as text again; all of it stands at a place.
    pub(super) fn restore(&self, text: &str, place: &Place) -> Text {
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
}

/// A text of the parser together with where its bytes stand in the source.
#[derive(Clone, Debug)]
pub(super) struct Located {
    pub(super) text: String,
    /// For each byte of the text, and the one after it; empty where that is not known.
    offsets: Vec<usize>,
    /// Where it begins, as far as that is known.
    begin: usize,
}

impl Located {
    /// Finds a text at a byte of the source. The parser takes line continuations out of words, so the two may differ
    /// by these.
    pub(super) fn new(script: &Script, text: &str, begin: usize) -> Self {
        let source = script.text.as_bytes();
        let mut offsets = Vec::with_capacity(text.len() + 1);
        // The parser counts blanks and line continuations in front of a word as its own.
        let mut begin = begin;
        if text.starts_with(|c: char| !c.is_whitespace()) {
            loop {
                match (source.get(begin), source.get(begin + 1)) {
                    (Some(b' ' | b'\t'), _) => begin += 1,
                    (Some(b'\\'), Some(b'\n')) => begin += 2,
                    (Some(_) | None, _) => break,
                }
            }
        }
        let mut at = begin;
        for byte in text.bytes() {
            while source.get(at) == Some(&b'\\') && source.get(at + 1) == Some(&b'\n') && byte != b'\\' {
                at += 2;
            }
            if source.get(at) != Some(&byte) {
                return Self { text: text.to_owned(), offsets: Vec::new(), begin };
            }
            offsets.push(at);
            at += 1;
        }
        offsets.push(at);
        Self { text: text.to_owned(), offsets, begin }
    }

    /// A text of which only the beginning is known.
    pub(super) fn near(text: &str, begin: usize) -> Self {
        Self { text: text.to_owned(), offsets: Vec::new(), begin }
    }

    /// Where a byte of the text stands in the source.
    pub(super) fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).copied().unwrap_or(self.begin)
    }

    /// A part of it as text, each character at its place where the file has it as it is.
    pub(super) fn part(&self, script: &Script, from: usize, to: usize) -> Text {
        let text = self.text.get(from..to).unwrap_or_default();
        let (begin, end) = (self.offset(from), self.offset(to));
        if script.text.get(begin..end) == Some(text) {
            script.slice(begin, end)
        } else {
            script.restore(text, &script.place(begin))
        }
    }

    /// A part of it as one unresolved expression, as the file writes it.
    pub(super) fn open(&self, script: &Script, from: usize, to: usize, open: Open) -> Text {
        let part = self.part(script, from, to);
        Text::open(part.as_written(), open, part.place().clone())
    }

    /// A part of it with its place.
    pub(super) fn cut(&self, from: usize, to: usize) -> Self {
        let text = self.text.get(from..to).unwrap_or_default().to_owned();
        let offsets = self.offsets.get(from..=to).map(<[usize]>::to_vec).unwrap_or_default();
        Self { text, offsets, begin: self.offset(from) }
    }
}

//! Words of a script and where they stand in it.

pub(super) use crate::pipeline::text::Marked as Script;
use crate::pipeline::text::{Open, Text};

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

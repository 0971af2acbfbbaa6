//! A text of which parts may be unresolved, each part with its place.
//!
//! [`Stated`] says of a whole value whether it is known. On the way there a text is cut at commas and `=`, put
//! together from variables, and read by a shell: what hides a part must never be taken for text, nor cut in two.

mod marked;

use std::sync::Arc;

pub use marked::Marked;

use crate::model::{Place, Stated, Value};

use super::yaml::{Kind, Node, Style};

/// A part that only the pipeline's own run could tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// What the file says it would fall back to, where it says so.
    pub fallback: Option<String>,
    /// The service whose URL it is, where that is known.
    pub url_of: Option<String>,
    /// Whether a command of the script puts it out: it may then be nothing.
    pub computed: bool,
}

/// Where the characters of a part stand, given where its first one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// All at the same place: the part came from elsewhere.
    Fixed,
    /// One after the other on one line.
    Line,
    /// Line by line, each line beginning at this column.
    Block(u32),
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    /// The text if known, else the expression.
    text: String,
    open: Option<Open>,
    /// How the file writes it, where that is not the text.
    written: Option<String>,
    place: Place,
    layout: Layout,
    /// Of a block: where each line but the first begins.
    lines: Arc<[usize]>,
}

impl Piece {
    fn new(text: String, place: Place, layout: Layout) -> Self {
        let lines = match layout {
            Layout::Block(_) => text.match_indices('\n').map(|(at, _)| at + 1).collect(),
            Layout::Fixed | Layout::Line => Arc::default(),
        };
        Self { text, open: None, written: None, place, layout, lines }
    }

    fn place_at(&self, offset: usize) -> Place {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let column = |column: u32, from: usize| {
            let before = self.text.get(from..offset).unwrap_or_default();
            column.saturating_add(number(before.chars().count()))
        };
        match self.layout {
            Layout::Fixed => self.place.clone(),
            Layout::Line => Place { column: column(self.place.column, 0), ..self.place.clone() },
            Layout::Block(first) => {
                let above = self.lines.partition_point(|begin| *begin <= offset);
                match above.checked_sub(1).and_then(|above| self.lines.get(above)) {
                    Some(begin) => Place {
                        line: self.place.line.saturating_add(number(above)),
                        column: column(first, *begin),
                        ..self.place.clone()
                    },
                    None => Place { column: column(self.place.column, 0), ..self.place.clone() },
                }
            }
        }
    }

    fn cut(&self, from: usize, to: usize) -> Self {
        let text = self.text.get(from..to).unwrap_or_default().to_owned();
        Self::new(text, self.place_at(from), self.layout)
    }
}

/// A text, known or in part unresolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<Piece>,
    place: Place,
}

/// A part of a text, as checked from outside.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// Known characters.
    Known(&'a str),
    /// An expression that hides characters.
    Open(&'a str, &'a Open),
}

impl Text {
    /// No text, at a place.
    pub fn new(place: Place) -> Self {
        Self { pieces: Vec::new(), place }
    }

    /// A known text whose characters all count as standing at one place.
    pub fn known(text: impl Into<String>, place: Place) -> Self {
        let mut whole = Self::new(place.clone());
        whole.push_piece(Piece::new(text.into(), place, Layout::Fixed));
        whole
    }

    /// One unresolved expression.
    pub fn open(expression: impl Into<String>, open: Open, place: Place) -> Self {
        let piece = Piece { open: Some(open), ..Piece::new(expression.into(), place.clone(), Layout::Fixed) };
        Self { pieces: vec![piece], place }
    }

    /// A known text that the file writes otherwise (`$$` for `$`).
    pub fn written(text: impl Into<String>, written: impl Into<String>, place: Place) -> Self {
        let mut whole = Self::known(text, place);
        if let Some(piece) = whole.pieces.first_mut() {
            piece.written = Some(written.into());
        }
        whole
    }

    /// The text of a scalar of YAML, each character at its place as far as its style tells.
    pub fn of_node(node: &Node) -> Self {
        let Kind::Scalar { text, style } = &node.kind else { return Self::new(node.place.clone()) };
        let one_line = !text.contains('\n');
        let (place, layout) = match style {
            Style::Literal => (node.place_of_line(0), Layout::Block(node.place.column)),
            Style::Plain if one_line => (node.place.clone(), Layout::Line),
            // Without escapes, only the quotes are added.
            Style::Quoted if one_line && node.length == text.chars().count() + 2 => {
                let column = node.place.column.saturating_add(1);
                (Place { column, ..node.place.clone() }, Layout::Line)
            }
            Style::Plain | Style::Quoted | Style::Folded => (node.place.clone(), Layout::Fixed),
        };
        let mut whole = Self::new(node.place.clone());
        whole.push_piece(Piece::new(text.clone(), place, layout));
        whole
    }

    /// A statement as a text.
    pub fn of_stated(stated: &Stated) -> Self {
        match &stated.value {
            Value::Known(text) => Self::known(text.clone(), stated.place.clone()),
            Value::Unresolved { expression, fallback } => Self::open(
                expression.clone(),
                Open { fallback: fallback.clone(), ..Open::default() },
                stated.place.clone(),
            ),
        }
    }

    fn push_piece(&mut self, piece: Piece) {
        if piece.text.is_empty() && piece.open.is_none() {
            return;
        }
        if self.pieces.is_empty() {
            self.place = piece.place.clone();
        }
        self.pieces.push(piece);
    }

    /// Adds another text at the end.
    pub fn push(&mut self, other: &Self) {
        for piece in &other.pieces {
            self.push_piece(piece.clone());
        }
    }

    /// Where it begins.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Says that all of it stands at a place: that of the use, where the text came from a definition.
    #[must_use]
    pub fn moved_to(&self, place: &Place) -> Self {
        let mut moved = self.clone();
        moved.place = place.clone();
        for piece in &mut moved.pieces {
            piece.place = place.clone();
            piece.layout = Layout::Fixed;
        }
        moved
    }

    /// Its parts, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.pieces.iter().map(|piece| match &piece.open {
            None => Part::Known(&piece.text),
            Some(open) => Part::Open(&piece.text, open),
        })
    }

    /// The text with the expressions of what is unresolved.
    pub fn raw(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }

    /// The text as the file writes it.
    pub fn as_written(&self) -> String {
        self.pieces.iter().map(|piece| piece.written.as_ref().unwrap_or(&piece.text).as_str()).collect()
    }

    /// Whether nothing in it is unresolved.
    pub fn is_known(&self) -> bool {
        self.pieces.iter().all(|piece| piece.open.is_none())
    }

    /// Whether it has neither characters nor unresolved parts.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The text, if all of it is known.
    pub fn as_known(&self) -> Option<String> {
        self.is_known().then(|| self.raw())
    }

    /// Whether it is this known text.
    pub fn is(&self, text: &str) -> bool {
        self.as_known().is_some_and(|known| known == text)
    }

    /// What it would be if every unresolved part fell back as the file says; `None` where one has nothing to fall
    /// back to.
    pub fn fallen_back(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match &piece.open {
                None => Some(piece.text.as_str()),
                Some(open) => open.fallback.as_deref(),
            })
            .collect()
    }

    /// How long it is in bytes, expressions as they are written.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|piece| piece.text.len()).sum()
    }

    /// As a statement.
    pub fn stated(&self) -> Stated {
        let value = if self.is_known() {
            Value::Known(self.raw())
        } else {
            Value::Unresolved { expression: self.raw(), fallback: self.fallen_back() }
        };
        Stated { value, place: self.place.clone() }
    }

    /// Whether the known characters at its beginning are these.
    pub fn starts_with(&self, prefix: &str) -> bool {
        match self.pieces.first() {
            Some(Piece { open: None, .. }) => self.known_head().starts_with(prefix),
            Some(_) | None => prefix.is_empty(),
        }
    }

    /// The known characters before the first unresolved part.
    pub fn known_head(&self) -> String {
        self.pieces.iter().take_while(|piece| piece.open.is_none()).map(|piece| piece.text.as_str()).collect()
    }

    /// The part from one byte of [`Text::raw`] to another; unresolved parts are never cut in two.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let mut sliced = Self::new(self.place_at(from));
        let mut start = 0;
        for piece in &self.pieces {
            let end = start + piece.text.len();
            if piece.open.is_some() || piece.written.is_some() {
                if start >= from && end <= to && end > start || (start == end && start >= from && end < to) {
                    sliced.push_piece(piece.clone());
                }
            } else if start < to && end > from {
                let cut = piece.cut(from.saturating_sub(start), to.min(end) - start);
                sliced.push_piece(cut);
            }
            start = end;
        }
        sliced
    }

    /// Where a byte of [`Text::raw`] stands.
    pub fn place_at(&self, offset: usize) -> Place {
        let mut start = 0;
        for piece in &self.pieces {
            let end = start + piece.text.len();
            if offset < end {
                return piece.place_at(offset - start);
            }
            start = end;
        }
        self.pieces.last().map_or_else(|| self.place.clone(), |piece| piece.place_at(piece.text.len()))
    }

    /// Where known characters stand in [`Text::raw`].
    fn find(&self, wanted: &str, from: usize) -> Option<usize> {
        let raw = self.raw();
        let open = self.open_ranges();
        raw.get(from..)?
            .match_indices(wanted)
            .map(|(at, _)| at + from)
            .find(|at| !open.iter().any(|range| range.contains(at)))
    }

    fn open_ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut start = 0;
        let mut ranges = Vec::new();
        for piece in &self.pieces {
            let end = start + piece.text.len();
            if piece.open.is_some() {
                ranges.push(start..end);
            }
            start = end;
        }
        ranges
    }

    /// Cuts it at known separators.
    pub fn split(&self, separator: &str) -> Vec<Self> {
        let raw = self.raw();
        let open = self.open_ranges();
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, _) in raw.match_indices(separator) {
            if at >= from && !open.iter().any(|range| range.contains(&at)) {
                parts.push(self.slice(from, at));
                from = at + separator.len();
            }
        }
        parts.push(self.slice(from, raw.len().max(1)));
        parts
    }

    /// Cuts it at the first known separator.
    pub fn split_once(&self, separator: &str) -> Option<(Self, Self)> {
        let at = self.find(separator, 0)?;
        Some((self.slice(0, at), self.slice(at + separator.len(), usize::MAX)))
    }

    /// Cuts it at the last known separator.
    pub fn split_last(&self, separator: &str) -> Option<(Self, Self)> {
        let raw = self.raw();
        let open = self.open_ranges();
        let (at, _) =
            raw.rmatch_indices(separator).find(|(at, _)| !open.iter().any(|range| range.contains(at)))?;
        Some((self.slice(0, at), self.slice(at + separator.len(), usize::MAX)))
    }

    /// Leaves out known characters at the beginning.
    #[must_use]
    pub fn trim_start_matches(&self, matches: impl Fn(char) -> bool) -> Self {
        let head = self.known_head();
        let kept = head.trim_start_matches(matches).len();
        self.slice(head.len() - kept, usize::MAX)
    }

    /// Leaves out known characters at the end.
    #[must_use]
    pub fn trim_end_matches(&self, matches: impl Fn(char) -> bool) -> Self {
        let mut tail: Vec<&str> = self
            .pieces
            .iter()
            .rev()
            .take_while(|piece| piece.open.is_none())
            .map(|p| p.text.as_str())
            .collect();
        tail.reverse();
        let tail = tail.concat();
        let cut = tail.len() - tail.trim_end_matches(matches).len();
        if cut == 0 { self.clone() } else { self.slice(0, self.len() - cut) }
    }

    /// Leaves out known white space at both ends.
    #[must_use]
    pub fn trim(&self) -> Self {
        self.trim_start_matches(char::is_whitespace).trim_end_matches(char::is_whitespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { file: "a".into(), line: 3, column: 5 }
    }

    fn text(parts: &[Result<&str, &str>]) -> Text {
        let mut whole = Text::new(place());
        for part in parts {
            whole.push(&match part {
                Ok(known) => Text::known(*known, place()),
                Err(open) => Text::open(*open, Open::default(), place()),
            });
        }
        whole
    }

    #[test]
    fn what_is_open_is_never_cut() {
        let whole = text(&[Ok("A="), Err("${{ f('a,b=c') }}"), Ok(",B=1")]);
        let items: Vec<_> = whole.split(",").iter().map(Text::raw).collect();
        assert_eq!(items, ["A=${{ f('a,b=c') }}", "B=1"]);
        let (key, value) = whole.split(",")[0].split_once("=").unwrap();
        assert_eq!((key.raw().as_str(), value.is_known()), ("A", false));
        assert!(text(&[Err("$(a:b)")]).split_last(":").is_none());
    }

    #[test]
    fn it_falls_back_only_where_every_part_does() {
        let open = |fallback: Option<&str>| {
            Text::open("$X", Open { fallback: fallback.map(str::to_owned), ..Open::default() }, place())
        };
        let mut whole = Text::known("app-", place());
        whole.push(&open(Some("dev")));
        assert_eq!(whole.fallen_back().as_deref(), Some("app-dev"));
        whole.push(&open(None));
        assert_eq!(whole.fallen_back(), None);
    }

    #[test]
    fn blocks_know_line_and_column() {
        let source = super::super::source::Source::new("a", "k: |\n  one two\n   three\n");
        let documents = super::super::yaml::parse(&source).unwrap();
        let whole = Text::of_node(documents[0].get("k").unwrap());
        let at = |offset| {
            let place = whole.place_at(offset);
            (place.line, place.column)
        };
        assert_eq!((at(0), at(4), at(8), at(9)), ((2, 3), (2, 7), (3, 3), (3, 4)));
        assert_eq!(whole.slice(9, 14).place().column, 4);
    }

    #[test]
    fn only_known_blanks_are_trimmed() {
        let whole = text(&[Ok("  "), Err(" $X "), Ok("a \n")]);
        assert_eq!(whole.trim().raw(), " $X a");
    }
}

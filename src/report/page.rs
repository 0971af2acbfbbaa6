//! Lines of the text report: escaped, wrapped, indented, coloured where that is welcome.

use super::Style;
use crate::text::escape::one_line;

/// Width of the column of labels.
const MARGIN: usize = 12;
/// Below this width, text is not wrapped any narrower.
const NARROWEST: usize = 40;

/// A colour by its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    None,
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[1;31m",
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
        }
    }
}

/// A page under way. Whatever text is given to it is escaped here, and nowhere else.
#[derive(Debug)]
pub(super) struct Page {
    out: String,
    style: Style,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { out: String::new(), style }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    /// An empty line, never two.
    pub(super) fn blank(&mut self) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    /// A painted word and the rest of its line.
    pub(super) fn line(&mut self, head: &str, paint: Paint, rest: &str) {
        let head = one_line(head);
        let width = self.style.width.max(NARROWEST);
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        let taken = head.chars().count() + gap;
        let painted = self.painted(&head, paint);
        self.out.push_str(&painted);
        self.out.push_str(&" ".repeat(gap));
        let rest = rest.trim_start_matches(' ');
        for (at, part) in wrap(&one_line(rest), width, taken, 2).into_iter().enumerate() {
            if at > 0 {
                self.out.push_str("\n  ");
            }
            self.out.push_str(&part);
        }
        self.out.push('\n');
    }

    /// Text from the left edge.
    pub(super) fn plain(&mut self, text: &str) {
        for part in wrap(&one_line(text), self.style.width.max(NARROWEST), 0, 0) {
            self.out.push_str(&part);
            self.out.push('\n');
        }
    }

    /// Text beside a label; an empty label continues the one above.
    pub(super) fn labelled(&mut self, label: &str, text: &str, paint: Paint) {
        let indent = MARGIN + 2;
        for (at, part) in
            wrap(&one_line(text), self.style.width.max(NARROWEST), indent, indent).into_iter().enumerate()
        {
            let label = if at == 0 { label } else { "" };
            let part = self.painted(&part, paint);
            self.out.push_str(&format!("  {label:<MARGIN$}{part}\n"));
        }
    }

    /// A command, never broken, so that it can be copied.
    pub(super) fn command(&mut self, command: &str) {
        let command = self.painted(&format!("$ {}", one_line(command)), Paint::Bold);
        self.out.push_str(&format!("  {:<MARGIN$}   {command}\n", ""));
    }

    /// A row of the table: glyph, name in a column of this width, and a detail that wraps under itself or, where
    /// there is no room, below.
    pub(super) fn row(&mut self, glyph: &str, paint: Paint, name: &str, column: usize, detail: &str) {
        let width = self.style.width.max(NARROWEST);
        let glyph = self.painted(glyph, paint);
        let name = one_line(name);
        self.out.push_str(&format!("  {glyph} {name:<column$}"));
        let taken = name.chars().count().max(column) + 6;
        let beside = width >= taken + NARROWEST / 2;
        let (taken, indent) = if beside { (taken, column + 6) } else { (width, 6) };
        for (at, part) in wrap(&one_line(detail), width, taken, indent).into_iter().enumerate() {
            if at == 0 && beside {
                self.out.push_str("  ");
            } else if at > 0 {
                self.out.push('\n');
                self.out.push_str(&" ".repeat(indent));
            }
            self.out.push_str(&part);
        }
        self.out.push('\n');
    }

    fn painted(&self, text: &str, paint: Paint) -> String {
        if self.style.colour && paint != Paint::None {
            format!("{}{text}\x1b[0m", paint.code())
        } else {
            text.to_owned()
        }
    }
}

/// Breaks at blanks, so that no line exceeds the width: the first line has `taken` characters before it, the
/// others `indent`. A word that is longer than a line stays whole (a URL, a resource name, to be copied).
fn wrap(text: &str, width: usize, taken: usize, indent: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut column = taken;
    for word in text.split(' ') {
        let length = word.chars().count();
        let Some(line) = lines.last_mut() else { break };
        let first = line.is_empty() && column == if lines.len() == 1 { taken } else { indent };
        let blank = usize::from(!first);
        let fresh = lines.len() > 1 || taken < width;
        let Some(line) = lines.last_mut() else { break };
        if column + blank + length > width && !(first && fresh) {
            lines.push(word.to_owned());
            column = indent + length;
        } else {
            if !first {
                line.push(' ');
            }
            line.push_str(word);
            column += blank + length;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_blanks_and_keeps_long_words_whole() {
        assert_eq!(wrap("one two three", 7, 0, 0), ["one two", "three"]);
        assert_eq!(wrap("one two three", 9, 2, 4), ["one two", "three"]);
        assert_eq!(wrap("extraordinarily long", 6, 0, 0), ["extraordinarily", "long"]);
        assert_eq!(wrap("", 6, 0, 0), [""]);
        assert_eq!(wrap("no room", 6, 6, 2), ["", "no", "room"]);
    }

    #[test]
    fn colours_only_where_they_are_welcome_and_never_lets_text_bring_its_own() {
        for colour in [false, true] {
            let mut page = Page::new(Style { colour, width: 80, verbose: false });
            page.labelled("label", "red \x1b[31m text", Paint::Red);
            let text = page.finish();
            assert!(text.contains("red \\u{1b}[31m text"), "{text}");
            assert_eq!(text.contains("\x1b[1;31m"), colour);
        }
    }

    #[test]
    fn no_line_but_of_commands_exceeds_the_width() {
        let mut page = Page::new(Style { colour: false, width: 60, verbose: false });
        let text = "a fairly long sentence that has to be broken several times to fit the page ".repeat(3);
        page.plain(&text);
        page.labelled("label", &text, Paint::None);
        page.row("✓", Paint::Green, "some-check", 20, &text);
        page.row("✓", Paint::Green, "a-very-long-name-of-a-check[WITH_A_SUBJECT]", 30, &text);
        page.line("head", Paint::Bold, &format!("  {text}"));
        for line in page.finish().lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
    }
}

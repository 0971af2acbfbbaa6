//! One problem as text: `file:line:column`, the source line, a caret under the place, the fix.
//!
//! The source is untrusted: only a window of the line is shown, and control characters are escaped, so that a
//! file can neither flood nor steer the terminal. What may be a secret on the line is covered.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::cover;
use super::problem::{Problem, Severity};
use crate::model::Place;
use crate::text::escape::{each, shown, shown_lines};

/// Characters of a source line that are shown, before escaping.
const WINDOW: usize = 100;
/// Characters of context that are kept in front of the place in a long line.
const BEFORE: usize = 40;
/// The longest message or fix, in characters: both may quote the file.
const LONGEST_MESSAGE: usize = 600;

/// Renders one problem, without a line feed at its end. `text` gives the text of a file, where it was read.
pub(crate) fn render<'t>(
    problem: &Problem,
    text: impl Fn(&Arc<str>) -> Option<&'t str>,
    colour: bool,
) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::NOTE.with_name("advice"),
    };
    let title = level.primary_title(shown_lines(&problem.message, LONGEST_MESSAGE)).id(problem.code);
    let mut group = Group::with_title(title);
    let mut origins = Vec::new();
    if let Some(place) = &problem.place {
        group = with_place(group, place, problem.length, None, &text, &mut origins);
    }
    if let Some((place, label)) = &problem.related {
        group = with_place(group, place, 1, Some(label), &text, &mut origins);
    }
    if let Some(note) = &problem.note {
        group = group.element(Level::NOTE.message(shown_lines(note, LONGEST_MESSAGE)));
    }
    if let Some(fix) = &problem.fix {
        group = group.element(Level::HELP.message(shown_lines(fix, LONGEST_MESSAGE)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    with_origins(&renderer.render(&[group]), &origins)
}

fn with_place<'a, 't>(
    group: Group<'a>,
    place: &Place,
    length: u32,
    label: Option<&str>,
    text: &impl Fn(&Arc<str>) -> Option<&'t str>,
    origins: &mut Vec<String>,
) -> Group<'a> {
    let line = text(&place.file).and_then(|text| cover::line(text, as_usize(place.line).saturating_sub(1)));
    let kind = if label.is_some() { AnnotationKind::Context } else { AnnotationKind::Primary };
    let label = label.map(|label| shown_lines(label, LONGEST_MESSAGE));
    match line {
        Some(line) => {
            let window = window(&line, as_usize(place.column), as_usize(length));
            let path = format!("{MARK}{}{MARK}", origins.len());
            origins.push(shown(&place.to_string(), LONGEST_MESSAGE));
            let snippet = Snippet::source(window.shown).line_start(as_usize(place.line)).path(path);
            group.element(snippet.annotation(kind.span(window.marked).label(label)))
        }
        None => {
            let origin = Origin::path(shown(&place.file, LONGEST_MESSAGE));
            group.element(origin.line(as_usize(place.line)).char_column(as_usize(place.column)))
        }
    }
}

/// Encloses the number of an origin. No character; nothing that is shown has it.
const MARK: char = '\u{ffff}';

/// Puts the true places in: the renderer counts columns in what is shown, which may be cropped and escaped.
fn with_origins(rendered: &str, origins: &[String]) -> String {
    let mut parts = rendered.split(MARK);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    while let (Some(number), Some(rest)) = (parts.next(), parts.next()) {
        let origin = number.parse::<usize>().ok().and_then(|number| origins.get(number));
        whole.push_str(origin.map_or("", String::as_str));
        whole.push_str(
            rest.trim_start_matches(|character: char| character == ':' || character.is_ascii_digit()),
        );
    }
    whole
}

/// What is shown of a line, and which bytes of that are meant.
#[derive(Debug, PartialEq, Eq)]
struct Window {
    shown: String,
    marked: Range<usize>,
}

fn window(line: &str, column: usize, length: usize) -> Window {
    let first = column.saturating_sub(1);
    let total = line.chars().count();
    let start = if total <= WINDOW { 0 } else { first.min(total).saturating_sub(BEFORE) };
    let mut shown = String::new();
    if start > 0 {
        shown.push('…');
    }
    let mut marked = None;
    let mut index = start;
    let part: String = line.chars().skip(start).take(WINDOW).collect();
    each(&part, |character, escaped| {
        let from = shown.len();
        // No line begins here: a margin stands before it.
        shown.push_str(if character == ':' { ":" } else { escaped });
        if (first..first.saturating_add(length.max(1))).contains(&index) {
            let begin = marked.take().map_or(from, |range: Range<usize>| range.start);
            marked = Some(begin..shown.len());
        }
        index += 1;
    });
    // A place behind the line's last character (an early end of the file) is shown behind it.
    let marked = marked.unwrap_or(shown.len()..shown.len());
    if start + WINDOW < total {
        shown.push('…');
    }
    Window { shown, marked }
}

fn as_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::escape::is_harmful;

    fn place(line: u32, column: u32) -> Place {
        Place { file: "a.yaml".into(), line, column }
    }

    #[test]
    fn shows_place_line_caret_and_hint() {
        let problem = Problem::error("unknown-key", "unknown key `nme`")
            .at(place(2, 5))
            .length(3)
            .related(place(1, 1), "in this list")
            .fix("did you mean `name`?");
        let text = "services:\n  - nme: x\n";
        insta::assert_snapshot!(render(&problem, |_| Some(text), false), @r"
        error[unknown-key]: unknown key `nme`
         --> a.yaml:2:5
          |
        2 |   - nme: x
          |     ^^^
          |
         ::: a.yaml:1:1
          |
        1 | services:
          | - in this list
          |
          = help: did you mean `name`?
        ");
    }

    #[test]
    fn colour_is_a_parameter() {
        let problem = Problem::warning("w", "m").at(place(1, 1));
        assert!(render(&problem, |_| Some("x"), true).contains('\u{1b}'));
        assert!(!render(&problem, |_| Some("x"), false).contains('\u{1b}'));
    }

    #[test]
    fn a_long_line_is_cropped_around_the_place() {
        let line = format!("{}X{}", "a".repeat(10_000), "b".repeat(10_000));
        let Window { shown, marked } = window(&line, 10_001, 1);
        assert_eq!(&shown[marked], "X");
        assert!(shown.chars().count() <= WINDOW + 2);
        let problem = Problem::error("c", "m").at(place(1, 10_001));
        let text = render(&problem, |_| Some(&line), false);
        assert!(text.contains("a.yaml:1:10001"), "{text}");
        assert!(text.len() < 600, "{text}");
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let problem = Problem::error("c", "bad \u{1b}[2J value").at(place(1, 1)).fix("\u{9b}31m \u{202e}");
        let line = "k: \u{1b}]0;owned\u{7}\rname\u{202e}\u{2028}\u{ad}\u{2061}\u{e0041}\u{ffff} ##[group]x ${A##b} ::c";
        let text = render(&problem, |_| Some(line), false);
        assert!(!text.chars().any(|character| is_harmful(character) && character != '\n'), "{text:?}");
        assert!(text.contains("#\\#[group]x ${A##b} ::c"), "{text:?}");
    }

    proptest! {
        #[test]
        fn any_place_in_any_text_can_be_shown(text in "\\PC{0,40}", line in 0u32..6, column in 0u32..300, length in 0u32..300) {
            let problem = Problem::error("c", text.clone()).at(place(line, column)).length(length as usize);
            let shown = render(&problem, |_| Some(&text), false);
            prop_assert!(shown.contains("error[c]"));
        }
    }
}

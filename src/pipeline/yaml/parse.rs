//! Builds the tree from the parser's events.
//!
//! serde's data model would turn `1.10` into `1.1`, `0755` into 493 and `true` into a boolean, and it loses how a
//! scalar was quoted. A pipeline's values are texts, so the tree is built from the events of the parser that
//! serde-saphyr itself stands on and re-exports (`granit_parser`): the same YAML, no second parser.
//!
//! Bombs are refused with their place: nesting, the number of values, and what aliases expand to are bounded.

use std::collections::HashMap;

use serde_yaml::granit_parser::{
    self, ErrorKind, Event, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle,
};

use super::{Entry, Kind, Node, Style};
use crate::model::Place;
use crate::pipeline::problem::Problem;
use crate::pipeline::source::Source;

/// How deep values may be nested. Workflows with a matrix reach nine.
const DEEPEST: usize = 64;
/// How many values a file may have, counting what its aliases expand to.
const MOST_VALUES: usize = 200_000;
/// How many bytes of text aliases may expand to.
const MOST_ALIASED_TEXT: usize = 4 * 1024 * 1024;

/// Reads the documents of a source; documents without content are left out.
///
/// # Errors
///
/// A problem for broken YAML or a bomb; one for each key that stands twice.
pub fn parse(source: &Source) -> Result<Vec<Node>, Vec<Problem>> {
    let options = granit_parser::options! {
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        emit_comments: false,
    };
    let mut parser = Parser::new_from_str_with_options(&source.text, options);
    let mut builder =
        Builder { source, anchors: HashMap::new(), values: 0, aliased: 0, problems: Vec::new() };
    let mut documents = Vec::new();
    loop {
        match builder.next(&mut parser) {
            Ok((Event::StreamEnd, _)) => break,
            Ok((Event::DocumentStart(..), _)) => builder.anchors.clear(),
            Ok((event, span)) if event.is_node() => match builder.node(&mut parser, event, span, 0) {
                Ok(built) if built.node.is_null() => {}
                Ok(built) => documents.push(built.node),
                Err(problem) => return Err(vec![*problem]),
            },
            Ok(_) => {}
            Err(problem) => return Err(vec![*problem]),
        }
    }
    if builder.problems.is_empty() { Ok(documents) } else { Err(builder.problems) }
}

type Events<'t> = Parser<'t, StrInput<'t>>;
/// Boxed: problems are large and rare.
type Built<T> = Result<T, Box<Problem>>;

/// A node and what copying it costs.
#[derive(Clone)]
struct Measured {
    node: Node,
    values: usize,
    text: usize,
    height: usize,
}

struct Builder<'s> {
    source: &'s Source,
    anchors: HashMap<usize, Measured>,
    values: usize,
    aliased: usize,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn next<'t>(&self, parser: &mut Events<'t>) -> Built<(Event<'t>, Span)> {
        match parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Box::new(self.broken(&error))),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node<'t>(
        &mut self,
        parser: &mut Events<'t>,
        event: Event<'t>,
        span: Span,
        depth: usize,
    ) -> Built<Measured> {
        let place = self.place(&span);
        self.count(&place)?;
        let anchor = event.anchor_id();
        let block = matches!(
            event,
            Event::SequenceStart(StructureStyle::Block, ..) | Event::MappingStart(StructureStyle::Block, ..)
        );
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum, of which four kinds are nodes")]
        let mut measured = match event {
            Event::Alias(id) => return self.alias(id, place, depth),
            Event::Scalar(text, style, _, _) => {
                let style = style_of(style);
                // The parser says `~` where nothing stands.
                let nothing = style == Style::Plain && span.is_empty();
                let text = if nothing { String::new() } else { text.into_owned() };
                let length = if style == Style::Plain { text.chars().count() } else { span.len() };
                let kind = Kind::Scalar { text, style };
                self.leaf(kind, place, length)
            }
            Event::SequenceStart(..) => self.sequence(parser, place, depth)?,
            Event::MappingStart(..) => self.mapping(parser, place, depth)?,
            // `granit_parser` says of every other event that it is no node.
            _ => return Err(Box::new(self.problem("yaml-broken", "unexpected YAML event", place))),
        };
        if block {
            measured.node.length = 1;
        }
        if let Some(id) = anchor {
            // Anchors inside of anchors are copied once a level.
            self.copies(measured.values, measured.text, measured.height, &measured.node.place.clone())?;
            self.anchors.insert(id, measured.clone());
        }
        Ok(measured)
    }

    fn leaf(&self, kind: Kind, place: Place, length: usize) -> Measured {
        let text = if let Kind::Scalar { text, .. } = &kind { text.len() } else { 0 };
        let item_line = place.line;
        Measured { node: Node { kind, place, length, item_line }, values: 1, text, height: 0 }
    }

    fn sequence<'t>(&mut self, parser: &mut Events<'t>, place: Place, depth: usize) -> Built<Measured> {
        let mut whole = self.leaf(Kind::Seq(Vec::new()), place, 1);
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next(parser)?;
            if matches!(event, Event::SequenceEnd | Event::StreamEnd) {
                break;
            }
            let start = span.byte_range().map(|range| range.start);
            let mut item = self.node(parser, event, span, depth + 1)?;
            item.node.item_line =
                start.map_or(item.node.place.line, |start| self.dash_line(start, &item.node.place));
            whole.add(&item);
            items.push(item.node);
        }
        whole.node.kind = Kind::Seq(items);
        Ok(whole)
    }

    fn mapping<'t>(&mut self, parser: &mut Events<'t>, place: Place, depth: usize) -> Built<Measured> {
        let mut whole = self.leaf(Kind::Map(Vec::new()), place, 1);
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Node> = Vec::new();
        let mut seen: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.next(parser)?;
            if matches!(event, Event::MappingEnd | Event::StreamEnd) {
                break;
            }
            let key = self.node(parser, event, span, depth + 1)?;
            let (event, span) = self.next(parser)?;
            let value = self.node(parser, event, span, depth + 1)?;
            whole.add(&key);
            whole.add(&value);
            let Kind::Scalar { text, style } = key.node.kind else {
                let problem = self.problem("yaml-key-not-text", "a key must be a text", key.node.place).fix(
                    "a template (`{{ … }}`) must be rendered before it is checked; a text goes in quotes",
                );
                return Err(Box::new(problem));
            };
            if text == "<<" && style == Style::Plain {
                match value.node.kind {
                    Kind::Seq(nodes) => merged.extend(nodes),
                    Kind::Map(_) | Kind::Scalar { .. } => merged.push(value.node),
                }
                continue;
            }
            if let Some(first) = seen.get(&text) {
                let problem = self
                    .problem("yaml-duplicate-key", format!("the key `{text}` stands twice"), key.node.place)
                    .length(key.node.length)
                    .related(first.clone(), "here first")
                    .fix("keep one: tools disagree about which of the two counts");
                self.problems.push(problem);
                continue;
            }
            seen.insert(text.clone(), key.node.place.clone());
            entries.push(Entry { key: text, place: key.node.place, value: value.node });
        }
        // YAML 1.1's merge key: what the mapping says itself wins, then the first of several.
        for entry in merged.into_iter().flat_map(|node| match node.kind {
            Kind::Map(entries) => entries,
            Kind::Seq(_) | Kind::Scalar { .. } => Vec::new(),
        }) {
            if !seen.contains_key(&entry.key) {
                seen.insert(entry.key.clone(), entry.place.clone());
                entries.push(entry);
            }
        }
        whole.node.kind = Kind::Map(entries);
        Ok(whole)
    }

    fn alias(&mut self, id: usize, place: Place, depth: usize) -> Built<Measured> {
        let Some(known) = self.anchors.get(&id) else {
            let message = "this alias stands inside of what it refers to";
            let problem = self.problem("yaml-too-complex", message, place);
            return Err(Box::new(problem.fix("write the value out")));
        };
        let (values, text, height) = (known.values, known.text, known.height);
        self.copies(values, text, depth + height, &place)?;
        match self.anchors.get(&id) {
            Some(known) => Ok(known.clone()),
            None => Err(Box::new(self.problem("yaml-broken", "this alias refers to nothing", place))),
        }
    }

    /// Pays for a copy before it is made.
    fn copies(&mut self, values: usize, text: usize, height: usize, place: &Place) -> Built<()> {
        self.values = self.values.saturating_add(values);
        self.aliased = self.aliased.saturating_add(text);
        if self.values > MOST_VALUES || self.aliased > MOST_ALIASED_TEXT || height > DEEPEST {
            let message = "this file's anchors and aliases expand to too much";
            let fix = "a pipeline file needs no such nesting of aliases";
            return Err(Box::new(self.problem("yaml-too-complex", message, place.clone()).fix(fix)));
        }
        Ok(())
    }

    fn count(&mut self, place: &Place) -> Built<()> {
        self.values += 1;
        if self.values > MOST_VALUES {
            let message = format!("this file has more than {MOST_VALUES} values");
            return Err(Box::new(self.problem("yaml-too-complex", message, place.clone())));
        }
        Ok(())
    }

    /// The line of the dash in front of an item that begins at a byte: its own line, or one above it.
    fn dash_line(&self, start: usize, place: &Place) -> u32 {
        let before = self.source.text.get(..start).unwrap_or_default();
        for (up, line) in before.rsplit('\n').enumerate() {
            let line = line.trim();
            if line == "-" || line.starts_with("- ") {
                return place.line.saturating_sub(u32::try_from(up).unwrap_or(0));
            }
            let blank = line.is_empty() || line.starts_with('#');
            if !blank {
                break;
            }
        }
        place.line
    }

    fn place(&self, span: &Span) -> Place {
        self.mark(span.start.line(), span.start.col())
    }

    /// The parser counts lines from 1 and columns from 0.
    fn mark(&self, line: usize, column: usize) -> Place {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.source.place(number(line.max(1)), number(column.saturating_add(1)))
    }

    fn problem(&self, code: &'static str, message: impl Into<String>, place: Place) -> Problem {
        Problem::error(code, message).at(place)
    }

    fn broken(&self, error: &ScanError) -> Problem {
        let place = self.mark(error.marker().line(), error.marker().col());
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            let message = format!("this file is nested deeper than {DEEPEST} levels");
            return self.problem("yaml-too-complex", message, place);
        }
        let problem = self.problem("yaml-broken", format!("this is not YAML: {}", error.kind()), place);
        match fix_for(error.kind()) {
            Some(fix) => problem.fix(fix),
            None => problem,
        }
    }
}

/// What users most often did where the parser stumbles.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum of ninety kinds, which has its own words")]
fn fix_for(kind: &ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            Some("indent with blanks, not with tabs")
        }
        ErrorKind::MappingValueNotAllowed => {
            Some("a text that contains `: ` goes in quotes; or the line is indented too far")
        }
        ErrorKind::UnknownAnchor => Some("a text that begins with `*` goes in quotes"),
        ErrorKind::UnclosedQuotedScalar => Some("the closing quote is missing"),
        ErrorKind::UnexpectedCharacter { .. } => {
            Some("a text that begins with this character goes in quotes")
        }
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation | ErrorKind::SimpleKeyExpected => {
            Some("look at the indentation of this line and the one above, and for a missing `:`")
        }
        _ => None,
    }
}

impl Measured {
    fn add(&mut self, child: &Self) {
        self.values += child.values;
        self.text += child.text;
        self.height = self.height.max(child.height + 1);
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    fn source(text: &str) -> Source {
        Source::new("a.yaml", text)
    }

    fn one(text: &str) -> Node {
        let mut documents = parse(&source(text)).unwrap();
        assert_eq!(documents.len(), 1, "{documents:?}");
        documents.remove(0)
    }

    fn code(text: &str) -> &'static str {
        parse(&source(text)).unwrap_err()[0].code
    }

    #[test]
    fn texts_stay_as_they_are_written() {
        let node = one("a: 1.10\nb: 0755\nc: true\nd: null\ne: 'null'\nf: 1e3\ng:\nh: \"x\\ty\"\n");
        for (key, text) in [
            ("a", "1.10"),
            ("b", "0755"),
            ("c", "true"),
            ("d", "null"),
            ("f", "1e3"),
            ("g", ""),
            ("h", "x\ty"),
        ] {
            assert_eq!(node.get(key).unwrap().text(), Some(text));
        }
        assert!(node.get("d").unwrap().is_null());
        assert!(!node.get("e").unwrap().is_null());
        assert!(node.get("g").unwrap().is_null());
    }

    #[test]
    fn every_node_knows_its_place() {
        let node = one("a:\n  - x: 1\n  -\n    # why\n    y: é\n  - z\n");
        let items = node.get("a").unwrap().items();
        let places: Vec<_> =
            items.iter().map(|item| (item.item_line, item.place.line, item.place.column)).collect();
        assert_eq!(places, [(2, 2, 5), (3, 5, 5), (6, 6, 5)]);
        assert_eq!(node.entries()[0].place.to_string(), "a.yaml:1:1");
        assert_eq!(items[1].get("y").unwrap().place.to_string(), "a.yaml:5:8");
    }

    #[test]
    fn lines_of_a_literal_block_have_places() {
        let node = one("a: |\n  one\n  two\n");
        assert_eq!(node.get("a").unwrap().place_of_line(1).line, 3);
        let node = one("a: |\n\n\n  one\n");
        assert_eq!(node.get("a").unwrap().text(), Some("\n\none\n"));
        assert_eq!(node.get("a").unwrap().place_of_line(2).line, 4);
    }

    #[test]
    fn json_crlf_and_several_documents_are_yaml() {
        assert_eq!(one("{\"a\": [1, \"b\"]}").get("a").unwrap().items().len(), 2);
        assert_eq!(one("a: 1\r\nb: x\r\n").get("b").unwrap().text(), Some("x"));
        assert_eq!(parse(&source("---\na: 1\n---\n# nothing\n---\nb: 1\n")).unwrap().len(), 2);
    }

    #[test]
    fn aliases_and_merge_keys_are_resolved() {
        let node = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nalias: *b\n");
        assert_eq!(node.at(&["use", "x"]).unwrap().text(), Some("1"));
        assert_eq!(node.at(&["use", "y"]).unwrap().text(), Some("3"));
        assert_eq!(node.at(&["alias", "y"]).unwrap().text(), Some("2"));
    }

    #[test]
    fn every_duplicate_key_is_told_with_both_places() {
        let problems = parse(&source("a: 1\na: 2\nb: {c: 1, c: 2}\n")).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].place.as_ref().unwrap().line, 2);
        assert_eq!(problems[0].related.as_ref().unwrap().0.line, 1);
    }

    #[test]
    fn broken_yaml_says_where() {
        for text in ["a: [1\nb: 2", "a: 'x\n", "a\n\tb: 1", "a: b: c", "*x", "a: 1\n b: 2", "%"] {
            let problems = parse(&source(text)).unwrap_err();
            assert_eq!((problems.len(), problems[0].code), (1, "yaml-broken"), "{text}");
            assert!(problems[0].place.is_some());
        }
        assert_eq!(code("{{ x }}: 1"), "yaml-key-not-text");
    }

    #[test]
    fn bombs_are_refused_quickly() {
        let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..20 {
            let alias = format!("*a{},", level - 1).repeat(9);
            laughs += &format!("a{level}: &a{level} [{alias}]\n");
        }
        let big = format!("a: &a {}\nb: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(10_000));
        let anchors: String = (0..60).map(|n| format!("{:n$}- &a{n}\n", "")).collect();
        let bombs = [
            laughs,
            big,
            format!("{anchors}{:60}- {}", "", "x".repeat(4_000_000)),
            "[".repeat(1_000_000),
            "{a: ".repeat(500_000),
            "- ".repeat(500_000),
            "? ".repeat(500_000),
            "[a,".repeat(500_000),
            "- a\n".repeat(1_000_000),
            "a: &a [*a]".to_owned(),
            (0..3000).map(|n| format!("{:n$}a:\n", "")).collect(),
        ];
        for bomb in bombs {
            let start = Instant::now();
            let found = code(&bomb);
            let head: String = bomb.chars().take(40).collect();
            assert_eq!(found, "yaml-too-complex", "{head}");
            assert!(start.elapsed() < crate::HANG, "{head}: {:?}", start.elapsed());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-a-c:{}\\[\\]&*!|>'\"%@`#?, \n\t<]{0,60}") {
            let _ = parse(&source(&text));
        }

        #[test]
        fn any_double_quoted_text_comes_back(text in "[ -~é\n\t]{0,40}") {
            let json = serde_json::to_string(&text).unwrap();
            let node = one(&format!("a: {json}"));
            prop_assert_eq!(node.get("a").unwrap().text(), Some(text.as_str()));
        }
    }
}

//! Values: what the files themselves define is put in, everything else stays as it is written.
//!
//! Each format has its own way to refer to a value. What cannot be told from the files is never guessed: it becomes
//! [`Value::Unresolved`] with its text.

use std::collections::HashMap;
use std::ops::Range;

use super::text::{Open, Text};
use super::yaml::Node;
use crate::model::{Place, Stated, Value};

/// How deep definitions may refer to each other.
const DEEPEST: usize = 8;
/// The longest text that definitions may expand to, in bytes.
const LONGEST: usize = 64 * 1024;

/// How a format refers to values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `$NAME`, `${NAME}`; `$$` stands for a dollar sign.
    CloudBuild,
    /// `${{ env.NAME }}` and other expressions.
    GitHub,
    /// `${NAME}`, `$NAME`, `$(NAME)`: what envsubst and Cloud Run fill in.
    Manifest,
    /// Nothing: every text is meant as it stands.
    Plain,
}

/// What a text may refer to, at one point of a file.
#[derive(Clone, Debug)]
pub struct Values {
    dialect: Dialect,
    known: HashMap<String, String>,
}

/// A reference within a text.
struct Reference<'t> {
    /// Where it stands.
    range: Range<usize>,
    /// The name that a file could define; none for everything that only the run can tell.
    name: Option<&'t str>,
}

impl Values {
    /// No definitions yet.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, known: HashMap::new() }
    }

    /// Adds the texts of a mapping; what is defined later wins. Null defines nothing.
    pub fn define(&mut self, mapping: Option<&Node>) {
        for entry in mapping.map(Node::entries).unwrap_or_default() {
            match entry.value.text() {
                Some(text) if !entry.value.is_null() => self.known.insert(entry.key.clone(), text.to_owned()),
                Some(_) | None => self.known.remove(&entry.key),
            };
        }
    }

    /// These definitions and, before them, those of a mapping within their reach.
    #[must_use]
    pub fn within(&self, mapping: Option<&Node>) -> Self {
        let mut inner = self.clone();
        inner.define(mapping);
        inner
    }

    /// The text with everything put in that the file defines.
    pub fn resolve(&self, text: &str) -> String {
        // What would grow beyond all bounds stays as it is written.
        self.expand(text, DEEPEST).unwrap_or_else(|| text.to_owned())
    }

    fn expand(&self, text: &str, depth: usize) -> Option<String> {
        let mut whole = String::new();
        let mut from = 0;
        for reference in references(self.dialect, text) {
            whole.push_str(text.get(from..reference.range.start)?);
            from = reference.range.end;
            let written = text.get(reference.range)?;
            let defined = reference.name.and_then(|name| self.known.get(name));
            match defined {
                Some(value) if depth == 0 || references_itself(self.dialect, value, written) => {
                    whole.push_str(written);
                }
                Some(value) => whole.push_str(&self.expand(value, depth - 1)?),
                None => whole.push_str(written),
            }
            if whole.len() > LONGEST {
                return None;
            }
        }
        whole.push_str(text.get(from..)?);
        Some(whole)
    }

    /// A resolved text as a statement: known if nothing in it is left open.
    pub fn stated(&self, resolved: impl Into<String>, place: Place) -> Stated {
        let text = resolved.into();
        let open: Vec<_> = references(self.dialect, &text);
        let Some(first) = open.first() else { return Stated::known(text, place) };
        // Only where the whole text is one expression is its fallback the whole value's.
        let fallback = (first.range == (0..text.len())).then(|| fallback(self.dialect, &text)).flatten();
        Stated { value: Value::Unresolved { expression: text, fallback }, place }
    }

    /// A resolved text with what is left open in it.
    pub fn text(&self, resolved: &str, place: &Place) -> Text {
        let mut whole = Text::new(place.clone());
        let mut from = 0;
        for reference in references(self.dialect, resolved) {
            let before = resolved.get(from..reference.range.start).unwrap_or_default();
            let expression = resolved.get(reference.range.clone()).unwrap_or_default();
            let open = Open { fallback: fallback(self.dialect, expression), ..Open::default() };
            whole.push(&Text::known(before, place.clone()));
            whole.push(&Text::open(expression, open, place.clone()));
            from = reference.range.end;
        }
        whole.push(&Text::known(resolved.get(from..).unwrap_or_default(), place.clone()));
        whole
    }

    /// Resolves a text and states it.
    pub fn state(&self, text: &str, place: Place) -> Stated {
        self.stated(self.resolve(text), place)
    }

    /// Splits at a separator, but not within a reference.
    pub fn split<'t>(&self, text: &'t str, separator: &str) -> Vec<&'t str> {
        let inside = references(self.dialect, text);
        let mut parts = Vec::new();
        let mut from = 0;
        for (at, _) in text.match_indices(separator) {
            if at >= from && !inside.iter().any(|reference| reference.range.contains(&at)) {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + separator.len();
            }
        }
        parts.push(text.get(from..).unwrap_or_default());
        parts
    }

    /// Splits at the last separator that is not within a reference.
    pub fn split_last<'t>(&self, text: &'t str, separator: char) -> Option<(&'t str, &'t str)> {
        let inside = references(self.dialect, text);
        let (at, found) = text
            .rmatch_indices(separator)
            .find(|(at, _)| !inside.iter().any(|reference| reference.range.contains(at)))?;
        Some((text.get(..at)?, text.get(at + found.len()..)?))
    }

    /// The byte after the reference that begins at a byte, if one does.
    pub fn reference_at(&self, text: &str, at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let opening = if self.dialect == Dialect::GitHub { "${{" } else { "$" };
        if !rest.starts_with(opening) {
            return None;
        }
        let first = references(self.dialect, rest).into_iter().next()?;
        (first.range.start == 0).then_some(at + first.range.end)
    }
}

fn references_itself(dialect: Dialect, value: &str, written: &str) -> bool {
    references(dialect, value).iter().any(|reference| value.get(reference.range.clone()) == Some(written))
}

/// All references of a text, in order.
fn references(dialect: Dialect, text: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('$')).map(|at| from + at) {
        let reference = match dialect {
            Dialect::CloudBuild => dollar(text, at, false),
            Dialect::Manifest => dollar(text, at, true),
            Dialect::GitHub => expression(text, at),
            Dialect::Plain => None,
        };
        from = reference.as_ref().map_or(at + 1, |reference| reference.range.end);
        found.extend(reference);
    }
    found
}

/// `$NAME`, `${…}`, `$$NAME` and, in manifests, `$(NAME)`.
fn dollar(text: &str, at: usize, parentheses: bool) -> Option<Reference<'_>> {
    let rest = text.get(at + 1..)?;
    if let Some(escaped) = rest.strip_prefix('$') {
        // A dollar sign for a later reader: `$$NAME` is a variable of the shell, if one runs. Never known here.
        let end = at + 2 + word(escaped).len();
        return Some(Reference { range: at..end, name: None });
    }
    let closing = [('{', '}'), ('(', ')')].into_iter().take(if parentheses { 2 } else { 1 });
    for (open, close) in closing {
        if let Some(inner) = rest.strip_prefix(open) {
            let length = inner.find(close)?;
            let inner = inner.get(..length)?;
            let name = (!inner.is_empty() && word(inner) == inner).then_some(inner);
            return Some(Reference { range: at..at + length + 3, name });
        }
    }
    let name = word(rest);
    (!name.is_empty()).then(|| Reference { range: at..at + 1 + name.len(), name: Some(name) })
}

/// `${{ … }}`; only `env.NAME` has a name that a file can define.
fn expression(text: &str, at: usize) -> Option<Reference<'_>> {
    let inner = text.get(at..)?.strip_prefix("${{")?;
    let length = expression_end(inner)?;
    let body = inner.get(..length)?.trim();
    let name = body.strip_prefix("env.").filter(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    });
    Some(Reference { range: at..at + 3 + length + 2, name })
}

/// Where an expression's `}}` stands; not one within a string literal (`'}}'`).
fn expression_end(inner: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, character) in inner.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '}' if !quoted && inner.get(at..)?.starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

/// What an expression says it would fall back to: the literal after its only `||`, or after `:-`.
fn fallback(dialect: Dialect, text: &str) -> Option<String> {
    match dialect {
        Dialect::GitHub => {
            let body = text.strip_prefix("${{")?.strip_suffix("}}")?;
            let (left, right) = body.split_once("||")?;
            let literal = right.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (!literal.contains('\'') && !left.contains("&&")).then(|| literal.to_owned())
        }
        Dialect::CloudBuild | Dialect::Manifest => {
            let body = text.strip_prefix("${")?.strip_suffix('}')?;
            let (_, default) = body.split_once(":-")?;
            (!default.contains('$')).then(|| default.to_owned())
        }
        Dialect::Plain => None,
    }
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or_default();
    if word.starts_with(|c: char| c.is_ascii_digit()) { "" } else { word }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    fn values(dialect: Dialect, definitions: &str) -> Values {
        let documents = yaml::parse(&Source::new("a", definitions)).unwrap();
        Values::new(dialect).within(documents.first())
    }

    fn place() -> Place {
        Place { file: "a".into(), line: 1, column: 1 }
    }

    #[test]
    fn cloud_build_puts_in_its_substitutions() {
        let values = values(Dialect::CloudBuild, "_A: x\n_B: ${_A}-$_A\n_EMPTY: ''\n_NULL:\n_SELF: $_SELF\n");
        for (text, resolved, known) in [
            ("$_A/${_A}", "x/x", true),
            ("$_B", "x-x", true),
            ("a${_EMPTY}b", "ab", true),
            ("gcr.io/$PROJECT_ID/$_A", "gcr.io/$PROJECT_ID/x", false),
            ("$_NULL", "$_NULL", false),
            ("$_SELF", "$_SELF", false),
            ("$$_A", "$$_A", false),
            ("${COMMIT_SHA:0:7}", "${COMMIT_SHA:0:7}", false),
            ("costs 5$ or $1", "costs 5$ or $1", true),
        ] {
            let stated = values.state(text, place());
            assert_eq!((stated.raw(), stated.as_known().is_some()), (resolved, known), "{text}");
        }
    }

    #[test]
    fn github_puts_in_its_own_env_only() {
        let values = values(Dialect::GitHub, "A: x\nB: ${{ env.A }}-${{ github.sha }}\n");
        for (text, resolved, known) in [
            ("${{ env.A }}${{env.A}}", "xx", true),
            ("${{ env.B }}", "x-${{ github.sha }}", false),
            ("${{ secrets.A }}", "${{ secrets.A }}", false),
            ("$A ${A}", "$A ${A}", true),
            ("${{ format('}}{0}', env.A) }}", "${{ format('}}{0}', env.A) }}", false),
        ] {
            let stated = values.state(text, place());
            assert_eq!((stated.raw(), stated.as_known().is_some()), (resolved, known), "{text}");
        }
    }

    #[test]
    fn a_fallback_is_kept_beside_the_expression() {
        let fallback = |dialect, text| match Values::new(dialect).state(text, place()).value {
            Value::Unresolved { fallback, .. } => fallback,
            Value::Known(_) => None,
        };
        assert_eq!(
            fallback(Dialect::GitHub, "${{ vars.R || 'europe-west1' }}").as_deref(),
            Some("europe-west1")
        );
        assert_eq!(fallback(Dialect::GitHub, "${{ vars.R || 'a' }}-b"), None);
        assert_eq!(fallback(Dialect::GitHub, "${{ a && b || 'c' }}"), None);
        assert_eq!(fallback(Dialect::CloudBuild, "${_R:-a}").as_deref(), Some("a"));
    }

    #[test]
    fn separators_within_references_separate_nothing() {
        let values = Values::new(Dialect::GitHub);
        assert_eq!(
            values.split("A=${{ format('{0},{1}', a, b) }},B=1", ","),
            ["A=${{ format('{0},{1}', a, b) }}", "B=1"]
        );
        assert_eq!(values.split_last("s:${{ a['b:c'] }}", ':'), Some(("s", "${{ a['b:c'] }}")));
    }

    #[test]
    fn definitions_cannot_explode() {
        let mut definitions = "_0: xxxxxxxxxx\n".to_owned();
        for level in 1..30 {
            definitions += &format!("_{level}: \"{}\"\n", format!("$_{}", level - 1).repeat(20));
        }
        let values = values(Dialect::CloudBuild, &definitions);
        assert!(values.resolve("$_29").len() <= LONGEST);
        let circle = super::tests::values(Dialect::CloudBuild, "_A: $_B\n_B: $_A$_A\n");
        assert!(circle.resolve("$_A").len() <= LONGEST);
    }

    proptest! {
        #[test]
        fn without_definitions_a_text_stays(text in "[a${}()'. |:-]{0,30}") {
            for dialect in [Dialect::CloudBuild, Dialect::GitHub, Dialect::Manifest, Dialect::Plain] {
                let values = Values::new(dialect);
                prop_assert_eq!(values.resolve(&text), text.clone());
                prop_assert_eq!(values.split(&text, "|").join("|"), text.clone());
            }
        }
    }
}

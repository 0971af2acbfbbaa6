//! Texts that are known in part: what a reference hides is blanked out, the rest can be judged.

use crate::model::{Stated, Value};

/// Stands for what only the run can tell. A character for private use, which no real value holds.
pub(super) const OPEN: char = '\u{f8fe}';

/// The text of a statement with every reference in it blanked out.
pub(super) fn blanked(stated: &Stated) -> String {
    match &stated.value {
        Value::Known(text) => blank(text, &references(text, false)),
        // Not one reference that is recognised: then nothing of it is known.
        Value::Unresolved { expression, .. } => match references(expression, true).as_slice() {
            [] => OPEN.to_string(),
            found => blank(expression, found),
        },
    }
}

/// Whether nothing of a text is left open.
pub(super) fn is_known(text: &str) -> bool {
    !text.contains(OPEN)
}

/// Whether two texts may be one, whatever the open parts turn out to be. Judged piece by piece between separators.
pub(super) fn may_be_equal(one: &str, other: &str, separator: char) -> bool {
    if is_known(one) && is_known(other) {
        return one == other;
    }
    let (ones, others): (Vec<_>, Vec<_>) = (one.split(separator).collect(), other.split(separator).collect());
    // A reference may hide separators as well.
    ones.len() != others.len()
        || ones.iter().zip(&others).all(|(one, other)| one == other || !is_known(one) || !is_known(other))
}

/// The references of a text: `${{ … }}`, `${…}`, `$(…)` and, where `bare`, `$NAME` and `$$NAME`.
pub(super) fn references(text: &str, bare: bool) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('$')).map(|at| from + at) {
        let rest = text.get(at..).unwrap_or_default();
        let closed = |open: &str, close: &str| {
            let inner = rest.strip_prefix(open)?;
            Some(open.len() + inner.find(close)? + close.len())
        };
        let length = closed("${{", "}}").or_else(|| closed("${", "}")).or_else(|| closed("$(", ")"));
        let length = length.or_else(|| if bare { name_length(rest) } else { None });
        from = at + length.unwrap_or(1);
        found.extend(length.map(|length| at..at + length));
    }
    found
}

/// The length of `$NAME` or `$$NAME`.
fn name_length(rest: &str) -> Option<usize> {
    let signs = rest.len() - rest.trim_start_matches('$').len();
    let name = rest.get(signs..)?;
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    (end > 0).then_some(signs + end)
}

fn blank(text: &str, references: &[std::ops::Range<usize>]) -> String {
    let mut whole = String::new();
    let mut from = 0;
    for reference in references {
        whole.push_str(text.get(from..reference.start).unwrap_or_default());
        whole.push(OPEN);
        from = reference.end;
    }
    whole.push_str(text.get(from..).unwrap_or_default());
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Place;

    fn place() -> Place {
        Place { file: "a".into(), line: 1, column: 1 }
    }

    #[test]
    fn what_a_reference_hides_is_open_and_the_rest_is_not() {
        let blanked = |text: &str| blanked(&Stated::unresolved(text, place())).replace(OPEN, "?");
        assert_eq!(blanked("postgres://u:${{ secrets.P }}@localhost/d"), "postgres://u:?@localhost/d");
        assert_eq!(blanked("/cloudsql/$PROJECT_ID:r:${_I}"), "/cloudsql/?:r:?");
        assert_eq!(blanked("$$X-$(gcloud x)"), "?-?");
        assert_eq!(blanked("no reference at all"), "?");
        // A known text may hold a dollar sign.
        assert_eq!(super::blanked(&Stated::known("pa$word", place())), "pa$word");
    }

    #[test]
    fn open_parts_may_be_anything() {
        let o = OPEN;
        assert!(may_be_equal(&format!("{o}:r:i"), "p:r:i", ':'));
        assert!(!may_be_equal(&format!("{o}:r:i"), "p:r:j", ':'));
        assert!(may_be_equal(&o.to_string(), "p:r:i", ':'));
        assert!(!may_be_equal("p:r:i", "p:r:j", ':'));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a${}()\u{f8fe}é]{0,30}") {
            let _ = blanked(&Stated::known(text.clone(), place()));
            let _ = blanked(&Stated::unresolved(text, place()));
        }
    }
}

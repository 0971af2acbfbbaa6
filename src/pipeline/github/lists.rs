//! The lists of the action's inputs, over texts of which parts may be open.

use crate::model::Place;
use crate::pipeline::list;
use crate::pipeline::text::{Marked, Text};
use crate::pipeline::value::{Dialect, Values};

/// What `env_vars` and `secrets` hold.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// Names and values.
    pub(super) known: Vec<(String, Text)>,
    /// Items that are no pair as the file writes them: only the run knows which ones they are.
    pub(super) open: Vec<Text>,
}

/// The pairs of `env_vars` and `secrets`.
///
/// # Errors
///
/// Where, and what is wrong there.
pub(super) fn pairs(text: &Text) -> Result<Pairs, (Place, String)> {
    let marked = Marked::new(text);
    let place = |line: usize| place_of_line(&marked, text, line);
    let pairs = list::action_pairs(&marked.text, &Values::new(Dialect::Plain));
    let mut found = Pairs::default();
    for pair in pairs.map_err(|(line, what)| (place(line), what))? {
        let place = place(pair.line);
        let (key, value) = (marked.restore(&pair.key, &place), marked.restore(&pair.value, &place));
        if value.is_empty() && !key.is_known() {
            found.open.push(key);
        } else {
            found.known.push((key.raw(), value));
        }
    }
    Ok(found)
}

/// The words of `flags`.
///
/// # Errors
///
/// The quote that is not closed.
pub(super) fn flags(text: &Text) -> Result<Vec<Text>, char> {
    let marked = Marked::new(text);
    let words = list::action_flags(&marked.text, &Values::new(Dialect::Plain))?;
    let word = |(word, line): (String, usize)| marked.restore(&word, &place_of_line(&marked, text, line));
    Ok(words.into_iter().map(word).collect())
}

fn place_of_line(marked: &Marked, text: &Text, line: usize) -> Place {
    let line = u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1);
    marked.place_of(&Place { file: text.place().file.clone(), line, column: 1 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::text::Open;

    fn place() -> Place {
        Place { file: "a".into(), line: 1, column: 1 }
    }

    #[test]
    fn what_is_open_is_never_cut() {
        let mut text = Text::known("A=1,B=", place());
        text.push(&Text::open("${{ a, b\n=c' }}", Open::default(), place()));
        text.push(&Text::known("\\,x\n# no\nC=\" y \"", place()));
        let pairs: Vec<_> = pairs(&text)
            .unwrap()
            .known
            .into_iter()
            .map(|(name, value)| (name, value.raw(), value.is_known()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("A".to_owned(), "1".to_owned(), true),
                ("B".to_owned(), "${{ a, b\n=c' }},x".to_owned(), false),
                ("C".to_owned(), " y ".to_owned(), true)
            ]
        );
        let words: Vec<_> = flags(&text).unwrap().iter().map(Text::raw).collect();
        assert_eq!(words, ["A=1,B=${{ a, b\n=c' }}\\,x", "#", "no", "C=\" y \""]);
    }

    proptest! {
        #[test]
        fn no_list_makes_it_panic(parts in proptest::collection::vec((any::<bool>(), "[A-C=,'\"\\\\#\n -]{0,6}"), 0..6)) {
            let mut text = Text::new(place());
            for (open, part) in parts {
                let part = if open { Text::open(part, Open::default(), place()) } else { Text::known(part, place()) };
                text.push(&part);
            }
            let _ = (pairs(&text), flags(&text));
        }
    }
}

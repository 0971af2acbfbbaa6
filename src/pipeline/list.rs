//! Lists of `NAME=value` in one text: as gcloud's flags take them, and as the inputs of Google's actions do.

use super::text::Text;
use super::value::Values;

/// A pair and the line of the text that it begins on, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Before the first `=`.
    pub key: String,
    /// After it; empty where there is no `=`.
    pub value: String,
    /// Line within the text.
    pub line: usize,
}

/// The separator of a gcloud list, and the list without what names it: `,`, or what stands in `^@^a@b`
/// (`gcloud topic escaping`).
pub fn separator(list: &Text) -> (String, Text) {
    let head = list.known_head();
    let own =
        head.strip_prefix('^').and_then(|rest| rest.split_once('^')).filter(|(sign, _)| !sign.is_empty());
    match own {
        Some((sign, _)) => (sign.to_owned(), list.slice(sign.len() + 2, usize::MAX)),
        None => (",".to_owned(), list.clone()),
    }
}

/// The items of a gcloud list; nothing unresolved is cut.
pub fn items(list: &Text) -> Vec<Text> {
    let (separator, list) = separator(list);
    let mut items = list.split(&separator);
    // One separator at the end adds no item.
    if items.last().is_some_and(Text::is_empty) {
        items.pop();
    }
    items
}

/// The pairs of an input of Google's actions (`env_vars`, `secrets`).
///
/// Separated by commas or lines; a backslash takes the next character as it is; quotes keep white space and
/// separators of a value; lines that begin with `#` are comments. (actions-utils, `parseKVString`.)
///
/// # Errors
///
/// The line, from 0, and what is wrong there.
pub fn action_pairs(text: &str, values: &Values) -> Result<Vec<Pair>, (usize, String)> {
    let mut reader = ActionList::default();
    if text.trim() == "{}" {
        return Ok(Vec::new());
    }
    let mut skip_to = 0;
    for (at, character) in text.char_indices() {
        if at < skip_to {
            reader.push(character);
            continue;
        }
        if let Some(end) = values.reference_at(text, at) {
            skip_to = end;
            reader.push(character);
            continue;
        }
        reader.take(character)?;
    }
    reader.finish()
}

/// The state in the middle of an action's list.
#[derive(Default)]
struct ActionList {
    pairs: Vec<Pair>,
    key: String,
    /// `None` before the `=`.
    value: Option<String>,
    escaped: bool,
    quote: Option<char>,
    /// Whether the value was quoted: its white space stays then.
    was_quoted: bool,
    comment: bool,
    line: usize,
    began: usize,
}

impl ActionList {
    fn push(&mut self, character: char) {
        if self.comment {
            return;
        }
        match &mut self.value {
            Some(value) => value.push(character),
            None => {
                if self.key.is_empty() {
                    self.began = self.line;
                }
                self.key.push(character);
            }
        }
    }

    fn take(&mut self, character: char) -> Result<(), (usize, String)> {
        let ends_line = matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}');
        if self.comment {
            self.comment = !ends_line;
        } else if self.escaped {
            self.escaped = false;
            self.push(character);
        } else if character == '\\' {
            self.escaped = true;
        } else if let Some(quote) = self.quote {
            if character == quote { self.quote = None } else { self.push(character) }
        } else if ends_line || character == ',' {
            self.end_pair();
        } else if character == '#' && self.key.trim().is_empty() && self.value.is_none() {
            self.key.clear();
            self.comment = true;
        } else if character == '=' && self.value.is_none() {
            if self.key.trim().is_empty() {
                return Err((self.line, "there is no name before `=`".to_owned()));
            }
            self.value = Some(String::new());
        } else if matches!(character, '"' | '\'')
            && self.value.as_ref().is_some_and(|value| value.trim().is_empty())
        {
            self.quote = Some(character);
            self.was_quoted = true;
            self.value = Some(String::new());
        } else {
            self.push(character);
        }
        if character == '\n' {
            self.line += 1;
        }
        Ok(())
    }

    fn end_pair(&mut self) {
        let key = std::mem::take(&mut self.key).trim().to_owned();
        let value = self.value.take().unwrap_or_default();
        let value = if self.was_quoted { value } else { value.trim().to_owned() };
        self.was_quoted = false;
        if !key.is_empty() {
            self.pairs.retain(|pair| pair.key != key);
            self.pairs.push(Pair { key, value, line: self.began });
        }
    }

    fn finish(mut self) -> Result<Vec<Pair>, (usize, String)> {
        if self.escaped {
            return Err((self.line, "a backslash at the end escapes nothing".to_owned()));
        }
        if let Some(quote) = self.quote {
            return Err((self.began, format!("the quote {quote} is not closed")));
        }
        self.end_pair();
        Ok(self.pairs)
    }
}

/// The words of an action's `flags` input, split as the action does it (actions-utils, `parseFlags`): at blanks and
/// line ends, and at the `=` of a flag; quotes hold a word together and are taken off where they enclose all of it.
///
/// # Errors
///
/// The quote that is not closed.
pub fn action_flags(text: &str, values: &Values) -> Result<Vec<(String, usize)>, char> {
    let mut words: Vec<(String, usize)> = Vec::new();
    let mut word = String::new();
    let mut line = 0;
    let mut after_equals = false;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    let mut skip_to = 0;
    for (at, character) in text.char_indices() {
        if at < skip_to {
            word.push(character);
        } else if let Some(open) = quote {
            word.push(character);
            if character == open && !escaped {
                quote = None;
            }
            escaped = character == '\\' && !escaped;
        } else if let Some(end) = values.reference_at(text, at) {
            skip_to = end;
            word.push(character);
        } else if matches!(character, '\'' | '"') {
            quote = Some(character);
            word.push(character);
        } else if matches!(character, ' ' | '\t' | '\r' | '\n') {
            after_equals = false;
            if !word.is_empty() {
                words.push((std::mem::take(&mut word), line));
            }
        } else if character == '=' && !after_equals && word.starts_with('-') {
            words.push((std::mem::take(&mut word), line));
            after_equals = true;
        } else {
            word.push(character);
        }
        if character == '\n' {
            line += 1;
        }
    }
    if let Some(open) = quote {
        return Err(open);
    }
    if !word.is_empty() {
        words.push((word, line));
    }
    Ok(words.into_iter().map(|(word, line)| (unquoted(&word).to_owned(), line)).collect())
}

fn unquoted(mut word: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = word.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            word = inner;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pipeline::value::Dialect;

    fn github() -> Values {
        Values::new(Dialect::GitHub)
    }

    fn shown(pairs: &[Pair]) -> Vec<String> {
        pairs.iter().map(|pair| format!("{}:{}={}", pair.line, pair.key, pair.value)).collect()
    }

    #[test]
    fn gcloud_lists_take_a_separator_of_their_own() {
        let list = |text: &str| {
            let place = crate::model::Place { file: "a".into(), line: 1, column: 1 };
            items(&Text::known(text, place)).iter().map(Text::raw).collect::<Vec<_>>()
        };
        assert_eq!(list("A=1,B=x=y,C"), ["A=1", "B=x=y", "C"]);
        assert_eq!(list("^@^A=1,2@B=3@"), ["A=1,2", "B=3"]);
        assert_eq!(list("^::^A=a:b::B=c"), ["A=a:b", "B=c"]);
        assert_eq!(list("^,^^a^,b,c"), ["^a^", "b", "c"]);
        assert_eq!(list("^^a,b"), ["^^a", "b"]);
    }

    #[test]
    fn action_lists_escape_quote_and_comment() {
        let text = "# first\nA=1, B = two words \nC=a\\,b\nD=\" kept, too \"\nE=x=y\nF='it\\'s'\n\n${{ k }}=${{ a, b }}\nG=\n";
        assert_eq!(
            shown(&action_pairs(text, &github()).unwrap()),
            [
                "1:A=1",
                "1:B=two words",
                "2:C=a,b",
                "3:D= kept, too ",
                "4:E=x=y",
                "5:F=it's",
                "7:${{ k }}=${{ a, b }}",
                "8:G="
            ]
        );
        assert_eq!(action_pairs("{}", &github()), Ok(Vec::new()));
        assert_eq!(action_pairs("A=1\n=2", &github()).unwrap_err().0, 1);
        assert_eq!(action_pairs("A=\"1\nB=2", &github()).unwrap_err().0, 0);
        assert!(action_pairs("A=1\\", &github()).is_err());
    }

    #[test]
    fn flags_are_split_as_the_action_does_it() {
        let words = |text| {
            action_flags(text, &github()).map(|words| words.into_iter().map(|(w, _)| w).collect::<Vec<_>>())
        };
        assert_eq!(words("--a=b --c d\n--e").unwrap(), ["--a", "b", "--c", "d", "--e"]);
        assert_eq!(words("--v=${{ secrets.V }} --x").unwrap(), ["--v", "${{ secrets.V }}", "--x"]);
        assert_eq!(words("--env=\"A=b c\" '--args=-X=1'").unwrap(), ["--env", "A=b c", "--args=-X=1"]);
        assert_eq!(words("--env=A=\"b c\"").unwrap(), ["--env", "A=\"b c\""]);
        assert_eq!(words("--a='b").unwrap_err(), '\'');
    }

    proptest! {
        #[test]
        fn no_list_makes_it_panic(text in "[A-C=,'\"\\\\#\\n ${}^é-]{0,30}") {
            let _ = action_pairs(&text, &github());
            let _ = action_flags(&text, &github());
        }

        #[test]
        fn escaped_values_come_back(value in "[a-z,=\"'#]{1,20}") {
            let escaped: String = value.chars().flat_map(|c| ['\\', c]).collect();
            let pairs = action_pairs(&format!("A={escaped}"), &github()).unwrap();
            prop_assert_eq!(&pairs[0].value, &value);
        }
    }
}

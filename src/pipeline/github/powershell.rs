//! `run:` steps of PowerShell, as far as they are plain: commands of gcloud over lines that a backtick joins, and
//! variables that are assigned a text before them.
//!
//! What decides or repeats, pipes or computes makes the whole script unread: then a deploy in it may run or not, or
//! with other words. (about_Parsing, about_Quoting_Rules and about_Special_Characters of PowerShell's documentation.)

use std::collections::HashMap;

use crate::pipeline::gcloud::is_gcloud;
use crate::pipeline::text::{Marked, Open, Text};

/// Commands that only show something.
const SHOWING: &[&str] = &["write-host", "write-output", "write-verbose", "echo"];

/// The command lines of gcloud in a script; `None` if it is not plain.
pub(super) fn commands(script: &Text, env: &dyn Fn(&str) -> Option<Text>) -> Option<Vec<Vec<Text>>> {
    let marked = Marked::new(script);
    let mut reader = Reader { marked: &marked, text: &marked.text, at: 0, env, variables: HashMap::new() };
    let mut found = Vec::new();
    while reader.at < reader.text.len() {
        let words = reader.statement()?;
        if words.first().is_some_and(|word| is_gcloud(&word.raw())) {
            found.push(words);
        }
    }
    Some(found)
}

struct Reader<'a> {
    marked: &'a Marked,
    text: &'a str,
    at: usize,
    env: &'a dyn Fn(&str) -> Option<Text>,
    /// By their names in lower case; PowerShell takes either.
    variables: HashMap<String, Text>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn line(&self) -> &str {
        self.rest().split('\n').next().unwrap_or_default()
    }

    fn skip_line(&mut self) {
        self.at += self.line().len() + 1;
    }

    /// Skips blanks and line ends behind a backtick.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let joined = ["`\n", "`\r\n"].into_iter().find(|end| rest.starts_with(end));
            match joined {
                Some(end) => self.at += end.len(),
                None if rest.starts_with([' ', '\t', '\r']) => self.at += 1,
                None => return,
            }
        }
    }

    /// The words of the next statement; none where it is one that deploys nothing.
    fn statement(&mut self) -> Option<Vec<Text>> {
        self.skip_blanks();
        let line = self.line().trim_end().to_owned();
        let first = line.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        let whole = closes_on_line(&line);
        if SHOWING.contains(&first.as_str()) && whole {
            self.skip_line();
            return Some(Vec::new());
        }
        // What only stops the script on a failure: `if ($LASTEXITCODE -ne 0) { exit 1 }`.
        if first == "if" && whole && !line.contains(['=', '|']) && !line.contains("gcloud") {
            let stops = ["exit", "throw"].iter().any(|word| line.contains(word));
            let decides = line.to_ascii_lowercase().contains("$lastexitcode");
            self.skip_line();
            return (stops && decides).then(Vec::new);
        }
        if let Some((name, value)) = line.strip_prefix('$').and_then(|rest| rest.split_once('=')) {
            let name = name.trim().to_ascii_lowercase();
            if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty() {
                return self.assignment(name, &line, line.len() - value.len());
            }
        }
        self.words()
    }

    /// `$name = "text"`. A value that is no text is left open, if it ends with its line.
    fn assignment(&mut self, name: String, line: &str, value: usize) -> Option<Vec<Text>> {
        let begin = self.at;
        self.at += value;
        match self.words() {
            Some(words) if words.len() == 1 && self.text.get(begin + value..).is_some_and(is_text) => {
                self.variables.extend(words.into_iter().next().map(|word| (name, word)));
            }
            _ if closes_on_line(line) && !line.ends_with(['`', '|']) => {
                self.variables.remove(&name);
                self.at = begin;
                self.skip_line();
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// The words up to the statement's end.
    fn words(&mut self) -> Option<Vec<Text>> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            match self.rest().chars().next() {
                None => return Some(words),
                Some('\n' | ';') => {
                    self.at += 1;
                    return Some(words);
                }
                Some('#') => self.at += self.line().len(),
                // The call operator.
                Some('&') if words.is_empty() && self.rest().starts_with("& ") => self.at += 1,
                Some(_) => words.push(self.word()?),
            }
        }
    }

    fn word(&mut self) -> Option<Text> {
        let mut word = Text::new(self.marked.slice(self.at, self.at).place().clone());
        while let Some(character) = self.rest().chars().next() {
            match character {
                ' ' | '\t' | '\r' | '\n' | ';' => break,
                '\'' => self.literal(&mut word)?,
                '"' => self.expandable(&mut word)?,
                '$' => word.push(&self.variable()?),
                '`' => {
                    if matches!(self.rest().as_bytes().get(1), Some(b'\n' | b'\r')) {
                        break;
                    }
                    return None;
                }
                // A comma makes a list, which gcloud gets as several words; the others are operators.
                ',' | '(' | ')' | '{' | '}' | '@' | '|' | '&' | '<' | '>' => return None,
                _ => self.take(character, &mut word),
            }
        }
        Some(word)
    }

    fn take(&mut self, character: char, word: &mut Text) {
        let end = self.at + character.len_utf8();
        // What is unresolved is one mark: all of it or nothing.
        let end = if character == Marked::BEGINS {
            self.rest().find(Marked::ENDS).map_or(end, |length| self.at + length + Marked::ENDS.len_utf8())
        } else {
            end
        };
        word.push(&self.marked.slice(self.at, end));
        self.at = end;
    }

    fn literal(&mut self, word: &mut Text) -> Option<()> {
        self.at += 1;
        loop {
            match self.rest().chars().next()? {
                '\'' if self.rest().starts_with("''") => {
                    self.at += 1;
                    self.take('\'', word);
                }
                '\'' => {
                    self.at += 1;
                    return Some(());
                }
                character => self.take(character, word),
            }
        }
    }

    fn expandable(&mut self, word: &mut Text) -> Option<()> {
        self.at += 1;
        loop {
            match self.rest().chars().next()? {
                '"' if self.rest().starts_with("\"\"") => {
                    self.at += 1;
                    self.take('"', word);
                }
                '"' => {
                    self.at += 1;
                    return Some(());
                }
                '`' => {
                    self.at += 1;
                    match self.rest().chars().next()? {
                        // Of the escapes only those that mean the character itself.
                        character @ ('"' | '`' | '$') => self.take(character, word),
                        _ => return None,
                    }
                }
                '$' => word.push(&self.variable()?),
                character => self.take(character, word),
            }
        }
    }

    /// `$name`, `${name}`, `$env:NAME`, `$($name)`; a dollar sign before anything else is itself.
    fn variable(&mut self) -> Option<Text> {
        let rest = self.rest();
        let (inner, closing) = if let Some(inner) = rest.strip_prefix("$(") {
            (inner.strip_prefix('$')?, ")")
        } else if let Some(inner) = rest.strip_prefix("${") {
            (inner, "}")
        } else {
            (rest.get(1..)?, "")
        };
        let scope = inner.get(..4).filter(|scope| scope.eq_ignore_ascii_case("env:")).map_or(0, str::len);
        let tail = inner.get(scope..)?;
        let length = tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(tail.len());
        let name = tail.get(..length)?.to_owned();
        if name.is_empty() {
            let mut sign = Text::new(self.marked.slice(self.at, self.at).place().clone());
            return closing.is_empty().then(|| {
                self.take('$', &mut sign);
                sign
            });
        }
        let behind = tail.get(length..)?;
        let after = behind.strip_prefix(closing)?;
        // Outside quotes a member or an element would follow; within, only in brackets of its own.
        if closing.is_empty() && after.starts_with([':', '[']) {
            return None;
        }
        let begin = self.at;
        self.at = self.text.len() - after.len();
        let written = self.marked.slice(begin, self.at);
        let known = if scope > 0 {
            (self.env)(&name)
        } else {
            self.variables.get(&name.to_ascii_lowercase()).cloned()
        };
        let place = written.place().clone();
        Some(match known {
            Some(text) => text.moved_to(&place),
            None => Text::open(written.as_written(), Open::default(), place),
        })
    }
}

/// Whether a value begins as a text does.
fn is_text(value: &str) -> bool {
    value.trim_start().starts_with(['"', '\'', Marked::BEGINS])
}

/// Whether every quote and bracket of a line ends on it.
fn closes_on_line(line: &str) -> bool {
    let mut open = 0_i32;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(begun), ended) if begun == ended => quote = None,
            (None, '(' | '{' | '[') => open += 1,
            (None, ')' | '}' | ']') => open -= 1,
            _ => {}
        }
    }
    quote.is_none() && open == 0 && !line.ends_with('`')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Place;

    fn place() -> Place {
        Place { file: "a".into(), line: 1, column: 1 }
    }

    fn env(name: &str) -> Option<Text> {
        (name == "REGION").then(|| Text::known("europe-west1", place()))
    }

    /// The commands, their words parted by `|`.
    fn run(script: &str) -> Option<Vec<String>> {
        let found = commands(&Text::known(script, place()), &env)?;
        Some(found.iter().map(|words| words.iter().map(Text::raw).collect::<Vec<_>>().join("|")).collect())
    }

    #[test]
    fn plain_commands_are_read() {
        for (script, expected) in [
            (
                "gcloud run deploy auth `\n  --image i `\r\n  --port 80",
                "gcloud|run|deploy|auth|--image|i|--port|80",
            ),
            (
                "$Name = 'auth'\ngcloud run deploy $name-x --image=\"i/$($NAME):1\"",
                "gcloud|run|deploy|auth-x|--image=i/auth:1",
            ),
            (
                "gcloud.cmd run deploy a --region $env:REGION --set-env-vars \"A=1,B=`\"${Env:REGION}`\"\" # why",
                "gcloud.cmd|run|deploy|a|--region|europe-west1|--set-env-vars|A=1,B=\"europe-west1\"",
            ),
            (
                "& gcloud run deploy 'it''s $x' \"$unknown\"; Write-Host \"(\"",
                "gcloud|run|deploy|it's $x|$unknown",
            ),
            (
                "$sha = (git rev-parse HEAD)\ngcloud run deploy a --tag $sha\nif ($LASTEXITCODE -ne 0) { exit 1 }",
                "gcloud|run|deploy|a|--tag|$sha",
            ),
            ("$a = 'x'\n$a = Get-Date\ngcloud run deploy $a", "gcloud|run|deploy|$a"),
            ("Write-Host \"gcloud run deploy no\"", ""),
        ] {
            assert_eq!(run(script).unwrap().join(" / "), expected, "{script}");
        }
    }

    #[test]
    fn everything_else_leaves_the_script_unread() {
        for script in [
            "if ($x) { gcloud run deploy a }",
            "foreach ($s in $all) {\n gcloud run deploy $s\n}",
            "gcloud run deploy a --set-env-vars A=1,B=2",
            "gcloud run deploy a | Out-Null",
            "gcloud run deploy @flags",
            "gcloud run deploy \"$($s.Name)\"",
            "gcloud run deploy 'a",
            "$f = @(\n 'a'\n)\ngcloud run deploy a",
            "try {\n gcloud run deploy a } catch {}",
        ] {
            assert_eq!(run(script), None, "{script}");
        }
    }

    #[test]
    fn what_is_unresolved_stays_in_one_piece() {
        let mut script = Text::known("$i = \"r/", place());
        script.push(&Text::open("${{ a, 'b' }}", Open::default(), place()));
        script.push(&Text::known("\"\ngcloud run deploy x --image $i", place()));
        let found = commands(&script, &env).unwrap();
        let image = found[0].last().unwrap();
        assert_eq!((image.raw().as_str(), image.is_known()), ("r/${{ a, 'b' }}", false));
    }

    proptest! {
        #[test]
        fn no_script_makes_it_panic(
            parts in proptest::collection::vec(
                prop::sample::select(vec![
                    "gcloud", " ", "run", "`\n", "\n", "`", "$", "$x", "${", "}", "$(", ")", "$env:", "'", "\"", ";", "é",
                    "=", "#", "&", ",", "if", "\u{e000}", "\u{e001}", "exit",
                ]),
                0..24,
            ),
        ) {
            let _ = run(&parts.concat());
        }
    }
}

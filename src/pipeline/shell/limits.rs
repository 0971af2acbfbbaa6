//! What keeps a hostile script from costing more than it is worth.

use crate::pipeline::text::{Part, Text};

/// The longest script that is read, in bytes.
pub(super) const LONGEST_SCRIPT: usize = 128 * 1024;
/// The longest text that a variable or a file may hold, in bytes.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;
/// How many commands and words a script may run through while it is interpreted.
pub(super) const MOST_STEPS: u32 = 30_000;
/// How many commands of a script are reported.
pub(super) const MOST_INVOCATIONS: usize = 200;
/// How many files scripts may write.
pub(super) const MOST_FILES: usize = 200;
/// How many words one word may become.
pub(super) const MOST_FIELDS: usize = 1_000;
/// How deep functions, substitutions and `eval` may be within each other.
pub(super) const DEEPEST: u32 = 12;
/// Stack for the parser, which recurses.
pub(super) const STACK: usize = 64 * 1024 * 1024;
/// How deep brackets and quotes may be within each other.
const DEEPEST_BRACKETS: usize = 24;
/// How deep compound commands may be within each other.
const DEEPEST_COMMANDS: usize = 60;

/// Whether a script may run one of the commands that are reported: most scripts of a build do not.
pub(super) fn worth_reading(script: &Text) -> bool {
    let names_one = |text: &str| ["gcloud", "curl", "wget", "<<", ">"].iter().any(|word| text.contains(word));
    script.parts().any(|part| match part {
        Part::Known(text) => names_one(text),
        Part::Open(..) => false,
    })
}

/// Whether a script has a here-document whose end is nothing (`<<''`, or `<<` before a carriage return): without a
/// line feed behind it, the parser waits for the end for ever, and takes all memory for that.
pub(super) fn has_endless_document(text: &str) -> bool {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<<") {
        // As long as no here-document was met, whose text may hold anything, quotes can be told by counting.
        if let Some(quote) = open_quote(before) {
            let Some((_, behind)) = after.split_once(quote) else { return false };
            rest = behind;
            continue;
        }
        rest = after;
        if let Some(string) = after.strip_prefix('<') {
            rest = string;
            continue;
        }
        let tag = after.strip_prefix('-').unwrap_or(after).trim_start_matches([' ', '\t']);
        let end = tag.find(|c: char| c.is_whitespace() || ";&|()<>".contains(c)).unwrap_or(tag.len());
        let (tag, behind) = tag.split_at(end);
        let nothing = tag.chars().all(|c| "'\"\\$`".contains(c));
        // Without any tag the parser gives up by itself.
        let none = tag.is_empty()
            && (behind.is_empty() || behind.starts_with(['\n', ';', '&', '|', '(', ')', '<', '>']));
        if nothing && !none {
            return true;
        }
    }
    false
}

/// The quote that is still open at the end of a text; `None` also where a substitution within double quotes may hold
/// commands of its own, or a line was passed, behind which a here-document may have begun.
fn open_quote(text: &str) -> Option<char> {
    let mut open: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (open, character) {
            (_, '\n') => return None,
            (None | Some('"'), '\\') => drop(characters.next()),
            (None, '\'' | '"') => open = Some(character),
            (Some(quote), _) if quote == character => open = None,
            (Some('\''), _) => {}
            (_, '`' | '$' | '#') => return None,
            (None | Some(_), _) => {}
        }
    }
    open
}

/// Whether a script is too deep for the parser, which recurses and, within brackets, tries several readings.
pub(super) fn too_deep(text: &str) -> bool {
    let mut brackets = 0_usize;
    let mut commands = 0_usize;
    for line in text.lines() {
        let line = line.trim_start();
        if line.starts_with('#') {
            continue;
        }
        for character in line.chars() {
            match character {
                '(' | '{' | '[' => brackets += 1,
                ')' | '}' | ']' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            if brackets > DEEPEST_BRACKETS {
                return true;
            }
        }
        let mut begins = true;
        for word in line.split_whitespace() {
            let bare = word.trim_end_matches(';');
            match bare {
                "if" | "for" | "while" | "until" | "case" | "select" | "!" if begins => commands += 1,
                "fi" | "done" | "esac" if begins => commands = commands.saturating_sub(1),
                _ => {}
            }
            begins = word.ends_with(';')
                || matches!(
                    bare,
                    "&&" | "||"
                        | "|"
                        | "do"
                        | "then"
                        | "else"
                        | "elif"
                        | "{"
                        | "("
                        | "!"
                        | "if"
                        | "while"
                        | "until"
                );
        }
        if commands > DEEPEST_COMMANDS {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_endless_document;

    #[test]
    fn an_end_mark_that_is_nothing_is_found() {
        for text in ["<<'' ", "<<\u{c} ", "<<\r ", "a <<- \"\"\n", "`cat <<\\'\\' `"] {
            assert!(has_endless_document(text), "{text:?}");
        }
        for text in ["echo '<<'", "echo \"<<\"", "a '<<' ''", "x \\' '<<' b"] {
            assert!(!has_endless_document(text), "{text:?}");
        }
        for text in ["a 'b' <<''", "a \"$(b <<'')\"", "a\n'<<''", "a \\'<<'' "] {
            assert!(has_endless_document(text), "{text:?}");
        }
        for text in ["<<E\nE\n", "<<-'E'", "<<<''", "<<", "<< \n", "<<;", "$((1 << 2))", "a < b"] {
            assert!(!has_endless_document(text), "{text:?}");
        }
    }
}

//! Silencing at the place: `# rungate: allow CODE reason`, at the end of the line or in a comment line above it.
//!
//! The line is the finding's own, or the one on which the deploying step begins: within a command that is continued
//! over several lines a comment would break the command.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Findings, Lint, Silenced, rule};
use crate::model::Place;
use crate::pipeline::{Problem, Problems};

/// What a comment begins with.
const ALLOW: &str = "rungate: allow";

/// A comment that silences.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Where its code stands.
    place: Place,
    /// The code, as written.
    code: String,
    /// Why; empty where none is given.
    reason: String,
    /// The line that it speaks of, beside its own: the next one that is no comment.
    next: u32,
}

/// The comments of all files.
pub(super) fn comments(texts: &Problems) -> Vec<Comment> {
    let with_comments = texts.sources().filter(|(_, text)| text.contains(ALLOW));
    with_comments.flat_map(|(file, text)| of_file(file, text)).collect()
}

fn of_file(file: &Arc<str>, text: &str) -> Vec<Comment> {
    let mut comments = Vec::new();
    // Filled in from below, so that every comment knows the next line that is none.
    let lines: Vec<&str> = text.lines().collect();
    let mut next = lines.len() + 1;
    for (index, line) in lines.iter().enumerate().rev() {
        let alone = line.trim_start().starts_with('#');
        if let Some((at, code, reason)) = comment(line) {
            let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            comments.push(Comment {
                place: Place { file: file.clone(), line: number(index + 1), column: number(at + 1) },
                code: code.to_owned(),
                reason: reason.to_owned(),
                next: number(if alone { next } else { index + 1 }),
            });
        }
        if !alone {
            next = index + 1;
        }
    }
    comments.reverse();
    comments
}

/// The column of a comment's code (from 0, in characters), the code and the reason.
fn comment(line: &str) -> Option<(usize, &str, &str)> {
    let (before, after) = line.split_once(ALLOW)?;
    let sign = before.trim_end();
    let opens = sign.strip_suffix('#')?;
    if !opens.is_empty() && !opens.ends_with(char::is_whitespace) && !opens.ends_with('#') {
        return None;
    }
    let words = after.strip_prefix(char::is_whitespace).map_or("", str::trim_start);
    let at = line.chars().count() - words.chars().count();
    let (code, reason) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    Some((at, code.trim_end_matches([':', ',']), reason.trim()))
}

/// Sorts findings, each with the place of its step, into those to show and those that a comment silences; and tells
/// of comments that are wrong or silence nothing.
pub(super) fn apply(findings: Vec<(Lint, Place)>, comments: &[Comment]) -> Findings {
    let mut sorted = Findings::default();
    let mut used = vec![false; comments.len()];
    let mut at: HashMap<(&str, u32, &str), usize> = HashMap::new();
    for (index, comment) in comments.iter().enumerate().filter(|(_, comment)| !comment.reason.is_empty()) {
        for line in [comment.place.line, comment.next] {
            at.entry((&comment.place.file, line, &comment.code)).or_insert(index);
        }
    }
    for (finding, step) in findings {
        let on = |place: &Place| at.get(&(place.file.as_ref(), place.line, finding.rule.code)).copied();
        match on(&finding.place).or_else(|| on(&step)) {
            Some(index) => {
                used[index] = true;
                sorted.silenced.push(Silenced { finding, reason: comments[index].reason.clone() });
            }
            None => sorted.shown.push(finding),
        }
    }
    let remarks = comments.iter().zip(used).filter_map(|(comment, used)| remark(comment, used));
    sorted.remarks = remarks.collect();
    sorted
}

fn remark(comment: &Comment, used: bool) -> Option<Problem> {
    let problem = if comment.reason.is_empty() {
        Problem::warning("allow-without-reason", "this comment gives no reason, and silences nothing")
            .fix("write `# rungate: allow CODE reason`: the next reader wants to know why")
    } else if rule(&comment.code).is_none() {
        let known = super::RULES.iter().map(|rule| rule.code);
        let near = crate::text::nearest::nearest(&comment.code, known);
        let problem =
            Problem::warning("allow-unknown-code", format!("there is no finding `{}`", comment.code));
        match near.first() {
            Some(near) => problem.fix(format!("did you mean `{near}`?")),
            None => problem.fix("`rungate explain` lists all codes"),
        }
    } else if used {
        return None;
    } else {
        Problem::warning("allow-without-effect", format!("there is no `{}` here to silence", comment.code))
            .fix("it may be fixed: then remove the comment. It speaks of its own line and the next, or of the step that begins there")
    };
    Some(problem.at(comment.place.clone()).length(comment.code.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u32, u32, String, String)> {
        let comments = of_file(&"a".into(), text);
        comments.into_iter().map(|c| (c.place.line, c.next, c.code, c.reason)).collect()
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_of_the_next_that_is_none() {
        let row = |line, next, code: &str, reason: &str| (line, next, code.to_owned(), reason.to_owned());
        assert_eq!(found("a: 1 # rungate: allow x-y it is so\n"), [row(1, 1, "x-y", "it is so")]);
        assert_eq!(
            found("# rungate: allow a one\n  # rungate: allow b two\n# why\nk: v\n"),
            [row(1, 4, "a", "one"), row(2, 4, "b", "two")]
        );
        assert_eq!(found("#rungate: allow a\n"), [row(1, 2, "a", "")]);
        assert_eq!(found("# rungate: allow\n"), [row(1, 2, "", "")]);
    }

    #[test]
    fn what_is_no_comment_silences_nothing() {
        assert!(found("a: 'x#rungate: allow a b'\nb: rungate: allow a b\n").is_empty());
    }
}

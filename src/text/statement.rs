//! Whether a statement of a pipeline file is one query that only reads.
//!
//! The server is the judge in the end: the gate runs it as a subquery of its own, in a read-only transaction. This
//! tells early, with a place, what could not work.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer, Word};

/// Why a text is not one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotOneQuery {
    /// More than one statement.
    Several,
    /// A statement, but none that only reads.
    NoQuery,
    /// Quotes or comments without an end, or nothing at all.
    Unreadable,
}

/// The words with which a query may begin.
const BEGINNINGS: [&str; 4] = ["SELECT", "VALUES", "TABLE", "WITH"];
/// Words that stand in statements which change something; a query may use them only quoted.
const CHANGES: [&str; 9] =
    ["INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "DROP", "ALTER", "CREATE", "COPY"];
/// Longest query: it is sent with every run.
const LONGEST: usize = 16 * 1024;

/// Looks at the words of it; the grammar is the server's.
pub(crate) fn one_query(text: &str) -> Result<(), NotOneQuery> {
    if text.len() > LONGEST || text.contains('\0') {
        return Err(NotOneQuery::Unreadable);
    }
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, bare(text)).tokenize();
    let mut tokens: Vec<Token> = tokens.map_err(|_unended| NotOneQuery::Unreadable)?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    if tokens.contains(&Token::SemiColon) {
        return Err(NotOneQuery::Several);
    }
    let words = tokens.iter().filter_map(|token| {
        let Token::Word(Word { value, quote_style: None, .. }) = token else { return None };
        Some(value.to_ascii_uppercase())
    });
    let words: Vec<String> = words.collect();
    let first = tokens.iter().find(|token| **token != Token::LParen);
    match (first, words.first()) {
        (Some(Token::Word(Word { quote_style: None, .. })), Some(word))
            if BEGINNINGS.contains(&word.as_str()) =>
        {
            // `WITH gone AS (DELETE …) SELECT …` begins like a query, and is none.
            let with = word == "WITH";
            if with && words.iter().any(|word| CHANGES.contains(&word.as_str())) {
                return Err(NotOneQuery::NoQuery);
            }
            // `SELECT … INTO` makes a table.
            if words.iter().any(|word| word == "INTO") {
                return Err(NotOneQuery::NoQuery);
            }
            Ok(())
        }
        (Some(Token::Word(_)), Some(word)) if CHANGES.contains(&word.as_str()) => Err(NotOneQuery::NoQuery),
        _ => Err(NotOneQuery::Unreadable),
    }
}

/// The query without the semicolons that end it, so that something can stand behind it (on a line of its own: it may
/// end in a comment).
pub(crate) fn bare(text: &str) -> &str {
    text.trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_is_told_from_anything_else() {
        for text in [
            "SELECT 1",
            "select count(*) from users where name = 'a;b'",
            "(SELECT 1) UNION (SELECT 2)",
            "VALUES (1), (2);",
            "TABLE users",
            "WITH a AS (SELECT 1) SELECT * FROM a -- all",
            "SELECT \"update\", 'drop' FROM t /* ; */ ;;",
            "SELECT 1 ; ",
            "SELECT $$;$$",
            "SELECT created FROM updates",
        ] {
            assert_eq!(one_query(text), Ok(()), "{text}");
        }
        for (text, why) in [
            ("SELECT 1; SELECT 2", NotOneQuery::Several),
            ("SELECT 1; -- one", NotOneQuery::Several),
            ("COMMIT; DROP TABLE users", NotOneQuery::Several),
            ("DELETE FROM users", NotOneQuery::NoQuery),
            ("WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone", NotOneQuery::NoQuery),
            ("SELECT * INTO copy FROM users", NotOneQuery::NoQuery),
            ("SELECT 'a", NotOneQuery::Unreadable),
            ("SELECT /* 1", NotOneQuery::Unreadable),
            ("EXPLAIN SELECT 1", NotOneQuery::Unreadable),
            ("", NotOneQuery::Unreadable),
            (";", NotOneQuery::Unreadable),
            ("1", NotOneQuery::Unreadable),
            ("SELECT '\0'", NotOneQuery::Unreadable),
        ] {
            assert_eq!(one_query(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_query_is_bared_of_its_end() {
        for (text, expected) in
            [("SELECT 1 ; ", "SELECT 1"), ("SELECT ';' ;;\n", "SELECT ';'"), ("SELECT ';'", "SELECT ';'")]
        {
            assert_eq!(bare(text), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_it(text in "\\PC{0,80}") {
            let _ = one_query(&text);
        }
    }
}

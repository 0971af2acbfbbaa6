//! The statements that clients of the sandbox really send. Anything else is refused as PostgreSQL would.

use std::sync::Arc;

use pgwire::error::PgWireError;
use sqlparser::ast::{Query, Statement as Parsed};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::error::error;

/// A statement that the server understands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statement {
    /// `SHOW name`, the name in lower case.
    Show(String),
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// A statement that changes nothing here; its command tag.
    Nothing(&'static str),
    /// A query.
    Select(Arc<Query>),
}

/// Reads one statement, without its semicolon.
pub(super) fn parse(sql: &str) -> Result<Statement, PgWireError> {
    let text = sql.trim().trim_end_matches(';').to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let statement = match words[..] {
        ["show", "transaction", "isolation", "level"] => Statement::Show("transaction_isolation".to_owned()),
        ["show", name] => Statement::Show(name.to_owned()),
        ["begin", ..] | ["start", "transaction", ..] => Statement::Begin,
        ["commit" | "end", ..] => Statement::Commit,
        ["rollback" | "abort"] | ["rollback" | "abort", "transaction" | "work"] => Statement::Rollback,
        ["set", _, ..] => Statement::Nothing("SET"),
        ["reset", _] => Statement::Nothing("RESET"),
        ["discard", "all"] => Statement::Nothing("DISCARD ALL"),
        ["deallocate", ..] => Statement::Nothing("DEALLOCATE"),
        [first, ..] => return query(sql).ok_or_else(|| syntax_error(first)),
        [] => return Err(syntax_error("")),
    };
    Ok(statement)
}

/// A query, by the grammar of PostgreSQL.
fn query(sql: &str) -> Option<Statement> {
    // The parser knows `TABLE users` within brackets only.
    let table = sql.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("table "));
    let bracketed = if table { format!("({sql})") } else { sql.to_owned() };
    let mut parsed = Parser::parse_sql(&PostgreSqlDialect {}, &bracketed).ok()?;
    match (parsed.pop()?, parsed.is_empty()) {
        (Parsed::Query(query), true) => Some(Statement::Select(Arc::from(query))),
        _ => None,
    }
}

/// The statements of one message.
pub(super) fn split(sql: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).with_unescape(false).tokenize();
    // What cannot be read is refused as a whole.
    let Ok(tokens) = tokens else { return vec![sql.to_owned()] };
    let statements = tokens.split(|token| *token == Token::SemiColon);
    let statements = statements.map(|tokens| tokens.iter().map(ToString::to_string).collect::<String>());
    statements.filter(|statement| !statement.trim().is_empty()).collect()
}

fn syntax_error(near: &str) -> PgWireError {
    error("42601", format!("syntax error at or near \"{near}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_understood() {
        let cases = [
            ("SHOW server_version", Statement::Show("server_version".to_owned())),
            ("BEGIN READ ONLY", Statement::Begin),
            ("START TRANSACTION", Statement::Begin),
            ("COMMIT", Statement::Commit),
            ("ROLLBACK", Statement::Rollback),
            ("SET statement_timeout = 1000", Statement::Nothing("SET")),
        ];
        for (sql, expected) in cases {
            assert_eq!(parse(sql).unwrap(), expected, "{sql}");
        }
        for sql in ["SELECT 1", "  select   1 ; ", "SELECT id FROM users WHERE id = $1", "TABLE users"] {
            assert!(matches!(parse(sql), Ok(Statement::Select(_))), "{sql}");
        }
    }

    #[test]
    fn anything_else_is_refused_as_postgresql_would() {
        for sql in [
            "SELEC 1",
            "",
            "DROP TABLE users",
            "INSERT INTO users VALUES (1)",
            "SELECT 1; SELECT 2",
            "SELECT 'a",
        ] {
            assert_eq!(parse(sql).unwrap_err().code(), "42601", "{sql}");
        }
    }

    #[test]
    fn a_message_is_split_at_its_semicolons_only() {
        assert_eq!(split("SELECT 1; SELECT ';' ;\n"), ["SELECT 1", " SELECT ';' "]);
        assert_eq!(split("SELECT 'it''s'"), ["SELECT 'it''s'"]);
        assert_eq!(split("SELECT 'a; SELECT 1"), ["SELECT 'a; SELECT 1"]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(sql in "\\PC{0,80}") {
            drop(split(&sql));
            drop(parse(&sql));
        }
    }
}

//! The statements that clients of the sandbox really send. Anything else is refused as PostgreSQL would.

use pgwire::error::PgWireError;

use super::error::error;

/// A statement that the server understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// `SELECT 1`.
    Number(i32),
    /// `SHOW name`, the name in lower case.
    Show(String),
    /// `SELECT pg_is_in_recovery()`.
    IsInRecovery,
    /// `SELECT version()`.
    Version,
    /// `SELECT current_database()`.
    CurrentDatabase,
    /// `SELECT current_user`.
    CurrentUser,
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// `ROLLBACK`.
    Rollback,
    /// A statement that changes nothing here; its command tag.
    Nothing(&'static str),
    /// `SELECT columns FROM users WHERE id = …`.
    User {
        /// The columns, in order.
        columns: Vec<Column>,
        /// The id; `None`: the first parameter.
        id: Option<i64>,
    },
}

/// A column of the table `users`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// `id bigint`.
    Id,
    /// `email text`.
    Email,
}

/// Reads one statement, without its semicolon.
pub(super) fn parse(sql: &str) -> Result<Statement, PgWireError> {
    let text = sql.trim().trim_end_matches(';').to_ascii_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    let statement = match words[..] {
        ["show", "transaction", "isolation", "level"] => Statement::Show("transaction_isolation".to_owned()),
        ["show", name] => Statement::Show(name.to_owned()),
        ["select", "pg_is_in_recovery()"] => Statement::IsInRecovery,
        ["select", "version()"] => Statement::Version,
        ["select", "current_database()"] => Statement::CurrentDatabase,
        ["select", "current_user"] => Statement::CurrentUser,
        ["begin", ..] | ["start", "transaction", ..] => Statement::Begin,
        ["commit" | "end", ..] => Statement::Commit,
        ["rollback" | "abort"] | ["rollback" | "abort", "transaction" | "work"] => Statement::Rollback,
        ["set", _, ..] => Statement::Nothing("SET"),
        ["reset", _] => Statement::Nothing("RESET"),
        ["discard", "all"] => Statement::Nothing("DISCARD ALL"),
        ["deallocate", ..] => Statement::Nothing("DEALLOCATE"),
        ["select", number] if number.parse::<i32>().is_ok() => {
            Statement::Number(number.parse().unwrap_or_default())
        }
        ["select", ..] => return select(&text),
        _ => return Err(syntax_error(words.first().copied().unwrap_or_default())),
    };
    Ok(statement)
}

/// A query of a table: of `users`, or of one that is not there.
fn select(text: &str) -> Result<Statement, PgWireError> {
    let Some((columns, rest)) = text["select".len()..].split_once(" from ") else {
        return Err(syntax_error(text.split_whitespace().nth(1).unwrap_or_default()));
    };
    let mut words = rest.split_whitespace();
    let table = words.next().unwrap_or_default();
    if !matches!(table, "users" | "public.users" | "\"users\"") {
        return Err(error("42P01", format!("relation \"{table}\" does not exist")));
    }
    let condition: String = words.collect();
    let id = match condition.strip_prefix("whereid=") {
        Some("$1" | "$1::bigint" | "$1::int8") => None,
        Some(number) => match number.parse() {
            Ok(id) => Some(id),
            Err(_) => return Err(syntax_error(number)),
        },
        None => return Err(syntax_error("where")),
    };
    let columns: Result<Vec<Vec<Column>>, PgWireError> = columns
        .split(',')
        .map(|column| match column.trim() {
            "*" => Ok(vec![Column::Id, Column::Email]),
            "id" => Ok(vec![Column::Id]),
            "email" => Ok(vec![Column::Email]),
            other => Err(error("42703", format!("column \"{other}\" does not exist"))),
        })
        .collect();
    Ok(Statement::User { columns: columns?.concat(), id })
}

fn syntax_error(near: &str) -> PgWireError {
    error("42601", format!("syntax error at or near \"{near}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlstate(sql: &str) -> String {
        parse(sql).unwrap_err().code().to_owned()
    }

    #[test]
    fn what_clients_send_is_understood() {
        let user = |columns: &[Column], id| Statement::User { columns: columns.to_vec(), id };
        let cases = [
            ("SELECT 1", Statement::Number(1)),
            ("  select   1 ; ", Statement::Number(1)),
            ("SHOW server_version", Statement::Show("server_version".to_owned())),
            ("SELECT pg_is_in_recovery()", Statement::IsInRecovery),
            ("BEGIN READ ONLY", Statement::Begin),
            ("START TRANSACTION", Statement::Begin),
            ("COMMIT", Statement::Commit),
            ("ROLLBACK", Statement::Rollback),
            ("SET statement_timeout = 1000", Statement::Nothing("SET")),
            ("SELECT id, email FROM users WHERE id = $1", user(&[Column::Id, Column::Email], None)),
            ("select email from users where id=7", user(&[Column::Email], Some(7))),
            ("select * from users where id = 7", user(&[Column::Id, Column::Email], Some(7))),
        ];
        for (sql, expected) in cases {
            assert_eq!(parse(sql).unwrap(), expected, "{sql}");
        }
    }

    #[test]
    fn anything_else_is_refused_as_postgresql_would() {
        let cases = [
            ("SELEC 1", "42601"),
            ("SELECT", "42601"),
            ("", "42601"),
            ("SELECT * FROM orders", "42P01"),
            ("SELECT name FROM users WHERE id = 1", "42703"),
            ("SELECT id FROM users", "42601"),
            ("SELECT id FROM users WHERE id = 'x'", "42601"),
        ];
        for (sql, expected) in cases {
            assert_eq!(sqlstate(sql), expected, "{sql}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_the_reader(sql in "\\PC{0,80}") {
            drop(parse(&sql));
        }
    }
}

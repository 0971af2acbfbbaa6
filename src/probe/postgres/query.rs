//! Questions to a session: each in a read-only transaction with the server's own time limit.

use futures::StreamExt as _;
use tokio::time::timeout;
use tokio_postgres::SimpleQueryMessage;

use super::login::{Session, ending, sqlstate};
use super::{Bounds, Stop, millis};
use crate::record::finding::{Ending, PostgresFinding};
use crate::text::bounded;

/// Most rows of one answer; what comes beyond is not kept.
pub(super) const MOST_ROWS: usize = 5000;

/// A row, as text.
pub(super) type Row = Vec<Option<String>>;

/// A conversation with a server: questions in one read-only transaction, which begins anew after a question that the
/// server refused. One statement a message: connection poolers and the sandbox take these as they come.
pub(super) struct Talk<'a> {
    session: &'a Session,
    bounds: Bounds,
    open: bool,
}

impl<'a> Talk<'a> {
    pub(super) fn with(session: &'a Session, bounds: Bounds) -> Self {
        Self { session, bounds, open: false }
    }

    /// Asks `SELECT 1`, outside of any transaction: the first thing that a pool asks of a new connection.
    pub(super) async fn select_one(&self) -> Result<(), Stop> {
        match self.run("SELECT 1").await?.first().and_then(|row| row.first()) {
            Some(Some(one)) if one == "1" => Ok(()),
            Some(_) | None => Err(self.wrong("SELECT 1 gave something else than 1".to_owned())),
        }
    }

    /// The rows that a query gives.
    pub(super) async fn rows(&mut self, query: &str) -> Result<Vec<Row>, Stop> {
        if !self.open {
            self.run("BEGIN READ ONLY").await?;
            self.open = true;
            // The server's own bound, so that nothing of the gate's is left behind there; shorter than the gate's patience,
            // or it would be a matter of chance who speaks first.
            self.run(&format!("SET LOCAL statement_timeout = {}", millis(self.bounds.step * 4 / 5))).await?;
        }
        let rows = self.run(query).await;
        if let Err(Stop::Found(PostgresFinding::QueryFailed { .. })) = &rows {
            self.open = false;
            self.run("ROLLBACK").await?;
        }
        rows
    }

    /// The only row that a query gives, with as many values as are named.
    pub(super) async fn row<const N: usize>(&mut self, query: &str) -> Result<[Option<String>; N], Stop> {
        let row = self.rows(query).await?.into_iter().next().unwrap_or_default();
        row.try_into().map_err(|row: Row| {
            self.wrong(format!("{} gave {} values instead of {N}", first_line(query), row.len()))
        })
    }

    /// Ends the transaction.
    pub(super) async fn end(self) -> Result<(), Stop> {
        if self.open { self.run("COMMIT").await.map(drop) } else { Ok(()) }
    }

    async fn run(&self, query: &str) -> Result<Vec<Row>, Stop> {
        match timeout(self.bounds.step, self.converse(query)).await {
            Ok(end) => end,
            Err(_) => Err(self.cut(Ending::Silence { after_ms: millis(self.bounds.step) })),
        }
    }

    async fn converse(&self, query: &str) -> Result<Vec<Row>, Stop> {
        let refused = |error: tokio_postgres::Error| match error.as_db_error() {
            Some(refused) => PostgresFinding::QueryFailed {
                sqlstate: sqlstate(refused.code().code()),
                message: bounded(refused.message()),
                query: first_line(query),
            }
            .into(),
            None => self.cut(self.session.progress.refusal().unwrap_or_else(|| ending(&error))),
        };
        let messages = self.session.client.simple_query_raw(query).await.map_err(refused)?;
        let mut messages = std::pin::pin!(messages);
        let mut rows = Vec::new();
        while let Some(message) = messages.next().await {
            if let SimpleQueryMessage::Row(row) = message.map_err(refused)?
                && rows.len() < MOST_ROWS
            {
                let cells = (0..row.len()).map(|at| row.try_get(at).ok().flatten().map(bounded));
                rows.push(cells.collect());
            }
        }
        Ok(rows)
    }

    /// An answer that PostgreSQL would not give.
    pub(super) fn wrong(&self, what: String) -> Stop {
        self.cut(Ending::WrongAnswer { what })
    }

    fn cut(&self, ending: Ending) -> Stop {
        let address = self.session.address;
        PostgresFinding::Cut { address, step: "query".to_owned(), ending }.into()
    }
}

/// A query as messages name it.
fn first_line(query: &str) -> String {
    const LONGEST: usize = 80;
    crate::text::line_of(query, LONGEST)
}

/// A text as an SQL literal. `standard_conforming_strings` may be off, so a backslash takes the other form.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''").replace('\0', "");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A name as SQL takes it: what is written as an identifier stays, anything else is quoted.
pub(super) fn name(text: &str) -> String {
    let plain = |part: &str| {
        part.bytes().enumerate().all(|(at, byte)| {
            byte.is_ascii_alphabetic() || byte == b'_' || (at > 0 && (byte.is_ascii_digit() || byte == b'$'))
        }) && !part.is_empty()
    };
    let quoted = |part: &str| {
        let inside = part
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|inside| !inside.contains('"'));
        inside.is_some_and(|inside| !inside.is_empty() && !inside.contains('\0'))
    };
    let part = |part: &str| {
        if plain(part) || quoted(part) {
            part.to_owned()
        } else {
            format!("\"{}\"", part.replace('"', "\"\"").replace('\0', ""))
        }
    };
    text.split('.').map(part).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_a_literal_or_a_name() {
        for (text, expected) in
            [("users", "'users'"), ("o'clock", "'o''clock'"), ("a\\'; --", "E'a\\\\''; --'"), ("\0", "''")]
        {
            assert_eq!(literal(text), expected);
        }
        for (text, expected) in [
            ("users", "users"),
            ("auth.sessions", "auth.sessions"),
            ("\"User\"", "\"User\""),
            ("a; DROP TABLE b", "\"a; DROP TABLE b\""),
            ("\"a\"\"b\"", "\"\"\"a\"\"\"\"b\"\"\""),
            ("\"", "\"\"\"\""),
            ("", "\"\""),
            ("1a", "\"1a\""),
        ] {
            assert_eq!(name(text), expected);
        }
    }
}

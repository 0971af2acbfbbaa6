//! Whether the database holds what the native file asks of it. Nothing is judged here, but for what SQL itself says.

use super::login::Session;
use super::query::{MOST_ROWS, Talk, literal, name};
use super::{Bounds, Stop};
use crate::model::{
    DatabaseExpectation, Gives, MigrationTool, Migrations, PrivilegeExpectation, PrivilegeKind,
    QueryExpectation,
};
use crate::record::finding::PostgresFinding;
use crate::text::statement::bare;

/// What was found of what the native file asks, in its order. A question that the server refused is an answer too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holdings {
    /// Of each table, whether it is there.
    pub tables: Vec<Result<bool, Stop>>,
    /// The extensions that are installed.
    pub extensions: Option<Result<Vec<String>, Stop>>,
    /// Of each table or schema, which of the privileges are missing.
    pub privileges: Vec<Result<Vec<String>, Stop>>,
    /// What each query gives.
    pub queries: Vec<Result<QueryAnswer, Stop>>,
    /// What the tool notes as run: the migration, and whether it went well.
    pub migrations: Option<Result<Vec<(String, bool)>, Stop>>,
}

/// What a query gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryAnswer {
    /// No row.
    Nothing,
    /// One row; its first value as text, `None` for NULL.
    Value(Option<String>),
    /// More rows than the one that was asked for.
    Several,
    /// So many rows.
    Rows(u64),
}

/// Asks for everything that is expected, in the given session.
///
/// # Errors
/// The session ended: nothing more can be asked.
pub async fn holdings(
    session: &Session,
    expected: &DatabaseExpectation,
    bounds: Bounds,
) -> Result<Holdings, Stop> {
    let mut talk = Talk::with(session, bounds);
    let mut found = Holdings { tables: tables(&mut talk, expected).await?, ..Holdings::default() };
    if !expected.extensions.is_empty() {
        let rows = kept(talk.rows("SELECT extname FROM pg_extension").await)?;
        found.extensions = Some(rows.map(|rows| rows.into_iter().flatten().flatten().collect()));
    }
    for one in &expected.privileges {
        found.privileges.push(kept(privileges(&mut talk, one).await)?);
    }
    for one in &expected.queries {
        found.queries.push(kept(query(&mut talk, one).await)?);
    }
    if let Some(migrations) = &expected.migrations {
        found.migrations = Some(kept(applied(&mut talk, migrations).await)?);
    }
    talk.end().await?;
    Ok(found)
}

/// A refusal of the server's is kept with the question; anything else ends the conversation.
fn kept<T>(answer: Result<T, Stop>) -> Result<Result<T, Stop>, Stop> {
    match answer {
        Err(stop @ Stop::Found(PostgresFinding::QueryFailed { .. })) if !passes(&stop) => Ok(Err(stop)),
        Err(stop) => Err(stop),
        Ok(answer) => Ok(Ok(answer)),
    }
}

/// Whether the server itself goes away (shut down, fail-over): that is about the session, not about the question.
fn passes(stop: &Stop) -> bool {
    matches!(stop, Stop::Found(PostgresFinding::QueryFailed { sqlstate, .. }) if sqlstate.starts_with("57P"))
}

/// All in one question; where the server refuses that (a schema that may not be looked into), one after the other.
async fn tables(
    talk: &mut Talk<'_>,
    expected: &DatabaseExpectation,
) -> Result<Vec<Result<bool, Stop>>, Stop> {
    let asked: Vec<String> = expected
        .tables
        .iter()
        .map(|table| format!("to_regclass({}) IS NOT NULL", literal(&name(table.raw()))))
        .collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    match kept(talk.rows(&format!("SELECT {}", asked.join(", "))).await)? {
        Ok(rows) => {
            let row = rows.into_iter().next().unwrap_or_default();
            if row.len() != asked.len() {
                return Err(talk.wrong("it does not answer which tables there are".to_owned()));
            }
            Ok(row.into_iter().map(|there| Ok(there.as_deref() == Some("t"))).collect())
        }
        Err(_) => {
            let mut found = Vec::new();
            for one in &asked {
                let there = kept(talk.row::<1>(&format!("SELECT {one}")).await)?;
                found.push(there.map(|[there]| there.as_deref() == Some("t")));
            }
            Ok(found)
        }
    }
}

async fn privileges(talk: &mut Talk<'_>, expected: &PrivilegeExpectation) -> Result<Vec<String>, Stop> {
    let (function, on) = match expected.kind {
        PrivilegeKind::Table => ("has_table_privilege", name(expected.on.raw())),
        // The function takes the schema's name as it is, not as an identifier.
        PrivilegeKind::Schema => ("has_schema_privilege", expected.on.raw().trim_matches('"').to_owned()),
    };
    let asked: Vec<String> = expected
        .privileges
        .iter()
        .map(|one| format!("{function}({}, {})", literal(&on), literal(one.raw())))
        .collect();
    let row =
        talk.rows(&format!("SELECT {}", asked.join(", "))).await?.into_iter().next().unwrap_or_default();
    if row.len() != asked.len() {
        return Err(talk.wrong("it does not answer which privileges there are".to_owned()));
    }
    let missing = expected.privileges.iter().zip(row).filter(|(_, held)| held.as_deref() != Some("t"));
    Ok(missing.map(|(privilege, _)| privilege.raw().to_owned()).collect())
}

/// The query stands in a subquery of the gate's own: there, PostgreSQL takes nothing that changes anything, and the
/// answer is one number, or at most two short texts.
async fn query(talk: &mut Talk<'_>, expected: &QueryExpectation) -> Result<QueryAnswer, Stop> {
    let inner = bare(expected.query.raw());
    match expected.gives {
        Gives::Rows(_) | Gives::RowsAtLeast(_) => {
            let [count] = talk.row(&format!("SELECT count(*) FROM (\n{inner}\n) AS rungate")).await?;
            let count = count.and_then(|count| count.parse().ok());
            count.map(QueryAnswer::Rows).ok_or_else(|| talk.wrong("it does not count rows".to_owned()))
        }
        Gives::Equals(_) | Gives::AtLeast(_) | Gives::AtMost(_) => {
            let outer = format!("SELECT left(rungate.v::text, 200) FROM (\n{inner}\n) AS rungate(v) LIMIT 2");
            let mut rows = talk.rows(&outer).await?;
            Ok(match rows.len() {
                0 => QueryAnswer::Nothing,
                1 => QueryAnswer::Value(rows.remove(0).into_iter().next().flatten()),
                _ => QueryAnswer::Several,
            })
        }
    }
}

/// What the tool notes as run.
async fn applied(talk: &mut Talk<'_>, expected: &Migrations) -> Result<Vec<(String, bool)>, Stop> {
    let (columns, rest) = match expected.tool {
        MigrationTool::Alembic => ("version_num, true", ""),
        MigrationTool::Flyway => ("version, success", " WHERE version IS NOT NULL"),
        MigrationTool::Sqlx => ("version, success", ""),
        MigrationTool::Prisma => ("migration_name, finished_at IS NOT NULL", " WHERE rolled_back_at IS NULL"),
        MigrationTool::Django => ("app || '.' || name, true", ""),
        MigrationTool::Rails => ("version, true", ""),
        MigrationTool::GolangMigrate => ("version, NOT dirty", ""),
    };
    let rows = talk
        .rows(&format!("SELECT {columns} FROM {}{rest} LIMIT {MOST_ROWS}", name(expected.table())))
        .await?;
    let pairs = rows.into_iter().filter_map(|row| {
        let mut cells = row.into_iter();
        Some((cells.next()??, cells.next()?.as_deref() == Some("t")))
    });
    Ok(pairs.collect())
}

//! What the native file asks of a database beside a login that works: `database: expect:`.

use serde::{Deserialize, Serialize};

use super::Stated;

/// What must be found in the database. What is not stated is not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseExpectation {
    /// Tables (or views) that must be there, named as SQL names them: `users`, `auth.sessions`, `"User"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Stated>,
    /// Extensions that must be installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<Stated>,
    /// What the service's role must be allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub privileges: Vec<PrivilegeExpectation>,
    /// Queries, and what they must give.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<QueryExpectation>,
    /// The migrations of the repository, which must all have been run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<Migrations>,
}

impl DatabaseExpectation {
    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Privileges that the service's role must have on a table or a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivilegeExpectation {
    /// On what kind of thing.
    pub kind: PrivilegeKind,
    /// The table or schema.
    pub on: Stated,
    /// The privileges, in lower case as PostgreSQL names them: `select`, `insert`, `usage`.
    pub privileges: Vec<Stated>,
}

/// What a privilege is held on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PrivilegeKind {
    /// A table or view.
    Table,
    /// A schema.
    Schema,
}

/// A query and what it must give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryExpectation {
    /// What it is called in reports; unique in the database.
    pub name: String,
    /// One `SELECT`, `VALUES`, `TABLE` or `WITH … SELECT`.
    pub query: Stated,
    /// What it must give.
    pub gives: Gives,
}

/// What a query must give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gives {
    /// One row, whose first value is this text.
    Equals(String),
    /// One row, whose first value is a number of at least this.
    AtLeast(Number),
    /// One row, whose first value is a number of at most this.
    AtMost(Number),
    /// Exactly so many rows.
    Rows(u64),
    /// At least so many rows.
    RowsAtLeast(u64),
}

impl std::fmt::Display for Gives {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Equals(text) => write!(f, "`{text}`"),
            Self::AtLeast(number) => write!(f, "at least {number}"),
            Self::AtMost(number) => write!(f, "at most {number}"),
            Self::Rows(1) => f.write_str("1 row"),
            Self::Rows(count) => write!(f, "{count} rows"),
            Self::RowsAtLeast(1) => f.write_str("at least 1 row"),
            Self::RowsAtLeast(count) => write!(f, "at least {count} rows"),
        }
    }
}

/// A decimal number as it is written: compared without a detour through binary fractions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(String);

impl Number {
    /// Reads `12`, `-0.5`; nothing else (no exponent, no `NaN`).
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        (plain(whole) && plain(fraction) && text.len() <= 64).then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let (negative, magnitude) = parts(&self.0);
        let (other_negative, other_magnitude) = parts(&other.0);
        let by_magnitude = || {
            let (whole, fraction) = &magnitude;
            let (other_whole, other_fraction) = &other_magnitude;
            whole
                .len()
                .cmp(&other_whole.len())
                .then(whole.cmp(other_whole))
                .then(fraction.cmp(other_fraction))
        };
        Some(match (negative, other_negative) {
            (false, false) => by_magnitude(),
            (true, true) => by_magnitude().reverse(),
            (false, true) => std::cmp::Ordering::Greater,
            (true, false) => std::cmp::Ordering::Less,
        })
    }
}

/// Whether a number is below zero, and its digits without what does not count.
fn parts(text: &str) -> (bool, (&str, &str)) {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let magnitude = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    (text.starts_with('-') && magnitude != ("", ""), magnitude)
}

/// The migrations of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrations {
    /// What runs them.
    pub tool: MigrationTool,
    /// The folder that holds them, as written.
    pub folder: Stated,
    /// The table in which the tool notes what it ran, where it is not the tool's usual one.
    pub table: Option<Stated>,
    /// Every migration in the folder, by the name under which the tool notes it, oldest first where they have an order.
    pub known: Vec<String>,
    /// Those that nothing follows: one, as a rule; alembic's branches have several.
    pub heads: Vec<String>,
}

impl Migrations {
    /// The table in which the tool notes what it ran.
    pub fn table(&self) -> &str {
        self.table.as_ref().map_or_else(|| self.tool.table(), Stated::raw)
    }
}

/// What runs migrations.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum MigrationTool {
    /// Alembic.
    Alembic,
    /// Flyway.
    Flyway,
    /// sqlx.
    Sqlx,
    /// Prisma Migrate.
    Prisma,
    /// Django.
    Django,
    /// Active Record.
    Rails,
    /// golang-migrate.
    GolangMigrate,
}

impl MigrationTool {
    /// The table in which it notes what it ran, unless it is told otherwise.
    pub fn table(self) -> &'static str {
        match self {
            Self::Alembic => "alembic_version",
            Self::Flyway => "flyway_schema_history",
            Self::Sqlx => "_sqlx_migrations",
            Self::Prisma => "_prisma_migrations",
            Self::Django => "django_migrations",
            Self::Rails | Self::GolangMigrate => "schema_migrations",
        }
    }

    /// Whether it notes only where it stands, not each migration that it ran.
    pub fn notes_only_the_head(self) -> bool {
        match self {
            Self::Alembic | Self::GolangMigrate => true,
            Self::Flyway | Self::Sqlx | Self::Prisma | Self::Django | Self::Rails => false,
        }
    }
}

/// A version of a migration as its tool orders it: by its numbers, without zeros in front.
pub fn migration_order(text: &str) -> Vec<(usize, &str)> {
    let mut parts: Vec<(usize, &str)> = text
        .split(['.', '_'])
        .map(|part| part.trim_start_matches('0'))
        .map(|part| (part.len(), part))
        .collect();
    while parts.last() == Some(&(0, "")) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_decimals() {
        let number = |text| Number::read(text).unwrap();
        for (less, more) in [
            ("1", "2"),
            ("9", "10"),
            ("-1", "0"),
            ("-10", "-9"),
            ("0.1", "0.2"),
            ("0.09", "0.1"),
            ("9007199254740992", "9007199254740993"),
            ("1.5", "2"),
            ("-0.5", "-0.25"),
        ] {
            assert!(number(less) < number(more), "{less} {more}");
            assert!(number(more) > number(less), "{less} {more}");
        }
        for (one, other) in [("1", "1.0"), ("01", "1"), ("-0", "0"), ("0.50", "0.5")] {
            assert!(number(one) >= number(other) && number(one) <= number(other), "{one} {other}");
        }
        for text in ["", "-", "1e3", "NaN", "1.", ".5", "1,000", " 1", "--1", &"1".repeat(65)] {
            assert!(Number::read(text).is_none(), "{text}");
        }
    }
}

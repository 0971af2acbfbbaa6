//! Schemes and options of connection strings that their drivers do not take.

use std::fmt;

use crate::connection::Scheme;

/// What a driver does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// asyncpg gets `sslmode` from SQLAlchemy as a keyword that it does not know.
    SslMode,
    /// SQLAlchemy knows no dialect `postgres` since 1.4.
    Postgres,
}

impl Mismatch {
    /// How it is fixed.
    pub(crate) fn fix(self) -> &'static str {
        match self {
            Self::SslMode => "write ?ssl=require in its place",
            Self::Postgres => "begin it with postgresql",
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SslMode => "asyncpg takes no sslmode from SQLAlchemy",
            Self::Postgres => "SQLAlchemy takes postgresql, and since 1.4 no longer postgres",
        })
    }
}

/// What the driver that a connection string names does not take of it. `has` tells whether the string has an option.
pub(super) fn mismatch(variable: &str, text: &str, has: impl Fn(&str) -> bool) -> Option<Mismatch> {
    let Scheme { dialect, driver, .. } = Scheme::of(text)?;
    if driver == Some("asyncpg") && has("sslmode") {
        Some(Mismatch::SslMode)
    } else if dialect == "postgres" && (driver.is_some() || variable.starts_with("SQLALCHEMY")) {
        Some(Mismatch::Postgres)
    } else {
        None
    }
}

/// Whether the query of a connection string has an option.
pub(super) fn has_option(text: &str, key: &str) -> bool {
    text.split_once('?').is_some_and(|(_, query)| {
        query.split('&').any(|pair| pair.split_once('=').is_some_and(|(name, _)| name == key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_named_driver_does_not_take() {
        let seen = |variable: &str, text: &str| mismatch(variable, text, |key| has_option(text, key));
        assert_eq!(seen("V", "postgresql+asyncpg://u@h/d?x=1&sslmode=require"), Some(Mismatch::SslMode));
        assert_eq!(seen("V", "postgres+psycopg2://u@h/d"), Some(Mismatch::Postgres));
        assert_eq!(seen("SQLALCHEMY_DATABASE_URI", "postgres://u@h/d"), Some(Mismatch::Postgres));
        for text in ["postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require", "hunter2"]
        {
            assert_eq!(seen("DATABASE_URL", text), None, "{text}");
        }
    }
}

//! PostgreSQL's own errors: SQLSTATE, severity and text of version 15.

use pgwire::error::{ErrorInfo, PgWireError};

/// An error that ends the session.
pub(super) fn fatal(sqlstate: &str, message: impl Into<String>) -> PgWireError {
    error_of("FATAL", sqlstate, message.into(), None)
}

/// An error that ends the session, with a second message.
pub(super) fn fatal_detail(sqlstate: &str, message: impl Into<String>, detail: &str) -> PgWireError {
    error_of("FATAL", sqlstate, message.into(), Some(detail))
}

/// An error that ends the statement.
pub(super) fn error(sqlstate: &str, message: impl Into<String>) -> PgWireError {
    error_of("ERROR", sqlstate, message.into(), None)
}

fn error_of(severity: &str, sqlstate: &str, message: String, detail: Option<&str>) -> PgWireError {
    let mut info = ErrorInfo::new(severity.to_owned(), sqlstate.to_owned(), message);
    info.severity_nonlocalized = Some(severity.to_owned());
    info.detail = detail.map(str::to_owned);
    PgWireError::UserError(Box::new(info))
}

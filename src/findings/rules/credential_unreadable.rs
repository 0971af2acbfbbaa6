//! A connection string that no driver could read.

use crate::catalogue::CauseCode;
use crate::connection::DsnProblem;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialUnreadable.id(),
    severity: Severity::Error,
    what: "the connection string cannot be read",
    why: "the driver refuses it when the service starts, or at the first request",
    mend: "write postgresql://USER:PASSWORD@HOST:5432/DATABASE, with special characters percent-encoded",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let readable = |error: &DsnProblem| match error {
        // These have rules of their own; the mode may be a driver's own word.
        DsnProblem::Empty
        | DsnProblem::Quoted
        | DsnProblem::UnescapedAt
        | DsnProblem::UnescapedSlash
        | DsnProblem::Percent { .. }
        | DsnProblem::SslMode => true,
        DsnProblem::Form
        | DsnProblem::Scheme
        | DsnProblem::NotText { .. }
        | DsnProblem::Port
        | DsnProblem::Ports
        | DsnProblem::Target
        | DsnProblem::JdbcUser
        | DsnProblem::Bracket
        | DsnProblem::NoEquals { .. }
        | DsnProblem::OpenQuote { .. }
        | DsnProblem::ConnectTimeout => false,
    };
    let unreadable = look.ways.iter().filter_map(|way| Some((way.dsn.as_ref()?, way.error.as_ref()?)));
    unreadable
        // An `@` behind the host's place is an unescaped password, told as that.
        .filter(|(dsn, error)| !readable(error) && dsn.text.matches('@').count() < 2 && !cut(&dsn.text))
        .map(|(dsn, error)| look.found(dsn.from, format!("`{}` cannot be read: {error}", dsn.from.name)))
        .collect()
}

/// Whether an `@` stands behind the part that should hold it.
fn cut(dsn: &str) -> bool {
    let rest = dsn.split_once("://").map_or(dsn, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    !authority.contains('@') && tail.contains('@')
}

//! The port is not PostgreSQL's.

use crate::catalogue::CauseCode;
use crate::connection::whose_port;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabasePortWrong.id(),
    severity: Severity::Error,
    what: "the port is not the database's",
    why: "3307 belongs to the Cloud SQL proxies, which speak TLS of their own there; what listens elsewhere is no PostgreSQL",
    mend: "PostgreSQL listens at 5432",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for way in &look.ways {
        let Some(port) = way.port.as_ref() else { continue };
        let number = port.known().and_then(|text| text.trim().parse::<u16>().ok());
        let message = match number {
            // The others of these are PostgreSQL's only where somebody says so.
            Some(number) if number == 3307 || way.postgres && whose_port(number).is_some() => {
                format!("{number}, {}", whose_port(number).unwrap_or_default())
            }
            // A socket's name ends in the port: the built-in one is always 5432's.
            Some(number) if way.socket().is_some() && number != 5432 => {
                "a port beside 5432, and the socket of Cloud Run is always .s.PGSQL.5432".to_owned()
            }
            Some(_) | None => continue,
        };
        found.push(look.found(port.from, format!("`{}` names {message}", port.from.name)));
    }
    found
}

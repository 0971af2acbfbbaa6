//! The port is not PostgreSQL's.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "database-port-wrong",
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
        let message = match port.known().map(str::trim) {
            Some("3307") => "3307, where only the Cloud SQL proxies talk",
            Some("3306") if way.postgres => "3306, which is MySQL's",
            Some("1433") if way.postgres => "1433, which is SQL Server's",
            Some("27017") if way.postgres => "27017, which is MongoDB's",
            Some("6379") if way.postgres => "6379, which is Redis's",
            // A socket's name ends in the port: the built-in one is always 5432's.
            Some(other) if way.socket().is_some() && other.parse::<u16>().is_ok_and(|port| port != 5432) => {
                "a port beside 5432, and the socket of Cloud Run is always .s.PGSQL.5432"
            }
            Some(_) | None => continue,
        };
        found.push(look.found(port.from, format!("`{}` names {message}", port.from.name)));
    }
    found
}

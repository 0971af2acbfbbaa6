//! The port is not PostgreSQL's.

use crate::catalogue::CauseCode;
use crate::connection::unfit::Fault;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabasePortWrong.id(),
    severity: Severity::Error,
    what: "the port is not the database's",
    why: "3307 belongs to the Cloud SQL proxies, which speak TLS of their own there; what listens elsewhere is no PostgreSQL",
    fix: "PostgreSQL listens at 5432",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let what = if let Fault::Port(port, whose) = spot.fault {
            format!("{port}, {whose}")
        } else {
            // A socket's name ends in the port: the built-in one is always 5432's.
            "a port beside 5432, and the socket of Cloud Run is always .s.PGSQL.5432".to_owned()
        };
        found.push(look.found(spot.from, format!("`{}` names {what}", spot.from.name)));
    }
    found
}

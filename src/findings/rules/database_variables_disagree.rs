//! Two variables lead to different databases.

use crate::catalogue::CauseCode;
use crate::findings::database::StatedDatabase;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::DatabaseVariablesDisagree.id(),
    severity: Severity::Warning,
    what: "two variables name different databases",
    why: "which of them the service takes is its own affair: a deploy that changes one of them leaves the other behind",
    fix: "keep one of them",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    // Of several connection strings each may have its purpose (a replica, a pool); parts under the database's own names
    // beside the one string of the usual name have the same.
    let usual = |way: &&StatedDatabase<'_>| {
        let name = way.dsn.as_ref().map(|dsn| dsn.from.name.as_str());
        name.is_some_and(|name| {
            ["DATABASE_URL", "DB_URL", "POSTGRES_URL", "SQLALCHEMY_DATABASE_URI"].contains(&name)
        })
    };
    let Some(string) = look.ways.iter().find(usual) else { return found };
    for parts in look.ways.iter().filter(|way| way.prefix.is_some()) {
        for (what, one, other) in [
            ("hosts", &string.host, &parts.host),
            ("ports", &string.port, &parts.port),
            ("databases", &string.name, &parts.name),
        ] {
            let (Some(one), Some(other)) = (one, other) else { continue };
            let (Some(first), Some(second)) = (one.known(), other.known()) else { continue };
            // A socket and an address may lead to one instance.
            let ways_differ = first.starts_with('/') != second.starts_with('/');
            if first.eq_ignore_ascii_case(second) || what == "hosts" && ways_differ {
                continue;
            }
            let (string, part) = (&one.from.name, &other.from.name);
            let message = format!("`{string}` and `{part}` name different {what}");
            let (place, _) = look.place_of(one.from);
            found.push(look.found(other.from, message).related(&place, format!("`{string}` is here")));
            break;
        }
    }
    found
}

//! A connection string's scheme or option is not one that its driver takes.

use crate::catalogue::CauseCode;
use crate::connection::driver::{self, Family, Reading};
use crate::connection::{Mismatch, mismatch, parse_dsn, raw};
use crate::findings::database::option;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialSchemeMismatch.id(),
    severity: Severity::Error,
    what: "the URL's scheme or option is not one that the driver takes",
    why: "the driver refuses it when the service connects: the container may still start and answer 200",
    mend: "give each driver a variable with the form that it takes",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for dsn in look.ways.iter().filter_map(|way| way.dsn.as_ref()) {
        let name = &dsn.from.name;
        let mismatch = mismatch(name, &dsn.text, |key| option(&dsn.text, key).is_some());
        if let Some(mismatch) = mismatch {
            let message = match mismatch {
                Mismatch::SslMode => {
                    format!("`{name}` gives asyncpg an `sslmode`, which it does not take from SQLAlchemy")
                }
                Mismatch::Postgres => {
                    format!("`{name}` begins with postgres, which SQLAlchemy has not taken since 1.4")
                }
            };
            found.push(look.found(dsn.from, message).mend(mismatch.mend()));
            continue;
        }
        // What is cut wrongly, or is no connection string, is told elsewhere.
        let Some(text) = dsn.known().filter(|text| is_whole(text)) else { continue };
        let families = driver::meant_for(name, text, look.names());
        let refuses = |family: &Family| matches!(driver::reading(*family, text), Reading::Refuses(_));
        if families.is_empty() || !families.iter().all(refuses) {
            continue;
        }
        let told = driver::runtime(look.names()).map(|(other, _)| format!(", which `{other}` tells of"));
        let drivers: Vec<String> = families.iter().map(ToString::to_string).collect();
        let message =
            format!("`{name}` is not what {} takes{}", drivers.join(" or "), told.unwrap_or_default());
        let opinions = driver::opinions_among(families, text);
        let found_here = look.found(dsn.from, message).drivers(opinions).only(Severity::Warning);
        found.push(
            found_here.mend(
                "begin it as that driver wants it: postgresql:// for most, jdbc:postgresql:// for JDBC",
            ),
        );
    }
    found
}

/// Whether a text is a URL that is cut rightly.
fn is_whole(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| raw(rest).is_none()) && parse_dsn(text).is_ok()
}

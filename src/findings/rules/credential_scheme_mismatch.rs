//! A connection string's scheme or option is not one that its driver takes.

use crate::catalogue::CauseCode;
use crate::connection::driver;
use crate::connection::unfit::{Fault, Mismatch};
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CredentialSchemeMismatch.id(),
    severity: Severity::Error,
    what: "the URL's scheme or option is not one that the driver takes",
    why: "the driver refuses it when the service connects: the container may still start and answer 200",
    fix: "give each driver a variable with the form that it takes",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for spot in look.unfit(RULE.code) {
        let name = &spot.from.name;
        found.push(if let Fault::Dialect(mismatch) = spot.fault {
            let message = match mismatch {
                Mismatch::SslMode => {
                    format!("`{name}` gives asyncpg an `sslmode`, which it does not take from SQLAlchemy")
                }
                Mismatch::Postgres => {
                    format!("`{name}` begins with postgres, which SQLAlchemy has not taken since 1.4")
                }
            };
            look.found(spot.from, message).fix(mismatch.fix())
        } else if let Fault::JdbcUser(problem) = &spot.fault {
            look.found(spot.from, format!("in `{name}` {problem}"))
        } else {
            let told = driver::runtime(look.names());
            let told = told.map(|(other, _)| format!(", which `{other}` tells of")).unwrap_or_default();
            let text = spot.from.value.raw();
            let families = driver::meant_for(name, text, look.names());
            let families: Vec<String> = families.iter().map(ToString::to_string).collect();
            let message = format!("`{name}` is not what {} takes{told}", families.join(" or "));
            let one = look.found(spot.from, message).drivers(spot.drivers.clone());
            one.only(Severity::Warning)
                .fix("begin it as that driver wants it: postgresql:// for most, jdbc:postgresql:// for JDBC")
        });
    }
    found
}

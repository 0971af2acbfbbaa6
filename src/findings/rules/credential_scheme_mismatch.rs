//! A connection string's scheme or option is not one that its driver takes.

use crate::credential::{Mismatch, mismatch};
use crate::findings::database::option;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "credential-scheme-mismatch",
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
        let driver =
            dsn.text.split_once("://").and_then(|(scheme, _)| scheme.split_once('+')).map(|(_, one)| one);
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
        } else if let Some((driver, other)) = driver.zip(other_runtime(look)) {
            let message = format!(
                "`{name}` names SQLAlchemy's driver {driver}, and `{other}` tells of another runtime"
            );
            found.push(
                look.found(dsn.from, message).mend("begin it with postgresql://").only(Severity::Warning),
            );
        }
    }
    found
}

/// A variable of a runtime in which SQLAlchemy's URLs mean nothing.
fn other_runtime<'a>(look: &Look<'a>) -> Option<&'a str> {
    let names = [
        "NODE_ENV",
        "NODE_OPTIONS",
        "RAILS_ENV",
        "RACK_ENV",
        "RUST_LOG",
        "GIN_MODE",
        "ASPNETCORE_ENVIRONMENT",
    ];
    let python = |name: &str| {
        name.starts_with("PYTHON") || name.starts_with("UVICORN") || name.starts_with("GUNICORN")
    };
    if look.service.env.iter().any(|variable| python(&variable.name)) {
        return None;
    }
    look.service.env.iter().map(|variable| variable.name.as_str()).find(|name| names.contains(name))
}

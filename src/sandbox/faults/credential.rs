//! What is in the credential, and in the variables that lead to the database.

use super::{Fault, Subject, parts, subject};
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::random;

pub(super) static FAULTS: &[Fault] = &[
    Fault::before_deploy(
        CauseCode::CredentialTrailingWhitespace,
        "The secret's payload ends in a line feed, as `echo` without `-n` leaves it.",
        &subject::SECRET,
        |world, service| parts::change_credential(world, service, |payload| format!("{payload}\n")),
    ),
    Fault::before_deploy(
        CauseCode::CredentialEmpty,
        "The secret's payload is empty.",
        &subject::SECRET,
        |world, service| parts::change_credential(world, service, |_| String::new()),
    ),
    Fault::before_deploy(
        CauseCode::CredentialQuoted,
        "Quotes stand around the payload of the secret, and are part of it.",
        &subject::SECRET,
        |world, service| parts::change_credential(world, service, |payload| format!("\"{payload}\"")),
    ),
    Fault::before_deploy(
        CauseCode::CredentialEncoded,
        "A JSON document stands in the secret, where the credential alone should be.",
        &subject::SECRET,
        |world, service| {
            parts::change_credential(world, service, |payload| {
                serde_json::json!({"credential": payload}).to_string()
            });
        },
    ),
    Fault::before_deploy(
        CauseCode::CredentialPlaceholder,
        "A dummy stands in the secret in the password's place.",
        &subject::PASSWORD,
        |world, service| {
            let Some(password) = parts::password(world, service) else { return };
            parts::change_credential(world, service, |payload| payload.replace(&password, "changeme"));
        },
    ),
    Fault::before_deploy(
        CauseCode::CredentialUnescaped,
        "The password has an `@`, which stands raw in the connection string.",
        &subject::CONNECTION_STRING,
        |world, service| {
            let Some(old) = parts::password(world, service) else { return };
            let raw = format!("{}@{}", random::word(8), random::word(8));
            parts::change_credential(world, service, |payload| payload.replace(&old, &raw));
            parts::set_password(world, service, raw);
        },
    ),
    Fault::before_deploy(
        CauseCode::CredentialUnreadable,
        "The secret of the connection string holds the bare password.",
        &subject::CONNECTION_STRING,
        |world, service| {
            let Some(password) = parts::password(world, service) else { return };
            parts::change_credential(world, service, |_| password);
        },
    ),
    Fault::before_deploy(
        CauseCode::CredentialSchemeMismatch,
        "The connection string gives SQLAlchemy's asyncpg an `sslmode`, which it does not take.",
        &subject::CONNECTION_STRING,
        |world, service| {
            parts::change_credential(world, service, |payload| {
                let (_, rest) = payload.split_once("://").unwrap_or(("", payload));
                let separator = if rest.contains('?') { '&' } else { '?' };
                format!("postgresql+asyncpg://{rest}{separator}sslmode=prefer")
            });
        },
    ),
    Fault::before_deploy(
        CauseCode::DatabaseHostLoopback,
        "The database's host is `localhost`: the container itself.",
        &subject::DIALLED_DATABASE,
        |world, service| parts::change_host(world, service, "localhost"),
    ),
    Fault::before_deploy(
        CauseCode::DatabaseHostPlaceholder,
        "The database's host is `db`, as a compose file calls it.",
        &subject::DIALLED_DATABASE,
        |world, service| parts::change_host(world, service, "db"),
    ),
    Fault::before_deploy(
        CauseCode::DatabasePortWrong,
        "The variables name the port 3307, where only the Cloud SQL proxies talk.",
        &PORT,
        |world, service| {
            let variables = world.services.get(service).and_then(|service| service.database.clone());
            let Some(variables) = variables else { return };
            if let Some(variable) = variables.url() {
                parts::change_variable(world, service, variable, |text| text.replacen(":5432/", ":3307/", 1));
            } else if let Some(variable) = variables.port() {
                parts::change_variable(world, service, variable, |_| "3307".to_owned());
            }
        },
    ),
    Fault::before_deploy(
        CauseCode::SocketTlsConflict,
        "The service asks for TLS on its `/cloudsql` socket.",
        &subject::SOCKET,
        |world, service| parts::change_sslmode(world, service, "require"),
    ),
];

/// A service that says at which port it dials its database.
static PORT: Subject = Subject {
    has: "a database that it dials at a port that it states",
    fits: |world, service| {
        let variables = service.database.as_ref();
        let stated = variables.is_some_and(|one| one.url().or(one.port()).is_some());
        stated && (subject::DIALLED_DATABASE.fits)(world, service)
    },
};

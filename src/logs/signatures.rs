//! The words in which drivers and the Cloud SQL proxy tell of trouble.
//!
//! Sources: libpq and PostgreSQL 15's own messages, asyncpg 0.32, psycopg 3.3, SQLAlchemy 2.1, node-postgres 8,
//! pgjdbc 42, pgx 5, and Google's page on connecting Cloud Run to Cloud SQL
//! (<https://cloud.google.com/sql/docs/postgres/connect-run>).

use super::Database;

use crate::record::finding::Trouble;

/// One way to say it.
struct Signature {
    trouble: Trouble,
    /// All of these stand in the line, in any case.
    words: &'static [&'static str],
    /// Whether the words are PostgreSQL's alone; else the line must name the database as well.
    own: bool,
}

const fn own(trouble: Trouble, words: &'static [&'static str]) -> Signature {
    Signature { trouble, words, own: true }
}

const fn shared(trouble: Trouble, words: &'static [&'static str]) -> Signature {
    Signature { trouble, words, own: false }
}

/// Every signature; the first that fits a line decides, so the more special stand first.
const SIGNATURES: &[Signature] = &[
    own(Trouble::SchemeRefused, &["can't load plugin: sqlalchemy.dialects:postgres"]),
    own(Trouble::SchemeRefused, &["invalid dsn: scheme is expected to be either"]),
    own(Trouble::SchemeRefused, &["got an unexpected keyword argument 'sslmode'"]),
    own(Trouble::SchemeRefused, &["the url must start with the protocol `postgresql://`"]),
    own(Trouble::SchemeRefused, &["invalid uri query parameter"]),
    own(Trouble::SchemeRefused, &["invalid dsn: invalid connection option"]),
    own(Trouble::SchemeRefused, &["no suitable driver found for", "postgres"]),
    own(Trouble::SchemeRefused, &["org.postgresql.driver claims to not accept jdbcurl"]),
    own(Trouble::Unreadable, &["invalid percent-encoded token"]),
    own(Trouble::Unreadable, &["could not parse sqlalchemy url"]),
    own(Trouble::Unreadable, &["for connection option \"port\""]),
    own(Trouble::Unreadable, &["the provided database string is invalid"]),
    own(Trouble::Unreadable, &["cannot parse `postgres", "failed to parse as url"]),
    own(Trouble::Unreadable, &["in connection info string", "missing \"=\" after"]),
    own(Trouble::PasswordRejected, &["password authentication failed for user"]),
    own(Trouble::PasswordRejected, &["sqlstate 28p01"]),
    own(Trouble::LoginNotAllowed, &["no pg_hba.conf entry for"]),
    own(Trouble::LoginNotAllowed, &["role \"", "is not permitted to log in"]),
    own(Trouble::DatabaseMissing, &["database \"", "\" does not exist"]),
    own(Trouble::DatabaseMissing, &["sqlstate 3d000"]),
    own(Trouble::ConnectPrivilegeMissing, &["permission denied for database \""]),
    own(Trouble::SlotsExhausted, &["remaining connection slots are reserved"]),
    own(Trouble::SlotsExhausted, &["sorry, too many clients already"]),
    own(Trouble::SlotsExhausted, &["too many connections for role"]),
    own(Trouble::SlotsExhausted, &["too many connections for database"]),
    own(Trouble::SlotsExhausted, &["sqlstate 53300"]),
    own(Trouble::Starting, &["the database system is starting up"]),
    own(Trouble::Starting, &["the database system is shutting down"]),
    own(Trouble::Starting, &["the database system is in recovery mode"]),
    own(Trouble::Starting, &["the database system is not yet accepting connections"]),
    own(Trouble::SocketMissing, &["/cloudsql/", "enoent"]),
    own(Trouble::SocketMissing, &["/cloudsql/", "no such file or directory"]),
    own(Trouble::ProxyTimedOut, &["cloud sql", ":3307", "i/o timeout"]),
    own(Trouble::ProxyTimedOut, &["cloud sql", ":3307", "timed out"]),
    own(Trouble::NameUnresolvable, &["could not translate host name"]),
    shared(Trouble::NameUnresolvable, &["getaddrinfo enotfound"]),
    shared(Trouble::NameUnresolvable, &["getaddrinfo eai_again"]),
    shared(Trouble::NameUnresolvable, &["no such host"]),
    shared(Trouble::NameUnresolvable, &["failed to resolve host"]),
    shared(Trouble::NameUnresolvable, &["name or service not known"]),
    shared(Trouble::NameUnresolvable, &["temporary failure in name resolution"]),
    shared(Trouble::NameUnresolvable, &["unknownhostexception"]),
    shared(Trouble::Refused, &["econnrefused"]),
    shared(Trouble::Refused, &["connection refused"]),
    shared(Trouble::Refused, &["connection to ", " refused. check that the hostname"]),
    shared(Trouble::TimedOut, &["etimedout"]),
    shared(Trouble::TimedOut, &["i/o timeout"]),
    shared(Trouble::TimedOut, &["connection timed out"]),
    shared(Trouble::TimedOut, &["timeout expired"]),
    shared(Trouble::TimedOut, &["connect timed out"]),
    shared(Trouble::TimedOut, &["connection terminated due to connection timeout"]),
    shared(Trouble::TimedOut, &["no route to host"]),
];

/// Words that only a conversation with PostgreSQL has.
const POSTGRES_WORDS: &[&str] = &[
    "postgres",
    "psycopg",
    "asyncpg",
    "pgx",
    "psqlexception",
    "sqlalchemy",
    "libpq",
    "/cloudsql/",
    "port 5432",
    ":5432",
];

/// The trouble that a text tells of, and the line that says so.
pub(super) fn find<'a>(text: &'a str, database: &Database) -> Option<(Trouble, &'a str)> {
    let whole = text.to_lowercase();
    let about = about_database(&whole, database);
    SIGNATURES.iter().find_map(|signature| {
        if !(signature.own || about) {
            return None;
        }
        // One line has to say it all: words of two lines are of two things.
        let mut lines = text.lines();
        let line = lines.find(|line| {
            let line = line.to_lowercase();
            signature.words.iter().all(|word| line.contains(word))
        })?;
        Some(meaning(signature, line))
    })
}

/// What a line tells. A driver that cannot read the connection string repeats a part of it, which may be a part of
/// the password: of such a line only the driver's own words are shown.
fn meaning<'a>(signature: &Signature, line: &'a str) -> (Trouble, &'a str) {
    const CUT: &str = "the host that it looks up has an @ in it";
    let trouble = signature.trouble;
    if matches!(trouble, Trouble::SchemeRefused | Trouble::Unreadable) {
        (trouble, signature.words[0])
    } else if trouble == Trouble::NameUnresolvable && names_a_cut_host(line) {
        (Trouble::Unreadable, CUT)
    } else {
        (trouble, line.trim())
    }
}

/// Whether the host that has no address has an `@` in it: the rest of a password that was cut at its first one.
fn names_a_cut_host(line: &str) -> bool {
    let words = line.split([' ', '"', '\'', '`', ',']);
    let lower = line.to_lowercase();
    let looks_up = ["host name", "resolve host", "enotfound", "no such host", "unknownhost", "eai_again"];
    looks_up.iter().any(|one| lower.contains(one)) && words.into_iter().any(is_cut_host)
}

/// `ss@10.0.0.3`, and no mail address of a sentence.
fn is_cut_host(word: &str) -> bool {
    word.split_once('@')
        .is_some_and(|(before, host)| !before.is_empty() && !host.is_empty() && !word.contains("://"))
}

/// Whether a text (in lower case) is about the database: by its words, or by its address.
fn about_database(text: &str, database: &Database) -> bool {
    let named =
        database.hosts.iter().filter(|host| host.len() > 3).any(|host| text.contains(&host.to_lowercase()));
    let port = database.port;
    named
        || POSTGRES_WORDS.iter().any(|word| text.contains(word))
        || (port != 0 && (text.contains(&format!(":{port}")) || text.contains(&format!("port {port}"))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::IntoEnumIterator as _;

    use super::*;

    fn auth() -> Database {
        Database { hosts: vec!["10.20.0.3".to_owned()], port: 5432 }
    }

    /// Lines as the drivers write them, and what they mean.
    const LINES: &[(&str, Option<Trouble>)] = &[
        (
            "psycopg.OperationalError: connection failed: connection to server at \"10.20.0.3\", port 5432 failed: FATAL:  password authentication failed for user \"auth\"",
            Some(Trouble::PasswordRejected),
        ),
        (
            "asyncpg.exceptions.InvalidPasswordError: password authentication failed for user \"auth\"",
            Some(Trouble::PasswordRejected),
        ),
        (
            "failed to connect to `user=auth database=auth`: 10.20.0.3:5432 (10.20.0.3): failed SASL auth: FATAL: password authentication failed for user \"auth\" (SQLSTATE 28P01)",
            Some(Trouble::PasswordRejected),
        ),
        (
            "org.postgresql.util.PSQLException: FATAL: no pg_hba.conf entry for host \"10.8.0.3\", user \"auth\", database \"auth\", no encryption",
            Some(Trouble::LoginNotAllowed),
        ),
        ("error: role \"auth\" is not permitted to log in", Some(Trouble::LoginNotAllowed)),
        ("error: database \"auth\" does not exist", Some(Trouble::DatabaseMissing)),
        ("FATAL: permission denied for database \"auth\"", Some(Trouble::ConnectPrivilegeMissing)),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            Some(Trouble::SlotsExhausted),
        ),
        ("sorry, too many clients already", Some(Trouble::SlotsExhausted)),
        ("FATAL: the database system is starting up", Some(Trouble::Starting)),
        ("Error: connect ENOENT /cloudsql/p:r:i/.s.PGSQL.5432", Some(Trouble::SocketMissing)),
        (
            "connection to server on socket \"/cloudsql/p:r:i/.s.PGSQL.5432\" failed: No such file or directory",
            Some(Trouble::SocketMissing),
        ),
        (
            "Cloud SQL connection failed. Please see https://cloud.google.com/sql/docs/mysql/connect-run for additional details: failed to connect to instance: dial tcp 34.1.2.3:3307: i/o timeout",
            Some(Trouble::ProxyTimedOut),
        ),
        (
            "could not translate host name \"db.internal\" to address: Name or service not known",
            Some(Trouble::NameUnresolvable),
        ),
        ("Error: connect ECONNREFUSED 10.20.0.3:5432", Some(Trouble::Refused)),
        (
            "Connection to 10.20.0.3:5432 refused. Check that the hostname and port are correct",
            Some(Trouble::Refused),
        ),
        ("dial tcp 10.20.0.3:5432: i/o timeout", Some(Trouble::TimedOut)),
        ("Error: connect ETIMEDOUT 10.20.0.3:5432", Some(Trouble::TimedOut)),
        ("connection to server at \"10.20.0.3\", port 5432 failed: timeout expired", Some(Trouble::TimedOut)),
        (
            "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
            Some(Trouble::SchemeRefused),
        ),
        ("TypeError: connect() got an unexpected keyword argument 'sslmode'", Some(Trouble::SchemeRefused)),
        ("psycopg.ProgrammingError: invalid percent-encoded token: \"hun%ter2\"", Some(Trouble::Unreadable)),
        (
            "could not translate host name \"ter2@10.20.0.3\" to address: Name or service not known",
            Some(Trouble::Unreadable),
        ),
        (
            "psycopg.OperationalError: failed to resolve host 'ter2@10.20.0.3': [Errno -2]",
            Some(Trouble::Unreadable),
        ),
        // About something else.
        ("Error: connect ECONNREFUSED 10.30.0.9:6379", None),
        ("Get \"https://oauth2.example.com\": dial tcp 203.0.113.9:443: i/o timeout", None),
        ("GET /auth/health 200", None),
        ("user 5 does not exist", None),
        ("", None),
    ];

    #[test]
    fn lines_of_drivers_mean_what_they_mean() {
        for (line, expected) in LINES {
            assert_eq!(find(line, &auth()).map(|(trouble, _)| trouble), *expected, "{line}");
        }
    }

    #[test]
    fn every_trouble_has_a_line_that_tells_of_it() {
        for trouble in Trouble::iter() {
            assert!(LINES.iter().any(|(_, told)| *told == Some(trouble)), "{trouble:?}");
        }
    }

    #[test]
    fn of_an_unreadable_connection_string_no_part_is_shown() {
        for (line, _) in LINES.iter().filter(|(line, _)| line.contains("ter2")) {
            let (_, shown) = find(line, &auth()).unwrap();
            assert!(!shown.contains("ter2") && !shown.contains("10.20.0.3"), "{shown}");
        }
    }

    #[test]
    fn words_of_two_lines_are_of_two_things() {
        let text = "opening /cloudsql/p:r:i\nconfig.yaml: no such file or directory";
        assert_eq!(find(text, &auth()), None);
    }

    #[test]
    fn of_a_stack_trace_the_line_that_says_it_is_shown() {
        let text = "Traceback (most recent call last):\n  File \"main.py\"\nasyncpg: password authentication failed for user \"a\"\n";
        assert_eq!(find(text, &auth()).unwrap().1, "asyncpg: password authentication failed for user \"a\"");
    }

    proptest! {
        #[test]
        fn any_text(text in "\\PC{0,200}") {
            let _ = find(&text, &auth());
        }
    }
}

//! What drivers answered when they were asked: libpq 15.18 (psql) and 18 (psycopg 3.3.9), asyncpg 0.32.0, SQLAlchemy
//! 2.1.9, dj-database-url 3.1.2, pg 8.23.1 with pg-connection-string 2.14.1 on Node 20, pgjdbc 42.5.5. tokio-postgres
//! is asked by the test itself. pgx, lib/pq, Prisma, sqlx and Npgsql were read in their sources, and not asked.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::Family::{
    Asyncpg, Django, Jdbc, LibPq, Libpq, Node, Npgsql, Pgx, Prisma, SqlAlchemy, Sqlx, TokioPostgres,
};
use super::Misreading::{
    EncodedHost, HostBehindFirstAt, HostsAsOne, NameWithBlank, NoHost, OtherHost, OtherName, OtherPassword,
    UserAsHost, WholeAsName,
};
use super::Reading::{Misreads, Refuses, Takes};
use super::*;

/// Only what a driver's words begin with, so that the table can be read.
fn seen(family: Family, text: &str) -> String {
    match reading(family, text) {
        Takes => "takes".to_owned(),
        Misreads(how) => format!("{how:?}"),
        Refuses(words) => words.to_owned(),
    }
}

#[test]
fn each_driver_that_was_asked_is_followed() {
    let no_module = "NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres";
    let unparsed = "ArgumentError: Could not parse SQLAlchemy URL from given URL string";
    let scheme = "ClientConfigurationError: invalid DSN: scheme is expected to be either \"postgresql\" or \"postgres\", got '…'";
    let django = "ParseError: This string is not a valid url, possibly because some of its parts is not properly urllib.parse.quote()'ed.";
    let unknown = "UnknownSchemeError: Scheme '…://' is unknown. Did you forget to register custom backend?";
    let no_equals = "missing \"=\" after \"…\" in connection info string";
    let option = "invalid connection option \"…\"";
    let no_driver = "SQLException: No suitable driver found for …";
    let no_int = "ValueError: invalid literal for int() with base 10: '…'";
    let invalid = "TypeError [ERR_INVALID_URL]: Invalid URL";
    let percent = "invalid percent-encoded token: \"…\"";
    let no_integer = "invalid integer value \"…\" for connection option \"port\"";
    let query = "invalid URI query parameter: \"…\"";
    let asyncpg_mode = "ClientConfigurationError: `sslmode` parameter must be one of: disable, allow, prefer, require, verify-ca, verify-full";
    let mut wrong = Vec::new();
    for (text, expected) in [
        // libpq, asyncpg, SQLAlchemy, Django, node-postgres, JDBC
        ("postgres://u:p@h/d", ["takes", "takes", no_module, "takes", "takes", no_driver]),
        (
            "postgresql://u:p@h:6543/d?sslmode=require",
            ["takes", "takes", "takes", "takes", "takes", no_driver],
        ),
        // K03
        (
            "postgresql://u:a@b@h/d",
            ["HostBehindFirstAt", "HostBehindFirstAt", "HostBehindFirstAt", "takes", "takes", no_driver],
        ),
        // K04
        ("postgresql://u:a%zz@h/d", [percent, "takes", "takes", "takes", "takes", no_driver]),
        ("postgresql://u:p%@h/d", [percent, "takes", "takes", "takes", "takes", no_driver]),
        // K05
        ("postgresql://u:a/b@h/d", [no_integer, no_int, "takes", django, invalid, no_driver]),
        (
            "postgresql://u:12/b@h/d",
            ["UserAsHost", "UserAsHost", "takes", "UserAsHost", "UserAsHost", no_driver],
        ),
        ("postgresql://u:a#b@h/d", ["takes", no_int, "takes", django, invalid, no_driver]),
        (
            "postgresql://u:a?b@h/d",
            ["takes", "ValueError: bad query field: '…'", "takes", django, invalid, no_driver],
        ),
        ("postgresql://u@x:p@h/d", [no_integer, no_int, "takes", "takes", "takes", no_driver]),
        (
            "postgresql://u:a[b@h/d",
            ["takes", "ValueError: Invalid IPv6 URL", "takes", django, "takes", no_driver],
        ),
        // K06, K07, K08
        ("postgresql+asyncpg://u:p@h/d", [no_equals, scheme, "takes", unknown, "takes", no_driver]),
        (
            "postgresql+asyncpg://u:p@h/d?sslmode=require",
            [
                option,
                scheme,
                "TypeError: connect() got an unexpected keyword argument 'sslmode'",
                unknown,
                "takes",
                no_driver,
            ],
        ),
        ("postgresql+asyncpg://u:p@h/d?ssl=require", [option, scheme, "takes", unknown, "takes", no_driver]),
        (
            "postgresql+pg8000://u:p@h/d?sslmode=require",
            [
                option,
                scheme,
                "TypeError: connect() got an unexpected keyword argument 'sslmode'",
                unknown,
                "takes",
                no_driver,
            ],
        ),
        (
            "postgresql+psycopg2://u:p@h/d?sslmode=require",
            [option, scheme, "takes", unknown, "takes", no_driver],
        ),
        (
            "postgresql+psycopg2://u:p@h/d?schema=x",
            [
                option,
                scheme,
                "ProgrammingError: invalid dsn: invalid connection option \"…\"",
                unknown,
                "takes",
                no_driver,
            ],
        ),
        // K09
        ("'postgresql://u:p@h/d'", [no_equals, scheme, unparsed, unknown, "WholeAsName", no_driver]),
        (" postgresql://u:p@h/d", [no_equals, "takes", unparsed, "takes", "WholeAsName", no_driver]),
        // K02
        ("postgresql://u:p@h/d\n", ["NameWithBlank", "takes", "NameWithBlank", "takes", "takes", no_driver]),
        // K17, K18
        ("\u{feff}postgresql://u:p@h/d", [no_equals, scheme, unparsed, unknown, "WholeAsName", no_driver]),
        ("{\"a\":\"x\"}", [no_equals, scheme, unparsed, unknown, "WholeAsName", no_driver]),
        ("aHVudGVyMg", [no_equals, scheme, unparsed, unknown, "WholeAsName", no_driver]),
        // K16
        (
            "postgresql://u:p@h/d?sslmode=verify-full",
            ["takes", "takes", "takes", "takes", "takes", no_driver],
        ),
        (
            "postgresql://u:p@h/d?sslmode=no-verify",
            [
                "invalid sslmode value: \"…\"",
                asyncpg_mode,
                "invalid sslmode value: \"…\"",
                "takes",
                "takes",
                no_driver,
            ],
        ),
        (
            "postgresql://u:p@h/d?connection_limit=5",
            [
                query,
                "takes",
                "ProgrammingError: invalid dsn: invalid connection option \"…\"",
                "takes",
                "takes",
                no_driver,
            ],
        ),
        // Cloud SQL's sockets
        (
            "postgresql://u:p@/d?host=/cloudsql/p:r:i",
            ["takes", "takes", "takes", "takes", "takes", no_driver],
        ),
        (
            "postgresql://u:p@%2Fcloudsql%2Fp%3Ar%3Ai/d",
            ["takes", "takes", "EncodedHost", "takes", "takes", no_driver],
        ),
        (
            "postgresql+pg8000://u:p@/d?unix_sock=/cloudsql/p:r:i/.s.PGSQL.5432",
            [option, scheme, "takes", unknown, "NoHost", no_driver],
        ),
        (
            "postgresql://u:p@localhost/d?host=/cloudsql/p:r:i",
            ["takes", "OtherHost", "takes", "takes", "takes", no_driver],
        ),
        // Several hosts, addresses, ports
        ("postgresql://u:p@a:1,b:2/d", ["takes", "takes", no_int, django, invalid, no_driver]),
        ("postgresql://u:p@[::1]:5433/d", ["takes", "takes", "takes", "takes", "takes", no_driver]),
        ("postgresql://u:p@h:port/d", [no_integer, no_int, no_int, django, invalid, no_driver]),
        // Pairs, JDBC and .NET
        ("host=h user=u password=p dbname=d", ["takes", scheme, unparsed, unknown, "WholeAsName", no_driver]),
        (
            "host=h user=u password=a b dbname=d",
            [no_equals, scheme, unparsed, unknown, "WholeAsName", no_driver],
        ),
        ("jdbc:postgresql://h/d?user=u&password=p", [option, scheme, unparsed, unknown, "NoHost", "takes"]),
        (
            "jdbc:postgresql://h:5433/d?user=u&password=p%26q",
            [option, scheme, unparsed, unknown, "NoHost", "takes"],
        ),
        ("jdbc:postgresql://u:p@h/d", [no_equals, scheme, unparsed, unknown, "NoHost", no_driver]),
        (
            "jdbc:postgresql://u:p@h:5432/d",
            [no_equals, scheme, unparsed, unknown, "NoHost", "HostBehindFirstAt"],
        ),
        ("jdbc:postgresql://h", [no_equals, scheme, unparsed, unknown, "NoHost", no_driver]),
        (
            "Host=h;Username=u;Password=p;Database=d",
            [option, scheme, unparsed, unknown, "WholeAsName", no_driver],
        ),
    ] {
        let families = [Libpq, Asyncpg, SqlAlchemy, Django, Node, Jdbc];
        let seen = families.map(|family| seen(family, text));
        for ((family, seen), expected) in families.iter().zip(&seen).zip(expected) {
            if seen != expected {
                wrong.push(format!("{family}: {text}: {seen}, and not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn those_that_were_not_asked_follow_their_sources() {
    for (family, text, expected) in [
        (Pgx, "postgres://u:p@h:6543/d?sslmode=verify-full", Takes),
        (Pgx, "postgres://u:a@b@h/d", Takes),
        (Pgx, "postgres://u:12/b@h/d", Misreads(UserAsHost)),
        (Pgx, "postgres://u:p@a:1,b:2/d", Takes),
        (Pgx, "host=h user=u password=p dbname=d", Takes),
        (LibPq, "postgres://u:p@h/d", Takes),
        (
            LibPq,
            "postgres://u:p@h/d?sslmode=prefer",
            Refuses(
                "pq: unsupported sslmode \"…\"; only \"require\" (default), \"verify-full\", \"verify-ca\", and \"disable\" supported",
            ),
        ),
        (LibPq, "postgres://u:a%zz@h/d", Refuses("parse \"…\": invalid URL escape \"…\"")),
        (LibPq, "postgres://u:a/b@h/d", Refuses("parse \"…\": invalid port \"…\" after host")),
        (LibPq, "postgres://u:p@h/d\n", Refuses("parse \"…\": net/url: invalid control character in URL")),
        (Prisma, "postgresql://u:p@h/d?schema=public&connection_limit=5", Takes),
        (Prisma, "postgresql://u:a@b@h/d", Takes),
        (
            Prisma,
            "postgresql://u:a#b@h/d",
            Refuses("P1013: The provided database string is invalid. invalid port number in database URL."),
        ),
        (
            Prisma,
            "postgresql+asyncpg://u:p@h/d",
            Refuses("P1012: the URL must start with the protocol `postgresql://` or `postgres://`."),
        ),
        (
            Prisma,
            "postgresql://u:p@/d?host=/cloudsql/p:r:i",
            Refuses("P1013: The provided database string is invalid. empty host in database URL."),
        ),
        (Prisma, "postgresql://u:p@localhost/d?host=/cloudsql/p:r:i", Takes),
        (Prisma, "postgresql://u:p@%2Fcloudsql%2Fp%3Ar%3Ai/d", Misreads(EncodedHost)),
        (Sqlx, "postgres://u:p@%2Fcloudsql%2Fp%3Ar%3Ai/d", Takes),
        (Sqlx, "postgres://u:a/b@h/d", Refuses("error with configuration: invalid port number")),
        (Sqlx, "postgres://u:p@h/d?sslmode=verify-full", Takes),
        (Sqlx, "host=h user=u", Refuses("error with configuration: relative URL without a base")),
        (TokioPostgres, "postgres://u:a@b@h/d", Misreads(HostBehindFirstAt)),
        (TokioPostgres, "postgres://u:a%zz@h/d", Takes),
        (
            TokioPostgres,
            "postgres://u:p@h/d?sslmode=verify-full",
            Refuses("invalid connection string: invalid value for option `sslmode`"),
        ),
        (
            TokioPostgres,
            "postgres://u:p@h/d?schema=x",
            Refuses("invalid connection string: unknown option `…`"),
        ),
        (Npgsql, "Host=h;Username=u;Password=p;Database=d", Takes),
        (
            Npgsql,
            "postgres://u:p@h/d",
            Refuses(
                "ArgumentException: Format of the initialization string does not conform to specification starting at index …",
            ),
        ),
        (SqlAlchemy, "postgresql+psycopg2://u:p@a,b:2/d", Misreads(super::Misreading::OtherPort)),
        (SqlAlchemy, "postgresql+asyncpg://u:p@a,b/d", Misreads(HostsAsOne)),
    ] {
        assert_eq!(reading(family, text), expected, "{family}: {text}");
    }
}

#[test]
fn a_text_says_for_whom_it_is_meant() {
    for (variable, text, names, expected) in [
        ("DATABASE_URL", "postgres://u:p@h/d", &[][..], &[][..]),
        ("DATABASE_URL", "postgresql+asyncpg://u:p@h/d", &[], &[SqlAlchemy]),
        ("SQLALCHEMY_DATABASE_URI", "postgres://u:p@h/d", &["NODE_ENV"], &[SqlAlchemy]),
        ("DB_URL", "jdbc:postgresql://h/d", &[], &[Jdbc]),
        ("SPRING_DATASOURCE_URL", "postgres://h/d", &[], &[Jdbc]),
        ("POSTGRES_PRISMA_URL", "postgres://h/d", &[], &[Prisma]),
        ("DATABASE_URL", "postgres://h/d", &["NODE_ENV"], &[Node, Prisma]),
        ("DATABASE_URL", "postgres://h/d", &["RAILS_ENV"], &[Libpq]),
        ("DATABASE_URL", "postgresql+asyncpg://h/d", &["RAILS_ENV"], &[Libpq]),
        ("DATABASE_URL", "postgresql+asyncpg://h/d", &["RAILS_ENV", "PYTHONUNBUFFERED"], &[SqlAlchemy]),
        ("DATABASE_URL", "postgres://h/d", &["NODE_ENV", "RAILS_ENV"], &[]),
    ] {
        let seen: Vec<Family> = meant_for(variable, text, names.iter().copied()).to_vec();
        assert_eq!(seen, expected, "{variable} {text}");
    }
}

#[test]
fn what_its_driver_takes_is_written_as_all_take_it() {
    for (text, expected) in [
        (
            "postgresql+psycopg2://u:a/b#c@h:1/d?sslmode=require",
            "postgresql+psycopg2://u:a%2Fb%23c@h:1/d?sslmode=require",
        ),
        ("postgres://u:a@b@h/d", "postgres://u:a%40b@h/d"),
        ("postgres://u:a%zz@h/d", "postgres://u:a%25zz@h/d"),
        ("postgres://u:a%40b@h/d", "postgres://u:a%40b@h/d"),
    ] {
        assert_eq!(canonical(text).as_deref(), Some(expected));
    }
    for none in ["host=h", "host=h password=postgres://u:q\n@h/d", "host = h\npassword=x://u:p@h"] {
        assert_eq!(canonical(none), None, "{none:?}");
    }
}

/// Names that only a few of the readings have, so that every one is reached by some text.
#[test]
fn rare_misreadings_are_reached() {
    for (family, text, expected) in [
        (Node, "postgresql://u:a@/b#c?d%e@h/d", NoHost),
        (Jdbc, "jdbc:postgresql://h/d?user=u&password=p+q", OtherPassword),
        (Asyncpg, "postgresql://u:p@h/d#e", OtherName),
        (Asyncpg, "postgresql://u:p@localhost/d?host=/cloudsql/p:r:i", OtherHost),
        (Libpq, "postgresql://u:p@h/d ", NameWithBlank),
        (Node, "hunter2", WholeAsName),
    ] {
        let seen = reading(family, text);
        // A `+` is what its writer says it is, in a form.
        if family == Jdbc {
            assert!(matches!(seen, Takes | Misreads(_)), "{seen:?}");
        } else {
            assert_eq!(seen, Misreads(expected), "{family}: {text}");
        }
    }
}

proptest! {
    /// What is encoded as it should be is taken by all that read URLs, whatever the password.
    #[test]
    fn an_encoded_url_is_taken_by_all(password in "[^\0]{1,30}", user in "[a-z]{1,8}") {
        let password = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
        let text = format!("postgresql://{user}:{password}@db.internal:6432/orders");
        for family in [Libpq, Asyncpg, SqlAlchemy, Django, Node, Prisma, Pgx, LibPq, TokioPostgres, Sqlx] {
            prop_assert_eq!(reading(family, &text), Takes, "{}: {}", family, text);
        }
    }

    /// The same for JDBC's form.
    #[test]
    fn an_encoded_jdbc_url_is_taken(password in "[^\0]{1,30}") {
        let password = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
        let text = format!("jdbc:postgresql://db.internal:6432/orders?user=u&password={password}");
        prop_assert_eq!(reading(Jdbc, &text), Takes, "{}", text);
    }

    /// No opinion repeats a part of the text.
    #[test]
    fn no_opinion_repeats_the_text(
        form in prop::sample::select(vec![
            "postgres://u:#@h/d", "postgresql+asyncpg://u:#@h/d?sslmode=x", "postgres://#", "jdbc:postgresql://#",
            "host=h password=#", "Host=h;Password=#", "#", "postgres://u:p@h/d?#", "postgres://u:p@#/d",
        ]),
        around in "[@/#?%:&=;'\" \\[\\]\\\\\n]{0,6}",
    ) {
        let text = form.replacen('#', &format!("{around}QQZZQQ{around}"), 1);
        for opinion in opinions(&text) {
            prop_assert!(!opinion.contains("QQ"), "{}", opinion);
        }
    }

    /// Nothing at all makes a reader panic.
    #[test]
    fn no_text_makes_a_reader_panic(text in any::<String>(), tail in "[@/#?%:&=;,'\\[\\] a-z0-9]{0,40}") {
        for text in [text.clone(), format!("postgres://{text}"), format!("postgres://{tail}"), format!("jdbc:postgresql://{tail}"), tail] {
            let _ = readings(&text);
        }
    }
}

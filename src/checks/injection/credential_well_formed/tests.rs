//! The dry run and the check, asked about the same values: both say what is unfit, or both say nothing. Where the two
//! once disagreed, the row says what was decided, by what the driver really does.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::findings;
use crate::live::testing::place;
use crate::model::{DeploysVia, Pipeline, Service, Sidecar, Stated, Variable, infer_database};
use crate::pipeline::{Loaded, Problems};

/// The variables; what the dry run says of them, all of it; and what the check says, which stops at the first.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], Option<&'a str>);

const EMPTY: &str = "credential-empty";
const EDGE: &str = "credential-trailing-whitespace";
const ENCODED: &str = "credential-encoded";
const QUOTED: &str = "credential-quoted";
const UNESCAPED: &str = "credential-unescaped";
const UNREADABLE: &str = "credential-unreadable";
const DUMMY: &str = "credential-placeholder";
const SCHEME: &str = "credential-scheme-mismatch";
const LOOPBACK: &str = "database-host-loopback";
const COMPOSE: &str = "database-host-placeholder";
const PORT: &str = "database-port-wrong";
const TLS: &str = "socket-tls-conflict";
const LONG: &str = "socket-path-too-long";
const KINDS: [&str; 13] =
    [EMPTY, EDGE, ENCODED, QUOTED, UNESCAPED, UNREADABLE, DUMMY, SCHEME, LOOPBACK, COMPOSE, PORT, TLS, LONG];

/// Says that another container runs beside the service's.
const CROWD: (&str, &str) = ("", "");

fn service(env: &[(&str, &str)]) -> Service {
    let mut service = Service::new(DeploysVia::Native, place());
    service.name = Some(Stated::known("auth", place()));
    for (name, value) in env.iter().filter(|one| **one != CROWD) {
        service.env.push(Variable { name: (*name).to_owned(), value: Stated::known(*value, place()) });
    }
    if env.contains(&CROWD) {
        let proxy = Sidecar { name: None, image: None, env: Vec::new(), secrets: Vec::new() };
        service.sidecars.push(proxy);
    }
    service.database = infer_database(&service);
    service
}

/// What the dry run says of them.
fn before(service: &Service) -> Vec<&'static str> {
    let pipeline = Pipeline { services: vec![service.clone()], ..Pipeline::default() };
    let loaded = Loaded { pipeline, warnings: Problems::default(), found: None, files: Vec::new() };
    let found = findings::find(&loaded).shown;
    let codes = found.iter().map(|finding| finding.rule.code).filter(|code| KINDS.contains(code));
    let mut codes: Vec<&str> = codes.collect();
    codes.sort_unstable();
    codes
}

/// What the check says of them.
fn after(service: &Service) -> Option<&'static str> {
    let env: Vec<_> =
        service.env.iter().map(|one| json!({"name": one.name, "value": one.value.raw()})).collect();
    let sidecars = service.sidecars.iter().map(|_| json!({}));
    let containers: Vec<_> =
        std::iter::once(json!({"env": env, "ports": [{"containerPort": 8080}]})).chain(sidecars).collect();
    let revision: Revision = serde_json::from_value(json!({"containers": containers})).unwrap();
    let variables = &service.database.as_ref()?.variables;
    let judged = variables.names().into_iter().find_map(|name| {
        let value = SecretString::from(service.variable(name)?.value.raw());
        judge(&revision, variables, name, None, &value)
    });
    Some(match judged? {
        CredentialFinding::Empty { .. } => EMPTY,
        CredentialFinding::EdgeWhitespace { .. } => EDGE,
        CredentialFinding::Unreadable { .. } => UNREADABLE,
        CredentialFinding::Unfit { unfit, .. } => match unfit {
            Unfit::Quoted => QUOTED,
            Unfit::Encoded { .. } | Unfit::LooksEncoded => ENCODED,
            Unfit::Unescaped { .. } => UNESCAPED,
            Unfit::Placeholder { .. } => DUMMY,
            Unfit::Scheme { .. } => SCHEME,
            Unfit::Loopback { .. } => LOOPBACK,
            Unfit::ComposeName { .. } => COMPOSE,
            Unfit::Port { .. } => PORT,
            Unfit::PasswordFile { .. } => panic!("no file is there"),
            Unfit::SocketTls { .. } => TLS,
            Unfit::SocketTooLong { .. } => LONG,
        },
    })
}

/// What is wrong in none of them.
const SOUND: &[&[(&str, &str)]] = &[
    &[("DATABASE_URL", "postgres://u:p@10.0.0.3:5432/d")],
    &[("DATABASE_URL", "postgresql+asyncpg://u:p@10.0.0.3/d?ssl=require")],
    &[("DATABASE_URL", "postgresql://u:p@/d?host=/cloudsql/p:r:i")],
    &[("DATABASE_URL", "host=10.0.0.3 user=u password='a b' dbname=d")],
    &[("SPRING_DATASOURCE_URL", "jdbc:postgresql://10.0.0.3:5432/d?user=u&password=p")],
    &[("DB_HOST", "10.0.0.3"), ("DB_PORT", "6432"), ("DB_PASSWORD", "correct horse")],
    &[("DB_HOST", "/cloudsql/p:r:i"), ("DB_PASSWORD", "{not json"), ("DB_SSLMODE", "prefer")],
    // Node's and Prisma's readers cut at the last @.
    &[("DATABASE_URL", "postgres://u:a@b@10.0.0.3/d"), ("NODE_ENV", "production")],
    // The dry run took `todo` for a dummy; a driver takes any name, and databases are called so.
    &[("DB_HOST", "10.0.0.3"), ("DB_NAME", "todos"), ("DB_USER", "dummy")],
    // Both called it empty; who logs in with IAM has no password, and the check `variables-not-empty` knew.
    &[("DB_HOST", "10.0.0.3"), ("DB_USER", "auth@shop.iam"), ("DB_PASSWORD", "")],
    // The check took two ports for none; libpq takes one for each host.
    &[("DB_HOST", "10.0.0.3,10.0.0.4"), ("DB_PORT", "5432,5433")],
    // Both took it for a conflict; libpq (asked: psql 15 sends no request for TLS on a socket) and pgx (by its source)
    // pass over the mode there.
    &[("DB_HOST", "/cloudsql/p:r:i"), ("DB_SSLMODE", "require"), ("RAILS_ENV", "production")],
    &[("DATABASE_URL", "postgres://u:p@/d?host=/cloudsql/p:r:i&sslmode=require"), ("GIN_MODE", "release")],
    // A proxy beside the service shares its address.
    &[("DB_HOST", "127.0.0.1"), CROWD],
];

#[test]
fn before_and_after_the_deploy_the_same_is_unfit() {
    let long = format!("/cloudsql/{}:europe-west1:{}", "p".repeat(40), "i".repeat(50));
    let rows: &[Row<'_>] = &[
        (&[("DATABASE_URL", "")], &[EMPTY], Some(EMPTY)),
        (&[("DB_HOST", ""), ("DB_PASSWORD", "p")], &[EMPTY], Some(EMPTY)),
        (&[("DB_HOST", "10.0.0.3"), ("DB_PASSWORD", "")], &[EMPTY], Some(EMPTY)),
        // Only the check named these: libpq has a default for each, the code before it may have none (a warning).
        (&[("DB_HOST", "10.0.0.3"), ("DB_PORT", "")], &[EMPTY], Some(EMPTY)),
        (&[("DB_HOST", "10.0.0.3"), ("DB_USER", "")], &[EMPTY], Some(EMPTY)),
        (&[("DB_HOST", "10.0.0.3\n")], &[EDGE], Some(EDGE)),
        (&[("DB_HOST", "10.0.0.3"), ("DB_PASSWORD", " p")], &[EDGE], Some(EDGE)),
        (&[("DATABASE_URL", "postgres://u:p@10.0.0.3/d\r\n")], &[EDGE], Some(EDGE)),
        // The dry run named the leading one first; libpq passes over it in a URL, and not over the trailing one.
        (&[("DATABASE_URL", " postgres://u:p@10.0.0.3/d ")], &[EDGE], Some(EDGE)),
        // What is within the blanks is judged too; the check says the first.
        (&[("DB_HOST", " localhost")], &[EDGE, LOOPBACK], Some(EDGE)),
        (&[("DB_HOST", "10.0.0.3"), ("DB_PASSWORD", "'p'")], &[QUOTED], Some(QUOTED)),
        (&[("DATABASE_URL", "\"postgres://u:p@10.0.0.3/d\"")], &[QUOTED], Some(QUOTED)),
        (&[("DB_HOST", "\"localhost\"")], &[QUOTED, LOOPBACK], Some(QUOTED)),
        // The dry run took one quote off without a word: every driver's URL begins with it.
        (&[("DATABASE_URL", "\"postgres://u:p@10.0.0.3/d")], &[QUOTED], Some(QUOTED)),
        (&[("DB_HOST", "h.internal"), ("DB_PASSWORD", "{\"password\":\"p\"}")], &[ENCODED], Some(ENCODED)),
        (&[("DB_HOST", "h.internal"), ("DB_PASSWORD", "aHVudGVyMgo=")], &[ENCODED], Some(ENCODED)),
        (&[("DATABASE_URL", "cG9zdGdyZXM6Ly91OnBAaC9k")], &[ENCODED], Some(ENCODED)),
        (&[("DB_HOST", "\u{feff}10.0.0.3")], &[ENCODED], Some(ENCODED)),
        // The dry run looked into passwords and strings alone: no driver decodes a host or a name either.
        (&[("DB_HOST", "{\"host\":\"h\"}")], &[ENCODED], Some(ENCODED)),
        (&[("DATABASE_URL", "postgres://u:aHVudGVyMgo%3D@10.0.0.3/d")], &[ENCODED], Some(ENCODED)),
        (&[("DATABASE_URL", "postgres://u:a@b@10.0.0.3/d")], &[UNESCAPED], Some(UNESCAPED)),
        (&[("DATABASE_URL", "postgres://u:a/b@10.0.0.3/d")], &[UNESCAPED], Some(UNESCAPED)),
        (&[("DATABASE_URL", "postgres://u:a%zz@10.0.0.3/d")], &[UNESCAPED], Some(UNESCAPED)),
        // The dry run passed over these two: its look at raw characters does not see them, its reader does.
        (&[("DATABASE_URL", "postgres://u:12/b@10.0.0.3/d")], &[UNESCAPED], Some(UNESCAPED)),
        (&[("DATABASE_URL", "postgres://u:p@10.0.0.3/d?options=%zz")], &[UNESCAPED], Some(UNESCAPED)),
        (&[("DATABASE_URL", "postgres://u:p@10.0.0.3:543210/d")], &[UNREADABLE], Some(UNREADABLE)),
        // An @ in an option made the dry run silent about the port.
        (&[("DATABASE_URL", "postgres://10.0.0.3:543210/d?user=a@b")], &[UNREADABLE], Some(UNREADABLE)),
        // The dry run passed over a mode that nobody knows; libpq, asyncpg, pgx and sqlx refuse it.
        (&[("DATABASE_URL", "postgres://u:p@10.0.0.3/d?sslmode=maybe")], &[UNREADABLE], Some(UNREADABLE)),
        // The dry run did not read a port that stands by itself.
        (&[("DB_HOST", "10.0.0.3"), ("DB_PORT", "auth")], &[UNREADABLE], Some(UNREADABLE)),
        (&[("DB_HOST", "10.0.0.3"), ("DB_PASSWORD", "changeme")], &[DUMMY], Some(DUMMY)),
        (&[("DB_HOST", "db.example.com")], &[DUMMY], Some(DUMMY)),
        (&[("DATABASE_URL", "postgres://u:changeme@10.0.0.3/d")], &[DUMMY], Some(DUMMY)),
        // The check passed over names; nobody's role is called so.
        (&[("DB_HOST", "10.0.0.3"), ("DB_USER", "<DB_USER>")], &[DUMMY], Some(DUMMY)),
        (&[("DATABASE_URL", "postgres://u:p@10.0.0.3/your-database")], &[DUMMY], Some(DUMMY)),
        (&[("DATABASE_URL", "postgresql+asyncpg://u:p@10.0.0.3/d?sslmode=require")], &[SCHEME], Some(SCHEME)),
        (&[("SQLALCHEMY_DATABASE_URI", "postgres://u:p@10.0.0.3/d")], &[SCHEME], Some(SCHEME)),
        (
            &[("DATABASE_URL", "postgresql+asyncpg://u:p@10.0.0.3/d"), ("RAILS_ENV", "production")],
            &[SCHEME],
            Some(SCHEME),
        ),
        // The dry run took `jdbc:` off before it looked: the driver takes user and password for the host.
        (&[("DATABASE_URL", "jdbc:postgresql://u:p@10.0.0.3/d")], &[SCHEME], Some(SCHEME)),
        // The dry run asked for a refusal; who dials another host in silence fails as well.
        (
            &[("SQLALCHEMY_DATABASE_URI", "postgresql://u:p@%2Fcloudsql%2Fp%3Ar%3Ai/d")],
            &[SCHEME],
            Some(SCHEME),
        ),
        (&[("DB_HOST", "localhost")], &[LOOPBACK], Some(LOOPBACK)),
        (&[("DATABASE_URL", "postgres://u:p@[::1]/d")], &[LOOPBACK], Some(LOOPBACK)),
        (&[("DB_HOST", "host.docker.internal")], &[COMPOSE], Some(COMPOSE)),
        (&[("DATABASE_URL", "postgres://u:p@db/d")], &[COMPOSE], Some(COMPOSE)),
        // The check passed over it where another container runs; those have an address in common, and no names.
        (&[("DB_HOST", "postgres"), CROWD], &[COMPOSE], Some(COMPOSE)),
        (&[("DB_HOST", "10.0.0.3"), ("DB_PORT", "3307")], &[PORT], Some(PORT)),
        (&[("DATABASE_URL", "postgres://u:p@10.0.0.3:3306/d")], &[PORT], Some(PORT)),
        // Only the dry run knew that the socket's name ends in 5432: the driver dials one that is not there.
        (&[("DB_HOST", "/cloudsql/p:r:i"), ("DB_PORT", "5433")], &[PORT], Some(PORT)),
        (&[("DB_HOST", "/cloudsql/p:r:i"), ("DB_SSLMODE", "require")], &[TLS], Some(TLS)),
        (&[("DATABASE_URL", "postgres://u:p@/d?host=/cloudsql/p:r:i&sslmode=require")], &[TLS], Some(TLS)),
        (
            &[("DB_HOST", "/cloudsql/p:r:i"), ("DB_SSLMODE", "require"), ("NODE_ENV", "production")],
            &[TLS],
            Some(TLS),
        ),
        // The check looked at Cloud SQL's alone: PostgreSQL has no TLS on any socket.
        (&[("DB_HOST", "/var/run/proxy"), ("DB_SSLMODE", "require")], &[TLS], Some(TLS)),
        (&[("DB_HOST", &long)], &[LONG], Some(LONG)),
    ];
    let mut wrong = Vec::new();
    for (env, dry, check) in rows.iter().copied().chain(SOUND.iter().map(|env| (*env, &[][..], None))) {
        let service = service(env);
        assert!(service.database.is_some(), "{env:?} leads to no database");
        let mut dry = dry.to_vec();
        dry.sort_unstable();
        let (before, after) = (before(&service), after(&service));
        if before != dry || after != check {
            wrong.push(format!("{env:?}: {before:?} and {after:?}, and not {dry:?} and {check:?}"));
        }
    }
    assert!(rows.len() >= 40);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    /// Whatever the values are: what the check says, the dry run says too, and where the check is silent so is it.
    #[test]
    fn any_values_are_judged_alike(
        host in "(localhost|db|todo|/cloudsql/p:r:i|10\\.0\\.0\\.3|[a-z./:'\" ]{0,9})", port in "[0-9, a]{0,5}",
        user in "(auth@shop\\.iam|<user>|[a-z'\"@ ]{0,6})", password in "(changeme|aHVudGVyMgo=|[a-z{}'\"= \n]{0,9})",
        mode in "(require|prefer|Disable)", runtime in "(RAILS_ENV|NODE_ENV|OTHER)",
    ) {
        // PGHOST and its like are surely PostgreSQL's, in the file too.
        let env = [
            ("PGHOST", host.as_str()), ("PGPORT", &port), ("PGUSER", &user), ("PGPASSWORD", &password),
            ("PGSSLMODE", &mode), (&runtime, "1"),
        ];
        let service = service(&env);
        prop_assert!(service.database.is_some());
        let (before, after) = (before(&service), after(&service));
        prop_assert_eq!(before.is_empty(), after.is_none(), "{:?}: {:?}, {:?}", env, before, after);
        prop_assert!(after.is_none_or(|code| before.contains(&code)), "{:?}: {:?}, {:?}", env, before, after);
    }

    /// The same of connection strings, which the file is known to hold by their scheme.
    #[test]
    fn any_connection_strings_are_judged_alike(
        around in prop::sample::select(vec!["{}", "'{}'", "{}\n", " {}"]),
        scheme in "(postgres|postgresql|postgresql\\+asyncpg|jdbc:postgresql)",
        rest in "(u:p@)?(localhost|db|10\\.0\\.0\\.3|[a-z@:/%]{0,5})(:5432|:3307)?/(d|todo)?(\\?sslmode=(require|maybe))?",
        runtime in "(RAILS_ENV|NODE_ENV|OTHER)",
    ) {
        let url = around.replace("{}", &format!("{scheme}://{rest}"));
        let service = service(&[("DATABASE_URL", &url), (&runtime, "1")]);
        let (before, after) = (before(&service), after(&service));
        prop_assert_eq!(before.is_empty(), after.is_none(), "{:?}: {:?}, {:?}", url, before, after);
        prop_assert!(after.is_none_or(|code| before.contains(&code)), "{:?}: {:?}, {:?}", url, before, after);
    }
}

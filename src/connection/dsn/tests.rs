use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

/// Host, port, user, password and database, in one line.
fn line(text: &str) -> String {
    match parse(text) {
        Ok(dsn) => format!(
            "{}:{} {} {} {} {}",
            dsn.host.as_deref().unwrap_or("-"),
            dsn.port,
            dsn.user.as_deref().unwrap_or("-"),
            dsn.password.as_ref().map_or("-", |password| password.expose_secret()),
            dsn.database.as_deref().unwrap_or("-"),
            dsn.sslmode,
        ),
        Err(problem) => format!("{problem:?}"),
    }
}

#[test]
fn connection_strings_are_read_as_their_drivers_read_them() {
    for (text, expected) in [
        ("postgres://u:p@h/d", "h:5432 u p d prefer"),
        ("postgresql://u:p@h:6543/d?sslmode=require", "h:6543 u p d require"),
        ("postgresql+asyncpg://u:p@10.0.0.3/d", "10.0.0.3:5432 u p d prefer"),
        ("postgresql+psycopg2://u:p@h/d?sslmode=verify-full", "h:5432 u p d verify-full"),
        ("jdbc:postgresql://h:5433/d?user=u&password=p%26q", "h:5433 u p&q d prefer"),
        ("postgres://u:p%40ss%2Fw%3Ard@h/d", "h:5432 u p@ss/w:rd d prefer"),
        ("postgres://u:p?a#b@h/d", "h:5432 u p?a#b d prefer"),
        ("postgres://u:a:b@h/d", "h:5432 u a:b d prefer"),
        ("postgres://u:p@[::1]:5433/d", "::1:5433 u p d prefer"),
        ("postgres://u:p@a:1,b:2/d", "a:1 u p d prefer"),
        ("postgres://u:p@/d?host=/cloudsql/p:r:i", "/cloudsql/p:r:i:5432 u p d prefer"),
        ("postgres://u:p@%2Fcloudsql%2Fp%3Ar%3Ai/d", "/cloudsql/p:r:i:5432 u p d prefer"),
        ("postgres://h", "h:5432 - - - prefer"),
        ("postgres://", "-:5432 - - - prefer"),
        ("postgres://u@h?connect_timeout=3", "h:5432 u - - prefer"),
        ("postgres://u:@h/d", "h:5432 u  d prefer"),
        ("postgres://u:p@h/d?ssl=true&pool=5", "h:5432 u p d require"),
        ("host=h port=5433 user=u password=p dbname=d sslmode=disable", "h:5433 u p d disable"),
        (r"host = h user='u u' password='it\'s \\' dbname=d", r"h:5432 u u it's \ d prefer"),
        ("host=name hostaddr=10.0.0.3 user=u", "10.0.0.3:5432 u - - prefer"),
        ("host=h user=u password=a;b=c dbname=d", "h:5432 u a;b=c d prefer"),
        ("Host=h;Port=5433;Username=u;Password=p=q;Database=d;SSL Mode=Require", "h:5433 u p=q d require"),
        ("Server=h;User Id=u;Password='a;''b';Database=d", "h:5432 u a;'b d prefer"),
        ("  postgres://u:p@h/d", "h:5432 u p d prefer"),
        (
            "postgresql+pg8000://u:p@/d?unix_sock=/cloudsql/p:r:i/.s.PGSQL.5432",
            "/cloudsql/p:r:i:5432 u p d prefer",
        ),
        ("postgresql://u:p@/d?host=/cloudsql/p:r:i/.s.PGSQL.5432", "/cloudsql/p:r:i:5432 u p d prefer"),
        ("jdbc:postgresql://h/d?ssl=true", "h:5432 - - d verify-full"),
        ("jdbc:postgresql://h/d?user=u&password=p+q", "h:5432 u p q d prefer"),
        ("jdbc:postgresql:d", "-:5432 - - d prefer"),
        ("jdbc:postgresql:///d?cloudSqlInstance=p:r:i&user=u", "-:5432 u - d prefer"),
        (
            "jdbc:postgresql:///d?unixSocketPath=/cloudsql/p:r:i&cloudSqlInstance=p:r:i",
            "/cloudsql/p:r:i:5432 - - d prefer",
        ),
        ("r2dbc:postgresql://u:p@h/d", "h:5432 u p d prefer"),
        ("postgres://u:p@h/d?ssl=no-verify", "h:5432 u p d require"),
        ("postgres://u:p@h/d?sslmode=require&ssl=false", "h:5432 u p d require"),
    ] {
        assert_eq!(line(text), expected, "{text}");
    }
}

#[test]
fn what_no_driver_could_read_is_named() {
    for (text, expected) in [
        ("", "Empty"),
        (" \n", "Empty"),
        ("hunter2", "Form"),
        ("\"postgres://u:p@h/d\"", "Quoted"),
        ("mysql://u:p@h/d", "Scheme"),
        ("postgres://u:p@ss@h/d", "UnescapedAt"),
        ("postgres://u:12/34@h/d", "UnescapedSlash"),
        ("postgres://u:p/w@h/d", "UnescapedSlash"),
        ("postgres://u:p%zz@h/d", "Percent { position: 15 }"),
        ("postgres://u:p%@h/d", "Percent { position: 15 }"),
        ("postgres://u:p%ff@h/d", "NotText { part: \"password\" }"),
        ("postgres://u:p@h/d%00", "NotText { part: \"database name\" }"),
        ("postgres://u:p@h:port/d", "Port"),
        ("postgres://u:p@h:0/d", "Port"),
        ("postgres://u:p@h:65536/d", "Port"),
        ("postgres://u:p@a,b,c/d?port=1,2", "Ports"),
        ("jdbc:postgresql://u:p@h/d", "JdbcUser"),
        ("postgres://u:p@h/d?target_session_attrs=best", "Target"),
        ("postgres://u:p@[::1/d", "Bracket"),
        ("postgres://u:p@[::1]x/d", "Bracket"),
        ("postgres://u:p@h/d?sslmode=maybe", "SslMode"),
        ("postgres://u:p@h/d?connect_timeout=soon", "ConnectTimeout"),
        ("host=h user", "NoEquals { position: 8 }"),
        ("host=h password='p", "OpenQuote { position: 17 }"),
        ("Host=h;Password='p", "OpenQuote { position: 17 }"),
    ] {
        assert_eq!(line(text), expected, "{text}");
    }
}

/// Every server with its port, as `host:port host:port`.
fn servers(text: &str) -> String {
    let dsn = parse(text).unwrap();
    assert_eq!(dsn.hosts, dsn.servers.len());
    let servers = dsn.servers.iter().map(|server| format!("{}:{}", server.host, server.port));
    servers.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_host_is_kept_with_its_own_port() {
    for (text, expected) in [
        ("postgres://u@a:1,b:2/d", "a:1 b:2"),
        ("postgres://u@a,b:2/d", "a:5432 b:2"),
        ("postgres://u@[::1]:3,b/d", "::1:3 b:5432"),
        ("host=a,b port=1,2", "a:1 b:2"),
        ("host=a,b port=7", "a:7 b:7"),
        ("host=a,b", "a:5432 b:5432"),
        ("jdbc:postgresql://a:1,b/d", "a:1 b:5432"),
        ("postgres://u@/d?host=a,b&port=1,2", "a:1 b:2"),
        ("postgres:///d", ""),
    ] {
        assert_eq!(servers(text), expected, "{text}");
    }
    let at = |host: &str, port: &str| Dsn::at(Some(host.to_owned()), Some(port.to_owned()));
    assert_eq!(at("a,b", "1").unwrap().servers.len(), 2);
    assert_eq!(at("/cloudsql/p:r:i/.s.PGSQL.5432", "5432").unwrap().host.as_deref(), Some("/cloudsql/p:r:i"));
    assert!(at("a", "x").is_err());
}

#[test]
fn what_else_a_driver_is_told_is_kept() {
    let dsn = parse(
        "postgresql://u@h/d?target_session_attrs=read-write&sslmode=verify-full&sslrootcert=/a&sslcert=/b&sslkey=/c\
         &options=-csearch_path%3Dx&pool_size=7&schema=s",
    )
    .unwrap();
    assert_eq!(dsn.target, SessionTarget::ReadWrite);
    let files = TlsFiles { root: Some("/a".into()), certificate: Some("/b".into()), key: Some("/c".into()) };
    assert_eq!(dsn.files, files);
    assert_eq!((dsn.options.as_deref(), dsn.schema.as_deref()), (Some("-csearch_path=x"), Some("s")));
    let pool = |text: &str| parse(text).unwrap().pool;
    assert_eq!(dsn.pool, Some(7));
    assert_eq!(pool("postgresql://h/d?connection_limit=5"), Some(5));
    assert_eq!(pool("Host=h;Maximum Pool Size=20"), Some(20));
    assert_eq!(pool("postgresql://h/d?pool_max_conns=many"), None);
    assert_eq!(parse("service=auth").unwrap().service.as_deref(), Some("auth"));
    assert_eq!(
        parse("jdbc:postgresql:///d?cloudSqlInstance=p:r:i").unwrap().instance.as_deref(),
        Some("p:r:i")
    );
    assert_eq!(
        parse("jdbc:postgresql://h/d?targetServerType=preferSecondary").unwrap().target,
        SessionTarget::PreferStandby
    );
}

#[test]
fn a_connect_timeout_of_nothing_waits_for_ever() {
    let timeout =
        |value: &str| parse(&format!("postgres://h?connect_timeout={value}")).unwrap().connect_timeout;
    assert_eq!(timeout("3"), Some(Duration::from_secs(3)));
    assert_eq!(timeout("0"), None);
    assert_eq!(timeout("-1"), None);
}

proptest! {
    /// Whatever user, password and database are called: encoded and read again, they are the same.
    #[test]
    fn what_is_encoded_is_read_again(
        user in "[^\0]{1,20}", password in "[^\0]{0,40}", database in "[^\0]{1,20}", port in 1_u16..,
    ) {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let text = format!(
            "postgresql://{}:{}@10.0.0.3:{port}/{}", encode(&user), encode(&password), encode(&database)
        );
        let dsn = parse(&text).unwrap();
        prop_assert_eq!(dsn.user, Some(user));
        prop_assert_eq!(dsn.password.as_ref().map(ExposeSecret::expose_secret), Some(password.as_str()));
        prop_assert_eq!(dsn.database, Some(database));
        prop_assert_eq!((dsn.host.as_deref(), dsn.port), (Some("10.0.0.3"), port));
    }

    /// The same for libpq's other form.
    #[test]
    fn what_is_quoted_is_read_again(user in "[^\0]{1,20}", password in "[^\0]{0,40}") {
        let quote = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"));
        let dsn = parse(&format!("host=h user={} password={}", quote(&user), quote(&password))).unwrap();
        prop_assert_eq!(dsn.user, Some(user));
        prop_assert_eq!(dsn.password.as_ref().map(ExposeSecret::expose_secret), Some(password.as_str()));
    }

    /// The same for JDBC's, a dialect's, Prisma's and a socket's URL.
    #[test]
    fn what_is_encoded_for_a_driver_is_read_again(password in "[^\0]{0,40}", at in 0_usize..5) {
        let encoded = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
        let text = [
            format!("jdbc:postgresql://h:5433/d?ssl=true&user=u&password={encoded}"),
            format!("postgresql+asyncpg://u:{encoded}@h:5433/d?ssl=require"),
            format!("postgresql://u:{encoded}@h:5433/d?schema=s&connection_limit=5"),
            format!("postgresql://u:{encoded}@:5433/d?host=h"),
            format!("postgresql://:5433/d?host=h&user=u&password={encoded}"),
        ];
        let dsn = parse(&text[at]).unwrap();
        prop_assert_eq!(dsn.password.as_ref().map(ExposeSecret::expose_secret), Some(password.as_str()));
        prop_assert_eq!((dsn.host.as_deref(), dsn.port, dsn.user.as_deref()), (Some("h"), 5433, Some("u")));
    }

    /// The same for .NET's list.
    #[test]
    fn what_is_doubled_is_read_again(password in "[^\0]{0,40}", mark in prop::sample::select(vec!['"', '\''])) {
        let doubled = password.replace(mark, &format!("{mark}{mark}"));
        let dsn = parse(&format!("Host=h;Username=u;Password={mark}{doubled}{mark};Database=d")).unwrap();
        prop_assert_eq!(dsn.password.as_ref().map(ExposeSecret::expose_secret), Some(password.as_str()));
        prop_assert_eq!(dsn.database.as_deref(), Some("d"));
    }

    /// Not even `Debug` shows a part: a host may be the rest of a password.
    #[test]
    fn no_part_is_shown(part in "[A-Z]{8,12}", at in 0_usize..6) {
        let text = [
            format!("postgres://{part}:p@h/d"), format!("postgres://u:{part}@h/d"), format!("postgres://u:p@{part}/d"),
            format!("postgres://u:p@h/{part}"), format!("host={part} password={part} options={part}"),
            format!("jdbc:postgresql://a,{part}/{part}?password={part}&sslrootcert={part}"),
        ];
        let shown = format!("{:?}", parse(&text[at]));
        prop_assert!(!shown.contains(&part), "{}", shown);
    }

    /// No text makes it panic, and no error repeats a part of the text.
    #[test]
    fn no_problem_repeats_the_value(text in "(postgres://)?[a-z]{0,4}:?QQ[%@/:a-z?=&;'\\[\\] ]{0,20}") {
        if let Err(problem) = parse(&text) {
            let shown = format!("{problem} {problem:?}");
            prop_assert!(!shown.contains("QQ"));
        }
    }

    /// Nothing at all makes it panic.
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        drop(parse(&text));
        drop(parse(&format!("postgres://{text}")));
        drop(parse(&format!("a={text}")));
    }
}

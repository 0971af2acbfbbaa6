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

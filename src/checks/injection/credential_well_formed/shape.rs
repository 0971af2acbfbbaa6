//! What is unfit in a value, as a finding: the first of what [`unfit`] names.

use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::unfit::{self, Beside, Expected, Fault, unfit};
use crate::record::finding::{CredentialFinding, Drivers, Unfit};

/// What is wrong with a value, from its edges inwards.
pub(super) fn shape(
    secret: Option<String>,
    value: &SecretString,
    expected: Expected,
    beside: &Beside<'_>,
) -> Option<CredentialFinding> {
    let text = value.expose_secret();
    let variable = beside.variable.to_owned();
    let drivers = || match expected {
        Expected::ConnectionString => unfit::drivers(text, beside),
        Expected::Host
        | Expected::Instance
        | Expected::Port
        | Expected::Password
        | Expected::User
        | Expected::Name => Drivers::default(),
    };
    let unfit = match unfit(text, expected, beside).into_iter().next()? {
        Fault::Empty => return Some(CredentialFinding::Empty { variable, secret }),
        Fault::Edge { edge, class } => {
            let (edge, class, length) = (edge.to_owned(), class.to_owned(), text.len());
            let drivers = drivers();
            return Some(CredentialFinding::EdgeWhitespace {
                variable,
                secret,
                edge,
                class,
                length,
                drivers,
            });
        }
        Fault::Unreadable(problem) => {
            return Some(CredentialFinding::Unreadable { variable, problem, drivers: drivers() });
        }
        Fault::Encoded(what) => Unfit::Encoded { what: what.to_owned() },
        Fault::Quoted => Unfit::Quoted,
        Fault::Unescaped(what) => Unfit::Unescaped { what, drivers: drivers() },
        Fault::LooksEncoded => Unfit::LooksEncoded,
        Fault::Loopback(host) => Unfit::Loopback { host },
        Fault::ComposeName(host) => Unfit::ComposeName { host },
        Fault::Placeholder(part) => Unfit::Placeholder { part: part.to_owned() },
        Fault::SocketTooLong(length) => Unfit::SocketTooLong { length },
        Fault::SocketTls(mode) => Unfit::SocketTls { sslmode: mode.to_string() },
        Fault::Port(port, whose) => Unfit::Port { port, whose: whose.to_owned() },
        Fault::SocketPort(port) => {
            let whose = "and the socket of Cloud Run is always .s.PGSQL.5432".to_owned();
            Unfit::Port { port, whose }
        }
        Fault::JdbcUser(what) => Unfit::Scheme { what, drivers: drivers() },
        Fault::Dialect(mismatch) => {
            let what = format!("{mismatch}; {}", mismatch.fix());
            Unfit::Scheme { what, drivers: drivers() }
        }
        Fault::Driver => {
            let drivers = drivers();
            let what = drivers.opinions.first().cloned().unwrap_or_default();
            Unfit::Scheme { what, drivers }
        }
    };
    Some(CredentialFinding::Unfit { variable, secret, unfit })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::connection::SslMode;

    const ALONE: Beside<'_> = Beside {
        variable: "V",
        names: &[],
        alone: true,
        postgres: true,
        sslmode: None,
        host: None,
        user: None,
        open: None,
    };

    fn seen(value: &str, expected: Expected) -> Option<String> {
        shape(None, &SecretString::from(value), expected, &ALONE).map(|finding| finding.to_string())
    }

    #[test]
    fn edges_are_named_by_class_and_never_shown() {
        for (value, expected) in [
            ("hunter2\n", "trailing line feed"),
            ("hunter2\r\n", "trailing line feed"),
            ("hunter2\r", "trailing carriage return"),
            (" hunter2", "leading blank"),
            ("hunter2\t", "trailing tab"),
            ("\u{a0}hunter2", "leading white space"),
        ] {
            let text = seen(value, Expected::Password).unwrap();
            assert!(text.ends_with(expected), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_has_the_right_shape_passes() {
        for (value, expected) in [
            ("correct horse", Expected::Password),
            ("{not json", Expected::Password),
            ("5432", Expected::Port),
            ("6432", Expected::Port),
            ("10.0.0.3", Expected::Host),
            ("todo", Expected::Name),
            ("postgres://u:p@h/d", Expected::ConnectionString),
            ("postgresql+asyncpg://u:p@h/d?ssl=require", Expected::ConnectionString),
            ("postgresql://u:p@/d?host=/cloudsql/p:r:i", Expected::ConnectionString),
        ] {
            assert_eq!(seen(value, expected), None, "{value}");
        }
    }

    #[test]
    fn every_row_of_credentials_is_named_without_its_value() {
        use Expected::{ConnectionString, Host, Password, Port};
        for (value, expected, problem) in [
            ("", Password, "is empty"),
            ("\"hunter2\"", Password, "quotes around it"),
            ("'postgres://u:hunter2@h/d'", ConnectionString, "quotes around it"),
            ("{\"password\":\"hunter2\"}", Password, "a JSON document"),
            ("\u{feff}hunter2", Password, "a byte-order mark"),
            ("changeme", Password, "a dummy for its password"),
            ("aHVudGVyMgo=", Password, "looks like a text in base64"),
            ("p:r", Expected::Instance, "no connection name of an instance"),
            ("db.example.com", Host, "a dummy for its host"),
            ("postgres://u:changeme@h/d", ConnectionString, "a dummy for its password"),
            ("postgres://u:hunter2@x@h/d", ConnectionString, "a raw @ before its host"),
            ("postgres://u:hunter2/x@h/d", ConnectionString, "a raw / before its host"),
            ("postgres://u:hunter2#x@h/d", ConnectionString, "a raw # before its host"),
            ("postgres://u:hunter2%zz@h/d", ConnectionString, "a % that is not followed"),
            ("postgresql+asyncpg://u:hunter2@h/d?sslmode=require", ConnectionString, "takes no sslmode"),
            ("postgres+psycopg2://u:hunter2@h/d", ConnectionString, "takes postgresql"),
            ("localhost", Host, "the container itself"),
            ("postgres://u:hunter2@127.0.0.1/d", ConnectionString, "the container itself"),
            ("postgres://u:hunter2@db/d", ConnectionString, "a name from a compose file"),
            ("postgres://u:hunter2@h:3307/d", ConnectionString, "port 3307, where only"),
            ("3306", Port, "which is MySQL's"),
            ("postgres://u:hunter2@/d?host=/cloudsql/p:r:i&sslmode=require", ConnectionString, "on a socket"),
            ("hunter2", ConnectionString, "neither a postgresql:// URL"),
            ("hunter2", Port, "no port number"),
            ("0", Port, "no port number"),
        ] {
            let text = seen(value, expected).unwrap_or_else(|| panic!("{value} passed"));
            assert!(text.contains(problem) && !text.contains("hunter2"), "{text}");
        }
        let long = format!("/cloudsql/{}:europe-west1:{}", "p".repeat(40), "i".repeat(50));
        assert!(seen(&long, Host).unwrap().contains("bytes; 107 are possible"));
    }

    #[test]
    fn beside_another_container_loopback_is_no_mistake() {
        let value = SecretString::from("127.0.0.1");
        let crowd = Beside { alone: false, ..ALONE };
        assert_eq!(shape(None, &value, Expected::Host, &crowd), None);
        let socket = SecretString::from("/cloudsql/p:r:i");
        let tls = Beside { sslmode: Some(SslMode::Require), ..ALONE };
        assert!(shape(None, &socket, Expected::Host, &tls).is_some());
    }

    /// `postgres://u:a@b@h/d`, as those read it whose runtime the other variables tell of.
    #[test]
    fn the_runtime_decides_whether_a_raw_character_harms() {
        let value = SecretString::from("postgres://u:a@b@h/d");
        let seen = |names: &[&str]| {
            let beside = Beside { variable: "DATABASE_URL", names, ..ALONE };
            shape(None, &value, Expected::ConnectionString, &beside)
        };
        assert_eq!(seen(&["NODE_ENV"]), None, "node-postgres and Prisma cut at the last @");
        for (names, certain) in [(&["RAILS_ENV"][..], true), (&["PORT"], false)] {
            let Some(CredentialFinding::Unfit { unfit: Unfit::Unescaped { drivers, .. }, .. }) = seen(names)
            else {
                panic!("{names:?}: not unescaped");
            };
            assert_eq!(drivers.certain, certain, "{names:?}");
            assert!(drivers.opinions[0].contains("behind the first @"), "{:?}", drivers.opinions);
        }
        let dialect = SecretString::from("postgresql+asyncpg://u:p@h/d");
        let beside = Beside { variable: "DATABASE_URL", names: &["RAILS_ENV"], ..ALONE };
        let text = shape(None, &dialect, Expected::ConnectionString, &beside).unwrap().to_string();
        assert!(text.contains("missing \"=\" after"), "{text}");
    }

    proptest! {
        #[test]
        fn no_value_is_shown(secret in "[A-Za-z0-9]{12,20}", around in prop::sample::select(vec![
            "{}\n", "\"{}\"", "{{\"a\":\"{}\"}}", "postgres://u:{}@x@h/d", "postgres://u:{}/x@h/d", "postgres://u:{}%@h/d",
            "mysql://u:{}@h/d", "host=h password='{}", "postgres://u:{}@localhost/d", "postgres://{}:p@h:3307/d",
        ])) {
            let value = around.replacen("{}", &secret, 1).replace("{{", "{").replace("}}", "}");
            for expected in [Expected::ConnectionString, Expected::Password] {
                let finding = shape(None, &SecretString::from(value.as_str()), expected, &ALONE);
                if let Some(finding) = finding {
                    let text = format!("{finding} {finding:?} {}", serde_json::to_string(&finding).unwrap());
                    prop_assert!(!text.contains(&secret), "{}", text);
                }
            }
        }

        #[test]
        fn any_text_of_any_kind(text in "\\PC{0,80}") {
            for expected in [Expected::ConnectionString, Expected::Host, Expected::Port, Expected::Password] {
                let _ = seen(&text, expected);
            }
        }
    }
}

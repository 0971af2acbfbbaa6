//! What is wrong with the shape of a value, without showing it: a pure function.

use secrecy::{ExposeSecret as _, SecretString};

use super::way;
use crate::connection::driver::{self, Family, Reading};
use crate::connection::{Dsn, DsnProblem, SslMode, encoding, has_option, mismatch, raw};
use crate::record::finding::{CredentialFinding, Drivers, Unfit};

/// What a variable should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// A whole connection string.
    ConnectionString,
    /// A host: a name, an address, the folder of a socket.
    Host,
    /// The connection name of a Cloud SQL instance.
    Instance,
    /// A port number.
    Port,
    /// A password.
    Password,
    /// A user's or a database's name.
    Name,
}

/// What stands beside the value and decides what it means.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside<'a> {
    /// No other container runs in the revision.
    pub(super) alone: bool,
    /// How TLS is asked for by another variable.
    pub(super) sslmode: Option<SslMode>,
    /// The names of all variables, which may tell of the runtime.
    pub(super) names: &'a [&'a str],
}

impl Beside<'_> {
    /// What the drivers make of a connection string: the one that it is meant for, where that is known, or all.
    fn drivers(&self, variable: &str, text: &str) -> (Drivers, &'static [Family]) {
        let families = driver::meant_for(variable, text, self.names.iter().copied());
        let fails = |family: &Family| driver::reading(*family, text) != Reading::Takes;
        let certain = !families.is_empty() && families.iter().all(fails);
        let opinions =
            if families.is_empty() { driver::opinions(text) } else { driver::opinions_among(families, text) };
        (Drivers { certain, opinions }, families)
    }
}

/// What is wrong with a value, from its edges inwards.
pub(super) fn shape(
    variable: &str,
    secret: Option<String>,
    value: &SecretString,
    expected: Expected,
    beside: Beside<'_>,
) -> Option<CredentialFinding> {
    let text = value.expose_secret();
    let variable = variable.to_owned();
    if text.is_empty() {
        return Some(CredentialFinding::Empty { variable, secret });
    }
    let edges = [("trailing", text.chars().next_back()), ("leading", text.chars().next())];
    for (edge, character) in edges {
        if let Some(class) = character.and_then(blank) {
            let (edge, class, length) = (edge.to_owned(), class.to_owned(), text.len());
            let drivers = match expected {
                Expected::ConnectionString => beside.drivers(&variable, text).0,
                Expected::Host
                | Expected::Instance
                | Expected::Port
                | Expected::Password
                | Expected::Name => Drivers::default(),
            };
            return Some(CredentialFinding::EdgeWhitespace {
                variable,
                secret,
                edge,
                class,
                length,
                drivers,
            });
        }
    }
    let unfit = match fit(&variable, text, expected, beside) {
        Ok(()) => return None,
        Err(Problem::Unfit(unfit)) => unfit,
        Err(Problem::Unreadable(problem)) => {
            let drivers = match expected {
                Expected::ConnectionString => beside.drivers(&variable, text).0,
                Expected::Host
                | Expected::Instance
                | Expected::Port
                | Expected::Password
                | Expected::Name => Drivers::default(),
            };
            return Some(CredentialFinding::Unreadable { variable, problem, drivers });
        }
    };
    Some(CredentialFinding::Unfit { variable, secret, unfit })
}

/// What is wrong with a text that is neither empty nor has blanks at its edges.
enum Problem {
    Unfit(Unfit),
    Unreadable(String),
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        Self::Unfit(unfit)
    }
}

fn fit(variable: &str, text: &str, expected: Expected, beside: Beside<'_>) -> Result<(), Problem> {
    if let Some(what) = encoding(text) {
        return Err(Unfit::Encoded { what: what.to_owned() }.into());
    }
    let quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if ['"', '\'', '`'].into_iter().any(quoted) {
        return Err(Unfit::Quoted.into());
    }
    match expected {
        Expected::ConnectionString => connection_string(variable, text, beside),
        Expected::Host => Ok(way::host(text, beside)?),
        Expected::Instance if text.split(':').filter(|part| !part.is_empty()).count() < 3 => {
            Err(Problem::Unreadable(
                "it is no connection name of an instance (project:region:instance)".to_owned(),
            ))
        }
        Expected::Instance => {
            Ok(way::host(&format!("/cloudsql/{text}"), Beside { sslmode: None, ..beside })?)
        }
        Expected::Port => match text.parse::<u16>() {
            Ok(0) | Err(_) => Err(Problem::Unreadable("it is no port number from 1 to 65535".to_owned())),
            Ok(port) => Ok(way::port(port)?),
        },
        Expected::Password => Ok(way::password(text)?),
        Expected::Name => Ok(()),
    }
}

fn connection_string(variable: &str, text: &str, beside: Beside<'_>) -> Result<(), Problem> {
    let (drivers, families) = beside.drivers(variable, text);
    // The driver that it is meant for reads it as it is meant, whatever others would do.
    let taken =
        !families.is_empty() && families.iter().all(|one| driver::reading(*one, text) == Reading::Takes);
    if !taken
        && let Some((_, rest)) = text.split_once("://")
        && let Some(raw) = raw(rest)
    {
        return Err(Unfit::Unescaped { what: raw.to_string(), drivers }.into());
    }
    let names = beside.names.iter().copied();
    let dsn = driver::parse(variable, text, names).map_err(|problem| match &problem {
        DsnProblem::UnescapedAt | DsnProblem::UnescapedSlash | DsnProblem::Percent { .. } => {
            let what = format!("a raw character: {problem}");
            Problem::Unfit(Unfit::Unescaped { what, drivers: drivers.clone() })
        }
        DsnProblem::Quoted => Problem::Unfit(Unfit::Quoted),
        DsnProblem::JdbcUser => {
            Problem::Unfit(Unfit::Scheme { what: problem.to_string(), drivers: drivers.clone() })
        }
        DsnProblem::Empty
        | DsnProblem::Form
        | DsnProblem::Scheme
        | DsnProblem::NotText { .. }
        | DsnProblem::Port
        | DsnProblem::Ports
        | DsnProblem::Target
        | DsnProblem::Bracket
        | DsnProblem::NoEquals { .. }
        | DsnProblem::OpenQuote { .. }
        | DsnProblem::SslMode
        | DsnProblem::ConnectTimeout => Problem::Unreadable(problem.to_string()),
    })?;
    parts(&dsn, beside)?;
    if let Some(mismatch) = mismatch(variable, text, |key| has_option(text, key)) {
        let what = format!("{mismatch}; {}", mismatch.mend());
        return Err(Unfit::Scheme { what, drivers }.into());
    }
    match drivers.opinions.first().filter(|_| drivers.certain).cloned() {
        Some(what) => Err(Unfit::Scheme { what, drivers }.into()),
        None => Ok(()),
    }
}

fn parts(dsn: &Dsn, beside: Beside<'_>) -> Result<(), Unfit> {
    if let Some(host) = &dsn.host {
        way::host(host, Beside { sslmode: Some(dsn.sslmode), ..beside })?;
    }
    way::port(dsn.port)?;
    dsn.password.as_ref().map_or(Ok(()), |password| way::password(password.expose_secret()))
}

/// The name of a blank.
fn blank(character: char) -> Option<&'static str> {
    match character {
        '\n' => Some("line feed"),
        '\r' => Some("carriage return"),
        ' ' => Some("blank"),
        '\t' => Some("tab"),
        other if other.is_whitespace() => Some("white space"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALONE: Beside<'_> = Beside { alone: true, sslmode: None, names: &[] };

    fn seen(value: &str, expected: Expected) -> Option<String> {
        shape("V", None, &SecretString::from(value), expected, ALONE).map(|finding| finding.to_string())
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
        assert_eq!(shape("V", None, &value, Expected::Host, crowd), None);
        let socket = SecretString::from("/cloudsql/p:r:i");
        let tls = Beside { sslmode: Some(SslMode::Require), ..ALONE };
        assert!(shape("V", None, &socket, Expected::Host, tls).is_some());
    }

    /// `postgres://u:a@b@h/d`, as those read it whose runtime the other variables tell of.
    #[test]
    fn the_runtime_decides_whether_a_raw_character_harms() {
        let value = SecretString::from("postgres://u:a@b@h/d");
        let seen = |names: &[&str]| {
            let beside = Beside { names, ..ALONE };
            shape("DATABASE_URL", None, &value, Expected::ConnectionString, beside)
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
        let beside = Beside { names: &["RAILS_ENV"], ..ALONE };
        let text =
            shape("DATABASE_URL", None, &dialect, Expected::ConnectionString, beside).unwrap().to_string();
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
                let finding = shape("V", None, &SecretString::from(value.as_str()), expected, ALONE);
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

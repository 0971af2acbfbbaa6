//! The ways to a database that a service's plain variables state: connection strings, parts, sockets.

use secrecy::ExposeSecret as _;

use super::open::{OPEN, blanked, is_known};
use crate::connection::{DsnProblem, SslMode, parse_dsn};
use crate::model::{DatabaseVariables, Holds, Service, Variable, infer_database};

/// A text and the variable that states it (or a part of it). It may be open in part.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: String,
    pub(super) from: &'a Variable,
}

impl Piece<'_> {
    /// The text, if all of it is known.
    pub(super) fn known(&self) -> Option<&str> {
        Some(self.text.as_str()).filter(|text| is_known(text))
    }
}

/// One way to a database, as far as plain variables state it.
#[derive(Clone, Debug, Default)]
pub(super) struct Way<'a> {
    /// The connection string, where it is one: its text without quotes, blanks and `jdbc:`.
    pub(super) dsn: Option<Piece<'a>>,
    /// Why the connection string cannot be read, where all of it is known.
    pub(super) error: Option<DsnProblem>,
    /// The prefix of the variables' names, where the way is stated in parts under the usual names (`DB_`).
    pub(super) prefix: Option<&'static str>,
    pub(super) host: Option<Piece<'a>>,
    pub(super) port: Option<Piece<'a>>,
    pub(super) user: Option<Piece<'a>>,
    pub(super) password: Option<Piece<'a>>,
    pub(super) name: Option<Piece<'a>>,
    pub(super) sslmode: Option<Piece<'a>>,
    /// Whether it is surely PostgreSQL's, and not only some database's.
    pub(super) postgres: bool,
}

impl<'a> Way<'a> {
    /// All pieces that are stated.
    pub(super) fn pieces(&self) -> impl Iterator<Item = &Piece<'a>> {
        [&self.dsn, &self.host, &self.port, &self.user, &self.password, &self.name]
            .into_iter()
            .filter_map(Option::as_ref)
    }

    /// The host, if all of it is known.
    pub(super) fn known_host(&self) -> Option<(&str, &'a Variable)> {
        let host = self.host.as_ref()?;
        Some((host.known()?, host.from))
    }

    /// The socket's folder, where the host is one; it may be open in part.
    pub(super) fn socket(&self) -> Option<(&str, &'a Variable)> {
        let host = self.host.as_ref().filter(|host| host.text.starts_with('/'))?;
        Some((socket_folder(&host.text), host.from))
    }

    /// The mode of TLS, if it is known.
    pub(super) fn known_sslmode(&self) -> Option<(SslMode, &'a Variable)> {
        let piece = self.sslmode.as_ref()?;
        Some((piece.known()?.to_ascii_lowercase().parse().ok()?, piece.from))
    }
}

/// The folder of a socket: without the socket's own name.
pub(super) fn socket_folder(path: &str) -> &str {
    let folder = path.split("/.s.PGSQL.").next().unwrap_or(path);
    folder.trim_end_matches('/')
}

/// The connection name of a Cloud SQL socket's folder.
pub(super) fn connection_name(folder: &str) -> Option<&str> {
    folder.strip_prefix("/cloudsql/").filter(|name| !name.is_empty())
}

/// Names under which users put a connection string in key=value form; a URL is known by itself.
const DSN_NAMES: &[&str] =
    &["DATABASE_URL", "DB_URL", "POSTGRES_URL", "POSTGRES_DSN", "PG_DSN", "DATABASE_DSN", "DB_DSN", "DSN"];
/// Prefixes under which users put the parts.
const PREFIXES: &[&str] = &["DB_", "DATABASE_", "POSTGRES_", "POSTGRESQL_", "PG_", "PG", "SQL_", "INSTANCE_"];
const HOSTS: &[&str] = &["HOST", "HOSTNAME", "SERVER", "ADDRESS", "UNIX_SOCKET", "SOCKET", "SOCKET_PATH"];
const USERS: &[&str] = &["USER", "USERNAME"];
const PASSWORDS: &[&str] = &["PASSWORD", "PASS", "PASSWD", "PWD"];
const NAMES: &[&str] = &["NAME", "DATABASE", "DB"];
const SSL_MODES: &[&str] = &["SSLMODE", "SSL_MODE"];
/// What tells which database it is.
const ENGINES: &[&str] = &["CONNECTION", "DIALECT", "ENGINE", "TYPE", "DRIVER", "CLIENT", "KIND", "VENDOR"];

/// The ways that the ingress container's variables state. None for another engine than PostgreSQL.
pub(super) fn ways(service: &Service) -> Vec<Way<'_>> {
    let strings = service.env.iter().filter_map(connection_string);
    let parts = PREFIXES.iter().filter_map(|prefix| parts(service, prefix));
    let mut ways: Vec<Way<'_>> = strings.chain(parts).collect();
    if let Some(database) = infer_database(service)
        && let Some(way) = inferred(service, &database.variables)
        && !ways.iter().any(|known| known.host.as_ref().is_some_and(|one| is_of(&way, one.from)))
    {
        ways.push(way);
    }
    // A socket that an unusual name leads to.
    for variable in &service.env {
        let text = blanked(&variable.value);
        let known = ways.iter().flat_map(Way::pieces).any(|piece| std::ptr::eq(piece.from, variable));
        if !known && text.starts_with("/cloudsql/") && !text.contains(',') {
            let host = Some(Piece { text, from: variable });
            ways.push(Way { host, ..Way::default() });
        }
    }
    ways
}

fn is_of(way: &Way<'_>, variable: &Variable) -> bool {
    way.host.as_ref().is_some_and(|host| std::ptr::eq(host.from, variable))
}

/// The parts by names that are less usual (`AUTH_DB_HOST`).
fn inferred<'a>(service: &'a Service, variables: &DatabaseVariables) -> Option<Way<'a>> {
    let piece = |name: Option<&str>| {
        // What stands in a file is not in the pipeline.
        let from = service.variable(name.filter(|name| Holds::of(name) == Holds::Value)?)?;
        Some(Piece { text: blanked(&from.value), from })
    };
    let host = piece(variables.host())?;
    let prefix = variables.prefix();
    Some(Way {
        host: Some(host),
        port: piece(variables.port()),
        user: piece(variables.user()),
        password: piece(variables.password()),
        name: piece(variables.name()),
        sslmode: piece(Some(&format!("{prefix}SSLMODE"))),
        postgres: prefix.contains("PG") || prefix.contains("POSTGRES"),
        ..Way::default()
    })
}

/// The text of a value without what does not belong to a connection string: blanks, quotes, `jdbc:`.
fn stripped(text: &str) -> &str {
    let bare = text.trim().trim_matches(['"', '\'', '`']).trim();
    bare.strip_prefix("jdbc:").unwrap_or(bare)
}

/// The dialect of a URL: `postgresql` of `postgresql+asyncpg://…`.
fn dialect(text: &str) -> Option<&str> {
    let scheme = text.split_once("://")?.0;
    scheme.split('+').next()
}

fn connection_string(variable: &Variable) -> Option<Way<'_>> {
    let blanked = blanked(&variable.value);
    let text = stripped(&blanked);
    let piece = |text: String| Piece { text, from: variable };
    let url = matches!(dialect(text), Some("postgres" | "postgresql"));
    let pairs = !text.contains("://")
        && (text.contains("host=") || text.contains("dbname="))
        && DSN_NAMES.iter().any(|name| variable.name.ends_with(name));
    if !url && !pairs {
        return None;
    }
    let mut way = Way { dsn: Some(piece(text.to_owned())), postgres: true, ..Way::default() };
    match parse_dsn(text) {
        Ok(dsn) => {
            way.host = dsn.host.map(piece);
            way.port = Some(piece(dsn.port.to_string()));
            way.user = dsn.user.map(piece);
            way.password = dsn.password.map(|password| piece(password.expose_secret().to_owned()));
            way.name = dsn.database.map(piece);
            way.sslmode = Some(piece(dsn.sslmode.to_string()));
        }
        Err(error) if is_known(text) => way.error = Some(error),
        Err(_) => {}
    }
    Some(way)
}

fn parts<'a>(service: &'a Service, prefix: &'static str) -> Option<Way<'a>> {
    let variable =
        |suffixes: &[&str]| suffixes.iter().find_map(|suffix| service.variable(&format!("{prefix}{suffix}")));
    let piece = |suffixes: &[&str]| variable(suffixes).map(|from| Piece { text: blanked(&from.value), from });
    let engine = variable(ENGINES).and_then(|variable| variable.value.as_known()).unwrap_or_default();
    let engine = engine.to_ascii_lowercase();
    let other = ["mysql", "maria", "mssql", "sqlserver", "sqlsrv", "mongo", "sqlite", "oracle"];
    if other.iter().any(|other| engine.contains(other)) {
        return None;
    }
    let way = Way {
        prefix: Some(prefix),
        host: piece(HOSTS),
        port: piece(&["PORT"]),
        user: piece(USERS),
        password: piece(PASSWORDS),
        name: piece(NAMES),
        sslmode: piece(SSL_MODES),
        postgres: prefix.starts_with('P') || engine.contains("postgres") || engine == "pg",
        ..Way::default()
    };
    // An address of MySQL's: the names alone do not say which database it is.
    let mysql = way.port.as_ref().is_some_and(|port| port.text == "3306") && !way.postgres;
    // `INSTANCE_NAME` and `PG_…` alone say nothing; a host or a password does.
    let led = way.host.is_some() || way.password.is_some();
    (led && !mysql).then_some(way)
}

/// The value of an option of a connection string's query, where it is known.
pub(super) fn option<'t>(dsn: &'t str, key: &str) -> Option<&'t str> {
    let (_, query) = dsn.split_once('?')?;
    let pair = |pair: &'t str| pair.split_once('=').filter(|(name, _)| *name == key);
    query.split('&').find_map(pair).map(|(_, value)| value).filter(|value| !value.contains(OPEN))
}

/// What the dry run makes of the variables of a service, in a line: for the table of all who ask.
#[cfg(test)]
pub(crate) fn asked(service: &Service) -> String {
    let ways = ways(service);
    let leading = service.database.as_ref().map(|database| database.variables.leading()).unwrap_or_default();
    let leads = |way: &&Way<'_>| way.pieces().any(|piece| piece.from.name == leading);
    let Some(way) = ways.iter().find(leads) else { return "! no way".to_owned() };
    if let Some(error) = &way.error {
        return format!("! {error}");
    }
    let text = |piece: &Option<Piece<'_>>| piece.as_ref().map(|piece| piece.text.clone());
    let [host, port, user, password, name] =
        [&way.host, &way.port, &way.user, &way.password, &way.name].map(text);
    let mut said = crate::connection::tests::core(
        host.as_deref().unwrap_or_default(),
        port.as_deref().unwrap_or("-"),
        user.as_deref(),
        password.as_deref(),
        name.as_deref(),
    );
    if let Some((mode, _)) = way.known_sslmode().filter(|(mode, _)| *mode != SslMode::Prefer) {
        said.push_str(&format!(" sslmode={mode}"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeploysVia, Place, Stated};

    fn service(env: &[(&str, &str)]) -> Service {
        let place = Place { file: "a".into(), line: 1, column: 1 };
        let mut service = Service::new(DeploysVia::Native, place.clone());
        for (name, value) in env {
            let value = match value.strip_prefix('?') {
                Some(expression) => Stated::unresolved(expression, place.clone()),
                None => Stated::known(*value, place.clone()),
            };
            service.env.push(Variable { name: (*name).to_owned(), value });
        }
        service
    }

    fn hosts(env: &[(&str, &str)]) -> Vec<String> {
        let service = service(env);
        ways(&service)
            .iter()
            .map(|way| way.host.as_ref().map_or_else(String::new, |host| host.text.replace(OPEN, "?")))
            .collect()
    }

    #[test]
    fn ways_are_found_by_form_and_by_name() {
        assert_eq!(hosts(&[("ANY", "postgresql+asyncpg://u:p@h/d")]), ["h"]);
        assert_eq!(hosts(&[("SPRING_DATASOURCE_URL", "jdbc:postgresql://h:5432/d")]), ["h"]);
        assert_eq!(hosts(&[("DATABASE_URL", "host=h password=p")]), ["h"]);
        assert_eq!(hosts(&[("DATABASE_URL", "?postgres://u:${{ secrets.P }}@h/d")]), ["h"]);
        assert_eq!(hosts(&[("DB_HOST", "?/cloudsql/$PROJECT_ID:r:i")]), ["/cloudsql/?:r:i"]);
        assert_eq!(hosts(&[("AUTH_DB_HOST", "10.0.0.3"), ("AUTH_DB_USER", "u")]), ["10.0.0.3"]);
        assert_eq!(hosts(&[("MY_SOCKET", "/cloudsql/p:r:i")]), ["/cloudsql/p:r:i"]);
    }

    #[test]
    fn other_engines_and_other_things_are_none() {
        for env in [
            &[("DATABASE_URL", "mysql://u:p@h/d")][..],
            &[("DB_HOST", "h"), ("DB_CONNECTION", "mysql")],
            &[("DB_HOST", "h"), ("DB_PORT", "3306")],
            &[("REDIS_HOST", "h"), ("API_URL", "https://h")],
            &[("INSTANCE_NAME", "x"), ("DATABASE_URL", "?${{ secrets.URL }}")],
        ] {
            assert!(hosts(env).is_empty(), "{env:?}");
        }
    }

    #[test]
    fn sockets_have_a_folder_and_a_name() {
        assert_eq!(socket_folder("/cloudsql/p:r:i/.s.PGSQL.5432"), "/cloudsql/p:r:i");
        assert_eq!(connection_name("/cloudsql/p:r:i"), Some("p:r:i"));
        assert_eq!(connection_name("/var/run"), None);
    }
}

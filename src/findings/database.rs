//! The ways to a database that a service's plain variables state: connection strings, parts, sockets.

use secrecy::{ExposeSecret as _, SecretString};

use super::open::{OPEN, blanked, is_known, may_be_equal};
use crate::connection::{
    self, DsnProblem, Facts, Found, Given, Missing, Part, Reads, Source, SslMode, Unreadable, socket_folder,
};
use crate::model::{
    DatabaseVariables, Holds, Service, Variable, holds_connection_string, infer_database, names_postgres,
    usual_parts,
};

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
pub(super) struct StatedDatabase<'a> {
    /// The connection string, where it is one: its text without quotes and blanks around it.
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

impl<'a> StatedDatabase<'a> {
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

/// The connection name of a Cloud SQL socket's folder.
pub(super) fn connection_name(folder: &str) -> Option<&str> {
    folder.strip_prefix("/cloudsql/").filter(|name| !name.is_empty())
}

/// The ways that the ingress container's variables state. None for another engine than PostgreSQL.
pub(super) fn ways(service: &Service) -> Vec<StatedDatabase<'_>> {
    let reader = Reader::of(service);
    let mut ways: Vec<StatedDatabase<'_>> =
        service.env.iter().filter_map(|one| reader.connection_string(one)).collect();
    // The main way by its names, and what stands beside it under other usual prefixes.
    let main =
        reader.main.iter().filter(|variables| variables.url().is_none()).map(|one| (None, one.clone()));
    let others = usual_parts(service).into_iter().map(|(prefix, variables)| (Some(prefix), variables));
    for (prefix, variables) in main.chain(others) {
        let way = reader.parts(prefix, &variables);
        let hosts = |one: &StatedDatabase<'_>| one.host.as_ref().map(|host| std::ptr::from_ref(host.from));
        let known = ways.iter_mut().find(|known| hosts(known).is_some() && hosts(known) == hosts(&way));
        let stated = way.pieces().next().is_some();
        match known {
            Some(known) => known.prefix = known.prefix.or(prefix),
            None if stated => ways.push(way),
            None => {}
        }
    }
    // A socket that an unusual name leads to.
    for variable in &service.env {
        let text = blanked(&variable.value);
        let known =
            ways.iter().flat_map(StatedDatabase::pieces).any(|piece| std::ptr::eq(piece.from, variable));
        if !known && text.starts_with("/cloudsql/") && !text.contains(',') {
            let host = Some(Piece { text, from: variable });
            ways.push(StatedDatabase { host, ..StatedDatabase::default() });
        }
    }
    ways
}

/// The text of a value without what does not belong to a connection string, and is found by itself: blanks and quotes.
fn stripped(text: &str) -> &str {
    text.trim().trim_matches(['"', '\'', '`']).trim()
}

/// The dialect of a URL: `postgresql` of `postgresql+asyncpg://…` and of `jdbc:postgresql:…`.
fn dialect(text: &str) -> Option<&str> {
    match text.strip_prefix("jdbc:") {
        Some(rest) => rest.split(':').next(),
        None => text.strip_prefix("r2dbc:").unwrap_or(text).split_once("://")?.0.split('+').next(),
    }
}

/// Reads the ways of one service.
struct Reader<'a> {
    service: &'a Service,
    /// The variables of the main way.
    main: Option<DatabaseVariables>,
}

impl<'a> Reader<'a> {
    fn of(service: &'a Service) -> Self {
        Self { service, main: infer_database(service).map(|database| database.variables) }
    }

    fn connection_string(&self, variable: &'a Variable) -> Option<StatedDatabase<'a>> {
        let blanked = blanked(&variable.value);
        let text = stripped(&blanked);
        let main = self.main.as_ref().filter(|main| main.url() == Some(variable.name.as_str()));
        let usual = main.is_some()
            || holds_connection_string(&variable.name)
            || variable.name.to_ascii_uppercase().ends_with("DSN");
        let lower = text.to_ascii_lowercase();
        let url = matches!(dialect(text), Some("postgres" | "postgresql"));
        // `key=value` is known as a connection string by its variable's name only.
        let pairs = usual && !text.contains("://") && (lower.contains("host=") || lower.contains("dbname="));
        if !url && !pairs {
            return None;
        }
        // What stands beside the main one belongs to it.
        let alone = DatabaseVariables::Dsn(variable.name.clone());
        let way = self.resolve(main.unwrap_or(&alone));
        let mut found = StatedDatabase {
            dsn: Some(Piece { text: text.to_owned(), from: variable }),
            postgres: true,
            ..self.pieces(&way)
        };
        match way.place {
            Ok(place) => found.port = Some(Piece { text: place.port.to_string(), from: variable }),
            Err(Missing::Unreadable { why: Unreadable::Dsn(problem), .. }) => found.error = Some(problem),
            Err(
                Missing::Unreadable { why: Unreadable::Refused(_) | Unreadable::Port, .. }
                | Missing::Unread(_)
                | Missing::Absent(_)
                | Missing::Open
                | Missing::NoPassword { .. },
            ) => {}
        }
        Some(found)
    }

    fn parts(&self, prefix: Option<&'static str>, variables: &DatabaseVariables) -> StatedDatabase<'a> {
        let way = self.resolve(variables);
        let pieces = self.pieces(&way);
        // The text itself: of a port, of what is empty, and of what cannot be read. What stands in a file is not in the
        // pipeline.
        let raw = |name: Option<&str>| {
            let name = name.filter(|name| Holds::of(name) == Holds::Value)?;
            let from = self.service.variable(name)?;
            Some(Piece { text: blanked(&from.value), from })
        };
        let usual = prefix.unwrap_or_else(|| variables.prefix());
        StatedDatabase {
            prefix,
            host: pieces.host.or_else(|| raw(variables.host())),
            port: raw(variables.port()),
            user: pieces.user.or_else(|| raw(variables.user())),
            name: pieces.name.or_else(|| raw(variables.name())),
            postgres: usual.contains("PG")
                || usual.contains("PSQL")
                || usual.contains("POSTGRES")
                || names_postgres(self.service, usual),
            ..pieces
        }
    }

    /// The parts that plain variables state.
    fn pieces(&self, way: &connection::Resolved) -> StatedDatabase<'a> {
        let piece = |found: &Found<String>| {
            let part = found.as_ref().ok()?.as_ref()?;
            Some(Piece { text: part.value.clone(), from: self.service.variable(&part.from)? })
        };
        let password = way.password.clone().map(|part| {
            part.map(|Part { value, from }| Part { value: value.expose_secret().to_owned(), from })
        });
        let sslmode = way
            .sslmode
            .clone()
            .map(|part| part.map(|Part { value, from }| Part { value: value.to_string(), from }));
        StatedDatabase {
            host: piece(&way.host),
            user: piece(&way.user),
            password: piece(&password),
            name: piece(&way.name),
            sslmode: piece(&sslmode),
            ..StatedDatabase::default()
        }
    }

    /// The way as the files state it; what is open in them stays open.
    fn resolve(&self, variables: &DatabaseVariables) -> connection::Resolved {
        let service = self.service;
        let secrets = service.secrets.iter().map(|secret| secret.target.as_str());
        let names = service.env.iter().map(|variable| variable.name.as_str()).chain(secrets);
        let facts = Facts {
            names: names.collect(),
            opens_socket: &|instance| {
                service.cloudsql_instances.iter().any(|one| may_be_equal(&blanked(one), instance, ':'))
            },
            reads: Reads::AsMeant,
        };
        connection::resolve(variables, &facts, &|source| match source {
            Source::Variable(name) => match service.variable(name) {
                Some(variable) => {
                    let text = blanked(&variable.value);
                    let whole = variables.url() == Some(name.as_str());
                    let text = if whole { stripped(&text) } else { text.as_str() };
                    let value = SecretString::from(text);
                    if is_known(text) { Given::Value(value) } else { Given::Open(value) }
                }
                None if service.secret(name).is_some() => Given::Unread,
                None => Given::Absent,
            },
            // What stands in a file is not in the pipeline.
            Source::File(_) | Source::PasswordFile(_) => Given::Unread,
        })
    }
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
    let leads = |way: &&StatedDatabase<'_>| way.pieces().any(|piece| piece.from.name == leading);
    let Some(way) = ways.iter().find(leads) else { return "! no way".to_owned() };
    if let Some(error) = &way.error {
        return format!("! {error}");
    }
    let text = |piece: &Option<Piece<'_>>| piece.as_ref().map(|piece| piece.text.clone());
    let [host, port, user, password, name] =
        [&way.host, &way.port, &way.user, &way.password, &way.name].map(text);
    let mut said = crate::connection::tests::core(
        host.as_deref().unwrap_or_default(),
        port.as_deref().unwrap_or_default(),
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

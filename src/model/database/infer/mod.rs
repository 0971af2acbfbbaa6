//! Recognises a service's databases by the names of its variables and secrets, as users name them.

use super::names::{
    DOTNET, ENGINES, FILE, HOSTS, INSTANCE_HOSTS, INSTANCES, NAMES, ONLY_ALONE, OTHER_ENGINES, PASSWORDS,
    PORTS, PREFIXES, SECONDARY, TRAPS, URLS, USERS,
};
use super::{Database, DatabaseVariables, Holds};
use crate::model::Service;

/// Recognises the database of a service; where there are several, the one that its name makes the main one.
///
/// Returns `None` where nothing hints at one. Nothing is guessed from values; a known value can only tell that it is
/// no PostgreSQL database (`mysql://…`, port 3306), or which instance it is.
pub fn infer(service: &Service) -> Option<Database> {
    let named = Named::of(service);
    let mut found: Vec<(Rank, DatabaseVariables)> =
        named.all().filter_map(|name| lead(&named, name)).collect();
    // Stable: of equal ones, the first in the file.
    found.sort_by_key(|(rank, _)| *rank);
    let mut found = found.into_iter().map(|(_, variables)| variables);
    let variables = found.next()?;
    // Google's samples name an instance twice: by its socket, and by its connection name.
    let same = |other: &DatabaseVariables| match (other.password(), other.user()) {
        (Some(password), _) => variables.password() == Some(password),
        (None, Some(user)) => variables.user() == Some(user),
        (None, None) => false,
    };
    let others = found.filter(|other| !same(other)).map(|other| other.leading().to_owned()).collect();
    let of_variable = variables.instance().and_then(|name| service.variable(name)).map(|one| &one.value);
    let of_variable =
        of_variable.filter(|value| value.as_known().is_none_or(|text| text.matches(':').count() >= 2));
    let instance = of_variable.or(service.cloudsql_instances.first()).cloned();
    Some(Database { others, ..Database::new(variables, instance, false) })
}

/// The parts of ways to databases under the usual prefixes, each with its prefix, whatever the main way is: where a host or
/// a password is among them, and nothing tells of another engine. A part that no variable holds is called as it would be.
pub fn usual_parts(service: &Service) -> Vec<(&'static str, DatabaseVariables)> {
    let named = Named::of(service);
    let of_prefix = |prefix: &&'static str| {
        let part = |words: &[&str]| named.part(&[prefix], words);
        let [host, port, user, password, name] = [HOSTS, PORTS, USERS, PASSWORDS, NAMES].map(part);
        // `PG_…` alone says nothing; a host or a password does.
        if host.is_none() && password.is_none() || named.of_another_engine(prefix) {
            return None;
        }
        let host = host.unwrap_or_else(|| format!("{prefix}HOST"));
        Some((*prefix, DatabaseVariables::Parts { host, port, user, password, name }))
    };
    PREFIXES.iter().filter_map(of_prefix).collect()
}

/// Whether a known value beside the parts of a prefix names PostgreSQL as their engine.
pub fn names_postgres(service: &Service, prefix: &str) -> bool {
    let named = Named::of(service);
    let says = |word: &&str| {
        let engine = named.known(&format!("{prefix}{word}")).unwrap_or_default().to_ascii_lowercase();
        engine.contains("postgres") || engine == "pg"
    };
    ENGINES.iter().any(says)
}

/// How sure a name is to be the main way: smaller is surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    /// Of a replica, of migrations.
    secondary: bool,
    /// Words stand before the usual name.
    prefixed: bool,
    kind: Kind,
    /// Its place among the usual names.
    place: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Url,
    Parts,
    Instance,
}

/// The service's variables by their names in capitals.
struct Named<'a> {
    service: &'a Service,
    names: Vec<(String, &'a str)>,
}

impl<'a> Named<'a> {
    fn of(service: &'a Service) -> Self {
        let secrets = service.secrets.iter().map(|secret| secret.target.as_str());
        let plain = service.env.iter().map(|variable| variable.name.as_str());
        let all = plain.chain(secrets.filter(|target| !target.starts_with('/')));
        Self { service, names: all.map(|name| (name.to_ascii_uppercase(), name)).collect() }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(upper, _)| upper.as_str())
    }

    /// A name as it is written.
    fn written(&self, upper: &str) -> Option<&'a str> {
        self.names.iter().find(|(one, _)| one == upper).map(|(_, written)| *written)
    }

    /// The first variable that begins with a prefix and goes on with one of the words; or one beside which `_FILE` says
    /// that a file holds the value.
    fn part(&self, prefixes: &[&str], words: &[&str]) -> Option<String> {
        let named = |end: &'static str| {
            let all = prefixes.iter().flat_map(|prefix| words.iter().map(move |word| (prefix, word)));
            all.map(move |(prefix, word)| format!("{prefix}{word}{end}"))
        };
        named("").chain(named(FILE)).find_map(|name| self.written(&name)).map(str::to_owned)
    }

    /// The variable of the password; where there is none, the one by which libpq finds it.
    fn password(&self, prefixes: &[&str]) -> Option<String> {
        let own = self.part(prefixes, PASSWORDS);
        own.or_else(|| self.written(Holds::PASSFILE).map(str::to_owned))
    }

    fn known(&self, upper: &str) -> Option<&str> {
        self.service.variable(self.written(upper)?)?.value.as_known().map(str::trim)
    }

    /// Whether a known value tells that what begins with a prefix is another engine's.
    fn of_another_engine(&self, prefix: &str) -> bool {
        let says = |word: &&str| {
            let value = self.known(&format!("{prefix}{word}")).unwrap_or_default();
            is_another_engine(value)
        };
        ENGINES.iter().any(says) || self.known(&format!("{prefix}PORT")) == Some("3306")
    }
}

/// Whether a text names or begins with another engine than PostgreSQL.
fn is_another_engine(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_prefix("jdbc:").or(lower.strip_prefix("r2dbc:")).unwrap_or(&lower);
    // Django writes `django.db.backends.mysql`.
    let last = bare.split("://").next().unwrap_or(bare).rsplit('.').next().unwrap_or(bare);
    let first = if bare.contains("://") { bare } else { last };
    OTHER_ENGINES.iter().any(|other| first.starts_with(other))
}

/// Where a variable's name tells that it leads to a database: how surely, and with which variables beside it.
fn lead(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    if is_trap(upper) {
        return None;
    }
    url(named, upper).or_else(|| parts(named, upper)).or_else(|| instance(named, upper))
}

fn rank(upper: &str, kind: Kind, place: usize, prefix: &str) -> Rank {
    let secondary = upper.split('_').any(|word| SECONDARY.contains(&word));
    Rank { secondary, prefixed: !prefix.is_empty(), kind, place }
}

/// What stands before a usual name; empty, or a word and `_`.
fn before<'n>(upper: &'n str, usual: &str) -> Option<&'n str> {
    upper.strip_suffix(usual).filter(|prefix| prefix.is_empty() || prefix.ends_with('_'))
}

/// Whether variables of this name hold a connection string of PostgreSQL's, as a rule.
pub fn holds_connection_string(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    !is_trap(&upper) && usual_url(&upper).is_some()
}

/// Its place among the usual names, and what stands before it.
fn usual_url(upper: &str) -> Option<(usize, &str)> {
    URLS.iter().enumerate().find_map(|(place, usual)| {
        // The longer name of two that end alike is its own (`SQLALCHEMY_DATABASE_URI`).
        let longer =
            || URLS.iter().any(|one| one.len() > usual.len() && one.ends_with(usual) && upper.ends_with(one));
        let prefix = before(upper, usual)?;
        let alone = prefix.is_empty() || !ONLY_ALONE.contains(usual);
        (alone && !longer()).then_some((place, prefix))
    })
}

fn is_trap(upper: &str) -> bool {
    upper.split('_').any(|word| TRAPS.contains(&word))
}

fn url(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    // `DATABASE_URL_FILE`: a file holds it, where no variable does.
    let bare = upper.strip_suffix(FILE).filter(|bare| named.written(bare).is_none()).unwrap_or(upper);
    let usual = usual_url(bare);
    let written = named.written(upper)?;
    let known = named.known(upper).filter(|_| Holds::of(written) == Holds::Value);
    if known.is_some_and(is_another_engine) {
        return None;
    }
    let (place, prefix) = match usual {
        Some(found) => found,
        // .NET's names are free: something else must tell whose it is.
        None if upper.starts_with(DOTNET) => {
            let says = ["POSTGRES", "NPGSQL", "PG"].iter().any(|word| upper.contains(word));
            let host = known.is_some_and(|text| text.to_ascii_lowercase().contains("host="));
            (says || host).then_some((URLS.len(), ""))?
        }
        None => return None,
    };
    let rank = rank(upper, Kind::Url, place, prefix);
    let url = written.to_owned();
    let variables = DatabaseVariables::Dsn(url.clone());
    // Beside a connection string: Spring's USERNAME and PASSWORD, and the like.
    let beside = DatabaseVariables::Dsn(upper.to_owned());
    let beside = beside.prefix();
    if named.of_another_engine(beside) {
        return None;
    }
    let part = |words: &[&str]| named.part(&[beside], words);
    let (user, password) = (part(USERS), part(PASSWORDS));
    let variables = match user.is_some() || password.is_some() {
        true => DatabaseVariables::Url { url, user, password, name: part(&["NAME", "DBNAME", "DB_NAME"]) },
        false => variables,
    };
    Some((rank, variables))
}

fn parts(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    let host = named.written(upper)?.to_owned();
    if let Some(prefix) = INSTANCE_HOSTS.iter().find_map(|usual| before(upper, usual)) {
        let beside = beside_instance(named, prefix)?;
        let port = named.part(&[&beside], PORTS);
        let rank = rank(upper, Kind::Parts, 0, prefix);
        let [user, name] = [USERS, NAMES].map(|words| named.part(&[&beside], words));
        let password = named.password(&[&beside]);
        return Some((rank, DatabaseVariables::Parts { host, port, user, password, name }));
    }
    let whole = HOSTS.iter().find_map(|word| upper.strip_suffix(word))?;
    let (place, before) =
        PREFIXES.iter().enumerate().rev().find_map(|(place, usual)| Some((place, before(whole, usual)?)))?;
    let part = |words: &[&str]| named.part(&[whole], words);
    let [port, user, name] = [PORTS, USERS, NAMES].map(part);
    let password = named.password(&[whole]);
    // `DB_HOST` is known by itself; less usual words need something beside them.
    let usual = upper.ends_with("HOST") || upper.ends_with("HOSTNAME");
    if named.of_another_engine(whole) || !usual && user.is_none() && password.is_none() {
        return None;
    }
    // Two names for the host: the first of the table is it.
    let first = HOSTS.iter().find_map(|word| named.written(&format!("{whole}{word}")));
    if first.is_some_and(|first| first != host) {
        return None;
    }
    Some((
        rank(upper, Kind::Parts, place, before),
        DatabaseVariables::Parts { host, port, user, password, name },
    ))
}

fn instance(named: &Named<'_>, upper: &str) -> Option<(Rank, DatabaseVariables)> {
    let (place, prefix) =
        INSTANCES.iter().enumerate().find_map(|(place, usual)| Some((place, before(upper, usual)?)))?;
    let instance = named.written(upper)?.to_owned();
    let beside = beside_instance(named, prefix)?;
    let [user, name] = [USERS, NAMES].map(|words| named.part(&[&beside], words));
    let password = named.password(&[&beside]);
    let variables = DatabaseVariables::Instance { instance, user, password, name };
    Some((rank(upper, Kind::Instance, place, prefix), variables))
}

/// The prefix of the user and password that belong to an instance: without either, its name alone leads nowhere.
fn beside_instance(named: &Named<'_>, prefix: &str) -> Option<String> {
    let prefixes = [
        "DB_",
        "DATABASE_",
        "POSTGRES_",
        "SQL_",
        "CLOUD_SQL_",
        "CLOUDSQL_",
        "PG",
        "PG_",
        "SPRING_DATASOURCE_",
    ];
    let with_own = prefixes.iter().map(|usual| format!("{prefix}{usual}"));
    let mut all = with_own.chain(prefixes.iter().map(|usual| (*usual).to_owned()));
    all.find(|beside| {
        let led = named.part(&[beside], USERS).or_else(|| named.part(&[beside], PASSWORDS)).is_some();
        led && !named.of_another_engine(beside)
    })
}

#[cfg(test)]
mod tests;

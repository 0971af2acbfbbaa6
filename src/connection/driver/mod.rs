//! What each family of drivers would make of a connection string: whether it takes it, where it cuts it, and with
//! which words it refuses it. Pure, and without any part of the text in what it says.
//!
//! The readers follow the drivers' own code; `tests.rs` holds them to what the drivers answered when they were asked.

mod cut;
mod dotnet;
mod go;
mod java;
mod libpq;
mod python;
mod rust;
mod sqlalchemy;
mod web;

use std::fmt;

use strum::IntoEnumIterator as _;

use crate::connection::{DEFAULT_PORT, Dsn, DsnProblem, DsnServer as Server, parse_dsn};
use cut::Cut;

/// A family of drivers that reads connection strings in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter)]
pub enum Family {
    /// libpq, and all that hands its text on to it.
    Libpq,
    /// asyncpg by itself.
    Asyncpg,
    /// SQLAlchemy with whatever driver its URL names.
    SqlAlchemy,
    /// `dj-database-url` of Django.
    Django,
    /// node-postgres.
    Node,
    /// Prisma's own engine (until version 6).
    Prisma,
    /// The JDBC driver.
    Jdbc,
    /// Go's pgx.
    Pgx,
    /// Go's lib/pq.
    LibPq,
    /// Rust's tokio-postgres.
    TokioPostgres,
    /// Rust's sqlx.
    Sqlx,
    /// .NET's Npgsql.
    Npgsql,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Libpq => "libpq (psql, psycopg, Rails)",
            Self::Asyncpg => "asyncpg",
            Self::SqlAlchemy => "SQLAlchemy",
            Self::Django => "dj-database-url (Django)",
            Self::Node => "node-postgres",
            Self::Prisma => "Prisma",
            Self::Jdbc => "JDBC",
            Self::Pgx => "pgx",
            Self::LibPq => "lib/pq",
            Self::TokioPostgres => "tokio-postgres",
            Self::Sqlx => "sqlx",
            Self::Npgsql => "Npgsql",
        })
    }
}

/// What a driver makes of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// What its writer meant.
    Takes,
    /// Something else, without a word.
    Misreads(Misreading),
    /// An error, in the driver's own words; `…` stands where they repeat a part of the text.
    Refuses(&'static str),
}

/// What a driver takes for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misreading {
    /// The host begins behind the first `@`.
    HostBehindFirstAt,
    /// The user is dialled.
    UserAsHost,
    /// The whole text is the database's name.
    WholeAsName,
    /// No host is found.
    NoHost,
    /// The host's percent-encoding stays.
    EncodedHost,
    /// Several hosts are one name.
    HostsAsOne,
    /// Another host is dialled.
    OtherHost,
    /// Another port is dialled.
    OtherPort,
    /// The white space at the end is a part of the database's name.
    NameWithBlank,
    /// Another name.
    OtherName,
    /// Another user.
    OtherUser,
    /// Another password.
    OtherPassword,
}

impl fmt::Display for Misreading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostBehindFirstAt => "takes what stands behind the first @ for the host",
            Self::UserAsHost => {
                "takes the user for the host, and the password for a port and a database name"
            }
            Self::WholeAsName => {
                "takes the whole text for the name of a database, and dials its default host"
            }
            Self::NoHost => "finds no host in it, and dials its default",
            Self::EncodedHost => "does not decode the host, and looks up its percent-encoding",
            Self::HostsAsOne => "takes all hosts for one name",
            Self::OtherHost => "dials another host",
            Self::OtherPort => "dials another port",
            Self::NameWithBlank => "takes the white space at its end for a part of the database name",
            Self::OtherName => "takes something else for the database name",
            Self::OtherUser => "takes something else for the user",
            Self::OtherPassword => "takes something else for the password",
        })
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Takes => f.write_str("takes it as it is meant"),
            Self::Misreads(misreading) => misreading.fmt(f),
            Self::Refuses(words) => write!(f, "refuses it: {words}"),
        }
    }
}

/// What a family makes of a text.
pub fn reading(family: Family, text: &str) -> Reading {
    match read(family, text) {
        Err(words) => Reading::Refuses(words),
        Ok(cut) => match cut::meant(text) {
            Some(meant) => cut.differs(&meant, text).map_or(Reading::Takes, Reading::Misreads),
            // Nobody can tell what it should be, and this driver dials all the same.
            None if cut.name.as_deref() == Some(text) => Reading::Misreads(Misreading::WholeAsName),
            None if cut.hosts.is_empty() => Reading::Misreads(Misreading::NoHost),
            None => Reading::Misreads(Misreading::OtherHost),
        },
    }
}

/// How a family cuts a text, or the words with which it refuses it.
fn read(family: Family, text: &str) -> Result<Cut, &'static str> {
    match family {
        Family::Libpq => libpq::read(text),
        Family::Asyncpg => python::asyncpg(text),
        Family::SqlAlchemy => sqlalchemy::read(text),
        Family::Django => python::django(text),
        Family::Node => web::node(text),
        Family::Prisma => web::prisma(text),
        Family::Sqlx => web::sqlx(text),
        Family::Jdbc => java::read(text),
        Family::Pgx => go::pgx(text),
        Family::LibPq => go::lib_pq(text),
        Family::TokioPostgres => rust::read(text),
        Family::Npgsql => dotnet::read(text),
    }
}

/// What all families make of a text, those of one mind together.
pub fn readings(text: &str) -> Vec<(Vec<Family>, Reading)> {
    let mut groups: Vec<(Vec<Family>, Reading)> = Vec::new();
    for family in Family::iter() {
        let reading = reading(family, text);
        match groups.iter_mut().find(|(_, same)| *same == reading) {
            Some((families, _)) => families.push(family),
            None => groups.push((vec![family], reading)),
        }
    }
    groups
}

/// Variables that tell of a runtime, and the families that read connection strings there.
const RUNTIMES: &[(&str, &[Family])] = &[
    ("NODE_ENV", &[Family::Node, Family::Prisma]),
    ("NODE_OPTIONS", &[Family::Node, Family::Prisma]),
    ("RAILS_ENV", &[Family::Libpq]),
    ("RACK_ENV", &[Family::Libpq]),
    ("DJANGO_SETTINGS_MODULE", &[Family::Django]),
    ("SPRING_PROFILES_ACTIVE", &[Family::Jdbc]),
    ("JAVA_TOOL_OPTIONS", &[Family::Jdbc]),
    ("GIN_MODE", &[Family::Pgx, Family::LibPq]),
    ("ASPNETCORE_ENVIRONMENT", &[Family::Npgsql]),
    ("RUST_LOG", &[Family::TokioPostgres, Family::Sqlx]),
];

/// The variable that tells of a runtime, among the names of all; none where several runtimes are told of, or Python's,
/// in which every driver of Python's may read.
pub fn runtime<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<(&'a str, &'static [Family])> {
    let python =
        |name: &str| ["PYTHON", "UVICORN", "GUNICORN", "FLASK"].iter().any(|word| name.starts_with(word));
    if names.clone().any(python) {
        return None;
    }
    let families =
        |name: &str| RUNTIMES.iter().find(|(known, _)| *known == name).map(|(_, families)| *families);
    let mut told = names.filter_map(|name| Some((name, families(name)?)));
    let first = told.next()?;
    told.all(|(_, families)| families == first.1).then_some(first)
}

/// The families for which a text is meant, where it, its variable's name, or the names of the variables beside it say
/// so; empty where nothing does.
pub fn meant_for<'a>(
    variable: &str,
    text: &str,
    beside: impl Iterator<Item = &'a str> + Clone,
) -> &'static [Family] {
    let text = text.trim_start();
    let variable = variable.to_ascii_uppercase();
    let scheme = text.split("://").next().unwrap_or(text);
    let dialect = scheme.len() < text.len() && scheme.contains('+');
    if text.starts_with("jdbc:") || variable.contains("JDBC") || variable.starts_with("SPRING_DATASOURCE") {
        &[Family::Jdbc]
    } else if variable.contains("SQLALCHEMY") {
        &[Family::SqlAlchemy]
    } else if variable.contains("PRISMA") {
        &[Family::Prisma]
    } else if variable.contains("TYPEORM") {
        &[Family::Node]
    } else if variable.starts_with("CONNECTIONSTRINGS__") {
        &[Family::Npgsql]
    } else if let Some((_, families)) = runtime(beside) {
        families
    } else if dialect {
        &[Family::SqlAlchemy]
    } else {
        &[]
    }
}

/// The same URL with user and password percent-encoded, so that every driver cuts it where its writer meant. `None`
/// where there is nothing to encode.
pub fn canonical(text: &str) -> Option<String> {
    cut::canonical(text)
}

/// Reads a connection string as the driver does that it is meant for: one that other drivers cut wrongly is read all
/// the same, where that driver is known and takes it.
pub fn parse<'a>(
    variable: &str,
    text: &str,
    beside: impl Iterator<Item = &'a str> + Clone,
) -> Result<Dsn, DsnProblem> {
    parse_dsn(text).or_else(|problem| {
        let families = meant_for(variable, text, beside);
        let taken = !families.is_empty() && families.iter().all(|one| reading(*one, text) == Reading::Takes);
        let encoded = if taken { canonical(text) } else { None };
        encoded.map_or(Err(problem), |encoded| parse_dsn(&encoded))
    })
}

/// The way that a service goes with its connection string: by the driver that it is meant for. Where nothing tells of
/// one, by libpq; or, where the text is whole and only libpq's words are not in it, by the first that takes it.
///
/// # Errors
///
/// The driver's own words; `…` stands where they repeat a part of the text.
pub fn dialled<'a>(
    variable: &str,
    text: &str,
    beside: impl Iterator<Item = &'a str> + Clone,
) -> Result<Dsn, &'static str> {
    let whole = text == text.trim() && parse_dsn(text).is_ok();
    let takes = |family: &Family| reading(*family, text) == Reading::Takes;
    let family = match meant_for(variable, text, beside) {
        [] if whole => Family::iter().find(takes).unwrap_or(Family::Libpq),
        [] => Family::Libpq,
        [first, ..] => *first,
    };
    let cut = read(family, text)?;
    // The options are everybody's; where the driver cuts otherwise than they are meant, they are lost with the rest.
    let stated =
        parse_dsn(text).or_else(|problem| canonical(text).map_or(Err(problem), |one| parse_dsn(&one)));
    let servers: Vec<Server> = cut
        .hosts
        .into_iter()
        .map(|(host, port)| Server { host, port: port.unwrap_or(DEFAULT_PORT) })
        .collect();
    let stated = stated.unwrap_or_default();
    Ok(Dsn {
        host: servers.first().map(|server| server.host.clone()),
        port: servers.first().map_or(stated.port, |server| server.port),
        hosts: servers.len(),
        servers,
        user: cut.user.filter(|user| !user.is_empty()),
        password: cut.password.map(Into::into),
        database: cut.name.filter(|name| !name.is_empty()),
        ..stated
    })
}

/// Who takes a text otherwise than it is meant, in words: `asyncpg … ; node-postgres and pgx take it as it is meant`.
pub fn opinions(text: &str) -> Vec<String> {
    in_words(readings(text))
}

/// What some families make of a text, in words.
pub fn opinions_among(families: &[Family], text: &str) -> Vec<String> {
    in_words(families.iter().map(|family| (vec![*family], reading(*family, text))).collect())
}

fn in_words(mut groups: Vec<(Vec<Family>, Reading)>) -> Vec<String> {
    let list = |families: &[Family]| families.iter().map(Family::to_string).collect::<Vec<_>>().join(", ");
    // What fails first: that is what is asked about.
    groups.sort_by_key(|(families, reading)| (*reading == Reading::Takes, usize::MAX - families.len()));
    groups.iter().map(|(families, reading)| format!("{}: {reading}", list(families))).collect()
}

#[cfg(test)]
mod tests;

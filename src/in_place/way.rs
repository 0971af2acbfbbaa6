//! From the process's own variables to the way that a service with the same variables would go.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{
    Authorities, Connection, DsnProblem, Facts, Given, Identity, Missing, Reads, Source, TlsFiles, Trust,
    Unreadable, passfile, resolve,
};
use crate::model::{DatabaseVariables, DeploysVia, Place, Service, Stated, Variable, infer_database};
use crate::probe::postgres::system_authorities;
use crate::text::vault::Vault;

/// Longest file of certificates that is read.
const LONGEST_FILE: u64 = 1024 * 1024;

/// The names of the variables, where somebody states them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Holds the whole connection string.
    pub dsn: Option<String>,
    /// Holds the host.
    pub host: Option<String>,
    /// Holds the port.
    pub port: Option<String>,
    /// Holds the user.
    pub user: Option<String>,
    /// Holds the password.
    pub password: Option<String>,
    /// Holds the database name.
    pub name: Option<String>,
}

/// Where to, and by which variables.
#[derive(Clone, Debug)]
pub struct ProbeTarget {
    /// The names of the variables that say so.
    pub variables: Vec<String>,
    /// The way.
    pub connection: Connection,
}

impl Names {
    /// These names, and those of `others` where these state none.
    pub fn or(self, others: Self) -> Self {
        // A whole and parts do not mix: whoever names one has chosen.
        if self.dsn.is_some() || self.host.is_some() {
            return self;
        }
        let Self { dsn, host, port, user, password, name } = others;
        Self {
            dsn,
            host,
            port: self.port.or(port),
            user: self.user.or(user),
            password: self.password.or(password),
            name: self.name.or(name),
        }
    }

    fn stated(&self) -> Option<DatabaseVariables> {
        let Self { dsn, host, port, user, password, name } = self.clone();
        match (dsn, host) {
            (Some(dsn), _) if user.is_none() && password.is_none() && name.is_none() => {
                Some(DatabaseVariables::Dsn(dsn))
            }
            (Some(url), _) => Some(DatabaseVariables::Url { url, user, password, name }),
            (None, Some(host)) => Some(DatabaseVariables::Parts { host, port, user, password, name }),
            (None, None) => None,
        }
    }
}

/// The way that the variables say; else why they say none, without any of their values. Every secret met goes to the vault.
///
/// # Errors
/// The names of the variables that were found, and the reason.
pub fn way(
    names: &Names,
    variables: &BTreeMap<String, SecretString>,
    vault: &Vault,
) -> Result<ProbeTarget, (Vec<String>, String)> {
    let Some(chosen) = names.stated().or_else(|| inferred(variables)) else {
        let why = "no variable has a name by which databases are usually given (DATABASE_URL, DB_HOST, PGHOST, …): name yours with --dsn or --host";
        return Err((Vec::new(), why.to_owned()));
    };
    let found: Vec<String> = chosen.names().into_iter().map(str::to_owned).collect();
    match connection_of(&chosen, variables, vault) {
        Ok(connection) => Ok(ProbeTarget { variables: found, connection }),
        Err(why) => Err((found, why)),
    }
}

/// The variables that their names give away.
fn inferred(variables: &BTreeMap<String, SecretString>) -> Option<DatabaseVariables> {
    let place = Place { file: "environment".into(), line: 1, column: 1 };
    let mut service = Service::new(DeploysVia::Native, place.clone());
    for (name, value) in variables {
        let value = Stated::known(value.expose_secret(), place.clone());
        service.env.push(Variable { name: name.clone(), value });
    }
    infer_database(&service).map(|database| database.variables)
}

fn connection_of(
    chosen: &DatabaseVariables,
    variables: &BTreeMap<String, SecretString>,
    vault: &Vault,
) -> Result<Connection, String> {
    let facts = Facts {
        names: variables.keys().map(String::as_str).collect(),
        opens_socket: &|instance| Path::new("/cloudsql").join(instance).exists(),
        reads: Reads::AsMeant,
    };
    let mut read: BTreeMap<Source, Given> = BTreeMap::new();
    let way = loop {
        let way = resolve(chosen, &facts, &|source| match source {
            Source::Variable(name) => variables.get(name).cloned().map_or(Given::Absent, Given::Value),
            Source::File(_) | Source::PasswordFile(_) => read.get(source).cloned().unwrap_or(Given::Unread),
        });
        way.secrets.iter().for_each(|secret| vault.remember(secret));
        match way.whole() {
            Ok(way) => break way,
            Err(Missing::Unread(source)) => {
                let given = fetch(&source, vault)?;
                read.insert(source, given);
            }
            Err(missing) => return Err(why(&missing)),
        }
    };
    let Some(host) = way.host else {
        return Err(match way.instance {
            Some(_) => "the instance is reached through a library of Cloud SQL's, by no address that a variable states"
                .to_owned(),
            None => format!("{} states no host", chosen.leading()),
        });
    };
    let Some(user) = way.user else { return Err("no variable states the user".to_owned()) };
    let trust = trust(&way.files, vault)?;
    Ok(Connection {
        host,
        port: way.port,
        database: way.database.unwrap_or_else(|| user.clone()),
        user,
        password: way.password,
        sslmode: way.sslmode,
        connect_timeout: way.connect_timeout,
        others: way.servers.into_iter().skip(1).collect(),
        target: way.target,
        balanced: way.balanced,
        files: way.files,
        options: way.options,
        pool: way.pool,
        trust,
    })
}

/// Why a part is not known, without any value.
fn why(missing: &Missing) -> String {
    match missing {
        Missing::Unread(Source::Variable(name) | Source::File(name) | Source::PasswordFile(name)) => {
            format!("{name} was not read")
        }
        Missing::Open => "a variable is not known".to_owned(),
        Missing::Absent(name) => format!("there is no variable {name}"),
        Missing::Unreadable { variable, why: Unreadable::Dsn(DsnProblem::Empty) } => {
            format!("{variable} is empty")
        }
        Missing::Unreadable { variable, why: Unreadable::Dsn(problem) } => {
            format!("{variable} cannot be read as a connection string: {problem}")
        }
        Missing::Unreadable { variable, why: Unreadable::Refused(words) } => {
            format!("{variable} is refused: {words}")
        }
        Missing::Unreadable { variable, why: Unreadable::Port } => format!("{variable} holds no port"),
        Missing::NoPassword { path, passed_over: Some(mode) } => {
            format!("libpq passes over {path}, because others may read it (mode {:04o})", mode & 0o777)
        }
        Missing::NoPassword { path, passed_over: None } => {
            format!("no line of {path} is for this server, database and user")
        }
    }
}

/// Reads a file of the process's own.
fn fetch(source: &Source, vault: &Vault) -> Result<Given, String> {
    Ok(match source {
        // They are all there from the beginning.
        Source::Variable(_) => Given::Absent,
        Source::File(path) => Given::Value(text_of(path)?.into()),
        Source::PasswordFile(path) => {
            let content = SecretString::from(text_of(path)?);
            passfile::passwords(&content).iter().for_each(|password| vault.remember(password));
            let mode = std::fs::metadata(path).map(|meta| meta.permissions().mode()).unwrap_or_default();
            if mode & passfile::OTHERS != 0 { Given::PassedOver { mode } } else { Given::Value(content) }
        }
    })
}

/// What the files hold that the service is given for TLS: here they are.
fn trust(files: &TlsFiles, vault: &Vault) -> Result<Trust, String> {
    let authorities = match files.root.as_deref() {
        None => None,
        Some(Trust::SYSTEM) => Some(system_authorities().map_err(|problem| problem.to_string())?),
        Some(path) => {
            let read = Authorities::of_pem(&file(path)?, format!("the file {path}"), true);
            Some(read.map_err(|problem| format!("{path}: {problem}"))?)
        }
    };
    let identity = match (files.certificate.as_deref(), files.key.as_deref()) {
        (Some(certificate), Some(key)) => {
            let pem = file(key)?;
            if let Ok(text) = String::from_utf8(pem.clone()) {
                vault.remember(&SecretString::from(text));
            }
            let read = Identity::of_pem(&file(certificate)?, &pem);
            Some(read.map_err(|problem| format!("{certificate}: {problem}"))?)
        }
        (Some(_) | None, None) | (None, Some(_)) => None,
    };
    Ok(Trust { authorities, identity })
}

fn text_of(path: &str) -> Result<String, String> {
    String::from_utf8(file(path)?).map_err(|_bytes| format!("{path} holds no text"))
}

fn file(path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| format!("{path} cannot be read: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::SslMode;

    fn found(names: &Names, variables: &[(&str, &str)]) -> Result<ProbeTarget, (Vec<String>, String)> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
        way(names, &variables, &Vault::default())
    }

    #[test]
    fn the_names_give_the_way() {
        let by_url =
            found(&Names::default(), &[("DATABASE_URL", "postgresql://u:p%40@db:6432/d?sslmode=require")]);
        let ProbeTarget { variables, connection } = by_url.unwrap();
        assert_eq!(variables, ["DATABASE_URL"]);
        assert_eq!(
            (connection.host.as_str(), connection.port, connection.sslmode),
            ("db", 6432, SslMode::Require)
        );
        assert_eq!(connection.password.unwrap().expose_secret(), "p@");
        let parts = [("PGHOST", "h"), ("PGUSER", "u"), ("PGPASSWORD", "p"), ("PGSSLMODE", "disable")];
        let connection = found(&Names::default(), &parts).unwrap().connection;
        assert_eq!((connection.database.as_str(), connection.sslmode), ("u", SslMode::Disable));
        let stated = Names { host: Some("X".to_owned()), user: Some("Y".to_owned()), ..Names::default() };
        let connection =
            found(&stated, &[("X", "/cloudsql/p:r:i"), ("Y", "u"), ("PGHOST", "h")]).unwrap().connection;
        assert_eq!(connection.host, "/cloudsql/p:r:i");
    }

    #[test]
    fn variables_that_lead_nowhere_are_told_without_their_values() {
        for (variables, why) in [
            (&[("HOME", "/root")][..], "no variable has a name"),
            (&[("DATABASE_URL", "")], "DATABASE_URL is empty"),
            (&[("DB_HOST", "h"), ("DB_USER", "u"), ("DB_PORT", "hunter2")], "DB_PORT holds no port"),
            (&[("DB_HOST", "h"), ("DB_PASSWORD", "hunter2")], "no variable states the user"),
            (&[("DATABASE_URL", "postgresql://u:hunter2@[")], "cannot be read as a connection string"),
        ] {
            let (_, said) = found(&Names::default(), variables).unwrap_err();
            assert!(said.contains(why) && !said.contains("hunter2"), "{said}");
        }
        let missing = Names { dsn: Some("NOPE".to_owned()), ..Names::default() };
        assert_eq!(found(&missing, &[]).unwrap_err().1, "there is no variable NOPE");
    }
}

//! From the process's own variables to the way that a service with the same variables would go.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use secrecy::{ExposeSecret as _, SecretString};

use crate::connection::{
    Authorities, Connection, Dsn, Identity, SslMode, TlsFiles, Trust, parse_dsn, passfile,
};
use crate::model::{DatabaseVariables, DeploysVia, Holds, Place, Service, Stated, Variable, infer_database};
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
pub struct Way {
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
) -> Result<Way, (Vec<String>, String)> {
    let Some(chosen) = names.stated().or_else(|| inferred(variables)) else {
        let why = "no variable has a name by which databases are usually given (DATABASE_URL, DB_HOST, PGHOST, …): name yours with --dsn or --host";
        return Err((Vec::new(), why.to_owned()));
    };
    let found: Vec<String> = chosen.names().into_iter().map(str::to_owned).collect();
    let given = Given { variables, vault };
    match given.connection(&chosen) {
        Ok(connection) => Ok(Way { variables: found, connection }),
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

struct Given<'a> {
    variables: &'a BTreeMap<String, SecretString>,
    vault: &'a Vault,
}

impl Given<'_> {
    fn connection(&self, chosen: &DatabaseVariables) -> Result<Connection, String> {
        let mut way = match chosen.url() {
            Some(url) => self.dsn(url)?,
            None => self.parts(chosen)?,
        };
        if way.user.is_none() {
            way.user = self.beside(chosen.user())?;
        }
        if way.database.is_none() {
            way.database = self.beside(chosen.name())?;
        }
        if way.password.is_none() {
            way.password = self.password(chosen, &way)?;
        }
        let Some(host) = way.host else {
            return Err(format!("{} states no host", chosen.leading()));
        };
        let Some(user) = way.user else { return Err("no variable states the user".to_owned()) };
        let files = TlsFiles {
            root: way.files.root.or_else(|| self.option(chosen, "SSLROOTCERT")),
            certificate: way.files.certificate.or_else(|| self.option(chosen, "SSLCERT")),
            key: way.files.key.or_else(|| self.option(chosen, "SSLKEY")),
        };
        let trust = self.trust(&files)?;
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
            files,
            options: way.options.or_else(|| self.option(chosen, "OPTIONS")),
            pool: way.pool,
            trust,
        })
    }

    /// The password that stands beside the connection string; else where libpq looks for one.
    fn password(&self, chosen: &DatabaseVariables, way: &Dsn) -> Result<Option<SecretString>, String> {
        let is_value = |variable: &&str| Holds::of(variable) != Holds::PasswordFile;
        let libpqs = || self.variables.contains_key("PGPASSWORD").then_some("PGPASSWORD");
        if let Some(variable) = chosen.password().filter(is_value).or_else(libpqs) {
            let password = self.value(variable)?;
            self.vault.remember(&password);
            return Ok(Some(password));
        }
        let stated = self.variables.get(Holds::PASSFILE).map(|path| path.expose_secret().to_owned());
        let Some(path) = way.passfile.clone().or(stated.filter(|path| !path.is_empty())) else {
            return Ok(None);
        };
        let content = SecretString::from(text_of(&path)?);
        passfile::passwords(&content).iter().for_each(|password| self.vault.remember(password));
        let mode = std::fs::metadata(&path).map(|meta| meta.permissions().mode()).unwrap_or_default();
        if mode & passfile::OTHERS != 0 {
            return Err(format!(
                "libpq passes over {path}, because others may read it (mode {:04o})",
                mode & 0o777
            ));
        }
        let (Some(host), Some(user)) = (&way.host, &way.user) else { return Ok(None) };
        let name = way.database.as_ref().unwrap_or(user);
        let found = passfile::password(content.expose_secret(), host, way.port, name, user);
        found.map(Some).ok_or_else(|| format!("no line of {path} is for this server, database and user"))
    }

    fn dsn(&self, variable: &str) -> Result<Dsn, String> {
        let value = &self.value(variable)?;
        // Even an unreadable one holds a password: then the whole of it is secret.
        let parsed = parse_dsn(value.expose_secret());
        self.vault.remember(value);
        let dsn = parsed
            .map_err(|problem| format!("{variable} cannot be read as a connection string: {problem}"))?;
        if let Some(password) = &dsn.password {
            self.vault.remember(password);
        }
        Ok(dsn)
    }

    fn parts(&self, chosen: &DatabaseVariables) -> Result<Dsn, String> {
        let host = match (chosen.instance(), chosen.host()) {
            (Some(instance), _) => Some(format!("/cloudsql/{}", self.text(instance)?)),
            (None, Some(host)) => Some(self.text(host)?),
            (None, None) => None,
        };
        let mut parts = Dsn::at(host, self.beside(chosen.port())?)
            .map_err(|_problem| format!("{} holds no port", chosen.port().unwrap_or_default()))?;
        let word = |option: &str| self.option(chosen, option);
        let target = word("TARGET_SESSION_ATTRS").or_else(|| word("TARGETSESSIONATTRS"));
        parts.target = target.and_then(|word| word.trim().parse().ok()).unwrap_or_default();
        if let Some(mode) = self.option(chosen, "SSLMODE").or_else(|| self.option(chosen, "SSL_MODE")) {
            parts.sslmode = mode.trim().to_ascii_lowercase().parse::<SslMode>().unwrap_or_default();
        }
        Ok(parts)
    }

    /// An option in a variable beside the others: `DB_SSLMODE`, else libpq's own `PGSSLMODE`.
    fn option(&self, chosen: &DatabaseVariables, option: &str) -> Option<String> {
        [format!("{}{option}", chosen.prefix()), format!("PG{option}")]
            .iter()
            .filter_map(|name| self.variables.get(name))
            .map(|value| value.expose_secret().to_owned())
            .find(|value| !value.is_empty())
    }

    /// What a variable says, or the file to which it leads.
    fn value(&self, variable: &str) -> Result<SecretString, String> {
        match self.variables.get(variable) {
            None => Err(format!("there is no variable {variable}")),
            Some(value) if value.expose_secret().is_empty() => Err(format!("{variable} is empty")),
            Some(value) => match Holds::of(variable) {
                Holds::Value | Holds::PasswordFile => Ok(value.clone()),
                Holds::Path => {
                    let text = text_of(value.expose_secret().trim())?;
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    Ok(text.strip_suffix('\r').unwrap_or(text).into())
                }
            },
        }
    }

    fn text(&self, variable: &str) -> Result<String, String> {
        self.value(variable).map(|value| value.expose_secret().to_owned())
    }

    fn beside(&self, variable: Option<&str>) -> Result<Option<String>, String> {
        variable.map(|variable| self.text(variable)).transpose()
    }

    /// What the files hold that the service is given for TLS: here they are.
    fn trust(&self, files: &TlsFiles) -> Result<Trust, String> {
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
                    self.vault.remember(&SecretString::from(text));
                }
                let read = Identity::of_pem(&file(certificate)?, &pem);
                Some(read.map_err(|problem| format!("{certificate}: {problem}"))?)
            }
            (Some(_) | None, None) | (None, Some(_)) => None,
        };
        Ok(Trust { authorities, identity })
    }
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

    fn found(names: &Names, variables: &[(&str, &str)]) -> Result<Way, (Vec<String>, String)> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
        way(names, &variables, &Vault::default())
    }

    #[test]
    fn the_names_give_the_way() {
        let by_url =
            found(&Names::default(), &[("DATABASE_URL", "postgresql://u:p%40@db:6432/d?sslmode=require")]);
        let Way { variables, connection } = by_url.unwrap();
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

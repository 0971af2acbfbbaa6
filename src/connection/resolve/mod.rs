//! Which database the variables of a service lead to, as its driver reads them: one answer for everybody who asks (the
//! check of the revision, `rungate probe`, the dry run, the sandbox). `table.txt` holds what it answers, and why.
//!
//! It is a pure function over a look-up. What the look-up has not read yet is [`Missing::Unread`]: the caller reads it
//! (a secret, a mounted file) and asks again. Every part has an answer of its own, so that nobody has to read a
//! password to learn a host.

mod look;
mod parts;
mod string;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Dsn, DsnProblem, SslMode, TlsFiles, driver};
use crate::model::DatabaseVariables;
use look::Look;

/// What holds a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A variable.
    Variable(String),
    /// A file of the container with one value in it, by its path.
    File(String),
    /// libpq's file of passwords, by its path.
    PasswordFile(String),
}

/// What a look-up knows of a source. No `Debug`: it may hold a password.
#[derive(Clone)]
pub(crate) enum Given {
    /// There is none.
    Absent,
    /// There is one that was not read yet, or may not be.
    Unread,
    /// Only the run can tell all of it; something stands for what is open.
    Open(SecretString),
    /// What it holds.
    Value(SecretString),
    /// A file of passwords that libpq passes over, because others may read it.
    PassedOver {
        /// Its mode.
        mode: u32,
    },
}

/// Why a part is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It stands in a source that was not read.
    Unread(Source),
    /// A variable of this name is to hold it, and there is none.
    Absent(String),
    /// Only the run can tell.
    Open,
    /// It cannot be read out of what its variable holds.
    Unreadable {
        /// The variable.
        variable: String,
        /// Why.
        why: Unreadable,
    },
    /// libpq finds no password in its file.
    NoPassword {
        /// The file.
        path: String,
        /// The mode for which libpq passes over it; `None`: no line is for this server, database and user.
        passed_over: Option<u32>,
    },
}

/// Why a value cannot be read. Never holds a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is no connection string.
    Dsn(DsnProblem),
    /// Its driver refuses it, in these words.
    Refused(&'static str),
    /// It is no port, or ports and hosts do not go together.
    Port,
}

/// A part, and the variable that states it.
#[derive(Clone)]
pub(crate) struct Part<T> {
    /// What it says.
    pub(crate) value: T,
    /// The variable.
    pub(crate) from: String,
}

/// A part, `None` where nothing states it; else why it is not known.
pub(crate) type Found<T> = Result<Option<Part<T>>, Missing>;

/// What surrounds the variables.
pub(crate) struct Facts<'a> {
    /// The names of all variables of the container: they tell which driver reads.
    pub(crate) names: Vec<&'a str>,
    /// Whether the code opens the socket of the instance whose connection name a variable holds. Else it gives the name to
    /// a library of Cloud SQL's, which dials the instance by itself.
    pub(crate) opens_socket: &'a dyn Fn(&str) -> bool,
    /// How a connection string is read.
    pub(crate) reads: Reads,
}

/// How a connection string is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// As it is meant: one that its driver would cut otherwise is unreadable. So the gate never dials what nobody wrote.
    AsMeant,
    /// As its driver does, whatever is meant, and refused in its words. So the sandbox's service fails as services do.
    AsItsDriver,
}

/// The way to the database. No `Debug`: it holds the password.
pub(crate) struct Resolved {
    /// Everything but user, password and name that is stated by variables of their own.
    pub(crate) place: Result<Dsn, Missing>,
    /// The host: the first one of several, or the folder of a socket. Known even where the port is not.
    pub(crate) host: Found<String>,
    /// The user.
    pub(crate) user: Found<String>,
    /// The database.
    pub(crate) name: Found<String>,
    /// The password.
    pub(crate) password: Found<SecretString>,
    /// How TLS is asked for.
    pub(crate) sslmode: Found<SslMode>,
    /// The files for TLS; where the connection string cannot be read, those of the variables beside it.
    pub(crate) files: TlsFiles,
    /// What is secret of what was read.
    pub(crate) secrets: Vec<SecretString>,
}

impl Resolved {
    /// All of it, as one connection string would say it.
    pub(crate) fn whole(self) -> Result<Dsn, Missing> {
        let place = self.place?;
        Ok(Dsn {
            user: self.user?.map(|part| part.value),
            database: self.name?.map(|part| part.value),
            password: self.password?.map(|part| part.value),
            ..place
        })
    }
}

/// The way to the database that these variables lead to. See the module.
pub(crate) fn resolve(
    variables: &DatabaseVariables,
    facts: &Facts<'_>,
    given: &dyn Fn(&Source) -> Given,
) -> Resolved {
    let url = variables.url();
    let text = url.map(|name| Look { families: &[], variables, given }.value(name));
    let shown = match &text {
        Some(Ok(text)) => text.text.expose_secret(),
        Some(Err(_)) | None => "",
    };
    let families = driver::meant_for(variables.leading(), shown, facts.names.iter().copied());
    let look = Look { families, variables, given };
    let string = match (url, text) {
        (Some(name), Some(text)) => {
            Some(text.and_then(|text| look.dsn(name, &text, facts).map(|dsn| (text, dsn))))
        }
        (Some(_), None) | (None, _) => None,
    };
    let mut secrets = Vec::new();
    let way = match string {
        Some(Ok((text, dsn))) => {
            if let Some(password) = &dsn.password {
                secrets.extend([password.clone(), text.text.clone()]);
            }
            look.of_string(variables.leading(), &text, dsn)
        }
        Some(Err(missing)) => {
            // Even an unreadable one holds a password: then the whole of it is secret.
            if let (Missing::Unreadable { .. }, Ok(text)) = (&missing, look.value(variables.leading())) {
                secrets.push(text.text);
            }
            look.of_nothing(&missing)
        }
        None => look.of_parts(facts),
    };
    if let Ok(Some(password)) = &way.password {
        secrets.push(password.value.clone());
    }
    Resolved { secrets, ..way }
}

/// The folder of a socket: without the socket's own name.
pub(crate) fn socket_folder(path: &str) -> &str {
    let folder = path.split("/.s.PGSQL.").next().unwrap_or(path);
    if path.starts_with('/') { folder.trim_end_matches('/') } else { path }
}

//! Which database the variables of a service lead to, as its driver reads them: one answer for everybody who asks (the
//! check of the revision, `rungate probe`, the dry run, the sandbox). `table.txt` holds what it answers, and why.
//!
//! It is a pure function over a look-up. What the look-up has not read yet is [`Missing::Unread`]: the caller reads it
//! (a secret, a mounted file) and asks again. Every part has an answer of its own, so that nobody has to read a
//! password to learn a host.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::driver::{self, Family, Reading};
use super::{DEFAULT_PORT, Dsn, DsnForm, DsnProblem, SslMode, TlsFiles, parse_dsn, passfile};
use crate::model::{DatabaseVariables, Holds};

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
pub(crate) struct Way {
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

impl Way {
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
) -> Way {
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
    Way { secrets, ..way }
}

/// A value, all of which may not be known.
#[derive(Clone)]
struct Text {
    text: SecretString,
    open: bool,
}

/// What looks things up for one set of variables.
struct Look<'a> {
    families: &'static [Family],
    variables: &'a DatabaseVariables,
    given: &'a dyn Fn(&Source) -> Given,
}

impl Look<'_> {
    fn value(&self, name: &str) -> Result<Text, Missing> {
        let variable = Source::Variable(name.to_owned());
        let text = self.text_of(variable, name)?;
        match Holds::of(name) {
            Holds::Value | Holds::PasswordFile => Ok(text),
            Holds::Path if text.open => Err(Missing::Open),
            Holds::Path => {
                let path = text.text.expose_secret().trim().to_owned();
                let content = self.text_of(Source::File(path), name)?;
                // Who reads such files cuts the last line's end off, as the images of Docker do.
                let text = content.text.expose_secret();
                let text =
                    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
                Ok(Text { text: text.into(), open: content.open })
            }
        }
    }

    fn text_of(&self, source: Source, name: &str) -> Result<Text, Missing> {
        match (self.given)(&source) {
            Given::Absent => Err(Missing::Absent(name.to_owned())),
            Given::Unread | Given::PassedOver { .. } => Err(Missing::Unread(source)),
            Given::Open(text) => Ok(Text { text, open: true }),
            Given::Value(text) => Ok(Text { text, open: false }),
        }
    }

    /// A part in a variable of its own, `None` where none is named, or nothing is in it: drivers take their default then.
    fn part(&self, name: Option<&str>) -> Found<String> {
        let Some(name) = name else { return Ok(None) };
        let text = self.value(name)?.text.expose_secret().to_owned();
        Ok(Some(Part { value: text, from: name.to_owned() }).filter(|part| !part.value.is_empty()))
    }

    /// A plain variable with something in it.
    fn plain(&self, name: &str) -> Option<Part<String>> {
        match (self.given)(&Source::Variable(name.to_owned())) {
            Given::Value(text) | Given::Open(text) => {
                let value = text.expose_secret().to_owned();
                Some(Part { value, from: name.to_owned() }).filter(|part| !part.value.is_empty())
            }
            Given::Absent | Given::Unread | Given::PassedOver { .. } => None,
        }
    }

    /// One of libpq's own variables, where the driver reads it.
    fn libpqs(&self, name: &str) -> Option<Part<String>> {
        let own = self.variables.names().contains(&name);
        if own || reads(self.families, name) { self.plain(name) } else { None }
    }

    /// A variable that begins as the leading one does, and else libpq's own of that word.
    fn beside(&self, words: &[&str]) -> Option<Part<String>> {
        let prefix = self.variables.prefix();
        let own = words.iter().find_map(|word| self.plain(&format!("{prefix}{word}")));
        own.or_else(|| words.iter().find_map(|word| self.libpqs(&format!("PG{word}"))))
    }

    fn dsn(&self, name: &str, text: &Text, facts: &Facts<'_>) -> Result<Dsn, Missing> {
        let names = facts.names.iter().copied();
        let shown = text.text.expose_secret();
        let read = match facts.reads {
            Reads::AsMeant => driver::parse(name, shown, names).map_err(Unreadable::Dsn),
            Reads::AsItsDriver => self.dialled(name, shown, names).map_err(Unreadable::Refused),
        };
        read.map_err(|why| {
            if text.open { Missing::Open } else { Missing::Unreadable { variable: name.to_owned(), why } }
        })
    }

    /// The connection string as its driver cuts it.
    fn dialled<'n>(
        &self,
        name: &str,
        text: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<Dsn, &'static str> {
        // R2DBC takes this off before it reads an ordinary URL.
        let text = text.strip_prefix("r2dbc:").unwrap_or(text);
        let rails = names.clone().any(|name| matches!(name, "RAILS_ENV" | "RACK_ENV"));
        let text = if rails && self.families == [Family::Libpq] { &of_rails(text) } else { text };
        let mut dsn = driver::dialled(name, text, names)?;
        // The library of Cloud SQL's dials its instance, or the socket that it is given, whatever the URL's host is.
        if dsn.instance.is_some()
            && let Ok(stated) = parse_dsn(text)
        {
            let Dsn { host, port, hosts, servers, .. } = stated;
            dsn = Dsn { host, port, hosts, servers, ..dsn };
        }
        // These take the path of the socket itself; libpq and the others append its name to whatever they are given.
        let takes_path = matches!(self.families, [Family::Asyncpg] | [Family::Pgx, ..])
            || text.starts_with("postgresql+pg8000:")
            || text.starts_with("postgresql+asyncpg:");
        if takes_path {
            for server in &mut dsn.servers {
                server.host = socket_folder(&server.host).to_owned();
            }
            dsn.host = dsn.servers.first().map(|server| server.host.clone());
        }
        Ok(dsn)
    }

    /// A connection string that was read: what it leaves out is taken from the variables beside it, as Spring does,
    /// and last from libpq's own.
    fn of_string(&self, name: &str, text: &Text, dsn: Dsn) -> Way {
        let part = |value: Option<String>| {
            value.map(|value| Part { value, from: name.to_owned() }).filter(|part| !part.value.is_empty())
        };
        let lower = text.text.expose_secret().to_ascii_lowercase();
        // Where neither the string nor a library says where, libpq looks on.
        let elsewhere = dsn.instance.is_some() || dsn.service.is_some();
        let mut place = Ok(dsn.clone());
        let mut host = part(dsn.host.clone());
        let port = || self.libpqs("PGPORT").filter(|_| !lower.contains(&DEFAULT_PORT.to_string()));
        if dsn.servers.is_empty() && !elsewhere {
            host = self.libpqs("PGHOST");
            place = self.at(host.as_ref(), port().as_ref()).map(|at| on(&dsn, at));
        } else if !elsewhere
            && dsn.servers.iter().all(|server| server.port == DEFAULT_PORT)
            && let Some(port) = port()
        {
            let all: Vec<&str> = dsn.servers.iter().map(|server| server.host.as_str()).collect();
            let all = Part { value: all.join(","), from: name.to_owned() };
            place = self.at(Some(&all), Some(&port)).map(|at| on(&dsn, at));
        }
        let user = self.or(part(dsn.user.clone()), self.variables.user(), "PGUSER");
        let database = self.or(part(dsn.database.clone()), self.variables.name(), "PGDATABASE");
        // A mode that is its default is stated only where the string speaks of TLS at all.
        let stated = dsn.sslmode != SslMode::default() || lower.contains("ssl");
        let sslmode = match stated {
            true => Some(Part { value: dsn.sslmode, from: name.to_owned() }),
            false => self.sslmode(),
        };
        let password = dsn.password.clone().map(|value| Part { value, from: name.to_owned() });
        self.complete(place, host, user, database, password, sslmode)
    }

    /// A part of the connection string's; else its own variable's; else libpq's.
    fn or(&self, part: Option<Part<String>>, own: Option<&str>, libpqs: &str) -> Found<String> {
        if part.is_some() {
            return Ok(part);
        }
        Ok(self.part(own)?.or_else(|| self.libpqs(libpqs)))
    }

    /// Parts in variables of their own.
    fn of_parts(&self, facts: &Facts<'_>) -> Way {
        let mut instance = None;
        let host = match self.part(self.variables.instance()) {
            Ok(Some(named)) if self.library(&named.from) || !(facts.opens_socket)(&named.value) => {
                instance = Some(named.value);
                Ok(None)
            }
            Ok(Some(named)) => Ok(Some(Part { value: format!("/cloudsql/{}", named.value), ..named })),
            Ok(None) => self.or(None, self.variables.host(), "PGHOST"),
            Err(missing) => Err(missing),
        };
        let user = self.or(None, self.variables.user(), "PGUSER");
        let database = self.or(None, self.variables.name(), "PGDATABASE");
        let host = match host {
            Ok(host) => host,
            Err(missing) => {
                return Way { user, name: database, ..self.of_nothing(&missing) };
            }
        };
        let place = self.or(None, self.variables.port(), "PGPORT");
        let place = place.and_then(|port| self.at(host.as_ref(), port.as_ref()));
        let place = place.map(|place| Dsn { instance, form: DsnForm::Pairs, ..place });
        let sslmode = self.sslmode();
        let first = match (host, self.at_first(&place)) {
            (Some(host), Some(first)) => Some(Part { value: first, ..host }),
            // The port is not known, and the first host is the first of the list all the same.
            (Some(host), None) => {
                let first = host.value.split(',').map(str::trim).find(|one| !one.is_empty());
                Some(Part { value: socket_folder(first.unwrap_or_default()).to_owned(), ..host })
            }
            (None, _) => None,
        };
        self.complete(place, first, user, database, None, sslmode)
    }

    fn at_first(&self, place: &Result<Dsn, Missing>) -> Option<String> {
        place.as_ref().ok()?.host.clone()
    }

    /// Whether the variable is one whose framework always goes by the library.
    fn library(&self, name: &str) -> bool {
        name.to_ascii_uppercase().starts_with("SPRING_CLOUD_GCP_")
    }

    /// The place at a host and a port, or at several.
    fn at(&self, host: Option<&Part<String>>, port: Option<&Part<String>>) -> Result<Dsn, Missing> {
        let text = |part: Option<&Part<String>>| part.map(|part| part.value.clone());
        Dsn::at(text(host), text(port)).map_err(|_problem| {
            let from = port.or(host).map(|part| part.from.clone()).unwrap_or_default();
            match (self.given)(&Source::Variable(from.clone())) {
                Given::Open(_) => Missing::Open,
                Given::Absent | Given::Unread | Given::Value(_) | Given::PassedOver { .. } => {
                    Missing::Unreadable { variable: from, why: Unreadable::Port }
                }
            }
        })
    }

    fn sslmode(&self) -> Option<Part<SslMode>> {
        let prefix = self.variables.prefix();
        let own = ["SSLMODE", "SSL_MODE"].into_iter().map(|word| self.plain(&format!("{prefix}{word}")));
        own.chain([self.libpqs("PGSSLMODE")]).flatten().find_map(|Part { value, from }| {
            let value = value.trim().to_ascii_lowercase().parse().ok()?;
            Some(Part { value, from })
        })
    }

    /// What stands beside the leading variable, put to what it says itself.
    fn complete(
        &self,
        place: Result<Dsn, Missing>,
        host: Option<Part<String>>,
        user: Found<String>,
        name: Found<String>,
        password: Option<Part<SecretString>>,
        sslmode: Option<Part<SslMode>>,
    ) -> Way {
        let place = place.map(|place| {
            let word = |words: &[&str]| self.beside(words).map(|part| part.value);
            let target = || {
                let word = word(&["TARGET_SESSION_ATTRS", "TARGETSESSIONATTRS"])?;
                word.trim().parse().ok()
            };
            let seconds = || {
                let seconds: u64 = word(&["CONNECT_TIMEOUT"])?.trim().parse().ok()?;
                (seconds > 0).then(|| Duration::from_secs(seconds))
            };
            Dsn {
                sslmode: sslmode.as_ref().map(|part| part.value).unwrap_or_default(),
                target: match place.target {
                    super::SessionTarget::Any => target().unwrap_or_default(),
                    stated => stated,
                },
                balanced: place.balanced
                    || word(&["LOADBALANCEHOSTS"]).is_some_and(|word| word.trim() == "random"),
                connect_timeout: place.connect_timeout.or_else(seconds),
                options: place.options.or_else(|| self.libpqs("PGOPTIONS").map(|part| part.value)),
                pool: place.pool.or_else(|| self.pool()),
                files: self.files(place.files),
                ..place
            }
        });
        let files =
            place.as_ref().map_or_else(|_| self.files(TlsFiles::default()), |place| place.files.clone());
        let password = match password {
            Some(password) => Ok(Some(password)),
            None => self.password(&place, &user, &name),
        };
        Way { place, host: Ok(host), user, name, password, sslmode: Ok(sslmode), files, secrets: Vec::new() }
    }

    /// Where the leading variable says nothing that can be read.
    fn of_nothing(&self, missing: &Missing) -> Way {
        Way {
            place: Err(missing.clone()),
            host: Err(missing.clone()),
            user: Err(missing.clone()),
            name: Err(missing.clone()),
            password: Err(missing.clone()),
            sslmode: match self.variables.url() {
                Some(_) => Err(missing.clone()),
                None => Ok(self.sslmode()),
            },
            files: self.files(TlsFiles::default()),
            secrets: Vec::new(),
        }
    }

    fn files(&self, stated: TlsFiles) -> TlsFiles {
        let word = |words: &[&str]| self.beside(words).map(|part| part.value);
        TlsFiles {
            root: stated.root.or_else(|| word(&["SSLROOTCERT", "SSL_ROOT_CERT", "SSL_CA"])),
            certificate: stated.certificate.or_else(|| word(&["SSLCERT", "SSL_CERT"])),
            key: stated.key.or_else(|| word(&["SSLKEY", "SSL_KEY"])),
        }
    }

    /// How many connections an instance of the service may hold.
    fn pool(&self) -> Option<u32> {
        let words = [
            "POOL_SIZE",
            "POOL_MAX",
            "POOL_MAX_SIZE",
            "MAX_POOL_SIZE",
            "MAX_OPEN_CONNS",
            "MAX_CONNECTIONS",
            "CONNECTION_LIMIT",
            "POOL",
            "HIKARI_MAXIMUM_POOL_SIZE",
            "HIKARI_MAXIMUMPOOLSIZE",
        ];
        let stated = self.beside(&words).or_else(|| self.plain("RAILS_MAX_THREADS"))?;
        stated.value.trim().parse().ok()
    }

    /// The password that stands in a variable; else where libpq looks for one.
    fn password(
        &self,
        place: &Result<Dsn, Missing>,
        user: &Found<String>,
        name: &Found<String>,
    ) -> Found<SecretString> {
        let is_value = |variable: &&str| Holds::of(variable) != Holds::PasswordFile;
        if let Some(variable) = self.variables.password().filter(is_value) {
            let value = self.value(variable)?.text;
            return Ok(Some(Part { value, from: variable.to_owned() }));
        }
        if reads(self.families, "PGPASSWORD") {
            match self.value("PGPASSWORD") {
                Ok(text) => return Ok(Some(Part { value: text.text, from: "PGPASSWORD".to_owned() })),
                Err(Missing::Absent(_)) => {}
                Err(missing) => return Err(missing),
            }
        }
        let place = place.as_ref().map_err(Clone::clone)?;
        let stated = place.passfile.clone().map(|path| (path, self.variables.leading().to_owned()));
        let beside = || self.libpqs(Holds::PASSFILE).map(|part| (part.value, part.from));
        let Some((path, from)) = stated.or_else(beside) else { return Ok(None) };
        let content = match (self.given)(&Source::PasswordFile(path.clone())) {
            // libpq goes on without one.
            Given::Absent | Given::Open(_) => return Ok(None),
            Given::Unread => return Err(Missing::Unread(Source::PasswordFile(path))),
            Given::PassedOver { mode } => return Err(Missing::NoPassword { path, passed_over: Some(mode) }),
            Given::Value(content) => content,
        };
        let (Some(host), Ok(Some(user))) = (&place.host, user) else { return Ok(None) };
        let name = match name {
            Ok(Some(name)) => &name.value,
            Ok(None) | Err(_) => &user.value,
        };
        match passfile::password(content.expose_secret(), host, place.port, name, &user.value) {
            Some(value) => Ok(Some(Part { value, from })),
            None => Err(Missing::NoPassword { path, passed_over: None }),
        }
    }
}

/// What Active Record hands on to libpq: it reads the URL itself, and keeps to itself what libpq does not know
/// (`pool`, `prepared_statements`).
fn of_rails(text: &str) -> String {
    let Some((before, query)) = text.split_once('?').filter(|(before, _)| before.contains("://")) else {
        return text.to_owned();
    };
    let taken = |pair: &&str| {
        let alone = format!("postgresql:///?{pair}");
        !matches!(driver::reading(Family::Libpq, &alone), Reading::Refuses(_))
    };
    let taken: Vec<&str> = query.split('&').filter(taken).collect();
    format!("{before}?{}", taken.join("&"))
}

/// The connection string with another place.
fn on(dsn: &Dsn, at: Dsn) -> Dsn {
    let Dsn { host, port, hosts, servers, .. } = at;
    Dsn { host, port, hosts, servers, ..dsn.clone() }
}

/// The folder of a socket: without the socket's own name.
pub(crate) fn socket_folder(path: &str) -> &str {
    let folder = path.split("/.s.PGSQL.").next().unwrap_or(path);
    if path.starts_with('/') { folder.trim_end_matches('/') } else { path }
}

/// Whether one of these drivers reads a variable of libpq's; every driver may, where none is known.
fn reads(families: &[Family], name: &str) -> bool {
    let reads = |family: &Family| match family {
        Family::Libpq
        | Family::Asyncpg
        | Family::SqlAlchemy
        | Family::Django
        | Family::Node
        | Family::Pgx
        | Family::LibPq
        | Family::Sqlx => true,
        Family::Npgsql => {
            let known = [
                "USER",
                "PASSWORD",
                "PASSFILE",
                "SSLCERT",
                "SSLKEY",
                "SSLROOTCERT",
                "OPTIONS",
                "TARGETSESSIONATTRS",
            ];
            name.strip_prefix("PG").is_some_and(|word| known.contains(&word))
        }
        // pgjdbc looks for the file of passwords where libpq does, and reads nothing else of its.
        Family::Jdbc => name == Holds::PASSFILE,
        Family::Prisma | Family::TokioPostgres => false,
    };
    families.is_empty() || families.iter().any(reads)
}

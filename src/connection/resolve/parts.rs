//! The parts of the way, each from the connection string, from its own variable, or from libpq's.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::look::{Look, Text, reads};
use super::{Facts, Found, Given, Missing, Part, Resolved, Source, Unreadable, socket_folder};
use crate::connection::{DEFAULT_PORT, Dsn, DsnForm, SessionTarget, SslMode, TlsFiles, passfile};
use crate::model::Holds;

impl Look<'_> {
    /// A connection string that was read: what it leaves out is taken from the variables beside it, as Spring does,
    /// and last from libpq's own.
    pub(super) fn of_string(&self, name: &str, text: &Text, dsn: Dsn) -> Resolved {
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

    /// Parts in variables of their own.
    pub(super) fn of_parts(&self, facts: &Facts<'_>) -> Resolved {
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
                return Resolved { user, name: database, ..self.of_nothing(&missing) };
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

    pub(super) fn at_first(&self, place: &Result<Dsn, Missing>) -> Option<String> {
        place.as_ref().ok()?.host.clone()
    }

    /// Whether the variable is one whose framework always goes by the library.
    pub(super) fn library(&self, name: &str) -> bool {
        name.to_ascii_uppercase().starts_with("SPRING_CLOUD_GCP_")
    }

    /// The place at a host and a port, or at several.
    pub(super) fn at(
        &self,
        host: Option<&Part<String>>,
        port: Option<&Part<String>>,
    ) -> Result<Dsn, Missing> {
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

    pub(super) fn sslmode(&self) -> Option<Part<SslMode>> {
        let prefix = self.variables.prefix();
        let own = ["SSLMODE", "SSL_MODE"].into_iter().map(|word| self.plain(&format!("{prefix}{word}")));
        own.chain([self.libpqs("PGSSLMODE")]).flatten().find_map(|Part { value, from }| {
            let value = value.trim().to_ascii_lowercase().parse().ok()?;
            Some(Part { value, from })
        })
    }

    /// What stands beside the leading variable, put to what it says itself.
    pub(super) fn complete(
        &self,
        place: Result<Dsn, Missing>,
        host: Option<Part<String>>,
        user: Found<String>,
        name: Found<String>,
        password: Option<Part<SecretString>>,
        sslmode: Option<Part<SslMode>>,
    ) -> Resolved {
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
                target: if place.target == SessionTarget::Any {
                    target().unwrap_or_default()
                } else {
                    place.target
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
        Resolved {
            place,
            host: Ok(host),
            user,
            name,
            password,
            sslmode: Ok(sslmode),
            files,
            secrets: Vec::new(),
        }
    }

    /// Where the leading variable says nothing that can be read.
    pub(super) fn of_nothing(&self, missing: &Missing) -> Resolved {
        Resolved {
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

    pub(super) fn files(&self, stated: TlsFiles) -> TlsFiles {
        let word = |words: &[&str]| self.beside(words).map(|part| part.value);
        TlsFiles {
            root: stated.root.or_else(|| word(&["SSLROOTCERT", "SSL_ROOT_CERT", "SSL_CA"])),
            certificate: stated.certificate.or_else(|| word(&["SSLCERT", "SSL_CERT"])),
            key: stated.key.or_else(|| word(&["SSLKEY", "SSL_KEY"])),
        }
    }

    /// How many connections an instance of the service may hold.
    pub(super) fn pool(&self) -> Option<u32> {
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
    pub(super) fn password(
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

/// The connection string with another place.
fn on(dsn: &Dsn, at: Dsn) -> Dsn {
    let Dsn { host, port, hosts, servers, .. } = at;
    Dsn { host, port, hosts, servers, ..dsn.clone() }
}

//! A connection string cut into its parts, and how two cuts of one text differ.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use secrecy::ExposeSecret as _;

use super::Misreading;
use crate::connection::dsn::uri::Pieces;
use crate::connection::{Scheme, parse_dsn};

/// A connection string cut into its parts. No `Debug`: any of them may be a part of a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Hosts in their order, each with the port that is stated for it.
    pub(super) hosts: Vec<(String, Option<u16>)>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) name: Option<String>,
}

impl Cut {
    /// One host, where there is one.
    pub(super) fn with_host(&mut self, host: &str, port: Option<u16>) {
        if !host.is_empty() {
            self.hosts = vec![(host.to_owned(), port)];
        }
    }

    /// `user:password`, as everybody cuts it who has found it.
    pub(super) fn with_login(&mut self, credentials: &str) {
        let (user, password) = credentials
            .split_once(':')
            .map_or((credentials, None), |(user, password)| (user, Some(password)));
        self.user = Some(decoded(user).into_owned());
        self.password = password.map(|password| decoded(password).into_owned());
    }

    /// In what it differs from what is meant, the worst first.
    pub(super) fn differs(&self, meant: &Self, text: &str) -> Option<Misreading> {
        let named =
            |cut: &Self| cut.hosts.iter().map(|(host, _)| folder(host).to_owned()).collect::<Vec<_>>();
        let ports = |cut: &Self| cut.hosts.iter().map(|(_, port)| port.unwrap_or(5432)).collect::<Vec<_>>();
        let (hosts, expected) = (named(self), named(meant));
        let first = hosts.first().map(String::as_str).unwrap_or_default();
        if hosts != expected {
            return Some(if self.name.as_deref() == Some(text) {
                Misreading::WholeAsName
            } else if first.contains('@') {
                Misreading::HostBehindFirstAt
            } else if hosts.is_empty() {
                Misreading::NoHost
            } else if Some(first) == meant.user.as_deref() {
                Misreading::UserAsHost
            } else if expected.len() > 1 && first.contains(',') {
                Misreading::HostsAsOne
            } else if expected.first().map(String::as_str) == Some(&*decoded(first)) {
                Misreading::EncodedHost
            } else {
                Misreading::OtherHost
            });
        }
        let text_of = |part: &Option<String>| part.clone().filter(|part| !part.is_empty());
        let (name, meant_name) = (text_of(&self.name), text_of(&meant.name));
        if ports(self) != ports(meant) {
            Some(Misreading::OtherPort)
        } else if name != meant_name {
            let edge = name.as_deref().map(str::trim_end) == meant_name.as_deref();
            Some(if edge { Misreading::NameWithBlank } else { Misreading::OtherName })
        } else if text_of(&self.user) != text_of(&meant.user) {
            Some(Misreading::OtherUser)
        } else if text_of(&self.password) != text_of(&meant.password) {
            Some(Misreading::OtherPassword)
        } else {
            None
        }
    }
}

/// The folder of a socket: drivers differ in whether they want the socket's own name.
fn folder(host: &str) -> &str {
    host.split("/.s.PGSQL.").next().unwrap_or(host).trim_end_matches('/')
}

/// What the writer of a text meant: the host behind the *last* `@` that is not an option's, and no blanks, quotes or
/// marks around it. `None` where that cannot be told.
pub(super) fn meant(text: &str) -> Option<Cut> {
    let around = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '"' | '\'' | '`');
    let bare = text.trim_matches(around);
    if let Some(rest) = bare.strip_prefix("jdbc:postgresql:") {
        // Who writes the user before the host means it so.
        return match rest
            .strip_prefix("//")
            .filter(|rest| rest.split(['?', '/']).next().unwrap_or(rest).contains('@'))
        {
            Some(rest) => Some(url(rest)),
            None => super::java::read(bare).ok(),
        };
    }
    let bare = bare.strip_prefix("r2dbc:").unwrap_or(bare);
    match Scheme::of(bare) {
        Some(scheme) => Some(url(scheme.rest)),
        None => {
            let dsn = parse_dsn(bare).ok()?;
            Some(Cut {
                hosts: dsn.servers.iter().map(|one| (one.host.clone(), Some(one.port))).collect(),
                user: dsn.user,
                password: dsn.password.map(|password| password.expose_secret().to_owned()),
                name: dsn.database,
            })
        }
    }
}

fn url(rest: &str) -> Cut {
    let pieces = Pieces::cut_at(rest, location(rest));
    let text = |part: Option<(&str, usize)>| part.map(|(text, _)| decoded(text).into_owned());
    let mut cut = Cut {
        hosts: hosts(pieces.authority.0),
        user: text(pieces.user),
        password: text(pieces.password),
        name: text(pieces.path),
    };
    let query = pieces.query.map(|(query, _)| query).unwrap_or_default();
    for (key, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        cut.set(key, &decoded(value));
    }
    cut
}

/// The URL with its user and password encoded. A value of `key=value` text may hold a URL, and is none.
pub(super) fn canonical(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    if scheme.trim_start().contains(|c: char| c == '=' || c.is_whitespace()) {
        return None;
    }
    let at = location(rest)?;
    let pieces = Pieces::cut_at(rest, Some(at));
    let encode = |(part, _): (&str, usize)| utf8_percent_encode(&decoded(part), UNRESERVED).to_string();
    let user = pieces.user.map(encode).unwrap_or_default();
    let password = pieces.password.map(|password| format!(":{}", encode(password))).unwrap_or_default();
    Some(format!("{scheme}://{user}{password}@{}", &rest[at + 1..]))
}

/// What needs no code anywhere in a URL.
const UNRESERVED: &AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where the `@` stands that ends user and password: the last one that no option holds.
fn location(rest: &str) -> Option<usize> {
    let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
    let key = query.split('=').next().unwrap_or(query);
    let has_options = query.contains('=') && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match before.rfind('@') {
        Some(at) if has_options => Some(at),
        None if has_options && is_place(before) => None,
        Some(_) | None => rest.rfind('@'),
    }
}

/// Whether a text is `host`, `host:port` or either with a database's name.
fn is_place(text: &str) -> bool {
    let authority = text.split('/').next().unwrap_or(text);
    hosts(authority).iter().all(|(host, _)| !host.contains(':') || host.starts_with('['))
}

impl Cut {
    /// Takes an option that says where the database is or who logs in.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        match key {
            "host" | "hostaddr" => {
                let ports: Vec<_> = self.hosts.iter().map(|(_, port)| *port).collect();
                let port = |at: usize| ports.get(at).copied().flatten();
                let all = value.split(',').enumerate();
                self.hosts = all.map(|(at, host)| (host.to_owned(), port(at))).collect();
            }
            "unix_sock" => self.hosts = vec![(value.to_owned(), None)],
            "port" => {
                let ports: Vec<Option<u16>> = value.split(',').map(|port| port.parse().ok()).collect();
                for (at, (_, port)) in self.hosts.iter_mut().enumerate() {
                    *port = if ports.len() == 1 { ports[0] } else { ports.get(at).copied().flatten() };
                }
            }
            "user" => self.user = Some(value.to_owned()),
            "password" => self.password = Some(value.to_owned()),
            "dbname" | "database" => self.name = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// `host:port,host:port`, decoded.
pub(super) fn hosts(authority: &str) -> Vec<(String, Option<u16>)> {
    let each = authority.split(',').filter(|one| !one.is_empty());
    each.map(|one| {
        let (host, port) = split_port(one);
        (decoded(host).into_owned(), port.and_then(|port| port.parse().ok()))
    })
    .collect()
}

/// Host and port; brackets around an address are taken off.
pub(super) fn split_port(one: &str) -> (&str, Option<&str>) {
    if let Some((address, rest)) = one.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return (address, rest.strip_prefix(':'));
    }
    one.rsplit_once(':').map_or((one, None), |(host, port)| (host, Some(port)))
}

/// Percent-decoded as far as that is possible: what is no code stays.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

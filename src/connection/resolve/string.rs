//! A connection string, as it is meant or as its driver cuts it.

use secrecy::ExposeSecret as _;

use super::look::{Look, Text};
use super::{Facts, Missing, Reads, Unreadable, socket_folder};
use crate::connection::driver::{self, Family, Reading};
use crate::connection::{Dsn, parse_dsn};

impl Look<'_> {
    pub(super) fn dsn(&self, name: &str, text: &Text, facts: &Facts<'_>) -> Result<Dsn, Missing> {
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
    pub(super) fn dialled<'n>(
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

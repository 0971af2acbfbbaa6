//! tokio-postgres: asked itself, as it is a dependency.

use std::error::Error as _;
use std::str::FromStr as _;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::cut::Cut;

pub(super) fn read(text: &str) -> Result<Cut, &'static str> {
    let config = Config::from_str(text).map_err(|error| words(&error))?;
    let ports = config.get_ports();
    let port = |at: usize| if ports.len() == 1 { ports.first() } else { ports.get(at) }.copied();
    let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let host = match host {
            Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.to_string_lossy().into_owned(),
        };
        (host, port(at))
    });
    Ok(Cut {
        hosts: hosts.filter(|(host, _)| !host.is_empty()).collect(),
        user: config.get_user().map(str::to_owned),
        password: config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        name: config.get_dbname().map(str::to_owned),
    })
}

/// The driver's own words are not passed on: they repeat what they could not read.
fn words(error: &tokio_postgres::Error) -> &'static str {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let beginnings = [
        (
            "invalid value for option `sslmode`",
            "invalid connection string: invalid value for option `sslmode`",
        ),
        ("invalid value for option `port`", "invalid connection string: invalid value for option `port`"),
        ("unknown option", "invalid connection string: unknown option `…`"),
        ("unterminated quoted", "invalid connection string: unterminated quoted connection parameter value"),
    ];
    let known = beginnings.iter().find(|(beginning, _)| said.starts_with(beginning));
    known.map_or("invalid connection string", |(_, words)| words)
}

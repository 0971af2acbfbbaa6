//! The parts of a way to the database, each by itself.

use super::shape::Beside;
use crate::connection::{
    LONGEST_SOCKET, is_compose_name, is_dummy, is_dummy_host, is_loopback, looks_encoded, socket_length,
    whose_port,
};
use crate::record::finding::Unfit;
use crate::text::bounded;

/// A host, or the folder of a socket.
pub(super) fn host(host: &str, beside: Beside<'_>) -> Result<(), Unfit> {
    if host.starts_with("/cloudsql/") && !is_dummy_host(host) {
        let length = socket_length(host.split("/.s.PGSQL.").next().unwrap_or(host));
        if length > LONGEST_SOCKET {
            return Err(Unfit::SocketTooLong { length });
        }
        return match beside.sslmode.filter(|mode| mode.requires_tls()) {
            Some(mode) => Err(Unfit::SocketTls { sslmode: mode.to_string() }),
            None => Ok(()),
        };
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if is_loopback(bare) && beside.alone {
        Err(Unfit::Loopback { host: bounded(bare) })
    } else if is_compose_name(bare) && beside.alone {
        Err(Unfit::ComposeName { host: bounded(bare) })
    } else if is_dummy_host(bare) {
        Err(Unfit::Placeholder { part: "host".to_owned() })
    } else {
        Ok(())
    }
}

/// A port.
pub(super) fn port(port: u16) -> Result<(), Unfit> {
    whose_port(port).map_or(Ok(()), |whose| Err(Unfit::Port { port, whose: whose.to_owned() }))
}

/// A password. Names of users and databases may be any word, `todo` too.
pub(super) fn password(password: &str) -> Result<(), Unfit> {
    if is_dummy(password) {
        Err(Unfit::Placeholder { part: "password".to_owned() })
    } else if looks_encoded(password) {
        Err(Unfit::LooksEncoded)
    } else {
        Ok(())
    }
}

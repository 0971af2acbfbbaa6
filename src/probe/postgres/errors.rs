//! From a driver's error to a finding: the chain of sources is walked once, here. Never by the text of a message.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use crate::run::finding::PostgresFinding;

/// The longest text of a server that is kept, in characters.
const LONGEST: usize = 300;

/// What a failed step means, where the server sent no SQLSTATE.
pub(super) fn without_sqlstate(
    error: &tokio_postgres::Error,
    address: SocketAddr,
    step: &str,
) -> PostgresFinding {
    let tls = sources(error).find_map(|source| source.downcast_ref::<rustls::Error>());
    if let Some(tls) = tls {
        return PostgresFinding::TlsFailed { address, detail: bounded(&tls.to_string()) };
    }
    let detail = match sources(error).find_map(|source| source.downcast_ref::<io::Error>()) {
        Some(io) => io_detail(io),
        None if error.is_closed() => "the server closed the connection".to_owned(),
        None => bounded(&error.to_string()),
    };
    PostgresFinding::Cut { address, step: step.to_owned(), detail }
}

/// The errors below an error. An `io::Error` hides what it wraps from `source`, so it is opened here.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// What an error of the system means for a connection.
pub(super) fn io_detail(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset by peer".to_owned(),
        io::ErrorKind::BrokenPipe => "broken pipe".to_owned(),
        _ => bounded(&error.to_string()),
    }
}

/// A text of a server, cut to what a report can show.
pub(super) fn bounded(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

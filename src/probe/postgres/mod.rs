//! Talking to PostgreSQL, one step after the other: name, TCP, SSLRequest, login, query.
//!
//! Each step is bounded in time and memory, and ends in a typed finding: drivers merge the first three into
//! "could not connect", which is what made the incident last for days. Servers are untrusted.

mod bounded;
pub mod dsn;
mod errors;
mod session;
mod tls;

pub use session::{Login, Server, Session};

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::probe::dial::Dial;
use crate::run::finding::PostgresFinding;

/// PostgreSQL's `SSLRequest`: a length of 8 and the code 1234·5679 (protocol documentation, "SSLRequest").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What the server answered to `SSLRequest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// `S`: go on with TLS.
    Tls,
    /// `N`: go on without.
    Plain,
    /// `E`: an error message; the server is one that knows no TLS, or cannot serve now.
    Error,
}

/// Every address of a host, as seen from where the service stands.
///
/// # Errors
/// The name has no address, or none was told in time.
pub async fn resolve(
    dial: &dyn Dial,
    from: &str,
    host: &str,
    limit: Duration,
) -> Result<Vec<IpAddr>, PostgresFinding> {
    match timeout(limit, dial.resolve(from, host)).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
        Ok(Ok(_) | Err(_)) | Err(_) => Err(PostgresFinding::NameUnresolvable { host: host.to_owned() }),
    }
}

/// Opens a TCP connection to the first address that takes one; all are tried at once.
///
/// # Errors
/// None takes one: refused, unreachable or timed out, in this order of what is said where they differ.
pub async fn open(
    dial: &dyn Dial,
    from: &str,
    addresses: &[SocketAddr],
    limit: Duration,
) -> Result<(SocketAddr, TcpStream), PostgresFinding> {
    let began = Instant::now();
    let attempts = addresses.iter().map(|&address| {
        Box::pin(async move {
            match timeout(limit, dial.connect(from, address)).await {
                Ok(Ok(stream)) => Ok((address, stream)),
                Ok(Err(error)) => Err(Some(error)),
                Err(_elapsed) => Err(None),
            }
        })
    });
    let mut left: Vec<_> = attempts.collect();
    let mut errors = Vec::new();
    while !left.is_empty() {
        let (ended, _, others) = futures::future::select_all(left).await;
        match ended {
            Ok(open) => return Ok(open),
            Err(error) => errors.push(error),
        }
        left = others;
    }
    let after_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Err(closed(addresses.to_vec(), &errors, after_ms))
}

fn closed(addresses: Vec<SocketAddr>, errors: &[Option<io::Error>], after_ms: u64) -> PostgresFinding {
    let seen: Vec<&io::Error> = errors.iter().flatten().collect();
    if seen.iter().any(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
        return PostgresFinding::Refused { addresses };
    }
    let lost = |error: &&&io::Error| error.kind() != io::ErrorKind::TimedOut;
    match seen.iter().find(lost) {
        Some(error) => PostgresFinding::Unreachable { addresses, error: name_of(error) },
        None => PostgresFinding::TimedOut { addresses, after_ms },
    }
}

/// The system's name of an error, where it is one that a route makes.
fn name_of(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::HostUnreachable => "EHOSTUNREACH".to_owned(),
        io::ErrorKind::NetworkUnreachable => "ENETUNREACH".to_owned(),
        _ => error.to_string(),
    }
}

/// Sends `SSLRequest` and reads the one byte that PostgreSQL answers. tokio-postgres takes every byte but `S` for
/// "no TLS", and would go on to send a password to an HTTP proxy.
///
/// # Errors
/// What answers is no PostgreSQL, or the connection ends.
pub async fn ask_for_tls(
    stream: &mut TcpStream,
    address: SocketAddr,
    limit: Duration,
) -> Result<Offer, PostgresFinding> {
    let cut = |detail: String| PostgresFinding::Cut { address, step: "SSLRequest".to_owned(), detail };
    let exchange = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_u8().await
    };
    let byte = match timeout(limit, exchange).await {
        Ok(Ok(byte)) => byte,
        Ok(Err(error)) => return Err(cut(errors::io_detail(&error))),
        Err(_elapsed) => {
            let answered = format!("accepts connections and says nothing for {} ms", limit.as_millis());
            return Err(PostgresFinding::NotPostgres { address, answered });
        }
    };
    let offer = match byte {
        b'S' => Offer::Tls,
        b'N' => Offer::Plain,
        b'E' => return Ok(Offer::Error),
        other => {
            let answered = format!("answered {} to SSLRequest", shown(other));
            return Err(PostgresFinding::NotPostgres { address, answered });
        }
    };
    // One byte is all that may come. MySQL greets first, and its greeting may begin with any byte; and what comes
    // unasked before TLS must never be read as if it came after it (CVE-2021-23222).
    match stream.try_read(&mut [0]) {
        Ok(read) if read > 0 => {
            let answered = "answered more than one byte to SSLRequest".to_owned();
            Err(PostgresFinding::NotPostgres { address, answered })
        }
        Ok(_) => Err(cut("the server closed the connection".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(offer),
        Err(error) => Err(cut(errors::io_detail(&error))),
    }
}

fn shown(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("'{}'", char::from(byte)) } else { format!("byte 0x{byte:02x}") }
}

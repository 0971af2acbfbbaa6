//! The step between TCP and login: does a PostgreSQL server answer?
//!
//! PostgreSQL answers the eight bytes of SSLRequest with exactly one: `S` (TLS is offered), `N` (it is not), or an
//! ErrorResponse (`E`) where it cannot even start a session. Drivers take any other byte as "no TLS"; here it tells
//! that something else listens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::millis;
use super::progress::ServerError;
use super::tls::loss;
use crate::record::finding::{Ending, PostgresFinding};

/// Length 8, code 80877103 (PostgreSQL's documentation, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Longest ErrorResponse that is still one; libpq's limit.
const LONGEST_ERROR: u32 = 30_000;

/// The server's answer to SSLRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SslAnswer {
    /// `S`: it goes on with TLS.
    Offered,
    /// `N`: it goes on without.
    NotOffered,
    /// `E`: an error before any session; this connection is spent.
    Error(ServerError),
}

/// Sends SSLRequest and reads the answer, and not a byte more.
pub async fn ask<S>(
    stream: &mut S,
    address: SocketAddr,
    limit: Duration,
) -> Result<SslAnswer, PostgresFinding>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout(limit, exchange(stream, address)).await {
        Ok(answer) => answer,
        Err(_) => Err(cut(address, Ending::Silence { after_ms: millis(limit) })),
    }
}

async fn exchange<S>(stream: &mut S, address: SocketAddr) -> Result<SslAnswer, PostgresFinding>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let lost = |error: io::Error| cut(address, loss(error.kind()));
    // More room than the one byte that is due: what else is there tells who really answers.
    let mut answer = [0; 16];
    match stream.read(&mut answer).now_or_never() {
        None => {}
        Some(Ok(0)) => return Err(cut(address, Ending::Closed)),
        Some(Ok(_)) => return Err(stranger(address, "spoke first".to_owned())),
        Some(Err(error)) => return Err(lost(error)),
    }
    stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
    let read = stream.read(&mut answer).await.map_err(lost)?;
    if read == 0 {
        return Err(cut(address, Ending::Closed));
    }
    let first = answer[0];
    match first {
        b'S' | b'N' if read == 1 => {
            Ok(if first == b'S' { SslAnswer::Offered } else { SslAnswer::NotOffered })
        }
        b'S' | b'N' => Err(stranger(address, format!("answered more than {} to SSLRequest", name(first)))),
        b'E' => match error_response(stream, answer[1..read].to_vec()).await.map_err(lost)? {
            Some(error) => Ok(SslAnswer::Error(error)),
            None => Err(stranger(address, "answered 'E' without an ErrorResponse to SSLRequest".to_owned())),
        },
        // The record type of a TLS alert (RFC 8446, 5.1): a server that expects TLS from the first byte on.
        0x15 => Err(stranger(address, "answered with a TLS alert to SSLRequest".to_owned())),
        other => Err(stranger(address, format!("answered {} to SSLRequest", name(other)))),
    }
}

/// The rest of an ErrorResponse after its `E`; `None`: it is none.
async fn error_response<S>(stream: &mut S, mut body: Vec<u8>) -> io::Result<Option<ServerError>>
where
    S: AsyncRead + Unpin,
{
    let mut space = [0; 1024];
    loop {
        let whole = body.first_chunk::<4>().map(|length| u32::from_be_bytes(*length));
        match whole {
            Some(length) if !(5..=LONGEST_ERROR).contains(&length) => return Ok(None),
            Some(length) if body.len() >= length as usize => {
                return Ok(ServerError::read(&body[4..length as usize]));
            }
            Some(_) | None => {}
        }
        match stream.read(&mut space).await? {
            0 => return Ok(None),
            more => body.extend_from_slice(&space[..more]),
        }
    }
}

/// A byte as it may be shown.
fn name(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("'{}'", char::from(byte)) } else { format!("0x{byte:02x}") }
}

fn stranger(address: SocketAddr, answered: String) -> PostgresFinding {
    PostgresFinding::NotPostgres { address, answered }
}

fn cut(address: SocketAddr, ending: Ending) -> PostgresFinding {
    PostgresFinding::Cut { address, step: "SSLRequest".to_owned(), ending }
}

//! The step between TCP and login: does a PostgreSQL server answer?
//!
//! PostgreSQL answers the eight bytes of SSLRequest with exactly one: `S` (TLS is offered), `N` (it is not), or an
//! ErrorResponse (`E`) where it cannot even start a session. Drivers take any other byte as "no TLS"; here it tells
//! that something else listens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::millis;
use crate::run::finding::PostgresFinding;

/// Length 8, code 80877103 (PostgreSQL's documentation, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Longest ErrorResponse that is still one; libpq's limit.
const LONGEST_ERROR: u32 = 30_000;

/// The server's answer to SSLRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslAnswer {
    /// `S`: it goes on with TLS.
    Offered,
    /// `N`: it goes on without.
    NotOffered,
    /// `E`: an error before any session; this connection is spent.
    Error,
}

/// Sends SSLRequest and reads the answer, and not a byte more.
pub async fn ask(
    stream: &mut TcpStream,
    address: SocketAddr,
    limit: Duration,
) -> Result<SslAnswer, PostgresFinding> {
    match timeout(limit, exchange(stream, address)).await {
        Ok(answer) => answer,
        Err(_) => Err(cut(
            address,
            format!("it accepted the connection and then did not answer for {} ms", millis(limit)),
        )),
    }
}

async fn exchange(stream: &mut TcpStream, address: SocketAddr) -> Result<SslAnswer, PostgresFinding> {
    let lost = |error: io::Error| cut(address, error.kind().to_string());
    // More room than the one byte that is due: what else is there tells who really answers.
    let mut answer = [0; 16];
    match stream.try_read(&mut answer) {
        Ok(0) => return Err(cut(address, "closed at once".to_owned())),
        Ok(_) => return Err(stranger(address, "spoke first".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
        Err(error) => return Err(lost(error)),
    }
    stream.write_all(&SSL_REQUEST).await.map_err(lost)?;
    let mut read = stream.read(&mut answer).await.map_err(lost)?;
    if read == 0 {
        return Err(cut(address, "closed without an answer".to_owned()));
    }
    let first = answer[0];
    match first {
        b'S' | b'N' if read == 1 => {
            Ok(if first == b'S' { SslAnswer::Offered } else { SslAnswer::NotOffered })
        }
        b'S' | b'N' => Err(stranger(address, format!("answered more than {} to SSLRequest", name(first)))),
        b'E' => {
            while read < 5 {
                match stream.read(&mut answer[read..]).await.map_err(lost)? {
                    0 => break,
                    more => read += more,
                }
            }
            let length = u32::from_be_bytes([answer[1], answer[2], answer[3], answer[4]]);
            if read >= 5 && (5..=LONGEST_ERROR).contains(&length) {
                Ok(SslAnswer::Error)
            } else {
                Err(stranger(address, "answered 'E' without an ErrorResponse to SSLRequest".to_owned()))
            }
        }
        other => Err(stranger(address, format!("answered {} to SSLRequest", name(other)))),
    }
}

/// A byte as it may be shown.
fn name(byte: u8) -> String {
    if byte.is_ascii_graphic() { format!("'{}'", char::from(byte)) } else { format!("0x{byte:02x}") }
}

fn stranger(address: SocketAddr, answered: String) -> PostgresFinding {
    PostgresFinding::NotPostgres { address, answered }
}

fn cut(address: SocketAddr, detail: String) -> PostgresFinding {
    PostgresFinding::Cut { address, step: "SSLRequest".to_owned(), detail }
}

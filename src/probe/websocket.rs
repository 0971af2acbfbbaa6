//! A talk over a WebSocket: messages in, messages out, bounded in size and number whatever the other side does.

use std::fmt;

use futures::{SinkExt as _, StreamExt as _};
use reqwest::Upgraded;
use tokio_websockets::{ClientBuilder, Error, Limits, Message, WebSocketStream};

use super::http::LONGEST_BODY;
use crate::text::line_of;

/// Most frames that are taken of one talk, those of the protocol itself included.
const MOST_FRAMES: usize = 10_000;
/// Most bytes that are taken of one talk.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// An open WebSocket.
pub struct Talk {
    socket: WebSocketStream<Upgraded>,
    frames: usize,
    bytes: usize,
}

/// Why no message came, or none could be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoMessage {
    /// The other side closed.
    Closed {
        /// Its code (RFC 6455, section 7.4), where it gave one.
        code: Option<u16>,
        /// Its reason, bounded.
        reason: String,
    },
    /// It broke the protocol, or the connection.
    Broken {
        /// The deepest error.
        detail: String,
    },
    /// It sent more than is taken.
    TooMuch {
        /// What of.
        detail: String,
    },
}

impl fmt::Display for NoMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { code, reason } => {
                f.write_str("the service closed")?;
                code.map_or(Ok(()), |code| write!(f, " with code {code}"))?;
                if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
            }
            Self::Broken { detail } => write!(f, "the connection broke: {detail}"),
            Self::TooMuch { detail } => write!(f, "the service sent too much: {detail}"),
        }
    }
}

impl Talk {
    /// A talk over a connection that has just been upgraded.
    pub(crate) fn over(upgraded: Upgraded) -> Self {
        let bounds = Limits::default().max_payload_len(Some(LONGEST_BODY));
        let socket = ClientBuilder::new().limits(bounds).take_over(upgraded);
        Self { socket, frames: 0, bytes: 0 }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn say(&mut self, text: String) -> Result<(), NoMessage> {
        self.socket.send(Message::text(text)).await.map_err(|error| why(&error))
    }

    /// Waits for the next message of the service's own, as bytes.
    ///
    /// # Errors
    /// It closed, broke the protocol, or sent too much.
    pub async fn hear(&mut self) -> Result<Vec<u8>, NoMessage> {
        loop {
            if let Some(message) = self.next().await? {
                return Ok(message);
            }
        }
    }

    /// Closes, and waits until the service has closed too.
    ///
    /// # Errors
    /// It did not close as the protocol has it.
    pub async fn close(&mut self) -> Result<(), NoMessage> {
        match self.socket.close().await {
            Ok(()) | Err(Error::AlreadyClosed) => {}
            Err(error) => return Err(why(&error)),
        }
        loop {
            match self.next().await {
                Ok(_) => {}
                Err(NoMessage::Closed { .. }) => return Ok(()),
                Err(other) => return Err(other),
            }
        }
    }

    /// The next frame; `None` where it is the protocol's own.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, NoMessage> {
        let closed = |code, reason| Err(NoMessage::Closed { code, reason });
        let message = match self.socket.next().await {
            None => return closed(None, String::new()),
            Some(Err(error)) => return Err(why(&error)),
            Some(Ok(message)) => message,
        };
        self.frames += 1;
        self.bytes = self.bytes.saturating_add(message.as_payload().len());
        if self.frames > MOST_FRAMES {
            return Err(NoMessage::TooMuch { detail: format!("more than {MOST_FRAMES} frames") });
        }
        if self.bytes > MOST_BYTES {
            return Err(NoMessage::TooMuch { detail: format!("more than {MOST_BYTES} bytes") });
        }
        if let Some((code, reason)) = message.as_close() {
            return closed(Some(code.into()), line_of(reason, 120));
        }
        let own = message.is_text() || message.is_binary();
        Ok(own.then(|| message.as_payload().to_vec()))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "another crate's enum, which grows")]
fn why(error: &Error) -> NoMessage {
    match error {
        Error::AlreadyClosed => NoMessage::Closed { code: None, reason: String::new() },
        Error::PayloadTooLong { len, max_len } => {
            NoMessage::TooMuch { detail: format!("a message of {len} bytes, more than {max_len}") }
        }
        other => NoMessage::Broken { detail: line_of(&other.to_string(), 200) },
    }
}

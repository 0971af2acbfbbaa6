//! A stream that lets through only what a well-meant PostgreSQL server would send to a gate.
//!
//! The driver trusts its server: it buffers whatever comes, keeps every notice, and computes as many rounds of
//! SCRAM as it is told. Here each message is looked at, whole, before the driver sees it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{fmt, io};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::progress::Progress;
use crate::record::finding::Ending;

/// Longest message. The longest honest one, an error with its context, has a few KiB.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// All messages of a session together. An honest session has about 2 KiB.
const LONGEST_SESSION: usize = 1024 * 1024;
/// Most messages of a session: small ones cost more than their bytes.
const MOST_MESSAGES: usize = 10_000;
/// Most rounds of SCRAM. PostgreSQL's default is 4096; a million take about a second.
const MOST_ROUNDS: u64 = 1_000_000;

/// Why the guard ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    MessageTooLong,
    SessionTooLong,
    NoMessage,
    TooManyRounds,
}

impl Refusal {
    /// As a finding names it.
    pub(super) fn ending(self) -> Ending {
        match self {
            Self::MessageTooLong => Ending::MessageTooLong { most: LONGEST_MESSAGE as u64 },
            Self::SessionTooLong => Ending::TooMuch,
            Self::NoMessage => Ending::NoMessage,
            Self::TooManyRounds => Ending::TooManyRounds { most: MOST_ROUNDS },
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.ending().fmt(f)
    }
}

impl std::error::Error for Refusal {}

/// See the module.
pub(super) struct Guard<S> {
    inner: S,
    /// Learns how far the server let the session come.
    progress: Arc<Progress>,
    /// The beginning of a message that is not whole yet.
    partial: Vec<u8>,
    /// Whole messages on their way to the driver, up to `given` already there.
    checked: Vec<u8>,
    given: usize,
    bytes: usize,
    messages: usize,
}

impl<S> Guard<S> {
    pub(super) fn new(inner: S, progress: Arc<Progress>) -> Self {
        Self { inner, progress, partial: Vec::new(), checked: Vec::new(), given: 0, bytes: 0, messages: 0 }
    }

    /// Takes in what came, and moves every whole message to the checked ones.
    fn take(&mut self, came: &[u8]) -> Result<(), Refusal> {
        self.bytes += came.len();
        if self.bytes > LONGEST_SESSION {
            return Err(Refusal::SessionTooLong);
        }
        self.partial.extend_from_slice(came);
        let mut whole = 0;
        while let [tag, a, b, c, d, rest @ ..] = &self.partial[whole..] {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            if length < 4 {
                return Err(Refusal::NoMessage);
            }
            if length > LONGEST_MESSAGE {
                return Err(Refusal::MessageTooLong);
            }
            let Some(body) = rest.get(..length - 4) else { break };
            if *tag == b'R' && rounds(body).is_some_and(|rounds| rounds > MOST_ROUNDS) {
                return Err(Refusal::TooManyRounds);
            }
            self.progress.see(*tag, body);
            self.messages += 1;
            if self.messages > MOST_MESSAGES {
                return Err(Refusal::SessionTooLong);
            }
            whole += length + 1;
        }
        self.checked.drain(..self.given);
        self.given = 0;
        self.checked.extend(self.partial.drain(..whole));
        Ok(())
    }
}

/// The rounds that an AuthenticationSASLContinue asks for (`r=…,s=…,i=4096`); none in any other message.
fn rounds(body: &[u8]) -> Option<u64> {
    let text = body.strip_prefix(&[0, 0, 0, 11])?;
    let rounds = text.split(|byte| *byte == b',').find_map(|part| part.strip_prefix(b"i="))?;
    // More digits than fit are more rounds than are allowed.
    Some(std::str::from_utf8(rounds).ok()?.parse().unwrap_or(u64::MAX))
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.given == this.checked.len() {
            let mut space = [0; 4096];
            let mut came = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut came))?;
            if came.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.take(came.filled()).map_err(|refusal| {
                this.progress.refuse(refusal.ending());
                io::Error::new(io::ErrorKind::InvalidData, refusal)
            })?;
        }
        let left = &this.checked[this.given..];
        let now = left.len().min(out.remaining());
        out.put_slice(&left[..now]);
        this.given += now;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// SCRAM is bound to the TLS beneath. For any `S`, not for `dyn Stream` alone: that would be `'static`, which a future that
/// is sent elsewhere cannot promise.
impl<S: TlsStream + Unpin + ?Sized> TlsStream for Guard<Box<S>> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::AsyncReadExt as _;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[tag], &length.to_be_bytes()[..], body].concat()
    }

    async fn through(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::new();
        match Guard::new(bytes, Arc::default()).read_to_end(&mut out).await {
            Ok(_) => Ok(out),
            Err(error) => Err(*error.get_ref().unwrap().downcast_ref::<Refusal>().unwrap()),
        }
    }

    #[tokio::test]
    async fn a_huge_length_is_refused_at_its_announcement() {
        assert_eq!(through(&[b'R', 0x7f, 0xff, 0xff, 0xff]).await, Err(Refusal::MessageTooLong));
        assert_eq!(through(&[b'R', 0xff, 0xff, 0xff, 0xff]).await, Err(Refusal::MessageTooLong));
        assert_eq!(through(&[b'R', 0, 0, 0, 3]).await, Err(Refusal::NoMessage));
    }

    #[tokio::test]
    async fn endless_notices_end() {
        let notices = message(b'N', &[b'x'; 1000]).repeat(2000);
        assert_eq!(through(&notices).await, Err(Refusal::SessionTooLong));
        let small = message(b'N', b"").repeat(MOST_MESSAGES + 1);
        assert_eq!(through(&small).await, Err(Refusal::SessionTooLong));
    }

    #[tokio::test]
    async fn scram_for_ever_is_refused() {
        let asked = |rounds: &str| {
            message(b'R', &[&[0, 0, 0, 11][..], format!("r=x,s=eA==,i={rounds}").as_bytes()].concat())
        };
        assert_eq!(through(&asked("4294967295")).await, Err(Refusal::TooManyRounds));
        assert_eq!(through(&asked("99999999999999999999999")).await, Err(Refusal::TooManyRounds));
        assert_eq!(through(&asked("4096")).await, Ok(asked("4096")));
    }

    proptest! {
        /// Honest messages come through unchanged, however the network cuts them.
        #[test]
        fn honest_messages_come_through(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cut in 1_usize..50,
        ) {
            let sent: Vec<u8> = bodies.iter().flat_map(|body| message(b'D', body)).collect();
            let mut guard = Guard::new((), Arc::default());
            let mut came = Vec::new();
            for part in sent.chunks(cut) {
                guard.take(part).unwrap();
                came.extend_from_slice(&guard.checked[guard.given..]);
                guard.given = guard.checked.len();
            }
            prop_assert_eq!(came, sent);
        }
    }
}

//! How far a server let a session come, and what it refused with: read from its messages as they pass the guard.
//!
//! The driver tells neither. PostgreSQL says AuthenticationOk after the user's proof and before it looks whether the
//! role may log in, and looks into `pg_hba.conf` before it asks for any proof: so the place of a refusal among these
//! messages tells causes apart that share one SQLSTATE, in any language.

use std::sync::{Mutex, PoisonError};

use super::login::sqlstate;
use crate::record::finding::{Ending, Stage};
use crate::text::bounded;

/// What a server asked a user to prove themselves with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// Nothing (`trust`, `peer`, a certificate).
    #[default]
    Nothing,
    /// The password itself.
    Cleartext,
    /// Its MD5.
    Md5,
    /// SCRAM-SHA-256.
    Scram,
    /// Something that the gate does not speak, by PostgreSQL's number.
    Other(u32),
}

/// What a server refuses with, whatever the encoding of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// The SQLSTATE.
    pub sqlstate: String,
    /// Its message: untrusted, bounded, without control characters.
    pub message: String,
    /// The routine of its source that refused.
    pub routine: Option<String>,
}

impl ServerError {
    /// Reads the fields of an ErrorResponse; `None`: it has no SQLSTATE. Text before a login is in the server's
    /// encoding, which is not always UTF-8.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let field = |kind: u8| {
            let fields = body.split(|byte| *byte == 0);
            fields.filter_map(|field| field.split_first()).find(|(found, _)| **found == kind)
        };
        let text = |(_, bytes): (&u8, &[u8])| String::from_utf8_lossy(bytes).into_owned();
        let code = text(field(b'C')?);
        let routine = field(b'R').map(text).filter(|name| {
            name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        let message = field(b'M').map(text).unwrap_or_default();
        Some(Self { sqlstate: sqlstate(&code), message: bounded(&message), routine })
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Come>);

#[derive(Clone, Debug, Default)]
struct Come {
    method: Method,
    asked: bool,
    accepted: bool,
    /// The server's own proof came (AuthenticationSASLFinal).
    proved: bool,
    error: Option<ServerError>,
    /// Why the guard ended the session.
    refusal: Option<Ending>,
}

impl Progress {
    /// The guard ends the session.
    pub(super) fn refuse(&self, ending: Ending) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).refusal = Some(ending);
    }

    /// Why the guard ended the session, if it did. The driver only says that it is closed.
    pub(super) fn refusal(&self) -> Option<Ending> {
        self.read().refusal
    }

    /// Takes in a whole message of the server's.
    pub(super) fn see(&self, tag: u8, body: &[u8]) {
        let mut come = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (tag, body.first_chunk::<4>()) {
            (b'R', Some(number)) => come.authentication(u32::from_be_bytes(*number), &body[4..]),
            (b'E', _) if come.error.is_none() => come.error = ServerError::read(body),
            _ => {}
        }
    }

    fn read(&self) -> Come {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stage(&self) -> Stage {
        let come = self.read();
        // SCRAM's server gives its own proof only once it has taken the user's. Poolers say AuthenticationOk later.
        match (come.accepted || come.proved, come.asked) {
            (true, _) => Stage::AfterProof,
            (false, true) => Stage::DuringProof,
            (false, false) => Stage::BeforeProof,
        }
    }

    pub(super) fn method(&self) -> Method {
        self.read().method
    }

    /// Whether the server sent what should prove that it knows the password.
    pub(super) fn proof_came(&self) -> bool {
        self.read().proved
    }

    /// What it refused with.
    pub(super) fn error(&self) -> Option<ServerError> {
        self.read().error
    }
}

impl Come {
    /// The numbers are those of PostgreSQL's documentation, "Message Formats", AuthenticationXXX.
    fn authentication(&mut self, number: u32, rest: &[u8]) {
        match number {
            0 => self.accepted = true,
            3 => self.asks(Method::Cleartext),
            5 => self.asks(Method::Md5),
            10 => {
                let scram = rest.split(|byte| *byte == 0).any(|name| name.starts_with(b"SCRAM-SHA-256"));
                self.asks(if scram { Method::Scram } else { Method::Other(number) });
            }
            11 => {}
            12 => self.proved = true,
            other => self.asks(Method::Other(other)),
        }
    }

    fn asks(&mut self, method: Method) {
        (self.asked, self.method) = (true, method);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(messages: &[(u8, &[u8])]) -> Progress {
        let progress = Progress::default();
        messages.iter().for_each(|(tag, body)| progress.see(*tag, body));
        progress
    }

    #[test]
    fn the_stage_is_told_by_the_authentication_requests() {
        let scram: &[u8] = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        let ok: &[u8] = &[0, 0, 0, 0];
        for (messages, stage, method) in [
            (&[][..], Stage::BeforeProof, Method::Nothing),
            (&[(b'N', &b""[..])], Stage::BeforeProof, Method::Nothing),
            (&[(b'R', scram)], Stage::DuringProof, Method::Scram),
            (&[(b'R', &[0, 0, 0, 3])], Stage::DuringProof, Method::Cleartext),
            (&[(b'R', &[0, 0, 0, 5, 1, 2, 3, 4])], Stage::DuringProof, Method::Md5),
            (&[(b'R', &[0, 0, 0, 7])], Stage::DuringProof, Method::Other(7)),
            (&[(b'R', b"\0\0\0\x0aOAUTHBEARER\0\0")], Stage::DuringProof, Method::Other(10)),
            (&[(b'R', ok)], Stage::AfterProof, Method::Nothing),
            (&[(b'R', scram), (b'R', ok)], Stage::AfterProof, Method::Scram),
            (&[(b'R', scram), (b'R', &[0, 0, 0, 12])], Stage::AfterProof, Method::Scram),
        ] {
            let progress = after(messages);
            assert_eq!((progress.stage(), progress.method()), (stage, method), "{messages:?}");
        }
    }

    #[test]
    fn an_error_is_read_in_any_encoding() {
        let body = b"SFATAL\0C28P01\0MBenutzer \xe4\xf6\xfc\0Rauth_failed\0\0";
        let error = after(&[(b'E', body)]).error().unwrap();
        assert_eq!((error.sqlstate.as_str(), error.routine.as_deref()), ("28P01", Some("auth_failed")));
        assert!(error.message.starts_with("Benutzer"), "{error:?}");
        assert_eq!(ServerError::read(b"SFATAL\0Mno code\0\0"), None);
        assert_eq!(ServerError::read(b"C28000\0R::error::\0\0").unwrap().routine, None);
    }
}

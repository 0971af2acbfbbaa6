//! What the checks of one service's database hand on to each other: one session, and what the server said in it.

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::connection::Connection;
use crate::probe::postgres::{Holdings, Server, Session, Slots, Stop};

/// The one conversation of a run with the database of a service. The server is logged in to once; what it said is kept
/// for every check that needs it.
#[derive(Debug, Default)]
pub struct Conversation {
    session: Mutex<Option<(Connection, Session)>>,
    answers: OnceLock<Answers>,
}

/// What the server said.
#[derive(Debug)]
pub(crate) struct Answers {
    /// As what and to which database the gate logged in.
    pub(crate) connection: Connection,
    /// The server itself.
    pub(crate) server: Server,
    /// Its connections.
    pub(crate) slots: Result<Slots, Stop>,
    /// What is there of what the pipeline expects.
    pub(crate) holdings: Result<Holdings, Stop>,
}

impl Conversation {
    /// Leaves a session to the check that comes next.
    pub(crate) fn leave(&self, connection: Connection, session: Session) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some((connection, session));
    }

    /// Takes the session that was left, if one was.
    pub(crate) fn take(&self) -> Option<(Connection, Session)> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes leave of the server where a session is left that nobody took up: the run ended early.
    pub async fn end(&self) {
        if let Some((_, session)) = self.take() {
            session.close().await;
        }
    }

    /// Keeps what the server said; the first time counts.
    pub(crate) fn keep(&self, answers: Answers) {
        // A second time cannot happen: there is one check that asks.
        drop(self.answers.set(answers));
    }

    /// What the server said, once it was asked.
    pub(crate) fn answers(&self) -> Option<&Answers> {
        self.answers.get()
    }
}

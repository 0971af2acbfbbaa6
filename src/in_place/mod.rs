//! The steps to a database from where the process stands, with what its own environment gives it: `rungate probe`.
//!
//! It knows no pipeline and asks none of Google's APIs. What it sees is what a service with the same variables, network
//! and identity would see.

mod answer;
mod family;
mod token;
mod way;

pub use answer::{ANSWER_VERSION, Answer, Connections, ServerAnswer, Step, StepOutcome};
pub use family::Family;
pub use token::with_token;
pub use way::{Names, ProbeTarget, way};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Instant, timeout};

use crate::connection::{Connection, SslMode};
use crate::probe::dial::Dial;
use crate::probe::postgres::{
    Bounds, Candidate, PassedOver, Patience, Session, SslAnswer, Stop, Verified, ask_for_tls, candidates,
    connect_in_turn, describe, insist, login_in_turn, login_over, slots, together,
};
use crate::record::Inconclusive;
use crate::record::finding::PostgresFinding;

/// The dialler's name of the place that is dialled from: there is one only.
const HERE: &str = "probe";

/// How the steps are made.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How long each may take.
    pub bounds: Bounds,
    /// How long what time may fix is asked again.
    pub patience: Patience,
    /// When it ends at the latest, from now.
    pub deadline: Duration,
}

/// Makes the steps, one after the other, and tells `seen` each one that ends. The end is in time, whatever the server does.
pub async fn probe(
    way: &ProbeTarget,
    dial: &dyn Dial,
    manner: Manner,
    seen: &mut (dyn FnMut(&Step) + Send),
) -> Answer {
    let mut walk = Walk { answer: Answer::of(way), seen, step: "name", began: Instant::now() };
    let ended = timeout(manner.deadline, walk.all(way, dial, manner)).await;
    let began = walk.began;
    match ended {
        Ok(Ok(())) => walk.answer.end(Family::Works, "the database answers a query".to_owned()),
        Ok(Err(stop)) => walk.stop(&stop),
        Err(_) => {
            let seconds = manner.deadline.as_secs();
            walk.note(StepOutcome::Unknown, format!("the deadline of {seconds} s ended it"));
            walk.answer.end(
                Family::Inconclusive,
                format!("the deadline of {seconds} s ended it at step {}", walk.step),
            );
        }
    }
    let mut answer = walk.answer;
    // The first step's beginning is the walk's, unless steps have moved it on.
    answer.took_ms = answer.steps.iter().map(|step| step.took_ms).sum::<u64>().max(millis(began.elapsed()));
    answer
}

struct Walk<'a> {
    answer: Answer,
    seen: &'a mut (dyn FnMut(&Step) + Send),
    /// The step that is under way.
    step: &'static str,
    began: Instant,
}

impl Walk<'_> {
    async fn all(&mut self, way: &ProbeTarget, dial: &dyn Dial, manner: Manner) -> Result<(), Stop> {
        let session = if way.connection.host.starts_with('/') {
            self.by_socket(&way.connection, manner).await?
        } else {
            self.by_network(&way.connection, dial, manner).await?
        };
        self.begin("query");
        let server = describe(&session, manner.bounds).await?;
        let kind = if server.in_recovery { "a standby" } else { "a primary" };
        self.passed(format!("SELECT 1 gives 1; PostgreSQL {}, {kind}", server.version));
        self.answer.server = Some(server.into());
        // How many connections there are is worth knowing, and no reason to call a database broken.
        self.begin("connections");
        match slots(&session, manner.bounds).await {
            Ok(slots) => {
                self.passed(format!(
                    "{} of {} are in use, {} reserved",
                    slots.in_use, slots.most, slots.reserved
                ));
                self.answer.connections = Some(slots.into());
            }
            Err(stop) => self.note(StepOutcome::Unknown, said(&stop)),
        }
        session.close().await;
        Ok(())
    }

    async fn by_network(
        &mut self,
        connection: &Connection,
        dial: &dyn Dial,
        manner: Manner,
    ) -> Result<Session, Stop> {
        let Manner { bounds, patience, .. } = manner;
        self.begin("name");
        let all = candidates(dial, HERE, &connection.servers(), bounds).await;
        if all.iter().all(|one| one.addresses.is_err()) {
            return Err(together(all.into_iter().filter_map(|one| one.addresses.err())));
        }
        let named = |one: &Candidate| match &one.addresses {
            Ok(addresses) => format!("{} is {}", one.server.host, list(addresses)),
            Err(stop) => said(stop),
        };
        self.passed(all.iter().map(named).collect::<Vec<_>>().join("; "));

        self.begin("port");
        let all = &all;
        let turned = insist(patience, || Box::pin(connect_in_turn(dial, HERE, all, bounds)), |_| {}).await?;
        let (mut stream, address) = turned.given;
        self.answer.address = Some(address.to_string());
        self.passed(format!("{address} takes a connection{}", over(&turned.passed_over)));

        self.begin("protocol");
        let answer = ask_for_tls(&mut stream, address, bounds.step).await?;
        drop(stream);
        self.passed(match answer {
            SslAnswer::Offered => "a PostgreSQL server, which offers TLS".to_owned(),
            SslAnswer::NotOffered => "a PostgreSQL server, which offers no TLS".to_owned(),
            SslAnswer::Error(_) => "a PostgreSQL server, which has something to say of logins".to_owned(),
        });

        self.begin("login");
        let turned =
            insist(patience, || Box::pin(login_in_turn(dial, HERE, all, connection, bounds)), |_| {}).await?;
        let session = turned.given;
        self.answer.address = Some(session.address.to_string());
        self.logged_in(&session, connection, &over(&turned.passed_over));
        Ok(session)
    }

    /// Through a socket in the file system: `/cloudsql/PROJECT:REGION:INSTANCE`.
    async fn by_socket(&mut self, connection: &Connection, manner: Manner) -> Result<Session, Stop> {
        self.begin("port");
        let path = PathBuf::from(&connection.host).join(format!(".s.PGSQL.{}", connection.port));
        let opened = timeout(manner.bounds.connect, UnixStream::connect(&path)).await;
        let path = path.display();
        let stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(self.no_socket(format!("{path}: {}", error.kind()))),
            Err(_) => return Err(self.no_socket(format!("{path}: no answer"))),
        };
        self.answer.address = Some(path.to_string());
        self.passed(format!("{path} takes a connection"));
        self.begin("login");
        // No driver makes TLS on a socket.
        let connection = Connection { sslmode: SslMode::Disable, ..connection.clone() };
        let session = login_over(stream, &connection, manner.bounds).await?;
        self.logged_in(&session, &connection, "");
        Ok(session)
    }

    /// A socket that is not there has no finding of its own: nothing on a network was met.
    fn no_socket(&mut self, detail: String) -> Stop {
        self.answer.end(Family::Network, detail.clone());
        Stop::Inconclusive(Inconclusive::Unavailable { what: "the socket".to_owned(), detail })
    }

    fn logged_in(&mut self, session: &Session, connection: &Connection, over: &str) {
        self.answer.tls = Some(session.tls);
        let secured = if session.tls { "over TLS" } else { "without TLS" };
        let unverified = session.secured.as_ref().is_some_and(|one| one.verified == Verified::No);
        let unverified = if unverified && connection.sslmode.verifies() {
            "; its certificate was not verified, for no variable states sslrootcert: libpq looks for ~/.postgresql/root.crt then, and ends without it"
        } else {
            ""
        };
        self.passed(format!(
            "user {} logs in to database {} {secured}{unverified}{over}",
            connection.user, connection.database
        ));
    }

    fn begin(&mut self, step: &'static str) {
        (self.step, self.began) = (step, Instant::now());
    }

    fn passed(&mut self, detail: String) {
        self.note(StepOutcome::Passed, detail);
    }

    fn note(&mut self, outcome: StepOutcome, detail: String) {
        let took_ms = millis(self.began.elapsed());
        let step = Step { step: self.step.to_owned(), outcome, detail, took_ms };
        (self.seen)(&step);
        self.answer.steps.push(step);
    }

    fn stop(&mut self, stop: &Stop) {
        let detail = said(stop);
        // What ended it may have been told already: a socket that is not there.
        let family = match (self.answer.family, stop) {
            (Family::Inconclusive, Stop::Found(finding)) => Family::of(finding),
            (family, _) => family,
        };
        if let Stop::Found(
            PostgresFinding::LoginRefused { sqlstate, .. } | PostgresFinding::QueryFailed { sqlstate, .. },
        ) = stop
        {
            self.answer.sqlstate = Some(sqlstate.clone());
        }
        let outcome = if family == Family::Inconclusive { StepOutcome::Unknown } else { StepOutcome::Failed };
        self.note(outcome, detail.clone());
        self.answer.end(family, detail);
    }
}

fn said(stop: &Stop) -> String {
    match stop {
        Stop::Found(finding) => finding.to_string(),
        Stop::Inconclusive(Inconclusive::Unavailable { what, detail }) => format!("{what}: {detail}"),
        Stop::Inconclusive(_) => "it could not be found out".to_owned(),
    }
}

/// The servers that the driver would try before, as the end of a sentence.
fn over(passed_over: &[PassedOver]) -> String {
    passed_over.iter().map(|one| format!("; before it, {}: {}", one.server, said(&one.stop))).collect()
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

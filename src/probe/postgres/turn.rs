//! Several servers of one connection string, tried in turn as libpq does.
//!
//! libpq goes on to the next server where one has no address, takes no connection, is not ready (57P03), is not what
//! `target_session_attrs` asks for, or does not end a login within `connect_timeout`. Anything else that a server says
//! ends it: a refused login is not tried elsewhere. (`PQconnectPoll` of its `fe-connect.c`.)

use std::net::SocketAddr;

use futures::future::BoxFuture;
use tokio::net::TcpStream;

use super::login::{Session, login};
use super::state::describe;
use super::{Bounds, Stop, connect, resolve};
use crate::connection::{Connection, DsnServer, SessionTarget};
use crate::probe::dial::Dial;
use crate::record::finding::{Ending, PostgresFinding, Tried};

/// A server of a connection string, and its addresses as checked from here; or why it has none.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The server as it is stated.
    pub server: DsnServer,
    /// Its addresses.
    pub addresses: Result<Vec<SocketAddr>, Stop>,
}

/// A server that was tried before the one that was taken.
#[derive(Clone, Debug)]
pub struct PassedOver {
    /// The server.
    pub server: DsnServer,
    /// What came of it.
    pub stop: Stop,
}

/// What a step gave, and with which server.
#[derive(Debug)]
pub struct Turned<T> {
    /// What it gave.
    pub given: T,
    /// The server.
    pub server: DsnServer,
    /// Those that were tried before.
    pub passed_over: Vec<PassedOver>,
}

impl Candidate {
    /// Its addresses.
    pub fn addresses(&self) -> Result<&[SocketAddr], Stop> {
        self.addresses.as_deref().map_err(Clone::clone)
    }
}

impl Connection {
    /// Every server, in the order in which they stand.
    pub fn servers(&self) -> Vec<DsnServer> {
        let first = DsnServer { host: self.host.clone(), port: self.port };
        std::iter::once(first).chain(self.others.iter().cloned()).collect()
    }

    /// The same way, with this one of its servers.
    #[must_use]
    pub fn at(&self, server: &DsnServer) -> Self {
        Self { host: server.host.clone(), port: server.port, ..self.clone() }
    }
}

/// Looks up all servers at once.
pub async fn candidates(
    dial: &dyn Dial,
    from: &str,
    servers: &[DsnServer],
    bounds: Bounds,
) -> Vec<Candidate> {
    let all = servers.iter().map(|server| async move {
        let addresses = resolve(dial, from, &server.host, server.port, bounds).await;
        Candidate { server: server.clone(), addresses }
    });
    futures::future::join_all(all).await
}

/// Makes a step with the servers in turn; `waits`: the driver gives up a login that does not end.
///
/// # Errors
///
/// [`Stop`]: what ended it; where that was every server, what they say together.
pub async fn in_turn<'a, T>(
    candidates: &'a [Candidate],
    waits: bool,
    mut step: impl FnMut(&'a Candidate) -> BoxFuture<'a, Result<T, Stop>> + Send,
) -> Result<Turned<T>, Stop> {
    let mut passed_over = Vec::new();
    for candidate in candidates {
        let server = candidate.server.clone();
        match step(candidate).await {
            Ok(given) => return Ok(Turned { given, server, passed_over }),
            Err(stop) if candidates.len() > 1 && goes_on(&stop, waits) => {
                passed_over.push(PassedOver { server, stop });
            }
            Err(stop) => return Err(stop),
        }
    }
    Err(together(passed_over.into_iter().map(|one| one.stop)))
}

/// A TCP connection to the first server that takes one.
pub async fn connect_in_turn(
    dial: &dyn Dial,
    from: &str,
    candidates: &[Candidate],
    bounds: Bounds,
) -> Result<Turned<(TcpStream, SocketAddr)>, Stop> {
    in_turn(candidates, false, |candidate| {
        Box::pin(async move { connect(dial, from, candidate.addresses()?, bounds).await })
    })
    .await
}

/// Logs in to the first server that the driver would take, as [`login`] does it with one.
pub async fn login_in_turn(
    dial: &dyn Dial,
    from: &str,
    candidates: &[Candidate],
    connection: &Connection,
    bounds: Bounds,
) -> Result<Turned<Session>, Stop> {
    let (first, then) = match connection.target {
        // libpq walks the list twice.
        SessionTarget::PreferStandby if candidates.len() > 1 => {
            (SessionTarget::Standby, Some(SessionTarget::Any))
        }
        SessionTarget::PreferStandby => (SessionTarget::Any, None),
        other @ (SessionTarget::Any
        | SessionTarget::ReadWrite
        | SessionTarget::ReadOnly
        | SessionTarget::Primary
        | SessionTarget::Standby) => (other, None),
    };
    let walk = |wanted: SessionTarget| {
        in_turn(candidates, connection.connect_timeout.is_some(), move |candidate| {
            let at = connection.at(&candidate.server);
            Box::pin(async move {
                let session = login(dial, from, candidate.addresses()?, &at, bounds).await?;
                wanted_or_left(session, wanted, bounds).await
            })
        })
    };
    match (walk(first).await, then) {
        (Err(Stop::Found(finding)), Some(wanted)) if goes_on(&finding.clone().into(), true) => {
            walk(wanted).await
        }
        (end, _) => end,
    }
}

/// The session, where it is what is asked for.
async fn wanted_or_left(session: Session, wanted: SessionTarget, bounds: Bounds) -> Result<Session, Stop> {
    if wanted == SessionTarget::Any {
        return Ok(session);
    }
    let server = describe(&session, bounds).await?;
    let (standby, read_only) = (server.in_recovery, server.in_recovery || server.read_only);
    let fits = match wanted {
        SessionTarget::Any | SessionTarget::PreferStandby => true,
        SessionTarget::ReadWrite => !read_only,
        SessionTarget::ReadOnly => read_only,
        SessionTarget::Primary => !standby,
        SessionTarget::Standby => standby,
    };
    if fits {
        return Ok(session);
    }
    let address = session.address;
    session.close().await;
    Err(PostgresFinding::SessionUnwanted {
        addresses: vec![address],
        wanted: wanted.to_string(),
        standby,
        read_only,
    }
    .into())
}

/// Whether libpq tries the next server after this.
fn goes_on(stop: &Stop, waits: bool) -> bool {
    let finding = match stop {
        // The gate could not find out; the driver would have.
        Stop::Inconclusive(_) => return true,
        Stop::Found(finding) => finding,
    };
    match finding {
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::SessionUnwanted { .. } => true,
        PostgresFinding::LoginRefused { sqlstate, .. } => sqlstate == "57P03",
        PostgresFinding::Cut { ending: Ending::Silence { .. } | Ending::Endless { .. }, .. } => waits,
        PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::QueryFailed { .. } => false,
    }
}

/// What all servers say together: the one that tells most, and the others beside it. Where the gate could not find out
/// about one, it has not shown that none serves.
pub fn together(stops: impl Iterator<Item = Stop>) -> Stop {
    let mut findings = Vec::new();
    for stop in stops {
        match stop {
            Stop::Found(finding) => findings.push(finding),
            Stop::Inconclusive(why) => return Stop::Inconclusive(why),
        }
    }
    findings.sort_by_key(weight);
    let mut findings = findings.into_iter();
    let Some(mut leading) = findings.next() else {
        return Stop::Inconclusive(crate::record::Inconclusive::Unavailable {
            what: "a TCP connection".to_owned(),
            detail: "the connection string names no server".to_owned(),
        });
    };
    findings.for_each(|other| absorb(&mut leading, other));
    leading.into()
}

/// A lighter one tells more: silence more than a reset, and a server that is only not wanted least.
fn weight(finding: &PostgresFinding) -> u8 {
    match finding {
        PostgresFinding::TimedOut { .. } => 0,
        PostgresFinding::Refused { .. } => 1,
        PostgresFinding::Unreachable { .. } => 2,
        PostgresFinding::LoginRefused { .. } => 3,
        PostgresFinding::Cut { .. } => 4,
        PostgresFinding::NameUnresolvable { .. } => 5,
        PostgresFinding::SessionUnwanted { .. } => 6,
        PostgresFinding::NotPostgres { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::QueryFailed { .. } => 7,
    }
}

/// Adds what another server's finding says of addresses.
fn absorb(leading: &mut PostgresFinding, other: PostgresFinding) {
    match (leading, other) {
        (
            PostgresFinding::TimedOut { addresses, others, .. },
            PostgresFinding::TimedOut { addresses: more, others: further, .. },
        )
        | (
            PostgresFinding::Refused { addresses, others },
            PostgresFinding::Refused { addresses: more, others: further },
        ) => {
            addresses.extend(more);
            others.extend(further);
        }
        (
            PostgresFinding::TimedOut { others, .. },
            PostgresFinding::Refused { addresses, others: further },
        ) => {
            others.extend(addresses.into_iter().map(|address| Tried { address, end: "refused".to_owned() }));
            others.extend(further);
        }
        (
            PostgresFinding::TimedOut { others, .. } | PostgresFinding::Refused { others, .. },
            PostgresFinding::Unreachable { addresses, error },
        ) => others.extend(addresses.into_iter().map(|address| Tried { address, end: error.clone() })),
        (
            PostgresFinding::TimedOut { others, .. } | PostgresFinding::Refused { others, .. },
            PostgresFinding::SessionUnwanted { addresses, wanted, .. },
        ) => others.extend(
            addresses.into_iter().map(|address| Tried { address, end: format!("up, and not {wanted}") }),
        ),
        (
            PostgresFinding::Unreachable { addresses, .. },
            PostgresFinding::Unreachable { addresses: more, .. },
        )
        | (
            PostgresFinding::SessionUnwanted { addresses, .. },
            PostgresFinding::SessionUnwanted { addresses: more, .. },
        ) => addresses.extend(more),
        // Each step tells of every server by itself; one finding has no room for these.
        (_, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Inconclusive;

    fn address(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn refused(port: u16) -> Stop {
        PostgresFinding::Refused { addresses: vec![address(port)], others: Vec::new() }.into()
    }

    fn silent(port: u16) -> Stop {
        PostgresFinding::TimedOut { addresses: vec![address(port)], after_ms: 1, others: Vec::new() }.into()
    }

    fn unwanted(port: u16) -> Stop {
        let (wanted, standby, read_only) = ("read-write".to_owned(), true, true);
        PostgresFinding::SessionUnwanted { addresses: vec![address(port)], wanted, standby, read_only }.into()
    }

    fn list(count: u16) -> Vec<Candidate> {
        let server = |port| DsnServer { host: "127.0.0.1".to_owned(), port };
        (1..=count)
            .map(|port| Candidate { server: server(port), addresses: Ok(vec![address(port)]) })
            .collect()
    }

    /// What comes of servers that end so, in their order; and how many were asked.
    async fn walked(ends: &[Result<(), Stop>], waits: bool) -> (Result<u16, Stop>, usize) {
        let all = list(u16::try_from(ends.len()).unwrap());
        let mut asked = 0;
        let end = in_turn(&all, waits, |candidate| {
            asked += 1;
            let end = ends[usize::from(candidate.server.port) - 1].clone();
            Box::pin(std::future::ready(end))
        })
        .await;
        (end.map(|turned| turned.server.port), asked)
    }

    #[tokio::test]
    async fn libpq_goes_on_only_where_a_server_does_not_serve() {
        let login = |sqlstate: &str| -> Result<(), Stop> {
            Err(PostgresFinding::LoginRefused {
                sqlstate: sqlstate.to_owned(),
                message: String::new(),
                user: "u".to_owned(),
                database: "d".to_owned(),
                tls: false,
                stage: crate::record::finding::Stage::BeforeProof,
                certificate_missed: false,
                other_way: None,
                routine: None,
            }
            .into())
        };
        let silence = || -> Result<(), Stop> {
            let ending = Ending::Silence { after_ms: 1 };
            Err(PostgresFinding::Cut { address: address(1), step: "login".to_owned(), ending }.into())
        };
        for first in [Err(refused(1)), Err(silent(1)), Err(unwanted(1)), login("57P03")] {
            assert_eq!(walked(&[first, Ok(())], false).await, (Ok(2), 2));
        }
        for first in [login("28P01"), login("53300"), silence()] {
            assert_eq!(walked(&[first.clone(), Ok(())], false).await, (first.map(|()| 1), 1));
        }
        assert_eq!(walked(&[silence(), Ok(())], true).await, (Ok(2), 2), "connect_timeout is stated");
        assert_eq!(walked(&[Ok(()), Err(refused(2))], false).await, (Ok(1), 1));
    }

    #[tokio::test]
    async fn dead_servers_are_told_together() {
        let (end, asked) = walked(&[Err(refused(1)), Err(silent(2)), Err(unwanted(3))], false).await;
        let Err(Stop::Found(PostgresFinding::TimedOut { addresses, others, .. })) = end else {
            panic!("silence tells most")
        };
        assert_eq!((asked, addresses.len(), others.len()), (3, 1, 2));
        assert_eq!(others[1].end, "up, and not read-write");
        let (end, _) = walked(&[Err(unwanted(1)), Err(unwanted(2))], false).await;
        assert!(
            matches!(&end, Err(Stop::Found(PostgresFinding::SessionUnwanted { addresses, .. })) if addresses.len() == 2),
            "{end:?}"
        );
        let unknown =
            Stop::Inconclusive(Inconclusive::Unavailable { what: String::new(), detail: String::new() });
        let (end, _) = walked(&[Err(refused(1)), Err(unknown.clone())], false).await;
        assert_eq!(end, Err(unknown), "one that could not be asked is not known to be dead");
    }
}

//! The first two steps: the name, and a TCP connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Bounds, Stop, millis};
use crate::probe::dial::{Dial, Unresolved};
use crate::record::Inconclusive;
use crate::record::finding::{PostgresFinding, Tried};

/// More addresses of one name than this are not tried.
const MOST_ADDRESSES: usize = 16;

/// How long further addresses are waited for once one has taken the connection.
const GRACE: Duration = Duration::from_secs(1);

/// The addresses of a host, as checked from where the service `from` stands.
pub async fn resolve(
    dial: &dyn Dial,
    from: &str,
    host: &str,
    port: u16,
    bounds: Bounds,
) -> Result<Vec<SocketAddr>, Stop> {
    let unavailable = |detail: String| {
        Stop::Inconclusive(Inconclusive::Unavailable { what: format!("the address of {host}"), detail })
    };
    match timeout(bounds.step, dial.resolve(from, host)).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            Ok(addresses.into_iter().take(MOST_ADDRESSES).map(|ip| SocketAddr::new(ip, port)).collect())
        }
        // An error with a number comes from the system (no descriptor left, …), not from the resolver.
        Ok(Err(error)) if error.raw_os_error().is_some() => Err(unavailable(error.kind().to_string())),
        Ok(Err(error)) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Unresolved>()) {
            // A resolver that cannot find out has not said that there is no such name.
            Some(why @ (Unresolved::Again | Unresolved::Failed)) => Err(unavailable(why.to_string())),
            Some(Unresolved::NoName) | None => {
                Err(PostgresFinding::NameUnresolvable { host: host.to_owned() }.into())
            }
        },
        Ok(Ok(_)) => Err(PostgresFinding::NameUnresolvable { host: host.to_owned() }.into()),
        Err(_) => Err(unavailable(format!("the resolver gave no answer within {} ms", millis(bounds.step)))),
    }
}

/// A TCP connection to the first of these addresses that takes one; all are tried at once.
pub async fn connect(
    dial: &dyn Dial,
    from: &str,
    addresses: &[SocketAddr],
    bounds: Bounds,
) -> Result<(TcpStream, SocketAddr), Stop> {
    let mut attempts: FuturesUnordered<_> =
        addresses.iter().map(|&address| attempt(dial, from, address, bounds)).collect();
    let mut failures = Failures::default();
    while let Some((address, end)) = attempts.next().await {
        match end {
            Ok(stream) => return Ok((stream, address)),
            Err(error) => failures.add(address, &error),
        }
    }
    Err(failures.stop(bounds.connect))
}

/// Tries every address, and says of each how that ended: the first that took the connection, and after how long; and
/// those that did not. Once one has taken it, the others get a second more.
pub async fn try_all(
    dial: &dyn Dial,
    from: &str,
    addresses: &[SocketAddr],
    bounds: Bounds,
) -> Result<(SocketAddr, Duration, Vec<Tried>), Stop> {
    let began = Instant::now();
    let mut attempts: FuturesUnordered<_> =
        addresses.iter().map(|&address| attempt(dial, from, address, bounds)).collect();
    let mut failures = Failures::default();
    let mut taken: Option<(SocketAddr, Duration)> = None;
    let mut open: Vec<SocketAddr> = addresses.to_vec();
    let mut end = began + bounds.connect + GRACE;
    while let Ok(Some((address, tried))) = timeout_at(end, attempts.next()).await {
        open.retain(|one| *one != address);
        match tried {
            Ok(_stream) if taken.is_none() => {
                taken = Some((address, began.elapsed()));
                end = Instant::now() + GRACE;
            }
            Ok(_stream) => {}
            Err(error) => failures.add(address, &error),
        }
    }
    let Some((address, after)) = taken else { return Err(failures.stop(bounds.connect)) };
    let mut others = failures.tried();
    let unanswered = Tried { address, end: format!("no answer within {} ms", millis(began.elapsed())) };
    others.extend(open.into_iter().map(|address| Tried { address, ..unanswered.clone() }));
    Ok((address, after, others))
}

/// Boxed, so that its lifetimes are those of its arguments and no others.
fn attempt<'a>(
    dial: &'a dyn Dial,
    from: &'a str,
    address: SocketAddr,
    bounds: Bounds,
) -> BoxFuture<'a, (SocketAddr, io::Result<TcpStream>)> {
    Box::pin(async move {
        let end = match timeout(bounds.connect, dial.connect(from, address)).await {
            Ok(end) => end,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
        };
        if let Ok(stream) = &end {
            // The conversation is made of small messages that wait for one another. Where the option is refused, it
            // is only slower.
            drop(stream.set_nodelay(true));
        }
        (address, end)
    })
}

/// Addresses by the way in which they failed.
#[derive(Default)]
struct Failures {
    timed_out: Vec<SocketAddr>,
    refused: Vec<SocketAddr>,
    unreachable: Vec<(SocketAddr, String)>,
    other: Vec<(SocketAddr, String)>,
}

impl Failures {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the standard library's list, of which few concern a connection"
    )]
    fn add(&mut self, address: SocketAddr, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::TimedOut => self.timed_out.push(address),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => self.refused.push(address),
            io::ErrorKind::HostUnreachable => self.unreachable.push((address, "EHOSTUNREACH".to_owned())),
            io::ErrorKind::NetworkUnreachable => self.unreachable.push((address, "ENETUNREACH".to_owned())),
            io::ErrorKind::NetworkDown => self.unreachable.push((address, "ENETDOWN".to_owned())),
            // A firewall of this machine itself, and an address family that it does not have.
            io::ErrorKind::PermissionDenied => self.unreachable.push((address, "EACCES".to_owned())),
            io::ErrorKind::AddrNotAvailable => self.unreachable.push((address, "EADDRNOTAVAIL".to_owned())),
            // What is left is of this machine (no descriptor, no memory), and says nothing about the other.
            kind => self.other.push((address, kind.to_string())),
        }
    }

    /// Each address with its end.
    fn tried(&self) -> Vec<Tried> {
        let one = |address: &SocketAddr, end: &str| Tried { address: *address, end: end.to_owned() };
        let timed_out = self.timed_out.iter().map(|address| one(address, "no answer"));
        let refused = self.refused.iter().map(|address| one(address, "refused"));
        let unreachable = self.unreachable.iter().map(|(address, error)| one(address, error));
        let other = self.other.iter().map(|(address, error)| one(address, error));
        timed_out.chain(refused).chain(unreachable).chain(other).collect()
    }

    /// What the failures say together. One address from which nothing comes is worse than one that refuses, and
    /// either says more than one without a route: a name often has an IPv6 address that nobody can use. The others
    /// are listed with their own ends.
    fn stop(mut self, after: Duration) -> Stop {
        for list in [&mut self.timed_out, &mut self.refused] {
            list.sort_unstable();
        }
        self.unreachable.sort_unstable();
        let all = self.tried();
        let others = |named: &[SocketAddr]| {
            all.iter().filter(|tried| !named.contains(&tried.address)).cloned().collect()
        };
        if !self.timed_out.is_empty() {
            let after_ms = millis(after);
            let others = others(&self.timed_out);
            return PostgresFinding::TimedOut { addresses: self.timed_out, after_ms, others }.into();
        }
        if !self.refused.is_empty() {
            let others = others(&self.refused);
            return PostgresFinding::Refused { addresses: self.refused, others }.into();
        }
        if let Some((_, error)) = self.unreachable.first() {
            let error = error.clone();
            let addresses = self.unreachable.iter().map(|(address, _)| *address).collect();
            return PostgresFinding::Unreachable { addresses, error }.into();
        }
        let detail = match self.other.pop() {
            Some((_, error)) => error,
            None => "there is no address to connect to".to_owned(),
        };
        Stop::Inconclusive(Inconclusive::Unavailable { what: "a TCP connection".to_owned(), detail })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use io::ErrorKind;

    fn stop(kinds: &[ErrorKind]) -> Stop {
        let mut failures = Failures::default();
        for (kind, port) in kinds.iter().zip(1..) {
            failures.add(SocketAddr::from(([192, 0, 2, 1], port)), &io::Error::from(*kind));
        }
        failures.stop(Duration::from_secs(2))
    }

    #[test]
    fn the_way_of_failing_is_told_apart() {
        for (kinds, expected) in [
            (&[ErrorKind::ConnectionRefused][..], "refused"),
            (&[ErrorKind::TimedOut], "timed-out"),
            (&[ErrorKind::HostUnreachable], "unreachable"),
            (&[ErrorKind::NetworkUnreachable, ErrorKind::TimedOut], "timed-out"),
            (&[ErrorKind::NetworkUnreachable, ErrorKind::ConnectionRefused], "refused"),
            (&[ErrorKind::ConnectionRefused, ErrorKind::TimedOut], "timed-out"),
        ] {
            let Stop::Found(finding) = stop(kinds) else { panic!("{kinds:?} is a finding") };
            assert_eq!(serde_json::to_value(&finding).unwrap()["kind"], expected, "{kinds:?}");
        }
    }

    #[test]
    fn a_machine_without_descriptors_says_nothing_about_the_database() {
        assert!(matches!(stop(&[ErrorKind::OutOfMemory]), Stop::Inconclusive(_)));
        assert!(matches!(stop(&[]), Stop::Inconclusive(_)));
    }

    #[test]
    fn only_the_addresses_of_the_named_failure_are_listed() {
        let Stop::Found(PostgresFinding::TimedOut { addresses, after_ms, others }) =
            stop(&[ErrorKind::NetworkUnreachable, ErrorKind::TimedOut])
        else {
            panic!("it timed out")
        };
        assert_eq!((addresses.len(), addresses[0].port(), after_ms), (1, 2, 2000));
        assert_eq!(
            others,
            [Tried { address: "192.0.2.1:1".parse().unwrap(), end: "ENETUNREACH".to_owned() }]
        );
    }
}

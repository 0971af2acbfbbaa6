//! The first two steps: the name, and a TCP connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Bounds, Stop, millis};
use crate::probe::dial::Dial;
use crate::run::finding::PostgresFinding;
use crate::run::outcome::Broken;

/// More addresses of one name than this are not tried.
const MOST_ADDRESSES: usize = 16;

/// The addresses of a host, as seen from where the service `from` stands.
pub async fn resolve(
    dial: &dyn Dial,
    from: &str,
    host: &str,
    port: u16,
    bounds: Bounds,
) -> Result<Vec<SocketAddr>, Stop> {
    let unavailable =
        |detail: String| Stop::Broken(Broken::Unavailable { what: format!("the address of {host}"), detail });
    match timeout(bounds.step, dial.resolve(from, host)).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            Ok(addresses.into_iter().take(MOST_ADDRESSES).map(|ip| SocketAddr::new(ip, port)).collect())
        }
        // An error with a number comes from the system (no descriptor left, …), not from the resolver.
        Ok(Err(error)) if error.raw_os_error().is_some() => Err(unavailable(error.kind().to_string())),
        Ok(Ok(_) | Err(_)) => Err(PostgresFinding::NameUnresolvable { host: host.to_owned() }.into()),
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
    let mut attempts: FuturesUnordered<_> = addresses
        .iter()
        .map(|&address| async move {
            match timeout(bounds.connect, dial.connect(from, address)).await {
                Ok(Ok(stream)) => Ok((stream, address)),
                Ok(Err(error)) => Err((address, error)),
                Err(_) => Err((address, io::Error::from(io::ErrorKind::TimedOut))),
            }
        })
        .collect();
    let mut failures = Failures::default();
    while let Some(end) = attempts.next().await {
        match end {
            Ok((stream, address)) => {
                // The conversation is made of small messages that wait for one another. Where the option is
                // refused, it is only slower.
                drop(stream.set_nodelay(true));
                return Ok((stream, address));
            }
            Err((address, error)) => failures.add(address, &error),
        }
    }
    Err(failures.stop(bounds.connect))
}

/// Addresses by the way in which they failed.
#[derive(Default)]
struct Failures {
    timed_out: Vec<SocketAddr>,
    refused: Vec<SocketAddr>,
    unreachable: Vec<(SocketAddr, &'static str)>,
    other: Option<String>,
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
            io::ErrorKind::HostUnreachable => self.unreachable.push((address, "EHOSTUNREACH")),
            io::ErrorKind::NetworkUnreachable => self.unreachable.push((address, "ENETUNREACH")),
            io::ErrorKind::NetworkDown => self.unreachable.push((address, "ENETDOWN")),
            // A firewall of this machine itself, and an address family that it does not have.
            io::ErrorKind::PermissionDenied => self.unreachable.push((address, "EACCES")),
            io::ErrorKind::AddrNotAvailable => self.unreachable.push((address, "EADDRNOTAVAIL")),
            // What is left is of this machine (no descriptor, no memory), and says nothing about the other.
            kind => self.other = Some(kind.to_string()),
        }
    }

    /// What the failures say together. One address from which nothing comes is worse than one that refuses, and
    /// either says more than one without a route: a name often has an IPv6 address that nobody can use.
    fn stop(mut self, after: Duration) -> Stop {
        for list in [&mut self.timed_out, &mut self.refused] {
            list.sort_unstable();
        }
        self.unreachable.sort_unstable();
        if !self.timed_out.is_empty() {
            let after_ms = millis(after);
            return PostgresFinding::TimedOut { addresses: self.timed_out, after_ms }.into();
        }
        if !self.refused.is_empty() {
            return PostgresFinding::Refused { addresses: self.refused }.into();
        }
        if let Some((_, error)) = self.unreachable.first() {
            let error = (*error).to_owned();
            let addresses = self.unreachable.iter().map(|(address, _)| *address).collect();
            return PostgresFinding::Unreachable { addresses, error }.into();
        }
        let detail = self.other.unwrap_or_else(|| "there is no address to connect to".to_owned());
        Stop::Broken(Broken::Unavailable { what: "a TCP connection".to_owned(), detail })
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
        assert!(matches!(stop(&[ErrorKind::OutOfMemory]), Stop::Broken(_)));
        assert!(matches!(stop(&[]), Stop::Broken(_)));
    }

    #[test]
    fn only_the_addresses_of_the_named_failure_are_listed() {
        let Stop::Found(PostgresFinding::TimedOut { addresses, after_ms }) =
            stop(&[ErrorKind::NetworkUnreachable, ErrorKind::TimedOut])
        else {
            panic!("it timed out")
        };
        assert_eq!((addresses.len(), addresses[0].port(), after_ms), (1, 2, 2000));
    }
}

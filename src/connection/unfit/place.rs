//! Hosts, sockets and ports at which no database of Cloud Run's is.

use std::net::IpAddr;

use super::dummy::is_dummy_host;
use super::{Beside, Fault};
use crate::connection::driver::Family;
use crate::connection::{DEFAULT_PORT, SslMode};
use crate::text::bounded;

/// The folder of the sockets that Cloud Run itself puts into a container.
const CLOUD_SQL: &str = "/cloudsql/";

/// A host, or the folder of a socket.
pub(super) fn host(host: &str, beside: &Beside<'_>) -> Vec<Fault> {
    if host.starts_with('/') {
        return socket(host, beside);
    }
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if beside.is_open(bare) {
        Vec::new()
    } else if is_loopback(bare) {
        // A proxy in another container shares the address.
        if beside.alone { vec![Fault::Loopback(bounded(bare))] } else { Vec::new() }
    } else if is_compose_name(bare) {
        // Containers of one instance share their addresses, and have no names for one another.
        vec![Fault::ComposeName(bounded(bare))]
    } else if is_dummy_host(bare) {
        vec![Fault::Placeholder("host")]
    } else {
        Vec::new()
    }
}

/// The folder of a socket. PostgreSQL has no TLS on any, and none may be longer than Linux allows.
fn socket(path: &str, beside: &Beside<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !beside.is_open(path) {
        faults.extend(is_dummy_host(path).then_some(Fault::Placeholder("host")));
        let length = socket_length(path.split("/.s.PGSQL.").next().unwrap_or(path));
        faults.extend((length > LONGEST_SOCKET).then_some(Fault::SocketTooLong(length)));
    }
    faults.extend(beside.sslmode.map(Fault::SocketTls));
    faults
}

/// The mode by which TLS is insisted on with a socket too. libpq asks for none there, whatever the mode says, and these
/// follow it; the others insist.
pub(super) fn tls(mode: Option<SslMode>, families: &[Family]) -> Option<SslMode> {
    let passes_over = |family: &Family| match family {
        Family::Libpq
        | Family::Asyncpg
        | Family::SqlAlchemy
        | Family::Django
        | Family::Pgx
        | Family::LibPq => true,
        Family::Node
        | Family::Prisma
        | Family::Jdbc
        | Family::TokioPostgres
        | Family::Sqlx
        | Family::Npgsql => false,
    };
    let all = !families.is_empty() && families.iter().all(passes_over);
    mode.filter(|mode| mode.requires_tls() && !all)
}

/// The connection name of an instance, which leads to its socket. The libraries that take it see to TLS themselves.
pub(super) fn instance(name: &str, beside: &Beside<'_>) -> Vec<Fault> {
    if beside.is_open(name) {
        Vec::new()
    } else if name.split(':').filter(|part| !part.is_empty()).count() < 3 {
        let problem = "it is no connection name of an instance (project:region:instance)";
        vec![Fault::Unreadable(problem.to_owned())]
    } else {
        socket(&format!("{CLOUD_SQL}{name}"), &Beside { sslmode: None, ..*beside })
    }
}

/// A port by itself, or the ports of several hosts.
pub(super) fn ports(text: &str, beside: &Beside<'_>) -> Option<Fault> {
    if beside.is_open(text) {
        return None;
    }
    text.split(',').find_map(|digits| match digits.trim().parse::<u16>() {
        Ok(0) | Err(_) => Some(Fault::Unreadable("it is no port number from 1 to 65535".to_owned())),
        Ok(number) => port(number, beside),
    })
}

/// A port. What the usual ones of others are says nothing where nobody says that the database is PostgreSQL; where only
/// the proxies talk, no client of any database does.
pub(super) fn port(port: u16, beside: &Beside<'_>) -> Option<Fault> {
    let on_socket = beside.host.is_some_and(|host| host.starts_with(CLOUD_SQL));
    match whose_port(port).filter(|_| port == PROXIES || beside.postgres) {
        Some(whose) => Some(Fault::Port(port, whose)),
        None => (on_socket && port != DEFAULT_PORT).then_some(Fault::SocketPort(port)),
    }
}

/// Whether a host is the container itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

/// Whether a host is a name that only a compose file or a developer machine knows.
fn is_compose_name(host: &str) -> bool {
    const NAMES: &[&str] = &[
        "db",
        "postgres",
        "postgresql",
        "database",
        "pg",
        "postgres-db",
        "host.docker.internal",
        "docker.for.mac.localhost",
        "gateway.docker.internal",
    ];
    NAMES.iter().any(|name| host.eq_ignore_ascii_case(name))
}

/// Where the Cloud SQL proxies take TLS of their own.
const PROXIES: u16 = 3307;

/// Whose a port is that is surely no PostgreSQL server's.
fn whose_port(port: u16) -> Option<&'static str> {
    match port {
        PROXIES => Some("where only the Cloud SQL proxies talk"),
        3306 => Some("which is MySQL's"),
        1433 => Some("which is SQL Server's"),
        27017 => Some("which is MongoDB's"),
        6379 => Some("which is Redis's"),
        _ => None,
    }
}

/// The longest path of a socket that Linux takes, in bytes.
pub(crate) const LONGEST_SOCKET: usize = 107;

/// Length of the path of the socket in a folder, in bytes.
pub(crate) fn socket_length(folder: &str) -> usize {
    folder.trim_end_matches('/').len() + "/.s.PGSQL.5432".len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_container_and_its_neighbours() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("10.0.0.1") && !is_loopback("localhost.example.com"));
        assert!(is_compose_name("DB") && !is_compose_name("db.internal"));
        assert_eq!(whose_port(5432), None);
        assert!(whose_port(3307).is_some());
        assert_eq!(socket_length("/cloudsql/p:r:i/"), 29);
    }
}

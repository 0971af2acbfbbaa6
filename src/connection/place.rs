//! Hosts and ports at which no database of Cloud Run's is.

use std::net::IpAddr;

/// Whether a host is the container itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

/// Whether a host is a name that only a compose file or a developer machine knows.
pub(crate) fn is_compose_name(host: &str) -> bool {
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

/// Whose a port is that is surely no PostgreSQL server's.
pub(crate) fn whose_port(port: u16) -> Option<&'static str> {
    match port {
        3307 => Some("where only the Cloud SQL proxies talk"),
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

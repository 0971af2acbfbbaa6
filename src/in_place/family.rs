//! What stands in the way of a database, as coarse as an exit status tells it.

use serde::{Deserialize, Serialize};

use crate::record::finding::PostgresFinding;

/// The family of what `rungate probe` saw. Documented in `docs/probe.md`; a status, once given out, keeps its meaning.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Family {
    /// The database answers a query.
    Works,
    /// It could not be found out.
    Inconclusive,
    /// The host name has no address here.
    Name,
    /// No connection comes about.
    Network,
    /// What answers is no PostgreSQL server, or breaks off.
    NotPostgres,
    /// The two sides do not agree on TLS.
    Tls,
    /// The login is refused.
    Login,
    /// The login is right, and the database is not there or not open to it.
    Database,
    /// No connection slot is left.
    Slots,
    /// A query is refused.
    Query,
    /// The server is starting, stopping or failing over.
    NotReady,
    /// The variables that lead to the database are missing, empty or unreadable.
    Variables,
}

impl Family {
    /// The exit status.
    pub fn exit_status(self) -> u8 {
        match self {
            Self::Works => 0,
            Self::Inconclusive => 3,
            Self::Name => 10,
            Self::Network => 11,
            Self::NotPostgres => 12,
            Self::Tls => 13,
            Self::Login => 14,
            Self::Database => 15,
            Self::Slots => 16,
            Self::Query => 17,
            Self::NotReady => 18,
            Self::Variables => 19,
        }
    }

    /// The family of a finding.
    pub fn of(finding: &PostgresFinding) -> Self {
        match finding {
            PostgresFinding::NameUnresolvable { .. } => Self::Name,
            PostgresFinding::Refused { .. }
            | PostgresFinding::TimedOut { .. }
            | PostgresFinding::Unreachable { .. } => Self::Network,
            PostgresFinding::NotPostgres { .. }
            | PostgresFinding::Cut { .. }
            | PostgresFinding::ServerUnproven { .. } => Self::NotPostgres,
            PostgresFinding::TlsUnsupported { .. }
            | PostgresFinding::CertificateInvalid { .. }
            | PostgresFinding::ClientCertificateRefused { .. }
            | PostgresFinding::TlsFailed { .. } => Self::Tls,
            // The login is right, and the database is another than the one asked for.
            PostgresFinding::SessionUnwanted { .. } => Self::Database,
            PostgresFinding::LoginRefused { sqlstate, .. } => match sqlstate.as_str() {
                "53300" => Self::Slots,
                // After the password: the database is missing, closed, or not this role's.
                "3D000" | "42501" | "55000" => Self::Database,
                state if state.starts_with("57P") => Self::NotReady,
                _ => Self::Login,
            },
            PostgresFinding::QueryFailed { sqlstate, .. } => match sqlstate.as_str() {
                "53300" => Self::Slots,
                state if state.starts_with("57P") => Self::NotReady,
                _ => Self::Query,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use strum::IntoEnumIterator as _;

    use super::Family;

    /// The documented table has every family with its status, and no other.
    #[test]
    fn the_documented_table_is_this_one() {
        let page = include_str!("../../docs/probe.md");
        let rows = page.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let status: u8 = cells.next()?.trim().parse().ok()?;
            Some((status, cells.next()?.trim().trim_matches('`').to_owned()))
        });
        let documented: BTreeSet<(u8, String)> = rows.filter(|(_, name)| name != "usage").collect();
        let real: BTreeSet<(u8, String)> =
            Family::iter().map(|family| (family.exit_status(), family.to_string())).collect();
        assert_eq!(documented, real);
        let statuses: BTreeSet<u8> = real.iter().map(|(status, _)| *status).collect();
        assert_eq!(statuses.len(), real.len(), "each has a status of its own");
        assert!(!statuses.contains(&2), "2 is a usage problem");
    }
}

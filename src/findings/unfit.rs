//! What [`unfit`] says of the values that a file states: which text is asked about as what, and what stands beside it.
//! What is open in a value, and where it stands in the file, is this look's own.

use super::database::{Piece, StatedDatabase};
use super::names::holds_password;
use super::open::{OPEN, blanked, is_known};
use crate::connection::SslMode;
use crate::connection::unfit::{self, Beside, Expected, Fault, unfit};
use crate::model::{Service, Variable, holds_connection_string};

/// What is unfit in the value of one variable.
pub(super) struct Spot<'a> {
    /// The variable.
    pub(super) from: &'a Variable,
    /// The way that it is a part of: its place among those of the service.
    pub(super) way: Option<usize>,
    /// What it should hold.
    pub(super) expected: Expected,
    /// In which way it is unfit.
    pub(super) fault: Fault,
    /// What drivers make of it, where they differ.
    pub(super) drivers: Vec<String>,
}

/// What is unfit in the values of a service's variables.
pub(super) fn spots<'a>(service: &'a Service, ways: &[StatedDatabase<'a>], names: &[&str]) -> Vec<Spot<'a>> {
    // libpq's own variable speaks for every connection of the process.
    let process: Option<SslMode> = service
        .variable("PGSSLMODE")
        .and_then(|one| one.value.as_known()?.trim().to_ascii_lowercase().parse().ok());
    let around = Beside {
        names,
        alone: service.sidecars.is_empty(),
        open: Some(OPEN),
        sslmode: process,
        ..Beside::default()
    };
    let mut spots = Vec::new();
    for (at, way) in ways.iter().enumerate() {
        let of = |piece: &Piece<'a>, expected| {
            let beside = Beside {
                variable: &piece.from.name,
                postgres: way.postgres,
                sslmode: way.known_sslmode().map(|(mode, _)| mode).or(around.sslmode),
                host: way.host.as_ref().map(|host| host.text.as_str()),
                user: way.user.as_ref().and_then(|user| user.known()),
                ..around
            };
            ask(piece.from, expected, &beside, Some(at))
        };
        if let Some(dsn) = &way.dsn {
            spots.extend(of(dsn, Expected::ConnectionString));
            continue;
        }
        for (piece, expected) in [
            (&way.host, Expected::Host),
            (&way.port, Expected::Port),
            (&way.password, Expected::Password),
            (&way.user, Expected::User),
            (&way.name, Expected::Name),
        ] {
            spots.extend(piece.iter().flat_map(|piece| of(piece, expected)));
        }
    }
    let led = |variable: &Variable| {
        ways.iter().flat_map(StatedDatabase::pieces).any(|piece| std::ptr::eq(piece.from, variable))
    };
    for variable in service.env.iter().filter(|variable| !led(variable)) {
        let name = variable.name.as_str();
        let expected = if holds_connection_string(name) {
            Expected::ConnectionString
        } else if holds_password(name) && !name.contains("REDIS") {
            Expected::Password
        } else {
            continue;
        };
        spots.extend(ask(variable, expected, &Beside { variable: name, ..around }, None));
    }
    spots
}

fn ask<'a>(from: &'a Variable, expected: Expected, beside: &Beside<'_>, way: Option<usize>) -> Vec<Spot<'a>> {
    let text = blanked(&from.value);
    let bare = text.trim().trim_matches(['"', '\'', '`']).trim();
    unfit(&text, expected, beside)
        .into_iter()
        .filter(|fault| match fault {
            // The expression of an open value may have quotes and blanks of its own.
            Fault::Edge { .. } | Fault::Quoted => from.value.as_known().is_some(),
            Fault::Empty => true,
            // Of a string by its name alone nobody knows which database it leads to, nor of a password.
            Fault::Encoded(_) | Fault::LooksEncoded => {
                way.is_some() || expected == Expected::ConnectionString
            }
            Fault::Unescaped(_)
            | Fault::Unreadable(_)
            | Fault::Loopback(_)
            | Fault::ComposeName(_)
            | Fault::Placeholder(_)
            | Fault::SocketTooLong(_)
            | Fault::SocketTls(_)
            | Fault::Port(..)
            | Fault::SocketPort(_)
            | Fault::JdbcUser(_)
            | Fault::Dialect(_)
            | Fault::Driver => way.is_some(),
        })
        .map(|fault| {
            let differ = matches!(fault, Fault::Unescaped(_) | Fault::Driver) && is_known(bare);
            let drivers = if differ { unfit::drivers(bare, beside).opinions } else { Vec::new() };
            Spot { from, way, expected, fault, drivers }
        })
        .collect()
}

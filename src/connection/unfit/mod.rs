//! What is unfit in a value that leads to a database: the one rule that the look at the files and the look at what a
//! revision is given both ask. Which kinds there are, in which order they count, and what is exempt from each stands
//! here and nowhere else; the places in a file, the words, and what is open in a value are the askers' own.
//!
//! No part of a secret is kept: a class of character, a length, a position. A host is kept only where it is a word that
//! everybody knows (`localhost`, a name from a compose file).

mod dummy;
mod encoded;
mod fault;
mod place;
mod scheme;
mod string;
mod text;
mod unescaped;

use super::driver::{self, Family, Reading};
use super::{SslMode, iam_account};
use crate::record::finding::Drivers;

pub(crate) use dummy::{is_dummy, is_dummy_host};
pub(crate) use fault::Fault;
pub(crate) use place::{LONGEST_SOCKET, is_loopback, socket_length};
pub(crate) use scheme::Mismatch;

/// What a variable should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A whole connection string.
    ConnectionString,
    /// A host: a name, an address, the folder of a socket.
    Host,
    /// The connection name of a Cloud SQL instance.
    Instance,
    /// A port number.
    Port,
    /// A password.
    Password,
    /// A user's name.
    User,
    /// A database's name.
    Name,
}

/// What stands beside the value and decides what it means. No `Debug`: the host may be the rest of a password.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    /// The name of the variable that holds the value.
    pub(crate) variable: &'a str,
    /// The names of all variables, which may tell of the runtime, and so of the driver.
    pub(crate) names: &'a [&'a str],
    /// No other container runs beside the one that gets the value.
    pub(crate) alone: bool,
    /// The database is surely PostgreSQL, and not only some database.
    pub(crate) postgres: bool,
    /// How TLS is asked for by another variable.
    pub(crate) sslmode: Option<SslMode>,
    /// The host that another variable holds.
    pub(crate) host: Option<&'a str>,
    /// The user that another variable holds.
    pub(crate) user: Option<&'a str>,
    /// Stands in the value for what is not known. A part that holds it is not judged.
    pub(crate) open: Option<char>,
}

impl Beside<'_> {
    fn is_open(&self, text: &str) -> bool {
        self.open.is_some_and(|open| text.contains(open))
    }

    /// The families of drivers for which a connection string is meant, where that is known.
    fn families(&self, text: &str) -> &'static [Family] {
        driver::meant_for(self.variable, text, self.names.iter().copied())
    }

    /// Whether an empty value is meant so: who logs in with IAM has no password.
    fn may_be_empty(&self, expected: Expected) -> bool {
        expected == Expected::Password && self.user.is_some_and(|user| iam_account(user).is_some())
    }
}

/// Whether the driver that a connection string is meant for is known, and every one that may be fails with it.
fn fails(families: &[Family], text: &str) -> bool {
    !families.is_empty() && families.iter().all(|one| driver::reading(*one, text) != Reading::Takes)
}

/// What the drivers make of a connection string: those that it is meant for, where they are known, or all.
pub(crate) fn drivers(text: &str, beside: &Beside<'_>) -> Drivers {
    let families = beside.families(text);
    let opinions =
        if families.is_empty() { driver::opinions(text) } else { driver::opinions_among(families, text) };
    Drivers { certain: fails(families, text), opinions }
}

/// What is unfit in a value, from its edges inwards: what counts most comes first. What stands around the text is told
/// and taken off, so that what is within is judged as well.
pub(crate) fn unfit(value: &str, expected: Expected, beside: &Beside<'_>) -> Vec<Fault> {
    if value.is_empty() {
        return if beside.may_be_empty(expected) { Vec::new() } else { vec![Fault::Empty] };
    }
    let mut faults: Vec<Fault> = text::edges(value).collect();
    let mut text = value.trim();
    if let Some(what) = encoded::encoding(text).filter(|_| !beside.is_open(text)) {
        // What an encoding hides is not judged.
        faults.push(Fault::Encoded(what));
        return faults;
    }
    if let Some(within) = text::quoted(text) {
        faults.push(Fault::Quoted);
        text = within.trim();
    }
    if text.is_empty() {
        return faults;
    }
    let beside = &Beside { sslmode: place::tls(beside.sslmode, beside.families("")), ..*beside };
    match expected {
        Expected::ConnectionString => string::judge(text, beside, &mut faults),
        Expected::Host => faults.extend(place::host(text, beside)),
        Expected::Instance => faults.extend(place::instance(text, beside)),
        Expected::Port => faults.extend(place::ports(text, beside)),
        Expected::Password => faults.extend(text::password(text, beside)),
        Expected::User => faults.extend(text::name("user", text, beside)),
        Expected::Name => faults.extend(text::name("name", text, beside)),
    }
    faults
}

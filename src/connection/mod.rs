//! What the text of a value that leads to a database gives away: shapes that cannot work. Pure; shared by the look at
//! the files and the look at what a revision is given. Nothing here shows a part of a text.

pub mod driver;
pub mod dsn;
mod dummy;
mod encoded;
mod iam;
pub mod passfile;
mod place;
mod resolve;
mod scheme;
mod target;
mod trust;
mod unescaped;

#[cfg(test)]
pub(crate) mod tests;

pub use dsn::{
    Dsn, DsnForm, DsnProblem, Server as DsnServer, SessionTarget, SslMode, TlsFiles, parse as parse_dsn,
};
pub(crate) use dummy::{is_dummy, is_dummy_host};
pub(crate) use encoded::{encoding, looks_encoded};
pub(crate) use iam::iam_account;
pub(crate) use place::{LONGEST_SOCKET, is_compose_name, is_loopback, socket_length, whose_port};
pub(crate) use resolve::{
    Facts, Found, Given, Missing, Part, Reads, Source, Unreadable, Way, resolve, socket_folder,
};
pub(crate) use scheme::{Mismatch, has_option, mismatch};
pub use target::{Connection, DEFAULT_PORT};
pub use trust::{Authorities, Identity, PemProblem, Trust};
pub(crate) use unescaped::raw;

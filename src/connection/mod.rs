//! From variables to a connection string as each driver reads it, and what is unfit in a value. Pure; shared by the look
//! at the files and the look at what a revision is given. Nothing here shows a part of a text.

pub mod driver;
pub mod dsn;
mod iam;
pub mod passfile;
mod resolve;
mod target;
#[cfg(test)]
pub(crate) mod tests;
mod trust;
pub(crate) mod unfit;

pub(crate) use dsn::Scheme;
pub use dsn::{
    Dsn, DsnForm, DsnProblem, Server as DsnServer, SessionTarget, SslMode, TlsFiles, parse as parse_dsn,
};
pub(crate) use iam::iam_account;
pub(crate) use resolve::{
    Facts, Found, Given, Missing, Part, Reads, Resolved, Source, Unreadable, resolve, socket_folder,
};
pub use target::{Connection, DEFAULT_PORT};
pub use trust::{Authorities, Identity, PemProblem, Trust};
pub(crate) use unfit::{LONGEST_SOCKET, is_dummy, is_dummy_host, is_loopback, socket_length};

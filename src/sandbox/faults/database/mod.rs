//! The database itself.

pub(super) mod contents;
pub(super) mod login;
pub(super) mod server;

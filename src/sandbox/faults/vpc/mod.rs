//! The way to the database.

pub(super) mod access;
pub(super) mod firewall;
pub(super) mod routes;

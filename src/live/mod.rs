//! The deploy as it is: what the checks of a service know of it in common, and hand on to each other.

pub(crate) mod access;
pub(crate) mod coherence;
pub(crate) mod connection;
pub(crate) mod conversation;
pub(crate) mod cookies;
pub(crate) mod files;
pub(crate) mod instance;
pub(crate) mod network;
mod scope;
pub(crate) mod service;
mod siblings;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod values;
pub(crate) mod vantage;
pub(crate) mod variables;
pub(crate) mod vpc_access;
pub(crate) mod walk;

pub use conversation::Conversation;
pub use scope::{Bell, Notes, RunSettings, Scope};
pub use siblings::{Progress, Siblings};
pub use walk::Walks;

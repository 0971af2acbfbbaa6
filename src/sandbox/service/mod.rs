//! The sample service behind Cloud Run's front end: the incident's own, as far as its database goes.
//!
//! It reads the variables that its revision injects and nothing else, and reaches its database through the world's
//! network. What it answers is what it experiences.

mod calls;
mod chat;
mod database;
mod front_end;
mod health;
mod instance;
mod journey;
mod variables;

pub(super) use front_end::{Leads, serve};
#[cfg(test)]
pub(crate) use variables::asked;

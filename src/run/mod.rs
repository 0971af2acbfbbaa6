//! The run: checks at work, and the record that they leave. The only async part besides [`crate::probe`].

pub mod finding;
pub mod outcome;
pub mod record;

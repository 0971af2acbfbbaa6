//! The run: checks at work, and the record that they leave. The only async part besides [`crate::probe`].

mod execute;
mod redact;

pub use execute::{Event, Judge, Options, execute};
pub(crate) use redact::without_secrets;

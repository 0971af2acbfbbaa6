//! The run: checks at work, and the record that they leave. The only async part besides [`crate::probe`].

pub mod attempt;
mod execute;
pub mod finding;
pub mod merge;
pub mod outcome;
pub mod record;
mod redact;
pub mod rollback;

pub use execute::{Event, Judge, Options, execute};
pub(crate) use redact::without_secrets;
pub use rollback::roll_back;

//! Text that others wrote, on its way in and out: bounded, escaped, quoted, and what looks like a secret. Pure.

pub mod escape;
pub(crate) mod github;
mod line;
pub(crate) mod nearest;
mod secret;
pub mod shell;
pub(crate) mod statement;
pub mod vault;

pub(crate) use line::{bounded, cut, line_of, listed};
pub use secret::looks_secret;

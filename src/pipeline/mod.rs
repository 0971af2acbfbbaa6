//! Readers of pipeline files, one a format.

mod excerpt;
mod problem;
pub mod source;
mod suggest;
pub mod yaml;

pub use problem::{Problem, Problems, Severity};

//! The embedded stand-in of the cloud that a pipeline describes.
//!
//! [`world`] is plain data: everything that is true of the imagined cloud. Three stands are derived from it and
//! from nothing else: what Google's control plane answers (`control_plane`), what becomes of a packet
//! ([`network`]), and what the sample service experiences (`service`), which really reads its injected variables
//! and really logs in to a PostgreSQL endpoint (`postgres`). A fault ([`faults`]) changes the world and nothing
//! else, so that the sample service fails by itself, never by script.
//!
//! Everything listens on 127.0.0.1, on ports that the system chose, and is gone when the [`Sandbox`] is dropped.

pub mod certificates;
mod cloud;
mod control_plane;
pub mod faults;
mod invent;
pub mod network;
mod place;
mod postgres;
mod random;
mod service;
mod start;
mod tokens;
pub mod world;

pub use invent::fill;
#[cfg(test)]
pub(crate) use service::asked;
pub use start::{Sandbox, SandboxError, SandboxOptions, start};

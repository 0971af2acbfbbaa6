//! Google's control plane, through Google's own client libraries. Every fact is fetched once a run.

mod endpoints;

pub use endpoints::{Auth, Endpoints};

use crate::run::outcome::Broken;

/// A read of the control plane that gave no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Google says that there is no such resource.
    NotFound,
    /// It could not be found out.
    Broken(Broken),
}

/// Stub.
#[derive(Debug)]
pub struct Google;

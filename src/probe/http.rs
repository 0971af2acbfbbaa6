//! Asking a service over HTTP, and reading health from what it answers.

/// Stub.
#[derive(Debug)]
pub struct Http;

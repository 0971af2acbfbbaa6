//! The integration tests: one binary, one module a subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests may stop at the first surprise, their helpers too, and say what they skip"
)]

/// Real gcloud reads the sandbox's control plane.
mod gcloud;
/// The sandbox, talked to by the clients of those that it stands in for.
mod sandbox;

//! The integration tests: one binary, one module a subject.

/// Real gcloud reads the sandbox's control plane.
mod gcloud;
/// The sandbox, talked to by the clients of those that it stands in for.
mod sandbox;

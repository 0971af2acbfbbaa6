//! The one integration binary: one link, shared helpers, each module with its purpose.

/// The real binary in a scrubbed environment.
mod common;

/// Bad input: clear refusals.
mod cli;
/// Recorded runs: the record in, the diagnosis and every report out.
mod diagnosis;
/// Real gcloud reads the sandbox.
mod gcloud;
/// The founding incident, once per true cause, in every pipeline format.
mod incident;
/// Signals and the deadline.
mod interrupts;
/// Reports as their consumers read them.
mod reports;
/// The sandbox by itself: its clients are Google's, PostgreSQL's and HTTP's own.
mod sandbox;
/// Every table of the crate: unique, documented, reached.
mod tables;

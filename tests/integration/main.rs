//! The one integration binary: one link, shared helpers, each module with its purpose.

/// The real binary in a scrubbed environment.
mod common;

/// Bad input: clear refusals.
mod cli;
/// The founding incident, once per true cause, in every pipeline format.
mod incident;
/// Signals and the deadline.
mod interrupts;

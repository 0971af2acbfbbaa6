//! All tests of the product from outside, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests may stop at the first surprise, their helpers too, and say what they skip"
)]

/// The checks of the control plane, each against a whole world of answers with one thing changed.
mod checks_control_plane;
/// Reading Google's control plane: fetched once, bounded, and every kind of no answer told apart.
mod control_plane;
/// A control plane on loopback that answers as it is told, counts, and can hang, lie and stumble.
mod loopback;

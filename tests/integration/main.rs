//! The integration tests: one binary, so that they link once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests and their helpers may stop at the first surprise, and say why they skip"
)]

mod diagnosis; // the causal graph and the verdict, as tables and properties
mod records; // records of invented runs, for the other files
mod reports; // recorded runs against their golden reports
mod tables; // causes, checks and pages belong together

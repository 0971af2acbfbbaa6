//! Why one cause is named before another: the one room of that question.
//!
//! `graph` says which check can explain which, `explains` whether one finding does explain another, `journey` the same
//! for what users do, `across` for services that call each other, and `settled` when waiting can change nothing any more.

pub(super) mod across;
pub(super) mod explains;
pub(super) mod graph;
mod journey;
pub(super) mod settled;

pub use graph::Graph;
pub use settled::Settling;

//! What a run saw: outcomes, findings, attempts, and the record that holds them. Plain data, everybody's vocabulary.

mod attempt;
pub mod check_id;
mod family;
pub mod finding;
mod graph;
mod outcome;
mod rollback;
mod run;
pub mod saved;
pub mod words;

pub use attempt::{AttemptVerdict, HealthAttempt, Taken};
pub use check_id::CheckId;
pub use family::Family;
pub use graph::{Graph, Vertex};
pub use outcome::{Barrier, Fix, Inconclusive, Outcome, Skip, Vantage};
pub use rollback::Rollback;
pub use run::{
    CallRecord, DatabaseRecord, Ended, Fact, NodeKey, NodeRecord, RECORD_VERSION, Role, RunRecord,
    ServiceRecord, Unproven,
};

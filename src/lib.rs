//! rungate: a deployment gate for Google Cloud Run that names the root cause.
//!
//! Five functions carry the product, each taking what the step before gave and nothing hidden:
//!
//! ```text
//! pipeline::load -> plan::build -> run::execute -> diagnosis::diagnose -> report::render
//! ```
//!
//! Reading, planning, diagnosing and reporting are plain functions; only [`run`] and [`probe`] are async and
//! touch the outside. [`checks`] holds one file a check, [`network`] what a packet meets
//! on its way to the database, [`sandbox`] the embedded stand-in of the cloud.

pub mod catalogue;
pub mod checks;
pub mod cli;
pub mod connection;
pub mod diagnosis;
pub mod findings;
pub mod health;
pub mod in_place;
pub mod live;
pub mod logs;
pub mod model;
pub mod network;
pub mod pages;
pub mod permissions;
pub mod pipeline;
pub mod plan;
pub mod probe;
pub mod record;
pub mod report;
pub mod rollback;
pub mod run;
pub mod sandbox;
pub mod text;

/// After this long a unit test calls what it tried hung: what grows with the square of its input, or waits for what
/// never comes. A guard, no measurement: no loaded machine is this slow.
#[cfg(test)]
const HANG: std::time::Duration = std::time::Duration::from_secs(60);

//! The one integration binary: one link, shared helpers, each module with its purpose.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests may stop at the first surprise, their helpers too, and say what they skip"
)]

/// The real binary in a scrubbed environment.
mod common;
/// A control plane on loopback that answers as it is told, counts, and can hang, lie and stumble.
mod logs;
mod loopback;
/// Records of invented runs.
mod records;

/// A server on loopback that does to every connection what a test wants; and a cloud made of two of them.
mod standin;

/// Every way in which the gate becomes somebody, against stand-ins of those who give tokens.
mod authentication;
/// The checks of Cloud SQL, secrets and identity, each with its near miss.
mod checks_cloudsql;
/// The checks of the control plane, each against a whole world of answers with one thing changed.
mod checks_control_plane;
/// Bad input: clear refusals.
mod cli;
/// A real PostgreSQL server and the sandbox's endpoint, side by side.
mod conformance;
/// Reading Google's control plane: fetched once, bounded, and every kind of no answer told apart.
mod control_plane;
/// Real files with hand-made labels.
mod corpus;
/// The causal graph and the verdict, as tables and properties.
mod diagnosis;
/// Examples in README and pages are real.
mod docs;
/// Situation -> exit status, whatever becomes of the reports.
mod exit_status;
/// Static findings, each with a bad file and a near miss.
mod findings;
/// Several files, or a folder, as one pipeline.
mod folders;
/// Real gcloud reads the sandbox.
mod gcloud;
/// Real gcloud and our reader, over the same command lines.
mod gcloud_differential;
/// What a database holds: a real server and the sandbox, asked the same.
mod holdings;
/// Services and control planes that answer with malice or nonsense.
mod hostile;
/// `rungate probe`, as a process.
mod in_place;
/// The founding incident, once per true cause, in every pipeline format.
mod incident;
/// Faults of instance, secret and credential beyond the samples, and near misses.
mod instances;
/// Signals and the deadline.
mod interrupts;
/// The golden path in the sandbox, and what breaks it.
mod journey_drill;
/// Journeys against real servers, good and hostile.
mod journeys;
/// What a laptop is given: init, doctor, schema, completions, man.
mod laptop;
/// Pipeline files as data: goldens, problems, the samples, real files.
mod networks;
mod pipelines;
/// The steps to the database, made with a real server.
mod postgres;
/// The steps to the database, made with servers that mean no good.
mod postgres_hostile;
/// Recorded runs against their golden reports.
mod reports;
/// The sandbox by itself: its clients are Google's, PostgreSQL's and HTTP's own.
mod revision_drill;
mod revision_states;
/// Sending traffic back.
mod rollback;
mod sandbox;
/// Planted secrets, searched for in every output byte.
mod secrets;
/// Blame through services that call each other.
mod services;
/// Every table of the crate: unique, documented, reached.
mod tables;

//! The one integration binary: one link, shared helpers, each module with its purpose.

#![allow(
    clippy::nonminimal_bool,
    clippy::type_complexity,
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "tests may stop at the first surprise, their helpers too, and say what they skip"
)]

// Helpers of many modules.
/// The real binary in a scrubbed environment.
mod common;
/// A control plane on loopback that answers as it is told, counts, and can hang, lie and stumble.
mod loopback;
/// Records of invented runs.
mod records;
/// A server on loopback that does to every connection what a test wants; and a cloud made of two of them.
mod standin;

// Tests.
/// The composite action, carried out as a runner would.
mod action;
/// Every way in which the gate becomes somebody, against stand-ins of those who give tokens.
mod authentication;
/// The checks of Cloud SQL, secrets and identity, each with its near miss.
mod checks_cloudsql;
/// The checks of the control plane, each against a whole world of answers with one thing changed.
mod checks_control_plane;
/// Bad input: clear refusals.
mod cli;
/// Cloud SQL's connector way, and logins with IAM's tokens.
mod cloudsql_login;
/// A real PostgreSQL server and the sandbox's endpoint, side by side.
mod conformance;
/// Google's second opinion of the way, and that no test is left behind.
mod connectivity;
/// JUnit reports, read by its consumers' own parsers.
mod consumers;
/// Reading Google's control plane: fetched once, bounded, and every kind of no answer told apart.
mod control_plane;
/// Real files with hand-made labels.
mod corpus;
/// The rows K of the catalogue, the shapes of a way to a database, and no value anywhere.
mod credentials;
/// The causal graph and the verdict, as tables and properties.
mod diagnosis;
/// Examples in README and pages are real.
mod docs;
/// Situation -> exit status, whatever becomes of the reports.
mod exit_status;
/// Static findings, each with a bad file and a near miss.
mod findings;
/// Google's own JSON, decoded by Google's own crates.
mod fixtures;
/// Several files, or a folder, as one pipeline.
mod folders;
/// Real health libraries, each before a real server that is really stopped.
mod frameworks;
/// Real gcloud reads the sandbox.
mod gcloud;
/// Real gcloud and our reader, over the same command lines.
mod gcloud_differential;
/// What GitHub's runner reads: masks, annotations, summary, outputs.
mod github_native;
/// Health as the gate meets it: shut doors, the front end in the service's place, other builds.
mod health;
/// What a database holds: a real server and the sandbox, asked the same.
mod holdings;
/// What Cloud Build and GitHub tell the gate of the pipeline that runs it.
mod host;
/// Services and control planes that answer with malice or nonsense.
mod hostile;
/// The HTML report in a browser.
mod html;
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
/// Arrows between the rooms of `src/` point down.
mod layers;
/// libpq itself, over the connection strings that our reader reads.
mod libpq;
/// What the service's own log adds, from outside the VPC.
mod logs;
/// The sandbox's network, read by the gate's own client.
mod networks;
/// Packet loss for real, in network namespaces.
mod packets;
/// Pipeline files as data: goldens, problems, the samples, real files.
mod pipelines;
/// PgBouncer between the gate and a real server.
mod pooler;
/// The steps to the database, made with real servers.
mod postgres;
/// The steps to the database, made with servers that mean no good.
mod postgres_hostile;
/// What readers of each format rely on: JUnit consumers, schemas, Markdown, GitHub's commands, limits.
mod report_formats;
/// Recorded runs against their golden reports.
mod reports;
/// Worlds in which one symptom has another cause, and worlds that only look broken.
mod revision_drill;
/// Services and revisions in every state, and answers that contradict themselves.
mod revision_states;
/// Sending traffic back.
mod rollback;
/// The rows K, P, T and L of the catalogue: a cause, and a test or a reason.
mod rows;
/// The deploy patterns, checked by the tools that they are for; scripts, workflows and the image.
mod samples;
/// The sandbox by itself: its clients are Google's, PostgreSQL's and HTTP's own.
mod sandbox;
/// Saved runs rendered again, and several as one.
mod saved_runs;
/// Planted secrets, searched for in every output byte.
mod secrets;
/// Several servers of one connection string, in turn.
mod servers;
/// Blame through services that call each other.
mod services;
/// Worlds of other shapes than the samples, near misses and twins; and that every fault is drilled.
mod shapes;
/// Every table of the crate: unique, documented, reached.
mod tables;
/// TLS of every kind before health.
mod tls;

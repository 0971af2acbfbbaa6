//! `rungate schema`: JSON Schemas of what the gate reads and writes.

use clap::ValueEnum;

/// The schema of the native format.
pub const NATIVE: &str = include_str!("../../docs/schemas/rungate.schema.json");

/// The schema of what `rungate probe` says in its last line.
pub const PROBE: &str = include_str!("../../docs/schemas/probe.schema.json");

/// What there are schemas of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// The native format, rungate.yaml.
    #[default]
    Native,
    /// The last line of `rungate probe`.
    Probe,
    /// The JSON report of a run.
    Report,
}

/// Its schema, as text.
pub fn text(subject: Subject) -> &'static str {
    match subject {
        Subject::Native => NATIVE,
        Subject::Probe => PROBE,
        Subject::Report => crate::report::SCHEMA,
    }
}

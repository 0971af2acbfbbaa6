//! The integration tests: one binary, so that they link once.

mod diagnosis; // the causal graph and the verdict, as tables and properties
mod records; // records of invented runs, for the other files
mod reports; // recorded runs against their golden reports
mod tables; // causes, checks and pages belong together

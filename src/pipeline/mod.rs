//! Readers of pipeline files, one a format.

//! Reports: one file a format, pure strings.

//! Talking to PostgreSQL, one step after the other.

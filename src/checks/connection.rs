//! The way to the database as the revision is given it.

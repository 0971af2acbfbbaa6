//! Facts that several checks share.

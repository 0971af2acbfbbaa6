//! What the service says of itself.

pub(super) mod health_healthy;

pub(super) use health_healthy::{admission, request_log, target};

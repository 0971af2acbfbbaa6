//! What the service says of itself.

pub(super) mod health_healthy;

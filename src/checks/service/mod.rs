//! The service and its revisions, as Cloud Run shows them.

pub(super) mod configuration_unchanged;
pub(super) mod revision_ready;
pub(super) mod revision_serving;
pub(super) mod service_account_matches;
pub(super) mod service_exists;
pub(super) mod service_log_clean;

//! What the revision is given: variables, secrets, credentials.

pub(super) mod credential_well_formed;
pub(super) mod secret_intact;
pub(super) mod secret_readable;
pub(super) mod secret_references_match;
pub(super) mod secret_version_current;
pub(super) mod secret_version_enabled;
pub(super) mod variables_injected;
pub(super) mod variables_not_empty;

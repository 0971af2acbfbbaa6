//! The rules: one file each.

mod cloudsql_iam_login_misconfigured;
mod cloudsql_job_socket_missing;
mod cloudsql_name_mismatch;
mod cloudsql_not_attached;
mod connection_slots_exhausted;
mod credential_empty;
mod credential_encoded;
mod credential_placeholder;
mod credential_quoted;
mod credential_scheme_mismatch;
mod credential_trailing_whitespace;
mod credential_unescaped;
mod credential_unreadable;
mod database_host_loopback;
mod database_host_placeholder;
mod database_port_wrong;
mod database_variables_disagree;
mod default_service_account;
mod egress_blocks_cloudsql_socket;
mod health_path_reserved;
mod health_path_tells_nothing;
mod health_path_unknown;
mod latest_pinned_to_environment_variable;
mod revision_not_serving;
mod secret_as_plain_value;
mod secret_in_plain_text;
mod secret_of_another_project;
mod secret_version_missing;
mod socket_path_too_long;
mod socket_tls_conflict;
mod target_mismatch;
mod tcp_only_startup_probe;
mod tls_certificate_invalid;
mod value_split;
mod value_unresolved;
mod variables_merged;
mod variables_removed;
mod vpc_access_missing;
mod vpc_access_removed;
mod vpc_connector_wrong_region;

use super::Rule;

/// All rules, in the order of the chain from the file to the database; advice last.
pub static RULES: &[&Rule] = &[
    &secret_as_plain_value::RULE,
    &secret_in_plain_text::RULE,
    &secret_version_missing::RULE,
    &value_unresolved::RULE,
    &value_split::RULE,
    &variables_removed::RULE,
    &target_mismatch::RULE,
    &credential_empty::RULE,
    &credential_placeholder::RULE,
    &credential_quoted::RULE,
    &credential_trailing_whitespace::RULE,
    &credential_unescaped::RULE,
    &credential_unreadable::RULE,
    &credential_encoded::RULE,
    &credential_scheme_mismatch::RULE,
    &database_variables_disagree::RULE,
    &database_host_loopback::RULE,
    &database_host_placeholder::RULE,
    &database_port_wrong::RULE,
    &socket_tls_conflict::RULE,
    &socket_path_too_long::RULE,
    &cloudsql_not_attached::RULE,
    &cloudsql_name_mismatch::RULE,
    &cloudsql_job_socket_missing::RULE,
    &cloudsql_iam_login_misconfigured::RULE,
    &vpc_access_missing::RULE,
    &vpc_access_removed::RULE,
    &vpc_connector_wrong_region::RULE,
    &egress_blocks_cloudsql_socket::RULE,
    &tls_certificate_invalid::RULE,
    &connection_slots_exhausted::RULE,
    &health_path_reserved::RULE,
    &revision_not_serving::RULE,
    &latest_pinned_to_environment_variable::RULE,
    &secret_of_another_project::RULE,
    &default_service_account::RULE,
    &tcp_only_startup_probe::RULE,
    &health_path_unknown::RULE,
    &health_path_tells_nothing::RULE,
    &variables_merged::RULE,
];

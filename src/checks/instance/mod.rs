//! The Cloud SQL instance, and who may connect to it.

pub(super) mod cloudsql_attached;
pub(super) mod cloudsql_client_granted;
pub(super) mod cloudsql_login;
pub(super) mod instance_allows_service;
pub(super) mod instance_has_address;
pub(super) mod instance_has_database;
pub(super) mod instance_has_user;
pub(super) mod instance_iam_login;
pub(super) mod instance_is_postgres;
pub(super) mod instance_running;
pub(super) mod instance_tls_agrees;

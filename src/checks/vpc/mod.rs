//! The way out of Cloud Run into the VPC network, up to the database.

pub(super) mod connectivity_test;
pub(super) mod egress_covers_database;
pub(crate) mod path;
pub(super) mod vpc_access_matches;
pub(super) mod vpc_access_present;
pub(super) mod vpc_connector_in_region;
pub(super) mod vpc_connector_ready;
pub(super) mod vpc_network_matches;

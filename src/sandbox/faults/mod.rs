//! The faults: one file each, one line each in [`FAULTS`].
//!
//! A fault changes the world, plain data, and nothing else. What the control plane then says and what the sample
//! service then experiences both follow from the world.

mod address_range_conflict;
mod authorized_network_missing;
mod client_certificate_required;
mod cloudsql_client_role_missing;
mod cloudsql_iam_login_misconfigured;
mod cloudsql_name_mismatch;
mod cloudsql_not_attached;
mod connect_privilege_missing;
mod connection_cut;
mod connection_parameter_invalid;
mod connection_slots_exhausted;
mod connector_health_rules_missing;
mod container_did_not_start;
mod container_out_of_memory;
mod credential_empty;
mod credential_encoded;
mod credential_placeholder;
mod credential_quoted;
mod credential_scheme_mismatch;
mod credential_trailing_whitespace;
mod credential_unescaped;
mod credential_unreadable;
mod database_closed;
mod database_host_loopback;
mod database_host_placeholder;
mod database_missing;
mod database_name_unresolvable;
mod database_port_wrong;
mod database_read_only;
mod database_refused;
mod database_starting;
mod database_unreachable;
mod database_user_missing;
mod database_variable_empty;
mod database_variable_missing;
mod egress_blocks_cloudsql_socket;
mod egress_bypasses_database;
mod egress_without_nat;
mod extension_missing;
mod firewall_denies_egress;
mod firewall_denies_ingress;
mod firewall_denies_proxy_port;
mod health_behind_login;
mod health_endpoint_failing;
mod health_expectation_unmet;
mod health_not_found;
mod health_not_judgeable;
mod health_reports_database_down;
mod health_reports_dependency_down;
mod health_reports_unhealthy;
mod health_unstable;
mod health_version_mismatch;
mod host_not_allowed;
mod image_access_denied;
mod image_not_found;
mod image_wrong_platform;
mod ingress_closed;
mod instance_address_mismatch;
mod instance_crashing;
mod instance_disk_full;
mod instance_not_found;
mod instance_not_postgres;
mod instance_not_running;
mod instance_requires_connector;
mod instance_stopped;
mod instance_suspended;
mod invoker_denied;
mod journey_step_failed;
mod login_not_allowed;
mod no_instance_available;
mod not_enough_permission;
mod not_postgres;
mod password_rejected;
mod peering_inactive;
mod peering_missing;
mod peering_range_mismatch;
mod psc_endpoint_missing;
mod query_answer_unexpected;
mod request_timed_out;
mod revision_failed;
mod revision_not_serving;
mod route_diverted;
mod schema_behind;
mod schema_missing;
mod schema_permission_denied;
mod secret_access_denied;
mod secret_corrupted;
mod secret_newer_than_revision;
mod secret_not_found;
mod secret_reference_drifted;
mod secret_version_destroyed;
mod secret_version_disabled;
mod secret_version_missing;
mod server_not_authentic;
mod service_account_drifted;
mod service_not_found;
pub(in crate::sandbox) mod shape;
mod socket_tls_conflict;
pub mod subject;
mod subnet_exhausted;
mod tls_certificate_invalid;
mod tls_required;
mod tls_unsupported;
mod token_rejected;
mod variable_missing;
mod vpc_access_drifted;
mod vpc_access_missing;
mod vpc_api_disabled;
mod vpc_connector_access_denied;
mod vpc_connector_not_found;
mod vpc_connector_not_ready;
mod vpc_connector_wrong_region;
mod vpc_network_not_found;
mod vpc_wrong_network;

use std::fmt;

pub use subject::Subject;

use super::world::World;
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;

/// One stated way in which the world can be broken.
pub struct Fault {
    /// Its code: that of the cause that the gate must name, in kebab-case.
    pub code: &'static str,
    /// What is broken, in one sentence.
    pub what: &'static str,
    /// What the gate must say.
    pub expects: Expected,
    /// Whether the deploy already meets it.
    pub when: When,
    /// What it breaks.
    pub subject: &'static Subject,
    /// Breaks it, at the service of that position in [`World::services`]. Where what it breaks is not there, it
    /// changes nothing.
    pub change: fn(&mut World, usize),
}

impl Fault {
    /// Whether the world has what it breaks.
    ///
    /// # Errors
    ///
    /// Why not, as the end of a sentence.
    pub fn applies(&self, world: &World) -> Result<(), String> {
        let found = self.subject.find(world);
        found.map(drop).ok_or_else(|| format!("no service of it has {}", self.subject.has))
    }

    /// Breaks the world, if it has what this fault breaks.
    pub fn inject(&self, world: &mut World) {
        if let Some(service) = self.subject.find(world) {
            (self.change)(world, service);
        }
    }
}

/// What the gate must say of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The root cause.
    pub cause: CauseCode,
    /// The verdict.
    pub verdict: Verdict,
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the deploy: Cloud Run sees it when it judges the new revision.
    BeforeDeploy,
    /// After the deploy, while the new revision is ready.
    AfterDeploy,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault").field(&self.code).finish()
    }
}

/// Every fault, in the order in which a request travels.
pub static FAULTS: &[&Fault] = &[
    &service_not_found::FAULT,
    &container_did_not_start::FAULT,
    &container_out_of_memory::FAULT,
    &image_not_found::FAULT,
    &image_access_denied::FAULT,
    &image_wrong_platform::FAULT,
    &revision_failed::FAULT,
    &service_account_drifted::FAULT,
    &revision_not_serving::FAULT,
    &database_variable_missing::FAULT,
    &database_variable_empty::FAULT,
    &variable_missing::FAULT,
    &secret_reference_drifted::FAULT,
    &secret_not_found::FAULT,
    &secret_version_missing::FAULT,
    &secret_version_disabled::FAULT,
    &secret_version_destroyed::FAULT,
    &secret_access_denied::FAULT,
    &secret_newer_than_revision::FAULT,
    &secret_corrupted::FAULT,
    &credential_trailing_whitespace::FAULT,
    &credential_empty::FAULT,
    &credential_quoted::FAULT,
    &credential_encoded::FAULT,
    &credential_placeholder::FAULT,
    &credential_unescaped::FAULT,
    &credential_unreadable::FAULT,
    &credential_scheme_mismatch::FAULT,
    &database_host_loopback::FAULT,
    &database_host_placeholder::FAULT,
    &database_port_wrong::FAULT,
    &socket_tls_conflict::FAULT,
    &vpc_access_missing::FAULT,
    &vpc_api_disabled::FAULT,
    &vpc_connector_not_found::FAULT,
    &vpc_connector_access_denied::FAULT,
    &vpc_network_not_found::FAULT,
    &vpc_access_drifted::FAULT,
    &vpc_connector_not_ready::FAULT,
    &vpc_connector_wrong_region::FAULT,
    &connector_health_rules_missing::FAULT,
    &vpc_wrong_network::FAULT,
    &egress_bypasses_database::FAULT,
    &egress_without_nat::FAULT,
    &egress_blocks_cloudsql_socket::FAULT,
    &subnet_exhausted::FAULT,
    &firewall_denies_egress::FAULT,
    &firewall_denies_ingress::FAULT,
    &firewall_denies_proxy_port::FAULT,
    &peering_missing::FAULT,
    &peering_inactive::FAULT,
    &peering_range_mismatch::FAULT,
    &psc_endpoint_missing::FAULT,
    &route_diverted::FAULT,
    &address_range_conflict::FAULT,
    &database_name_unresolvable::FAULT,
    &database_unreachable::FAULT,
    &instance_not_found::FAULT,
    &instance_stopped::FAULT,
    &instance_suspended::FAULT,
    &instance_not_running::FAULT,
    &instance_disk_full::FAULT,
    &instance_not_postgres::FAULT,
    &instance_requires_connector::FAULT,
    &authorized_network_missing::FAULT,
    &instance_address_mismatch::FAULT,
    &cloudsql_not_attached::FAULT,
    &cloudsql_name_mismatch::FAULT,
    &database_refused::FAULT,
    &not_postgres::FAULT,
    &connection_cut::FAULT,
    &server_not_authentic::FAULT,
    &password_rejected::FAULT,
    &login_not_allowed::FAULT,
    &host_not_allowed::FAULT,
    &tls_required::FAULT,
    &tls_unsupported::FAULT,
    &tls_certificate_invalid::FAULT,
    &client_certificate_required::FAULT,
    &database_user_missing::FAULT,
    &cloudsql_iam_login_misconfigured::FAULT,
    &cloudsql_client_role_missing::FAULT,
    &database_missing::FAULT,
    &connect_privilege_missing::FAULT,
    &database_closed::FAULT,
    &connection_parameter_invalid::FAULT,
    &connection_slots_exhausted::FAULT,
    &database_starting::FAULT,
    &database_read_only::FAULT,
    &schema_behind::FAULT,
    &extension_missing::FAULT,
    &schema_missing::FAULT,
    &schema_permission_denied::FAULT,
    &query_answer_unexpected::FAULT,
    &health_reports_database_down::FAULT,
    &health_reports_dependency_down::FAULT,
    &health_reports_unhealthy::FAULT,
    &health_not_judgeable::FAULT,
    &health_not_found::FAULT,
    &health_endpoint_failing::FAULT,
    &health_unstable::FAULT,
    &journey_step_failed::FAULT,
    &health_expectation_unmet::FAULT,
    &health_version_mismatch::FAULT,
    &health_behind_login::FAULT,
    &ingress_closed::FAULT,
    &no_instance_available::FAULT,
    &instance_crashing::FAULT,
    &request_timed_out::FAULT,
    &invoker_denied::FAULT,
    &token_rejected::FAULT,
    &not_enough_permission::FAULT,
];

/// The fault of that code.
pub fn find(code: &str) -> Option<&'static Fault> {
    FAULTS.iter().copied().find(|fault| fault.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox::world::testing::incident;

    #[test]
    fn a_fault_is_called_what_its_cause_is_called() {
        for fault in FAULTS {
            assert_eq!(fault.code, fault.expects.cause.to_string());
            assert!(fault.what.ends_with('.'), "{}", fault.code);
        }
    }

    #[test]
    fn codes_are_unique_and_found() {
        let codes: BTreeSet<&str> = FAULTS.iter().map(|fault| fault.code).collect();
        assert_eq!(codes.len(), FAULTS.len());
        assert!(FAULTS.iter().all(|fault| find(fault.code).is_some()));
        assert!(find("no-such-fault").is_none());
    }

    #[test]
    fn every_fault_says_whether_it_applies() {
        // The incident's service dials a private address, in variables of their own, and does not name its instance;
        // everything else it has.
        let not_here = [
            "database-name-unresolvable",
            "instance-not-found",
            "credential-unescaped",
            "credential-scheme-mismatch",
            "credential-unreadable",
            "socket-tls-conflict",
            "authorized-network-missing",
            "cloudsql-client-role-missing",
            "cloudsql-not-attached",
            "cloudsql-name-mismatch",
            "server-not-authentic",
            "vpc-network-not-found",
            "egress-without-nat",
            "egress-blocks-cloudsql-socket",
            "subnet-exhausted",
            "firewall-denies-proxy-port",
            "journey-step-failed",
            "schema-behind",
            "extension-missing",
            "schema-missing",
            "schema-permission-denied",
            "query-answer-unexpected",
            "health-expectation-unmet",
            "health-version-mismatch",
        ];
        for fault in FAULTS {
            let applies = fault.applies(&incident());
            assert_eq!(applies.is_err(), not_here.contains(&fault.code), "{}: {applies:?}", fault.code);
            assert!(fault.applies(&World::default()).is_err(), "{}", fault.code);
        }
    }

    #[test]
    fn no_fault_stops_in_a_world_without_services() {
        for fault in FAULTS {
            fault.inject(&mut World::default());
            (fault.change)(&mut World::default(), 0);
        }
    }
}

//! What a check is called: a type of its own, and the names that several rooms speak of.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize};

/// Id of a check, in kebab-case, worded as a fact that should hold: `vpc-connector-ready`.
///
/// It is a name and nothing else: what a check is about is never read from how its id is spelled, but asked of the
/// [`Graph`](super::Graph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CheckId(&'static str);

/// Ids that were met outside of the program, in the record of a saved run. Each is kept once, as long as the program
/// runs, so that an id can be copied and compared like a number.
static MET: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

impl CheckId {
    /// The id of a check of this program.
    pub const fn new(id: &'static str) -> Self {
        Self(id)
    }

    /// As it is written.
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl From<&str> for CheckId {
    fn from(id: &str) -> Self {
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = met.get(id) {
            return Self(known);
        }
        let kept: &'static str = Box::leak(Box::from(id));
        met.insert(kept);
        Self(kept)
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl PartialEq<str> for CheckId {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for CheckId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl<'de> Deserialize<'de> for CheckId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|id| Self::from(id.as_str()))
    }
}

/// Ids of which more than the check's own family speaks: the diagnosis, or what is known of the deploy. All others stand
/// in the file of their check alone.
macro_rules! ids {
    ($($name:ident = $id:literal,)+) => {
        $(
            #[doc = concat!("`", $id, "`")]
            pub const $name: CheckId = CheckId::new($id);
        )+
    };
}

ids! {
    SERVICE_EXISTS = "service-exists",
    VARIABLES_INJECTED = "variables-injected",
    VARIABLES_NOT_EMPTY = "variables-not-empty",
    SECRET_REFERENCES_MATCH = "secret-references-match",
    SERVICE_ACCOUNT_MATCHES = "service-account-matches",
    SECRET_VERSION_ENABLED = "secret-version-enabled",
    SECRET_READABLE = "secret-readable",
    SECRET_VERSION_CURRENT = "secret-version-current",
    SECRET_INTACT = "secret-intact",
    CREDENTIAL_WELL_FORMED = "credential-well-formed",
    VPC_ACCESS_PRESENT = "vpc-access-present",
    VPC_CONNECTOR_IN_REGION = "vpc-connector-in-region",
    VPC_CONNECTOR_READY = "vpc-connector-ready",
    VPC_NETWORK_MATCHES = "vpc-network-matches",
    EGRESS_COVERS_DATABASE = "egress-covers-database",
    VPC_ACCESS_MATCHES = "vpc-access-matches",
    SUBNET_LARGE_ENOUGH = "subnet-large-enough",
    ADDRESS_RANGE_FREE = "address-range-free",
    PRIVATE_ACCESS_ACTIVE = "private-access-active",
    EGRESS_FIREWALL_ALLOWS = "egress-firewall-allows",
    ROUTE_LEADS_TO_DATABASE = "route-leads-to-database",
    INGRESS_FIREWALL_ALLOWS = "ingress-firewall-allows",
    NAT_PRESENT = "nat-present",
    CONNECTIVITY_TEST_REACHES_DATABASE = "connectivity-test-reaches-database",
    INSTANCE_RUNNING = "instance-running",
    INSTANCE_IS_POSTGRES = "instance-is-postgres",
    INSTANCE_HAS_ADDRESS = "instance-has-address",
    CLOUDSQL_ATTACHED = "cloudsql-attached",
    INSTANCE_ALLOWS_SERVICE = "instance-allows-service",
    DATABASE_QUERIES_MATCH = "database-queries-match",
    SERVICE_LOG_CLEAN = "service-log-clean",
    CONFIGURATION_UNCHANGED = "configuration-unchanged",
    INSTANCE_TLS_AGREES = "instance-tls-agrees",
    INSTANCE_HAS_DATABASE = "instance-has-database",
    INSTANCE_HAS_USER = "instance-has-user",
    INSTANCE_IAM_LOGIN = "instance-iam-login",
    CLOUDSQL_CLIENT_GRANTED = "cloudsql-client-granted",
    DATABASE_NAME_RESOLVES = "database-name-resolves",
    DATABASE_PORT_OPEN = "database-port-open",
    DATABASE_SPEAKS_POSTGRES = "database-speaks-postgres",
    DATABASE_TLS_AGREES = "database-tls-agrees",
    DATABASE_LOGIN = "database-login",
    CLOUDSQL_LOGIN = "cloudsql-login",
    DATABASE_QUERY = "database-query",
    REVISION_READY = "revision-ready",
    REVISION_SERVING = "revision-serving",
    HEALTH_HEALTHY = "health-healthy",
    JOURNEY_STEP_WORKS = "journey-step-works",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_was_read_is_the_one_that_was_written() {
        let read: CheckId = serde_json::from_str("\"instance-running\"").unwrap();
        assert_eq!(read, INSTANCE_RUNNING);
        assert_eq!(serde_json::to_string(&read).unwrap(), "\"instance-running\"");
        let unknown = CheckId::from("of-another-version");
        assert_eq!(unknown, CheckId::from(String::from("of-another-version").as_str()));
        assert_eq!(format!("{unknown:>20}"), "  of-another-version");
    }
}

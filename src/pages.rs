//! `rungate explain`: a page for every cause, finding and check, embedded in the binary.
//!
//! The page of a cause is a column of the catalogue.

use crate::catalogue::CAUSES;

/// The page of an id: what it means, how it is seen, how it is fixed. No id has two meanings.
pub fn explain(id: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == id).map(|(_, page)| page)
}

/// Every page with its id: the causes in the order of the chain, then the findings that are none, then the checks.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let causes = CAUSES.iter().map(|code| (code.id(), code.page()));
    causes.chain(FINDINGS.iter().chain(CHECKS).copied())
}

/// Whether an id is that of a cause.
pub fn is_cause(id: &str) -> bool {
    CAUSES.iter().any(|code| code.id() == id)
}

/// An id, and the page of that name in a folder of `docs/`.
macro_rules! page {
    ($folder:literal, $id:literal) => {
        ($id, include_str!(concat!("../docs/", $folder, "/", $id, ".md")))
    };
}

/// Findings in the files that are no cause by themselves.
const FINDINGS: &[(&str, &str)] = &[
    page!("findings", "variables-removed"),
    page!("findings", "cloudsql-job-socket-missing"),
    page!("findings", "vpc-access-removed"),
    page!("findings", "variables-merged"),
    page!("findings", "latest-pinned-to-environment-variable"),
    page!("findings", "secret-of-another-project"),
    page!("findings", "default-service-account"),
    page!("findings", "tcp-only-startup-probe"),
    page!("findings", "health-path-unknown"),
    page!("findings", "health-path-tells-nothing"),
];

const CHECKS: &[(&str, &str)] = &[
    page!("checks", "service-exists"),
    page!("checks", "revision-ready"),
    page!("checks", "revision-serving"),
    page!("checks", "variables-injected"),
    page!("checks", "variables-not-empty"),
    page!("checks", "secret-references-match"),
    page!("checks", "service-account-matches"),
    page!("checks", "secret-version-enabled"),
    page!("checks", "secret-readable"),
    page!("checks", "secret-version-current"),
    page!("checks", "secret-intact"),
    page!("checks", "credential-well-formed"),
    page!("checks", "vpc-access-present"),
    page!("checks", "vpc-connector-ready"),
    page!("checks", "vpc-connector-in-region"),
    page!("checks", "vpc-network-matches"),
    page!("checks", "egress-covers-database"),
    page!("checks", "vpc-access-matches"),
    page!("checks", "configuration-unchanged"),
    page!("checks", "connectivity-test-reaches-database"),
    page!("checks", "subnet-large-enough"),
    page!("checks", "address-range-free"),
    page!("checks", "private-access-active"),
    page!("checks", "egress-firewall-allows"),
    page!("checks", "route-leads-to-database"),
    page!("checks", "ingress-firewall-allows"),
    page!("checks", "nat-present"),
    page!("checks", "instance-running"),
    page!("checks", "instance-is-postgres"),
    page!("checks", "instance-has-address"),
    page!("checks", "cloudsql-attached"),
    page!("checks", "instance-allows-service"),
    page!("checks", "instance-tls-agrees"),
    page!("checks", "instance-has-database"),
    page!("checks", "instance-has-user"),
    page!("checks", "instance-iam-login"),
    page!("checks", "cloudsql-client-granted"),
    page!("checks", "cloudsql-login"),
    page!("checks", "database-name-resolves"),
    page!("checks", "database-port-open"),
    page!("checks", "database-speaks-postgres"),
    page!("checks", "database-tls-agrees"),
    page!("checks", "database-login"),
    page!("checks", "database-query"),
    page!("checks", "database-writable"),
    page!("checks", "database-has-headroom"),
    page!("checks", "database-migrated"),
    page!("checks", "database-has-extensions"),
    page!("checks", "database-has-tables"),
    page!("checks", "database-grants-privileges"),
    page!("checks", "database-queries-match"),
    page!("checks", "service-log-clean"),
    page!("checks", "health-healthy"),
    page!("checks", "journey-step-works"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_page() {
        let page = explain("vpc-connector-not-ready").unwrap();
        assert!(page.starts_with("# vpc-connector-not-ready\n"), "{page}");
        assert!(explain("no-such-thing").is_none());
    }
}

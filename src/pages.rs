//! `rungate explain`: a page for every cause, finding and check, embedded in the binary.

/// The page of an id: what it means, how it is seen, how it is mended. No id has two meanings.
pub fn explain(id: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == id).map(|(_, page)| page)
}

/// Every page with its id: the causes in the order of the chain, then the findings that are none, then the checks.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    CAUSES.iter().chain(FINDINGS).chain(CHECKS).copied()
}

/// Whether an id is that of a cause.
pub fn is_cause(id: &str) -> bool {
    CAUSES.iter().any(|(known, _)| *known == id)
}

/// The id that was probably meant, where one is near enough.
pub fn nearest(id: &str) -> Option<&'static str> {
    let id = id.trim().to_lowercase().replace('_', "-");
    let near = |known: &'static str| (strsim::normalized_damerau_levenshtein(&id, known), known);
    let best = all().map(|(known, _)| near(known)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= NEAR).then_some(best.1)
}

/// Below this likeness a suggestion would only puzzle.
const NEAR: f64 = 0.6;

/// An id, and the page of that name in a folder of `docs/`.
macro_rules! page {
    ($folder:literal, $id:literal) => {
        ($id, include_str!(concat!("../docs/", $folder, "/", $id, ".md")))
    };
}

const CAUSES: &[(&str, &str)] = &[
    page!("causes", "secret-as-plain-value"),
    page!("causes", "secret-in-plain-text"),
    page!("causes", "value-unresolved"),
    page!("causes", "value-split"),
    page!("causes", "database-variables-disagree"),
    page!("causes", "health-path-reserved"),
    page!("causes", "target-mismatch"),
    page!("causes", "service-not-found"),
    page!("causes", "container-did-not-start"),
    page!("causes", "container-out-of-memory"),
    page!("causes", "image-not-found"),
    page!("causes", "image-access-denied"),
    page!("causes", "image-wrong-platform"),
    page!("causes", "service-account-drifted"),
    page!("causes", "revision-failed"),
    page!("causes", "revision-not-serving"),
    page!("causes", "database-variable-missing"),
    page!("causes", "database-variable-empty"),
    page!("causes", "variable-missing"),
    page!("causes", "secret-reference-drifted"),
    page!("causes", "secret-not-found"),
    page!("causes", "secret-version-missing"),
    page!("causes", "secret-version-disabled"),
    page!("causes", "secret-version-destroyed"),
    page!("causes", "secret-access-denied"),
    page!("causes", "secret-newer-than-revision"),
    page!("causes", "secret-corrupted"),
    page!("causes", "credential-trailing-whitespace"),
    page!("causes", "credential-empty"),
    page!("causes", "credential-unreadable"),
    page!("causes", "credential-placeholder"),
    page!("causes", "credential-quoted"),
    page!("causes", "credential-unescaped"),
    page!("causes", "credential-encoded"),
    page!("causes", "credential-scheme-mismatch"),
    page!("causes", "database-host-loopback"),
    page!("causes", "database-host-placeholder"),
    page!("causes", "database-port-wrong"),
    page!("causes", "socket-tls-conflict"),
    page!("causes", "socket-path-too-long"),
    page!("causes", "vpc-access-missing"),
    page!("causes", "vpc-connector-not-found"),
    page!("causes", "vpc-connector-access-denied"),
    page!("causes", "vpc-network-not-found"),
    page!("causes", "vpc-access-drifted"),
    page!("causes", "vpc-connector-not-ready"),
    page!("causes", "vpc-connector-wrong-region"),
    page!("causes", "vpc-api-disabled"),
    page!("causes", "vpc-wrong-network"),
    page!("causes", "egress-bypasses-database"),
    page!("causes", "subnet-exhausted"),
    page!("causes", "firewall-denies-egress"),
    page!("causes", "firewall-denies-ingress"),
    page!("causes", "firewall-denies-proxy-port"),
    page!("causes", "connector-health-rules-missing"),
    page!("causes", "peering-missing"),
    page!("causes", "peering-inactive"),
    page!("causes", "peering-range-mismatch"),
    page!("causes", "psc-endpoint-missing"),
    page!("causes", "route-diverted"),
    page!("causes", "address-range-conflict"),
    page!("causes", "egress-without-nat"),
    page!("causes", "egress-blocks-cloudsql-socket"),
    page!("causes", "database-name-unresolvable"),
    page!("causes", "database-unreachable"),
    page!("causes", "instance-not-found"),
    page!("causes", "instance-stopped"),
    page!("causes", "instance-suspended"),
    page!("causes", "instance-not-running"),
    page!("causes", "instance-disk-full"),
    page!("causes", "instance-not-postgres"),
    page!("causes", "instance-requires-connector"),
    page!("causes", "instance-address-mismatch"),
    page!("causes", "authorized-network-missing"),
    page!("causes", "database-user-missing"),
    page!("causes", "cloudsql-client-role-missing"),
    page!("causes", "cloudsql-not-attached"),
    page!("causes", "cloudsql-name-mismatch"),
    page!("causes", "cloudsql-iam-login-misconfigured"),
    page!("causes", "database-refused"),
    page!("causes", "not-postgres"),
    page!("causes", "tls-required"),
    page!("causes", "client-certificate-required"),
    page!("causes", "login-not-allowed"),
    page!("causes", "host-not-allowed"),
    page!("causes", "server-not-authentic"),
    page!("causes", "tls-unsupported"),
    page!("causes", "tls-certificate-invalid"),
    page!("causes", "password-rejected"),
    page!("causes", "database-missing"),
    page!("causes", "connect-privilege-missing"),
    page!("causes", "database-closed"),
    page!("causes", "connection-slots-exhausted"),
    page!("causes", "database-starting"),
    page!("causes", "connection-parameter-invalid"),
    page!("causes", "connection-cut"),
    page!("causes", "database-read-only"),
    page!("causes", "schema-behind"),
    page!("causes", "schema-missing"),
    page!("causes", "schema-permission-denied"),
    page!("causes", "extension-missing"),
    page!("causes", "query-answer-unexpected"),
    page!("causes", "health-reports-database-down"),
    page!("causes", "health-reports-dependency-down"),
    page!("causes", "health-reports-unhealthy"),
    page!("causes", "health-not-judgeable"),
    page!("causes", "health-not-found"),
    page!("causes", "health-unstable"),
    page!("causes", "health-endpoint-failing"),
    page!("causes", "journey-step-failed"),
    page!("causes", "health-behind-login"),
    page!("causes", "health-expectation-unmet"),
    page!("causes", "health-version-mismatch"),
    page!("causes", "ingress-closed"),
    page!("causes", "instance-crashing"),
    page!("causes", "no-instance-available"),
    page!("causes", "request-timed-out"),
    page!("causes", "invoker-denied"),
    page!("causes", "token-rejected"),
    page!("causes", "not-enough-permission"),
    page!("causes", "not-visible-from-here"),
    page!("causes", "not-found-out"),
];

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
    page!("checks", "variables-filled"),
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
    page!("checks", "egress-carries-database"),
    page!("checks", "vpc-access-matches"),
    page!("checks", "configuration-kept"),
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
    page!("checks", "instance-admits-service"),
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
    page!("checks", "database-gives-expected"),
    page!("checks", "service-log-quiet"),
    page!("checks", "health-healthy"),
    page!("checks", "journey-step-works"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_page_and_suggests_the_nearest() {
        let page = explain("vpc-connector-not-ready").unwrap();
        assert!(page.starts_with("# vpc-connector-not-ready\n"), "{page}");
        assert!(explain("no-such-thing").is_none());
        assert_eq!(nearest("vpc-conector-not-redy"), Some("vpc-connector-not-ready"));
        assert_eq!(nearest("PASSWORD_REJECTED"), Some("password-rejected"));
        assert_eq!(nearest("health-healty"), Some("health-healthy"));
        assert_eq!(nearest("bananas"), None);
        assert_eq!(nearest(""), None);
    }
}

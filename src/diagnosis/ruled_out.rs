//! What the record rules out: causes that would explain the symptom, had their check not passed.

use super::cause::CauseCode::{self, *};
use super::view::View;
use super::{Cause, Evidence, Met, Obligation, RuledOut};
use crate::record::{Vantage, words};

/// From where a pass counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// It is about the server or the control plane: any vantage sees the same.
    Anywhere,
    /// It is about the way there: only the service's own network tells.
    Inside,
}

/// Which check's pass rules out which causes.
const TABLE: &[(&str, From, &[CauseCode])] = &[
    ("service-exists", From::Anywhere, &[ServiceNotFound]),
    (
        "revision-ready",
        From::Anywhere,
        &[
            ContainerDidNotStart,
            ImageNotFound,
            ImageAccessDenied,
            ImageWrongPlatform,
            VpcNetworkNotFound,
            VpcConnectorAccessDenied,
            RevisionFailed,
        ],
    ),
    ("revision-serving", From::Anywhere, &[RevisionNotServing]),
    ("variables-injected", From::Anywhere, &[DatabaseVariableMissing, VariableMissing]),
    ("variables-filled", From::Anywhere, &[DatabaseVariableEmpty]),
    ("secret-references-match", From::Anywhere, &[SecretReferenceDrifted]),
    ("service-account-matches", From::Anywhere, &[ServiceAccountDrifted]),
    (
        "secret-version-enabled",
        From::Anywhere,
        &[SecretNotFound, SecretVersionMissing, SecretVersionDisabled, SecretVersionDestroyed],
    ),
    ("secret-readable", From::Anywhere, &[SecretAccessDenied]),
    ("secret-version-current", From::Anywhere, &[SecretNewerThanRevision]),
    ("secret-intact", From::Anywhere, &[SecretCorrupted]),
    (
        "credential-well-formed",
        From::Anywhere,
        &[
            CredentialTrailingWhitespace,
            CredentialEmpty,
            CredentialUnreadable,
            CredentialQuoted,
            CredentialEncoded,
            CredentialUnescaped,
            CredentialPlaceholder,
            DatabaseHostLoopback,
            DatabaseHostPlaceholder,
            DatabasePortWrong,
        ],
    ),
    ("vpc-access-present", From::Anywhere, &[VpcAccessMissing]),
    ("vpc-connector-ready", From::Anywhere, &[VpcConnectorNotFound, VpcConnectorNotReady]),
    ("vpc-connector-in-region", From::Anywhere, &[VpcConnectorWrongRegion]),
    ("vpc-network-matches", From::Anywhere, &[VpcWrongNetwork]),
    ("egress-carries-database", From::Anywhere, &[EgressBypassesDatabase]),
    ("vpc-access-matches", From::Anywhere, &[VpcAccessDrifted]),
    ("subnet-large-enough", From::Anywhere, &[SubnetExhausted]),
    ("address-range-free", From::Anywhere, &[AddressRangeConflict]),
    (
        "private-access-active",
        From::Anywhere,
        &[PeeringMissing, PeeringInactive, PeeringRangeMismatch, PscEndpointMissing],
    ),
    (
        "egress-firewall-allows",
        From::Anywhere,
        &[FirewallDeniesEgress, FirewallDeniesProxyPort, ConnectorHealthRulesMissing],
    ),
    ("route-leads-to-database", From::Anywhere, &[RouteDiverted]),
    ("ingress-firewall-allows", From::Anywhere, &[FirewallDeniesIngress]),
    ("nat-present", From::Anywhere, &[EgressWithoutNat, EgressBlocksCloudsqlSocket]),
    (
        "instance-running",
        From::Anywhere,
        &[InstanceNotFound, InstanceStopped, InstanceSuspended, InstanceNotRunning, InstanceDiskFull],
    ),
    ("instance-is-postgres", From::Anywhere, &[InstanceNotPostgres]),
    ("instance-has-address", From::Anywhere, &[InstanceAddressMismatch]),
    ("cloudsql-attached", From::Anywhere, &[CloudsqlNotAttached, CloudsqlNameMismatch]),
    ("instance-admits-service", From::Anywhere, &[InstanceRequiresConnector, AuthorizedNetworkMissing]),
    ("instance-tls-agrees", From::Anywhere, &[TlsRequired, ClientCertificateRequired]),
    ("instance-has-database", From::Anywhere, &[DatabaseMissing]),
    ("instance-has-user", From::Anywhere, &[DatabaseUserMissing]),
    ("instance-iam-login", From::Anywhere, &[CloudsqlIamLoginMisconfigured]),
    ("cloudsql-client-granted", From::Anywhere, &[CloudsqlClientRoleMissing]),
    ("database-name-resolves", From::Inside, &[DatabaseNameUnresolvable]),
    ("database-port-open", From::Inside, &[DatabaseUnreachable, DatabaseRefused]),
    ("database-speaks-postgres", From::Anywhere, &[NotPostgres]),
    ("database-tls-agrees", From::Anywhere, &[TlsUnsupported]),
    (
        "database-login",
        From::Anywhere,
        &[
            PasswordRejected,
            LoginNotAllowed,
            HostNotAllowed,
            ServerNotAuthentic,
            DatabaseMissing,
            ConnectPrivilegeMissing,
            DatabaseClosed,
            ConnectionSlotsExhausted,
            DatabaseStarting,
            ConnectionParameterInvalid,
        ],
    ),
    (
        "cloudsql-login",
        From::Anywhere,
        &[
            PasswordRejected,
            LoginNotAllowed,
            DatabaseMissing,
            ConnectPrivilegeMissing,
            DatabaseClosed,
            ConnectionSlotsExhausted,
            DatabaseStarting,
            ConnectionParameterInvalid,
        ],
    ),
    ("database-query", From::Anywhere, &[ConnectionCut]),
];

/// What was ruled out among the things that would explain what is unmet or open.
pub(super) fn ruled_out<'a>(
    view: &View<'_>,
    obligations: &[Obligation],
    causes: impl Iterator<Item = &'a Cause>,
) -> Vec<RuledOut> {
    let named: Vec<CauseCode> = causes.map(|cause| cause.code).collect();
    let symptoms = symptoms(view, obligations);
    let mut found = Vec::new();
    for (check, from, codes) in TABLE {
        let relevant = symptoms.iter().any(|symptom| view.graph.explains(check, symptom));
        let inside = view.of(check).all(|node| node.vantage == Vantage::InVpc);
        if !relevant || !view.held(check) || *from == From::Inside && !inside {
            continue;
        }
        let Some(node) = view.of(check).next() else { continue };
        for code in codes.iter().filter(|code| !named.contains(code)) {
            if found.iter().any(|known: &RuledOut| known.code == *code) {
                continue; // two checks may rule out the same
            }
            let text = words::outcome(node.outcome.as_ref());
            let by = Evidence { node: node.key(), vantage: node.vantage, text };
            found.push(RuledOut { service: view.service.key.clone(), code: *code, by });
        }
    }
    found
}

/// The checks that show an obligation to be unmet, or leave it open.
fn symptoms<'a>(view: &View<'a>, obligations: &[Obligation]) -> Vec<&'a str> {
    let nodes = obligations.iter().flat_map(|obligation| match &obligation.met {
        Met::No { nodes } | Met::Unknown { nodes, .. } => nodes.as_slice(),
        Met::Yes { .. } | Met::Accepted => &[],
    });
    nodes.filter_map(|key| view.by_key(key)).map(|node| node.check.as_str()).collect()
}

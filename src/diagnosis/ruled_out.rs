//! What the record rules out: causes that would explain the symptom, had their check not passed.

use super::cause::CauseCode::{self, *};
use super::view::View;
use super::{Cause, Evidence, Met, Obligation, RuledOut};
use crate::record::{CheckId, Vantage, check_id, words};

/// From where a pass counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// It is about the server or the control plane: any vantage sees the same.
    Anywhere,
    /// It is about the way there: only the service's own network tells.
    Inside,
}

/// Which check's pass rules out which causes.
const TABLE: &[(CheckId, From, &[CauseCode])] = &[
    (check_id::SERVICE_EXISTS, From::Anywhere, &[ServiceNotFound]),
    (
        check_id::REVISION_READY,
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
    (check_id::REVISION_SERVING, From::Anywhere, &[RevisionNotServing]),
    (check_id::VARIABLES_INJECTED, From::Anywhere, &[DatabaseVariableMissing, VariableMissing]),
    (check_id::VARIABLES_FILLED, From::Anywhere, &[DatabaseVariableEmpty]),
    (check_id::SECRET_REFERENCES_MATCH, From::Anywhere, &[SecretReferenceDrifted]),
    (check_id::SERVICE_ACCOUNT_MATCHES, From::Anywhere, &[ServiceAccountDrifted]),
    (
        check_id::SECRET_VERSION_ENABLED,
        From::Anywhere,
        &[SecretNotFound, SecretVersionMissing, SecretVersionDisabled, SecretVersionDestroyed],
    ),
    (check_id::SECRET_READABLE, From::Anywhere, &[SecretAccessDenied]),
    (check_id::SECRET_VERSION_CURRENT, From::Anywhere, &[SecretNewerThanRevision]),
    (check_id::SECRET_INTACT, From::Anywhere, &[SecretCorrupted]),
    (
        check_id::CREDENTIAL_WELL_FORMED,
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
    (check_id::VPC_ACCESS_PRESENT, From::Anywhere, &[VpcAccessMissing]),
    (check_id::VPC_CONNECTOR_READY, From::Anywhere, &[VpcConnectorNotFound, VpcConnectorNotReady]),
    (check_id::VPC_CONNECTOR_IN_REGION, From::Anywhere, &[VpcConnectorWrongRegion]),
    (check_id::VPC_NETWORK_MATCHES, From::Anywhere, &[VpcWrongNetwork]),
    (check_id::EGRESS_CARRIES_DATABASE, From::Anywhere, &[EgressBypassesDatabase]),
    (check_id::VPC_ACCESS_MATCHES, From::Anywhere, &[VpcAccessDrifted]),
    (check_id::SUBNET_LARGE_ENOUGH, From::Anywhere, &[SubnetExhausted]),
    (check_id::ADDRESS_RANGE_FREE, From::Anywhere, &[AddressRangeConflict]),
    (
        check_id::PRIVATE_ACCESS_ACTIVE,
        From::Anywhere,
        &[PeeringMissing, PeeringInactive, PeeringRangeMismatch, PscEndpointMissing],
    ),
    (
        check_id::EGRESS_FIREWALL_ALLOWS,
        From::Anywhere,
        &[FirewallDeniesEgress, FirewallDeniesProxyPort, ConnectorHealthRulesMissing],
    ),
    (check_id::ROUTE_LEADS_TO_DATABASE, From::Anywhere, &[RouteDiverted]),
    (check_id::INGRESS_FIREWALL_ALLOWS, From::Anywhere, &[FirewallDeniesIngress]),
    (check_id::NAT_PRESENT, From::Anywhere, &[EgressWithoutNat, EgressBlocksCloudsqlSocket]),
    (
        check_id::INSTANCE_RUNNING,
        From::Anywhere,
        &[InstanceNotFound, InstanceStopped, InstanceSuspended, InstanceNotRunning, InstanceDiskFull],
    ),
    (check_id::INSTANCE_IS_POSTGRES, From::Anywhere, &[InstanceNotPostgres]),
    (check_id::INSTANCE_HAS_ADDRESS, From::Anywhere, &[InstanceAddressMismatch]),
    (check_id::CLOUDSQL_ATTACHED, From::Anywhere, &[CloudsqlNotAttached, CloudsqlNameMismatch]),
    (
        check_id::INSTANCE_ADMITS_SERVICE,
        From::Anywhere,
        &[InstanceRequiresConnector, AuthorizedNetworkMissing],
    ),
    (check_id::INSTANCE_TLS_AGREES, From::Anywhere, &[TlsRequired, ClientCertificateRequired]),
    (check_id::INSTANCE_HAS_DATABASE, From::Anywhere, &[DatabaseMissing]),
    (check_id::INSTANCE_HAS_USER, From::Anywhere, &[DatabaseUserMissing]),
    (check_id::INSTANCE_IAM_LOGIN, From::Anywhere, &[CloudsqlIamLoginMisconfigured]),
    (check_id::CLOUDSQL_CLIENT_GRANTED, From::Anywhere, &[CloudsqlClientRoleMissing]),
    (check_id::DATABASE_NAME_RESOLVES, From::Inside, &[DatabaseNameUnresolvable]),
    (check_id::DATABASE_PORT_OPEN, From::Inside, &[DatabaseUnreachable, DatabaseRefused]),
    (check_id::DATABASE_SPEAKS_POSTGRES, From::Anywhere, &[NotPostgres]),
    (check_id::DATABASE_TLS_AGREES, From::Anywhere, &[TlsUnsupported]),
    (
        check_id::DATABASE_LOGIN,
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
        check_id::CLOUDSQL_LOGIN,
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
    (check_id::DATABASE_QUERY, From::Anywhere, &[ConnectionCut]),
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
        let relevant = symptoms.iter().any(|symptom| view.graph.explains(*check, *symptom));
        let inside = view.of(*check).all(|node| node.vantage == Vantage::InVpc);
        if !relevant || !view.held(*check) || *from == From::Inside && !inside {
            continue;
        }
        let Some(node) = view.of(*check).next() else { continue };
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
fn symptoms(view: &View<'_>, obligations: &[Obligation]) -> Vec<CheckId> {
    let nodes = obligations.iter().flat_map(|obligation| match &obligation.met {
        Met::No { nodes } | Met::Unknown { nodes, .. } => nodes.as_slice(),
        Met::Yes { .. } | Met::Accepted => &[],
    });
    nodes.filter_map(|key| view.by_key(key)).map(|node| node.check).collect()
}

//! What Google's Connectivity Tests say: a cause of ours for each of Google's causes of a drop.

use super::super::cause::CauseCode::{self, *};
use super::super::view::View;
use super::Judgement;
use crate::record::finding::OwnOpinion;
use crate::record::{CheckId, check_id};

/// The port of the Cloud SQL proxies, the built-in socket among them.
const PROXY_PORT: u16 = 3307;

/// The check whose word this is.
pub(super) const CHECK: CheckId = check_id::CONNECTIVITY_TEST_REACHES_DATABASE;

/// A drop as the check saw it.
pub(super) struct Dropped<'a> {
    pub(super) to: &'a str,
    pub(super) port: u16,
    pub(super) cause: Option<&'a str>,
    pub(super) inwards: bool,
    pub(super) own: &'a OwnOpinion,
}

/// Google's causes of a drop that a packet to a database can meet, and ours. The rest end in `database-unreachable`.
/// <https://cloud.google.com/network-intelligence-center/docs/reference/networkmanagement/rest/v1/projects.locations.global.connectivityTests>
const CAUSES: &[(&str, CauseCode)] = &[
    ("FIREWALL_RULE", FirewallDeniesEgress),
    ("INGRESS_FIREWALL_TAGS_UNSUPPORTED_BY_DIRECT_VPC_EGRESS", FirewallDeniesIngress),
    ("NO_ROUTE", RouteDiverted),
    ("ROUTE_BLACKHOLE", RouteDiverted),
    ("ROUTE_WRONG_NETWORK", RouteDiverted),
    ("ROUTE_NEXT_HOP_IP_ADDRESS_NOT_RESOLVED", RouteDiverted),
    ("ROUTE_NEXT_HOP_RESOURCE_NOT_FOUND", RouteDiverted),
    ("ROUTE_NEXT_HOP_INSTANCE_WRONG_NETWORK", RouteDiverted),
    ("ROUTE_NEXT_HOP_INSTANCE_NON_PRIMARY_IP", RouteDiverted),
    ("ROUTE_NEXT_HOP_FORWARDING_RULE_IP_MISMATCH", RouteDiverted),
    ("ROUTE_NEXT_HOP_VPN_TUNNEL_NOT_ESTABLISHED", RouteDiverted),
    ("ROUTE_NEXT_HOP_FORWARDING_RULE_TYPE_INVALID", RouteDiverted),
    ("ROUTING_LOOP", RouteDiverted),
    ("NO_KNOWN_ROUTE_FROM_PEERED_NETWORK_TO_DESTINATION", RouteDiverted),
    ("PRIVATE_TRAFFIC_TO_INTERNET", EgressExcludesDatabase),
    ("NO_EXTERNAL_ADDRESS", EgressWithoutNat),
    ("CLOUD_NAT_NO_ADDRESSES", EgressWithoutNat),
    ("VPC_CONNECTOR_NOT_SET", VpcAccessMissing),
    ("VPC_CONNECTOR_NOT_RUNNING", VpcConnectorNotReady),
    ("VPC_CONNECTOR_SERVERLESS_TRAFFIC_BLOCKED", ConnectorHealthRulesMissing),
    ("VPC_CONNECTOR_HEALTH_CHECK_TRAFFIC_BLOCKED", ConnectorHealthRulesMissing),
    ("CLOUD_RUN_REVISION_NOT_READY", RevisionFailed),
    ("CLOUD_SQL_INSTANCE_NOT_RUNNING", InstanceNotRunning),
    ("CLOUD_SQL_INSTANCE_UNAUTHORIZED_ACCESS", AuthorizedNetworkMissing),
    ("CLOUD_SQL_INSTANCE_NO_IP_ADDRESS", InstanceAddressMismatch),
    ("CLOUD_SQL_INSTANCE_NO_ROUTE", AddressRangeConflict),
    ("CLOUD_SQL_CONNECTOR_REQUIRED", InstanceRequiresConnector),
    ("PUBLIC_CLOUD_SQL_INSTANCE_TO_PRIVATE_DESTINATION", InstanceAddressMismatch),
    ("GOOGLE_MANAGED_SERVICE_NO_PEERING", PeeringMissing),
    ("GOOGLE_MANAGED_SERVICE_NO_PSC_ENDPOINT", PscEndpointMissing),
    ("PSC_CONNECTION_NOT_ACCEPTED", PscEndpointMissing),
    ("PSC_ENDPOINT_ACCESSED_FROM_PEERED_NETWORK", PscEndpointMissing),
    ("PSC_TRANSITIVITY_NOT_PROPAGATED", PscEndpointMissing),
    ("NO_NAT_SUBNETS_FOR_PSC_SERVICE_ATTACHMENT", PscEndpointMissing),
    ("DROPPED_INSIDE_PSC_SERVICE_PRODUCER", PscEndpointMissing),
    ("FORWARDING_RULE_REGION_MISMATCH", PscEndpointMissing),
    ("DESTINATION_IS_PRIVATE_NAT_IP_RANGE", AddressRangeConflict),
    ("UNKNOWN_INTERNAL_ADDRESS", DatabaseUnreachable),
    ("UNKNOWN_EXTERNAL_ADDRESS", DatabaseUnreachable),
    ("INSTANCE_NOT_RUNNING", DatabaseUnreachable),
    ("DROPPED_INSIDE_CLOUD_SQL_SERVICE", DatabaseUnreachable),
    ("TRAFFIC_TYPE_BLOCKED", DatabaseUnreachable),
];

impl Dropped<'_> {
    pub(super) fn judge(&self, view: &View<'_>, seen: &str) -> Judgement {
        let code = self.code(view);
        // The packet is dropped by what Google has of the configuration; rungate's own reading may contradict it.
        let judgement = match self.own {
            OwnOpinion::Clear => Judgement::likely(
                code,
                format!("{seen}; rungate's own evaluation of the same configuration finds the way clear"),
            )
            .suspect("the configuration was changed less than two minutes before", None),
            OwnOpinion::Broken { .. } | OwnOpinion::Open { .. } if code == DatabaseUnreachable => {
                Judgement::likely(code, seen)
            }
            OwnOpinion::Broken { .. } | OwnOpinion::Open { .. } => Judgement::proven(code, seen),
        };
        judgement.fix(format!("fix what drops packets to {}, then run the gate again", self.to), None)
    }

    fn code(&self, view: &View<'_>) -> CauseCode {
        let known = self.cause.and_then(|cause| CAUSES.iter().find(|(name, _)| *name == cause));
        let code = known.map_or(DatabaseUnreachable, |(_, code)| *code);
        if code == FirewallDeniesEgress && self.inwards {
            FirewallDeniesIngress
        } else if code == EgressWithoutNat && self.port == PROXY_PORT {
            EgressBlocksCloudsqlSocket
        } else if code == EgressExcludesDatabase && !view.held(check_id::VPC_ACCESS_PRESENT) {
            VpcAccessMissing
        } else {
            code
        }
    }
}

#[cfg(test)]
mod tests {
    use google_cloud_networkmanagement_v1::model::drop_info::Cause;

    use super::*;

    #[test]
    fn every_cause_is_spelt_as_google_spells_it() {
        for (name, _) in CAUSES {
            assert!(Cause::from(*name).value().is_some(), "Google knows no {name}");
        }
        assert!(Cause::from("FIREWALL_RULES").value().is_none(), "and this test can fail");
    }
}

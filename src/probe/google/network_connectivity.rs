//! Network Connectivity API v1: policy-based routes, which come before all other routes of a network.
//!
//! One list call is all that is asked of this API, and its resource is small: the types here are what the gate needs of
//! it, instead of a client library more. Field by field after
//! <https://cloud.google.com/network-connectivity/docs/reference/networkconnectivity/rest/v1/projects.locations.global.policyBasedRoutes>.

use serde::{Deserialize, Serialize};

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, calls};

/// What was read of network connectivity.
#[derive(Debug, Default)]
pub(super) struct Memos {
    policy_routes: Memo<Vec<PolicyBasedRoute>>,
}

/// A policy-based route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyBasedRoute {
    /// `projects/NUMBER/locations/global/PolicyBasedRoutes/R`.
    pub name: String,
    /// `projects/P/global/networks/N`, or a URL that ends so.
    pub network: String,
    /// Which packets it is for.
    pub filter: PacketFilter,
    /// The lowest number wins; 1000 where it is not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u32>,
    /// The machines that it is for, where it is for some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_machine: Option<VirtualMachine>,
    /// The VLAN attachments that it is for, where it is for those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interconnect_attachment: Option<InterconnectAttachment>,
    /// The address of the load balancer that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop_ilb_ip: Option<String>,
    /// `DEFAULT_ROUTING`: it exempts packets from policy-based routes of a higher number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop_other_routes: Option<String>,
}

/// Which packets a policy-based route is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PacketFilter {
    /// `TCP`, `UDP` or `ALL`; `ALL` where it is not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_protocol: Option<String>,
    /// `IPV4` or `IPV6`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    /// Range of senders; all of the version where it is not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub src_range: Option<String>,
    /// Range of receivers; likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dest_range: Option<String>,
}

/// The machines that a policy-based route is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VirtualMachine {
    /// Those with one of these network tags.
    pub tags: Vec<String>,
}

/// The VLAN attachments that a policy-based route is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterconnectAttachment {
    /// Those of this region; `all`: of every region.
    pub region: String,
}

/// A page of policy-based routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyBasedRoutes {
    /// They.
    pub policy_based_routes: Vec<PolicyBasedRoute>,
    /// The token of the next page; empty: there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub next_page_token: String,
}

impl Google {
    /// The policy-based routes of a project's networks (`networkconnectivity.policyBasedRoutes.list`).
    pub async fn policy_routes(&self, project: &str) -> Answer<Vec<PolicyBasedRoute>> {
        let name = &format!("projects/{project}/locations/global/policyBasedRoutes");
        let parts = |page: PolicyBasedRoutes| (page.policy_based_routes, Some(page.next_page_token));
        let fetch = || self.all(&calls::POLICY_ROUTES, name, Ask::get(format!("v1/{name}")), parts);
        self.network_connectivity.policy_routes.get(name, fetch).await
    }
}

//! Compute Engine API v1: networks and what lies in them.

use std::sync::Arc;

use google_cloud_compute_v1::model::{
    Address, AddressList, ExchangedPeeringRoute, ExchangedPeeringRoutesList, ForwardingRule,
    ForwardingRuleList, Instance, InstanceAggregatedList, Network, NetworksGetEffectiveFirewallsResponse,
    RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse, Route, RouteList, Router, RouterList,
    RouterStatusResponse, Subnetwork,
};

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, about, calls};

/// What was read of networks.
#[derive(Debug, Default)]
pub(super) struct Memos {
    networks: Memo<Network>,
    firewalls: Memo<NetworksGetEffectiveFirewallsResponse>,
    regional_firewalls: Memo<RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse>,
    routes: Memo<Vec<Route>>,
    peering_routes: Memo<Vec<ExchangedPeeringRoute>>,
    subnetworks: Memo<Subnetwork>,
    routers: Memo<Vec<Router>>,
    learnt: Memo<Vec<Route>>,
    addresses: Memo<Vec<Address>>,
    forwarding_rules: Memo<Vec<ForwardingRule>>,
    machines: Memo<Vec<Instance>>,
}

/// A network, by project and short name; with Shared VPC the host project's.
fn network_name(project: &str, network: &str) -> String {
    format!("projects/{project}/global/networks/{network}")
}

/// A read of Compute Engine.
fn get(path: &str) -> Ask {
    Ask::get(format!("compute/v1/{path}"))
}

impl Google {
    /// A VPC network, its peerings among it (`compute.networks.get`).
    pub async fn network(&self, project: &str, network: &str) -> Answer<Network> {
        let name = &network_name(project, network);
        let fetch = async || {
            let found: Arc<Network> = self.read(&calls::NETWORK, name, get(name)).await?;
            about(name, &found.name.clone().unwrap_or_default(), found)
        };
        self.network.networks.get(name, fetch).await
    }

    /// Every firewall rule that applies in a network: its own, those of hierarchical policies and of global network
    /// policies (`compute.networks.getEffectiveFirewalls`).
    pub async fn effective_firewalls(
        &self,
        project: &str,
        network: &str,
    ) -> Answer<NetworksGetEffectiveFirewallsResponse> {
        let name = &network_name(project, network);
        let fetch = || self.read(&calls::FIREWALLS, name, get(&format!("{name}/getEffectiveFirewalls")));
        self.network.firewalls.get(name, fetch).await
    }

    /// The same with the regional network policies of one region
    /// (`compute.regionFirewallPolicies.list`, `compute.networks.getRegionEffectiveFirewalls`).
    pub async fn regional_effective_firewalls(
        &self,
        project: &str,
        region: &str,
        network: &str,
    ) -> Answer<RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse> {
        let name = &format!("projects/{project}/regions/{region}/networks/{network}");
        let fetch = || {
            let path = format!("projects/{project}/regions/{region}/firewallPolicies/getEffectiveFirewalls");
            let ask = get(&path).with("network", network_name(project, network));
            self.read(&calls::REGIONAL_FIREWALLS, name, ask)
        };
        self.network.regional_firewalls.get(name, fetch).await
    }

    /// The static and dynamic routes of a project's networks (`compute.routes.list`), not those of peerings.
    pub async fn routes(&self, project: &str) -> Answer<Vec<Route>> {
        let name = &format!("projects/{project}/global/routes");
        let parts = |page: RouteList| (page.items, page.next_page_token);
        self.network.routes.get(name, || self.all(&calls::ROUTES, name, get(name), parts)).await
    }

    /// The routes that a peering brings into a network in one region (`compute.networks.listPeeringRoutes`).
    pub async fn peering_routes(
        &self,
        project: &str,
        network: &str,
        peering: &str,
        region: &str,
    ) -> Answer<Vec<ExchangedPeeringRoute>> {
        let network = network_name(project, network);
        let name = &format!("{network}/peerings/{peering}/regions/{region}");
        let fetch = || {
            let ask = get(&format!("{network}/listPeeringRoutes")).with("direction", "INCOMING");
            let ask = ask.with("peeringName", peering).with("region", region);
            let parts = |page: ExchangedPeeringRoutesList| (page.items, page.next_page_token);
            self.all(&calls::PEERING_ROUTES, name, ask, parts)
        };
        self.network.peering_routes.get(name, fetch).await
    }

    /// A subnetwork (`compute.subnetworks.get`).
    pub async fn subnetwork(&self, project: &str, region: &str, subnetwork: &str) -> Answer<Subnetwork> {
        let name = &format!("projects/{project}/regions/{region}/subnetworks/{subnetwork}");
        let fetch = async || {
            let found: Arc<Subnetwork> = self.read(&calls::SUBNETWORK, name, get(name)).await?;
            about(name, &found.name.clone().unwrap_or_default(), found)
        };
        self.network.subnetworks.get(name, fetch).await
    }

    /// The Cloud Routers of a region, with their NAT gateways (`compute.routers.list`).
    pub async fn routers(&self, project: &str, region: &str) -> Answer<Vec<Router>> {
        let name = &format!("projects/{project}/regions/{region}/routers");
        let parts = |page: RouterList| (page.items, page.next_page_token);
        self.network.routers.get(name, || self.all(&calls::ROUTERS, name, get(name), parts)).await
    }

    /// The best of the routes that Cloud Routers have learnt for a router's network, in its region
    /// (`compute.routers.get`).
    pub async fn learnt_routes(&self, project: &str, region: &str, router: &str) -> Answer<Vec<Route>> {
        let name = &format!("projects/{project}/regions/{region}/routers/{router}");
        let fetch = async || {
            let ask = get(&format!("{name}/getRouterStatus"));
            let status = self.once::<RouterStatusResponse>(&calls::ROUTER_STATUS, name, ask).await?;
            Ok(Arc::new(status.result.map(|result| result.best_routes).unwrap_or_default()))
        };
        self.network.learnt.get(name, fetch).await
    }

    /// The global addresses of a project; those with the purpose `VPC_PEERING` are the ranges allocated to private
    /// services access (`compute.globalAddresses.list`).
    pub async fn global_addresses(&self, project: &str) -> Answer<Vec<Address>> {
        let name = &format!("projects/{project}/global/addresses");
        let parts = |page: AddressList| (page.items, page.next_page_token);
        let fetch = || self.all(&calls::GLOBAL_ADDRESSES, name, get(name), parts);
        self.network.addresses.get(name, fetch).await
    }

    /// The forwarding rules of a region, Private Service Connect endpoints among them
    /// (`compute.forwardingRules.list`).
    pub async fn forwarding_rules(&self, project: &str, region: &str) -> Answer<Vec<ForwardingRule>> {
        let name = &format!("projects/{project}/regions/{region}/forwardingRules");
        let parts = |page: ForwardingRuleList| (page.items, page.next_page_token);
        let fetch = || self.all(&calls::FORWARDING_RULES, name, get(name), parts);
        self.network.forwarding_rules.get(name, fetch).await
    }

    /// The virtual machines of a project that have an address (`compute.instances.list`).
    pub async fn machines_at(&self, project: &str, address: std::net::IpAddr) -> Answer<Vec<Instance>> {
        let name = &format!("projects/{project}/aggregated/instances");
        let fetch = || {
            let ask = get(name).with("filter", format!("networkInterfaces.networkIP = \"{address}\""));
            let parts = |page: InstanceAggregatedList| {
                let machines = page.items.into_values().flat_map(|scope| scope.instances).collect();
                (machines, page.next_page_token)
            };
            self.all(&calls::MACHINES, name, ask, parts)
        };
        self.network.machines.get(&format!("{name} {address}"), fetch).await
    }
}

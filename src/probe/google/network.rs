//! Compute Engine API v1: networks and what lies in them.

use google_cloud_compute_v1::model::{
    Address, ExchangedPeeringRoute, ForwardingRule, Instance, Network, NetworksGetEffectiveFirewallsResponse,
    RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse, Route, Router, Subnetwork, networks,
};

use super::memo::Memo;
use super::{Answer, Google, calls};

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

impl Google {
    /// A VPC network, its peerings among it (`compute.networks.get`).
    pub async fn network(&self, project: &str, network: &str) -> Answer<Network> {
        let name = &network_name(project, network);
        let fetch = || {
            self.read(&calls::NETWORK, name, async {
                let call = self.clients.networks().await?.get();
                Ok(call.set_project(project).set_network(network).send().await)
            })
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
        let fetch = || {
            self.read(&calls::FIREWALLS, name, async {
                let call = self.clients.networks().await?.get_effective_firewalls();
                Ok(call.set_project(project).set_network(network).send().await)
            })
        };
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
            self.read(&calls::REGIONAL_FIREWALLS, name, async {
                let call = self.clients.regional_policies().await?.get_effective_firewalls();
                let link = network_name(project, network);
                Ok(call.set_project(project).set_region(region).set_network(link).send().await)
            })
        };
        self.network.regional_firewalls.get(name, fetch).await
    }

    /// The static and dynamic routes of a project's networks (`compute.routes.list`), not those of peerings.
    pub async fn routes(&self, project: &str) -> Answer<Vec<Route>> {
        let name = &format!("projects/{project}/global/routes");
        let fetch = || {
            self.all(&calls::ROUTES, name, async |token| {
                let call = self.clients.routes().await?.list().set_project(project);
                let page = call.set_page_token(token).send().await;
                Ok(page.map(|page| (page.items, page.next_page_token.unwrap_or_default())))
            })
        };
        self.network.routes.get(name, fetch).await
    }

    /// The routes that a peering brings into a network in one region (`compute.networks.listPeeringRoutes`).
    pub async fn peering_routes(
        &self,
        project: &str,
        network: &str,
        peering: &str,
        region: &str,
    ) -> Answer<Vec<ExchangedPeeringRoute>> {
        let name = &format!("{}/peerings/{peering}/regions/{region}", network_name(project, network));
        let fetch = || {
            self.all(&calls::PEERING_ROUTES, name, async |token| {
                let call = self.clients.networks().await?.list_peering_routes().set_project(project);
                let call = call.set_network(network).set_peering_name(peering).set_region(region);
                let incoming = networks::list_peering_routes_request::Direction::Incoming;
                let page = call.set_direction(incoming).set_page_token(token).send().await;
                Ok(page.map(|page| (page.items, page.next_page_token.unwrap_or_default())))
            })
        };
        self.network.peering_routes.get(name, fetch).await
    }

    /// A subnetwork (`compute.subnetworks.get`).
    pub async fn subnetwork(&self, project: &str, region: &str, subnetwork: &str) -> Answer<Subnetwork> {
        let name = &format!("projects/{project}/regions/{region}/subnetworks/{subnetwork}");
        let fetch = || {
            self.read(&calls::SUBNETWORK, name, async {
                let call = self.clients.subnetworks().await?.get().set_project(project);
                Ok(call.set_region(region).set_subnetwork(subnetwork).send().await)
            })
        };
        self.network.subnetworks.get(name, fetch).await
    }

    /// The Cloud Routers of a region, with their NAT gateways (`compute.routers.list`).
    pub async fn routers(&self, project: &str, region: &str) -> Answer<Vec<Router>> {
        let name = &format!("projects/{project}/regions/{region}/routers");
        let fetch = || {
            self.all(&calls::ROUTERS, name, async |token| {
                let call = self.clients.routers().await?.list().set_project(project).set_region(region);
                let page = call.set_page_token(token).send().await;
                Ok(page.map(|page| (page.items, page.next_page_token.unwrap_or_default())))
            })
        };
        self.network.routers.get(name, fetch).await
    }

    /// The best of the routes that Cloud Routers have learnt for a router's network, in its region
    /// (`compute.routers.get`).
    pub async fn learnt_routes(&self, project: &str, region: &str, router: &str) -> Answer<Vec<Route>> {
        let name = &format!("projects/{project}/regions/{region}/routers/{router}");
        let fetch = || {
            self.read(&calls::ROUTER_STATUS, name, async {
                let call = self.clients.routers().await?.get_router_status();
                let call = call.set_project(project).set_region(region).set_router(router);
                let status = call.send().await;
                Ok(status.map(|status| status.result.map(|result| result.best_routes).unwrap_or_default()))
            })
        };
        self.network.learnt.get(name, fetch).await
    }

    /// The global addresses of a project; those with the purpose `VPC_PEERING` are the ranges allocated to private
    /// services access (`compute.globalAddresses.list`).
    pub async fn global_addresses(&self, project: &str) -> Answer<Vec<Address>> {
        let name = &format!("projects/{project}/global/addresses");
        let fetch = || {
            self.all(&calls::GLOBAL_ADDRESSES, name, async |token| {
                let call = self.clients.global_addresses().await?.list().set_project(project);
                let page = call.set_page_token(token).send().await;
                Ok(page.map(|page| (page.items, page.next_page_token.unwrap_or_default())))
            })
        };
        self.network.addresses.get(name, fetch).await
    }

    /// The forwarding rules of a region, Private Service Connect endpoints among them
    /// (`compute.forwardingRules.list`).
    pub async fn forwarding_rules(&self, project: &str, region: &str) -> Answer<Vec<ForwardingRule>> {
        let name = &format!("projects/{project}/regions/{region}/forwardingRules");
        let fetch = || {
            self.all(&calls::FORWARDING_RULES, name, async |token| {
                let call = self.clients.forwarding_rules().await?.list().set_project(project);
                let page = call.set_region(region).set_page_token(token).send().await;
                Ok(page.map(|page| (page.items, page.next_page_token.unwrap_or_default())))
            })
        };
        self.network.forwarding_rules.get(name, fetch).await
    }

    /// The virtual machines of a project that have an address (`compute.instances.list`).
    pub async fn machines_at(&self, project: &str, address: std::net::IpAddr) -> Answer<Vec<Instance>> {
        let name = &format!("projects/{project}/aggregated/instances");
        let fetch = || {
            self.all(&calls::MACHINES, name, async |token| {
                let call = self.clients.machines().await?.aggregated_list().set_project(project);
                let filter = format!("networkInterfaces.networkIP = \"{address}\"");
                let page = call.set_filter(filter).set_page_token(token).send().await;
                Ok(page.map(|page| {
                    let machines = page.items.into_values().flat_map(|scope| scope.instances).collect();
                    (machines, page.next_page_token.unwrap_or_default())
                }))
            })
        };
        self.network.machines.get(&format!("{name} {address}"), fetch).await
    }
}

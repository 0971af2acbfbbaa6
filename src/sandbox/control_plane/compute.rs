//! Compute Engine API v1: networks and what lies in them.

use google_cloud_compute_v1::model::{
    Address, AddressList, ExchangedPeeringRoute, ExchangedPeeringRoutesList, Firewall, FirewallPolicyRule,
    FirewallPolicyRuleMatcher, FirewallPolicyRuleMatcherLayer4Config, ForwardingRule, ForwardingRuleList,
    Instance, InstanceAggregatedList, InstancesScopedList, Network, NetworkInterface, NetworkPeering,
    NetworkRoutingConfig, NetworksGetEffectiveFirewallsResponse,
    NetworksGetEffectiveFirewallsResponseEffectiveFirewallPolicy as Policy,
    RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse, Route, RouteList, Router, RouterList,
    RouterNat, RouterStatus, RouterStatusResponse, Subnetwork, Tags, address, exchanged_peering_route,
    firewall, firewall_policy_rule, forwarding_rule, instance, network_peering, network_routing_config,
    networks_get_effective_firewalls_response_effective_firewall_policy as policy, router_nat,
};
use serde::Serialize;

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use super::spelling::resource;
use crate::sandbox::world::{
    Behind, EndpointStatus, FirewallWorld, InstanceWorld, NetworkWorld, PrivateServices, RouteWorld,
    SubnetWorld, World,
};

const API: &str = "compute.googleapis.com";

/// The peering that private services access makes.
const PEERING: &str = "servicenetworking-googleapis-com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, _) = ask.parts();
    let ["compute", "v1", "projects", project, rest @ ..] = &segments[..] else { return None };
    let world = &ask.cloud.world;
    let may =
        |permission, what: &str| ask.allowed(API, project, permission, &format!("projects/{project}/{what}"));
    let here = || world.networks.iter().filter(|network| network.project == *project);
    let network = |name: &str| {
        let mut here = here();
        here.find(|network| network.name == name)
            .ok_or_else(|| not_found(&format!("projects/{project}/global/networks/{name}")))
    };
    Some(match rest {
        ["global", "networks", name] => may("compute.networks.get", &format!("global/networks/{name}"))
            .and_then(|()| json(&model(network(name)?))),
        ["global", "networks", name, "getEffectiveFirewalls"] => {
            may("compute.networks.getEffectiveFirewalls", &format!("global/networks/{name}"))
                .and_then(|()| json(&effective(network(name)?)))
        }
        ["global", "networks", name, "listPeeringRoutes"] => {
            may("compute.networks.listPeeringRoutes", &format!("global/networks/{name}"))
                .and_then(|()| json(&peering_routes(world, network(name)?)))
        }
        ["regions", region, "firewallPolicies", "getEffectiveFirewalls"] => {
            may("compute.networks.getRegionEffectiveFirewalls", &format!("regions/{region}"))
                // There are no regional policies here.
                .and_then(|()| json(&RegionNetworkFirewallPoliciesGetEffectiveFirewallsResponse::new()))
        }
        ["global", "routes"] => may("compute.routes.list", "global/routes").and_then(|()| {
            let routes = here().flat_map(|network| {
                let subnets = network.subnets.iter().map(|one| subnet_route(network, one));
                subnets.chain(network.routes.iter().map(|one| route(network, one)))
            });
            json(&RouteList::new().set_items(routes))
        }),
        ["global", "addresses"] => may("compute.globalAddresses.list", "global/addresses")
            .and_then(|()| json(&AddressList::new().set_items(here().flat_map(|one| allocated(world, one))))),
        ["regions", region, "subnetworks", name] => {
            may("compute.subnetworks.get", &format!("regions/{region}/subnetworks/{name}")).and_then(|()| {
                let mut all =
                    here().flat_map(|network| network.subnets.iter().map(move |one| (network, one)));
                let found = all.find(|(_, subnet)| subnet.region == *region && subnet.name == *name);
                let full = format!("projects/{project}/regions/{region}/subnetworks/{name}");
                let (network, subnet) = found.ok_or_else(|| not_found(&full))?;
                json(&subnetwork(network, subnet))
            })
        }
        ["regions", region, "routers"] => may("compute.routers.list", &format!("regions/{region}/routers"))
            .and_then(|()| {
                let with_nat = here().filter(|network| network.nats.iter().any(|one| one == region));
                json(&RouterList::new().set_items(with_nat.map(|network| router(network, region))))
            }),
        ["regions", region, "routers", name] => {
            may("compute.routers.get", &format!("regions/{region}/routers/{name}")).and_then(|()| {
                let mut with_nat = here().filter(|network| network.nats.iter().any(|one| one == region));
                let found = with_nat.find(|network| router(network, region).name.as_deref() == Some(*name));
                let full = format!("projects/{project}/regions/{region}/routers/{name}");
                json(&router(found.ok_or_else(|| not_found(&full))?, region))
            })
        }
        ["regions", region, "routers", name, "getRouterStatus"] => {
            may("compute.routers.get", &format!("regions/{region}/routers/{name}")).and_then(|()| {
                let mut with_nat = here().filter(|network| network.nats.iter().any(|one| one == region));
                let network = with_nat
                    .find(|network| router(network, region).name.as_deref() == Some(*name))
                    .ok_or_else(|| {
                        not_found(&format!("projects/{project}/regions/{region}/routers/{name}"))
                    })?;
                // No peer of these routers tells them anything.
                let status = RouterStatus::new().set_network(link(network));
                json(&RouterStatusResponse::new().set_kind("compute#routerStatusResponse").set_result(status))
            })
        }
        ["regions", region, "forwardingRules"] => {
            may("compute.forwardingRules.list", &format!("regions/{region}/forwardingRules")).and_then(|()| {
                let of_region = servers(world, project).filter(|one| one.region == *region);
                json(&ForwardingRuleList::new().set_items(of_region.filter_map(|one| endpoint(world, one))))
            })
        }
        ["aggregated", "instances"] => may("compute.instances.list", "aggregated/instances").and_then(|()| {
            let filter = ask.query("filter").unwrap_or_default();
            let machines =
                servers(world, project).filter_map(|one| machine(world, one)).filter(|(_, machine)| {
                    let ip = machine.network_interfaces.first().and_then(|one| one.network_ip.as_deref());
                    filter.is_empty() || ip.is_some_and(|ip| filter.contains(&format!("\"{ip}\"")))
                });
            let scopes =
                machines.map(|(zone, machine)| (zone, InstancesScopedList::new().set_instances([machine])));
            json(&InstanceAggregatedList::new().set_items(scopes))
        }),
        _ => return None,
    })
}

fn json(answer: &impl Serialize) -> Reply {
    // This API's library spells enumerations itself.
    resource(answer, &[])
}

fn not_found(full: &str) -> Refusal {
    Refusal::NotFound { message: format!("The resource '{full}' was not found") }
}

fn link(network: &NetworkWorld) -> String {
    format!(
        "https://www.googleapis.com/compute/v1/projects/{}/global/networks/{}",
        network.project, network.name
    )
}

fn model(network: &NetworkWorld) -> Network {
    let state = match network.private_services {
        PrivateServices::Active | PrivateServices::WithoutRange => Some(network_peering::State::Active),
        PrivateServices::Inactive => Some(network_peering::State::Inactive),
        PrivateServices::Missing => None,
    };
    let peering = state.map(|state| {
        NetworkPeering::new()
            .set_name(PEERING)
            .set_network("https://www.googleapis.com/compute/v1/projects/speckle-umbrella-1-tp/global/networks/servicenetworking")
            .set_state(state)
            .set_state_details("the state in the sandbox's world")
            .set_auto_create_routes(true)
            .set_exchange_subnet_routes(true)
    });
    Network::new()
        .set_name(&network.name)
        .set_self_link(link(network))
        .set_auto_create_subnetworks(false)
        .set_routing_config(
            NetworkRoutingConfig::new().set_routing_mode(network_routing_config::RoutingMode::Regional),
        )
        .set_peerings(peering)
}

fn effective(network: &NetworkWorld) -> NetworksGetEffectiveFirewallsResponse {
    let above = (!network.policy.is_empty()).then(|| {
        Policy::new()
            .set_name("123456789012")
            .set_short_name("organisation-policy")
            .set_type(policy::Type::Hierarchy)
            .set_rules(network.policy.iter().map(policy_rule))
    });
    NetworksGetEffectiveFirewallsResponse::new()
        .set_firewalls(network.firewalls.iter().map(|rule| firewall_rule(network, rule)))
        .set_firewall_policys(above)
}

fn firewall_rule(network: &NetworkWorld, rule: &FirewallWorld) -> Firewall {
    let protocol = if rule.ports.is_empty() { "all" } else { "tcp" };
    let ports = || rule.ports.iter().map(u16::to_string);
    let ranges = rule.ranges.iter().map(ToString::to_string);
    let model = Firewall::new()
        .set_name(&rule.name)
        .set_network(link(network))
        .set_priority(i32::from(rule.priority))
        .set_disabled(rule.disabled)
        .set_target_tags(&rule.target_tags)
        .set_self_link(format!(
            "https://www.googleapis.com/compute/v1/projects/{}/global/firewalls/{}",
            network.project, rule.name
        ));
    let model = if rule.ingress {
        model.set_direction(firewall::Direction::Ingress).set_source_ranges(ranges)
    } else {
        model.set_direction(firewall::Direction::Egress).set_destination_ranges(ranges)
    };
    if rule.allows {
        model.set_allowed([firewall::Allowed::new().set_ip_protocol(protocol).set_ports(ports())])
    } else {
        model.set_denied([firewall::Denied::new().set_ip_protocol(protocol).set_ports(ports())])
    }
}

fn policy_rule(rule: &FirewallWorld) -> FirewallPolicyRule {
    let protocol = if rule.ports.is_empty() { "all" } else { "tcp" };
    let layer = FirewallPolicyRuleMatcherLayer4Config::new()
        .set_ip_protocol(protocol)
        .set_ports(rule.ports.iter().map(u16::to_string));
    let ranges = rule.ranges.iter().map(ToString::to_string);
    let matcher = FirewallPolicyRuleMatcher::new().set_layer_4_configs([layer]);
    let (direction, matcher) = if rule.ingress {
        (firewall_policy_rule::Direction::Ingress, matcher.set_src_ip_ranges(ranges))
    } else {
        (firewall_policy_rule::Direction::Egress, matcher.set_dest_ip_ranges(ranges))
    };
    FirewallPolicyRule::new()
        .set_rule_name(&rule.name)
        .set_priority(i32::from(rule.priority))
        .set_action(if rule.allows { "allow" } else { "deny" })
        .set_direction(direction)
        .set_disabled(rule.disabled)
        .set_match(matcher)
}

fn peering_routes(world: &World, network: &NetworkWorld) -> ExchangedPeeringRoutesList {
    let ranges = match network.private_services {
        PrivateServices::Active | PrivateServices::WithoutRange => world.service_ranges(network),
        PrivateServices::Inactive | PrivateServices::Missing => Vec::new(),
    };
    ExchangedPeeringRoutesList::new().set_items(ranges.iter().map(|range| {
        ExchangedPeeringRoute::new()
            .set_dest_range(range.to_string())
            .set_imported(true)
            .set_priority(0_u32)
            .set_type(exchanged_peering_route::Type::SubnetPeeringRoute)
    }))
}

/// The route that every subnetwork brings.
fn subnet_route(network: &NetworkWorld, subnet: &SubnetWorld) -> Route {
    Route::new()
        .set_name(format!("default-route-{}", subnet.name))
        .set_network(link(network))
        .set_dest_range(subnet.range.to_string())
        .set_priority(0_u32)
        .set_next_hop_network(link(network))
}

fn route(network: &NetworkWorld, route: &RouteWorld) -> Route {
    let model = Route::new()
        .set_name(&route.name)
        .set_network(link(network))
        .set_dest_range(route.range.to_string())
        .set_priority(route.priority);
    match &route.machine {
        Some(machine) => model.set_next_hop_instance(format!(
            "https://www.googleapis.com/compute/v1/projects/{}/zones/europe-west1-b/instances/{machine}",
            network.project
        )),
        None => model.set_next_hop_gateway(format!(
            "https://www.googleapis.com/compute/v1/projects/{}/global/gateways/default-internet-gateway",
            network.project
        )),
    }
}

/// The servers whose networks are a project's.
fn servers<'a>(world: &'a World, project: &'a str) -> impl Iterator<Item = &'a InstanceWorld> {
    world.instances.iter().filter(move |one| world.host(&one.project) == project)
}

fn network_of(world: &World, instance: &InstanceWorld) -> Option<String> {
    let (project, name) = (world.host(&instance.project), instance.network.as_ref()?);
    Some(format!("https://www.googleapis.com/compute/v1/projects/{project}/global/networks/{name}"))
}

/// The forwarding rule of a Private Service Connect endpoint.
fn endpoint(world: &World, instance: &InstanceWorld) -> Option<ForwardingRule> {
    let Behind::Endpoint(endpoint) = &instance.behind else { return None };
    let address = instance.addresses.iter().find(|one| one.private)?.ip;
    let status = match endpoint.status {
        EndpointStatus::Accepted => forwarding_rule::PscConnectionStatus::Accepted,
        EndpointStatus::Pending => forwarding_rule::PscConnectionStatus::Pending,
        EndpointStatus::Rejected => forwarding_rule::PscConnectionStatus::Rejected,
        EndpointStatus::Closed => forwarding_rule::PscConnectionStatus::Closed,
    };
    let (project, region) = (&instance.project, &instance.region);
    Some(
        ForwardingRule::new()
            .set_name(&endpoint.name)
            .set_self_link(format!(
                "https://www.googleapis.com/compute/v1/projects/{project}/regions/{region}/forwardingRules/{}",
                endpoint.name
            ))
            .set_ip_address(address.to_string())
            .set_network(network_of(world, instance)?)
            .set_region(format!("https://www.googleapis.com/compute/v1/projects/{project}/regions/{region}"))
            .set_target(format!(
                "https://www.googleapis.com/compute/v1/projects/speckle-umbrella-1-tp/regions/{region}\
                 /serviceAttachments/a-0123456789ab-psc-service-attachment"
            ))
            .set_psc_connection_status(status),
    )
}

/// The machine that runs a server, and its zone as aggregated lists name it.
fn machine(world: &World, instance: &InstanceWorld) -> Option<(String, Instance)> {
    let Behind::Machine(machine) = &instance.behind else { return None };
    let address = instance.addresses.iter().find(|one| one.private)?.ip;
    let interface = NetworkInterface::new()
        .set_name("nic0")
        .set_network(network_of(world, instance)?)
        .set_network_ip(address.to_string());
    let model = Instance::new()
        .set_name(&machine.name)
        .set_zone(format!(
            "https://www.googleapis.com/compute/v1/projects/{}/zones/{}",
            instance.project, machine.zone
        ))
        .set_self_link(format!(
            "https://www.googleapis.com/compute/v1/projects/{}/zones/{}/instances/{}",
            instance.project, machine.zone, machine.name
        ))
        .set_status(instance::Status::Running)
        .set_tags(Tags::new().set_items(&machine.tags))
        .set_network_interfaces([interface]);
    Some((format!("zones/{}", machine.zone), model))
}

/// The ranges allocated to private services access.
fn allocated(world: &World, network: &NetworkWorld) -> Vec<Address> {
    if network.private_services == PrivateServices::Missing {
        return Vec::new();
    }
    let ranges = world.service_ranges(network).into_iter().enumerate();
    ranges
        .map(|(index, range)| {
            Address::new()
                .set_name(format!("services-of-{}-{index}", network.name))
                .set_network(link(network))
                .set_purpose(address::Purpose::VpcPeering)
                .set_address(range.network().to_string())
                .set_prefix_length(i32::from(range.prefix_len()))
        })
        .collect()
}

fn subnetwork(network: &NetworkWorld, subnet: &SubnetWorld) -> Subnetwork {
    Subnetwork::new()
        .set_name(&subnet.name)
        .set_network(link(network))
        .set_region(format!(
            "https://www.googleapis.com/compute/v1/projects/{}/regions/{}",
            network.project, subnet.region
        ))
        .set_ip_cidr_range(subnet.range.to_string())
}

fn router(network: &NetworkWorld, region: &str) -> Router {
    let nat = RouterNat::new().set_name("nat").set_source_subnetwork_ip_ranges_to_nat(
        router_nat::SourceSubnetworkIpRangesToNat::AllSubnetworksAllIpRanges,
    );
    Router::new().set_name(format!("router-{region}")).set_network(link(network)).set_nats([nat])
}

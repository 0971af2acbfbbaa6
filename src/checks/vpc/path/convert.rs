//! Routes, peerings, gateways and machines, from Compute Engine's form into the evaluator's.

use std::net::IpAddr;

use google_cloud_compute_v1::model::{
    Address, ExchangedPeeringRoute, ForwardingRule, Instance, NetworkPeering, Route as ComputeRoute, Router,
    RouterNat, RouterNatSubnetworkToNat, address, exchanged_peering_route, network_peering, router_nat,
    router_nat_subnetwork_to_nat,
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::firewall::range;
use crate::model::resource::short;
use crate::network::routes::{Hop, PolicyRoute, Route, RouteKind};
use crate::network::{Endpoint, Machine, Nat, Network, Peering, Translated};
use crate::probe::google::PolicyBasedRoute;
use crate::text::bounded;

/// The routes of one network; those of peerings, which `routes.list` shows too, come with their peering.
pub(super) fn routes(all: &[ComputeRoute], network: &Network) -> Vec<Route> {
    let here = all.iter().filter(|route| {
        let of = route.network.as_deref().and_then(Network::parse);
        of.is_some_and(|of| of.same(network)) && route.next_hop_peering.is_none()
    });
    here.filter_map(route).collect()
}

fn route(route: &ComputeRoute) -> Option<Route> {
    let last = |link: &Option<String>| link.as_deref().map(|link| short(link).to_owned());
    let hop = if route.next_hop_gateway.is_some() {
        Hop::InternetGateway
    } else if let Some(instance) = last(&route.next_hop_instance) {
        Hop::Instance(instance)
    } else if let Some(balancer) = last(&route.next_hop_ilb) {
        Hop::LoadBalancer(balancer)
    } else if let Some(tunnel) = last(&route.next_hop_vpn_tunnel) {
        Hop::VpnTunnel(tunnel)
    } else if let Some(attachment) = last(&route.next_hop_interconnect_attachment) {
        Hop::Interconnect(attachment)
    } else if let Some(hub) = last(&route.next_hop_hub) {
        Hop::Hub(hub)
    } else if route.next_hop_network.is_some() {
        Hop::Network
    } else if let Some(address) = route.next_hop_ip.clone() {
        // A learnt route has both, the tunnel and the address of the peer behind it.
        Hop::Instance(address)
    } else {
        Hop::Other("nothing that is known".to_owned())
    };
    let kind = if hop == Hop::Network { RouteKind::Subnet } else { RouteKind::Static };
    Some(Route {
        name: route.name.clone().unwrap_or_default(),
        range: range(route.dest_range.as_deref()?)?,
        kind,
        hop,
        priority: route.priority.unwrap_or(1000),
        tags: route.tags.clone(),
    })
}

/// The routes that Cloud Routers have learnt.
pub(super) fn learnt(all: &[ComputeRoute]) -> Vec<Route> {
    all.iter().filter_map(route).map(|route| Route { kind: RouteKind::Dynamic, ..route }).collect()
}

/// The policy-based routes of one network that can be for a service's packets: not those for VLAN attachments.
///
/// # Errors
/// The name of one that is in no form that is known: what it does with packets cannot be told then.
pub(super) fn policy_routes(all: &[PolicyBasedRoute], network: &Network) -> Result<Vec<PolicyRoute>, String> {
    let here = all.iter().filter(|route| {
        Network::parse(&route.network).is_some_and(|of| of.same(network))
            && route.interconnect_attachment.is_none()
    });
    here.map(|route| policy_route(route).ok_or_else(|| short(&route.name).to_owned())).collect()
}

fn policy_route(route: &PolicyBasedRoute) -> Option<PolicyRoute> {
    let filter = &route.filter;
    let everything = match filter.protocol_version.as_deref() {
        None | Some("IPV4" | "PROTOCOL_VERSION_UNSPECIFIED") => IpNet::V4(Ipv4Net::default()),
        Some("IPV6") => IpNet::V6(Ipv6Net::default()),
        Some(_) => return None,
    };
    let stated = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(str::to_owned);
    let from = match stated(&filter.src_range) {
        Some(text) => Some(range(&text)?),
        None => None,
    };
    let to = match stated(&filter.dest_range) {
        Some(text) => range(&text)?,
        None => everything,
    };
    let hop = match (stated(&route.next_hop_ilb_ip), route.next_hop_other_routes.as_deref()) {
        (Some(balancer), _) => Some(balancer),
        (None, Some("DEFAULT_ROUTING")) => None,
        (None, _) => return None,
    };
    Some(PolicyRoute {
        name: short(&route.name).to_owned(),
        priority: route.priority.unwrap_or(1000),
        from,
        to,
        // A protocol that is not known may be TCP under another name.
        tcp: filter.ip_protocol.as_deref() != Some("UDP"),
        tags: route.virtual_machine.as_ref().map(|machine| machine.tags.clone()).unwrap_or_default(),
        hop,
    })
}

/// The name of a Cloud Router of a network, any of them: each tells the best routes of the whole network.
pub(super) fn router_of<'a>(all: &'a [Router], network: &Network) -> Option<&'a str> {
    let of = |router: &&Router| {
        let of = router.network.as_deref().and_then(Network::parse);
        of.is_some_and(|of| of.same(network))
    };
    all.iter().find(of).and_then(|router| router.name.as_deref())
}

/// The routes that a peering brings into the network.
pub(super) fn peering_routes(all: &[ExchangedPeeringRoute], peering: &str) -> Vec<Route> {
    let imported = all.iter().filter(|route| route.imported == Some(true));
    imported
        .filter_map(|route| {
            let of_subnet = exchanged_peering_route::Type::SubnetPeeringRoute;
            let kind = if route.r#type == Some(of_subnet) {
                RouteKind::PeeringSubnet
            } else {
                RouteKind::PeeringCustom
            };
            Some(Route {
                name: String::new(),
                range: range(route.dest_range.as_deref()?)?,
                kind,
                hop: Hop::Peering(peering.to_owned()),
                priority: route.priority.unwrap_or(0),
                tags: Vec::new(),
            })
        })
        .collect()
}

/// The peerings of a network.
///
/// # Errors
/// One is in a state that is not known.
pub(super) fn peerings(all: &[NetworkPeering]) -> Result<Vec<Peering>, String> {
    let one = |peering: &NetworkPeering| {
        Ok(Peering {
            name: peering.name.clone().unwrap_or_default(),
            network: peering.network.clone().unwrap_or_default(),
            active: match &peering.state {
                Some(network_peering::State::Active) => true,
                Some(network_peering::State::Inactive) => false,
                other => {
                    let name = peering.name.as_deref().unwrap_or_default();
                    let state = other.as_ref().and_then(|state| state.name()).unwrap_or("none");
                    return Err(format!(
                        "peering {} is in state {}, which is not known",
                        bounded(name),
                        bounded(state)
                    ));
                }
            },
            details: peering.state_details.clone().unwrap_or_default(),
            exports_public_ranges: peering.export_subnet_routes_with_public_ip.unwrap_or(true),
            imports_public_ranges: peering.import_subnet_routes_with_public_ip.unwrap_or(false),
        })
    };
    all.iter().map(one).collect()
}

/// The ranges reserved for private services access in a network.
pub(super) fn allocations(all: &[Address], network: &Network) -> Vec<IpNet> {
    let of_services = all.iter().filter(|one| {
        let of = one.network.as_deref().and_then(Network::parse);
        one.purpose == Some(address::Purpose::VpcPeering) && of.is_some_and(|of| of.same(network))
    });
    of_services
        .filter_map(|one| {
            let prefix = u8::try_from(one.prefix_length?).ok()?;
            IpNet::new(one.address.as_deref()?.parse().ok()?, prefix).ok()
        })
        .collect()
}

/// The Private Service Connect endpoints that have an address.
pub(super) fn endpoints(all: &[ForwardingRule], at: IpAddr, region: &str) -> Vec<Endpoint> {
    let to_attachment = |rule: &&ForwardingRule| {
        rule.target.as_deref().is_some_and(|target| target.contains("/serviceAttachments/"))
            || rule.psc_connection_status.is_some()
    };
    let here = all.iter().filter(to_attachment);
    here.filter_map(|rule| {
        let address: IpAddr = rule.ip_address.as_deref()?.parse().ok()?;
        (address == at).then_some(())?;
        let status = rule.psc_connection_status.as_ref().and_then(|status| status.name());
        Some(Endpoint {
            name: rule.name.clone().unwrap_or_default(),
            address,
            network: Network::parse(rule.network.as_deref()?)?,
            region: rule.region.as_deref().map_or(region, short).to_owned(),
            global_access: rule.allow_psc_global_access.unwrap_or(false),
            status: status.unwrap_or("UNSPECIFIED").to_owned(),
        })
    })
    .collect()
}

/// The NAT gateways of a network that translate the addresses of machines into public ones.
///
/// # Errors
/// One translates what is not known.
pub(super) fn nats(all: &[Router], network: &Network) -> Result<Vec<Nat>, String> {
    let here = all.iter().filter(|router| {
        let of = router.network.as_deref().and_then(Network::parse);
        of.is_some_and(|of| of.same(network))
    });
    here.flat_map(|router| &router.nats).filter(|nat| is_public(nat)).map(nat).collect()
}

fn is_public(nat: &RouterNat) -> bool {
    // One of a kind that is not known yet may be for these packets.
    nat.r#type.as_ref().is_none_or(|kind| *kind != router_nat::Type::Private)
        && (nat.endpoint_types.is_empty()
            || nat.endpoint_types.contains(&router_nat::EndpointTypes::EndpointTypeVm))
}

fn nat(nat: &RouterNat) -> Result<Nat, String> {
    use router_nat::SourceSubnetworkIpRangesToNat as Ranges;
    let name = nat.name.clone().unwrap_or_default();
    let translates = match &nat.source_subnetwork_ip_ranges_to_nat {
        Some(Ranges::AllSubnetworksAllIpRanges | Ranges::AllSubnetworksAllPrimaryIpRanges) => {
            Translated::AllSubnets
        }
        Some(Ranges::ListOfSubnetworks) | None => Translated::Subnets(
            nat.subnetworks
                .iter()
                .filter(|subnet| translates_primary(subnet))
                .filter_map(|subnet| subnet.name.as_deref().map(|name| short(name).to_owned()))
                .collect(),
        ),
        Some(other) => {
            let ranges = bounded(other.name().unwrap_or("a number"));
            return Err(format!("Cloud NAT {} translates {ranges}, which is not known", bounded(&name)));
        }
    };
    // <https://cloud.google.com/nat/docs/ports-and-addresses>: 64 a machine, and 32 where they are given out as needed.
    let dynamic = nat.enable_dynamic_port_allocation.unwrap_or(false);
    let stated = nat.min_ports_per_vm.and_then(|ports| u32::try_from(ports).ok()).filter(|ports| *ports > 0);
    let ports = stated.unwrap_or(if dynamic { 32 } else { 64 });
    Ok(Nat { name, translates, ports: (!dynamic).then_some(ports) })
}

/// Whether the primary range of a listed subnet is translated, from which services and connectors have their addresses.
fn translates_primary(subnet: &RouterNatSubnetworkToNat) -> bool {
    use router_nat_subnetwork_to_nat::SourceIpRangesToNat as Ranges;
    let ranges = &subnet.source_ip_ranges_to_nat;
    ranges.is_empty() || ranges.iter().any(|one| *one != Ranges::ListOfSecondaryIpRanges)
}

/// The machine with an address.
pub(super) fn machine(all: &[Instance], at: IpAddr) -> Option<Machine> {
    all.iter().find_map(|machine| {
        let interface = machine.network_interfaces.iter().find(|interface| {
            interface.network_ip.as_deref().and_then(|text| text.parse::<IpAddr>().ok()) == Some(at)
        })?;
        Some(Machine {
            name: machine.name.clone().unwrap_or_default(),
            network: Network::parse(interface.network.as_deref()?)?,
            tags: machine.tags.as_ref().map(|tags| tags.items.clone()).unwrap_or_default(),
            service_account: machine.service_accounts.first().and_then(|account| account.email.clone()),
        })
    })
}

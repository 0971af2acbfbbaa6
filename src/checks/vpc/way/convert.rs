//! Routes, peerings, gateways and machines, from Compute Engine's form into the evaluator's.

use std::net::IpAddr;

use google_cloud_compute_v1::model::{
    Address, ExchangedPeeringRoute, ForwardingRule, Instance, NetworkPeering, Route as ComputeRoute, Router,
    RouterNat, address, exchanged_peering_route, network_peering, router_nat,
};
use ipnet::IpNet;

use super::firewall::range;
use crate::checks::facts::short_name;
use crate::network::routes::{Hop, Route, RouteKind};
use crate::network::{Endpoint, Machine, Nat, Network, Peering, Translated};

/// The routes of one network; those of peerings, which `routes.list` shows too, come with their peering.
pub(super) fn routes(all: &[ComputeRoute], network: &Network) -> Vec<Route> {
    let here = all.iter().filter(|route| {
        let of = route.network.as_deref().and_then(Network::parse);
        of.is_some_and(|of| of.same(network)) && route.next_hop_peering.is_none()
    });
    here.filter_map(route).collect()
}

fn route(route: &ComputeRoute) -> Option<Route> {
    let last = |link: &Option<String>| link.as_deref().map(|link| short_name(link).to_owned());
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
pub(super) fn peerings(all: &[NetworkPeering]) -> Vec<Peering> {
    let one = |peering: &NetworkPeering| Peering {
        name: peering.name.clone().unwrap_or_default(),
        network: peering.network.clone().unwrap_or_default(),
        active: peering.state == Some(network_peering::State::Active),
        details: peering.state_details.clone().unwrap_or_default(),
        exports_public_ranges: peering.export_subnet_routes_with_public_ip.unwrap_or(true),
        imports_public_ranges: peering.import_subnet_routes_with_public_ip.unwrap_or(false),
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
            region: rule.region.as_deref().map_or(region, short_name).to_owned(),
            global_access: rule.allow_psc_global_access.unwrap_or(false),
            status: status.unwrap_or("UNSPECIFIED").to_owned(),
        })
    })
    .collect()
}

/// The NAT gateways of a network that translate the addresses of machines into public ones.
pub(super) fn nats(all: &[Router], network: &Network) -> Vec<Nat> {
    let here = all.iter().filter(|router| {
        let of = router.network.as_deref().and_then(Network::parse);
        of.is_some_and(|of| of.same(network))
    });
    here.flat_map(|router| &router.nats).filter(|nat| is_public(nat)).map(nat).collect()
}

fn is_public(nat: &RouterNat) -> bool {
    nat.r#type.as_ref().is_none_or(|kind| *kind == router_nat::Type::Public)
        && (nat.endpoint_types.is_empty()
            || nat.endpoint_types.contains(&router_nat::EndpointTypes::EndpointTypeVm))
}

fn nat(nat: &RouterNat) -> Nat {
    use router_nat::SourceSubnetworkIpRangesToNat as Ranges;
    let translates = match &nat.source_subnetwork_ip_ranges_to_nat {
        Some(Ranges::AllSubnetworksAllIpRanges | Ranges::AllSubnetworksAllPrimaryIpRanges) => {
            Translated::AllSubnets
        }
        _ => Translated::Subnets(
            nat.subnetworks
                .iter()
                .filter_map(|subnet| subnet.name.as_deref().map(|name| short_name(name).to_owned()))
                .collect(),
        ),
    };
    Nat { name: nat.name.clone().unwrap_or_default(), translates }
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

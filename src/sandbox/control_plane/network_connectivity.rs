//! Network Connectivity API v1: policy-based routes.

use super::Reply;
use super::ask::Ask;
use super::spelling::resource;
use crate::probe::google::{
    InterconnectAttachment, PacketFilter, PolicyBasedRoute, PolicyBasedRoutes, VirtualMachine,
};
use crate::sandbox::world::{NetworkWorld, PolicyRouteWorld, project_number};

const API: &str = "networkconnectivity.googleapis.com";

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, _) = ask.parts();
    let ["v1", "projects", project, "locations", "global", "policyBasedRoutes"] = segments[..] else {
        return None;
    };
    let parent = format!("projects/{project}/locations/global");
    Some(ask.allowed(API, project, "networkconnectivity.policyBasedRoutes.list", &parent).and_then(|()| {
        let here = ask.cloud.world.networks.iter().filter(|network| network.project == project);
        let routes = here.flat_map(|network| network.policy_routes.iter().map(|route| model(network, route)));
        let page =
            PolicyBasedRoutes { policy_based_routes: routes.collect(), ..PolicyBasedRoutes::default() };
        resource(&page, &[])
    }))
}

fn model(network: &NetworkWorld, route: &PolicyRouteWorld) -> PolicyBasedRoute {
    let number = project_number(&network.project);
    PolicyBasedRoute {
        name: format!("projects/{number}/locations/global/PolicyBasedRoutes/{}", route.name),
        network: format!("projects/{}/global/networks/{}", network.project, network.name),
        filter: PacketFilter {
            ip_protocol: Some("ALL".to_owned()),
            protocol_version: Some("IPV4".to_owned()),
            src_range: None,
            dest_range: Some(route.to.to_string()),
        },
        priority: Some(route.priority),
        virtual_machine: (!route.tags.is_empty()).then(|| VirtualMachine { tags: route.tags.clone() }),
        interconnect_attachment: route
            .attachments
            .then(|| InterconnectAttachment { region: "all".to_owned() }),
        next_hop_ilb_ip: route.balancer.map(|address| address.to_string()),
        next_hop_other_routes: route.balancer.is_none().then(|| "DEFAULT_ROUTING".to_owned()),
    }
}

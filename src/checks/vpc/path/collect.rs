//! Everything that the walk looks at, read at once.

use std::sync::Arc;

use futures::join;
use google_cloud_compute_v1::model::network_routing_config::RoutingMode;

use super::destination::{destination, dialled};
use super::source::source;
use super::{Known, convert, firewall};
use crate::live::Scope;
use crate::live::service::not_visible;
use crate::network::routes::Route;
use crate::network::{DestinationKind, Fact, Facts, Network, Reading};
use crate::probe::google::{Answer, Google, NoAnswer};
use crate::record::{Inconclusive, Outcome, words};

/// What could not be read, as it comes up.
type Unread = Vec<(Reading, Inconclusive)>;

pub(super) async fn collect(scope: &Scope) -> Result<Known, Outcome> {
    let revision = scope.revision().await?;
    let (source, by) = source(scope, &revision).await?;
    let dialled = dialled(scope).await?;
    let network = source.way.network().ok_or_else(|| not_visible("the network is not known"))?.clone();
    let project = network.project.clone().unwrap_or_else(|| scope.target.project.clone());
    let (google, region) = (&scope.outside.google, &source.region);
    let mut unread = Vec::new();

    let (itself, routes, policies, addresses, rules, routers, egress) = join!(
        google.network(&project, &network.name),
        google.routes(&project),
        google.policy_routes(&project),
        google.global_addresses(&project),
        google.forwarding_rules(&project, region),
        google.routers(&project, region),
        effective(google, &project, region, &network.name),
    );
    let dynamic_routes = learnt(google, &project, region, &network, &itself, &routers).await;
    let endpoints =
        fact(&mut unread, Reading::Endpoints, rules, |all| convert::endpoints(all, dialled.address, region));
    let (destination, unplaced) = destination(scope, &dialled, &project, &endpoints).await;
    let ingress_firewall = match &destination.kind {
        DestinationKind::Machine(machine) => {
            let project = machine.network.project.clone().unwrap_or_else(|| project.clone());
            let found = effective(google, &project, region, &machine.network.name).await;
            fact(&mut unread, Reading::IngressFirewall, found, |found| found.as_ref().clone())
        }
        DestinationKind::CloudSql { .. }
        | DestinationKind::PrivateServiceConnect
        | DestinationKind::Public
        | DestinationKind::Unknown => Fact::Hidden("no machine runs the database".to_owned()),
    };
    let peerings =
        known(fact(&mut unread, Reading::Peerings, itself, |found| convert::peerings(&found.peerings)));
    let peering_routes = peering_routes(google, &mut unread, &network, &project, region, &peerings).await;
    let facts = Facts {
        egress_firewall: fact(&mut unread, Reading::EgressFirewall, egress, |found| found.as_ref().clone()),
        ingress_firewall,
        routes: fact(&mut unread, Reading::Routes, routes, |all| convert::routes(all, &network)),
        peering_routes,
        dynamic_routes,
        policy_routes: match policies {
            Ok(all) => match convert::policy_routes(&all, &network) {
                Ok(routes) => Fact::Known(routes),
                Err(name) => Fact::Hidden(format!("policy-based route {name} is in no form that is known")),
            },
            // Few have any, and few may read them: what they could change is at most likely.
            Err(answer) => Fact::Hidden(why(&answer)),
        },
        peerings,
        allocations: fact(&mut unread, Reading::Allocations, addresses, |all| {
            convert::allocations(all, &network)
        }),
        endpoints,
        nats: known(fact(&mut unread, Reading::Nats, routers, |all| convert::nats(all, &network))),
        source,
        destination,
    };
    Ok(Known { by, facts, unread, unplaced })
}

/// The effective firewall of a network, in a region.
async fn effective(
    google: &Google,
    project: &str,
    region: &str,
    network: &str,
) -> Answer<Arc<crate::network::firewall::Firewall>> {
    let (itself, everywhere, here) = join!(
        google.network(project, network),
        google.effective_firewalls(project, network),
        google.regional_effective_firewalls(project, region, network),
    );
    let everywhere = everywhere?;
    let regional = match &here {
        Ok(here) => Fact::Known(here.as_ref()),
        Err(answer) => Fact::Hidden(why(answer)),
    };
    Ok(Arc::new(Arc::new(firewall::firewall(itself.ok().as_deref(), &everywhere, regional))))
}

/// The routes that Cloud Routers have learnt. A router tells the best ones of its network in its own region; where the
/// region has no router, there are none, unless the network's routing is global.
async fn learnt(
    google: &Google,
    project: &str,
    region: &str,
    network: &Network,
    itself: &Answer<google_cloud_compute_v1::model::Network>,
    routers: &Answer<Vec<google_cloud_compute_v1::model::Router>>,
) -> Fact<Vec<Route>> {
    let routers = match routers {
        Ok(routers) => routers,
        Err(answer) => return Fact::Hidden(why(answer)),
    };
    if let Some(router) = convert::router_of(routers, network) {
        return match google.learnt_routes(project, region, router).await {
            Ok(routes) => Fact::Known(convert::learnt(&routes)),
            Err(answer) => Fact::Hidden(why(&answer)),
        };
    }
    let mode = itself.as_ref().ok().and_then(|network| network.routing_config.as_ref()?.routing_mode.clone());
    match mode {
        Some(RoutingMode::Regional) => Fact::Known(Vec::new()),
        Some(_) => {
            Fact::Hidden("routes are learnt in other regions too, whose routers are not read".to_owned())
        }
        None => Fact::Hidden("how far the network's routers reach is not stated".to_owned()),
    }
}

/// The routes of every active peering.
async fn peering_routes(
    google: &Google,
    unread: &mut Unread,
    network: &Network,
    project: &str,
    region: &str,
    peerings: &Fact<Vec<crate::network::Peering>>,
) -> Fact<Vec<Route>> {
    let peerings = match peerings.read() {
        Ok(peerings) => peerings,
        Err(why) => return Fact::Hidden(why.to_owned()),
    };
    let mut all = Vec::new();
    for peering in peerings.iter().filter(|peering| peering.active) {
        match google.peering_routes(project, &network.name, &peering.name, region).await {
            Ok(routes) => all.extend(convert::peering_routes(&routes, &peering.name)),
            Err(answer) => return hidden(unread, Reading::Routes, answer),
        }
    }
    Fact::Known(all)
}

/// What was read, where it was understood.
fn known<T>(read: Fact<Result<T, String>>) -> Fact<T> {
    match read {
        Fact::Known(Ok(known)) => Fact::Known(known),
        Fact::Known(Err(why)) | Fact::Hidden(why) => Fact::Hidden(why),
    }
}

/// An answer as a fact.
fn fact<T, F>(
    unread: &mut Unread,
    reading: Reading,
    answer: Answer<T>,
    convert: impl FnOnce(&T) -> F,
) -> Fact<F> {
    match answer {
        Ok(found) => Fact::Known(convert(&found)),
        Err(answer) => hidden(unread, reading, answer),
    }
}

fn hidden<F>(unread: &mut Unread, reading: Reading, answer: NoAnswer) -> Fact<F> {
    let text = why(&answer);
    if let NoAnswer::Inconclusive(broken) = answer {
        unread.push((reading, broken));
    }
    Fact::Hidden(text)
}

fn why(answer: &NoAnswer) -> String {
    match answer {
        NoAnswer::NotFound => "it does not exist".to_owned(),
        NoAnswer::Inconclusive(why) => words::inconclusive(why),
    }
}

//! The network resources of the sandbox, read by the gate's own client of the control plane.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use google_cloud_compute_v1::model::{network_peering, route};
use rungate::probe::google::{Auth, Google, NoAnswer};
use rungate::record::Inconclusive;
use rungate::sandbox::Sandbox;
use rungate::text::vault::Vault;

use crate::loopback::impatient;
use crate::sandbox::{PROJECT, REGION, incident};

fn google(sandbox: &Sandbox) -> Google {
    Google::new(&sandbox.endpoints(), Auth::Anonymous, Arc::new(Vault::default()), impatient())
}

#[tokio::test]
async fn the_network_of_the_incident_is_whole() {
    let sandbox = incident(&[]).await;
    let google = google(&sandbox);

    let network = google.network(PROJECT, "default").await.unwrap();
    assert_eq!(network.peerings.len(), 1);
    assert_eq!(network.peerings[0].state, Some(network_peering::State::Active));

    let peering = network.peerings[0].name.clone().unwrap();
    let peered = google.peering_routes(PROJECT, "default", &peering, REGION).await.unwrap();
    assert_eq!(peered[0].dest_range.as_deref(), Some("10.20.0.0/24"), "{peered:?}");

    let allocated = google.global_addresses(PROJECT).await.unwrap();
    assert_eq!(allocated[0].address.as_deref(), Some("10.20.0.0"));
    assert_eq!(allocated[0].prefix_length, Some(24));

    let rules = google.effective_firewalls(PROJECT, "default").await.unwrap();
    assert_eq!(rules.firewalls[0].name.as_deref(), Some("default-allow-internal"));
    assert!(rules.firewall_policys.is_empty());

    let routes = google.routes(PROJECT).await.unwrap();
    assert_eq!(routes[0].dest_range.as_deref(), Some("0.0.0.0/0"));
    assert_ne!(routes[0].route_status, Some(route::RouteStatus::Dropped));

    assert!(google.regional_effective_firewalls(PROJECT, REGION, "default").await.is_ok());
    assert!(google.routers(PROJECT, REGION).await.unwrap().is_empty(), "no NAT was asked for");
    assert!(google.forwarding_rules(PROJECT, REGION).await.unwrap().is_empty());
    let database = IpAddr::from(Ipv4Addr::new(10, 20, 0, 3));
    assert!(google.machines_at(PROJECT, database).await.unwrap().is_empty(), "Cloud SQL is no machine");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let sandbox = incident(&[]).await;
    let google = google(&sandbox);
    assert_eq!(google.network(PROJECT, "other").await.unwrap_err(), NoAnswer::NotFound);
    assert_eq!(google.subnetwork(PROJECT, REGION, "run").await.unwrap_err(), NoAnswer::NotFound);
}

#[tokio::test]
async fn a_refused_read_names_permission_and_role() {
    let sandbox = incident(&["permission-missing"]).await;
    let refused = google(&sandbox).effective_firewalls(PROJECT, "default").await.unwrap_err();
    let NoAnswer::Inconclusive(Inconclusive::PermissionDenied { permission, role, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(permission, "compute.networks.getEffectiveFirewalls");
    assert_eq!(role, "roles/compute.networkViewer");
}

//! `route-diverted`.

use std::net::IpAddr;

use ipnet::Ipv4Net;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{SubnetWorld, World};

pub(super) static FAULT: Fault = Fault {
    code: "route-diverted",
    what: "A subnetwork of the service's own network has the database's range.",
    expects: Expected { cause: CauseCode::RouteDiverted, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::PRIVATE_DATABASE,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(IpAddr::V4(to)) = subject::dialled(world, service) else { return };
    let Ok(range) = Ipv4Net::new(to, 25) else { return };
    if let Some(network) = subject::network(world, service) {
        let (region, name) = ("europe-north1".to_owned(), "legacy".to_owned());
        network.subnets.push(SubnetWorld { region, name, range: range.trunc() });
    }
}

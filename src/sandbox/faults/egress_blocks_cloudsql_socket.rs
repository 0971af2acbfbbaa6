//! `egress-blocks-cloudsql-socket`.

use std::net::{IpAddr, Ipv4Addr};

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Egress, InstanceAddress, World};

pub(super) static FAULT: Fault = Fault {
    code: "egress-blocks-cloudsql-socket",
    what: "The socket's instance has a public address only, all traffic goes into the VPC network, and there is no Cloud NAT.",
    expects: Expected { cause: CauseCode::EgressBlocksCloudsqlSocket, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &SOCKET_THROUGH_VPC,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(network) = subject::network(world, service) {
        network.nats.clear();
    }
    if let Some(instance) = subject::instance(world, service) {
        instance.network = None;
        instance.addresses = vec![InstanceAddress { ip: PUBLIC, private: false }];
    }
}

/// TEST-NET-3 (RFC 5737): nobody's.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));

/// A service that opens a socket, and sends all its traffic into a network.
static SOCKET_THROUGH_VPC: Subject = Subject {
    has: "a /cloudsql socket and all its traffic sent into a VPC network",
    fits: |world, service| {
        let egress = service.newest().and_then(|revision| revision.vpc.egress());
        (subject::SOCKET.fits)(world, service) && egress == Some(Egress::AllTraffic)
    },
};

//! `egress-bypasses-database`.

use std::net::IpAddr;

use super::{Expected, Fault, Subject, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Egress, EnvValue, World};

pub(super) static FAULT: Fault = Fault {
    code: "egress-bypasses-database",
    what: "The database stands in a privately used public range, which `private-ranges-only` does not send into the VPC.",
    expects: Expected { cause: CauseCode::EgressBypassesDatabase, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &PRIVATE_RANGES_ONLY,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(from) = subject::dialled(world, service) {
        move_database(world, from, IpAddr::from([11, 20, 0, 3]));
    }
}

/// A service that sends private ranges only into the network of a database that it dials by address.
static PRIVATE_RANGES_ONLY: Subject = Subject {
    has: "a private database that it dials by address with the egress private-ranges-only",
    fits: |world, service| {
        let egress = service.newest().and_then(|revision| revision.vpc.egress());
        (subject::PRIVATE_DATABASE.fits)(world, service)
            && (subject::ADDRESS.fits)(world, service)
            && egress == Some(Egress::PrivateRangesOnly)
    },
};

/// Moves a database to another address, and everything that leads newest revisions there.
fn move_database(world: &mut World, from: IpAddr, to: IpAddr) {
    for instance in &mut world.instances {
        instance
            .addresses
            .iter_mut()
            .filter(|address| address.ip == from)
            .for_each(|address| address.ip = to);
    }
    let (old, new) = (from.to_string(), to.to_string());
    let mut secrets = Vec::new();
    for service in world.services.iter_mut() {
        let Some(link) = service.link.as_mut().filter(|link| link.host == old) else { continue };
        link.host.clone_from(&new);
        let names = service.database.iter().flat_map(|variables| variables.names());
        let names: Vec<String> = names.map(str::to_owned).collect();
        let Some(revision) = service.newest_mut() else { continue };
        for variable in revision.env.iter_mut().filter(|variable| names.contains(&variable.name)) {
            match &mut variable.value {
                EnvValue::Plain(text) => *text = text.replace(&old, &new),
                EnvValue::Secret { project, secret, .. } => secrets.push((project.clone(), secret.clone())),
            }
        }
    }
    for (project, secret) in secrets {
        for version in world.secret_mut(&project, &secret).into_iter().flat_map(|secret| &mut secret.versions)
        {
            subject::change_payload(version, |payload| payload.replace(&old, &new));
        }
    }
}

//! `egress-bypasses-database`.

use std::net::IpAddr;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::{Egress, World};

pub(super) static FAULT: Fault = Fault {
    code: "egress-bypasses-database",
    what: "The database stands in a privately used public range, which `private-ranges-only` does not send into the VPC.",
    expects: Expected { cause: CauseCode::EgressBypassesDatabase, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    applies: |world| {
        subject::private_database(world)?;
        let private_ranges_only = world.services.iter().any(|service| {
            let egress = service.newest().and_then(|revision| revision.vpc.egress());
            egress == Some(Egress::PrivateRangesOnly)
        });
        if !private_ranges_only || !subject::dials_an_address(world) {
            return Err("no service of it dials an address with the egress private-ranges-only".to_owned());
        }
        Ok(())
    },
    inject,
};

fn inject(world: &mut World) {
    subject::move_database(world, IpAddr::from([11, 20, 0, 3]));
}

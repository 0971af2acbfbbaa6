//! `instance-address-mismatch`.

use std::net::IpAddr;

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "instance-address-mismatch",
    what: "The instance was made anew and has another address; the service's variables kept the old one.",
    expects: Expected { cause: CauseCode::InstanceAddressMismatch, verdict: Verdict::Unhealthy },
    when: When::BeforeDeploy,
    subject: &subject::ADDRESS,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    let Some(old) = subject::dialled(world, service) else { return };
    if let Some(instance) = subject::instance(world, service) {
        for address in instance.addresses.iter_mut().filter(|address| address.ip == old) {
            address.ip = another(old);
        }
    }
}

/// An address of the same network that differs in its last byte.
fn another(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            IpAddr::from([a, b, c, d ^ 0x80])
        }
        IpAddr::V6(v6) => IpAddr::from((u128::from(v6) ^ 0x80).to_be_bytes()),
    }
}

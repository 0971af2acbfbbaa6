//! The database has a private address, and the deploy names no way into the VPC.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, VpcAccess};
use crate::network::ranges::in_private_range;

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::VpcAccessMissing.id(),
    severity: Severity::Error,
    what: "a private database, and no way into the VPC",
    why: "without a connector or direct VPC egress, packets to a private address leave for the internet and are lost: i/o timeout",
    fix: "add --network=NETWORK --subnet=SUBNET, or --vpc-connector=CONNECTOR, even if an earlier deploy has set it",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let VpcAccess { connector, network, subnet, .. } = &look.service.vpc;
    if connector.is_some() || network.is_some() || subnet.is_some() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for way in &look.ways {
        let Some((host, variable)) = way.known_host() else { continue };
        let private =
            host.trim().parse::<std::net::Ipv4Addr>().is_ok_and(|address| in_private_range(address.into()));
        if !private || told.contains(&host) {
            continue;
        }
        told.push(host);
        let message = format!(
            "`{}` leads to the private address {host}, and the deploy names neither connector nor network",
            variable.name
        );
        let found_one = look.found(variable, message).related(&look.service.place, "deployed here");
        found.push(match look.service.deploys_via {
            DeploysVia::Manifest => {
                found_one.fix("add the annotation run.googleapis.com/network-interfaces or run.googleapis.com/vpc-access-connector: `services replace` drops what the manifest does not say")
            }
            DeploysVia::Native => found_one.fix("say under `vpc:` which connector, or which network and subnet, the service has"),
            DeploysVia::GcloudRunDeploy
            | DeploysVia::DeployCloudrunAction
            | DeploysVia::ServicesReplace
            | DeploysVia::ServicesUpdate => found_one,
        });
    }
    found
}

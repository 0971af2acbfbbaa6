//! The built-in socket, with all traffic sent into the VPC.

use crate::catalogue::CauseCode;
use crate::findings::database::connection_name;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::EgressBlocksCloudsqlSocket.id(),
    severity: Severity::Warning,
    what: "the /cloudsql socket, with all traffic sent into the VPC",
    why: "the built-in connection dials the instance's public address at port 3307; sent into a VPC without Cloud NAT it times out",
    fix: "--vpc-egress=private-ranges-only; or connect to the private address; or Cloud NAT for the subnet",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let Some(egress) = look.service.vpc.egress.as_ref() else { return Vec::new() };
    let all = matches!(egress.as_known(), Some("all-traffic" | "all" | "ALL_TRAFFIC"));
    let socket =
        look.ways.iter().find_map(|way| way.socket().filter(|(folder, _)| connection_name(folder).is_some()));
    match socket {
        Some((_, variable)) if all => {
            let message =
                "all traffic goes into the VPC, also that of the /cloudsql socket to a public address";
            let (place, _) = look.place_of(variable);
            vec![look.found_at(egress, message).related(&place, "the socket")]
        }
        Some(_) | None => Vec::new(),
    }
}

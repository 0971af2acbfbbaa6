//! The connector stands in another region than the service.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::VpcConnectorWrongRegion.id(),
    severity: Severity::Error,
    what: "the connector stands in another region",
    why: "a connector carries the traffic of services of its own region only: the deploy is refused",
    fix: "create one in the service's region, or use direct VPC egress",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let Some(connector) = look.service.vpc.connector.as_ref() else { return Vec::new() };
    let Some(region) = look.service.region.as_ref() else { return Vec::new() };
    let parts: Vec<&str> = connector.raw().split('/').collect();
    let ["projects", _, "locations", location, "connectors", _] = parts.as_slice() else { return Vec::new() };
    match region.as_known() {
        Some(known) if known != *location && !location.contains('$') => {
            let message = format!("the connector stands in `{location}`, the service in `{known}`");
            vec![look.found_at(connector, message).related(&region.place, "the service's region")]
        }
        Some(_) | None => Vec::new(),
    }
}

//! The deploy keeps the traffic away from the new revision.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "revision-not-serving",
    severity: Severity::Advice,
    what: "the deploy keeps the traffic away from the new revision",
    why: "the service's URL then answers with the old code: what is seen healthy there is not what was deployed",
    mend: "check the tagged URL (--tag), and move the traffic with `gcloud run services update-traffic SERVICE --to-latest`",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let closed = look.service.no_traffic == Some(true);
    closed.then(|| look.found_here("the new revision gets no traffic (no_traffic)")).into_iter().collect()
}

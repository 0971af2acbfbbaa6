//! The deploy keeps the traffic away from the new revision, and gives it no tag under which it could be asked.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::RevisionNotServing.id(),
    severity: Severity::Advice,
    what: "the deploy keeps the traffic away from the new revision, and gives it no tag",
    why: "the service's URL then answers with the old code: what is seen healthy there is not what was deployed",
    fix: "give it a tag (--tag), so that it is checked at the tag's URL, and move the traffic with `gcloud run services update-traffic SERVICE --to-tags=TAG=100`",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    // With a tag the gate asks the new revision itself; that the traffic moves only then is the point.
    let closed = look.service.no_traffic == Some(true) && look.service.tag.is_none();
    closed.then(|| look.found_here("the new revision gets no traffic (no_traffic)")).into_iter().collect()
}

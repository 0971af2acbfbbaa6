//! The gate and the deploy name different projects or regions.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, Stated};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::TargetMismatch.id(),
    severity: Severity::Error,
    what: "gate and deploy name different project or region",
    why: "a service of that name elsewhere is another service: the gate would judge one that was not deployed",
    fix: "leave project and region out of the rungate file: they are taken from the pipeline",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    if look.service.deploys_via != DeploysVia::Native {
        return Vec::new();
    }
    let known = |stated: &Option<Stated>| stated.as_ref().and_then(Stated::as_known).map(str::to_owned);
    let Some(name) = known(&look.service.name) else { return Vec::new() };
    let deployed: Vec<_> = look
        .pipeline
        .services
        .iter()
        .filter(|other| other.deploys_via != DeploysVia::Native && known(&other.name).as_ref() == Some(&name))
        .collect();
    let [other] = deployed.as_slice() else { return Vec::new() };
    let pairs =
        [("project", &look.service.project, &other.project), ("region", &look.service.region, &other.region)];
    let differs = |(what, ours, theirs): (&str, &Option<Stated>, &Option<Stated>)| {
        let (ours, theirs) = (ours.as_ref()?, theirs.as_ref()?);
        (ours.as_known()? != theirs.as_known()?).then(|| {
            let message = format!(
                "the {what} of `{name}` is `{}` here and `{}` in the deploy",
                ours.raw(),
                theirs.raw()
            );
            look.found_at(ours, message).related(&theirs.place, "the deploy")
        })
    };
    pairs.into_iter().filter_map(differs).collect()
}

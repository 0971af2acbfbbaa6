//! Rules for steps of journeys that fail, where nothing deeper is proven.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::health::logs;
use super::{Judgement, barrier, on_service};
use crate::record::NodeRecord;
use crate::record::finding::JourneyFinding;

pub(super) fn judge(view: &View<'_>, node: &NodeRecord, finding: &JourneyFinding) -> Judgement {
    // What the front end says of the instances has causes of its own.
    if let JourneyFinding::FrontEnd { request, status, says, known, .. } = finding {
        return barrier::front_end(view, request, *status, *says, known);
    }
    let step = node.subject.as_deref().unwrap_or("a step");
    let judgement = Judgement::proven(CauseCode::JourneyStepFailed, format!("{step:?} fails: {finding}"));
    let judgement = match finding {
        JourneyFinding::Unexpected { status, .. } if *status < 500 => {
            answers_otherwise(view, finding, judgement)
        }
        JourneyFinding::Unexpected { .. }
        | JourneyFinding::NoAnswer { .. }
        | JourneyFinding::FrontEnd { .. } => judgement,
        JourneyFinding::NotSendable { .. } => {
            return judgement.fix(
                "look at what the step before captures: its answer, or the `capture` of rungate.yaml, is not what was meant",
                None,
            );
        }
    };
    judgement
        .fix("read the service's log of that moment", logs(view))
        .fix("if the service is right, correct what the step expects in rungate.yaml", None)
}

/// What may be behind an answer that is whole, and says no (`{"valid": false}`): row H14 of the catalogue.
fn answers_otherwise(view: &View<'_>, finding: &JourneyFinding, judgement: Judgement) -> Judgement {
    if view.service.database.is_none() && finding.asked().is_none() {
        return judgement;
    }
    judgement
        .suspect(
            "who issues tokens and who checks them have different signing secrets: compare the secret and version of each",
            on_service(view, "describe", &["--format=export"]),
        )
        .suspect(
            "the tables, or the user, are not in the database that it reads: migrations did not run, or ran elsewhere",
            logs(view),
        )
}

pub(super) fn clause(finding: &JourneyFinding) -> String {
    match finding {
        JourneyFinding::Unexpected { request, status, .. } => {
            format!("{request} does not do what users need (it answers {status})")
        }
        JourneyFinding::NoAnswer { request, .. } => format!("{request} gives no answer"),
        JourneyFinding::FrontEnd { request, status, .. } => {
            format!("the front end answers {request} with {status}")
        }
        JourneyFinding::NotSendable { request, .. } => format!("{request} cannot be sent"),
    }
}

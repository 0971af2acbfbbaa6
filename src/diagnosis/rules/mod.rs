//! From a finding to a judgement: one file a family, the same names as under `run/finding/`.
//!
//! A rule says no more than the record proves. Where several explanations are left, the claim is what is
//! proven, and the rest are suspects in the order of likelihood, each with the command that settles it.

mod admission;
mod barrier;
mod connectivity;
mod credential;
mod database;
pub(super) mod gate;
mod health;
mod injection;
mod instance;
mod invoker;
mod journey;
mod log;
mod login;
mod network;
mod path;
mod postgres;
mod revision;
mod service;
mod tls;
mod unseen;

use super::cause::CauseCode;
use super::view::View;
use super::{Confidence, Fix, Suspect};
use crate::record::NodeRecord;
use crate::record::finding::Finding;

/// What a rule makes of a finding.
#[derive(Clone, Debug)]
pub(super) struct Judgement {
    pub(super) code: CauseCode,
    pub(super) claim: String,
    pub(super) confidence: Confidence,
    pub(super) suspects: Vec<Suspect>,
    pub(super) fix: Vec<Fix>,
}

impl Judgement {
    fn proven(code: CauseCode, claim: impl Into<String>) -> Self {
        let claim = claim.into();
        Self { code, claim, confidence: Confidence::Proven, suspects: Vec::new(), fix: Vec::new() }
    }

    fn likely(code: CauseCode, claim: impl Into<String>) -> Self {
        Self { confidence: Confidence::Likely, ..Self::proven(code, claim) }
    }

    fn fix(mut self, text: impl Into<String>, command: impl Into<Option<String>>) -> Self {
        self.fix.push(Fix { text: text.into(), command: command.into() });
        self
    }

    fn suspect(mut self, text: impl Into<String>, command: impl Into<Option<String>>) -> Self {
        self.suspects.push(Suspect { text: text.into(), command: command.into() });
        self
    }

    fn suspects(mut self, more: impl IntoIterator<Item = Suspect>) -> Self {
        self.suspects.extend(more);
        self
    }
}

/// Judges what a node saw.
pub(super) fn judge(view: &View<'_>, node: &NodeRecord, finding: &Finding) -> Judgement {
    match finding {
        Finding::Service(found) => service::judge(view, found),
        Finding::Injection(found) => injection::judge(view, node, found),
        Finding::Credential(found) => credential::judge(view, found),
        Finding::Path(found) => path::judge(view, found),
        Finding::Instance(found) => instance::judge(view, found),
        Finding::Postgres(found) => postgres::judge(view, node, found),
        Finding::Database(found) => database::judge(view, found),
        Finding::Log(found) => log::judge(view, found),
        Finding::Health(found) => health::judge(view, found),
        Finding::Journey(found) => journey::judge(view, node, found),
    }
}

/// A finding as a link of the chain from symptom to cause.
pub(super) fn clause(finding: &Finding) -> String {
    match finding {
        Finding::Service(found) => service::clause(found),
        Finding::Injection(found) => injection::clause(found),
        Finding::Credential(found) => found.to_string(),
        Finding::Path(found) => path::clause(found),
        Finding::Instance(found) => instance::clause(found),
        Finding::Postgres(found) => postgres::clause(found),
        Finding::Database(found) => database::clause(found),
        Finding::Log(found) => log::clause(found),
        Finding::Health(found) => health::clause(found),
        Finding::Journey(found) => journey::clause(found),
    }
}

/// `gcloud run services update SERVICE … --project --region`.
fn update_service(view: &View<'_>, flags: &[&str]) -> String {
    on_service(view, "update", flags)
}

/// `gcloud run services VERB SERVICE … --project --region`.
fn on_service(view: &View<'_>, verb: &str, flags: &[&str]) -> String {
    let (project, region) = (view.project_flag(), view.region_flag());
    let words = ["gcloud", "run", "services", verb, &view.service.name];
    crate::text::shell::command(words.into_iter().chain(flags.iter().copied()).chain([&*region, &*project]))
}

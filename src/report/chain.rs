//! The chain from the pipeline to the database and back, as reports draw it: one link a family of checks, each with
//! the worst that became of its checks. Everything in it is of a closed vocabulary; no text of others.

use super::family::Family;
use super::standing::{cause_of, is_root};
use crate::diagnosis::Diagnosis;
use crate::run::outcome::{Outcome, Skip};
use crate::run::record::{Ended, NodeRecord, RunRecord, ServiceRecord};

/// What is known of a link, the least telling first: a link is as bad as the worst of its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum State {
    /// Nothing there applies.
    Unused,
    /// Seen to hold.
    Holds,
    /// Bad, and the verdict does not rest on it.
    Advisory,
    /// Not looked at, for a reason.
    Unseen,
    /// Could not be found out.
    Unknown,
    /// Bad because of what is broken elsewhere.
    Symptom,
    /// The root of the trouble.
    Broken,
}

impl State {
    /// In a drawing, for those who see no colour.
    pub(super) fn glyph(self) -> &'static str {
        match self {
            Self::Unused => "·",
            Self::Holds => "✓",
            Self::Advisory => "!",
            Self::Unseen => "–",
            Self::Unknown => "?",
            Self::Symptom => "↯",
            Self::Broken => "✗",
        }
    }

    /// In words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Unused => "not used",
            Self::Holds => "holds",
            Self::Advisory => "advisory",
            Self::Unseen => "not looked at",
            Self::Unknown => "not found out",
            Self::Symptom => "symptom",
            Self::Broken => "broken here",
        }
    }

    /// Of one check.
    pub(super) fn of(diagnosis: &Diagnosis, node: &NodeRecord) -> Self {
        match &node.outcome {
            Some(Outcome::Passed { .. }) => Self::Holds,
            Some(Outcome::Failed { .. }) => match cause_of(diagnosis, node) {
                Some(cause) if is_root(cause, node) => Self::Broken,
                Some(_) => Self::Symptom,
                None => Self::Advisory,
            },
            Some(Outcome::Blocked { .. }) => Self::Unseen,
            Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }) => Self::Unused,
            Some(Outcome::Skipped { .. }) => Self::Unseen,
            Some(Outcome::Broken { .. }) | None => Self::Unknown,
        }
    }
}

/// A link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) title: &'static str,
    pub(super) state: State,
}

/// The chain of a service: the pipeline first, then the families that it has checks of.
pub(super) fn chain(record: &RunRecord, diagnosis: &Diagnosis, service: &ServiceRecord) -> Vec<Link> {
    let read = match &record.ended_by {
        Some(Ended::Refusal { .. }) => State::Broken,
        Some(Ended::Deadline { .. } | Ended::Signal { .. }) | None => State::Holds,
    };
    let mut links = vec![Link { title: "pipeline", state: read }];
    for family in <Family as strum::IntoEnumIterator>::iter() {
        let nodes = record.nodes.iter().filter(|node| node.service == service.key);
        let states =
            nodes.filter(|node| Family::of(&node.check) == family).map(|node| State::of(diagnosis, node));
        links.extend(states.max().map(|state| Link { title: family.short(), state }));
    }
    links
}

/// The chain in words, for those who see no drawing.
pub(super) fn in_words(links: &[Link]) -> String {
    links.iter().map(|link| format!("{}: {}", link.title, link.state.word())).collect::<Vec<_>>().join("; ")
}

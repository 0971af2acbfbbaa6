//! The chain from the pipeline to the database and back, as reports draw it: one link a family of checks, each with
//! the worst that became of its checks. Everything in it is of a closed vocabulary; no text of others.

use super::standing::{cause_of, is_root};
use crate::diagnosis::Diagnosis;
use crate::record::{Ended, Family, NodeRecord, Outcome, Role, RunRecord, ServiceRecord, Skip};

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
    /// What was seen of it holds; the rest was not looked at.
    Partly,
    /// Not looked at, for a reason.
    Unseen,
    /// Could not be found out.
    Unknown,
    /// Bad because of what is inconclusive elsewhere.
    Symptom,
    /// The root of the trouble.
    Broken,
}

impl State {
    /// In a drawing, for those who see no colour.
    pub(super) fn glyph(self) -> &'static str {
        match self {
            Self::Unused => "·",
            Self::Holds | Self::Partly => "✓",
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
            Self::Partly => "seen in part",
            Self::Unseen => "not looked at",
            Self::Unknown => "inconclusive",
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
            Some(Outcome::Inconclusive { .. }) | None => Self::Unknown,
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
        let states: Vec<(Role, State)> = nodes
            .filter(|node| diagnosis.family(node.check) == family)
            .map(|node| (node.role, State::of(diagnosis, node)))
            .collect();
        links.extend(joined(&states).map(|state| Link { title: family.short(), state }));
    }
    links
}

/// The worst of a link's checks. One that was not looked at does not hide what was seen: where the obligations were, the
/// link holds without it.
fn joined(states: &[(Role, State)]) -> Option<State> {
    let worst = states.iter().map(|(_, state)| *state).max()?;
    if worst != State::Unseen {
        return Some(worst);
    }
    let obliged = states.iter().filter(|(role, _)| *role == Role::Obligation).map(|(_, state)| *state);
    let settled = obliged.clone().count() > 0 && !obliged.clone().any(|state| state == State::Unseen);
    let rest = states.iter().map(|(_, state)| *state).filter(|state| *state != State::Unseen).max();
    Some(match rest {
        Some(State::Holds) if !settled => State::Partly,
        None | Some(State::Unused) => State::Unseen,
        Some(state) => state,
    })
}

/// The chain in words, for those who see no drawing.
pub(super) fn in_words(links: &[Link]) -> String {
    links.iter().map(|link| format!("{}: {}", link.title, link.state.word())).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_looked_at_hides_nothing_that_was() {
        use Role::{Advisory, Obligation};
        for (states, link) in [
            (&[(Obligation, State::Holds), (Advisory, State::Unseen)][..], State::Holds),
            (&[(Obligation, State::Holds), (Obligation, State::Unseen)], State::Partly),
            (&[(Advisory, State::Holds), (Advisory, State::Unseen)], State::Partly),
            (
                &[(Obligation, State::Holds), (Advisory, State::Advisory), (Advisory, State::Unseen)],
                State::Advisory,
            ),
            (&[(Advisory, State::Advisory), (Advisory, State::Unseen)], State::Advisory),
            (&[(Advisory, State::Unseen), (Advisory, State::Unused)], State::Unseen),
            (
                &[(Obligation, State::Holds), (Advisory, State::Unseen), (Advisory, State::Broken)],
                State::Broken,
            ),
        ] {
            assert_eq!(joined(states), Some(link), "{states:?}");
        }
        assert_eq!(joined(&[]), None);
    }
}

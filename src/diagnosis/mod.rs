//! From the record of a run to its verdict and root cause: a pure function, replayable from a file.

mod conclude;
mod failure;
pub mod merge;
mod obligations;
mod precedence;
mod ruled_out;
mod rules;
mod view;

use std::collections::BTreeMap;

pub use crate::catalogue as cause;
pub use precedence::Settling;

use serde::{Deserialize, Serialize};

use crate::catalogue::CauseCode;
use crate::model::Place;
pub use crate::record::Fix;

use crate::record::{CheckId, Family, Graph, RunRecord, Vantage};

/// Judges a run: its verdict, its causes with the root cause first, and the exit status that follows.
///
/// Pure: the same record gives the same diagnosis, whatever the order of its nodes. A record that has no end for
/// every check is judged as it stands, and is not healthy for it.
pub fn diagnose(record: &RunRecord, graph: &Graph) -> Diagnosis {
    conclude::conclude(record, graph)
}

/// What an executor asks while a run lasts: which of the services with news are settled (see [`Settling`]).
pub fn settling(graph: &Graph) -> impl FnMut(&RunRecord, &[usize]) -> Vec<(usize, Option<String>)> + Send {
    let mut settling = None;
    move |record, changed| settling.get_or_insert_with(|| Settling::new(record, graph)).look(record, changed)
}

/// The services of a running record whose fate is sealed, each with the key of the node that seals it.
///
/// A service is settled when an obligation is already seen to be unmet, a finished check found a root of it that
/// waiting does not help ([`CauseCode::waiting_helps`]), and no unfinished check could still turn out to be the
/// cause of that root.
pub fn settled(record: &RunRecord, graph: &Graph) -> Vec<(String, String)> {
    precedence::settled::settled(record, graph)
}

/// What the gate concludes of a service, or of the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// Every obligation is met.
    Healthy,
    /// An obligation could not be found out, and none was seen to be unmet.
    Inconclusive,
    /// An obligation was seen to be unmet.
    Unhealthy,
}

/// How sure the diagnosis is of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Confidence {
    /// The record proves it.
    Proven,
    /// The record points at it, and other explanations are left.
    Likely,
}

/// An observation that speaks for a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Key of the node that observed it.
    pub node: String,
    /// From where.
    pub vantage: Vantage,
    /// What was observed.
    pub text: String,
}

/// An explanation that is left where the evidence cannot tell several apart, most likely first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// What it would be.
    pub text: String,
    /// The command that would settle it.
    pub command: Option<String>,
}

/// A cause, with what speaks for it and what fixes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// Its code.
    pub code: CauseCode,
    /// Key of the service.
    pub service: String,
    /// What is wrong, in one sentence with the real names.
    pub claim: String,
    /// How sure.
    pub confidence: Confidence,
    /// What speaks for it; the deciding observation first.
    pub evidence: Vec<Evidence>,
    /// From the uppermost symptom down to this cause, one clause a link.
    pub chain: Vec<String>,
    /// What is left, where the evidence cannot tell.
    pub suspects: Vec<Suspect>,
    /// What fixes it, best first.
    pub fix: Vec<Fix>,
    /// The place in the pipeline that it concerns.
    pub place: Option<Place>,
    /// Keys of other services whose failure it explains, because they call this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symptoms_in: Vec<String>,
}

/// A cause that the record rules out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuledOut {
    /// Key of the service.
    pub service: String,
    /// What was ruled out.
    pub code: CauseCode,
    /// The observation that rules it out.
    pub by: Evidence,
}

/// Whether an obligation is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Met {
    /// Seen to be met.
    Yes {
        /// By what.
        by: String,
    },
    /// Seen to be unmet.
    No {
        /// Keys of the nodes that saw it.
        nodes: Vec<String>,
    },
    /// Inconclusive.
    Unknown {
        /// Keys of the nodes that could not find out.
        nodes: Vec<String>,
        /// Why, in one sentence.
        because: String,
    },
    /// Not proven, and accepted so by the user.
    Accepted,
}

/// What the verdict of a service rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// `serves`, `healthy`, `database`, or the id of a check that `require:` names.
    pub what: String,
    /// Whether it is met.
    pub met: Met,
}

/// The conclusion about one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceDiagnosis {
    /// Its key.
    pub service: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// What the verdict rests on.
    pub obligations: Vec<Obligation>,
}

/// The conclusion of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The worst of the services' verdicts.
    pub verdict: Verdict,
    /// The exit status that follows: 0, 1, 3, 130 or 143.
    pub exit_code: u8,
    /// Each service.
    pub services: Vec<ServiceDiagnosis>,
    /// Causes of unmet obligations, root causes first.
    pub causes: Vec<Cause>,
    /// What was seen to be bad although no obligation rests on it.
    pub advisories: Vec<Cause>,
    /// What was ruled out, and by what.
    pub ruled_out: Vec<RuledOut>,
    /// To which family each check of the record belongs, by the graph that it was judged by: reports group by it.
    pub families: BTreeMap<CheckId, Family>,
}

impl Diagnosis {
    /// The family of a check.
    pub fn family(&self, check: CheckId) -> Family {
        self.families.get(&check).copied().unwrap_or(Family::Other)
    }
}

//! Static findings: what the pipeline files alone show to be wrong, before anything is deployed.
//!
//! Input: what was loaded. Output: findings in file order, those that a comment silences apart. One file a rule, one
//! line in [`RULES`]. A rule judges only what is known: a value that only the run can tell is never judged, and of a
//! text that holds a reference only the parts beside it. No secret value leaves this module: messages speak of
//! lengths, character classes and positions, and excerpts are masked.

mod annotations;
mod database;
mod look;
mod mask;
mod names;
mod open;
mod rules;
mod sarif;
mod show;
mod silence;
mod unfit;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::model::{Place, Service};
pub use crate::pipeline::Severity;
use crate::pipeline::{JOB_SOCKET_MISSING, Loaded, Problem};
pub use annotations::annotations;
#[cfg(test)]
pub(crate) use database::asked;
use look::{Found, Look, Texts};
pub use rules::RULES;
pub use sarif::sarif;
pub use show::{json, text};

/// A rule, as data.
pub struct Rule {
    /// The code of the cause that it foresees, or an advice's own; in kebab-case. `rungate explain` has its page.
    pub code: &'static str,
    /// How bad it is, unless a finding of it is less certain.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub what: &'static str,
    /// Why it matters on Cloud Run.
    pub why: &'static str,
    /// How it is fixed, where a finding does not say it better.
    pub fix: &'static str,
    /// Looks at one service.
    look: fn(&Look<'_>) -> Vec<Found>,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rule").field(&self.code).finish()
    }
}

/// The rule of a code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code).copied()
}

/// One thing that a rule found.
#[derive(Clone, Debug)]
pub struct Lint {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// The service that it is about, as far as it has a name.
    pub service: Arc<str>,
    /// Where.
    pub place: Place,
    /// How many characters from there on are meant.
    pub length: usize,
    /// What was found. Holds no secret value.
    pub message: String,
    /// A second place that belongs to it, and what stands there.
    pub related: Option<(Place, String)>,
    /// How it is fixed here.
    pub fix: String,
    /// Further places of the same.
    pub also: Vec<Place>,
    /// What the families of drivers make of it, where it is a connection string.
    pub drivers: Vec<String>,
}

/// A finding that a comment in the file silences.
#[derive(Clone, Debug)]
pub struct Silenced {
    /// The finding.
    pub finding: Lint,
    /// The reason that the comment gives.
    pub reason: String,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is to be shown, in file order.
    pub shown: Vec<Lint>,
    /// What comments silence.
    pub silenced: Vec<Silenced>,
    /// What is wrong with the comments themselves.
    pub remarks: Vec<Problem>,
}

impl Findings {
    /// Whether one of them must stop a deploy.
    pub fn has_errors(&self) -> bool {
        self.shown.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// Cloud Run takes as many variables of one container; of more, only the first are judged.
const MOST_VARIABLES: usize = 1000;

/// Looks at every service with every rule.
pub fn find(loaded: &Loaded) -> Findings {
    let texts = Texts::new(&loaded.warnings);
    let mut all = Vec::new();
    let mut excess = Vec::new();
    for stated in &loaded.pipeline.services {
        let service = &*within_limits(stated, &mut excess);
        let look = Look::new(&loaded.pipeline, service, &texts);
        let called: Arc<str> = service.name.as_ref().map_or("(no name)", |name| name.raw()).into();
        for rule in RULES {
            for found in (rule.look)(&look) {
                all.push((found.into_finding(rule, &called), service.place.clone()));
            }
        }
    }
    all.extend(taken_over(loaded).into_iter().map(|finding| {
        let place = finding.place.clone();
        (finding, place)
    }));
    let mut findings = silence::apply(all, &silence::comments(&loaded.warnings));
    findings.remarks.extend(excess);
    let files: HashMap<&str, usize> =
        loaded.pipeline.files.iter().enumerate().map(|(index, file)| (file.as_ref(), index)).collect();
    findings.shown.sort_by_cached_key(|finding| {
        let Place { file, line, column } = &finding.place;
        (files.get(file.as_ref()).copied(), *line, *column, finding.severity)
    });
    findings.shown = once(std::mem::take(&mut findings.shown));
    findings
}

/// What the readers warn of that is a finding in itself, and the rule that takes it over.
pub const TAKEN_OVER: &[(&str, &str)] =
    &[("value-cut-by-comma", "value-split"), (JOB_SOCKET_MISSING, "cloudsql-job-socket-missing")];

/// The readers' warnings that a rule takes over.
fn taken_over(loaded: &Loaded) -> Vec<Lint> {
    let of = |problem: &Problem| {
        let (_, code) = TAKEN_OVER.iter().find(|(warning, _)| *warning == problem.code)?;
        let rule = rule(code)?;
        Some(Lint {
            rule,
            severity: rule.severity,
            service: "".into(),
            place: problem.place.clone()?,
            length: usize::try_from(problem.length).unwrap_or(1),
            message: problem.message.clone(),
            related: problem.related.clone(),
            fix: rule.fix.to_owned(),
            also: Vec::new(),
            drivers: Vec::new(),
        })
    };
    loaded.warnings.iter().filter_map(of).collect()
}

/// The service with no more variables than Cloud Run takes.
fn within_limits<'a>(service: &'a Service, excess: &mut Vec<Problem>) -> Cow<'a, Service> {
    let sidecars = service.sidecars.iter().map(|sidecar| sidecar.env.len());
    let most = sidecars.chain([service.env.len(), service.secrets.len()]).max().unwrap_or_default();
    if most <= MOST_VARIABLES {
        return Cow::Borrowed(service);
    }
    let message = format!(
        "{most} variables in one container: Cloud Run takes {MOST_VARIABLES}, and more are not judged"
    );
    excess.push(Problem::warning("too-many-variables", message).at(service.place.clone()));
    let mut service = service.clone();
    service.env.truncate(MOST_VARIABLES);
    service.secrets.truncate(MOST_VARIABLES);
    service.sidecars.truncate(MOST_SIDECARS);
    service.sidecars.iter_mut().for_each(|sidecar| sidecar.env.truncate(MOST_VARIABLES));
    Cow::Owned(service)
}

/// Cloud Run takes ten containers in an instance.
const MOST_SIDECARS: usize = 10;

/// How many findings of one kind are shown each by itself. Of more only the first is, with the lines of the others.
const SHOWN_EACH: usize = 3;

/// What is said once: the same finding of services that share a line; advice of one code for one file; and all of a
/// code and service where they are many.
fn once(findings: Vec<Lint>) -> Vec<Lint> {
    let kind = |one: &Lint| {
        let advice = one.severity == Severity::Advice;
        (one.rule.code, (!advice).then(|| one.service.clone()), one.severity, one.place.file.clone())
    };
    let mut counts: HashMap<_, usize> = HashMap::new();
    for finding in &findings {
        *counts.entry(kind(finding)).or_default() += 1;
    }
    let mut kept: Vec<Lint> = Vec::new();
    let mut seen = HashSet::new();
    let mut groups = HashMap::new();
    for finding in findings {
        if !seen.insert((finding.rule.code, finding.place.clone(), finding.message.clone())) {
            continue;
        }
        let many = finding.severity == Severity::Advice
            || counts.get(&kind(&finding)).is_some_and(|&count| count > SHOWN_EACH);
        if many {
            match groups.entry(kind(&finding)) {
                Entry::Occupied(first) => {
                    let first: &mut Lint = &mut kept[*first.get()];
                    first.also.push(finding.place);
                    continue;
                }
                Entry::Vacant(group) => _ = group.insert(kept.len()),
            }
        }
        kept.push(finding);
    }
    for finding in &mut kept {
        let place = &finding.place;
        finding.also.retain(|other| other.line != place.line);
        finding.also.dedup_by_key(|other| other.line);
    }
    kept
}

//! Carrying out a plan: everything that can run at once does, and one deadline ends it.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::redact::redacted;
use crate::checks::Dials;
use crate::live::{Conversation, Notes, Progress, RunSettings, Scope, Siblings, Walks};
use crate::plan::{Plan, calls};
use crate::probe::Outside;
use crate::record::{
    Broken, CallRecord, DatabaseRecord, Ended, Fact, NodeRecord, Outcome, RECORD_VERSION, RunRecord,
    ServiceRecord, Skip, Unproven, Vantage,
};

/// How long what Google's APIs are about to say is still waited for once a service is settled. They mostly answer within
/// a fraction of it, and each answer rules causes out, so that a report does not hang on who was first; one that hangs
/// is left behind.
const GRACE: Duration = Duration::from_secs(2);

/// How a run is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// What checks may do.
    pub settings: Arc<RunSettings>,
    /// When the run ends at the latest, counted from its start.
    pub deadline: Duration,
    /// How many checks may be under way at once.
    pub concurrency: usize,
    /// What the user accepts without proof.
    pub accepted_unproven: Vec<Unproven>,
    /// Whether the outside is the sandbox.
    pub sandbox: bool,
}

/// What happens during a run, for those who watch it.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A check began.
    Started(&'a NodeRecord),
    /// A check ended; its outcome is set.
    Ended(&'a NodeRecord),
}

/// Judges a record while its run lasts: which services are settled, and by which node
/// (see [`crate::diagnosis::settled`]).
pub type Judge = fn(&RunRecord) -> Vec<(String, String)>;

/// Carries out a plan. `stop` ends it early (a signal); the record then names what did not run.
///
/// The record holds no secret: every text in it went through the vault of `outside`.
pub async fn execute(
    plan: &Plan,
    outside: Arc<Outside>,
    options: &Options,
    judge: Judge,
    stop: impl Future<Output = Ended>,
    watch: &mut (dyn FnMut(Event<'_>) + Send),
) -> RunRecord {
    remember_secrets(plan, &outside);
    let mut run = Running::new(plan, outside, options, watch);
    let ends = run.started + options.deadline;
    run.outside.google.ends(ends);
    let deadline = tokio::time::sleep_until(ends);
    tokio::pin!(deadline, stop);
    run.start_what_can();
    while !run.tasks.is_empty() {
        let grace = grace_ends(run.grace_end());
        tokio::select! {
            biased;
            ended = &mut stop => {
                run.end(ended);
                break;
            }
            () = &mut deadline => {
                run.end(Ended::Deadline { seconds: options.deadline.as_secs() });
                break;
            }
            Some(done) = run.tasks.join_next_with_id() => run.take(done),
            () = run.bell.notified() => run.look_at_notes(),
            () = grace => run.news = true,
        }
        run.settle(judge);
        run.start_what_can();
    }
    run.tidy_up().await;
    futures::future::join_all(run.conversations.iter().map(|conversation| conversation.end())).await;
    run.into_record()
}

/// Waits for this moment; where there is none, for ever.
async fn grace_ends(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What the files themselves state in plain text and should not: a service may echo it.
fn remember_secrets(plan: &Plan, outside: &Outside) {
    for variable in plan.targets.iter().flat_map(|target| &target.service.env) {
        if let Some(value) = variable.value.as_known() {
            outside.vault.remember_variable(&variable.name, value);
        }
    }
}

struct Running<'a> {
    plan: &'a Plan,
    outside: Arc<Outside>,
    options: &'a Options,
    started: Instant,
    bell: Arc<Notify>,
    notes: Vec<Arc<Notes>>,
    walks: Arc<Walks>,
    /// How far each target's checks are.
    progress: Vec<watch::Sender<Progress>>,
    /// What the checks of each target's database hand on to each other.
    conversations: Vec<Arc<Conversation>>,
    tasks: JoinSet<Outcome>,
    /// Which node a task works for, and how to end it.
    at_work: HashMap<Id, (usize, AbortHandle)>,
    begun: Vec<bool>,
    /// Until when the control plane is waited for, by services that are settled but for it.
    grace: HashMap<String, Instant>,
    /// Whether anything bad was seen since the judge was asked last.
    news: bool,
    record: RunRecord,
    watch: &'a mut (dyn FnMut(Event<'_>) + Send),
}

impl<'a> Running<'a> {
    fn new(
        plan: &'a Plan,
        outside: Arc<Outside>,
        options: &'a Options,
        watch: &'a mut (dyn FnMut(Event<'_>) + Send),
    ) -> Self {
        let bell = Arc::new(Notify::new());
        let notes = plan.nodes.iter().map(|_| Arc::new(Notes::ringing(Arc::clone(&bell)))).collect();
        Self {
            plan,
            outside,
            options,
            started: Instant::now(),
            bell,
            notes,
            walks: Arc::new(Walks::new(&plan.targets, plan.environment.clone())),
            progress: (0..plan.targets.len()).map(|index| progress_of(plan, index)).collect(),
            conversations: plan.targets.iter().map(|_| Arc::default()).collect(),
            tasks: JoinSet::new(),
            at_work: HashMap::new(),
            begun: vec![false; plan.nodes.len()],
            grace: HashMap::new(),
            news: false,
            record: blank(plan, options),
            watch,
        }
    }

    /// Starts every node whose needs have passed, as far as the bound allows, and ends those whose needs cannot pass
    /// any more. Needs mostly stand before what needs them, so one walk is mostly enough.
    fn start_what_can(&mut self) {
        while self.walk_through() {}
    }

    /// One walk; whether it ended a node for which one before it may have waited.
    fn walk_through(&mut self) -> bool {
        let mut ended = false;
        let aside = self.at_work.values().filter(|(index, _)| self.notes[*index].is_aside()).count();
        let bound = self.options.concurrency.max(1).saturating_add(aside);
        for index in 0..self.plan.nodes.len() {
            if self.begun[index] || self.record.nodes[index].outcome.is_some() {
                continue;
            }
            let mut waits =
                self.plan.nodes[index].after.iter().any(|&other| self.record.nodes[other].outcome.is_none());
            let mut hindered = None;
            for &need in &self.plan.nodes[index].needs {
                let needed = &self.record.nodes[need];
                match &needed.outcome {
                    None => waits = true,
                    Some(Outcome::Passed { .. }) => {}
                    // What was skipped for a reason of its own skips what needs it for the same reason.
                    Some(Outcome::Skipped { reason }) => {
                        hindered = Some(Outcome::Skipped { reason: reason.clone() });
                    }
                    Some(Outcome::Failed { .. } | Outcome::Blocked { .. } | Outcome::Broken { .. }) => {
                        hindered = Some(Outcome::Blocked { by: needed.key() });
                    }
                }
            }
            match hindered {
                Some(outcome) => {
                    self.record.nodes[index].started_ms = self.now_ms();
                    self.finish(index, outcome);
                    ended = true;
                }
                None if !waits && self.tasks.len() < bound => self.start(index),
                None => {}
            }
        }
        ended
    }

    fn start(&mut self, index: usize) {
        let node = &self.plan.nodes[index];
        let scope = Scope {
            target: Arc::clone(&self.plan.targets[node.target]),
            subject: node.subject.clone(),
            outside: Arc::clone(&self.outside),
            settings: Arc::clone(&self.options.settings),
            notes: Arc::clone(&self.notes[index]),
            conversation: Arc::clone(&self.conversations[node.target]),
            siblings: Siblings::new(self.progress[node.target].subscribe()),
            walks: Arc::clone(&self.walks),
            started: self.started,
        };
        let check = node.check;
        self.record.nodes[index].started_ms = self.now_ms();
        self.begun[index] = true;
        let handle = self.tasks.spawn(async move { (check.run)(&scope).await });
        self.at_work.insert(handle.id(), (index, handle));
        (self.watch)(Event::Started(&self.record.nodes[index]));
    }

    fn take(&mut self, done: Result<(Id, Outcome), JoinError>) {
        let (id, outcome) = match done {
            Ok((id, outcome)) => (id, outcome),
            Err(error) if error.is_cancelled() => {
                self.at_work.remove(&error.id());
                return;
            }
            Err(error) => {
                let detail = "the check panicked; please report it with the record of --save-run".to_owned();
                (error.id(), Outcome::Broken { why: Broken::Defect { detail } })
            }
        };
        if let Some((index, _)) = self.at_work.remove(&id) {
            self.finish(index, outcome);
        }
    }

    fn finish(&mut self, index: usize, outcome: Outcome) {
        let noted = self.notes[index].read();
        let now = self.now_ms();
        let node = &mut self.record.nodes[index];
        // A node that was ended from outside is not ended again by its own late answer.
        if node.outcome.is_some() {
            return;
        }
        node.duration_ms = now.saturating_sub(node.started_ms);
        node.outcome = Some(outcome);
        node.so_far = None;
        node.facts = noted.facts;
        let service = &mut self.record.services[self.plan.nodes[index].target];
        service.url = noted.url.or(service.url.take());
        service.revision = noted.revision.or(service.revision.take());
        service.service_account = noted.service_account.or(service.service_account.take());
        service.database = match (noted.database, service.database.take()) {
            (Some(noted), Some(known)) => Some(noted.or(known)),
            (noted, known) => noted.or(known),
        };
        self.news = true;
        self.tell_siblings(index);
        (self.watch)(Event::Ended(&self.record.nodes[index]));
    }

    /// Tells the checks of the same service that one has ended, once all its nodes have.
    fn tell_siblings(&self, index: usize) {
        let (target, check) = (self.plan.nodes[index].target, self.plan.nodes[index].check.id);
        let alike = self.plan.nodes.iter().zip(&self.record.nodes);
        let mut alike = alike.filter(|(node, _)| node.target == target && node.check.id == check);
        let passed = alike.try_fold(true, |all, (_, node)| {
            node.outcome.as_ref().map(|outcome| all && matches!(outcome, Outcome::Passed { .. }))
        });
        if passed.is_some() {
            self.progress[target].send_modify(|progress| {
                progress.insert(check, passed);
            });
        }
    }

    fn look_at_notes(&mut self) {
        for (index, notes) in self.notes.iter().enumerate() {
            if self.begun[index] && self.record.nodes[index].outcome.is_none() {
                self.record.nodes[index].so_far = notes.read().so_far;
            }
        }
        self.news = true;
    }

    /// Ends what is left of services about which enough is known.
    fn settle(&mut self, judge: Judge) {
        if !std::mem::take(&mut self.news) || !self.record.nodes.iter().any(|node| node.finding().is_some()) {
            return;
        }
        for (service, by) in judge(&self.record) {
            let until = *self.grace.entry(service.clone()).or_insert_with(|| Instant::now() + GRACE);
            let graced = Instant::now() < until;
            let left: Vec<usize> = (0..self.record.nodes.len())
                .filter(|&index| {
                    let node = &self.record.nodes[index];
                    node.service == service
                        && node.outcome.is_none()
                        && !self.plan.nodes[index].outlasts
                        && !(graced && self.speaks_soon(index))
                })
                .collect();
            for index in left {
                let seen = self.record.nodes[index].so_far.take();
                self.abort(index);
                self.finish(
                    index,
                    match seen {
                        Some(finding) => Outcome::Failed { finding },
                        None => Outcome::Skipped { reason: Skip::Settled { by: by.clone() } },
                    },
                );
            }
        }
    }

    /// Whether a node waits for nothing but the control plane's next answer: not for a state to change, of which it
    /// would have said what it sees so far.
    fn speaks_soon(&self, index: usize) -> bool {
        let node = &self.record.nodes[index];
        matches!(self.plan.nodes[index].check.vantage, Vantage::ControlPlane | Vantage::Pipeline)
            && self.notes[index].read().so_far.is_none()
            && node.outcome.is_none()
    }

    /// When the first grace ends that something still makes use of.
    fn grace_end(&self) -> Option<Instant> {
        let waiting = |service: &String| {
            (0..self.record.nodes.len())
                .any(|index| self.record.nodes[index].service == *service && self.speaks_soon(index))
        };
        let now = Instant::now();
        self.grace
            .iter()
            .filter(|(service, until)| **until > now && waiting(service))
            .map(|(_, until)| *until)
            .min()
    }

    fn abort(&mut self, index: usize) {
        for (at, handle) in self.at_work.values() {
            if *at == index {
                handle.abort();
            }
        }
    }

    /// Ends the run before its checks did.
    fn end(&mut self, ended: Ended) {
        self.look_at_notes();
        for index in 0..self.record.nodes.len() {
            if self.record.nodes[index].outcome.is_some() {
                continue;
            }
            let outcome = match (&ended, self.record.nodes[index].so_far.take()) {
                (Ended::Signal { name }, _) => {
                    Outcome::Skipped { reason: Skip::Interrupted { signal: name.clone() } }
                }
                // Nothing runs any more after a refusal; should it ever, it is a defect and says so.
                (Ended::Refusal { problem }, _) => {
                    Outcome::Broken { why: Broken::Defect { detail: problem.clone() } }
                }
                (Ended::Deadline { .. }, Some(finding)) => Outcome::Failed { finding },
                (&Ended::Deadline { seconds }, None) if self.begun[index] => {
                    Outcome::Broken { why: Broken::Deadline { seconds } }
                }
                (&Ended::Deadline { seconds }, None) => {
                    Outcome::Skipped { reason: Skip::Deadline { seconds } }
                }
            };
            self.finish(index, outcome);
        }
        self.tasks.abort_all();
        self.record.ended_by = Some(ended);
    }

    /// Deletes what ended checks have left at Google's; what stays is noted with the command that deletes it.
    async fn tidy_up(&mut self) {
        for left in self.outside.google.tidy_up().await {
            if let Some(node) = self.record.nodes.iter_mut().find(|node| node.key() == left.owner) {
                let text = format!(
                    "the Connectivity Test {} may still be there; delete it: {}",
                    left.name,
                    left.command()
                );
                node.facts.push(Fact::Note { text });
            }
        }
    }

    fn into_record(mut self) -> RunRecord {
        self.record.duration_ms = self.now_ms();
        redacted(self.record, &self.outside.vault)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The progress of a target's checks before any began.
fn progress_of(plan: &Plan, target: usize) -> watch::Sender<Progress> {
    let nodes = plan.nodes.iter().filter(|node| node.target == target);
    watch::Sender::new(nodes.map(|node| (node.check.id, None)).collect())
}

/// The record before anything was observed.
fn blank(plan: &Plan, options: &Options) -> RunRecord {
    let called = |index| {
        let calls = calls(&plan.targets, index).into_iter();
        calls
            .map(|call| CallRecord {
                service: plan.targets[call.target].key.clone(),
                known: call.known,
                by_name: call.by_name,
            })
            .collect()
    };
    let services = plan
        .targets
        .iter()
        .enumerate()
        .map(|(index, target)| ServiceRecord {
            key: target.key.clone(),
            name: target.name.clone(),
            project: target.project.clone(),
            region: target.region.clone(),
            place: target.service.place.clone(),
            url: target.service.url.as_ref().and_then(|url| url.as_known()).map(str::to_owned),
            revision: None,
            service_account: None,
            database: target.service.database.as_ref().map(|database| DatabaseRecord {
                variables: database.variables.names().into_iter().map(str::to_owned).collect(),
                instance: database.instance.as_ref().and_then(|one| one.as_known()).map(str::to_owned),
                others: database.others.clone(),
                ..Default::default()
            }),
            calls: called(index),
            rollback: None,
        })
        .collect();
    let nodes = plan
        .nodes
        .iter()
        .map(|node| NodeRecord {
            service: plan.targets[node.target].key.clone(),
            check: node.check.id,
            subject: node.subject.clone(),
            role: node.role,
            // "Where the gate dials from" is the user's to say.
            vantage: match node.check.vantage {
                Vantage::Runner => match node.check.dials {
                    Dials::FromTheGate => options.settings.vantage,
                    Dials::FromOutside => Vantage::Runner,
                },
                other @ (Vantage::Pipeline | Vantage::ControlPlane | Vantage::InVpc | Vantage::Service) => {
                    other
                }
            },
            place: node.place.clone(),
            started_ms: 0,
            duration_ms: 0,
            outcome: None,
            so_far: None,
            facts: Vec::new(),
        })
        .collect();
    RunRecord {
        version: RECORD_VERSION,
        rungate: env!("CARGO_PKG_VERSION").to_owned(),
        started: Timestamp::now(),
        duration_ms: 0,
        files: plan.files.clone(),
        ended_by: None,
        sandbox: options.sandbox,
        vantage: options.settings.vantage,
        accepted_unproven: options.accepted_unproven.clone(),
        services,
        nodes,
    }
}

#[cfg(test)]
mod tests;

//! Carrying out a plan: everything that can run at once does, and one deadline ends it.
//!
//! An event (a check that ended, a note) costs what depends on it and no more: `schedule` knows what may begin, and the
//! judge is asked about the services that changed. A run of many services so takes time in proportion to them.

mod schedule;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::redact::redacted;
use crate::checks::Dials;
use crate::live::{Bell, Conversation, Notes, Progress, RunSettings, Scope, Siblings, Walks};
use crate::plan::{Plan, calls};
use crate::probe::Outside;
use crate::record::{
    CallRecord, DatabaseRecord, Ended, Fact, Inconclusive, NodeRecord, Outcome, RECORD_VERSION, RunRecord,
    ServiceRecord, Skip, Unproven, Vantage,
};
use schedule::Schedule;

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

/// Judges services of a record while its run lasts, by their numbers in it: those about which there is news, with
/// those of others whose fate hangs on theirs. Each that is settled comes with the key of the node that settles it
/// (see [`crate::diagnosis::Settling`]).
pub type Judge<'a> = &'a mut (dyn FnMut(&RunRecord, &[usize]) -> Vec<(usize, Option<String>)> + Send);

/// Carries out a plan. `stop` ends it early (a signal); the record then names what did not run.
///
/// The record holds no secret: every text in it went through the vault of `outside`.
pub async fn execute(
    plan: &Plan,
    outside: Arc<Outside>,
    options: &Options,
    judge: Judge<'_>,
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
            () = run.bell.rung() => run.look_at_notes(),
            () = grace => run.end_graces(),
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
    bell: Arc<Bell>,
    notes: Vec<Arc<Notes>>,
    walks: Arc<Walks>,
    /// How far each target's checks are.
    progress: Vec<watch::Sender<Progress>>,
    /// What the checks of each target's database hand on to each other.
    conversations: Vec<Arc<Conversation>>,
    tasks: JoinSet<Outcome>,
    /// Which node a task works for.
    at_work: HashMap<Id, usize>,
    /// How to end the task of a node.
    handles: HashMap<usize, AbortHandle>,
    schedule: Schedule,
    /// Targets that are settled, each with the key of the node that settles it.
    settled: HashMap<usize, String>,
    /// Until when the control plane is waited for, by targets that were settled; and whether they stand in `graces`.
    grace: HashMap<usize, (Instant, bool)>,
    /// Targets whose grace something makes use of, the first to end in front.
    graces: VecDeque<usize>,
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
        let bell = Arc::new(Bell::default());
        let ringing = |number| Arc::new(Notes::ringing(Arc::clone(&bell), number));
        let notes = (0..plan.nodes.len()).map(ringing).collect();
        Self {
            plan,
            outside,
            options,
            started: Instant::now(),
            bell,
            notes,
            walks: Arc::new(Walks::new(&plan.targets, plan.environment.clone())),
            progress: progress(plan),
            conversations: plan.targets.iter().map(|_| Arc::default()).collect(),
            tasks: JoinSet::new(),
            at_work: HashMap::new(),
            handles: HashMap::new(),
            schedule: Schedule::new(plan),
            settled: HashMap::new(),
            grace: HashMap::new(),
            graces: VecDeque::new(),
            record: blank(plan, options),
            watch,
        }
    }

    /// Starts every node whose needs have passed, as far as the bound allows, and ends those whose needs cannot pass
    /// any more.
    fn start_what_can(&mut self) {
        while let Some(index) = self.schedule.next_to_look_at() {
            if self.record.nodes[index].outcome.is_some() {
                continue;
            }
            match self.hindrance(index) {
                Some(outcome) => {
                    self.record.nodes[index].started_ms = self.now_ms();
                    self.finish(index, outcome);
                }
                None => self.schedule.ready_if_free(index),
            }
        }
        let bound = self.options.concurrency.max(1);
        while self.tasks.len() < bound.saturating_add(self.bell.aside())
            && let Some(index) = self.schedule.next_ready()
        {
            if self.record.nodes[index].outcome.is_none() {
                self.start(index);
            }
        }
    }

    /// The outcome of a node one of whose needs ended otherwise than well.
    fn hindrance(&self, index: usize) -> Option<Outcome> {
        let mut hindered = None;
        for &need in &self.plan.nodes[index].needs {
            let needed = &self.record.nodes[need];
            match &needed.outcome {
                None | Some(Outcome::Passed { .. }) => {}
                // What was skipped for a reason of its own skips what needs it for the same reason.
                Some(Outcome::Skipped { reason }) => {
                    hindered = Some(Outcome::Skipped { reason: reason.clone() });
                }
                Some(Outcome::Failed { .. } | Outcome::Blocked { .. } | Outcome::Inconclusive { .. }) => {
                    hindered = Some(Outcome::Blocked { by: needed.key() });
                }
            }
        }
        hindered
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
        let handle = self.tasks.spawn(async move { (check.run)(&scope).await });
        self.at_work.insert(handle.id(), index);
        self.handles.insert(index, handle);
        (self.watch)(Event::Started(&self.record.nodes[index]));
    }

    fn take(&mut self, done: Result<(Id, Outcome), JoinError>) {
        let (id, outcome) = match done {
            Ok((id, outcome)) => (id, outcome),
            Err(error) if error.is_cancelled() => {
                self.leave(error.id());
                return;
            }
            Err(error) => {
                let detail = "the check panicked; please report it with the record of --save-run".to_owned();
                (error.id(), Outcome::Inconclusive { why: Inconclusive::Defect { detail } })
            }
        };
        if let Some(index) = self.leave(id) {
            self.finish(index, outcome);
        }
    }

    /// A task is gone; the node that it worked for.
    fn leave(&mut self, task: Id) -> Option<usize> {
        let index = self.at_work.remove(&task)?;
        self.handles.remove(&index);
        self.notes[index].left();
        Some(index)
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
        let passed = self.record.nodes[index].passed();
        if let Some((target, check, passed)) = self.schedule.ended(index, passed) {
            self.progress[target].send_modify(|progress| {
                progress.insert(check, Some(passed));
            });
        }
        (self.watch)(Event::Ended(&self.record.nodes[index]));
    }

    fn look_at_notes(&mut self) {
        for index in self.bell.take() {
            if self.record.nodes[index].outcome.is_none() {
                self.record.nodes[index].so_far = self.notes[index].seen_so_far();
                self.schedule.changed(index);
            }
        }
    }

    /// Ends what is left of services about which enough is known.
    fn settle(&mut self, judge: Judge<'_>) {
        let changed = self.schedule.take_changed();
        if changed.is_empty() {
            return;
        }
        for (target, by) in judge(&self.record, &changed) {
            match by {
                Some(by) => {
                    self.settled.insert(target, by);
                    self.end_what_is_left(target);
                }
                None => {
                    self.settled.remove(&target);
                }
            }
        }
    }

    /// Ends the nodes of a settled target, but for those that outlast it and, for a while, those that speak soon.
    fn end_what_is_left(&mut self, target: usize) {
        let Some(by) = self.settled.get(&target).cloned() else { return };
        let now = Instant::now();
        let (until, queued) = *self.grace.entry(target).or_insert((now + GRACE, false));
        let mut waits = false;
        for index in self.schedule.of_target(target).to_vec() {
            let node = &self.record.nodes[index];
            if node.outcome.is_some() || self.plan.nodes[index].outlasts {
                continue;
            }
            if now < until && self.speaks_soon(index) {
                waits = true;
                continue;
            }
            let seen = self.record.nodes[index].so_far.take();
            if let Some(handle) = self.handles.get(&index) {
                handle.abort();
            }
            let outcome = match seen {
                Some(finding) => Outcome::Failed { finding },
                None => Outcome::Skipped { reason: Skip::Settled { by: by.clone() } },
            };
            self.finish(index, outcome);
        }
        if waits && !queued {
            self.grace.insert(target, (until, true));
            self.graces.push_back(target);
        }
    }

    /// Whether a node waits for nothing but the control plane's next answer: not for a state to change, of which it
    /// would have said what it sees so far.
    fn speaks_soon(&self, index: usize) -> bool {
        let node = &self.record.nodes[index];
        matches!(self.plan.nodes[index].check.vantage, Vantage::ControlPlane | Vantage::Pipeline)
            && self.notes[index].seen_so_far().is_none()
            && node.outcome.is_none()
    }

    /// When the first grace ends that something still makes use of.
    fn grace_end(&mut self) -> Option<Instant> {
        while let Some(&target) = self.graces.front() {
            if self.schedule.of_target(target).iter().any(|&index| self.speaks_soon(index)) {
                return self.grace.get(&target).map(|(until, _)| *until);
            }
            self.leave_grace();
        }
        None
    }

    /// Ends what was still waited for of targets whose grace is over.
    fn end_graces(&mut self) {
        let now = Instant::now();
        while let Some(&target) = self.graces.front() {
            if self.grace.get(&target).is_some_and(|(until, _)| *until > now) {
                return;
            }
            self.leave_grace();
            self.end_what_is_left(target);
        }
    }

    fn leave_grace(&mut self) {
        if let Some(target) = self.graces.pop_front()
            && let Some((_, queued)) = self.grace.get_mut(&target)
        {
            *queued = false;
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
                    Outcome::Inconclusive { why: Inconclusive::Defect { detail: problem.clone() } }
                }
                (Ended::Deadline { .. }, Some(finding)) => Outcome::Failed { finding },
                (&Ended::Deadline { seconds }, None) if self.handles.contains_key(&index) => {
                    Outcome::Inconclusive { why: Inconclusive::Deadline { seconds } }
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

/// The progress of each target's checks before any began.
fn progress(plan: &Plan) -> Vec<watch::Sender<Progress>> {
    let mut progress = vec![Progress::new(); plan.targets.len()];
    for node in &plan.nodes {
        progress[node.target].insert(node.check.id, None);
    }
    progress.into_iter().map(watch::Sender::new).collect()
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

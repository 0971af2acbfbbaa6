//! Hand-made plans of small checks.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;

use super::*;
use crate::checks::{Check, Subjects, USUAL};
use crate::model::{DeploysVia, Place, Service, Stated, Target, Variable};
use crate::plan::Node;
use crate::probe::dial::System;
use crate::probe::google::{Auth, Endpoints, Google, Timeouts};
use crate::probe::http::Http;
use crate::record::finding::{Finding, HealthFinding};
use crate::record::{CheckId, Fact, Role};
use crate::text::vault::Vault;

type Run = for<'a> fn(&'a Scope) -> BoxFuture<'a, Outcome>;

const fn check(id: &'static str, run: Run) -> Check {
    Check {
        id: CheckId::new(id),
        holds: "it holds",
        role: Role::Obligation,
        needs: &[],
        subjects: |_| Subjects::Whole,
        run,
        ..USUAL
    }
}

static PASSES: Check = check("passes", |_| Box::pin(async { Outcome::Passed { detail: "seen".into() } }));
static FAILS: Check = check("fails", |_| Box::pin(async { Outcome::Failed { finding: bad("bad") } }));
static SKIPS: Check = check("skips", |_| Box::pin(async { Outcome::Skipped { reason: unneeded() } }));
static HANGS: Check = check("hangs", |_| Box::pin(std::future::pending()));
static ANSWERS_LATE: Check = check("answers-late", |_| {
    Box::pin(async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Outcome::Passed { detail: "seen".into() }
    })
});
static PANICS: Check = check("panics", |_| Box::pin(async { panic!("the password is hunter2") }));
static DIALS: Check =
    Check { vantage: Vantage::Runner, ..check("dials", |_| Box::pin(std::future::pending())) };
static WAITS: Check = check("waits", |scope| {
    Box::pin(async {
        scope.notes.so_far(Some(bad("seen so far")));
        std::future::pending().await
    })
});
static ECHOES: Check = check("echoes", |scope| {
    Box::pin(async {
        scope.outside.vault.remember(&"s3cret-of-run".into());
        scope.fact(Fact::Note { text: "noted s3cret-of-run".into() });
        scope.notes.note(|noted| noted.url = Some("http://u:s3cret-of-run@h/".into()));
        Outcome::Failed { finding: bad("it echoed s3cret-of-run, s3cret%2Dof%2Drun and plain-t3xt") }
    })
});

fn bad(text: &str) -> Finding {
    let (url, detail) = ("http://s/health".to_owned(), text.to_owned());
    Finding::Health(HealthFinding::NoAnswer { url, detail })
}

fn unneeded() -> Skip {
    Skip::NotApplicable { because: "nothing to check".into() }
}

fn place() -> Place {
    Place { file: Arc::from("f.yaml"), line: 1, column: 1 }
}

fn plan(services: &[&str], nodes: &[(usize, &'static Check, &[usize])]) -> Plan {
    let target = |key: &&str| {
        let mut service = Service::new(DeploysVia::Native, place());
        service
            .env
            .push(Variable { name: "JWT_SECRET".to_owned(), value: Stated::known("plain-t3xt", place()) });
        let key = (*key).to_owned();
        Arc::new(Target {
            name: key.clone(),
            key,
            project: "p".into(),
            region: "r".into(),
            revision: None,
            service,
        })
    };
    let node = |(target, check, needs): &(usize, &'static Check, &[usize])| Node {
        target: *target,
        check,
        subject: None,
        role: check.role,
        place: place(),
        needs: needs.to_vec(),
        after: Vec::new(),
        outlasts: false,
    };
    Plan {
        files: vec!["f.yaml".into()],
        targets: services.iter().map(target).collect(),
        nodes: nodes.iter().map(node).collect(),
        environment: Default::default(),
    }
}

fn options(concurrency: usize, deadline_ms: u64) -> Options {
    Options {
        settings: Arc::new(RunSettings {
            vantage: Vantage::Runner,
            inspect_secrets: false,
            connect_timeout: Duration::from_secs(1),
            step_timeout: Duration::from_secs(1),
            fewest_answers: 1,
        }),
        deadline: Duration::from_millis(deadline_ms),
        concurrency,
        accepted_unproven: Vec::new(),
        sandbox: false,
    }
}

fn outside() -> Arc<Outside> {
    let vault = Arc::new(Vault::default());
    let google = Google::new(&Endpoints::default(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default());
    Arc::new(Outside { google, http: Http::new(Duration::from_secs(1)), dial: Arc::new(System), vault })
}

type Settled = Vec<(usize, Option<String>)>;

fn never_settled(_: &RunRecord, _: &[usize]) -> Settled {
    Vec::new()
}

/// The first service, settled by one of its checks.
fn first_by(key: &str) -> Settled {
    vec![(0, Some(key.to_owned()))]
}

async fn run(
    plan: &Plan,
    options: &Options,
    mut judge: impl FnMut(&RunRecord, &[usize]) -> Settled + Send,
) -> RunRecord {
    execute(plan, outside(), options, &mut judge, std::future::pending(), &mut |_| {}).await
}

fn outcome(record: &RunRecord, index: usize) -> &Outcome {
    record.nodes[index].outcome.as_ref().unwrap()
}

#[tokio::test]
async fn what_fails_blocks_what_needs_it_and_what_is_skipped_skips_it() {
    let plan = plan(
        &["s"],
        &[
            (0, &FAILS, &[]),
            (0, &PASSES, &[0]),
            (0, &PASSES, &[1]),
            (0, &SKIPS, &[]),
            (0, &PASSES, &[3]),
            (0, &PASSES, &[]),
            (0, &PASSES, &[5]),
        ],
    );
    let record = run(&plan, &options(8, 5_000), never_settled).await;
    assert!(matches!(outcome(&record, 0), Outcome::Failed { .. }));
    assert_eq!(*outcome(&record, 1), Outcome::Blocked { by: "s/fails".into() });
    assert_eq!(*outcome(&record, 2), Outcome::Blocked { by: "s/passes".into() });
    assert_eq!(*outcome(&record, 4), Outcome::Skipped { reason: unneeded() });
    assert!(record.nodes[5].passed() && record.nodes[6].passed());
    assert_eq!(record.ended_by, None);
}

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static COUNTS: Check = check("counts", |_| {
    Box::pin(async {
        MOST.fetch_max(UNDER_WAY.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
        Outcome::Passed { detail: String::new() }
    })
});

#[tokio::test]
async fn no_more_than_the_bound_are_under_way_at_once_and_all_get_their_turn() {
    let nodes: Vec<(usize, &'static Check, &[usize])> = (0..12).map(|_| (0, &COUNTS, &[][..])).collect();
    let plan = plan(&["s"], &nodes);
    let record = run(&plan, &options(3, 5_000), never_settled).await;
    assert!(record.nodes.iter().all(NodeRecord::passed));
    assert_eq!(MOST.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_check_that_panics_is_a_defect_and_nothing_of_its_message_is_told() {
    let plan = plan(&["s"], &[(0, &PANICS, &[]), (0, &PASSES, &[]), (0, &PASSES, &[0])]);
    let record = run(&plan, &options(8, 5_000), never_settled).await;
    assert!(matches!(outcome(&record, 0), Outcome::Inconclusive { why: Inconclusive::Defect { .. } }));
    assert!(record.nodes[1].passed());
    assert_eq!(*outcome(&record, 2), Outcome::Blocked { by: "s/panics".into() });
    assert!(!format!("{record:?}").contains("hunter2"));
}

#[tokio::test]
async fn the_deadline_tells_what_ran_from_what_did_not() {
    let nodes: [(usize, &'static Check, &[usize]); 5] =
        [(0, &HANGS, &[]), (0, &WAITS, &[]), (0, &PASSES, &[0]), (0, &PASSES, &[]), (0, &HANGS, &[])];
    let began = Instant::now();
    let record = run(&plan(&["s"], &nodes), &options(2, 100), never_settled).await;
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(matches!(outcome(&record, 0), Outcome::Inconclusive { why: Inconclusive::Deadline { .. } }));
    assert_eq!(*outcome(&record, 1), Outcome::Failed { finding: bad("seen so far") });
    for waiting in 2..5 {
        assert!(matches!(outcome(&record, waiting), Outcome::Skipped { reason: Skip::Deadline { .. } }));
    }
    assert!(matches!(record.ended_by, Some(Ended::Deadline { .. })));
}

#[tokio::test]
async fn a_signal_ends_the_run_and_is_named_by_all_that_did_not_end() {
    let plan = plan(&["s"], &[(0, &HANGS, &[]), (0, &PASSES, &[0]), (0, &PASSES, &[])]);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ended::Signal { name: "SIGTERM".into() }
    };
    let options = options(8, 60_000);
    let record = execute(&plan, outside(), &options, &mut never_settled, stop, &mut |_| {}).await;
    let interrupted = Outcome::Skipped { reason: Skip::Interrupted { signal: "SIGTERM".into() } };
    assert_eq!([outcome(&record, 0), outcome(&record, 1)], [&interrupted, &interrupted]);
    assert!(record.nodes[2].passed());
    assert_eq!(record.ended_by, Some(Ended::Signal { name: "SIGTERM".into() }));
}

#[tokio::test]
async fn what_is_settled_ends_at_once_and_keeps_what_it_saw() {
    let nodes: [(usize, &'static Check, &[usize]); 5] =
        [(0, &WAITS, &[]), (0, &FAILS, &[]), (0, &HANGS, &[]), (0, &PASSES, &[2]), (1, &PASSES, &[])];
    // Settled once the waiting check has told what it sees: its own note must wake the executor.
    let judge = |record: &RunRecord, _: &[usize]| match record.nodes[0].finding() {
        Some(_) if record.nodes[1].finding().is_some() => first_by("a/fails"),
        Some(_) | None => Vec::new(),
    };
    let began = Instant::now();
    let record = run(&plan(&["a", "b"], &nodes), &options(8, 60_000), judge).await;
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(*outcome(&record, 0), Outcome::Failed { finding: bad("seen so far") });
    let settled = Outcome::Skipped { reason: Skip::Settled { by: "a/fails".into() } };
    assert_eq!([outcome(&record, 2), outcome(&record, 3)], [&settled, &settled]);
    assert!(record.nodes[4].passed(), "another service goes on");
    assert_eq!(record.ended_by, None);
}

#[tokio::test]
async fn what_the_control_plane_is_about_to_say_is_waited_for_and_no_more() {
    let nodes: [(usize, &'static Check, &[usize]); 4] =
        [(0, &FAILS, &[]), (0, &ANSWERS_LATE, &[]), (0, &PASSES, &[1]), (0, &DIALS, &[])];
    let judge = |_: &RunRecord, _: &[usize]| first_by("a/fails");
    let began = Instant::now();
    let record = run(&plan(&["a"], &nodes), &options(8, 60_000), judge).await;
    assert!(began.elapsed() < GRACE, "nothing was left to wait for");
    assert!(record.nodes[1].passed() && record.nodes[2].passed(), "{:?}", record.nodes);
    assert!(matches!(outcome(&record, 3), Outcome::Skipped { reason: Skip::Settled { .. } }));
}

#[tokio::test]
async fn what_outlasts_a_settled_service_begins_once_what_it_waits_for_has_ended() {
    // The last two wait for the first, which only settling ends; of them the first needs a check that failed.
    let nodes: [(usize, &'static Check, &[usize]); 4] =
        [(0, &WAITS, &[]), (0, &FAILS, &[]), (0, &PASSES, &[1]), (0, &PASSES, &[])];
    let mut plan = plan(&["a"], &nodes);
    for node in &mut plan.nodes[2..] {
        (node.after, node.outlasts) = (vec![0], true);
    }
    let judge = |record: &RunRecord, _: &[usize]| match record.nodes[0].finding() {
        Some(_) => first_by("a/fails"),
        None => Vec::new(),
    };
    let record = run(&plan, &options(8, 60_000), judge).await;
    assert_eq!(*outcome(&record, 0), Outcome::Failed { finding: bad("seen so far") });
    assert_eq!(*outcome(&record, 2), Outcome::Blocked { by: "a/fails".into() });
    assert!(record.nodes[3].passed(), "{:?}", record.nodes[3].outcome);
}

#[tokio::test]
async fn what_waits_for_a_later_node_begins_when_that_has_ended() {
    // The first waits for the last, which is blocked in the same walk: nothing else would wake it.
    let nodes: [(usize, &'static Check, &[usize]); 3] =
        [(0, &PASSES, &[]), (0, &FAILS, &[]), (1, &PASSES, &[1])];
    let mut plan = plan(&["a", "b"], &nodes);
    plan.nodes[0].after = vec![2];
    let record = run(&plan, &options(8, 60_000), never_settled).await;
    assert!(matches!(outcome(&record, 2), Outcome::Blocked { .. }));
    assert!(record.nodes[0].passed(), "{:?}", record.nodes[0].outcome);
}

#[tokio::test]
async fn a_settled_service_leaves_its_place_to_others() {
    // With one place only, the hanging check of the settled service must make room.
    let nodes: [(usize, &'static Check, &[usize]); 3] =
        [(0, &WAITS, &[]), (1, &PASSES, &[]), (1, &PASSES, &[1])];
    let judge = |_: &RunRecord, _: &[usize]| first_by("a/waits");
    let record = run(&plan(&["a", "b"], &nodes), &options(1, 60_000), judge).await;
    assert!(record.nodes[1].passed() && record.nodes[2].passed());
}

#[tokio::test]
async fn no_secret_leaves_the_run() {
    let record = run(&plan(&["s"], &[(0, &ECHOES, &[])]), &options(1, 5_000), never_settled).await;
    let json = serde_json::to_string(&record).unwrap();
    for secret in ["s3cret-of-run", "s3cret%2D", "plain-t3xt"] {
        assert!(!json.contains(secret), "{json}");
    }
    assert_eq!(record.services[0].url.as_deref(), Some("http://u:[redacted]@h/"));
    let finding = bad("it echoed [redacted], [redacted] and [redacted]");
    assert_eq!(*outcome(&record, 0), Outcome::Failed { finding });
}

#[tokio::test]
async fn every_check_is_told_to_begin_and_to_end_once() {
    let plan = plan(&["s"], &[(0, &PASSES, &[]), (0, &FAILS, &[]), (0, &PASSES, &[1])]);
    let told = Mutex::new(Vec::new());
    let watch = &mut |event: Event<'_>| {
        let line = match event {
            Event::Started(node) => format!("+{}", node.key()),
            Event::Ended(node) => format!("-{} {}", node.key(), node.outcome.is_some()),
        };
        told.lock().unwrap().push(line);
    };
    let options = options(8, 5_000);
    execute(&plan, outside(), &options, &mut never_settled, std::future::pending(), watch).await;
    let mut told = told.into_inner().unwrap();
    told.sort();
    // The blocked one never began.
    assert_eq!(told, ["+s/fails", "+s/passes", "-s/fails true", "-s/passes true", "-s/passes true"]);
}

#[tokio::test]
async fn a_run_of_twice_the_services_asks_the_judge_about_twice_as_many() {
    async fn asked(services: usize) -> usize {
        let names: Vec<String> = (0..services).map(|number| format!("s{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // Each service waits with something bad in sight, and so is settled only after all have begun.
        let nodes: Vec<(usize, &'static Check, Vec<usize>)> = (0..services)
            .flat_map(|one| [(one, &WAITS, vec![]), (one, &FAILS, vec![]), (one, &PASSES, vec![3 * one + 1])])
            .collect();
        let nodes: Vec<(usize, &'static Check, &[usize])> =
            nodes.iter().map(|(service, check, needs)| (*service, *check, needs.as_slice())).collect();
        let mut asked = 0;
        let judge = |record: &RunRecord, changed: &[usize]| -> Settled {
            asked += changed.len();
            let bad = |service: usize| record.nodes[3 * service].finding().is_some();
            changed
                .iter()
                .map(|&service| (service, bad(service).then(|| format!("s{service}/fails"))))
                .collect()
        };
        let record = run(&plan(&names, &nodes), &options(4 * services, 60_000), judge).await;
        assert!(record.nodes.iter().all(|node| node.outcome.is_some()));
        asked
    }
    let (some, twice) = (asked(40).await, asked(80).await);
    assert!(some >= 40 && twice <= 2 * some + 8, "{some} and {twice}");
}

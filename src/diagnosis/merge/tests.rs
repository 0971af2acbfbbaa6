use proptest::prelude::*;

use super::*;
use crate::model::Place;
use crate::record::{Family, Inconclusive, Vertex};

fn graph() -> Graph {
    use crate::record::check_id::{HEALTH_HEALTHY, REVISION_READY, SERVICE_EXISTS};
    let order = [SERVICE_EXISTS, REVISION_READY, HEALTH_HEALTHY];
    Graph::new(order.map(|id| Vertex { id, family: Family::Service, explained_by: &[], explains: &[] }))
}

fn place() -> Place {
    Place { file: "f.yaml".into(), line: 1, column: 1 }
}

fn node(service: &str, check: &str, outcome: Outcome) -> NodeRecord {
    NodeRecord {
        service: service.to_owned(),
        check: check.into(),
        subject: None,
        role: Role::Obligation,
        vantage: Vantage::ControlPlane,
        place: place(),
        started_ms: 5,
        duration_ms: 7,
        outcome: Some(outcome),
        so_far: None,
        facts: Vec::new(),
    }
}

fn run(region: &str, second: i64, outcomes: &[(&str, Outcome)]) -> RunRecord {
    let service = ServiceRecord {
        key: "auth".to_owned(),
        name: "auth".to_owned(),
        project: "p".to_owned(),
        region: region.to_owned(),
        place: place(),
        url: None,
        revision: Some("auth-1".to_owned()),
        service_account: None,
        database: None,
        rollback: None,
        calls: Vec::new(),
    };
    RunRecord {
        started: Timestamp::from_second(second).unwrap(),
        duration_ms: 100,
        ended_by: None,
        services: vec![service],
        nodes: outcomes.iter().map(|(check, outcome)| node("auth", check, outcome.clone())).collect(),
        ..RunRecord::refused("")
    }
}

fn passed() -> Outcome {
    Outcome::Passed { detail: "seen".to_owned() }
}

fn failed() -> Outcome {
    use crate::record::finding::{Finding, ServiceFinding};
    let finding = ServiceFinding::RevisionFailed {
        revision: "auth-1".to_owned(),
        reason: None,
        message: "no".to_owned(),
    };
    Outcome::Failed { finding: Finding::Service(finding) }
}

fn inconclusive() -> Outcome {
    Outcome::Inconclusive { why: Inconclusive::Defect { detail: "d".to_owned() } }
}

fn settled() -> Outcome {
    Outcome::Skipped { reason: Skip::Settled { by: "auth/revision-ready".to_owned() } }
}

#[test]
fn regions_become_services_of_one_run_on_one_line_of_time() {
    let (eu, us) = (
        run("eu", 100, &[("revision-ready", passed())]),
        run("us", 102, &[("revision-ready", failed()), ("health-healthy", settled())]),
    );
    let Merged { record, remarks } = merge(&[us, eu], &graph()).unwrap();
    assert_eq!(remarks, Vec::<String>::new());
    let keys: Vec<&str> = record.services.iter().map(|service| service.key.as_str()).collect();
    assert_eq!(keys, ["auth@eu.p", "auth@us.p"]);
    let times: Vec<(String, u64)> = record.nodes.iter().map(|node| (node.key(), node.started_ms)).collect();
    let expected = [
        ("auth@eu.p/revision-ready", 5),
        ("auth@us.p/revision-ready", 2005),
        ("auth@us.p/health-healthy", 2005),
    ];
    assert_eq!(times, expected.map(|(key, at)| (key.to_owned(), at)));
    let by = Outcome::Skipped { reason: Skip::Settled { by: "auth@us.p/revision-ready".to_owned() } };
    assert_eq!(record.nodes[2].outcome, Some(by));
    assert_eq!((record.duration_ms, record.started.as_second()), (2100, 100));
}

#[test]
fn what_was_seen_to_be_bad_counts_and_the_contradiction_is_told() {
    let (good, bad) =
        (run("eu", 1, &[("health-healthy", passed())]), run("eu", 2, &[("health-healthy", failed())]));
    let Merged { record, remarks } = merge(&[good, bad], &graph()).unwrap();
    assert_eq!(record.nodes.len(), 1);
    assert!(record.nodes[0].finding().is_some());
    assert!(
        remarks.iter().any(|remark| remark.contains("disagree about auth/health-healthy")),
        "{remarks:?}"
    );
    assert!(matches!(&record.nodes[0].facts[..], [Fact::Note { .. }]));
}

#[test]
fn runs_that_are_not_of_one_deploy_are_not_joined() {
    let one = run("eu", 1, &[("health-healthy", passed())]);
    let mut other = one.clone();
    other.services[0].revision = Some("auth-2".to_owned());
    let revisions = vec!["auth-1".to_owned(), "auth-2".to_owned()];
    assert_eq!(
        merge(&[one.clone(), other], &graph()),
        Err(MergeError::Revisions { service: "auth".to_owned(), revisions })
    );
    let sandbox = RunRecord { sandbox: true, ..one.clone() };
    assert_eq!(merge(&[one.clone(), sandbox], &graph()), Err(MergeError::Sandbox));
    let newer = RunRecord { version: 9, ..one };
    assert_eq!(merge(&[newer], &graph()), Err(MergeError::Version { found: 9 }));
    assert_eq!(merge(&[], &graph()), Err(MergeError::Nothing));
}

#[test]
fn the_same_run_twice_counts_once() {
    let one = run("eu", 1, &[("health-healthy", failed())]);
    let Merged { record, remarks } = merge(&[one.clone(), one.clone()], &graph()).unwrap();
    assert_eq!((record.nodes, record.services), (one.nodes, one.services));
    assert_eq!(remarks.len(), 1);
}

fn some_run() -> impl Strategy<Value = RunRecord> {
    let outcome = prop_oneof![Just(passed()), Just(failed()), Just(inconclusive()), Just(settled())];
    let check = prop_oneof![Just("revision-ready"), Just("health-healthy"), Just("no-such-check")];
    let nodes = proptest::collection::btree_map(check, outcome, 0..4);
    (prop_oneof![Just("eu"), Just("us")], 0_i64..4, nodes, any::<bool>()).prop_map(
        |(region, at, nodes, late)| {
            let nodes: Vec<(&str, Outcome)> = nodes.into_iter().collect();
            let ended_by = late.then_some(Ended::Deadline { seconds: 1 });
            RunRecord { ended_by, ..run(region, at, &nodes) }
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_the_runs_changes_nothing_and_nothing_bad_is_lost(
        runs in proptest::collection::vec(some_run(), 1..5).prop_shuffle(),
        turn in 0_usize..5,
    ) {
        let merged = merge(&runs, &graph()).unwrap();
        let mut turned = runs.clone();
        turned.rotate_left(turn % runs.len());
        prop_assert_eq!(&merge(&turned, &graph()).unwrap(), &merged);
        turned.reverse();
        prop_assert_eq!(&merge(&turned, &graph()).unwrap(), &merged);
        let bad = |run: &RunRecord| run.nodes.iter().any(|node| node.finding().is_some());
        prop_assert_eq!(bad(&merged.record), runs.iter().any(bad));
        let verdict = |run: &RunRecord| crate::diagnosis::diagnose(run, &graph()).verdict;
        let healthy = crate::diagnosis::Verdict::Healthy;
        if verdict(&merged.record) == healthy {
            prop_assert!(runs.iter().all(|run| !bad(run)));
        }
    }
}

//! `--connectivity-test`: Google's second opinion, and that no test is left behind.

use std::sync::Arc;
use std::time::Duration;

use rungate::checks;
use rungate::diagnosis::cause::CauseCode;
use rungate::diagnosis::{self, Confidence, Verdict};
use rungate::live::RunSettings;
use rungate::model::Pipeline;
use rungate::plan::{self, Defaults};
use rungate::probe::Outside;
use rungate::probe::google::{Auth, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::{Ended, Fact, Inconclusive, NodeRecord, Outcome, RunRecord, Vantage};
use rungate::run::{self, Options};
use rungate::sandbox::faults::{Fault, find, subject};
use rungate::sandbox::world::{ConnectivityTests, World};
use rungate::sandbox::{Sandbox, SandboxOptions, start};
use rungate::text::vault::Vault;

use crate::common::Rungate;
use crate::sandbox::auth;

const CHECK: &str = "connectivity-test-reaches-database";

const fn world(change: fn(&mut World, usize)) -> Fault {
    Fault::after_deploy(CauseCode::Inconclusive, "Of a test.", &subject::ANY, change)
}

static NEVER_END: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::NeverEnd);
static STAY: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::Stay);
static AMBIGUOUS: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::Ambiguous);
static UNDETERMINED: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::Undetermined);
static HIDDEN: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::Hidden);
static SEE_A_DROP: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::SeeADrop);
static SEE_NO_DROP: Fault = world(|world, _| world.connectivity_tests = ConnectivityTests::SeeNoDrop);

/// Runs the gate, and gives the sandbox too: what was left in it is to be seen.
async fn gate(
    faults: &[&'static Fault],
    deadline: Duration,
    stop: impl AsyncFn(&Sandbox) -> Ended,
) -> (RunRecord, Sandbox) {
    let mut service = auth();
    service.health.successes = 1;
    service.health.window = Duration::from_secs(2);
    let pipeline = Pipeline { services: vec![service], ..Pipeline::default() };
    let plan = plan::build(&pipeline, &checks::table(true), &Defaults::default()).unwrap();
    let sandbox = start(&plan.targets, faults, SandboxOptions::default()).await.unwrap();
    let vault = Arc::new(Vault::default());
    let google = Google::new(&sandbox.endpoints(), Auth::Anonymous, Arc::clone(&vault), Timeouts::default());
    let settings = RunSettings {
        vantage: Vantage::InVpc,
        inspect_secrets: true,
        connect_timeout: Duration::from_secs(1),
        step_timeout: Duration::from_secs(60),
        fewest_answers: 3,
    };
    let outside = Outside { google, http: Http::new(settings.step_timeout), dial: sandbox.dial(), vault };
    let options = Options {
        settings: Arc::new(settings),
        deadline,
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: true,
    };
    let record = run::execute(
        &plan,
        Arc::new(outside),
        &options,
        &mut |_: &_, _: &[usize]| Vec::new(),
        stop(&sandbox),
        &mut |_| {},
    )
    .await;
    (record, sandbox)
}

async fn never(_: &Sandbox) -> Ended {
    std::future::pending().await
}

async fn whole(faults: &[&'static Fault]) -> (RunRecord, Sandbox) {
    gate(faults, Duration::from_secs(60), never).await
}

fn node(record: &RunRecord) -> &NodeRecord {
    record.nodes.iter().find(|node| node.check == CHECK).unwrap()
}

fn notes(record: &RunRecord) -> String {
    let text = |fact: &Fact| if let Fact::Note { text } = fact { Some(text.clone()) } else { None };
    let notes: Vec<String> = node(record).facts.iter().filter_map(text).collect();
    notes.join("\n")
}

#[tokio::test]
async fn a_test_is_made_read_and_deleted() {
    let (record, sandbox) = whole(&[]).await;
    assert!(node(&record).passed(), "{:?}", node(&record).outcome);
    assert_eq!(diagnosis::diagnose(&record, rungate::checks::graph()).verdict, Verdict::Healthy);
    assert_eq!(sandbox.connectivity_tests(), Vec::<String>::new());
    let asked = |method: &str| {
        let of = |(name, _): &(String, u64)| name.starts_with(method) && name.contains("connectivityTests");
        sandbox.requests().into_iter().filter(of).map(|(_, times)| times).sum::<u64>()
    };
    assert_eq!((asked("POST"), asked("GET"), asked("DELETE")), (1, 1, 1));
}

/// Google's word is evidence for the cause that rungate names, and no second cause; and the record keeps all of it.
#[tokio::test]
async fn a_drop_that_both_see_is_one_cause() {
    for code in ["firewall-denies-egress", "peering-inactive", "vpc-access-missing", "instance-stopped"] {
        let (record, sandbox) = whole(&[find(code).unwrap()]).await;
        let judged = diagnosis::diagnose(&record, rungate::checks::graph());
        let causes: Vec<String> = judged.causes.iter().map(|cause| cause.code.to_string()).collect();
        assert_eq!(causes, [code], "{:?}", node(&record).outcome);
        assert!(
            matches!(node(&record).outcome, Some(Outcome::Failed { .. })),
            "{code}: {:?}",
            node(&record).outcome
        );
        let evidence = &judged.causes[0].evidence;
        assert!(evidence.iter().any(|one| one.node.ends_with(CHECK)), "{code}: {evidence:?}");
        assert!(sandbox.connectivity_tests().is_empty());
        let again: RunRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(again, record);
        assert_eq!(diagnosis::diagnose(&again, rungate::checks::graph()), judged);
    }
}

#[tokio::test]
async fn what_google_leaves_open_stays_open() {
    for (fault, said) in [(&AMBIGUOUS, "AMBIGUOUS"), (&UNDETERMINED, "UNDETERMINED")] {
        let (record, sandbox) = whole(&[fault]).await;
        let Some(Outcome::Inconclusive { why: Inconclusive::Unavailable { detail, .. } }) =
            &node(&record).outcome
        else {
            panic!("{said}: {:?}", node(&record).outcome)
        };
        assert!(detail.starts_with(said), "{detail}");
        assert_eq!(
            diagnosis::diagnose(&record, rungate::checks::graph()).verdict,
            Verdict::Healthy,
            "nothing rests on it"
        );
        assert!(sandbox.connectivity_tests().is_empty());
    }
    let (record, _sandbox) = whole(&[&HIDDEN]).await;
    let Some(Outcome::Inconclusive { why: Inconclusive::PermissionDenied { role, resource, .. } }) =
        &node(&record).outcome
    else {
        panic!("{:?}", node(&record).outcome)
    };
    assert_eq!((role.as_str(), resource.contains("acme-host")), ("roles/compute.networkViewer", true));
}

#[tokio::test]
async fn where_the_two_disagree_both_are_told_and_neither_proves() {
    let (record, _sandbox) = whole(&[&SEE_A_DROP]).await;
    assert!(matches!(node(&record).outcome, Some(Outcome::Failed { .. })), "{:?}", node(&record).outcome);
    let judged = diagnosis::diagnose(&record, rungate::checks::graph());
    assert_eq!(judged.verdict, Verdict::Healthy, "health and login are seen to work");
    assert_eq!(judged.advisories[0].code, CauseCode::RouteDiverted);

    let (record, _sandbox) = whole(&[&SEE_NO_DROP, find("firewall-denies-egress").unwrap()]).await;
    assert!(node(&record).passed(), "{:?}", node(&record).outcome);
    let told = notes(&record);
    assert!(told.contains("reachable") && told.contains("deny-database-egress"), "{told}");
    let cause = &diagnosis::diagnose(&record, rungate::checks::graph()).causes[0];
    assert_eq!((cause.code, cause.confidence), (CauseCode::FirewallDeniesEgress, Confidence::Likely));
    assert!(cause.claim.contains("Connectivity Tests let the packet through"), "{}", cause.claim);
}

#[tokio::test]
async fn the_deadline_leaves_no_test_behind() {
    let (record, sandbox) = gate(&[&NEVER_END], Duration::from_secs(9), never).await;
    assert!(
        matches!(node(&record).outcome, Some(Outcome::Inconclusive { .. })),
        "{:?}",
        node(&record).outcome
    );
    assert_eq!(sandbox.connectivity_tests(), Vec::<String>::new());
    // Even where the deadline is too short for the check to tidy up by itself.
    let (record, sandbox) = gate(&[&NEVER_END], Duration::from_secs(2), never).await;
    assert!(node(&record).outcome.is_some());
    assert_eq!(sandbox.connectivity_tests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_interrupted_run_leaves_no_test_behind() {
    let interrupted = async |sandbox: &Sandbox| {
        while sandbox.connectivity_tests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ended::Signal { name: "SIGTERM".to_owned() }
    };
    let (record, sandbox) = gate(&[&NEVER_END], Duration::from_secs(60), interrupted).await;
    assert!(matches!(record.ended_by, Some(Ended::Signal { .. })), "{:?}", record.ended_by);
    assert!(
        sandbox.requests().keys().any(|name| name.starts_with("POST") && name.contains("connectivityTests"))
    );
    assert_eq!(sandbox.connectivity_tests(), Vec::<String>::new());
}

#[tokio::test]
async fn what_cannot_be_deleted_is_named_with_the_command() {
    let (record, sandbox) = whole(&[&STAY]).await;
    let left = sandbox.connectivity_tests();
    let id = left[0].rsplit('/').next().unwrap();
    let command = format!("gcloud network-management connectivity-tests delete {id} --project=acme-staging");
    assert!(notes(&record).contains(&command), "{}", notes(&record));
}

#[test]
fn the_flag_plans_it_and_its_permissions_are_told() {
    let rungate = Rungate::new();
    let sample = crate::common::pipeline("rungate.yaml");
    let plain = rungate.run(&["check", &sample, "--sandbox", "--quiet", "--report", "json=-"]);
    assert!(plain.status == 0 && !plain.stdout.contains(CHECK), "{}", plain.all());
    let asked =
        rungate.run(&["check", &sample, "--sandbox", "--quiet", "--report", "json=-", "--connectivity-test"]);
    assert!(asked.status == 0 && asked.stdout.contains(CHECK), "{}", asked.all());
    let without = rungate.run(&["permissions", &sample]);
    assert!(!without.stdout.contains("networkmanagement"), "{}", without.all());
    let with = rungate.run(&["permissions", &sample, "--connectivity-test"]);
    assert!(with.stdout.contains("roles/networkmanagement.admin"), "{}", with.all());
    let command = rungate.run(&["permissions", &sample, "--connectivity-test", "--format", "terraform"]);
    assert!(command.stdout.contains("roles/networkmanagement.admin"), "{}", command.all());
}

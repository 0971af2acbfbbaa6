//! The golden path in the sandbox: symptom of every fault of the database, and what fails where health is good.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rungate::checks::CHECKS;
use rungate::diagnosis::cause::CauseCode::{self, *};
use rungate::diagnosis::{self, Diagnosis, Verdict};
use rungate::live::RunSettings;
use rungate::model::Service;
use rungate::pipeline;
use rungate::plan::{self, Defaults, Plan};
use rungate::probe::Outside;
use rungate::probe::google::{Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::{Outcome, RunRecord, Vantage};
use rungate::run::{self, Options};
use rungate::sandbox::faults::{self, Fault, subject};
use rungate::sandbox::world::{ChatRoute, World};
use rungate::sandbox::{self, SandboxOptions};
use rungate::text::vault::Vault;

use crate::common::root;

/// A sample as the sandbox fills it in.
fn planned(file: &str) -> Plan {
    changed(file, |_| {})
}

/// The same with something changed in each service.
fn changed(file: &str, change: impl Fn(&mut Service)) -> Plan {
    let request = pipeline::Request {
        files: vec![PathBuf::from(file)],
        directory: root().to_owned(),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        ..Default::default()
    };
    let loaded = pipeline::load(&request).unwrap_or_else(|problems| panic!("{problems}"));
    let mut filled = sandbox::fill(&loaded.pipeline);
    filled.services.iter_mut().for_each(change);
    plan::build(&filled, CHECKS, &Defaults::default()).unwrap()
}

async fn gate(plan: &Plan, faults: &[&'static Fault], vantage: Vantage) -> (RunRecord, Diagnosis) {
    let sandbox = sandbox::start(&plan.targets, faults, SandboxOptions::default()).await.unwrap();
    let vault = Arc::new(Vault::default());
    let google = Google::new(&sandbox.endpoints(), sandbox.auth(), Arc::clone(&vault), Timeouts::default());
    let settings = RunSettings {
        vantage,
        inspect_secrets: true,
        connect_timeout: Duration::from_secs(1),
        step_timeout: Duration::from_secs(60),
        fewest_answers: 3,
    };
    let outside = Outside { google, http: Http::new(settings.step_timeout), dial: sandbox.dial(), vault };
    let options = Options {
        settings: Arc::new(settings),
        deadline: Duration::from_secs(240),
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: true,
    };
    let stop = std::future::pending();
    let record = run::execute(
        plan,
        Arc::new(outside),
        &options,
        &mut diagnosis::settling(rungate::checks::graph()),
        stop,
        &mut |_| {},
    )
    .await;
    let diagnosis = diagnosis::diagnose(&record, rungate::checks::graph());
    (record, diagnosis)
}

const fn change(change: fn(&mut World, usize)) -> Fault {
    Fault::before_deploy(JourneyStepFailed, "Of a test.", &subject::WALKED, change)
}

fn codes(diagnosis: &Diagnosis) -> Vec<CauseCode> {
    diagnosis.causes.iter().map(|cause| cause.code).collect()
}

/// The step that failed, and what it says.
fn failed(record: &RunRecord) -> Vec<(String, String)> {
    let steps = record.nodes.iter().filter(|node| node.check == "journey-step-works");
    let failed = steps.filter_map(|node| match &node.outcome {
        Some(Outcome::Failed { finding }) => Some((node.subject.clone()?, finding.to_string())),
        Some(_) | None => None,
    });
    failed.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_golden_path_is_walked_where_all_is_well() {
    let plan = planned("pipelines/rungate.yaml");
    let (record, diagnosis) = gate(&plan, &[], Vantage::InVpc).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{:?}", codes(&diagnosis));
    let steps: Vec<_> = record.nodes.iter().filter(|node| node.check == "journey-step-works").collect();
    assert_eq!(steps.len(), 3);
    assert!(steps.iter().all(|step| step.passed()));
    assert!(diagnosis.services[0].obligations.iter().any(|one| one.what == "journeys"));
}

/// The front end wants the gate's token, and the application its user's: both are shown, each in its own header.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_service_is_walked_with_the_gate_s_token_beside_the_user_s_own() {
    let plan = changed("pipelines/rungate.yaml", |service| service.allow_unauthenticated = Some(false));
    let (record, diagnosis) = gate(&plan, &[], Vantage::InVpc).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{:?}", diagnosis.causes);
    let steps: Vec<_> = record.nodes.iter().filter(|node| node.check == "journey-step-works").collect();
    assert!(steps.len() == 3 && steps.iter().all(|step| step.passed()));
    // A front end that lets nobody in says nothing of what users meet.
    for (fault, code) in [("invoker-denied", InvokerDenied), ("token-rejected", TokenRejected)] {
        let (record, diagnosis) = gate(&plan, &[faults::find(fault).unwrap()], Vantage::InVpc).await;
        assert_eq!((diagnosis.verdict, codes(&diagnosis)[0]), (Verdict::Inconclusive, code));
        assert!(failed(&record).is_empty(), "{:?}", failed(&record));
    }
}

/// Causes of row H14 of the catalogue, and what looks like them: health is good, and users cannot get in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_health_does_not_see_the_journey_does() {
    static NO_USERS: Fault = change(|world, _| {
        for database in world.instances.iter_mut().flat_map(|instance| &mut instance.databases) {
            for table in database.tables.iter_mut().filter(|table| table.name == "users") {
                table.rows.clear();
            }
        }
    });
    static HANGS_UP: Fault = change(|world, service| {
        if let Some(revision) = world.services[service].newest_mut() {
            revision.code.chat = ChatRoute::HangsUp;
        }
    });
    let other_secret = faults::find("journey-step-failed").unwrap();
    let plan = planned("pipelines/rungate.yaml");
    for (fault, step, words) in [
        (other_secret, "validate it", "$.valid == true: it is false"),
        (&NO_USERS, "validate it", "$.valid == true: it is false"),
        (&HANGS_UP, "chat", "closed with code 1011"),
    ] {
        let (record, diagnosis) = gate(&plan, &[fault], Vantage::InVpc).await;
        assert_eq!(codes(&diagnosis), [JourneyStepFailed], "{step}");
        assert_eq!(diagnosis.verdict, Verdict::Unhealthy);
        let failed = failed(&record);
        assert!(
            failed.len() == 1 && failed[0].0.ends_with(step) && failed[0].1.contains(words),
            "{failed:?}"
        );
    }
    // With the same symptom, and a cause that is proven.
    let rejected = faults::find("password-rejected").unwrap();
    let (record, diagnosis) = gate(&plan, &[rejected], Vantage::InVpc).await;
    assert_eq!(codes(&diagnosis), [PasswordRejected]);
    assert!(failed(&record)[0].1.contains("$.valid == true: it is false"));
    let cause = &diagnosis.causes[0];
    assert!(cause.chain[0].contains("does not do what users need"), "{:?}", cause.chain);
    assert!(cause.evidence.iter().any(|one| one.text.contains("Invalid token or user not found")));
}

/// The chain of two services: the one that users meet fails, because the other's database is out of reach.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_and_one_root_cause() {
    let plan = planned("tests/data/pipelines/native/ok/two-services.yaml");
    let (_, diagnosis) = gate(&plan, &[], Vantage::InVpc).await;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{:?}", diagnosis.causes);
    for (fault, cause) in [
        ("vpc-connector-not-ready", VpcConnectorNotReady),
        ("password-rejected", PasswordRejected),
        ("instance-stopped", InstanceStopped),
    ] {
        let fault = faults::find(fault).unwrap();
        if fault.applies(&World::describe(&plan.targets)).is_err() {
            continue;
        }
        let (record, diagnosis) = gate(&plan, &[fault], Vantage::InVpc).await;
        assert_eq!(codes(&diagnosis), [cause], "{:?}", diagnosis.causes);
        let named = &diagnosis.causes[0];
        assert_eq!(
            (named.service.as_str(), &named.symptoms_in[..]),
            ("auth-staging", &["backend-staging".to_owned()][..])
        );
        assert!(named.chain[0].starts_with("backend-staging: "), "{:?}", named.chain);
        assert!(failed(&record).iter().any(|(step, _)| step.ends_with("who am I")), "{:?}", failed(&record));
        for service in &diagnosis.services {
            assert_eq!(service.verdict, Verdict::Unhealthy, "{}", service.service);
        }
    }
}

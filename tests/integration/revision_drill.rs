//! The gate against worlds in which the same symptom has another cause, and against worlds that only look broken.
//!
//! Each row of `rungate drill` breaks one thing; here two things meet, or something differs that does no harm.

use std::sync::Arc;
use std::time::Duration;

use rungate::checks::CHECKS;
use rungate::diagnosis::cause::CauseCode;
use rungate::diagnosis::{self, Confidence, Diagnosis, Verdict};
use rungate::live::RunSettings;
use rungate::model::{DatabaseVariables, Pipeline, Service};
use rungate::plan::{self, Defaults};
use rungate::probe::Outside;
use rungate::probe::google::{Auth, Google, Timeouts};
use rungate::probe::http::Http;
use rungate::record::{Fact, RunRecord, Vantage};
use rungate::run::{self, Options};
use rungate::sandbox::faults::{Fault, When, find, subject};
use rungate::sandbox::world::{EnvValue, EnvWorld, NotStarted, NotStartedReason, Started, VpcWorld, World};
use rungate::sandbox::{SandboxOptions, start};
use rungate::text::vault::Vault;

use crate::sandbox::{PROJECT, auth, auth_by_direct_egress, auth_by_socket, known};

/// A change of the world that is no fault of its own. What it expects is never asked.
pub(crate) const fn change(when: When, change: fn(&mut World, usize)) -> Fault {
    let (cause, what, subject) = (CauseCode::Inconclusive, "Of a test.", &subject::ANY);
    match when {
        When::BeforeDeploy => Fault::before_deploy(cause, what, subject, change),
        When::AfterDeploy => Fault::after_deploy(cause, what, subject, change),
    }
}

/// Runs the gate from inside the VPC against this world.
pub(crate) async fn gate(mut service: Service, faults: &[&'static Fault]) -> (RunRecord, Diagnosis) {
    service.health.successes = 1;
    service.health.window = Duration::from_secs(2);
    let pipeline = Pipeline { services: vec![service], ..Pipeline::default() };
    let plan = plan::build(&pipeline, CHECKS, &Defaults::default()).unwrap();
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
        deadline: Duration::from_secs(240),
        concurrency: 64,
        accepted_unproven: Vec::new(),
        sandbox: true,
    };
    let stop = std::future::pending();
    let record = run::execute(
        &plan,
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

/// The root cause that is named first, and how sure the gate is of it.
async fn named(service: Service, faults: &[&'static Fault]) -> (CauseCode, Confidence) {
    let (_, diagnosis) = gate(service, faults).await;
    assert_eq!(diagnosis.verdict, Verdict::Unhealthy, "{:?}", diagnosis.causes);
    let cause = diagnosis.causes.first().unwrap();
    (cause.code, cause.confidence)
}

pub(crate) fn fault(code: &str) -> &'static Fault {
    find(code).unwrap()
}

static NO_SECRET_MANAGER: Fault = change(When::BeforeDeploy, |world, _| {
    world.disabled_apis.push((PROJECT.to_owned(), "secretmanager.googleapis.com".to_owned()));
});
static NO_VPC_ACCESS_API: Fault = change(When::AfterDeploy, |world, _| {
    world.disabled_apis.push((PROJECT.to_owned(), "vpcaccess.googleapis.com".to_owned()));
});
static GRANTED_LATER: Fault = change(When::AfterDeploy, |world, service| {
    let account = world.services[service].newest().unwrap().service_account.clone();
    for secret in &mut world.secrets {
        secret.accessors.push(account.clone());
    }
});

/// One reason of Google's, `SECRETS_ACCESS_CHECK_FAILED`, and what its message makes of it where nothing else is seen.
#[tokio::test]
async fn a_refused_secret_is_told_from_one_that_is_missing_or_off() {
    use CauseCode::*;
    use Confidence::*;
    for (code, expected) in [
        ("secret-access-denied", (SecretAccessDenied, Proven)),
        ("secret-not-found", (SecretNotFound, Likely)),
    ] {
        assert_eq!(named(auth(), &[fault(code), &NO_SECRET_MANAGER]).await, expected, "{code}");
    }
    static OFF: Fault = change(When::BeforeDeploy, |world, service| {
        (fault("secret-version-disabled").change)(world, service);
    });
    assert_eq!(named(auth(), &[&OFF, &NO_SECRET_MANAGER]).await, (SecretVersionDisabled, Proven));
}

#[tokio::test]
async fn a_grant_that_came_too_late_is_called_so() {
    let faults = [fault("secret-access-denied"), &GRANTED_LATER];
    let (_, diagnosis) = gate(auth(), &faults).await;
    let cause = &diagnosis.causes[0];
    assert_eq!((cause.code, cause.confidence), (CauseCode::SecretAccessDenied, Confidence::Likely));
    assert!(cause.claim.contains("the grant is there by now"), "{}", cause.claim);
    assert!(cause.suspects[0].text.contains("had not taken effect"), "{:?}", cause.suspects);
}

/// `VPC connector … does not exist, or Cloud Run does not have permission to use it.`
#[tokio::test]
async fn one_message_about_the_connector_has_two_causes() {
    use CauseCode::*;
    static GONE: Fault = change(When::BeforeDeploy, |world, _| world.connectors.clear());
    let gone = named(auth(), &[&GONE]).await;
    assert_eq!(gone, (VpcConnectorNotFound, Confidence::Proven), "seen to be gone");
    let unseen = named(auth(), &[&GONE, &NO_VPC_ACCESS_API]).await;
    assert_eq!(unseen, (VpcApiDisabled, Confidence::Likely), "where its API is off, nobody finds it");
    let denied = named(auth(), &[fault("vpc-connector-access-denied")]).await;
    assert_eq!(denied, (VpcConnectorAccessDenied, Confidence::Likely));
}

#[tokio::test]
async fn the_socket_and_the_direct_way_have_causes_of_their_own() {
    use CauseCode::*;
    for (code, expected) in [
        ("cloudsql-not-attached", CloudsqlNotAttached),
        ("cloudsql-name-mismatch", CloudsqlNameMismatch),
        // The same symptom at the service, with the socket in its place.
        ("instance-stopped", InstanceStopped),
        ("database-variable-empty", DatabaseVariableEmpty),
    ] {
        assert_eq!(named(auth_by_socket(), &[fault(code)]).await.0, expected, "{code}");
    }
    let direct = named(auth_by_direct_egress(), &[fault("vpc-network-not-found")]).await;
    assert_eq!(direct, (VpcNetworkNotFound, Confidence::Proven));
}

/// Differences that may be meant never hide what is proven.
#[tokio::test]
async fn a_difference_is_not_named_where_something_deeper_is() {
    use CauseCode::*;
    static OTHER_CONNECTOR: Fault = change(When::BeforeDeploy, other_connector);
    let faults: [&'static Fault; 2] = [&OTHER_CONNECTOR, fault("password-rejected")];
    assert_eq!(named(auth(), &faults).await.0, PasswordRejected);
    static OTHER_ACCOUNT: Fault = change(When::BeforeDeploy, other_account);
    for code in ["instance-stopped", "credential-trailing-whitespace", "vpc-connector-not-ready"] {
        let found = named(auth(), &[&OTHER_ACCOUNT, fault(code)]).await.0;
        assert_eq!(found.to_string(), code);
    }
}

/// Another connector, as good as the declared one.
fn other_connector(world: &mut World, service: usize) {
    let mut other = world.connectors[0].clone();
    other.name.push_str("-2");
    if let Some(VpcWorld::Connector { resource, .. }) =
        world.services[service].newest_mut().map(|revision| &mut revision.vpc)
    {
        *resource = other.resource();
    }
    world.connectors.push(other);
}

/// Another account, with the rights of the declared one.
fn other_account(world: &mut World, service: usize) {
    let other = "other@acme-staging.iam.gserviceaccount.com".to_owned();
    for secret in &mut world.secrets {
        secret.accessors.push(other.clone());
    }
    world.services[service].newest_mut().unwrap().service_account = other;
}

/// What an earlier deploy had set, and this one's pipeline does not mention.
#[tokio::test]
async fn a_variable_that_this_deploy_dropped_is_missed() {
    static DROPPED: Fault = change(When::BeforeDeploy, |world, service| {
        world.services[service].newest_mut().unwrap().env.retain(|variable| variable.name != "DB_HOST");
    });
    // The native file names the variables; nothing in the pipeline sets them.
    let mut service = auth();
    service.env.retain(|variable| variable.name == "LOG_LEVEL");
    service.secrets.retain(|secret| secret.target == "JWT_SECRET");
    let DatabaseVariables::Parts { .. } = &service.database.as_ref().unwrap().variables else { panic!() };
    let (_, healthy) = gate(service.clone(), &[]).await;
    assert_eq!(healthy.verdict, Verdict::Healthy, "{:?}", healthy.causes);
    let (_, diagnosis) = gate(service, &[&DROPPED]).await;
    let cause = &diagnosis.causes[0];
    assert_eq!((cause.code, cause.confidence), (CauseCode::DatabaseVariableMissing, Confidence::Proven));
    assert!(cause.claim.contains("this deploy dropped"), "{}", cause.claim);
}

fn variable(name: &str) -> EnvWorld {
    EnvWorld { name: name.to_owned(), value: EnvValue::Plain("on".to_owned()) }
}

static FAILED_BETWEEN: Fault = change(When::BeforeDeploy, |world, service| {
    let mut failed = world.services[service].revisions[0].clone();
    failed.name = "auth-00001-bad".to_owned();
    failed.env.clear();
    failed.running = None;
    failed.started = Started::Failed(NotStarted {
        reason: NotStartedReason::Failed,
        message: "It did not work.".to_owned(),
    });
    world.services[service].revisions.insert(1, failed);
});
static FLAG_DROPPED: Fault = change(When::BeforeDeploy, |world, service| {
    world.services[service].revisions[0].env.push(variable("OLD_FLAG"));
});
static LEFT_OVER: Fault = change(When::BeforeDeploy, |world, service| {
    for revision in &mut world.services[service].revisions {
        revision.env.push(variable("LEFT_OVER"));
    }
});
static AS_GOOD_CONNECTOR: Fault = change(When::BeforeDeploy, other_connector);
static AS_GOOD_ACCOUNT: Fault = change(When::BeforeDeploy, other_account);

#[tokio::test]
async fn what_only_looks_broken_stays_healthy() {
    let near_misses: [(&str, &'static Fault); 5] = [
        ("a failed older revision that serves nothing", &FAILED_BETWEEN),
        ("a variable that nothing needs is gone", &FLAG_DROPPED),
        ("a variable of an earlier deploy is still there", &LEFT_OVER),
        ("another connector that is as good", &AS_GOOD_CONNECTOR),
        ("another account with the same rights", &AS_GOOD_ACCOUNT),
    ];
    for (what, fault) in near_misses {
        let (_, diagnosis) = gate(auth(), &[fault]).await;
        assert_eq!(diagnosis.verdict, Verdict::Healthy, "{what}: {:?}", diagnosis.causes);
        assert_eq!(diagnosis.causes, [], "{what}");
    }
    let mut full = auth();
    full.vpc.connector =
        Some(known("projects/acme-staging/locations/europe-west1/connectors/auth-connector"));
    for service in [full, auth_by_socket(), auth_by_direct_egress()] {
        let (_, diagnosis) = gate(service, &[]).await;
        assert_eq!((diagnosis.verdict, diagnosis.advisories.len()), (Verdict::Healthy, 0));
    }
}

#[tokio::test]
async fn what_an_earlier_deploy_left_is_noted_by_name() {
    let (record, _) = gate(auth(), &[&LEFT_OVER]).await;
    let kept = record.nodes.iter().find(|node| node.check == "configuration-unchanged").unwrap();
    let [Fact::Note { text }] = &kept.facts[..] else { panic!("{:?}", kept.facts) };
    assert!(text.ends_with("not declared by the pipeline: LEFT_OVER"), "{text}");
}

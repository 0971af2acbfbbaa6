//! Health as the gate meets it: doors that are shut, Google's front end in the service's place, other builds, several
//! ways to one revision.

use rungate::diagnosis::cause::CauseCode;
use rungate::diagnosis::{Confidence, Diagnosis, Verdict};
use rungate::model::{CommitExpectation, Stated, ToldBy};
use rungate::run::attempt::{AttemptVerdict, HealthAttempt, Taken};
use rungate::run::record::{Fact, RunRecord};
use rungate::sandbox::faults::{Expected, Fault, When, subject};

use crate::revision_drill::{fault, gate};
use crate::sandbox::{PROJECT, auth, auth_expecting, known};

fn attempts(record: &RunRecord) -> Vec<&HealthAttempt> {
    let facts =
        record.nodes.iter().filter(|node| node.check == "health-healthy").flat_map(|node| &node.facts);
    facts
        .filter_map(|fact| match fact {
            Fact::HealthAttempt(attempt) => Some(attempt),
            _ => None,
        })
        .collect()
}

fn first(diagnosis: &Diagnosis) -> (CauseCode, Confidence, Verdict) {
    let cause = diagnosis.causes.first().unwrap();
    (cause.code, cause.confidence, diagnosis.verdict)
}

static NO_LOGGING: Fault = Fault {
    code: "of-a-test",
    what: "Of a test.",
    expects: Expected { cause: CauseCode::NotFoundOut, verdict: Verdict::Undecided },
    when: When::AfterDeploy,
    subject: &subject::ANY,
    change: |world, _| world.disabled_apis.push((PROJECT.to_owned(), "logging.googleapis.com".to_owned())),
};

/// The front end's short texts are settled by the log of requests, and stay a guess without it.
#[tokio::test]
async fn who_answered_in_the_service_s_place_is_settled_by_the_log() {
    use CauseCode::*;
    let rows = [
        ("no-instance-available", NoInstanceAvailable),
        ("instance-crashing", InstanceCrashing),
        ("request-timed-out", RequestTimedOut),
    ];
    for (code, cause) in rows {
        let (record, diagnosis) = gate(auth(), &[fault(code)]).await;
        assert_eq!(first(&diagnosis), (cause, Confidence::Proven, Verdict::Unhealthy), "{code}");
        assert!(diagnosis.causes[0].claim.contains("the log of requests says: The request "), "{code}");
        assert!(
            attempts(&record).iter().all(|attempt| attempt.verdict == AttemptVerdict::FrontEnd),
            "{code}"
        );
        let (_, diagnosis) = gate(auth(), &[fault(code), &NO_LOGGING]).await;
        assert_eq!(
            first(&diagnosis),
            (cause, Confidence::Likely, Verdict::Unhealthy),
            "{code} without the log"
        );
    }
}

/// A handler that waits for its database is a symptom of the database.
#[tokio::test]
async fn a_hanging_handler_is_a_symptom_of_the_database_that_it_waits_for() {
    let (_, diagnosis) = gate(auth(), &[fault("request-timed-out"), fault("instance-stopped")]).await;
    assert_eq!(diagnosis.causes[0].code, CauseCode::InstanceStopped, "{:?}", diagnosis.causes);
}

/// What keeps the gate out says nothing of health: undecided, and soon.
#[tokio::test]
async fn a_shut_door_is_no_verdict_on_health() {
    use CauseCode::*;
    for (code, cause, seen) in [
        ("ingress-closed", IngressClosed, AttemptVerdict::FrontEnd),
        ("health-behind-login", HealthBehindLogin, AttemptVerdict::BehindLogin),
    ] {
        let (record, diagnosis) = gate(auth(), &[fault(code)]).await;
        assert_eq!(first(&diagnosis), (cause, Confidence::Proven, Verdict::Undecided), "{code}");
        let attempts = attempts(&record);
        assert!(attempts.iter().all(|attempt| attempt.verdict == seen), "{code}: {attempts:?}");
        assert!(
            attempts.len() <= 2,
            "{code}: waiting opens no door, and {} questions were asked",
            attempts.len()
        );
    }
    // Where the files promise an open door, users stand before the closed one.
    let mut promised = auth();
    promised.ingress = Some(known("all"));
    static CLOSED: Fault = Fault {
        code: "of-a-test",
        what: "Of a test.",
        expects: Expected { cause: CauseCode::IngressClosed, verdict: Verdict::Unhealthy },
        when: When::AfterDeploy,
        subject: &subject::ANY,
        change: |world, service| (fault("ingress-closed").change)(world, service),
    };
    let (_, diagnosis) = gate(promised, &[&CLOSED]).await;
    assert_eq!(first(&diagnosis), (IngressClosed, Confidence::Proven, Verdict::Unhealthy));
}

/// Each expectation that only a run can check: met by the healthy world, not by its fault.
#[tokio::test]
async fn versions_and_latency_are_expected_and_seen() {
    use CauseCode::*;
    let header = auth_expecting;
    let json = || {
        let mut service = auth_expecting();
        service.health.revision = Some(ToldBy::Json(known("$.revision")));
        service
    };
    let commit = || {
        let mut service = auth_expecting();
        service.health.revision = None;
        let commit = known("1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d");
        service.health.commit = Some(CommitExpectation { told_by: ToldBy::Json(known("$.commit")), commit });
        service
    };
    for (what, service) in [("header", header()), ("json", json()), ("commit", commit())] {
        let (_, diagnosis) = gate(service.clone(), &[]).await;
        assert_eq!(diagnosis.verdict, Verdict::Healthy, "{what}: {:?}", diagnosis.causes);
        let (record, diagnosis) = gate(service, &[fault("health-version-mismatch")]).await;
        assert_eq!(
            first(&diagnosis),
            (HealthVersionMismatch, Confidence::Proven, Verdict::Unhealthy),
            "{what}"
        );
        let last = attempts(&record).last().unwrap().detail.clone().unwrap();
        assert!(last.ends_with("answers"), "{what}: {last}");
    }
    let (_, diagnosis) = gate(auth_expecting(), &[fault("health-expectation-unmet")]).await;
    assert_eq!(first(&diagnosis), (HealthExpectationUnmet, Confidence::Proven, Verdict::Unhealthy));
    assert!(diagnosis.causes[0].claim.contains("ms where 4000 are allowed"), "{}", diagnosis.causes[0].claim);
}

/// A commit that only the environment could tell, and does not, is nobody's pass.
#[tokio::test]
async fn an_expectation_that_nobody_can_resolve_is_undecided() {
    let mut service = auth();
    let commit = Stated::unresolved("$GITHUB_SHA", known("x").place);
    service.health.commit = Some(CommitExpectation { told_by: ToldBy::Json(known("$.commit")), commit });
    let (_, diagnosis) = gate(service, &[]).await;
    assert_eq!(diagnosis.verdict, Verdict::Undecided);
    assert!(diagnosis.causes[0].claim.contains("$GITHUB_SHA"), "{}", diagnosis.causes[0].claim);
}

/// Every attempt of a run is in its record, in order, with what polling made of it.
#[tokio::test]
async fn every_attempt_is_kept() {
    let (record, diagnosis) = gate(auth(), &[fault("health-reports-unhealthy")]).await;
    assert_eq!(diagnosis.verdict, Verdict::Unhealthy);
    let attempts = attempts(&record);
    assert!(attempts.len() >= 3, "{attempts:?}");
    assert!(attempts.windows(2).all(|pair| pair[0].at_ms < pair[1].at_ms), "{attempts:?}");
    assert!(attempts.iter().all(|attempt| attempt.status == Some(200) && attempt.taken == Taken::Failure));
    assert!(attempts.iter().all(|attempt| attempt.verdict == AttemptVerdict::Unhealthy));
}

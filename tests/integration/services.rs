//! Blame through services, on records of invented runs: one root cause where one service's failure is another's.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rungate::diagnosis::cause::CauseCode::{self, *};
use rungate::diagnosis::{self, Confidence, Diagnosis, Verdict, settled};
use rungate::plan;
use rungate::record::finding::Finding;
use rungate::record::{CallRecord, RunRecord};

use crate::common::Rungate;
use crate::records::*;

fn diagnose(record: &RunRecord) -> Diagnosis {
    diagnosis::diagnose(record, &GRAPH)
}

/// Healthy services of these names, and who calls whom.
fn services(names: &[&str], calls: &[(&str, &str)]) -> RunRecord {
    let one = healthy();
    let mut all = RunRecord { services: Vec::new(), nodes: Vec::new(), ..one.clone() };
    for name in names {
        let mut service = one.services[0].clone();
        service.key = (*name).to_owned();
        service.name = (*name).to_owned();
        let called = calls.iter().filter(|(caller, _)| caller == name);
        service.calls = called
            .map(|(_, callee)| CallRecord {
                service: (*callee).to_owned(),
                known: "depends_on".to_owned(),
                by_name: None,
            })
            .collect();
        all.services.push(service);
        all.nodes.extend(one.nodes.iter().cloned().map(|mut node| {
            node.service = (*name).to_owned();
            node
        }));
    }
    all
}

fn fail_in(record: &mut RunRecord, service: &str, check: &str, finding: Finding) {
    let mut part = RunRecord { nodes: Vec::new(), ..record.clone() };
    part.nodes = record.nodes.iter().filter(|node| node.service == service).cloned().collect();
    fail(&mut part, check, finding);
    record.nodes.retain(|node| node.service != service);
    record.nodes.extend(part.nodes);
}

fn named(diagnosis: &Diagnosis) -> Vec<(CauseCode, &str)> {
    diagnosis.causes.iter().map(|cause| (cause.code, cause.service.as_str())).collect()
}

/// Calls are learnt from a workflow in which one deploy hands its URL to the next.
#[test]
fn a_workflow_that_hands_a_url_on_shows_who_calls_whom() {
    let folder = Rungate::new();
    let deploy = |id: &str, service: &str, variables: &str| {
        format!(
            "      - id: {id}\n        uses: google-github-actions/deploy-cloudrun@v2\n        with:\n          \
             service: {service}\n          image: x\n          region: europe-west1\n          project_id: p\n{variables}"
        )
    };
    let workflow = |url: &str| {
        let variables = format!("          env_vars: |-\n            AUTH_URL={url}\n");
        format!(
            "on: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n{}{}",
            deploy("auth", "auth-staging", ""),
            deploy("backend", "backend-staging", &variables)
        )
    };
    for (url, called) in [
        ("${{ steps.auth.outputs.url }}", true),
        ("${{ steps.auth.outputs.url }}/api", true),
        ("https://auth-staging-abcdefghij-ew.a.run.app", true),
        ("${{ steps.other.outputs.url }}", false),
        ("${{ vars.AUTH_URL }}", false),
    ] {
        let file = folder.file("deploy.yml", workflow(url));
        let request = rungate::pipeline::Request {
            files: vec![file],
            directory: folder.path("."),
            ..Default::default()
        };
        let loaded = rungate::pipeline::load(&request).unwrap_or_else(|problems| panic!("{problems}"));
        let table = rungate::checks::CHECKS;
        let plan = plan::build(&loaded.pipeline, table, &plan::Defaults::default()).unwrap();
        let backend = plan.targets.iter().position(|target| target.name == "backend-staging").unwrap();
        assert_eq!(plan::calls(&plan.targets, backend).len(), usize::from(called), "{url}");
    }
}

const HEALTH: &str = "health-healthy";
const STEP: &str = "journey-step-works";

#[test]
fn one_root_cause_at_the_database_of_the_service_that_is_called() {
    let mut record = services(&["backend-staging", "auth-staging"], &[("backend-staging", "auth-staging")]);
    fail_in(&mut record, "auth-staging", "vpc-connector-ready", connector_in("ERROR"));
    fail_in(&mut record, "auth-staging", HEALTH, database_down());
    fail_in(
        &mut record,
        "backend-staging",
        HEALTH,
        unhealthy(&[("authService", false)], &[("database", true)]),
    );
    fail_in(&mut record, "backend-staging", STEP, step_failed(Some("auth-staging")));
    let diagnosis = diagnose(&record);
    assert_eq!(named(&diagnosis), [(VpcConnectorNotReady, "auth-staging")]);
    let cause = &diagnosis.causes[0];
    assert_eq!(
        (cause.confidence, &cause.symptoms_in[..]),
        (Confidence::Proven, &["backend-staging".to_owned()][..])
    );
    let chain = cause.chain.join(", ");
    let in_order = [
        "backend-staging: ",
        "because auth-staging: health says the database is down",
        "because VPC connector",
    ];
    let places: Vec<_> =
        in_order.iter().map(|part| chain.find(part).unwrap_or_else(|| panic!("{part}: {chain}"))).collect();
    assert!(places.is_sorted(), "{chain}");
    for service in &diagnosis.services {
        assert_eq!(service.verdict, Verdict::Unhealthy, "{}", service.service);
    }
    let seen: BTreeSet<&str> = cause.evidence.iter().map(|one| one.node.as_str()).collect();
    assert!(seen.contains("backend-staging/health-healthy"), "{seen:?}");
}

/// Words that agree make it likely that the other service is meant; its name, or a variable that holds its URL, prove it.
#[test]
fn a_likeness_of_words_is_called_likely() {
    let at = |host: &str| Some(format!("https://auth-staging-{host}-ew.a.run.app"));
    for (known, by_name, dependency, likely) in [
        ("depends_on", None, "auth-staging", false),
        ("depends_on", None, "auth", true),
        ("variable AUTH_URL", None, "auth", false),
        ("variable AUTH_URL", at("abcdefghij"), "auth", false),
        ("variable AUTH_URL", at("zyxwvutsrq"), "auth", true),
        ("variable AUTH_URL", at("zyxwvutsrq"), "auth-staging", true),
        ("variable OTHER_URL", None, "auth", true),
    ] {
        let mut record = services(&["backend", "auth-staging"], &[("backend", "auth-staging")]);
        record.services[0].calls = vec![CallRecord {
            service: "auth-staging".to_owned(),
            known: known.to_owned(),
            by_name: by_name.clone(),
        }];
        record.services[1].url = at("abcdefghij");
        fail_in(&mut record, "auth-staging", HEALTH, database_down());
        fail_in(&mut record, "auth-staging", "database-login", login_refused("28P01"));
        fail_in(&mut record, "backend", HEALTH, unhealthy(&[(dependency, false)], &[]));
        let diagnosis = diagnose(&record);
        let what = format!("{known} {by_name:?} {dependency}");
        assert_eq!(named(&diagnosis), [(PasswordRejected, "auth-staging")], "{what}");
        let chain = diagnosis.causes[0].chain.join(", ");
        assert_eq!(chain.contains("probably because auth-staging: "), likely, "{what}: {chain}");
    }
}

#[test]
fn through_any_number_of_services() {
    let calls = [("web", "backend"), ("backend", "auth")];
    let mut record = services(&["web", "backend", "auth"], &calls);
    fail_in(&mut record, "auth", HEALTH, database_down());
    fail_in(&mut record, "auth", "database-login", login_refused("28P01"));
    fail_in(&mut record, "backend", HEALTH, unhealthy(&[("auth", false)], &[]));
    fail_in(&mut record, "web", HEALTH, unhealthy(&[("backend", false)], &[]));
    let diagnosis = diagnose(&record);
    assert_eq!(named(&diagnosis), [(PasswordRejected, "auth")]);
    let cause = &diagnosis.causes[0];
    assert_eq!(cause.symptoms_in.iter().collect::<BTreeSet<_>>().len(), 2);
    assert!(cause.chain[0].starts_with("web: "), "{:?}", cause.chain);
    assert!(cause.chain.iter().any(|clause| clause.starts_with("because backend: ")), "{:?}", cause.chain);
}

#[test]
fn what_only_may_be_the_other_s_doing_stays_likely_and_says_so() {
    let mut record = services(&["backend", "auth"], &[("backend", "auth")]);
    fail_in(&mut record, "auth", HEALTH, database_down());
    fail_in(&mut record, "auth", "vpc-connector-ready", connector_in("ERROR"));
    fail_in(&mut record, "backend", STEP, step_failed(None));
    let diagnosis = diagnose(&record);
    assert_eq!(
        named(&diagnosis).into_iter().collect::<BTreeMap<_, _>>(),
        BTreeMap::from([(VpcConnectorNotReady, "auth"), (JourneyStepFailed, "backend")])
    );
    let own = diagnosis.causes.iter().find(|cause| cause.service == "backend").unwrap();
    assert_eq!(own.confidence, Confidence::Likely);
    assert!(own.suspects[0].text.contains("calls auth (depends_on)"), "{:?}", own.suspects[0]);
}

#[test]
fn nobody_is_blamed_who_is_well_or_not_called_or_not_named() {
    // Well.
    let mut record = services(&["backend", "auth"], &[("backend", "auth")]);
    fail_in(&mut record, "backend", HEALTH, unhealthy(&[("auth", false)], &[]));
    assert_eq!(named(&diagnose(&record)), [(HealthReportsDependencyDown, "backend")]);
    // Not called.
    let mut record = services(&["backend", "auth"], &[]);
    fail_in(&mut record, "auth", HEALTH, database_down());
    fail_in(&mut record, "backend", HEALTH, unhealthy(&[("auth", false)], &[]));
    assert_eq!(diagnose(&record).causes.len(), 2);
    // Another dependency too, or another altogether: a database, a cache, a service with a longer name.
    for failing in [
        &[("auth", false), ("redis", false)][..],
        &[("redis", false)],
        &[("auth-admin", false)],
        &[("auth", true)],
    ] {
        let mut record = services(&["backend", "auth"], &[("backend", "auth")]);
        fail_in(&mut record, "auth", HEALTH, database_down());
        fail_in(&mut record, "backend", HEALTH, unhealthy(failing, &[]));
        let diagnosis = diagnose(&record);
        assert!(diagnosis.causes.iter().any(|cause| cause.service == "backend"), "{failing:?}");
    }
}

#[test]
fn services_that_blame_each_other_keep_their_causes() {
    let mut record = services(&["a", "b"], &[("a", "b"), ("b", "a")]);
    fail_in(&mut record, "a", HEALTH, unhealthy(&[("b", false)], &[]));
    fail_in(&mut record, "b", HEALTH, unhealthy(&[("a", false)], &[]));
    assert_eq!(diagnose(&record).causes.len(), 2, "neither is proven to be the root");
    fail_in(&mut record, "b", HEALTH, database_down());
    assert_eq!(named(&diagnose(&record)), [(HealthReportsDatabaseDown, "b")]);
}

#[test]
fn waiting_for_a_caller_ends_with_the_service_that_it_names() {
    let mut record = services(&["backend", "auth"], &[("backend", "auth")]);
    fail_in(&mut record, "auth", "vpc-connector-ready", connector_in("ERROR"));
    fail_in(&mut record, "auth", HEALTH, database_down());
    let waiting = |record: &mut RunRecord, finding: Finding| {
        let node = record.nodes.iter_mut().find(|node| node.service == "backend" && node.check == HEALTH);
        let node = node.unwrap();
        (node.outcome, node.so_far) = (None, Some(finding));
    };
    let sealed = |record: &RunRecord| -> Vec<String> {
        settled(record, &GRAPH).into_iter().map(|(service, _)| service).collect()
    };
    waiting(&mut record, unhealthy(&[("auth", false)], &[]));
    assert_eq!(sealed(&record).len(), 2);
    waiting(&mut record, unhealthy(&[("redis", false)], &[]));
    assert_eq!(sealed(&record), ["auth"]);
}

prop_compose! {
    /// Three services that call each other in any way, each with something or nothing wrong.
    fn some_services()(
        calls in prop::collection::vec((0_usize..3, 0_usize..3), 0..7),
        wrong in prop::collection::vec((0_usize..3, 0_usize..7, 0_usize..3), 0..7),
    ) -> RunRecord {
        const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
        let calls: BTreeSet<(&str, &str)> = calls
            .into_iter()
            .filter(|(caller, callee)| caller != callee)
            .map(|(caller, callee)| (NAMES[caller], NAMES[callee]))
            .collect();
        let mut record = services(&NAMES, &calls.into_iter().collect::<Vec<_>>());
        for (service, what, other) in wrong {
            let (check, finding) = match what {
                0 => ("vpc-connector-ready", connector_in("ERROR")),
                1 => (HEALTH, database_down()),
                2 => (HEALTH, unhealthy(&[(NAMES[other], false)], &[])),
                3 => (HEALTH, unhealthy(&[], &[])),
                4 => (STEP, step_failed(Some(NAMES[other]).filter(|_| other != service))),
                5 => (STEP, step_failed(None)),
                _ => ("database-login", login_refused("28P01")),
            };
            fail_in(&mut record, NAMES[service], check, finding);
        }
        record
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Calls move causes; they change no verdict, invent none, and leave no ill service without one.
    #[test]
    fn calls_move_causes_and_change_no_verdict(record in some_services()) {
        let mut apart = record.clone();
        apart.services.iter_mut().for_each(|service| service.calls.clear());
        let (together, apart) = (diagnose(&record), diagnose(&apart));
        prop_assert_eq!(together.verdict, apart.verdict);
        prop_assert_eq!(together.exit_code, apart.exit_code);
        prop_assert_eq!(&together.services, &apart.services);
        let set = |diagnosis: &Diagnosis| -> BTreeSet<(String, String)> {
            diagnosis.causes.iter().map(|cause| (cause.code.to_string(), cause.service.clone())).collect()
        };
        prop_assert!(set(&together).is_subset(&set(&apart)));
        for service in together.services.iter().filter(|one| one.verdict == Verdict::Unhealthy) {
            let explained = together.causes.iter().any(|cause| {
                cause.service == service.service || cause.symptoms_in.contains(&service.service)
            });
            prop_assert!(explained, "{} has no cause", service.service);
        }
        // What another service explains is called by its victims, and is itself unhealthy.
        for cause in &together.causes {
            for victim in &cause.symptoms_in {
                prop_assert!(victim != &cause.service);
                let calls = &record.services.iter().find(|one| one.key == *victim).unwrap().calls;
                prop_assert!(!calls.is_empty());
            }
        }
    }

    #[test]
    fn the_order_of_nodes_does_not_matter(record in some_services(), seed in any::<prop::sample::Index>()) {
        let mut turned = record.clone();
        let by = seed.index(turned.nodes.len());
        turned.nodes.rotate_left(by);
        turned.nodes.reverse();
        prop_assert_eq!(diagnose(&record), diagnose(&turned));
    }
}

//! The diagnosis as tables and properties, on records of invented runs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rungate::diagnosis::cause::CauseCode;
use rungate::diagnosis::{self, Confidence, Diagnosis, Met, Verdict, settled};
use rungate::network::Fault;
use rungate::network::firewall::{Direction, RuleKind, RuleRef};
use rungate::record::finding::{
    CredentialFinding, Drivers, Finding, HealthFinding, InstanceFinding, PathFinding, PostgresFinding,
    ServiceFinding, Stage, Unfit,
};
use rungate::record::{Barrier, Ended, Fact, Fix, Outcome, Role, RunRecord, Skip, Unproven, Vantage};

use crate::records::*;

fn diagnose(record: &RunRecord) -> Diagnosis {
    diagnosis::diagnose(record, &GRAPH)
}

fn codes(diagnosis: &Diagnosis) -> Vec<CauseCode> {
    diagnosis.causes.iter().map(|cause| cause.code).collect()
}

/// Findings by check, put into a healthy run, and the causes that must be named, in order.
#[test]
fn names_the_root_and_not_its_symptoms() {
    use CauseCode::*;
    let stopped = || Finding::Instance(InstanceFinding::Stopped { instance: "p:r:auth-db".to_owned() });
    let elsewhere = || {
        Finding::Instance(InstanceFinding::AddressDiffers {
            instance: "p:r:auth-db".to_owned(),
            dialled: "10.20.0.3".parse().unwrap(),
            addresses: vec!["10.20.0.9".parse().unwrap()],
            variable: "DB_HOST".to_owned(),
            instance_is_stated: true,
        })
    };
    let newline = || {
        Finding::Credential(CredentialFinding::EdgeWhitespace {
            variable: "DB_PASSWORD".to_owned(),
            secret: Some("projects/p/secrets/s".to_owned()),
            edge: "trailing".to_owned(),
            class: "line feed".to_owned(),
            length: 13,
            drivers: Drivers::default(),
        })
    };
    let traffic = || {
        Finding::Service(ServiceFinding::TrafficElsewhere {
            created: "auth-staging-00042-xk7".to_owned(),
            serving: vec![("auth-staging-00041-abc".to_owned(), 100)],
        })
    };
    let health = "health-healthy";
    let redis = || unhealthy(&[("redis", false)], &[]);
    let not_found = || Finding::Health(HealthFinding::NotFound { urls: vec!["https://a/health".to_owned()] });
    let denied = Some("SECRETS_ACCESS_CHECK_FAILED");
    let crashed = Some("HEALTH_CHECK_CONTAINER_ERROR");
    type Case = (&'static str, Vec<(&'static str, Finding)>, Vec<CauseCode>);
    let table: Vec<Case> = vec![
        (
            "a connector in error explains the silence and the health",
            vec![
                ("vpc-connector-ready", connector_in("ERROR")),
                ("database-port-open", timed_out()),
                (health, database_down()),
            ],
            vec![VpcConnectorNotReady],
        ),
        (
            "a rejected password is not explained by a connector: the server answered",
            vec![
                ("vpc-connector-ready", connector_in("ERROR")),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![VpcConnectorNotReady, PasswordRejected],
        ),
        (
            "a reset is not explained by a missing way: packets arrived",
            vec![
                ("vpc-connector-ready", connector_in("ERROR")),
                ("database-port-open", refused()),
                (health, database_down()),
            ],
            vec![VpcConnectorNotReady, DatabaseRefused],
        ),
        (
            "a stopped instance explains a reset",
            vec![
                ("instance-running", stopped()),
                ("database-port-open", refused()),
                (health, database_down()),
            ],
            vec![InstanceStopped],
        ),
        (
            "a stopped instance and a wrong address are two defects",
            vec![
                ("instance-running", stopped()),
                ("instance-has-address", elsewhere()),
                (health, database_down()),
            ],
            vec![InstanceStopped, InstanceAddressMismatch],
        ),
        (
            "a newline explains a rejected password",
            vec![
                ("credential-well-formed", newline()),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![CredentialTrailingWhitespace],
        ),
        (
            "a newline in a password drops no packets",
            vec![
                ("credential-well-formed", newline()),
                ("database-port-open", timed_out()),
                (health, database_down()),
            ],
            vec![CredentialTrailingWhitespace, DatabaseUnreachable],
        ),
        (
            "another server at the address explains a rejected password",
            vec![
                ("instance-has-address", elsewhere()),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![InstanceAddressMismatch],
        ),
        (
            "health that names only the cache is not explained by the connector, which leaves the database open",
            vec![("vpc-connector-ready", connector_in("ERROR")), (health, redis())],
            vec![HealthReportsDependencyDown, VpcConnectorNotReady],
        ),
        (
            "a journey that fails is a symptom of the connector, and of what health says",
            vec![
                ("vpc-connector-ready", connector_in("ERROR")),
                (health, database_down()),
                ("journey-step-works", step_failed(None)),
            ],
            vec![VpcConnectorNotReady],
        ),
        (
            "a journey that fails beside a health that names its database as up is a defect of its own",
            vec![("journey-step-works", step_failed(None))],
            vec![JourneyStepFailed],
        ),
        (
            "a health path that does not exist keeps no user out",
            vec![(health, not_found()), ("journey-step-works", step_failed(None))],
            vec![HealthNotFound, JourneyStepFailed],
        ),
        (
            "a step that asks another service is not explained by this one's database",
            vec![(health, database_down()), ("journey-step-works", step_failed(Some("other")))],
            vec![JourneyStepFailed, HealthReportsDatabaseDown],
        ),
        (
            "health that names nothing may be",
            vec![("vpc-connector-ready", connector_in("ERROR")), (health, unhealthy(&[], &[]))],
            vec![VpcConnectorNotReady],
        ),
        (
            "health that names the database as up is not",
            vec![
                ("vpc-connector-ready", connector_in("ERROR")),
                (health, unhealthy(&[], &[("database", true)])),
            ],
            vec![HealthReportsUnhealthy],
        ),
        (
            "a path that does not exist is not",
            vec![("database-login", login_refused("3D000")), (health, not_found())],
            vec![DatabaseMissing, HealthNotFound],
        ),
        (
            "a refused secret is the cause of the failed revision and of the old traffic",
            vec![
                ("revision-ready", revision_failed(denied)),
                ("revision-serving", traffic()),
                ("secret-readable", no_access()),
            ],
            vec![SecretAccessDenied],
        ),
        (
            "two things wrong with a secret are two roots",
            vec![
                ("revision-ready", revision_failed(denied)),
                ("secret-readable", no_access()),
                ("secret-version-enabled", version_disabled()),
            ],
            vec![SecretVersionDisabled, SecretAccessDenied],
        ),
        (
            "a container that fails its start is not explained by a secret: Cloud Run looks at those first",
            vec![("revision-ready", revision_failed(crashed)), ("secret-readable", no_access())],
            vec![ContainerDidNotStart],
        ),
        (
            "a revision that fails without a reason may be",
            vec![("revision-ready", revision_failed(None)), ("secret-version-enabled", version_disabled())],
            vec![SecretVersionDisabled],
        ),
        (
            "a container that fails its start may be explained by the way to its database",
            vec![
                ("revision-ready", revision_failed(crashed)),
                ("vpc-connector-ready", connector_in("ERROR")),
            ],
            vec![VpcConnectorNotReady],
        ),
        (
            "a list of databases explains that the server knows none of that name, and nothing else",
            vec![
                ("instance-has-database", of_instance(6)),
                ("database-login", login_refused("3D000")),
                (health, database_down()),
            ],
            vec![DatabaseMissing],
        ),
        (
            "a user that is not listed explains 28P01",
            vec![
                ("instance-has-user", of_instance(7)),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![DatabaseUserMissing],
        ),
        (
            "and no missing database: then the login got as far as that",
            vec![
                ("instance-has-user", of_instance(7)),
                ("database-login", login_refused("3D000")),
                (health, database_down()),
            ],
            vec![DatabaseUserMissing, DatabaseMissing],
        ),
        (
            "a server that asks for a password has admitted the connection",
            vec![
                ("instance-allows-service", of_instance(4)),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![AuthorizedNetworkMissing, PasswordRejected],
        ),
        (
            "a network that is not authorised drops packets",
            vec![
                ("instance-allows-service", of_instance(4)),
                ("database-port-open", timed_out()),
                (health, database_down()),
            ],
            vec![AuthorizedNetworkMissing],
        ),
        (
            "TLS that is demanded shows as 28000",
            vec![
                ("instance-tls-agrees", of_instance(5)),
                ("database-login", login_refused("28000")),
                (health, database_down()),
            ],
            vec![TlsRequired],
        ),
        (
            "a newer version explains what the service says, where the newest one works",
            vec![("secret-version-current", newer_version()), (health, database_down())],
            vec![SecretNewerThanRevision],
        ),
        (
            "where the newest one is refused, it does not",
            vec![
                ("secret-version-current", newer_version()),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![PasswordRejected],
        ),
        (
            "a corrupted payload explains the credential's shape and the refused login",
            vec![
                ("secret-intact", corrupted()),
                ("credential-well-formed", unfit(Unfit::Quoted)),
                ("database-login", login_refused("28P01")),
                (health, database_down()),
            ],
            vec![SecretChecksumMismatch],
        ),
        (
            "a URL that the gate's driver takes and the service's own does not",
            vec![
                (
                    "credential-well-formed",
                    unfit(Unfit::Scheme { what: "no sslmode".to_owned(), drivers: Drivers::default() }),
                ),
                (health, database_down()),
            ],
            vec![CredentialSchemeMismatch],
        ),
        (
            "the account of a socket may not connect",
            vec![("cloudsql-client-granted", of_instance(9)), (health, database_down())],
            vec![CloudsqlClientRoleMissing],
        ),
        ("nothing deeper is wrong", vec![(health, database_down())], vec![HealthReportsDatabaseDown]),
    ];
    for (what, findings, expected) in table {
        let mut record = healthy();
        if findings.len() > 1 {
            let by = format!("{SERVICE}/{}", findings[0].0);
            end(&mut record, "database-query", Outcome::Blocked { by });
        }
        for (check, finding) in findings {
            fail(&mut record, check, finding);
        }
        let diagnosis = diagnose(&record);
        assert_eq!(codes(&diagnosis), expected, "{what}");
        assert_eq!(diagnosis.verdict, Verdict::Unhealthy, "{what}");
    }
}

#[test]
fn every_sqlstate_has_its_cause() {
    use CauseCode::*;
    let table = [
        ("28P01", PasswordRejected),
        ("28000", LoginNotAllowed),
        ("3D000", DatabaseMissing),
        ("53300", ConnectionSlotsExhausted),
        ("57P03", DatabaseStarting),
        ("57P01", ConnectionClosed),
        ("08006", ConnectionClosed),
        ("42501", ConnectPrivilegeMissing),
        ("55000", DatabaseDisallowsConnections),
        ("42704", ConnectionParameterInvalid),
        ("22023", ConnectionParameterInvalid),
        ("XX000", LoginNotAllowed),
        ("", LoginNotAllowed),
    ];
    for (sqlstate, expected) in table {
        let mut record = healthy();
        fail(&mut record, "database-login", login_refused(sqlstate));
        let diagnosis = diagnose(&record);
        assert_eq!(codes(&diagnosis), [expected], "{sqlstate}");
        assert_eq!(diagnosis.causes[0].suspects.is_empty(), !sqlstate.starts_with("28"), "{sqlstate}");
    }
}

#[test]
fn a_rejected_password_is_likely_and_says_what_would_settle_it() {
    let mut record = healthy();
    fail(&mut record, "database-login", login_refused("28P01"));
    let cause = &diagnose(&record).causes[0];
    assert_eq!(cause.confidence, Confidence::Likely);
    // The user list has the user, so that "no such user" is none.
    assert!(cause.suspects.len() == 2 && cause.suspects.iter().all(|suspect| suspect.command.is_some()));
}

#[test]
fn health_alone_is_proven_only_against_a_query_from_inside() {
    for (inside, expected) in [(true, Confidence::Proven), (false, Confidence::Likely)] {
        let mut record = if inside { healthy() } else { unproven() };
        fail(&mut record, "health-healthy", database_down());
        let cause = &diagnose(&record).causes[0];
        assert_eq!(cause.code, CauseCode::HealthReportsDatabaseDown);
        assert_eq!(cause.confidence, expected);
        assert!(!cause.suspects.is_empty());
    }
}

#[test]
fn what_the_runner_cannot_reach_is_no_cause() {
    for check in ["database-port-open", "database-name-resolves"] {
        let finding = if check == "database-port-open" {
            timed_out()
        } else {
            Finding::Postgres(PostgresFinding::NameUnresolvable { host: "db.internal".to_owned() })
        };
        let mut record = healthy();
        for node in &mut record.nodes {
            if node.vantage == Vantage::InVpc {
                node.vantage = Vantage::Runner;
            }
        }
        fail(&mut record, check, finding);
        let good = diagnose(&record);
        assert_eq!(
            (good.verdict, codes(&good)),
            (Verdict::Healthy, vec![]),
            "health names the database as up"
        );
        assert_eq!(good.advisories.len(), 1);

        node(&mut record, "health-healthy").facts.clear();
        let open = diagnose(&record);
        assert_eq!(open.verdict, Verdict::Inconclusive);
        assert_eq!(codes(&open), [CauseCode::NotObservable]);

        fail(&mut record, "health-healthy", database_down());
        assert_eq!(codes(&diagnose(&record)), [CauseCode::HealthReportsDatabaseDown]);
    }
}

#[test]
fn a_reset_seen_from_the_runner_is_likely_and_from_inside_proven() {
    for (vantage, expected) in [(Vantage::Runner, Confidence::Likely), (Vantage::InVpc, Confidence::Proven)] {
        let mut record = unproven();
        node(&mut record, "database-port-open").vantage = vantage;
        fail(&mut record, "database-port-open", refused());
        fail(&mut record, "health-healthy", database_down());
        let cause = &diagnose(&record).causes[0];
        assert_eq!((cause.code, cause.confidence), (CauseCode::DatabaseRefused, expected));
    }
}

/// By the way of Cloud SQL's connectors a login proves what the server says of it, and nothing of the service's own way.
#[test]
fn a_login_by_the_connectors_way_is_no_proof_of_the_services_own() {
    let with = |outcome: Outcome| {
        let mut record = unproven();
        let at = record.nodes.iter().position(|node| node.check == "database-login").unwrap();
        let mut by_connector = record.nodes[at].clone();
        by_connector.check = "cloudsql-login".into();
        by_connector.outcome = Some(outcome);
        record.nodes.insert(at + 1, by_connector);
        record
    };
    let before = diagnose(&unproven());
    let good = with(Outcome::Passed { detail: "user auth logs in".to_owned() });
    assert_eq!(diagnose(&good).verdict, Verdict::Inconclusive);
    assert_eq!(diagnose(&good).verdict, before.verdict);
    let suspects = |record: &RunRecord| format!("{:?}", diagnose(record).causes);
    let of_login = "the database refuses the login";
    let mut down = (unproven(), good);
    fail(&mut down.0, "health-healthy", database_down());
    fail(&mut down.1, "health-healthy", database_down());
    assert!(suspects(&down.0).contains(of_login) && !suspects(&down.1).contains(of_login));

    let refused = |sqlstate: &str, at: Stage| {
        let mut finding = login_refused(sqlstate);
        if let Finding::Postgres(PostgresFinding::LoginRefused { stage, .. }) = &mut finding {
            *stage = at;
        }
        diagnose(&with(Outcome::Failed { finding }))
    };
    for (sqlstate, at, cause) in [
        ("28P01", Stage::DuringProof, CauseCode::PasswordRejected),
        ("3D000", Stage::AfterProof, CauseCode::DatabaseMissing),
    ] {
        let diagnosis = refused(sqlstate, at);
        assert_eq!(diagnosis.verdict, Verdict::Unhealthy, "the server says so to everybody: {sqlstate}");
        assert_eq!(diagnosis.causes[0].code, cause);
    }
    // Who is let in at all depends on where it dials from.
    assert_eq!(refused("28000", Stage::BeforeProof).verdict, Verdict::Inconclusive);
}

#[test]
fn a_query_that_worked_clears_instance_and_credential() {
    let mut record = healthy();
    let instance = "p:r:auth-db".to_owned();
    fail(&mut record, "instance-running", Finding::Instance(InstanceFinding::Stopped { instance }));
    fail(&mut record, "health-healthy", database_down());
    let diagnosis = diagnose(&record);
    assert_eq!(codes(&diagnosis), [CauseCode::HealthReportsDatabaseDown]);
    assert_eq!(diagnosis.advisories[0].code, CauseCode::InstanceStopped);
}

#[test]
fn what_cannot_be_seen_below_a_known_cause_is_no_second_cause() {
    let mut record = unproven();
    fail(&mut record, "revision-ready", revision_failed(Some("SECRETS_ACCESS_CHECK_FAILED")));
    fail(&mut record, "secret-readable", no_access());
    end(&mut record, "health-healthy", Outcome::Blocked { by: format!("{SERVICE}/revision-ready") });
    assert_eq!(codes(&diagnose(&record)), [CauseCode::SecretAccessDenied]);

    let mut cache = unproven();
    fail(&mut cache, "health-healthy", unhealthy(&[("redis", false)], &[]));
    let expected = [CauseCode::HealthReportsDependencyDown, CauseCode::NotObservable];
    assert_eq!(codes(&diagnose(&cache)), expected, "the cache has nothing to do with the database");
}

#[test]
fn causes_of_several_services_stand_with_what_is_unmet_first() {
    let mut record = unproven();
    let mut second = record.services[0].clone();
    second.key = "orders".to_owned();
    second.name = "orders".to_owned();
    let mut nodes = record.nodes.clone();
    for node in &mut nodes {
        node.service = "orders".to_owned();
    }
    record.services.push(second);
    record.nodes.extend(nodes);
    let traffic = record.nodes.iter_mut().rfind(|node| node.check == "revision-ready").unwrap();
    traffic.outcome = Some(Outcome::Failed { finding: revision_failed(None) });
    let diagnosis = diagnose(&record);
    let named: Vec<(&str, CauseCode)> =
        diagnosis.causes.iter().map(|cause| (cause.service.as_str(), cause.code)).collect();
    assert_eq!(named[0], ("orders", CauseCode::RevisionFailed));
    assert!(named.contains(&(SERVICE, CauseCode::NotObservable)));
    let verdicts: Vec<Verdict> = diagnosis.services.iter().map(|service| service.verdict).collect();
    assert_eq!(verdicts, [Verdict::Inconclusive, Verdict::Unhealthy]);
}

#[test]
fn an_unproven_database_is_undecided_with_three_ways_out_unless_accepted() {
    let mut record = unproven();
    let diagnosis = diagnose(&record);
    assert_eq!((diagnosis.verdict, diagnosis.exit_code), (Verdict::Inconclusive, 3));
    let fix = &diagnosis.causes[0].fix;
    assert_eq!(fix.len(), 3);
    let commands: Vec<&str> = fix.iter().filter_map(|one| one.command.as_deref()).collect();
    assert_eq!(
        commands,
        [
            "rungate check --vantage in-vpc --inspect-secrets .github/workflows/deploy.yml",
            "rungate check --accept-unproven database .github/workflows/deploy.yml"
        ]
    );
    record.accepted_unproven.push(Unproven::Database);
    let diagnosis = diagnose(&record);
    assert_eq!((diagnosis.verdict, diagnosis.exit_code), (Verdict::Healthy, 0));
    assert!(diagnosis.services[0].obligations.iter().any(|one| one.met == Met::Accepted));
}

#[test]
fn accepting_an_unproven_database_does_not_accept_a_bad_one() {
    let mut record = healthy();
    record.accepted_unproven.push(Unproven::Database);
    fail(&mut record, "database-login", login_refused("28P01"));
    assert_eq!(diagnose(&record).verdict, Verdict::Unhealthy);
}

#[test]
fn a_required_check_is_an_obligation_of_its_own() {
    let reason = Skip::NotApplicable { because: "no connector".to_owned() };
    let table = [
        (Outcome::Passed { detail: "it is".to_owned() }, Verdict::Healthy),
        (Outcome::Skipped { reason }, Verdict::Healthy),
        (Outcome::Failed { finding: connector_in("ERROR") }, Verdict::Unhealthy),
        (Outcome::Blocked { by: format!("{SERVICE}/service-exists") }, Verdict::Inconclusive),
        (
            Outcome::Inconclusive { why: rungate::record::Inconclusive::Deadline { seconds: 300 } },
            Verdict::Inconclusive,
        ),
    ];
    for (outcome, expected) in table {
        let mut record = healthy();
        node(&mut record, "vpc-connector-ready").role = Role::Obligation;
        end(&mut record, "vpc-connector-ready", outcome.clone());
        let diagnosis = diagnose(&record);
        assert_eq!(diagnosis.verdict, expected, "{outcome:?}");
        assert!(diagnosis.services[0].obligations.iter().any(|one| one.what == "vpc-connector-ready"));
    }
}

#[test]
fn a_core_check_with_nothing_to_check_is_not_met() {
    for check in ["service-exists", "revision-ready", "revision-serving", "health-healthy"] {
        let mut record = healthy();
        let reason = Skip::NotApplicable { because: "there is none".to_owned() };
        end(&mut record, check, Outcome::Skipped { reason });
        assert_eq!(diagnose(&record).verdict, Verdict::Inconclusive, "{check}");
    }
}

#[test]
fn an_advisory_obligation_is_shown_and_does_not_decide() {
    let mut record = healthy();
    node(&mut record, "health-healthy").role = Role::Advisory;
    fail(&mut record, "health-healthy", unhealthy(&[("redis", false)], &[]));
    let diagnosis = diagnose(&record);
    assert_eq!(diagnosis.verdict, Verdict::Healthy);
    assert_eq!(diagnosis.advisories[0].code, CauseCode::HealthReportsDependencyDown);

    for node in &mut record.nodes {
        node.role = Role::Advisory;
    }
    record.services[0].database = None;
    assert_eq!(diagnose(&record).verdict, Verdict::Inconclusive, "nothing is left to rest on");
}

#[test]
fn a_signal_keeps_the_verdict_and_gives_the_exit_status_of_shells() {
    for (name, expected) in [("SIGINT", 130), ("SIGTERM", 143)] {
        let mut record = healthy();
        record.ended_by = Some(Ended::Signal { name: name.to_owned() });
        let reason = Skip::Interrupted { signal: name.to_owned() };
        end(&mut record, "health-healthy", Outcome::Skipped { reason });
        let diagnosis = diagnose(&record);
        assert_eq!((diagnosis.verdict, diagnosis.exit_code), (Verdict::Inconclusive, expected));
        fail(&mut record, "revision-ready", revision_failed(None));
        assert_eq!(diagnose(&record).verdict, Verdict::Unhealthy);
    }
}

#[test]
fn gate_troubles_are_named_by_what_would_mend_them() {
    use CauseCode::*;
    let denied = rungate::record::Inconclusive::PermissionDenied {
        permission: "run.services.get".to_owned(),
        role: "roles/run.viewer".to_owned(),
        resource: "projects/shop-staging/locations/europe-west1/services/auth-staging".to_owned(),
    };
    let off = rungate::record::Inconclusive::ApiDisabled {
        api: "run.googleapis.com".to_owned(),
        project: "shop-staging".to_owned(),
    };
    let command = Some("gcloud auth application-default login".to_owned());
    let login = Fix { text: "log in".to_owned(), command };
    let url = || "https://auth.example/health".to_owned();
    let shut = |barrier| rungate::record::Inconclusive::AccessDenied { url: url(), barrier };
    let table = [
        (denied, PermissionMissing, "--role=roles/run.viewer"),
        (off, VpcApiDisabled, "gcloud services enable run.googleapis.com --project=shop-staging"),
        (
            rungate::record::Inconclusive::NoCredentials { detail: "none".to_owned(), fix: Some(login) },
            Inconclusive,
            "gcloud auth application-default login",
        ),
        (
            rungate::record::Inconclusive::InvokerDenied {
                url: url(),
                caller: "gate@p.iam.gserviceaccount.com".to_owned(),
            },
            InvokerDenied,
            "--member=serviceAccount:gate@p.iam.gserviceaccount.com --role=roles/run.invoker",
        ),
        (
            rungate::record::Inconclusive::InvokerDenied { url: url(), caller: "ada@example.com".to_owned() },
            InvokerDenied,
            "--member=user:ada@example.com",
        ),
        (
            rungate::record::Inconclusive::TokenRejected {
                url: url(),
                caller: "x".to_owned(),
                detail: "it expired".to_owned(),
            },
            TokenRejected,
            "gcloud run services describe",
        ),
        (
            rungate::record::Inconclusive::PermissionDenied {
                permission: "iam.serviceAccounts.getOpenIdToken".to_owned(),
                role: "roles/iam.workloadIdentityUser".to_owned(),
                resource: "projects/-/serviceAccounts/gate@p.iam.gserviceaccount.com".to_owned(),
            },
            PermissionMissing,
            "gcloud iam service-accounts add-iam-policy-binding gate@p.iam.gserviceaccount.com",
        ),
        (shut(Barrier::Ingress { setting: "internal".to_owned() }), IngressClosed, "--vantage in-vpc"),
        (shut(Barrier::DefaultUrlDisabled), IngressClosed, "--default-url"),
        (shut(Barrier::IdentityAwareProxy), HealthRequiresLogin, "gcloud run services describe"),
        (shut(Barrier::Login { how: "a form".to_owned() }), HealthRequiresLogin, "curl"),
        (shut(Barrier::Credentials { status: 401 }), HealthRequiresLogin, "curl"),
        (shut(Barrier::Unknown { because: "404".to_owned() }), Inconclusive, "curl"),
        (rungate::record::Inconclusive::Deadline { seconds: 300 }, Inconclusive, "--deadline"),
        (rungate::record::Inconclusive::Defect { detail: "oh".to_owned() }, Inconclusive, "--save-run"),
    ];
    for (why, code, command) in table {
        let mut record = healthy();
        end(&mut record, "service-exists", Outcome::Inconclusive { why: why.clone() });
        for check in ["revision-ready", "revision-serving"] {
            end(&mut record, check, Outcome::Blocked { by: format!("{SERVICE}/service-exists") });
        }
        let diagnosis = diagnose(&record);
        assert_eq!(diagnosis.verdict, Verdict::Inconclusive, "{why:?}");
        assert_eq!(codes(&diagnosis), [code], "{why:?}");
        let commands = diagnosis.causes[0].fix.iter().filter_map(|one| one.command.as_deref());
        assert!(commands.clone().any(|one| one.contains(command)), "{:?}", commands.collect::<Vec<_>>());
    }
}

#[test]
fn refused_reads_do_not_soften_what_was_seen() {
    let mut record = unproven();
    for check in ["vpc-connector-ready", "instance-running"] {
        let why = rungate::record::Inconclusive::PermissionDenied {
            permission: "x.y.get".to_owned(),
            role: "roles/x".to_owned(),
            resource: "projects/p/x".to_owned(),
        };
        end(&mut record, check, Outcome::Inconclusive { why });
    }
    fail(&mut record, "health-healthy", database_down());
    let diagnosis = diagnose(&record);
    assert_eq!(diagnosis.verdict, Verdict::Unhealthy);
    assert_eq!(diagnosis.causes[0].code, CauseCode::HealthReportsDatabaseDown);
    let suspects: Vec<&str> = diagnosis.causes[0].suspects.iter().map(|one| one.text.as_str()).collect();
    assert!(suspects.iter().any(|text| text.contains("vpc-connector-ready")), "{suspects:?}");
}

#[test]
fn rules_out_what_passed_and_never_what_it_names() {
    let mut record = healthy();
    fail(&mut record, "database-login", login_refused("3D000"));
    fail(&mut record, "health-healthy", database_down());
    let diagnosis = diagnose(&record);
    let ruled_out: BTreeSet<CauseCode> = diagnosis.ruled_out.iter().map(|one| one.code).collect();
    assert!(ruled_out.contains(&CauseCode::VpcConnectorNotReady));
    assert!(ruled_out.contains(&CauseCode::DatabaseUnreachable));
    assert!(
        !ruled_out.contains(&CauseCode::DatabaseMissing) && !ruled_out.contains(&CauseCode::PasswordRejected)
    );
    assert!(diagnose(&healthy()).ruled_out.is_empty());

    let mut outside = record.clone();
    for node in &mut outside.nodes {
        if node.vantage == Vantage::InVpc {
            node.vantage = Vantage::Runner;
        }
    }
    let from_outside = diagnose(&outside);
    assert!(
        from_outside.ruled_out.iter().all(|one| one.code != CauseCode::DatabaseUnreachable),
        "a runner that reaches the database proves nothing about the service's own way"
    );
}

#[test]
fn the_chain_leads_from_the_symptom_to_the_cause() {
    let mut record = healthy();
    fail(&mut record, "vpc-connector-ready", connector_in("ERROR"));
    fail(&mut record, "database-port-open", timed_out());
    fail(&mut record, "health-healthy", database_down());
    assert_eq!(
        diagnose(&record).causes[0].chain,
        [
            "health says the database is down",
            "because no answer came from 10.20.0.3:5432",
            "because VPC connector auth-connector is in state ERROR",
        ]
    );
}

/// What a running record has seen, what is still under way, and which check seals it.
#[test]
fn waiting_ends_when_nothing_can_change_any_more() {
    let connector = || ("vpc-connector-ready", connector_in("ERROR"));
    type Case = (
        &'static str,
        Vec<(&'static str, Finding)>,
        Vec<&'static str>,
        Option<Finding>,
        Option<&'static str>,
    );
    let table: Vec<Case> = vec![
        (
            "a lasting cause, and health says so",
            vec![connector()],
            vec![],
            Some(database_down()),
            Some("vpc-connector-ready"),
        ),
        ("health has said nothing yet", vec![connector()], vec![], None, None),
        (
            "health is bad for another reason",
            vec![connector()],
            vec![],
            Some(unhealthy(&[("redis", false)], &[])),
            None,
        ),
        ("nothing deeper is known", vec![], vec![], Some(database_down()), None),
        (
            "slots come back",
            vec![("database-login", login_refused("53300"))],
            vec![],
            Some(database_down()),
            None,
        ),
        (
            "a wrong password does not",
            vec![("database-login", login_refused("28P01"))],
            vec![],
            Some(database_down()),
            Some("database-login"),
        ),
        (
            "the credential may still turn out to be the cause of it",
            vec![("database-login", login_refused("28P01"))],
            vec!["credential-well-formed"],
            Some(database_down()),
            None,
        ),
        (
            "what is likely only waits for the login that would refute it",
            vec![("instance-has-address", of_instance(7))],
            vec!["database-login"],
            Some(database_down()),
            None,
        ),
        (
            "and stands once that has ended",
            vec![("instance-has-address", of_instance(7))],
            vec![],
            Some(database_down()),
            Some("instance-has-address"),
        ),
        (
            "an unfinished check elsewhere does not matter",
            vec![connector()],
            vec!["database-login"],
            Some(database_down()),
            Some("vpc-connector-ready"),
        ),
    ];
    for (what, findings, running, so_far, expected) in table {
        let mut record = unproven();
        for (check, finding) in findings {
            let node = node(&mut record, check);
            if check.starts_with("database-") {
                node.vantage = Vantage::InVpc;
            }
            fail(&mut record, check, finding);
        }
        for check in running {
            node(&mut record, check).outcome = None;
        }
        let health = node(&mut record, "health-healthy");
        health.outcome = None;
        health.so_far = so_far;
        let sealed = settled(&record, &GRAPH);
        let expected: Vec<(String, String)> = expected
            .map(|check| record.nodes.iter().find(|node| node.check == check).unwrap())
            .map(|node| (SERVICE.to_owned(), node.key()))
            .into_iter()
            .collect();
        // A finished login failure from inside is by itself an unmet obligation, health or not.
        assert_eq!(sealed, expected, "{what}");
    }
}

#[test]
fn records_of_nothing_are_undecided_and_say_so() {
    let mut none = healthy();
    none.services.clear();
    none.nodes.clear();
    let mut no_nodes = healthy();
    no_nodes.nodes.clear();
    let mut strays = healthy();
    strays.services.clear();
    let mut foreign = healthy();
    let mut other = foreign.nodes[0].clone();
    other.service = "somebody-else".to_owned();
    foreign.nodes.push(other);
    for record in [none, no_nodes, strays, foreign] {
        let diagnosis = diagnose(&record);
        assert_eq!((diagnosis.verdict, diagnosis.exit_code), (Verdict::Inconclusive, 3));
        assert!(diagnosis.causes.iter().any(|cause| cause.code == CauseCode::Inconclusive));
    }
}

/// An end for a check; findings fit the check's family, as checks give them.
fn some_end(check: &str, choice: u8, at: usize) -> Option<Outcome> {
    let by = || format!("{SERVICE}/{}", checks()[at % checks().len()]);
    let finding = match check.split('-').next().unwrap() {
        "service" | "revision" => [
            revision_failed(None),
            revision_failed(Some("SECRETS_ACCESS_CHECK_FAILED")),
            revision_failed(Some("HEALTH_CHECK_CONTAINER_ERROR")),
        ][at % 3]
            .clone(),
        "variables" | "secret" => {
            [no_access(), version_disabled(), newer_version(), corrupted()][at % 4].clone()
        }
        "vpc" | "egress" => connector_in(["ERROR", "CREATING"][at % 2]),
        "instance" | "cloudsql" => of_instance(at),
        "credential" => [
            Finding::Credential(CredentialFinding::Empty {
                variable: "DB_PASSWORD".to_owned(),
                secret: None,
            }),
            unfit(Unfit::Quoted),
            unfit(Unfit::Scheme { what: "x".to_owned(), drivers: Drivers::default() }),
            unfit(Unfit::Loopback { host: "localhost".to_owned() }),
        ][at % 4]
            .clone(),
        "database" => {
            let states = ["28P01", "57P03", "28000", "3D000"];
            [timed_out(), refused(), login_refused(states[at / 3 % 4])][at % 3].clone()
        }
        "journey" => step_failed(None),
        _ => [
            database_down(),
            unhealthy(&[], &[]),
            unhealthy(&[("redis", false)], &[]),
            Finding::Health(HealthFinding::NotFound { urls: vec![] }),
        ][at % 4]
            .clone(),
    };
    match choice {
        0..=3 => Some(Outcome::Passed { detail: "it holds".to_owned() }),
        4 => Some(Outcome::Failed { finding }),
        5 => Some(Outcome::Blocked { by: by() }),
        6 => Some(Outcome::Skipped { reason: Skip::NotVisible { because: "outside".to_owned() } }),
        7 => Some(Outcome::Skipped { reason: Skip::Settled { by: by() } }),
        8 => Some(Outcome::Inconclusive {
            why: rungate::record::Inconclusive::Unavailable { what: "x".to_owned(), detail: "y".to_owned() },
        }),
        9 => Some(Outcome::Skipped { reason: Skip::NotApplicable { because: "none".to_owned() } }),
        _ => None,
    }
}

prop_compose! {
    /// A run whose checks ended in any way, from inside or outside, with some checks required, in any order.
    pub(crate) fn some_run()(
        ends in prop::collection::vec((0_u8..11, 0_usize..40, prop::bool::weighted(0.1)), checks().len()),
        inside in any::<bool>(),
        named in any::<bool>(),
        database in prop::bool::weighted(0.9),
    ) -> RunRecord {
        let mut record = if inside { healthy() } else { unproven() };
        for (node, (choice, at, required)) in record.nodes.iter_mut().zip(ends) {
            node.outcome = some_end(node.check.as_str(), choice, at);
            if required {
                node.role = Role::Obligation;
            }
            if node.check == "health-healthy" && !(named && node.passed()) {
                node.facts.clear();
            }
        }
        if !database {
            record.services[0].database = None;
        }
        record
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_record_does_not_matter(record in some_run(), seed in any::<prop::sample::Index>()) {
        let mut turned = record.clone();
        let by = seed.index(turned.nodes.len());
        turned.nodes.rotate_left(by);
        turned.nodes.reverse();
        prop_assert_eq!(diagnose(&record), diagnose(&turned));
    }

    #[test]
    fn healthy_only_where_every_obligation_is_met(record in some_run()) {
        let diagnosis = diagnose(&record);
        let all_met = diagnosis.services.iter().all(|service| {
            service.obligations.iter().all(|one| matches!(one.met, Met::Yes { .. } | Met::Accepted))
        });
        prop_assert_eq!(diagnosis.verdict == Verdict::Healthy, all_met);
        prop_assert_eq!(diagnosis.exit_code == 0, all_met);
        if all_met {
            for check in ["service-exists", "revision-ready", "revision-serving", "health-healthy"] {
                let node = record.nodes.iter().find(|node| node.check == check).unwrap();
                prop_assert!(node.passed() || node.role == Role::Advisory);
            }
        }
    }

    #[test]
    fn never_silent_when_not_healthy(record in some_run()) {
        let diagnosis = diagnose(&record);
        prop_assert_eq!(diagnosis.verdict == Verdict::Healthy, diagnosis.causes.is_empty());
        for cause in &diagnosis.causes {
            prop_assert!(!cause.claim.is_empty() && !cause.chain.is_empty());
        }
    }

    #[test]
    fn what_passed_and_then_did_not_never_improves_the_verdict(
        record in some_run(), at in any::<prop::sample::Index>(), choice in 4_u8..11, variant in 0_usize..40,
    ) {
        let before = diagnose(&record).verdict;
        let mut worse = record.clone();
        let at = at.index(worse.nodes.len());
        let node = &mut worse.nodes[at];
        if node.passed() && choice != 9 {
            node.outcome = some_end(node.check.as_str(), choice, variant);
            node.facts.retain(|fact| !matches!(fact, Fact::DependencyUp { .. }));
            prop_assert!(diagnose(&worse).verdict >= before, "{:?}", worse.nodes[at]);
        }
    }

    #[test]
    fn no_named_cause_stands_below_another_that_explains_it(record in some_run()) {
        let diagnosis = diagnose(&record);
        // Causes of the gate itself gather what could not be seen; they explain no finding.
        let gate = [CauseCode::Inconclusive, CauseCode::NotObservable];
        let all = diagnosis.causes.iter().chain(&diagnosis.advisories);
        let named: Vec<_> = all.filter(|cause| !gate.contains(&cause.code)).collect();
        for cause in &named {
            // What a cause explains is in its evidence, after its own node; nothing of it is a root.
            let own = &cause.evidence[0].node;
            for key in cause.evidence.iter().map(|one| &one.node).filter(|key| *key != own) {
                prop_assert!(named.iter().all(|other| &other.evidence[0].node != key), "{key} and {own}");
            }
        }
    }

    #[test]
    fn what_is_settled_stays_so_when_health_goes_on_waiting(record in some_run()) {
        let mut running = record;
        let health = node(&mut running, "health-healthy");
        health.outcome = None;
        health.so_far = Some(database_down());
        for (_, key) in settled(&running, &GRAPH) {
            let mut ended = running.clone();
            fail(&mut ended, "health-healthy", database_down());
            let diagnosis = diagnose(&ended);
            prop_assert_eq!(diagnosis.verdict, Verdict::Unhealthy);
            let named: Vec<_> = diagnosis.causes.iter().map(|cause| (cause.code, &cause.evidence)).collect();
            // Two nodes with one cause and one fix are told as one.
            let told = named.iter().any(|(_, evidence)| evidence.iter().any(|one| one.node == key));
            prop_assert!(told, "{key}: {named:?}");
        }
    }
}

/// Faults of the way that no world of the sandbox has, each with the check that shows it, and the cause that is named.
#[test]
fn links_of_the_way_that_no_sandbox_breaks_have_their_causes() {
    let rule = |name: &str| RuleRef {
        kind: RuleKind::Vpc,
        policy: None,
        name: name.to_owned(),
        priority: 900,
        link: None,
    };
    let denies = |direction| Fault::FirewallDenies {
        direction,
        port: 5432,
        by: rule("deny-postgres"),
        without_effect: Vec::new(),
    };
    let range = "10.132.0.0/28".parse().unwrap();
    let table = [
        (
            "subnet-large-enough",
            Fault::SubnetTooSmall { subnet: "run".to_owned(), range, at_most: 26 },
            "subnet-exhausted",
        ),
        (
            "private-access-active",
            Fault::EndpointMissing { address: [10, 20, 0, 3].into() },
            "psc-endpoint-missing",
        ),
        ("ingress-firewall-allows", denies(Direction::Ingress), "firewall-denies-ingress"),
        ("egress-firewall-allows", denies(Direction::Egress), "firewall-denies-egress"),
        (
            "egress-firewall-allows",
            Fault::FirewallDeniesProxyPort { by: rule("only-5432") },
            "firewall-denies-proxy-port",
        ),
        (
            "egress-firewall-allows",
            Fault::ConnectorRulesMissing {
                from: "35.199.224.0/19".parse().unwrap(),
                traffic: "tcp:667".to_owned(),
                by: rule("deny-all"),
            },
            "connector-health-rules-missing",
        ),
        ("nat-present", Fault::EgressWithoutNat { database_outside: true }, "egress-without-nat"),
    ];
    for (check, fault, code) in table {
        for (proven, confidence) in [(true, Confidence::Proven), (false, Confidence::Likely)] {
            let mut record = healthy();
            let finding = PathFinding::Way {
                by: "connector auth-connector".to_owned(),
                address: [10, 20, 0, 3].into(),
                port: 5432,
                fault: fault.clone(),
                proven,
            };
            fail(&mut record, check, Finding::Path(finding));
            for inside in [
                "database-port-open",
                "database-speaks-postgres",
                "database-tls-agrees",
                "database-login",
                "database-query",
            ] {
                let reason = Skip::NotVisible { because: "the runner is elsewhere".to_owned() };
                end(&mut record, inside, Outcome::Skipped { reason });
            }
            fail(&mut record, "health-healthy", unhealthy(&[("database", true)], &[]));
            let diagnosis = diagnose(&record);
            assert_eq!(diagnosis.causes[0].code.to_string(), code, "{:?}", diagnosis.causes);
            assert_eq!(diagnosis.causes[0].confidence, confidence, "{code}");
            assert!(!diagnosis.causes[0].fix.is_empty(), "{code} has no fix");
        }
    }
}

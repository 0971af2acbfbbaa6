//! Records of invented runs: a healthy one with every check, and ways to break it.

use std::sync::LazyLock;

use rungate::checks;
use rungate::record::finding::{
    CredentialFinding, Dependency, Finding, HealthFinding, IamProblem, InjectionFinding, InstanceFinding,
    JourneyFinding, PathFinding, PostgresFinding, ServiceFinding, Stage, Unfit,
};
use rungate::record::{CheckId, Graph, NodeRecord, Outcome, RunRecord, Vertex};

/// The service of the invented runs.
pub(crate) const SERVICE: &str = "auth-staging";

const WAY: &[&str] = &[
    "vpc-access-present",
    "vpc-connector-ready",
    "vpc-connector-in-region",
    "vpc-network-matches",
    "egress-covers-database",
    "subnet-large-enough",
    "address-range-free",
    "private-access-active",
    "egress-firewall-allows",
    "route-leads-to-database",
    "ingress-firewall-allows",
    "nat-present",
    "instance-running",
    "instance-is-postgres",
    "instance-has-address",
    "instance-allows-service",
];

/// The links of the way inside the network.
const LINKS: &[&str] = &[
    "subnet-large-enough",
    "address-range-free",
    "private-access-active",
    "egress-firewall-allows",
    "route-leads-to-database",
    "ingress-firewall-allows",
    "nat-present",
];

/// The causal graph as it is meant to be, independent of the table of checks.
pub(crate) static GRAPH: LazyLock<Graph> = LazyLock::new(|| {
    let mut port: Vec<&str> = vec!["database-name-resolves"];
    port.extend(WAY);
    port.push("vpc-access-matches");
    let mut edges: Vec<(&str, Vec<&str>)> = vec![
        ("service-exists", vec![]),
        (
            "revision-ready",
            vec![
                "secret-version-enabled",
                "secret-readable",
                "vpc-connector-ready",
                "vpc-connector-in-region",
                "service-log-clean",
            ],
        ),
        ("revision-serving", vec!["revision-ready"]),
        ("variables-injected", vec![]),
        ("variables-not-empty", vec![]),
        ("secret-references-match", vec![]),
        ("service-account-matches", vec![]),
        ("secret-version-enabled", vec![]),
        ("secret-readable", vec!["service-account-matches"]),
        ("secret-version-current", vec!["secret-references-match"]),
        ("secret-intact", vec![]),
        (
            "credential-well-formed",
            vec!["variables-injected", "variables-not-empty", "secret-references-match", "secret-intact"],
        ),
        ("instance-tls-agrees", vec!["variables-injected", "credential-well-formed"]),
        ("cloudsql-client-granted", vec![]),
    ];
    let of_identity =
        ["variables-injected", "secret-references-match", "credential-well-formed", "instance-has-address"];
    for check in ["instance-has-database", "instance-has-user", "instance-iam-login"] {
        edges.push((check, of_identity.to_vec()));
    }
    let entrance = ["vpc-access-present", "vpc-connector-ready", "vpc-network-matches"];
    edges.extend(WAY.iter().map(|check| match *check {
        "route-leads-to-database" => (*check, [&entrance[..], &["private-access-active"]].concat()),
        check if LINKS.contains(&check) => (check, entrance.to_vec()),
        check => (check, vec![]),
    }));
    let of_way = WAY.iter().copied().filter(|check| !check.starts_with("instance-"));
    edges.push(("vpc-access-matches", of_way.collect()));
    edges.push(("configuration-unchanged", vec!["vpc-access-present"]));
    edges.push(("cloudsql-attached", vec!["variables-injected", "variables-not-empty"]));
    edges.extend([
        (
            "database-name-resolves",
            vec!["credential-well-formed", "variables-injected", "variables-not-empty"],
        ),
        ("database-port-open", port),
        ("database-speaks-postgres", vec!["database-port-open"]),
        (
            "database-tls-agrees",
            vec!["database-speaks-postgres", "credential-well-formed", "instance-tls-agrees"],
        ),
        (
            "database-login",
            vec![
                "database-tls-agrees",
                "credential-well-formed",
                "secret-references-match",
                "secret-version-enabled",
                "secret-readable",
                "secret-intact",
                "instance-tls-agrees",
                "instance-has-database",
                "instance-has-user",
                "instance-iam-login",
            ],
        ),
        (
            "cloudsql-login",
            vec![
                "variables-injected",
                "credential-well-formed",
                "secret-references-match",
                "secret-version-enabled",
                "secret-readable",
                "secret-intact",
                "instance-running",
                "instance-is-postgres",
                "instance-has-database",
                "instance-has-user",
                "instance-iam-login",
            ],
        ),
        ("database-query", vec!["database-login"]),
        ("database-writable", vec!["database-query"]),
        ("database-has-headroom", vec!["database-query"]),
        ("database-migrated", vec!["database-query"]),
        ("database-has-extensions", vec!["database-query"]),
        ("database-has-tables", vec!["database-migrated", "database-has-extensions"]),
        ("database-grants-privileges", vec!["database-has-tables"]),
        ("database-queries-match", vec!["database-grants-privileges"]),
        (
            "service-log-clean",
            vec![
                "instance-has-address",
                "cloudsql-attached",
                "cloudsql-client-granted",
                "database-query",
                "cloudsql-login",
                "database-has-headroom",
            ],
        ),
    ]);
    let all: Vec<&str> = edges.iter().map(|(check, _)| *check).collect();
    edges.push(("health-healthy", all));
    edges.push(("journey-step-works", vec!["health-healthy"]));
    let typed = |(check, above): &(&str, Vec<&str>)| {
        (CheckId::from(*check), above.iter().map(|id| CheckId::from(*id)).collect::<Vec<_>>())
    };
    let edges: Vec<(CheckId, Vec<CheckId>)> = edges.iter().map(typed).collect();
    let family = |id: CheckId| checks::find(id.as_str()).unwrap().family;
    Graph::new(edges.iter().map(|(id, above)| Vertex {
        id: *id,
        family: family(*id),
        explained_by: above.as_slice(),
        explains: &[],
    }))
});

/// The ids of all checks of the graph, in causal order.
pub(crate) fn checks() -> Vec<String> {
    healthy().nodes.into_iter().map(|node| node.check.to_string()).collect()
}

/// A run in which every check was made from inside the VPC, and held.
pub(crate) fn healthy() -> RunRecord {
    serde_json::from_str(include_str!("../data/runs/healthy/run.json")).unwrap()
}

/// A run from outside the VPC, in which health is good and does not name its database.
pub(crate) fn unproven() -> RunRecord {
    serde_json::from_str(include_str!("../data/runs/database-unproven/run.json")).unwrap()
}

/// The node of a check.
pub(crate) fn node<'a>(record: &'a mut RunRecord, check: &str) -> &'a mut NodeRecord {
    record.nodes.iter_mut().find(|node| node.check == check).unwrap()
}

/// Gives a check another end.
pub(crate) fn end(record: &mut RunRecord, check: &str, outcome: Outcome) {
    let node = node(record, check);
    if !matches!(outcome, Outcome::Passed { .. }) {
        node.facts.clear();
    }
    node.outcome = Some(outcome);
}

/// Lets a check fail with a finding.
pub(crate) fn fail(record: &mut RunRecord, check: &str, finding: Finding) {
    end(record, check, Outcome::Failed { finding });
}

/// Health that names these dependencies as bad, and those as good.
pub(crate) fn unhealthy(failing: &[(&str, bool)], working: &[(&str, bool)]) -> Finding {
    let named = |all: &[(&str, bool)], word: &str| {
        let one = |(name, database): &(&str, bool)| Dependency {
            name: (*name).to_owned(),
            word: word.to_owned(),
            database: *database,
        };
        all.iter().map(one).collect()
    };
    Finding::Health(HealthFinding::Unhealthy {
        url: "https://auth.example/auth/health".to_owned(),
        status: 200,
        verdict: "unhealthy".to_owned(),
        failing: named(failing, "error"),
        working: named(working, "ok"),
        excerpt: "{\"status\":\"unhealthy\"}".to_owned(),
    })
}

pub(crate) fn database_down() -> Finding {
    unhealthy(&[("database", true)], &[])
}

pub(crate) fn connector_in(state: &str) -> Finding {
    Finding::Path(PathFinding::ConnectorNotReady {
        connector: "projects/shop-staging/locations/europe-west1/connectors/auth-connector".to_owned(),
        state: state.to_owned(),
    })
}

pub(crate) fn version_disabled() -> Finding {
    Finding::Injection(InjectionFinding::VersionDisabled {
        secret: "projects/shop-staging/secrets/auth-db-password".to_owned(),
        version: "7".to_owned(),
    })
}

pub(crate) fn no_access() -> Finding {
    Finding::Injection(InjectionFinding::NoAccessBinding {
        secret: "projects/shop-staging/secrets/auth-db-password".to_owned(),
        service_account: "auth-runtime@shop-staging.iam.gserviceaccount.com".to_owned(),
        shown_by: None,
    })
}

pub(crate) fn revision_failed(reason: Option<&str>) -> Finding {
    Finding::Service(ServiceFinding::RevisionFailed {
        revision: "auth-staging-00042-xk7".to_owned(),
        reason: reason.map(str::to_owned),
        message: "it did not work".to_owned(),
    })
}

pub(crate) fn timed_out() -> Finding {
    let addresses = vec!["10.20.0.3:5432".parse().unwrap()];
    Finding::Postgres(PostgresFinding::TimedOut { addresses, after_ms: 5000, others: vec![] })
}

pub(crate) fn refused() -> Finding {
    Finding::Postgres(PostgresFinding::Refused {
        addresses: vec!["10.20.0.3:5432".parse().unwrap()],
        others: vec![],
    })
}

pub(crate) fn login_refused(sqlstate: &str) -> Finding {
    Finding::Postgres(PostgresFinding::LoginRefused {
        sqlstate: sqlstate.to_owned(),
        message: "no".to_owned(),
        user: "auth".to_owned(),
        database: "auth".to_owned(),
        tls: true,
        stage: Stage::Unknown,
        certificate_missed: false,
        other_way: None,
        routine: None,
    })
}

/// Findings about the instance, each with another thing that is wrong.
pub(crate) fn of_instance(at: usize) -> Finding {
    let instance = "p:r:auth-db".to_owned();
    let all = [
        InstanceFinding::Stopped { instance: instance.clone() },
        InstanceFinding::DiskFull { instance: instance.clone(), grow_by_gb: Some(5) },
        InstanceFinding::OtherEngine { instance: instance.clone(), version: "MYSQL_8_0".to_owned() },
        InstanceFinding::ConnectorRequired { instance: instance.clone(), host: "10.20.0.3".to_owned() },
        InstanceFinding::NotAuthorized {
            instance: instance.clone(),
            dialled: [203, 0, 113, 7].into(),
            networks: vec![],
        },
        InstanceFinding::TlsRequired { instance: instance.clone(), sslmode: "disable".to_owned() },
        InstanceFinding::NoDatabase {
            instance: instance.clone(),
            database: "auth".to_owned(),
            known: vec![],
        },
        InstanceFinding::NoUser { instance: instance.clone(), user: "auth".to_owned(), known: vec![] },
        InstanceFinding::IamLogin {
            instance: instance.clone(),
            user: "auth@p.iam".to_owned(),
            problem: IamProblem::FlagOff,
        },
        InstanceFinding::NoConnectBinding {
            instance,
            service_account: "auth@p.iam.gserviceaccount.com".to_owned(),
            shown_by: "every policy".to_owned(),
            through_socket: true,
        },
    ];
    Finding::Instance(all[at % all.len()].clone())
}

pub(crate) fn newer_version() -> Finding {
    Finding::Injection(InjectionFinding::NewerVersion {
        secret: "projects/shop-staging/secrets/auth-db-password".to_owned(),
        target: "DB_PASSWORD".to_owned(),
        newest: "8".to_owned(),
        added: "2026-11-23T11:00:00Z".to_owned(),
        revision: "auth-staging-00042-xk7".to_owned(),
        deployed: "2026-11-23T10:00:00Z".to_owned(),
    })
}

pub(crate) fn corrupted() -> Finding {
    Finding::Injection(InjectionFinding::Corrupted {
        secret: "projects/shop-staging/secrets/auth-db-password".to_owned(),
        version: "7".to_owned(),
    })
}

/// A step of a journey that answers otherwise than it should.
pub(crate) fn step_failed(asked: Option<&str>) -> Finding {
    Finding::Journey(JourneyFinding::Unexpected {
        request: "POST https://auth.example/auth/validate-token-and-get-user".to_owned(),
        asked: asked.map(str::to_owned),
        status: 200,
        differs: vec!["$.valid == true: it is false".to_owned()],
        excerpt: "{\"valid\":false,\"error\":\"Invalid token or user not found\"}".to_owned(),
    })
}

pub(crate) fn unfit(unfit: Unfit) -> Finding {
    Finding::Credential(CredentialFinding::Unfit { variable: "DB_PASSWORD".to_owned(), secret: None, unfit })
}

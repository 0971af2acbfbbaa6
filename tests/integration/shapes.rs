//! Worlds of other shapes than the samples: a machine, an endpoint, a Shared VPC, direct egress, all traffic through the
//! network; every fault, near miss and twin that needs one of them; and that none is left out.

use std::collections::BTreeSet;
use std::sync::Arc;

use rungate::checks::CHECKS;
use rungate::diagnosis::cause::CauseCode;
use rungate::model::Target;
use rungate::pipeline::{self, Request};
use rungate::plan::{self, Defaults};
use rungate::sandbox::faults::{self, Fault, Kind};
use rungate::sandbox::world::World;
use strum::IntoEnumIterator as _;

use crate::common::{self, Rungate};
use crate::{holdings, instances};

/// A service of this shape: its way into the network, the host that it dials, the version of its password.
fn shape(vpc: &str, host: &str, version: &str) -> String {
    let attached = host.strip_prefix("/cloudsql/");
    let attached = attached.map(|name| format!("    cloudsql_instances: [{name}]\n")).unwrap_or_default();
    format!(
        "\
version: 1
services:
  - name: auth
    project: acme-staging
    region: europe-west1
    service_account: auth@acme-staging.iam.gserviceaccount.com
    vpc: {vpc}
{attached}    env: {{DB_HOST: '{host}', DB_USER: auth, DB_NAME: auth, LOG_LEVEL: info}}
    secrets: {{DB_PASSWORD: 'auth-db-password:{version}'}}
    health: {{path: /health, window: 5s, interval: 200ms}}
"
    )
}

const SOCKET: &str = "/cloudsql/acme-staging:europe-west1:auth-db";

/// The shapes, each with what is drilled in it.
fn drills() -> Vec<(String, Vec<&'static str>)> {
    let connector = "{connector: auth-connector}";
    let direct = "{network: default, subnet: run}";
    let all = |way: &str| way.replace('}', ", egress: all-traffic}");
    let variants = faults::all().filter(|fault| fault.kind() != Kind::Fault).map(Fault::code);
    let named = |list: &[&'static str]| list.to_vec();
    let of_connectors = ["gate-may-not-connect", "iam-login-not-granted", "iam-flag-off"];
    let public_socket = shape("{}", SOCKET, "latest").replace("    vpc: {}\n", "");
    let by_token = public_socket
        .replace("DB_USER: auth,", "DB_USER: auth@acme-staging.iam,")
        .replace("    secrets: {DB_PASSWORD: 'auth-db-password:latest'}\n", "");
    vec![
        (
            shape(connector, "10.20.0.3", "latest"),
            variants
                .filter(|name| !name.starts_with("pinned-") && !of_connectors.contains(name))
                .chain([
                    "firewall-denies-ingress",
                    "psc-endpoint-missing",
                    "connector-health-rules-missing",
                    "vpc-api-disabled",
                    "secret-newer-than-revision",
                ])
                .collect(),
        ),
        (
            shape(direct, "10.20.0.3", "3"),
            named(&[
                "subnet-exhausted",
                "vpc-network-not-found",
                "firewall-denies-egress",
                "firewall-denies-ingress",
                "psc-endpoint-missing",
                "peering-missing",
                "database-on-a-machine",
                "machine-of-another-tag-closed",
                "database-behind-an-endpoint",
                "pinned-beside-a-newer-version",
                "denied-by-the-organisation",
            ]),
        ),
        (shape(&all(connector), "203.0.113.9", "3"), named(&["egress-without-nat"])),
        (shape(&all(direct), "203.0.113.9", "3"), named(&["egress-without-nat"])),
        (
            shape(&all(direct), SOCKET, "3"),
            named(&["egress-blocks-cloudsql-socket", "firewall-denies-proxy-port"]),
        ),
        (
            shape(connector, SOCKET, "3"),
            named(&["firewall-denies-proxy-port", "cloudsql-not-attached", "cloudsql-name-mismatch"]),
        ),
        (public_socket, named(&["gate-may-not-connect"])),
        (by_token, named(&["iam-login-not-granted", "iam-flag-off"])),
        (
            shape(connector, "db.internal.example", "latest"),
            named(&["database-name-unresolvable", "another-instance-stopped"]),
        ),
    ]
}

#[test]
fn every_shape_is_told_right() {
    let mut wrong = Vec::new();
    for (file, drilled) in drills() {
        let rungate = Rungate::new();
        let path = rungate.file("rungate.yaml", &file).display().to_string();
        // A few at a time: a healthy world on a machine that is busy with dozens answers too late to be called so.
        for drilled in drilled.chunks(4) {
            let mut arguments = vec!["drill", path.as_str()];
            arguments.extend(drilled.iter().flat_map(|name| ["--fault", name]));
            let ran = rungate.run(&arguments);
            let right = ran.stdout.lines().filter(|line| line.contains(" right ")).count();
            if ran.status != 0 || right != drilled.len() + 1 {
                wrong.push(format!("{file}\n{}", ran.all()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How services of the usual frameworks are given their database: a name, attached or not, plain variables, and those
/// of secrets.
const FRAMEWORKS: &[(&str, bool, &[(&str, &str)], &[&str])] = &[
    (
        "Spring through Cloud SQL's socket factory",
        false,
        &[
            (
                "SPRING_DATASOURCE_URL",
                "jdbc:postgresql:///auth?cloudSqlInstance=acme-staging:europe-west1:auth-db&socketFactory=com.google.cloud.sql.postgres.SocketFactory",
            ),
            ("SPRING_DATASOURCE_USERNAME", "auth"),
        ],
        &["SPRING_DATASOURCE_PASSWORD"],
    ),
    (
        "Spring over the attached socket",
        true,
        &[
            (
                "SPRING_DATASOURCE_URL",
                "jdbc:postgresql:///auth?unixSocketPath=/cloudsql/acme-staging:europe-west1:auth-db&cloudSqlInstance=acme-staging:europe-west1:auth-db&socketFactory=com.google.cloud.sql.postgres.SocketFactory",
            ),
            ("SPRING_DATASOURCE_USERNAME", "auth"),
        ],
        &["SPRING_DATASOURCE_PASSWORD"],
    ),
    (
        "Spring Cloud GCP",
        false,
        &[
            ("SPRING_CLOUD_GCP_SQL_INSTANCE_CONNECTION_NAME", "acme-staging:europe-west1:auth-db"),
            ("SPRING_DATASOURCE_USERNAME", "auth"),
        ],
        &["SPRING_DATASOURCE_PASSWORD"],
    ),
    (
        "Spring by R2DBC",
        false,
        &[
            ("SPRING_R2DBC_URL", "r2dbc:postgresql://203.0.113.9:5432/auth"),
            ("SPRING_R2DBC_USERNAME", "auth"),
        ],
        &["SPRING_R2DBC_PASSWORD"],
    ),
    (
        "Django with parts",
        true,
        &[
            ("DB_HOST", "/cloudsql/acme-staging:europe-west1:auth-db"),
            ("DB_USER", "auth"),
            ("DB_NAME", "auth"),
            ("DJANGO_SETTINGS_MODULE", "shop.settings"),
        ],
        &["DB_PASSWORD"],
    ),
    ("Django with a URL", true, &[("DJANGO_SETTINGS_MODULE", "shop.settings")], &["DATABASE_URL"]),
    (
        "Rails",
        true,
        &[
            ("RAILS_ENV", "production"),
            ("DATABASE_URL", "postgresql://auth@/auth?host=/cloudsql/acme-staging:europe-west1:auth-db"),
        ],
        &["PGPASSWORD"],
    ),
    ("Prisma", true, &[("NODE_ENV", "production")], &["DATABASE_URL"]),
    ("Prisma by its own variable", true, &[("NODE_ENV", "production")], &["POSTGRES_PRISMA_URL"]),
    (".NET", true, &[("ASPNETCORE_ENVIRONMENT", "Production")], &["ConnectionStrings__Postgres"]),
    ("JDBC", true, &[("JAVA_TOOL_OPTIONS", "-Xmx256m")], &["JDBC_DATABASE_URL"]),
    (
        "Go with the connector's library",
        false,
        &[
            ("INSTANCE_CONNECTION_NAME", "acme-staging:europe-west1:auth-db"),
            ("DB_USER", "auth"),
            ("DB_NAME", "auth"),
        ],
        &["DB_PASS"],
    ),
];

fn of_framework(attached: bool, plain: &[(&str, &str)], secrets: &[&str]) -> String {
    let attached =
        if attached { "    cloudsql_instances: [acme-staging:europe-west1:auth-db]\n" } else { "" };
    let plain: Vec<String> = plain.iter().map(|(name, value)| format!("{name}: '{value}'")).collect();
    let secrets: Vec<String> = secrets
        .iter()
        .map(|name| format!("{name}: 'auth-{}:3'", name.to_lowercase().replace("__", "-")))
        .collect();
    format!(
        "\
version: 1
services:
  - name: auth
    project: acme-staging
    region: europe-west1
    service_account: auth@acme-staging.iam.gserviceaccount.com
{attached}    env: {{{}}}
    secrets: {{{}}}
    health: {{path: /health, window: 2s, interval: 200ms}}
",
        plain.join(", "),
        secrets.join(", ")
    )
}

#[test]
fn services_of_every_framework_are_healthy_and_the_dry_run_finds_nothing_wrong() {
    let mut wrong = Vec::new();
    for (name, attached, plain, secrets) in FRAMEWORKS {
        let rungate = Rungate::new();
        let file = of_framework(*attached, plain, secrets);
        let path = rungate.file("rungate.yaml", &file).display().to_string();
        let dry = rungate.run(&["check", "--dry-run", &path]);
        if dry.status != 0 || !dry.all().contains("findings: 0 errors, 0 warnings") {
            wrong.push(format!("{name}, dry run: {}", dry.all()));
        }
        let ran = rungate.run(&["check", &path, "--sandbox", "--quiet"]);
        if ran.status != 0 || !ran.all().contains("(serves: yes; healthy: yes; database: yes)") {
            wrong.push(format!("{name}: {}", ran.all()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The healthy world that a pipeline describes.
fn world(text: &str) -> World {
    let rungate = Rungate::new();
    let file = rungate.file("rungate.yaml", text);
    let request = Request {
        files: vec![file],
        directory: common::root().to_owned(),
        known_checks: CHECKS.iter().map(|check| check.id.as_str()).collect(),
        ..Request::default()
    };
    let loaded = pipeline::load(&request).unwrap();
    let filled = rungate::sandbox::fill(&loaded.pipeline);
    let plan = plan::build(&filled, CHECKS, &Defaults::default()).unwrap();
    let targets: Vec<Arc<Target>> = plan.targets;
    World::describe(&targets)
}

/// What is drilled anywhere: all that applies to the sample, and what the lists name. Everything listed applies, or
/// its own test fails.
fn drilled_anywhere() -> BTreeSet<&'static str> {
    let sample = world(&std::fs::read_to_string(common::pipeline("rungate.yaml")).unwrap());
    let of_sample = faults::all().filter(|fault| fault.applies(&sample).is_ok()).map(Fault::code);
    let here = drills().into_iter().flat_map(|(_, names)| names);
    let there = instances::DRILLED.iter().flat_map(|(_, names)| names.iter().copied());
    let held = holdings::CASES.iter().filter_map(|case| case.0);
    of_sample.chain(here).chain(there).chain(held).collect()
}

/// The sections of the vocabulary that the control plane shows: from their first cause to their last.
const SECTIONS: [(&str, CauseCode, CauseCode); 4] = [
    ("Service and revision", CauseCode::ServiceNotFound, CauseCode::RevisionNotServing),
    ("Injection", CauseCode::DatabaseVariableMissing, CauseCode::SecretChecksumMismatch),
    ("Way to the database", CauseCode::VpcAccessMissing, CauseCode::DatabaseUnreachable),
    ("The Cloud SQL instance", CauseCode::InstanceNotFound, CauseCode::CloudsqlIamLoginMisconfigured),
];

#[test]
fn every_cause_that_the_control_plane_shows_is_drilled() {
    let drilled = drilled_anywhere();
    for (section, first, last) in SECTIONS {
        let causes: Vec<String> = CauseCode::iter()
            .filter(|code| (first..=last).contains(code))
            .map(|code| code.to_string())
            .collect();
        assert!(causes.len() > 5, "{section}: {causes:?}");
        let missing: Vec<_> = causes.iter().filter(|code| !drilled.contains(code.as_str())).collect();
        assert!(missing.is_empty(), "{section}: nothing drills {missing:?}");
        let of_section = |code: &CauseCode| (first..=last).contains(code);
        for kind in [Kind::NearMiss, Kind::Twin] {
            let found = faults::of(kind).any(|fault| of_section(&fault.looks_like));
            assert!(found, "{section} has no {}", kind.word());
        }
    }
}

/// A new fault, near miss or twin is drilled by the sample, or needs a shape that has what it changes.
#[test]
fn every_fault_near_miss_and_twin_is_drilled() {
    let drilled = drilled_anywhere();
    // These need a pipeline that expects something of the health answer: `health.rs` drills them.
    let of_health = ["health-expectation-unmet", "health-version-mismatch"];
    let missing: Vec<&str> = faults::all()
        .map(Fault::code)
        .filter(|code| !drilled.contains(code) && !of_health.contains(code))
        .collect();
    assert!(missing.is_empty(), "nothing drills {missing:?}: add a shape to tests/integration/shapes.rs");
}

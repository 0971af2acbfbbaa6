//! Faults of instance, secret and credential in worlds that the samples are not: sockets, public addresses, connection
//! strings, rotations; and near misses that stay healthy.

use serde_json::Value;

use crate::common::Rungate;

/// A service that opens the socket of its attached instance.
const SOCKET: &str = "\
version: 1
services:
  - name: auth
    project: acme-staging
    region: europe-west1
    service_account: auth@acme-staging.iam.gserviceaccount.com
    cloudsql_instances: [acme-staging:europe-west1:auth-db]
    env:
      DB_HOST: /cloudsql/acme-staging:europe-west1:auth-db
      DB_USER: auth
      DB_NAME: auth
    secrets:
      DB_PASSWORD: auth-db-password:latest
    health: {path: /health, window: 5s, interval: 200ms}
";

/// A service with its whole connection string in a secret, which leads to a public address.
const PUBLIC: &str = "\
version: 1
services:
  - name: auth
    project: acme-staging
    region: europe-west1
    secrets:
      DATABASE_URL: auth-database-url:latest
    health: {path: /health, window: 5s, interval: 200ms}
";

/// What the drill shows of some faults.
fn drilled(file: &str, faults: &[&str]) {
    let rungate = Rungate::new();
    let file = rungate.file("rungate.yaml", file).display().to_string();
    let faults: Vec<String> =
        faults.iter().flat_map(|fault| ["--fault".to_owned(), (*fault).to_owned()]).collect();
    let mut arguments = vec!["drill", file.as_str()];
    arguments.extend(faults.iter().map(String::as_str));
    let ran = rungate.run(&arguments);
    let all = format!("{0} of {0} faults named right, 0 not applicable, 0 wrong", faults.len() / 2);
    assert!(ran.status == 0 && ran.stdout.contains(&all), "{}", ran.all());
}

/// What is drilled where.
pub(crate) const DRILLED: [(&str, &[&str]); 2] = [
    (
        SOCKET,
        &[
            "cloudsql-client-role-missing",
            "server-identity-unverified",
            "password-rejected",
            "login-not-allowed",
            "connect-privilege-missing",
            "socket-tls-conflict",
            "secret-newer-than-revision",
            "secret-checksum-mismatch",
            "instance-stopped",
            "instance-disk-full",
            "database-missing",
            "database-user-missing",
            "cloudsql-iam-login-misconfigured",
            "credential-quoted",
            "credential-encoded",
            "credential-placeholder",
        ],
    ),
    (
        PUBLIC,
        &[
            "authorized-network-missing",
            "instance-requires-connector",
            "instance-not-postgres",
            "tls-required",
            "client-certificate-required",
            "credential-unescaped",
            "credential-scheme-mismatch",
            "credential-unreadable",
            "credential-quoted",
            "credential-encoded",
            "credential-placeholder",
            "database-host-loopback",
            "database-host-placeholder",
            "database-port-wrong",
            "secret-newer-than-revision",
            "secret-checksum-mismatch",
            "database-missing",
            "database-user-missing",
            "password-rejected",
        ],
    ),
];

#[test]
fn behind_a_socket_and_at_a_public_address_each_fault_is_named() {
    for (file, faults) in DRILLED {
        drilled(file, faults);
    }
}

/// The report of a check in the sandbox.
fn checked(file: &str, more: &[&str]) -> (i32, Value) {
    let rungate = Rungate::new();
    let file = rungate.file("rungate.yaml", file).display().to_string();
    let mut arguments = vec!["check", file.as_str(), "--sandbox", "--quiet", "--report", "json=-"];
    arguments.extend(more);
    let ran = rungate.run(&arguments);
    (ran.status, serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.all())))
}

fn first_cause(report: &Value) -> &str {
    report["causes"][0]["code"].as_str().unwrap_or_default()
}

#[test]
fn a_socket_whose_path_is_too_long_is_named() {
    let long = format!("acme-staging:europe-west1:{}", "d".repeat(70));
    let (status, report) = checked(&SOCKET.replace("acme-staging:europe-west1:auth-db", &long), &[]);
    assert_eq!((status, first_cause(&report)), (1, "socket-path-too-long"), "{report:#}");
}

/// The same symptom, another cause: 28P01 is a wrong password, an unknown user, or an IAM user's.
#[test]
fn what_looks_alike_on_the_wire_is_told_apart_by_the_control_plane() {
    for (fault, said) in [
        ("password-rejected", "instance-has-user"),
        ("database-user-missing", "lists no user auth"),
        ("cloudsql-iam-login-misconfigured", "cloudsql.iam_authentication"),
    ] {
        let (status, report) = checked(PUBLIC, &["--fault", fault]);
        assert_eq!((status, first_cause(&report)), (1, fault), "{report:#}");
        assert!(report.to_string().contains(said), "{fault}: {report:#}");
    }
}

/// What the control plane foresees is told before any login: here the gate may not read the secret.
#[test]
fn a_missing_database_is_foreseen_without_the_secret() {
    let file = SOCKET.replace("/cloudsql/acme-staging:europe-west1:auth-db", "10.20.0.3");
    let file = file.replace("    env:\n", "    vpc: {connector: auth}\n    env:\n");
    let (_, report) = checked(&file, &["--fault", "database-missing", "--vantage", "runner"]);
    let evidence = report["causes"][0]["evidence"].to_string();
    assert_eq!(first_cause(&report), "database-missing", "{report:#}");
    assert!(evidence.contains("instance-has-database") && !evidence.contains("database-login"), "{evidence}");
}

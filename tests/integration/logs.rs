//! From outside the VPC only the service's own log tells why its database cannot be used: likely, not proven.

use serde_json::Value;

use crate::common::{Rungate, pipeline};

/// Faults that no read of the control plane shows, and what the log makes of them.
const FAULTS: &[&str] = &[
    "password-rejected",
    "connect-privilege-missing",
    "connection-slots-exhausted",
    "database-refused",
    "database-unreachable",
    "login-not-allowed",
];

fn gate(rungate: &Rungate, fault: &[&str]) -> (i32, Value) {
    let file = pipeline("rungate.yaml");
    let mut arguments = vec!["check", &file, "--sandbox", "--quiet", "--vantage", "runner"];
    arguments.extend(["--report", "json=run.json"]);
    arguments.extend(fault);
    let ran = rungate.run(&arguments);
    let json = serde_json::from_str(&rungate.read("run.json")).unwrap_or_else(|_| panic!("{}", ran.all()));
    (ran.status, json)
}

#[test]
fn what_only_the_log_tells_is_likely() {
    std::thread::scope(|scope| {
        for fault in FAULTS {
            scope.spawn(move || {
                let rungate = Rungate::new();
                let (status, json) = gate(&rungate, &["--fault", fault]);
                assert_eq!(status, 1, "{fault}");
                assert_eq!(json["causes"][0]["code"], *fault, "{fault}: {json:#}");
                assert_eq!(json["causes"][0]["confidence"], "likely", "{fault}");
                let claim = json["causes"][0]["claim"].as_str().unwrap_or_default();
                assert!(claim.contains("the service's own log says so"), "{fault}: {claim}");
            });
        }
    });
}

#[test]
fn an_empty_log_is_no_pass() {
    let rungate = Rungate::new();
    let (status, json) = gate(&rungate, &[]);
    assert_eq!(status, 0, "{json:#}");
    let checks = json["checks"].as_array().unwrap();
    let log = checks.iter().find(|check| check["id"] == "service-log-clean").unwrap();
    assert_eq!(log["outcome"], "skipped", "{log:#}");
    assert_eq!(log["data"]["reason"], "not-visible", "{log:#}");
    assert_eq!(log["vantage"], "service");
}

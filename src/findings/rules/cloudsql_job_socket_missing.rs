//! Cloud SQL is attached to a job of several containers. The readers see that, and tell of it: a job is no service.

use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "cloudsql-job-socket-missing",
    severity: Severity::Warning,
    what: "Cloud SQL is attached to a job of several containers",
    why: "Cloud Run mounts /cloudsql in jobs of one container only (a known issue): drivers say `No such file or directory`",
    fix: "connect over TCP to the private address, run the Cloud SQL Auth Proxy as one of the containers, or use one container",
    look: |_| Vec::new(),
};

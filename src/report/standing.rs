//! How a check stands to the diagnosis: what the formats show beside its outcome.

use crate::diagnosis::{Cause, Diagnosis, Met, ServiceDiagnosis};
use crate::run::record::NodeRecord;

/// The cause that a node is the root or a symptom of, among the causes of the verdict.
pub(super) fn cause_of<'a>(diagnosis: &'a Diagnosis, node: &NodeRecord) -> Option<&'a Cause> {
    let key = node.key();
    let speaks = |cause: &&Cause| cause.evidence.iter().any(|evidence| evidence.node == key);
    diagnosis.causes.iter().filter(|cause| concerns(cause, &node.service)).find(speaks)
}

/// Whether a cause is of a service, or explains its failure from another one.
pub(super) fn concerns(cause: &Cause, service: &str) -> bool {
    cause.service == service || cause.symptoms_in.iter().any(|one| one == service)
}

/// Whether the node is where the cause was seen, and not further up.
pub(super) fn is_root(cause: &Cause, node: &NodeRecord) -> bool {
    cause.evidence.first().is_some_and(|evidence| evidence.node == node.key())
}

/// Whether an obligation that is not met rests on the node.
pub(super) fn is_rested_on(diagnosis: &Diagnosis, node: &NodeRecord) -> bool {
    let key = node.key();
    concluded(diagnosis, &node.service).is_some_and(|service| {
        service.obligations.iter().any(|obligation| match &obligation.met {
            Met::No { nodes } | Met::Unknown { nodes, .. } => nodes.contains(&key),
            Met::Yes { .. } | Met::Accepted => false,
        })
    })
}

/// The conclusion about a service.
pub(super) fn concluded<'a>(diagnosis: &'a Diagnosis, service: &str) -> Option<&'a ServiceDiagnosis> {
    diagnosis.services.iter().find(|one| one.service == service)
}

/// The part of the chain that a check belongs to, for grouping.
pub(super) fn family(check: &str) -> &'static str {
    const FAMILIES: &[(&str, &str)] = &[
        ("service-", "service"),
        ("revision-", "service"),
        ("variables-", "injection"),
        ("secret-", "injection"),
        ("credential-", "credential"),
        ("vpc-", "path"),
        ("egress-", "path"),
        ("instance-", "instance"),
        ("database-", "database"),
        ("health-", "health"),
        ("journey-", "journey"),
    ];
    FAMILIES.iter().find(|(prefix, _)| check.starts_with(prefix)).map_or("check", |(_, family)| family)
}

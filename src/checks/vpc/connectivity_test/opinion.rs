//! What Google's analysis says, and what of it proves anything.

use google_cloud_networkmanagement_v1::model::reachability_details::Result as Reached;
use google_cloud_networkmanagement_v1::model::step::{State, StepInfo};
use google_cloud_networkmanagement_v1::model::{
    AbortInfo, ConnectivityTest, FirewallInfo, ReachabilityDetails, Step,
};

use crate::record::Inconclusive;
use crate::text::bounded;

/// What is made of a test.
#[derive(Debug, PartialEq)]
pub(super) enum Opinion {
    /// The packet arrives, and so does the answer.
    Reachable {
        /// Whether Google traced the way there only.
        there_only: bool,
    },
    /// It is dropped.
    Dropped(Dropped),
    /// Nothing is proven.
    Unproven(Inconclusive),
}

/// Where a packet is dropped.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Dropped {
    /// In Google's word.
    pub(super) cause: Option<String>,
    /// What drops it.
    pub(super) by: Option<String>,
    /// Whether a rule for what comes in drops it.
    pub(super) inwards: bool,
    /// Whether it is the answer.
    pub(super) answer: bool,
}

/// The role that shows the configuration of a way.
const VIEWER: &str = "roles/compute.networkViewer";

pub(super) fn read(test: &ConnectivityTest) -> Opinion {
    let Some(there) = &test.reachability_details else {
        return malformed("it has no reachabilityDetails");
    };
    match one_way(there) {
        Ok(None) => {}
        Ok(Some(dropped)) => return Opinion::Dropped(dropped),
        Err(why) => return Opinion::Unproven(why),
    }
    let Some(back) = &test.return_reachability_details else {
        return Opinion::Reachable { there_only: true };
    };
    match one_way(back) {
        Ok(None) => Opinion::Reachable { there_only: false },
        Ok(Some(dropped)) => Opinion::Dropped(Dropped { answer: true, ..dropped }),
        Err(why) => Opinion::Unproven(why),
    }
}

/// `None`: it arrives.
#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of Google's, which grows")]
fn one_way(details: &ReachabilityDetails) -> Result<Option<Dropped>, Inconclusive> {
    if let Some(error) = details.error.as_ref().filter(|error| error.code != 0) {
        return Err(unavailable(bounded(&error.message)));
    }
    let steps = || details.traces.iter().flat_map(|trace| &trace.steps);
    match &details.result {
        Reached::Reachable => match steps().find(|step| step.state == State::ViewerPermissionMissing) {
            // "REACHABLE" is also said where the trace goes through what the caller may not see.
            Some(unseen) => Err(not_allowed(&unseen.project_id)),
            None => Ok(None),
        },
        Reached::Unreachable => Ok(Some(dropped(&steps().collect::<Vec<_>>()))),
        Reached::Ambiguous => {
            let (arrive, all) =
                (steps().filter(|step| step.state == State::Deliver).count(), details.traces.len());
            Err(unavailable(format!("AMBIGUOUS: of {all} ways that the packet may take, {arrive} arrive")))
        }
        Reached::Undetermined => Err(undetermined(&steps().collect::<Vec<_>>())),
        other => Err(Inconclusive::Malformed {
            what: "the Connectivity Test".to_owned(),
            detail: format!(
                "its result is {}",
                other.name().map_or_else(|| "of the future".to_owned(), bounded)
            ),
        }),
    }
}

fn dropped(steps: &[&Step]) -> Dropped {
    let mut found = Dropped::default();
    for step in steps {
        match &step.step_info {
            Some(StepInfo::Firewall(rule)) if rule.action == "DENY" || step.causes_drop => {
                found.inwards = rule.direction == "INGRESS";
                found.by = Some(named(rule));
            }
            Some(StepInfo::Drop(info)) => {
                found.cause = info.cause.name().map(bounded);
                let resource = Some(bounded(&info.resource_uri)).filter(|uri| !uri.is_empty());
                found.by = found.by.or(resource);
                return found;
            }
            _ => {}
        }
    }
    found
}

/// A rule as Google shows it: with its policy, where it is one's.
fn named(rule: &FirewallInfo) -> String {
    let policy = Some(&rule.policy).filter(|policy| !policy.is_empty());
    let of = policy.map(|policy| format!(" of policy {policy}")).unwrap_or_default();
    bounded(&format!("rule {}{of} (priority {})", rule.display_name, rule.priority))
}

fn undetermined(steps: &[&Step]) -> Inconclusive {
    let abort = steps.iter().find_map(|step| match &step.step_info {
        Some(StepInfo::Abort(info)) => Some(info.as_ref()),
        _ => None,
    });
    match abort {
        Some(AbortInfo { projects_missing_permission, .. }) if !projects_missing_permission.is_empty() => {
            not_allowed(&projects_missing_permission.join(", "))
        }
        Some(info) => {
            let cause = info.cause.name().map_or_else(|| "of the future".to_owned(), bounded);
            unavailable(format!("UNDETERMINED: Google gave up ({cause})"))
        }
        None => unavailable("UNDETERMINED: Google does not say why".to_owned()),
    }
}

fn not_allowed(projects: &str) -> Inconclusive {
    let of =
        if projects.is_empty() { "a project on the way".to_owned() } else { format!("project {projects}") };
    Inconclusive::PermissionDenied {
        permission: "compute.networks.get".to_owned(),
        role: VIEWER.to_owned(),
        resource: bounded(&format!("the network configuration of {of}")),
    }
}

fn unavailable(detail: String) -> Inconclusive {
    Inconclusive::Unavailable { what: "the Connectivity Test".to_owned(), detail }
}

fn malformed(detail: &str) -> Opinion {
    let (what, detail) = ("the Connectivity Test".to_owned(), detail.to_owned());
    Opinion::Unproven(Inconclusive::Malformed { what, detail })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_json(there: Value, back: Option<Value>) -> Opinion {
        let mut test =
            json!({"name": "projects/p/locations/global/connectivityTests/t", "reachabilityDetails": there});
        if let Some(back) = back {
            test["returnReachabilityDetails"] = back;
        }
        read(&serde_json::from_value(test).unwrap())
    }

    fn traced(result: &str, steps: Value) -> Value {
        json!({"result": result, "traces": [{"steps": steps}]})
    }

    #[test]
    fn only_what_google_saw_to_arrive_is_reachable() {
        let delivered = traced("REACHABLE", json!([{"state": "DELIVER"}]));
        assert_eq!(read_json(delivered.clone(), None), Opinion::Reachable { there_only: true });
        assert_eq!(
            read_json(delivered.clone(), Some(delivered.clone())),
            Opinion::Reachable { there_only: false }
        );
        let unseen =
            traced("REACHABLE", json!([{"state": "VIEWER_PERMISSION_MISSING", "projectId": "host"}]));
        for (there, back) in [(unseen.clone(), None), (delivered.clone(), Some(unseen))] {
            let Opinion::Unproven(Inconclusive::PermissionDenied { role, resource, .. }) =
                read_json(there, back)
            else {
                panic!("a way that was not seen was believed");
            };
            assert!(role == VIEWER && resource.contains("project host"), "{resource}");
        }
    }

    #[test]
    fn what_is_not_decided_stays_open() {
        let aborted = json!([{"state": "ABORT", "abort": {"cause": "PERMISSION_DENIED", "projectsMissingPermission": ["host"]}}]);
        let open = [
            traced("AMBIGUOUS", json!([{"state": "DELIVER"}])),
            traced("UNDETERMINED", json!([])),
            traced(
                "UNDETERMINED",
                json!([{"state": "ABORT", "abort": {"cause": "NO_SERVERLESS_IP_RANGES"}}]),
            ),
            traced("UNDETERMINED", aborted.clone()),
            traced("SOMETHING_NEW", json!([])),
            json!({}),
            json!({"result": "REACHABLE", "error": {"code": 13, "message": "internal"}}),
        ];
        for details in open {
            let said = details.to_string();
            assert!(matches!(read_json(details, None), Opinion::Unproven(_)), "{said}");
        }
        let denied = read_json(traced("UNDETERMINED", aborted), None);
        assert!(matches!(denied, Opinion::Unproven(Inconclusive::PermissionDenied { .. })), "{denied:?}");
    }

    #[test]
    fn a_drop_names_its_cause_and_what_drops_it() {
        let rule =
            json!({"displayName": "deny-db", "direction": "EGRESS", "action": "DENY", "priority": 900});
        let steps = json!([
            {"state": "START_FROM_CLOUD_RUN_REVISION"},
            {"state": "APPLY_EGRESS_FIREWALL_RULE", "causesDrop": true, "firewall": rule},
            {"state": "DROP", "causesDrop": true, "drop": {"cause": "FIREWALL_RULE"}},
        ]);
        let Opinion::Dropped(dropped) = read_json(traced("UNREACHABLE", steps.clone()), None) else {
            panic!("not dropped")
        };
        assert_eq!(dropped.cause.as_deref(), Some("FIREWALL_RULE"));
        assert_eq!(dropped.by.as_deref(), Some("rule deny-db (priority 900)"));
        assert!(!dropped.inwards && !dropped.answer);
        let delivered = traced("REACHABLE", json!([{"state": "DELIVER"}]));
        let Opinion::Dropped(dropped) = read_json(delivered, Some(traced("UNREACHABLE", steps))) else {
            panic!("the answer was not dropped")
        };
        assert!(dropped.answer);
        // Where the caller may not see the last step, it is dropped all the same.
        let hidden = read_json(traced("UNREACHABLE", json!([{"state": "DROP"}])), None);
        assert_eq!(hidden, Opinion::Dropped(Dropped::default()));
    }
}

//! The Cloud SQL instance of the database runs.

use google_cloud_sql_v1::model::DatabaseInstance;
use google_cloud_sql_v1::model::database_instance::SqlInstanceState as State;
use google_cloud_sql_v1::model::database_instance::sql_out_of_disk_report::SqlOutOfDiskState;
use google_cloud_sql_v1::model::settings::SqlActivationPolicy;

use crate::checks::database::declared;
use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::instance::{connection_name, known_instance, named};
use crate::live::service::{failed, malformed, not_visible, passed};
use crate::model::Service;
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_RUNNING,
    holds: "The Cloud SQL instance runs",
    family: Family::Instance,
    place: place::of_instance,
    needs: &[], // a named instance can be judged without the service
    subjects,
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

fn subjects(service: &Service) -> Subjects {
    if service.cloudsql_instances.is_empty() { declared(service) } else { Subjects::Whole }
}

async fn run(scope: &Scope) -> Outcome {
    match named(&scope.target.service).and_then(|stated| stated.as_known()) {
        Some(connection) => {
            if let Err(NoAnswer::NotFound) = scope.instance(connection).await {
                let instance = connection.to_owned();
                return failed(Finding::Instance(InstanceFinding::NotFound { instance }));
            }
        }
        None => {
            if let Err(NoAnswer::NotFound) = scope.live_service().await {
                return not_visible(
                    "the files name no instance, and there is no service to tell its address",
                );
            }
        }
    }
    match known_instance(scope).await {
        Ok(instance) => judge(&instance),
        Err(outcome) => outcome,
    }
}

fn judge(instance: &DatabaseInstance) -> Outcome {
    let name = connection_name(instance);
    let finding = if instance.state == State::Runnable {
        let policy = instance.settings.as_ref().map(|settings| &settings.activation_policy);
        // Google words it so: RUNNABLE is "running, or stopped by its owner".
        if policy == Some(&SqlActivationPolicy::Never) {
            return failed(Finding::Instance(InstanceFinding::Stopped { instance: name }));
        }
        match instance.out_of_disk_report.as_ref() {
            Some(report) if report.sql_out_of_disk_state == Some(SqlOutOfDiskState::SoftShutdown) => {
                let grow_by_gb = report.sql_min_recommended_increase_size_gb.filter(|gb| *gb > 0);
                InstanceFinding::DiskFull { instance: name, grow_by_gb }
            }
            Some(_) | None => return passed(format!("{name} is RUNNABLE and not stopped")),
        }
    } else if instance.state == State::Suspended {
        let reasons = instance.suspension_reason.iter().filter_map(|reason| reason.name());
        InstanceFinding::Suspended { instance: name, reasons: reasons.map(bounded).collect() }
    } else {
        let down = matches!(
            instance.state,
            State::PendingDelete
                | State::PendingCreate
                | State::Maintenance
                | State::Failed
                | State::Repairing
        );
        match instance.state.name() {
            Some(state) if down => InstanceFinding::NotRunning { instance: name, state: bounded(state) },
            // A state of the future may well be one in which it serves.
            state => {
                let state = bounded(state.unwrap_or("a number"));
                return malformed(name, format!("it is in no state that this version knows: {state}"));
            }
        }
    };
    failed(Finding::Instance(finding))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judged(change: impl FnOnce(&mut Value)) -> Outcome {
        let mut body: Value =
            serde_json::from_str(include_str!("../../../tests/data/google/instance.json")).unwrap();
        change(&mut body);
        judge(&serde_json::from_value(body).unwrap())
    }

    fn finding(outcome: Outcome) -> InstanceFinding {
        let Outcome::Failed { finding: Finding::Instance(finding) } = outcome else { panic!("{outcome:?}") };
        finding
    }

    const NAME: &str = "demo-project:europe-west1:auth-db";

    #[test]
    fn runnable_is_running_unless_its_owner_stopped_it() {
        assert!(matches!(judged(|_| ()), Outcome::Passed { .. }));
        let stopped = judged(|body| body["settings"]["activationPolicy"] = json!("NEVER"));
        assert_eq!(finding(stopped), InstanceFinding::Stopped { instance: NAME.into() });
    }

    #[test]
    fn a_full_disk_shuts_a_runnable_instance_down() {
        let full = judged(|body| {
            body["outOfDiskReport"] =
                json!({"sqlOutOfDiskState": "SOFT_SHUTDOWN", "sqlMinRecommendedIncreaseSizeGb": 5});
        });
        assert_eq!(finding(full), InstanceFinding::DiskFull { instance: NAME.into(), grow_by_gb: Some(5) });
        let roomy = judged(|body| body["outOfDiskReport"] = json!({"sqlOutOfDiskState": "NORMAL"}));
        assert!(matches!(roomy, Outcome::Passed { .. }));
    }

    #[test]
    fn a_suspended_instance_says_why() {
        let suspended = judged(|body| {
            body["state"] = json!("SUSPENDED");
            body["suspensionReason"] = json!(["BILLING_ISSUE", 4711]);
        });
        let reasons = vec!["BILLING_ISSUE".to_owned()];
        assert_eq!(finding(suspended), InstanceFinding::Suspended { instance: NAME.into(), reasons });
    }

    #[test]
    fn every_other_state_is_told_in_googles_words() {
        for state in ["MAINTENANCE", "FAILED", "PENDING_CREATE", "PENDING_DELETE", "REPAIRING"] {
            let outcome = judged(|body| body["state"] = json!(state));
            assert_eq!(
                finding(outcome),
                InstanceFinding::NotRunning { instance: NAME.into(), state: state.into() }
            );
        }
    }

    #[test]
    fn no_state_and_one_of_the_future_are_no_verdict() {
        for state in [Value::Null, json!(0), json!(4711), json!("HIBERNATING")] {
            let outcome = judged(|body| body["state"] = state.clone());
            assert!(matches!(outcome, Outcome::Inconclusive { .. }), "{state}: {outcome:?}");
        }
    }
}

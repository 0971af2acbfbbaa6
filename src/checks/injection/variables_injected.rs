//! Every variable that the pipeline declares is on the new revision. Presence only: a value may be right to differ.

use google_cloud_run_v2::model::Revision;

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, ingress, passed};
use crate::live::variables::declared;
use crate::model::Service;
use crate::model::resource::short;
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VARIABLES_INJECTED,
    holds: "The declared variables are on the new revision",
    family: Family::Injection,
    place: place::of_service,
    subjects: |service| {
        if declared(service).is_empty() { Subjects::None } else { Subjects::Whole }
    },
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    match scope.revision().await {
        Ok(revision) => judge(&scope.target.service, &revision),
        Err(outcome) => outcome,
    }
}

fn judge(service: &Service, revision: &Revision) -> Outcome {
    let declared = declared(service);
    let present = |name: &str| {
        ingress(revision).is_some_and(|container| container.env.iter().any(|live| live.name == name))
    };
    let missing: Vec<String> =
        declared.iter().filter(|name| !present(name)).map(|name| (*name).to_owned()).collect();
    let revision = short(&revision.name).to_owned();
    if missing.is_empty() {
        return passed(format!("{revision} has {}", declared.join(", ")));
    }
    let of_database = service.database.as_ref().map(|database| database.variables.names());
    let of_database = of_database.unwrap_or_default();
    let of_database = missing.iter().filter(|name| of_database.contains(&name.as_str())).cloned().collect();
    failed(Finding::Injection(InjectionFinding::VariablesMissing { revision, missing, of_database }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::live::testing;

    fn revision(names: &[&str]) -> Revision {
        let env: Vec<_> = names.iter().map(|name| json!({"name": name, "value": ""})).collect();
        serde_json::from_value(json!({"name": "…/revisions/auth-7", "containers": [
            {"name": "sidecar", "env": [{"name": "DB_HOST", "value": "sidecar's"}]},
            {"name": "app", "ports": [{"containerPort": 8080}], "env": env},
        ]}))
        .unwrap()
    }

    #[test]
    fn only_the_ingress_container_counts() {
        let service = testing::service_with_database();
        let Outcome::Failed { finding: Finding::Injection(finding) } =
            judge(&service, &revision(&["DB_PASSWORD"]))
        else {
            panic!("passed");
        };
        assert_eq!(
            finding,
            InjectionFinding::VariablesMissing {
                revision: "auth-7".into(),
                missing: vec!["LOG_LEVEL".into(), "DB_HOST".into()],
                of_database: vec!["DB_HOST".into()],
            }
        );
    }

    #[test]
    fn an_empty_value_is_present_and_files_are_no_variables() {
        let mut service = testing::service_with_database();
        service.secrets.push(testing::secret("/secrets/key", "key", "latest"));
        let outcome = judge(&service, &revision(&["LOG_LEVEL", "DB_HOST", "DB_PASSWORD"]));
        assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
    }

    #[test]
    fn a_revision_without_containers_has_nothing() {
        let bare = serde_json::from_value(json!({"name": "auth-7"})).unwrap();
        let outcome = judge(&testing::service_with_database(), &bare);
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    }
}

//! No variable that leads to the database is empty on the new revision.
//!
//! Google leaves an empty value out of its JSON, so that a variable without value and without source is an empty one.
//! What the pipeline itself states as empty is what was deployed, and `credential-well-formed` says what is unfit in it; but
//! not the host or the connection string: without those nothing leads anywhere.

use google_cloud_run_v2::model::{Revision, env_var};

use super::credential_well_formed::may_be_empty;
use crate::checks::database::declared;
use crate::checks::{Check, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, ingress, not_applicable, passed};
use crate::model::Service;
use crate::model::resource::short;
use crate::record::finding::{Finding, InjectionFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VARIABLES_NOT_EMPTY,
    holds: "The variables that lead to the database are not empty",
    family: Family::Injection,
    place: place::of_database,
    subjects: declared,
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
    let Some(database) = &service.database else {
        return not_applicable("the pipeline declares no database");
    };
    let names = database.variables.names();
    let leads = database.variables.leading();
    let meant = |name: &str| {
        let stated = service.variable(name).and_then(|variable| variable.value.as_known());
        name != leads && stated == Some("") || may_be_empty(revision, &database.variables, name)
    };
    let env = ingress(revision).map(|container| container.env.as_slice()).unwrap_or_default();
    let given = |name: &str| env.iter().find(|one| one.name == name);
    let empty: Vec<String> = names
        .iter()
        .filter(|name| given(name).is_some_and(|one| is_empty(one.values.as_ref())) && !meant(name))
        .map(|name| (*name).to_owned())
        .collect();
    let revision = short(&revision.name).to_owned();
    if !empty.is_empty() {
        return failed(Finding::Injection(InjectionFinding::VariablesEmpty { revision, variables: empty }));
    }
    let there: Vec<&str> = names.into_iter().filter(|name| given(name).is_some()).collect();
    if there.is_empty() {
        return not_applicable("none of the variables that lead to the database is on the revision");
    }
    passed(format!("on {revision} there is something in {}", there.join(", ")))
}

fn is_empty(values: Option<&env_var::Values>) -> bool {
    match values {
        None => true,
        Some(env_var::Values::Value(text)) => text.is_empty(),
        // From a secret, or from where only the future knows.
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::live::testing::{place, service_with_database};
    use crate::model::{Stated, Variable};

    fn judged(service: &Service, env: Value) -> Outcome {
        let revision =
            serde_json::from_value(json!({"name": "…/revisions/s-1", "containers": [{"env": env}]}));
        judge(service, &revision.unwrap())
    }

    #[test]
    fn empty_is_told_from_absent_and_from_a_secret() {
        let service = service_with_database();
        let secret =
            json!({"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "s", "version": "1"}}});
        for empty in [json!({"name": "DB_HOST"}), json!({"name": "DB_HOST", "value": ""})] {
            let Outcome::Failed { finding } = judged(&service, json!([empty, secret])) else {
                panic!("an empty host passed");
            };
            assert_eq!(finding.to_string(), "empty on revision s-1: DB_HOST");
        }
        let filled = judged(&service, json!([{"name": "DB_HOST", "value": "10.0.0.1"}, secret]));
        assert!(matches!(filled, Outcome::Passed { .. }), "{filled:?}");
        let other = judged(&service, json!([{"name": "LOG_LEVEL"}]));
        assert!(matches!(other, Outcome::Skipped { .. }), "{other:?}");
    }

    #[test]
    fn what_the_pipeline_states_as_empty_is_meant_but_for_the_host() {
        let mut service = service_with_database();
        service.secrets.clear();
        let empty = |name: &str| Variable { name: name.to_owned(), value: Stated::known("", place()) };
        service.env.push(empty("DB_PASSWORD"));
        let host = json!({"name": "DB_HOST", "value": "10.0.0.1"});
        let outcome = judged(&service, json!([host, {"name": "DB_PASSWORD"}]));
        assert!(matches!(outcome, Outcome::Passed { .. }), "{outcome:?}");
        service.env.retain(|variable| variable.name != "DB_HOST");
        service.env.push(empty("DB_HOST"));
        let outcome = judged(&service, json!([{"name": "DB_HOST"}, {"name": "DB_PASSWORD"}]));
        assert!(matches!(outcome, Outcome::Failed { .. }), "{outcome:?}");
    }
}

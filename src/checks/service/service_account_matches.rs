//! The new revision runs as the account that the pipeline declares.

use google_cloud_run_v2::model::Revision;

use crate::checks::{Check, Subjects, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, passed};
use crate::model::Stated;
use crate::model::resource::short;
use crate::record::finding::{Finding, ServiceFinding};
use crate::record::{Family, Outcome, Skip, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::SERVICE_ACCOUNT_MATCHES,
    holds: "The new revision runs as the service account that the pipeline declares",
    family: Family::Injection,
    place: place::of_account,
    subjects: |service| match &service.service_account {
        Some(declared) if !declared.raw().is_empty() => Subjects::Whole,
        Some(_) | None => Subjects::None,
    },
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    let Some(declared) = &scope.target.service.service_account else { return unresolved("none") };
    let Some(known) = declared.as_known() else { return unresolved(Stated::raw(declared)) };
    match scope.revision().await {
        Ok(revision) => judge(known, &revision),
        Err(outcome) => outcome,
    }
}

fn unresolved(expression: &str) -> Outcome {
    Outcome::Skipped { reason: Skip::Unresolved { what: format!("service account {}", bounded(expression)) } }
}

fn judge(declared: &str, revision: &Revision) -> Outcome {
    let name = short(&revision.name);
    // `projects/-/serviceAccounts/A` is the account too.
    let (declared, serving) = (short(declared.trim()), short(&revision.service_account));
    if same(declared, serving) {
        return passed(format!("{name} runs as {declared}"));
    }
    failed(Finding::Service(ServiceFinding::AccountDiffers {
        revision: name.to_owned(),
        declared: bounded(declared),
        serving: (!serving.is_empty()).then(|| bounded(serving)),
    }))
}

/// Whether both are one account. Its name alone stands for the account of that name; where the revision names none,
/// it is the project's default one.
fn same(declared: &str, serving: &str) -> bool {
    const DEFAULT: &str = "-compute@developer.gserviceaccount.com";
    if serving.is_empty() {
        return declared.ends_with(DEFAULT);
    }
    let whole = declared.contains('@');
    let serving = if whole { serving } else { serving.split('@').next().unwrap_or(serving) };
    declared.eq_ignore_ascii_case(serving)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_in_all_its_forms() {
        const FULL: &str = "auth@p.iam.gserviceaccount.com";
        for (declared, serving) in [
            (FULL, FULL),
            ("auth", FULL),
            ("Auth@P.iam.gserviceaccount.com", FULL),
            ("projects/-/serviceAccounts/auth@p.iam.gserviceaccount.com", FULL),
            ("123-compute@developer.gserviceaccount.com", ""),
        ] {
            let revision = Revision::new().set_name("s-1").set_service_account(serving);
            let outcome = judge(declared, &revision);
            assert!(matches!(outcome, Outcome::Passed { .. }), "{declared} {serving}: {outcome:?}");
        }
    }

    #[test]
    fn another_account_and_the_default_one_differ() {
        for serving in ["other@p.iam.gserviceaccount.com", "auth@q.iam.gserviceaccount.com", ""] {
            let revision = Revision::new().set_name("s-1").set_service_account(serving);
            let outcome = judge("auth@p.iam.gserviceaccount.com", &revision);
            assert!(matches!(outcome, Outcome::Failed { .. }), "{serving}: {outcome:?}");
        }
    }
}

//! A user that logs in to Cloud SQL with IAM has all that this takes: the right name, the flag, a token, the role.

use google_cloud_sql_v1::model::user::SqlUserType;
use google_cloud_sql_v1::model::{DatabaseInstance, User};

use crate::checks::database::declared;
use crate::checks::injection::secret_readable::account;
use crate::checks::{Check, USUAL, either, place};
use crate::live::access::{self, Access, On};
use crate::live::instance::{Reached, connection_name, own_instance, reached};
use crate::live::service::{failed, inconclusive, not_applicable, passed};
use crate::live::{Scope, connection};
use crate::record::finding::{Finding, IamProblem, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_IAM_LOGIN,
    holds: "A login with IAM has all that it takes",
    family: Family::Instance,
    place: place::of_instance,
    explained_by: &[check_id::CREDENTIAL_WELL_FORMED, check_id::INSTANCE_HAS_ADDRESS],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

/// What the addresses of service accounts end in, and the names of their roles in PostgreSQL do not.
const SUFFIX: &str = ".gserviceaccount.com";

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let (user, _) = connection::identity(scope).await?;
    let Some(user) = user else { return Err(connection::unstated("the database's user")) };
    let user = bounded(&user);
    let instance = own_instance(scope).await?;
    let connection = connection_name(&instance);
    let answer = scope.outside.google.database_users(&instance.project, &instance.name).await;
    let listed = answer.map_err(|answer| inconclusive(&format!("the users of {connection}"), answer))?;
    let found = |problem| {
        let (instance, user) = (connection.clone(), user.clone());
        failed(Finding::Instance(InstanceFinding::IamLogin { instance, user, problem }))
    };
    match kind(&listed, &user) {
        Kind::Password => return Err(not_applicable(format!("{user} is no IAM user"))),
        Kind::Unlisted if user.ends_with(SUFFIX) => return Ok(found(IamProblem::Suffix)),
        Kind::Unlisted => return Ok(found(IamProblem::NotCreated)),
        Kind::Iam => {}
    }
    if !flag_is_on(&instance) {
        return Ok(found(IamProblem::FlagOff));
    }
    let revision = scope.revision().await?;
    let host = connection::host(scope).await?.unwrap_or_default();
    // A proxy beside the service puts the token in the password's place.
    let proxied = reached(&host, revision.containers.len() > 1) == Reached::Sidecar;
    if let Some(variable) = connection::password_variable(scope).await?.filter(|_| !proxied) {
        return Ok(found(IamProblem::Password { variable }));
    }
    let account = account(scope).await?;
    if !account.strip_suffix(SUFFIX).is_some_and(|name| name.eq_ignore_ascii_case(&user)) {
        let detail = format!(
            "{user} is an IAM user of {connection}, and the flag is on; the role of its account is not looked at"
        );
        return Ok(passed(detail));
    }
    let resource = format!("//cloudresourcemanager.googleapis.com/projects/{}", instance.project);
    let on = On { resource: &resource, project: &instance.project, policy: None };
    match access::access(scope, &access::LOG_IN, &account, on).await {
        Access::Granted(by) => Ok(passed(format!("{user} is an IAM user, the flag is on, and {by}"))),
        Access::Unknown(why) => Err(Outcome::Inconclusive { why }),
        Access::Denied(shown_by) => Ok(found(IamProblem::NoRole { service_account: account, shown_by })),
    }
}

/// What a user is to an instance.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// One with a password, or of another authority.
    Password,
    /// One of IAM's.
    Iam,
    /// Its name is that of an IAM user, and the instance does not list it.
    Unlisted,
}

fn kind(listed: &[User], user: &str) -> Kind {
    match listed.iter().find(|one| bounded(&one.name) == user).map(|one| &one.r#type) {
        Some(
            SqlUserType::CloudIamUser
            | SqlUserType::CloudIamServiceAccount
            | SqlUserType::CloudIamGroup
            | SqlUserType::CloudIamGroupUser
            | SqlUserType::CloudIamGroupServiceAccount
            | SqlUserType::CloudIamWorkforceIdentity,
        ) => Kind::Iam,
        Some(_) => Kind::Password,
        None if user.contains('@') => Kind::Unlisted,
        None => Kind::Password,
    }
}

fn flag_is_on(instance: &DatabaseInstance) -> bool {
    let flags =
        instance.settings.as_ref().map(|settings| settings.database_flags.as_slice()).unwrap_or_default();
    flags
        .iter()
        .any(|flag| flag.name == "cloudsql.iam_authentication" && flag.value.eq_ignore_ascii_case("on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_by_type_and_form() {
        let list: google_cloud_sql_v1::model::UsersListResponse =
            serde_json::from_str(include_str!("../../../tests/data/google/sql-users.json")).unwrap();
        for (user, expected) in [
            ("auth", Kind::Password),
            ("auth@demo-project.iam", Kind::Iam),
            ("auth@demo-project.iam.gserviceaccount.com", Kind::Unlisted),
            ("ada@example.com", Kind::Iam),
            ("grace@example.com", Kind::Unlisted),
            ("nobody", Kind::Password),
        ] {
            assert_eq!(kind(&list.items, user), expected, "{user}");
        }
    }

    #[test]
    fn the_flag_must_be_on() {
        let flag = |value: &str| {
            let flags = serde_json::json!([{"name": "cloudsql.iam_authentication", "value": value}]);
            let body = serde_json::json!({"settings": {"databaseFlags": flags}});
            flag_is_on(&serde_json::from_value(body).unwrap())
        };
        assert!(flag("on") && flag("On") && !flag("off") && !flag(""));
        assert!(!flag_is_on(&DatabaseInstance::default()));
    }
}

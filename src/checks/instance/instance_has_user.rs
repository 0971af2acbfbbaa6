//! The user that the service logs in as exists on the Cloud SQL instance.

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::instance::{connection_name, own_instance, some_of};
use crate::live::service::{failed, inconclusive, not_applicable, passed};
use crate::live::{Scope, connection};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_HAS_USER,
    holds: "The user exists on the Cloud SQL instance",
    family: Family::Instance,
    place: place::of_instance,
    explained_by: &[check_id::CREDENTIAL_WELL_FORMED, check_id::INSTANCE_HAS_ADDRESS],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let (user, _) = connection::identity(scope).await?;
    let Some(user) = user else { return Err(connection::unstated("the database's user")) };
    let instance = own_instance(scope).await?;
    let (connection, user) = (connection_name(&instance), bounded(&user));
    let answer = scope.outside.google.database_users(&instance.project, &instance.name).await;
    let listed = answer.map_err(|answer| inconclusive(&format!("the users of {connection}"), answer))?;
    if listed.iter().any(|one| bounded(&one.name) == user) {
        return Ok(passed(format!("{connection} has user {user}")));
    }
    if user.contains('@') {
        return Err(not_applicable(format!("{user} is the name of an IAM user (see instance-iam-login)")));
    }
    let known = some_of(listed.iter().map(|one| bounded(&one.name)).collect());
    Ok(failed(Finding::Instance(InstanceFinding::NoUser { instance: connection, user, known })))
}

//! The database that the service asks for exists on the Cloud SQL instance.

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::instance::{connection_name, own_instance, some_of};
use crate::live::service::{failed, inconclusive, passed};
use crate::live::{Scope, connection};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_HAS_DATABASE,
    holds: "The database exists on the Cloud SQL instance",
    family: Family::Instance,
    place: place::of_instance,
    explained_by: &[check_id::CREDENTIAL_WELL_FORMED, check_id::INSTANCE_HAS_ADDRESS],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let (_, name) = connection::identity(scope).await?;
    // Drivers differ in what they take then: libpq the user's name, others none.
    let Some(database) = name else { return Err(connection::unstated("the database's name")) };
    let instance = own_instance(scope).await?;
    let (connection, database) = (connection_name(&instance), bounded(&database));
    let answer = scope.outside.google.databases(&instance.project, &instance.name).await;
    let listed = answer.map_err(|answer| inconclusive(&format!("the databases of {connection}"), answer))?;
    // Names are case-sensitive, as in a connection string.
    if listed.iter().any(|one| bounded(&one.name) == database) {
        return Ok(passed(format!("{connection} has database {database}")));
    }
    let known = some_of(listed.iter().map(|one| bounded(&one.name)).collect());
    Ok(failed(Finding::Instance(InstanceFinding::NoDatabase { instance: connection, database, known })))
}

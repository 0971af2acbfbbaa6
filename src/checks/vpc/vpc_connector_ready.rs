//! The VPC connector that the revision refers to exists and carries traffic.

use google_cloud_vpcaccess_v1::model::connector::State;

use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::Scope;
use crate::live::service::{failed, inconclusive, malformed, not_applicable, passed};
use crate::live::vpc_access::{WayIn, way_in};
use crate::model::{Service, resource};
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VPC_CONNECTOR_READY,
    holds: "The VPC connector is ready",
    family: Family::Vpc,
    place: place::of_vpc,
    subjects: with_vpc,
    run: |scope| either(look(scope)),
    ..USUAL
};

/// The service as a whole, where the files speak of a connector or of a database that may need one.
pub(in crate::checks) fn with_vpc(service: &Service) -> Subjects {
    if service.vpc.connector.is_some() || service.database.is_some() {
        Subjects::Whole
    } else {
        Subjects::None
    }
}

/// Full name of the connector of the new revision.
pub(in crate::checks) async fn connector(scope: &Scope) -> Result<String, Outcome> {
    let revision = scope.revision().await?;
    match way_in(&revision) {
        Some(WayIn::Connector(name)) => {
            Ok(resource::connector(&scope.target.project, &scope.target.region, name))
        }
        Some(WayIn::Direct { .. }) => {
            Err(not_applicable("the revision has direct VPC egress and no connector"))
        }
        None => Err(not_applicable("the revision has no connector")),
    }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    state_of(scope, connector(scope).await?).await
}

/// Judges the state of a connector, by its full name.
pub(in crate::checks) async fn state_of(scope: &Scope, connector: String) -> Result<Outcome, Outcome> {
    let finding = match scope.outside.google.connector(&connector).await {
        Ok(live) if live.state == State::Ready => return Ok(passed(format!("{connector} is READY"))),
        Ok(live) if live.state == State::Updating => {
            return Ok(passed(format!("{connector} is UPDATING, and carries traffic meanwhile")));
        }
        Ok(live) => match (&live.state, live.state.name()) {
            (State::Creating | State::Deleting | State::Error, Some(state)) => {
                PathFinding::ConnectorNotReady { connector, state: bounded(state) }
            }
            // A state of the future may well be one in which it carries traffic.
            (_, state) => {
                let state = bounded(state.unwrap_or("a number"));
                return Err(malformed(
                    connector,
                    format!("it is in no state that this version knows: {state}"),
                ));
            }
        },
        Err(NoAnswer::NotFound) => PathFinding::ConnectorNotFound { connector },
        Err(answer @ NoAnswer::Inconclusive(_)) => return Err(inconclusive(&connector, answer)),
    };
    Ok(failed(Finding::Path(finding)))
}

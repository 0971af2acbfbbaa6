//! What Google's APIs can tell before a deploy: the same facts as after it, of what the files state. No revision is
//! asked, for the one that serves now is not the one that will.

use futures::future::BoxFuture;

use crate::checks::injection::{secret_readable, secret_version_enabled};
use crate::checks::instance::instance_running;
use crate::checks::vpc::{vpc_connector_in_region, vpc_connector_ready, vpc_network_matches};
use crate::checks::{Check, Subjects};
use crate::live::Scope;
use crate::live::instance::named;
use crate::live::service::not_visible;
use crate::live::vpc_access::WayIn;
use crate::model::{Service, Stated, resource};
use crate::record::{Outcome, Role, Skip};

/// The checks of `check --dry-run --online`, under the ids of those after the deploy.
pub static BEFORE_DEPLOY: &[&Check] = &[
    &before(
        &secret_version_enabled::CHECK,
        secret_version_enabled::each_secret,
        secret_version_enabled::CHECK.run,
    ),
    &before(&secret_readable::CHECK, secret_version_enabled::each_secret, |scope| Box::pin(readable(scope))),
    &before(&vpc_connector_in_region::CHECK, with_connector, |scope| Box::pin(in_region(scope))),
    &before(&vpc_connector_ready::CHECK, with_connector, |scope| Box::pin(ready(scope))),
    &before(&vpc_network_matches::CHECK, with_way_and_instance, |scope| Box::pin(network(scope))),
    &before(&instance_running::CHECK, with_instance, |scope| Box::pin(running(scope))),
];

/// A check that needs no other, and on which the answer of the dry run rests.
const fn before(
    check: &Check,
    subjects: fn(&Service) -> Subjects,
    run: for<'a> fn(&'a Scope) -> BoxFuture<'a, Outcome>,
) -> Check {
    Check { role: Role::Obligation, needs: &[], explained_by: &[], explains: &[], subjects, run, ..*check }
}

fn with_connector(service: &Service) -> Subjects {
    if service.vpc.connector.is_some() { Subjects::Whole } else { Subjects::None }
}

fn with_instance(service: &Service) -> Subjects {
    if named(service).is_some() { Subjects::Whole } else { Subjects::None }
}

fn with_way_and_instance(service: &Service) -> Subjects {
    let way = service.vpc.connector.is_some() || service.vpc.network.is_some();
    if way { with_instance(service) } else { Subjects::None }
}

/// The text of a statement, if it is known; nothing is guessed.
#[expect(clippy::result_large_err, reason = "an outcome is made once a check")]
fn known<'s>(stated: Option<&'s Stated>, what: &str) -> Result<&'s str, Outcome> {
    let stated = stated.ok_or_else(|| not_visible(format!("the files state no {what}")))?;
    let unresolved = || Skip::Unresolved { what: format!("{}, the {what}", stated.raw()) };
    stated.as_known().ok_or_else(|| Outcome::Skipped { reason: unresolved() })
}

fn connector(scope: &Scope) -> Result<String, Box<Outcome>> {
    let target = &scope.target;
    let stated = known(target.service.vpc.connector.as_ref(), "connector").map_err(Box::new)?;
    Ok(resource::connector(&target.project, &target.region, stated))
}

async fn readable(scope: &Scope) -> Outcome {
    match known(scope.target.service.service_account.as_ref(), "service account") {
        Ok(account) => secret_readable::access_of(scope, account).await.unwrap_or_else(|outcome| outcome),
        Err(outcome) => outcome,
    }
}

async fn in_region(scope: &Scope) -> Outcome {
    match connector(scope) {
        Ok(connector) => vpc_connector_in_region::judge(connector, &scope.target.region),
        Err(outcome) => *outcome,
    }
}

async fn ready(scope: &Scope) -> Outcome {
    match connector(scope) {
        Ok(connector) => {
            vpc_connector_ready::state_of(scope, connector).await.unwrap_or_else(|outcome| outcome)
        }
        Err(outcome) => *outcome,
    }
}

async fn network(scope: &Scope) -> Outcome {
    let service = &scope.target.service;
    let look = async {
        known(named(service), "Cloud SQL instance")?;
        let way = match &service.vpc.connector {
            Some(connector) => WayIn::Connector(known(Some(connector), "connector")?),
            None => {
                WayIn::Direct { network: known(service.vpc.network.as_ref(), "network")?, subnetwork: "" }
            }
        };
        vpc_network_matches::compare(scope, way).await
    };
    look.await.unwrap_or_else(|outcome| outcome)
}

async fn running(scope: &Scope) -> Outcome {
    match known(named(&scope.target.service), "Cloud SQL instance") {
        Ok(_) => (instance_running::CHECK.run)(scope).await,
        Err(outcome) => outcome,
    }
}

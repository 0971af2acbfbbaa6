//! The way to the database as the revision is given it.

use super::Scope;
use super::facts::{broken, ingress, literal};
use crate::model::DatabaseVariables;
use crate::run::outcome::Outcome;

/// The host that the live revision would dial; `None` where it is not known.
pub(super) async fn host(scope: &Scope) -> Result<Option<String>, Outcome> {
    let Some(database) = &scope.target.service.database else { return Ok(None) };
    let revision = scope.live_revision().await.map_err(|answer| broken("the new revision", answer))?;
    let value = |name: &str| ingress(&revision).and_then(|container| literal(container, name));
    Ok(match &database.variables {
        DatabaseVariables::Parts { host, .. } => value(host).map(str::to_owned),
        DatabaseVariables::Dsn(name) => {
            value(name).and_then(|dsn| url::Url::parse(dsn).ok()?.host_str().map(str::to_owned))
        }
    })
}

//! The account that the revision runs as may connect to the Cloud SQL instance, where a connector asks for that.

use google_cloud_run_v2::model::{Revision, volume};

use crate::checks::database::declared;
use crate::checks::injection::secret_readable::account;
use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::access::{self, Access, On};
use crate::live::instance::{Reached, connection_name, known_instance, named, reached};
use crate::live::service::{failed, not_applicable, not_visible, passed};
use crate::live::{Scope, connection};
use crate::model::{Service, resource};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::CLOUDSQL_CLIENT_GRANTED,
    holds: "The runtime service account may connect to the Cloud SQL instance",
    family: Family::Instance,
    place: place::of_attached,
    subjects,
    run: |scope| either(look(scope)),
    ..USUAL
};

fn subjects(service: &Service) -> Subjects {
    if service.cloudsql_instances.is_empty() { declared(service) } else { Subjects::Whole }
}

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let host = connection::host(scope).await;
    let known = host.as_ref().ok().and_then(Option::as_ref);
    let (instance, through_socket) = match known.map(|host| reached(host, revision.containers.len() > 1)) {
        Some(Reached::Socket(connection)) => (connection, true),
        Some(Reached::Directly(_)) => {
            return Err(not_applicable("the service dials an address, which asks for no IAM permission"));
        }
        Some(Reached::Sidecar) if proxies(&revision) => (proxied(scope).await?, true),
        Some(Reached::Sidecar) => {
            return Err(not_visible("what the container beside the service does for it is not known"));
        }
        // The host may be hidden; that an instance is attached tells what it is for.
        None => match (attached(&revision), host) {
            (Some(connection), _) => (connection, false),
            (None, Err(outcome)) => return Err(outcome),
            (None, Ok(_)) => return Err(not_applicable("no Cloud SQL instance is attached to the revision")),
        },
    };
    let Some((project, ..)) = resource::connection(&instance) else {
        return Err(not_visible(format!("{instance} names no project")));
    };
    let account = account(scope).await?;
    let resource = format!("//cloudresourcemanager.googleapis.com/projects/{project}");
    let on = On { resource: &resource, project, policy: None };
    match access::access(scope, &access::CONNECT, &account, on).await {
        Access::Granted(by) => Ok(passed(by)),
        Access::Unknown(why) => Err(Outcome::Inconclusive { why }),
        Access::Denied(shown_by) => Ok(failed(Finding::Instance(InstanceFinding::NoConnectBinding {
            instance,
            service_account: account,
            shown_by,
            through_socket,
        }))),
    }
}

/// The first instance whose socket the revision mounts.
fn attached(revision: &Revision) -> Option<String> {
    revision.volumes.iter().find_map(|volume| match &volume.volume_type {
        Some(volume::VolumeType::CloudSqlInstance(attached)) => attached.instances.first().cloned(),
        Some(_) | None => None,
    })
}

/// Whether a container beside the service's own is the Cloud SQL Auth Proxy, by the name of Google's image.
fn proxies(revision: &Revision) -> bool {
    let image =
        |image: &str| image.contains("cloud-sql-proxy") || image.contains("cloudsql-docker/gce-proxy");
    revision.containers.iter().any(|container| image(&container.image))
}

/// The instance behind the proxy: the one that the files name.
async fn proxied(scope: &Scope) -> Result<String, Outcome> {
    match named(&scope.target.service).and_then(|stated| stated.as_known()) {
        Some(connection) if resource::connection(connection).is_some() => Ok(connection.to_owned()),
        Some(_) | None => known_instance(scope).await.map(|instance| connection_name(&instance)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attachments_and_proxies_are_recognised() {
        let revision = |body| serde_json::from_value::<Revision>(body).unwrap();
        let mounted = revision(json!({"volumes": [{"name": "v", "secret": {"secret": "s"}},
            {"name": "cloudsql", "cloudSqlInstance": {"instances": ["p:r:i"]}}]}));
        assert_eq!(attached(&mounted).as_deref(), Some("p:r:i"));
        assert_eq!(attached(&revision(json!({}))), None);
        let image = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.14.0";
        assert!(proxies(&revision(json!({"containers": [{"image": "app"}, {"image": image}]}))));
        assert!(!proxies(&revision(json!({"containers": [{"image": "app"}, {"image": "envoy"}]}))));
    }
}

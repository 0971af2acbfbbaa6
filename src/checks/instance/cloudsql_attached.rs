//! The revision attaches the Cloud SQL instance whose `/cloudsql` socket the service dials.
//!
//! Compared are three names: that in the host, that in the revision's volume, and that which the pipeline declares.

use google_cloud_run_v2::model::{Container, ExecutionEnvironment, Revision, volume};
use google_cloud_sql_v1::model::DatabaseInstance;
use google_cloud_sql_v1::model::ip_configuration::CaMode;

use crate::checks::{Check, Subjects, USUAL, either, place};
use crate::live::service::{failed, ingress, not_applicable, passed};
use crate::live::variables::attached;
use crate::live::{Scope, connection};
use crate::model::resource::short;
use crate::model::{DatabaseVariables, Service, Stated};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Fact, Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::CLOUDSQL_ATTACHED,
    holds: "The instance whose socket the service dials is attached to the new revision",
    family: Family::Instance,
    place: place::of_attached,
    explained_by: &[check_id::VARIABLES_INJECTED, check_id::VARIABLES_NOT_EMPTY],
    subjects: |service| {
        let attaches = !service.cloudsql_instances.is_empty();
        if attaches || service.database.is_some() { Subjects::Whole } else { Subjects::None }
    },
    run: |scope| either(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let service = &scope.target.service;
    let attached = attached(&revision);
    // What the host is may be hidden; a declared attachment that is not there needs no host.
    let host = match connection::host(scope).await {
        Ok(host) => host,
        Err(hidden) => return without_host(service, &revision, &attached).ok_or(hidden),
    };
    let elsewhere = || not_applicable("the service does not dial a /cloudsql socket");
    Ok(match host.as_deref().map(socket) {
        Some(Some(dialled)) => {
            note_generation(scope, &revision, dialled).await;
            with_socket(service, &revision, &attached, dialled)
        }
        // Attached or not, nothing goes through it.
        Some(None) => elsewhere(),
        None => without_host(service, &revision, &attached).unwrap_or_else(elsewhere),
    })
}

/// Notes an instance whose certificate is of a CA that the proxy of the first execution environment cannot check: "you must
/// use the second generation execution environment" (<https://docs.cloud.google.com/sql/docs/postgres/connect-run>).
async fn note_generation(scope: &Scope, revision: &Revision, dialled: &str) {
    if revision.execution_environment != ExecutionEnvironment::Gen1 {
        return;
    }
    let Ok(instance) = scope.instance(dialled).await else { return };
    if needs_second_generation(&instance) {
        let text = format!(
            "the CA of {} needs the second generation execution environment, and {} runs in the first: \
             gcloud run services update --execution-environment=gen2",
            bounded(dialled),
            short(&revision.name)
        );
        scope.fact(Fact::Note { text });
    }
}

fn needs_second_generation(instance: &DatabaseInstance) -> bool {
    let settings = instance.settings.as_ref().and_then(|settings| settings.ip_configuration.as_ref());
    settings
        .and_then(|settings| settings.server_ca_mode.as_ref())
        .is_some_and(|mode| matches!(mode, CaMode::GoogleManagedCasCa | CaMode::CustomerManagedCasCa))
}

/// What stands after `/cloudsql/` in a host, without the socket's own file name.
fn socket(host: &str) -> Option<&str> {
    let rest = host.strip_prefix("/cloudsql/")?;
    let name = rest.split('/').next().unwrap_or(rest);
    (!name.is_empty()).then_some(name)
}

/// Whether another volume stands where the sockets would: a proxy beside the container may put its own there.
fn made_beside(revision: &Revision, container: &Container) -> bool {
    container.volume_mounts.iter().any(|mount| {
        let volume = revision.volumes.iter().find(|volume| volume.name == mount.name);
        let of_cloud_run = volume.is_some_and(|volume| {
            matches!(volume.volume_type, Some(volume::VolumeType::CloudSqlInstance(_)))
        });
        let path = mount.mount_path.trim_end_matches('/');
        !of_cloud_run && (path == "/cloudsql" || path.starts_with("/cloudsql/"))
    })
}

fn with_socket(service: &Service, revision: &Revision, attached: &[String], dialled: &str) -> Outcome {
    let name = short(&revision.name).to_owned();
    let variable = leading(service);
    if attached.iter().any(|one| one == dialled) {
        return passed(format!("{name} attaches {}, whose socket it dials", bounded(dialled)));
    }
    if ingress(revision).is_some_and(|container| made_beside(revision, container)) {
        return not_applicable("another container makes the socket: a proxy in a shared volume");
    }
    let finding = if attached.is_empty() {
        InstanceFinding::NotAttached { revision: name, instance: bounded(dialled), variable: Some(variable) }
    } else {
        let attached = attached.iter().map(|one| bounded(one)).collect();
        InstanceFinding::SocketDiffers { revision: name, dialled: bounded(dialled), attached, variable }
    };
    failed(Finding::Instance(finding))
}

/// What can be said where no socket is known to be dialled: `None` where that is nothing.
fn without_host(service: &Service, revision: &Revision, attached: &[String]) -> Option<Outcome> {
    let declared = service.cloudsql_instances.iter().filter_map(Stated::as_known);
    let declared: Vec<&str> =
        declared.flat_map(|text| text.split(',')).map(str::trim).filter(|one| !one.is_empty()).collect();
    let missing = declared.iter().find(|one| !attached.iter().any(|live| live == *one));
    match missing {
        // Another one is attached: nothing tells yet which of the two the service needs.
        Some(_) if !attached.is_empty() => None,
        Some(missing) => Some(failed(Finding::Instance(InstanceFinding::NotAttached {
            revision: short(&revision.name).to_owned(),
            instance: bounded(missing),
            variable: None,
        }))),
        None if declared.is_empty() => None,
        None => Some(passed(format!("{} attaches {}", short(&revision.name), declared.join(", ")))),
    }
}

/// The variable that leads to the database.
fn leading(service: &Service) -> String {
    let variables = service.database.as_ref().map(|database| &database.variables);
    variables.map_or("the host", DatabaseVariables::leading).to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::live::testing::{place, service_with_database};

    fn revision(instances: &[&str]) -> Revision {
        let mut body = json!({"name": "…/revisions/s-2", "containers": [{}]});
        if !instances.is_empty() {
            body["volumes"] = json!([{"name": "sql", "cloudSqlInstance": {"instances": instances}}]);
            body["containers"][0]["volumeMounts"] = json!([{"name": "sql", "mountPath": "/cloudsql"}]);
        }
        serde_json::from_value(body).unwrap()
    }

    fn dialled(revision: &Revision, host: &str) -> Outcome {
        let service = service_with_database();
        with_socket(&service, revision, &attached(revision), socket(host).unwrap())
    }

    #[test]
    fn a_ca_of_cas_wants_the_second_generation() {
        let needs = |mode: &str| {
            let body = serde_json::json!({"settings": {"ipConfiguration": {"serverCaMode": mode}}});
            needs_second_generation(&serde_json::from_value(body).unwrap())
        };
        assert!(needs("GOOGLE_MANAGED_CAS_CA") && needs("CUSTOMER_MANAGED_CAS_CA"));
        assert!(!needs("GOOGLE_MANAGED_INTERNAL_CA") && !needs("CA_OF_THE_FUTURE"));
        assert!(!needs_second_generation(&DatabaseInstance::default()));
    }

    #[test]
    fn the_socket_of_an_attached_instance_is_there() {
        for host in ["/cloudsql/p:r:i", "/cloudsql/p:r:i/", "/cloudsql/p:r:i/.s.PGSQL.5432"] {
            let outcome = dialled(&revision(&["p:r:other", "p:r:i"]), host);
            assert!(matches!(outcome, Outcome::Passed { .. }), "{host}: {outcome:?}");
        }
        assert!(matches!(
            dialled(&revision(&["x.org:p:r:i"]), "/cloudsql/x.org:p:r:i"),
            Outcome::Passed { .. }
        ));
        assert_eq!(socket("10.0.0.1"), None);
        assert_eq!(socket("/var/run/postgresql"), None);
        assert_eq!(socket("/cloudsql/"), None);
    }

    #[test]
    fn none_and_another_are_told_apart() {
        let Outcome::Failed { finding } = dialled(&revision(&[]), "/cloudsql/p:r:i") else { panic!() };
        assert!(finding.to_string().ends_with("attaches no instance"), "{finding}");
        let Outcome::Failed { finding } = dialled(&revision(&["p:r:I"]), "/cloudsql/p:r:i") else { panic!() };
        assert!(finding.to_string().ends_with("attaches p:r:I"), "{finding}");
    }

    #[test]
    fn a_volume_that_is_not_mounted_makes_no_socket() {
        let mut body: Value = serde_json::to_value(revision(&["p:r:i"])).unwrap();
        body["containers"][0]["volumeMounts"] = json!([]);
        let revision: Revision = serde_json::from_value(body).unwrap();
        assert_eq!(attached(&revision), Vec::<String>::new());
    }

    #[test]
    fn a_proxy_beside_may_make_it() {
        let body = json!({"name": "s-2", "volumes": [{"name": "shared", "emptyDir": {}}],
            "containers": [{"volumeMounts": [{"name": "shared", "mountPath": "/cloudsql"}]}]});
        let revision: Revision = serde_json::from_value(body).unwrap();
        assert!(matches!(dialled(&revision, "/cloudsql/p:r:i"), Outcome::Skipped { .. }));
    }

    #[test]
    fn a_declared_attachment_is_missed_without_a_host_too() {
        let mut service = service_with_database();
        service.cloudsql_instances = vec![Stated::known("p:r:i", place())];
        let outcome = |instances: &[&str]| {
            let revision = revision(instances);
            without_host(&service, &revision, &attached(&revision))
        };
        assert!(matches!(outcome(&[]), Some(Outcome::Failed { .. })));
        assert!(matches!(outcome(&["p:r:i"]), Some(Outcome::Passed { .. })));
        assert_eq!(outcome(&["p:r:other"]), None);
    }
}

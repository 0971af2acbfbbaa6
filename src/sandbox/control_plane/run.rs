//! Cloud Run Admin API v2.

use google_cloud_run_v2::model::{
    CloudSqlInstance, Condition, Container, ContainerPort, EnvVar, EnvVarSource, ExecutionEnvironment,
    IngressTraffic, ListRevisionsResponse, ListServicesResponse, Revision, RevisionTemplate,
    SecretKeySelector, SecretVolumeSource, Service, TrafficTarget, TrafficTargetAllocationType,
    TrafficTargetStatus, VersionToPath, Volume, VolumeMount, VpcAccess, condition, vpc_access,
};

use axum::http::Method;

use super::ask::Ask;
use super::error::Refusal;
use super::secret_manager::before;
use super::spelling::{Spelling, resource, spelling};
use super::{Reply, iam};
use crate::sandbox::tokens::GATE;
use crate::sandbox::world::{
    Admits, DoorWorld, Egress, EnvValue, NotStartedReason, RevisionWorld, ServiceWorld, Started, Traffic,
    VpcWorld,
};

pub(super) const API: &str = "run.googleapis.com";

const SPELLINGS: &[Spelling] = &[
    spelling!("state", condition::State),
    spelling!("severity", condition::Severity),
    spelling!("reason", condition::CommonReason),
    spelling!("revisionReason", condition::RevisionReason),
    spelling!("egress", vpc_access::VpcEgress),
    spelling!("type", TrafficTargetAllocationType),
    spelling!("ingress", IngressTraffic),
    spelling!("executionEnvironment", ExecutionEnvironment),
];

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    let ["v2", "projects", project, "locations", region, "services", rest @ ..] = &segments[..] else {
        return None;
    };
    let [name, rest @ ..] = rest else { return Some(list(ask, project, region)) };
    let permission = match (rest, verb) {
        ([], "") if ask.method == Method::PATCH => "run.services.update",
        ([], "") => "run.services.get",
        ([], "getIamPolicy") => "run.services.getIamPolicy",
        (["revisions"], "") => "run.revisions.list",
        (["revisions", _], "") => "run.revisions.get",
        _ => return None,
    };
    let service = format!("projects/{project}/locations/{region}/services/{name}");
    let full = match rest {
        ["revisions", revision] => format!("{service}/revisions/{revision}"),
        _ => service.clone(),
    };
    Some(ask.allowed(API, project, permission, &full).and_then(|()| {
        let (index, service) = find(ask, &service).ok_or_else(|| not_found(&full))?;
        match (rest, verb) {
            (["revisions", name], _) => {
                let revision = service.revisions.iter().find(|revision| revision.name == *name);
                let revision = revision.ok_or_else(|| not_found(&full))?;
                resource(&revision_model(ask, service, revision), SPELLINGS)
            }
            (["revisions"], _) => {
                // Newest first, as the API lists them.
                let revisions = service.revisions.iter().rev().map(|one| revision_model(ask, service, one));
                resource(&ListRevisionsResponse::new().set_revisions(revisions), SPELLINGS)
            }
            (_, "getIamPolicy") => {
                let invokers = match (service.public, service.gate) {
                    (true, _) => vec!["allUsers".to_owned()],
                    (false, Admits::Account | Admits::NoToken) => vec![format!("serviceAccount:{GATE}")],
                    (false, Admits::Nobody) => Vec::new(),
                };
                iam::policy([("roles/run.invoker", invokers)])
            }
            _ if ask.method == Method::PATCH => update(ask, index, service),
            _ => resource(&service_model(ask, index, service), SPELLINGS),
        }
    }))
}

/// Only the traffic can be changed here, as `updateMask=traffic` says. The answer is an operation that is under way.
fn update(ask: &Ask<'_>, index: usize, service: &ServiceWorld) -> Reply {
    let changed: Result<Service, _> = serde_json::from_slice(ask.body);
    let Ok(changed) = changed else {
        return Err(Refusal::FailedPrecondition { message: "the body is no service".to_owned() });
    };
    if ask.query("updateMask").as_deref() != Some("traffic") {
        return Err(Refusal::FailedPrecondition {
            message: "only updateMask=traffic is known here".to_owned(),
        });
    }
    if !changed.etag.is_empty() && changed.etag != "sandbox" {
        return Err(Refusal::FailedPrecondition { message: "the etag is not the service's".to_owned() });
    }
    let total: i32 = changed.traffic.iter().map(|target| target.percent).sum();
    if total != 100 {
        return Err(Refusal::FailedPrecondition {
            message: format!("traffic adds up to {total} %, not to 100 %"),
        });
    }
    ask.cloud.move_traffic(index, changed.traffic);
    let name = format!("projects/{}/locations/{}/operations/sandbox", service.project, service.region);
    Ok(serde_json::json!({"name": name, "done": false}))
}

fn list(ask: &Ask<'_>, project: &str, region: &str) -> Reply {
    let parent = format!("projects/{project}/locations/{region}");
    ask.allowed(API, project, "run.services.list", &parent)?;
    let all = ask.cloud.world.services.iter().enumerate();
    let here = all.filter(|(_, service)| service.project == project && service.region == region);
    let models = here.map(|(index, service)| service_model(ask, index, service));
    resource(&ListServicesResponse::new().set_services(models), SPELLINGS)
}

/// The service of that resource name, with its position.
pub(super) fn find<'a>(ask: &Ask<'a>, full: &str) -> Option<(usize, &'a ServiceWorld)> {
    ask.cloud.world.services.iter().enumerate().find(|(_, service)| service.resource() == full)
}

fn not_found(full: &str) -> Refusal {
    Refusal::NotFound { message: format!("Resource '{full}' was not found") }
}

/// The service as Cloud Run has it.
pub(super) fn service_model(ask: &Ask<'_>, index: usize, service: &ServiceWorld) -> Service {
    let full = service.resource();
    let revision_name = |revision: &RevisionWorld| format!("{full}/revisions/{}", revision.name);
    let uri = ask.cloud.url(index);
    let (targets, statuses) = match ask.cloud.moved(index) {
        None => traffic(ask, index, service),
        Some(moved) => {
            let status = |target: &TrafficTarget| {
                let status = TrafficTargetStatus::new().set_type(target.r#type.clone());
                let status = status.set_percent(target.percent).set_revision(&target.revision);
                let url = if target.tag.is_empty() { None } else { ask.cloud.tagged_url(index) };
                status.set_tag(&target.tag).set_uri(url.unwrap_or_default())
            };
            let statuses = moved.iter().map(status).collect();
            (moved, statuses)
        }
    };
    let created = service.newest().map(&revision_name).unwrap_or_default();
    let ready = service.latest_ready().map(&revision_name).unwrap_or_default();
    let now = before(ask.cloud.since, 0);
    let generation = i64::try_from(service.revisions.len()).unwrap_or(i64::MAX);
    let deployed = deployed(service);
    let routes = condition("RoutesReady", &Started::Ready, ask);
    let configurations = condition("ConfigurationsReady", &deployed, ask);
    Service::new()
        .set_name(full.clone())
        .set_uid("3f0f2d2e-0000-4000-8000-000000000001")
        .set_generation(generation)
        .set_observed_generation(generation)
        .set_or_clear_create_time(before(ask.cloud.since, 30))
        .set_or_clear_update_time(now)
        .set_creator("deployer@example.com")
        .set_last_modifier("deployer@example.com")
        .set_client("gcloud")
        .set_ingress(match service.door {
            DoorWorld::InsideOnly => IngressTraffic::InternalOnly,
            DoorWorld::Open | DoorWorld::Login | DoorWorld::Full => IngressTraffic::All,
        })
        .set_iap_enabled(service.door == DoorWorld::Login)
        .set_or_clear_template(service.newest().map(template))
        .set_traffic(targets)
        .set_traffic_statuses(statuses)
        .set_latest_created_revision(created)
        .set_latest_ready_revision(ready)
        .set_terminal_condition(condition("Ready", &deployed, ask))
        .set_conditions([routes, configurations])
        .set_uri(uri.clone())
        .set_urls([uri])
        .set_etag("sandbox")
}

/// What the service says of its newest revision's deploy.
pub(super) fn deployed(service: &ServiceWorld) -> Started {
    service.newest().map_or(Started::Pending, |revision| revision.started.clone())
}

/// Where the traffic is to go, and where it goes.
fn traffic(
    ask: &Ask<'_>,
    index: usize,
    service: &ServiceWorld,
) -> (Vec<TrafficTarget>, Vec<TrafficTargetStatus>) {
    let (kind, pinned) = match &service.traffic {
        Traffic::Latest => (TrafficTargetAllocationType::Latest, String::new()),
        Traffic::Pinned(name) => (TrafficTargetAllocationType::Revision, name.clone()),
    };
    let serving = service.serving().map(|revision| revision.name.clone()).unwrap_or_default();
    // Like the API: traffic that follows the latest revision names it in the status only.
    let target = TrafficTarget::new().set_type(kind.clone()).set_percent(100).set_revision(pinned);
    let status = TrafficTargetStatus::new().set_type(kind).set_percent(100).set_revision(serving);
    let (mut targets, mut statuses) = (vec![target], vec![status]);
    if let (Some(tag), Some(revision), Some(url)) =
        (&service.tag, service.tagged(), ask.cloud.tagged_url(index))
    {
        let (kind, name) = (TrafficTargetAllocationType::Revision, &revision.name);
        targets.push(TrafficTarget::new().set_type(kind.clone()).set_revision(name).set_tag(tag));
        let status = TrafficTargetStatus::new().set_type(kind).set_revision(name);
        statuses.push(status.set_tag(tag).set_uri(url));
    }
    (targets, statuses)
}

/// A condition as the deploy left it.
fn condition(kind: &str, started: &Started, ask: &Ask<'_>) -> Condition {
    let condition =
        Condition::new().set_type(kind).set_or_clear_last_transition_time(before(ask.cloud.since, 0));
    match started {
        Started::Pending => condition.set_state(condition::State::ConditionReconciling),
        Started::Ready => condition.set_state(condition::State::ConditionSucceeded),
        Started::Failed(why) => {
            let condition =
                condition.set_state(condition::State::ConditionFailed).set_message(why.message.clone());
            match why.reason {
                NotStartedReason::Secrets => {
                    condition.set_reason(condition::CommonReason::SecretsAccessCheckFailed)
                }
                NotStartedReason::HealthCheck => {
                    condition.set_revision_reason(condition::RevisionReason::HealthCheckContainerError)
                }
                NotStartedReason::Failed => condition.set_reason(condition::CommonReason::RevisionFailed),
                NotStartedReason::Unknown => condition.set_reason(condition::CommonReason::Unknown),
                NotStartedReason::ImagePermission => {
                    condition.set_reason(condition::CommonReason::ContainerPermissionDenied)
                }
                NotStartedReason::Network => {
                    condition.set_reason(condition::CommonReason::VpcNetworkNotFound)
                }
                NotStartedReason::Deadline => {
                    condition.set_reason(condition::CommonReason::ProgressDeadlineExceeded)
                }
            }
        }
    }
}

/// A revision as Cloud Run has it.
fn revision_model(ask: &Ask<'_>, service: &ServiceWorld, revision: &RevisionWorld) -> Revision {
    let newest = service.newest().is_some_and(|newest| newest.name == revision.name);
    let days = if newest { 0 } else { 5 };
    let kinds = ["Ready", "ContainerHealthy", "ResourcesAvailable"];
    Revision::new()
        .set_name(format!("{}/revisions/{}", service.resource(), revision.name))
        .set_uid("3f0f2d2e-0000-4000-8000-000000000002")
        .set_generation(1)
        .set_observed_generation(1)
        .set_or_clear_create_time(before(ask.cloud.since, days))
        .set_or_clear_update_time(before(ask.cloud.since, days))
        .set_service(&service.name)
        .set_or_clear_vpc_access(vpc_access(&revision.vpc))
        .set_max_instance_request_concurrency(80)
        .set_timeout(google_cloud_wkt::Duration::clamp(300, 0))
        .set_service_account(&revision.service_account)
        .set_containers([container(revision)])
        .set_volumes(volumes(revision))
        .set_execution_environment(ExecutionEnvironment::Gen2)
        .set_conditions(kinds.map(|kind| condition(kind, &revision.started, ask)))
        .set_etag("sandbox")
}

fn template(revision: &RevisionWorld) -> RevisionTemplate {
    RevisionTemplate::new()
        .set_or_clear_vpc_access(vpc_access(&revision.vpc))
        .set_max_instance_request_concurrency(80)
        .set_timeout(google_cloud_wkt::Duration::clamp(300, 0))
        .set_service_account(&revision.service_account)
        .set_containers([container(revision)])
        .set_volumes(volumes(revision))
        .set_execution_environment(ExecutionEnvironment::Gen2)
}

fn container(revision: &RevisionWorld) -> Container {
    let env = revision.env.iter().map(|variable| {
        let one = EnvVar::new().set_name(&variable.name);
        match &variable.value {
            EnvValue::Plain(text) => one.set_value(text.clone()),
            EnvValue::Secret { project, secret, version } => {
                let selector = SecretKeySelector::new().set_secret(named(revision, project, secret));
                one.set_value_source(EnvVarSource::new().set_secret_key_ref(selector.set_version(version)))
            }
        }
    });
    let mounts = revision.mounts.iter().enumerate().map(|(index, mount)| {
        VolumeMount::new().set_name(volume_name(index)).set_mount_path(folder_and_file(&mount.path).0)
    });
    let sockets = (!revision.cloudsql.is_empty())
        .then(|| VolumeMount::new().set_name("cloudsql").set_mount_path("/cloudsql"));
    Container::new()
        .set_image(&revision.image)
        .set_ports([ContainerPort::new().set_name("http1").set_container_port(i32::from(revision.port))])
        .set_env(env)
        .set_volume_mounts(mounts.chain(sockets))
}

fn volumes(revision: &RevisionWorld) -> Vec<Volume> {
    let mounts = revision.mounts.iter().enumerate().map(|(index, mount)| {
        let item = VersionToPath::new().set_path(folder_and_file(&mount.path).1).set_version(&mount.version);
        let secret = SecretVolumeSource::new()
            .set_secret(named(revision, &mount.project, &mount.secret))
            .set_items([item]);
        Volume::new().set_name(volume_name(index)).set_secret(secret)
    });
    let sockets = (!revision.cloudsql.is_empty()).then(|| {
        let source = CloudSqlInstance::new().set_instances(revision.cloudsql.iter().cloned());
        Volume::new().set_name("cloudsql").set_cloud_sql_instance(source)
    });
    mounts.chain(sockets).collect()
}

fn volume_name(index: usize) -> String {
    format!("secret-{}", index + 1)
}

/// A secret as a revision writes it: a short name in its own project, else the full one.
fn named(revision: &RevisionWorld, project: &str, secret: &str) -> String {
    if revision.project == project {
        secret.to_owned()
    } else {
        format!("projects/{project}/secrets/{secret}")
    }
}

fn folder_and_file(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", file)) => ("/", file),
        Some((folder, file)) => (folder, file),
        None => ("/", path),
    }
}

fn vpc_access(vpc: &VpcWorld) -> Option<VpcAccess> {
    let egress = match vpc.egress()? {
        Egress::PrivateRangesOnly => vpc_access::VpcEgress::PrivateRangesOnly,
        Egress::AllTraffic => vpc_access::VpcEgress::AllTraffic,
    };
    let access = VpcAccess::new().set_egress(egress);
    Some(match vpc {
        VpcWorld::None => return None,
        VpcWorld::Connector { resource, .. } => access.set_connector(resource),
        VpcWorld::Direct { network, subnetwork, .. } => {
            let interface =
                vpc_access::NetworkInterface::new().set_network(network).set_subnetwork(subnetwork);
            access.set_network_interfaces([interface])
        }
    })
}

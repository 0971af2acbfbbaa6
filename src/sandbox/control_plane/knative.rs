//! Cloud Run Admin API v1, which speaks Knative: what `gcloud run services describe` reads.
//!
//! No official Rust type has this shape; it is translated by hand from the same world.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use super::run::{API, deployed};
use crate::sandbox::world::{
    Egress, EnvValue, NotStartedReason, RevisionWorld, ServiceWorld, Started, Traffic, VpcWorld,
    project_number,
};

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, _) = ask.parts();
    let ["apis", "serving.knative.dev", "v1", "namespaces", project, "services", name] = segments[..] else {
        return None;
    };
    let full = format!("projects/{project}/services/{name}");
    Some(ask.allowed(API, project, "run.services.get", &full).and_then(|()| {
        let services = &ask.cloud.world.services;
        // The region stands in the host name, `europe-west1-run.googleapis.com`.
        let here = |service: &ServiceWorld| {
            service.project == project
                && service.name == name
                && ask.region.as_deref().is_none_or(|region| region == service.region)
        };
        let index = services.iter().position(here).ok_or_else(|| Refusal::NotFound {
            message: format!("Resource '{name}' of kind 'SERVICE' in region does not exist"),
        })?;
        Ok(service(ask, index, &services[index]))
    }))
}

fn service(ask: &Ask<'_>, index: usize, service: &ServiceWorld) -> Value {
    let url = ask.cloud.url(index);
    let number = project_number(&service.project).to_string();
    let generation = service.revisions.len();
    let created = (ask.cloud.since - SignedDuration::from_hours(24 * 30)).to_string();
    let name = |revision: Option<&RevisionWorld>| revision.map(|one| one.name.clone()).unwrap_or_default();
    let traffic = match &service.traffic {
        Traffic::Latest => json!({"latestRevision": true, "percent": 100}),
        Traffic::Pinned(revision) => json!({"revisionName": revision, "percent": 100}),
    };
    let mut serving = traffic.clone();
    serving["revisionName"] = name(service.serving()).into();
    let (mut targets, mut statuses) = (vec![traffic], vec![serving]);
    if let (Some(tag), Some(revision), Some(url)) =
        (&service.tag, service.tagged(), ask.cloud.tagged_url(index))
    {
        targets.push(json!({"revisionName": revision.name, "tag": tag}));
        statuses.push(json!({"revisionName": revision.name, "tag": tag, "url": url}));
    }
    let deployed = deployed(service);
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": service.name,
            "namespace": number,
            "selfLink": format!("/apis/serving.knative.dev/v1/namespaces/{number}/services/{}", service.name),
            "uid": "3f0f2d2e-0000-4000-8000-000000000001",
            "resourceVersion": "sandbox",
            "generation": generation,
            "creationTimestamp": created,
            "labels": {"cloud.googleapis.com/location": service.region},
            "annotations": {
                "run.googleapis.com/ingress": "all",
                "run.googleapis.com/ingress-status": "all",
                "run.googleapis.com/client-name": "gcloud",
                "serving.knative.dev/creator": "deployer@example.com",
                "serving.knative.dev/lastModifier": "deployer@example.com",
            },
        },
        "spec": {
            "template": service.newest().map(template),
            "traffic": targets,
        },
        "status": {
            "observedGeneration": generation,
            "conditions": [
                condition(ask, "Ready", &deployed),
                condition(ask, "ConfigurationsReady", &deployed),
                condition(ask, "RoutesReady", &Started::Ready),
            ],
            "latestReadyRevisionName": name(service.latest_ready()),
            "latestCreatedRevisionName": name(service.newest()),
            "traffic": statuses,
            "url": url,
            "address": {"url": url},
        },
    })
}

fn condition(ask: &Ask<'_>, kind: &str, started: &Started) -> Value {
    let at = ask.cloud.since.to_string();
    match started {
        Started::Pending => json!({"type": kind, "status": "Unknown", "lastTransitionTime": at}),
        Started::Ready => json!({"type": kind, "status": "True", "lastTransitionTime": at}),
        Started::Failed(why) => {
            let reason = match why.reason {
                NotStartedReason::Secrets => "SecretsAccessCheckFailed",
                NotStartedReason::HealthCheck => "HealthCheckContainerError",
                NotStartedReason::Failed => "RevisionFailed",
                NotStartedReason::Unknown => "Unknown",
                NotStartedReason::ImagePermission => "ContainerPermissionDenied",
                NotStartedReason::Network => "VpcNetworkNotFound",
                NotStartedReason::Deadline => "ProgressDeadlineExceeded",
            };
            json!({
                "type": kind, "status": "False", "reason": reason, "message": why.message, "lastTransitionTime": at,
            })
        }
    }
}

fn template(revision: &RevisionWorld) -> Value {
    let mut annotations = Map::new();
    let mut annotate = |key: &str, value: String| {
        annotations.insert(format!("run.googleapis.com/{key}"), value.into());
    };
    let egress = match revision.vpc.egress() {
        Some(Egress::PrivateRangesOnly) => Some("private-ranges-only"),
        Some(Egress::AllTraffic) => Some("all-traffic"),
        None => None,
    };
    if let Some(egress) = egress {
        annotate("vpc-access-egress", egress.to_owned());
    }
    match &revision.vpc {
        VpcWorld::None => {}
        VpcWorld::Connector { resource, .. } => annotate("vpc-access-connector", resource.clone()),
        VpcWorld::Direct { network, subnetwork, .. } => annotate(
            "network-interfaces",
            json!([{"network": network, "subnetwork": subnetwork}]).to_string(),
        ),
    }
    if !revision.cloudsql.is_empty() {
        annotate("cloudsql-instances", revision.cloudsql.join(","));
    }
    let env: Vec<Value> = revision
        .env
        .iter()
        .map(|variable| match &variable.value {
            EnvValue::Plain(text) => json!({"name": variable.name, "value": text}),
            EnvValue::Secret { secret, version, .. } => json!({
                "name": variable.name,
                "valueFrom": {"secretKeyRef": {"name": secret, "key": version}},
            }),
        })
        .collect();
    json!({
        "metadata": {"name": revision.name, "annotations": annotations},
        "spec": {
            "containerConcurrency": 80,
            "timeoutSeconds": 300,
            "serviceAccountName": revision.service_account,
            "containers": [{
                "image": revision.image,
                "ports": [{"name": "http1", "containerPort": revision.port}],
                "env": env,
            }],
        },
    })
}

//! A request to the control plane, taken apart.

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;

use super::error::Refusal;
use crate::sandbox::cloud::Cloud;
use crate::sandbox::world::{Grants, World, project_number};

/// Custom methods that follow the last segment after a colon.
const VERBS: &[&str] = &[
    "access",
    "generateAccessToken",
    "generateEphemeralCert",
    "generateIdToken",
    "getIamPolicy",
    "list",
    "testIamPermissions",
    "troubleshoot",
];

/// A request to the control plane, taken apart.
pub(super) struct Ask<'a> {
    pub(super) cloud: &'a Cloud,
    pub(super) method: &'a Method,
    /// The path as it was asked for.
    pub(super) path: &'a str,
    /// What stands behind the `?`.
    query: &'a str,
    /// The body, up to a size.
    pub(super) body: &'a [u8],
    /// The region that the host name begins with (`europe-west1-run.…`), where a proxied request names a host.
    pub(super) region: Option<String>,
    /// The segments of the path, decoded, without the verb.
    segments: Vec<String>,
    /// The custom method; empty: none.
    verb: String,
}

impl<'a> Ask<'a> {
    pub(super) fn new(cloud: &'a Cloud, method: &'a Method, uri: &'a Uri, body: &'a [u8]) -> Self {
        let path = uri.path();
        let mut segments: Vec<String> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let mut verb = String::new();
        if let Some(last) = segments.last_mut()
            && let Some((name, after)) = last.rsplit_once(':')
            && VERBS.contains(&after)
        {
            verb = after.to_owned();
            *last = name.to_owned();
        }
        name_projects(&cloud.world, &mut segments);
        let region =
            uri.host().and_then(|host| host.split_once("-run.")).map(|(region, _)| region.to_owned());
        Self { cloud, method, path, query: uri.query().unwrap_or_default(), body, region, segments, verb }
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Its path as a pattern can match it: segments, then the verb.
    pub(super) fn parts(&self) -> (Vec<&str>, &str) {
        (self.segments.iter().map(String::as_str).collect(), &self.verb)
    }

    /// Whether the caller may make this read, and the API is on.
    pub(super) fn allowed(
        &self,
        api: &'static str,
        project: &str,
        permission: &'static str,
        resource: &str,
    ) -> Result<(), Refusal> {
        let world = &self.cloud.world;
        if world.disabled(project, api) {
            return Err(Refusal::ApiDisabled { api, project: project.to_owned() });
        }
        match world.gate {
            Grants::Everything => Ok(()),
            Grants::WithoutConnect if permission != "cloudsql.instances.connect" => Ok(()),
            Grants::WithoutConnect | Grants::Nothing => {
                Err(Refusal::Permission { api, permission, resource: resource.to_owned() })
            }
        }
    }
}

/// A project may be named by its number too; the world knows it by its id.
fn name_projects(world: &World, segments: &mut [String]) {
    for index in 1..segments.len() {
        let follows = matches!(segments[index - 1].as_str(), "projects" | "namespaces");
        if follows && let Ok(number) = segments[index].parse::<u64>() {
            let mut projects = world.projects();
            if let Some(id) = projects.find(|project| project_number(project) == number) {
                segments[index] = id.to_owned();
            }
        }
    }
}

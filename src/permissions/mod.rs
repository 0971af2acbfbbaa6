//! Which roles the gate needs for a pipeline, and where: least privilege, derived from the table of calls.

mod gcloud;
mod place;
mod terraform;
mod text;

use std::collections::BTreeMap;

pub use place::Target;

use crate::model::{Pipeline, Service, Stated};
use crate::probe::google::calls::{NEEDS, When};

/// How the list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// Commands for a shell.
    Gcloud,
    /// Resources for Terraform.
    Terraform,
}

/// What the user asks for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The project of services that state none.
    pub project: Option<String>,
    /// With what a check inside the VPC takes: a Cloud Run job with the service's own identity.
    pub in_place: bool,
    /// With what `--inspect-secrets` takes.
    pub inspect_secrets: bool,
    /// With what `--connectivity-test` takes.
    pub connectivity_test: bool,
    /// With what `--on-failure rollback` takes.
    pub rollback: bool,
    /// As whom the gate runs, as IAM writes members (`serviceAccount:…`); else a placeholder stands there.
    pub member: Option<String>,
}

/// A role on something, for the gate's own identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The predefined role.
    pub role: &'static str,
    /// On what.
    pub target: Target,
    /// The permissions that it is for.
    pub permissions: Vec<&'static str>,
    /// Whether the gate works without it, and sees less.
    pub optional: bool,
}

/// What a check in place takes beside the calls: to make, run and remove a job that runs as the service's account.
const JOB: &[&str] = &[
    "run.jobs.create",
    "run.jobs.run",
    "run.jobs.get",
    "run.jobs.delete",
    "run.executions.get",
    "run.operations.get",
];

/// The roles that the gate needs for the services of a pipeline: each role on each target once, the needed before the
/// optional.
pub fn grants(pipeline: &Pipeline, asked: &Asked) -> Vec<Grant> {
    let mut found: BTreeMap<(bool, Target, &'static str), Vec<&'static str>> = BTreeMap::new();
    let mut add = |optional: bool, target: Target, role: &'static str, permission: &'static str| {
        let permissions = found.entry((optional, target, role)).or_default();
        if !permissions.contains(&permission) {
            permissions.push(permission);
        }
    };
    for service in &pipeline.services {
        let project = project(service, asked);
        for need in NEEDS {
            let optional = match need.when {
                When::Always => false,
                When::Inspecting if asked.inspect_secrets => false,
                When::Testing if asked.connectivity_test => false,
                When::RollingBack if asked.rollback => false,
                When::Inspecting | When::Testing | When::RollingBack => continue,
                When::Better => true,
            };
            for target in place::targets(need.place, service, &project) {
                add(optional, target, need.call.role, need.call.permission);
            }
        }
        for target in place::journeys(service, &project) {
            add(false, target, "roles/secretmanager.secretAccessor", "secretmanager.versions.access");
        }
        if service.allow_unauthenticated == Some(false) {
            add(false, place::service(service, &project), "roles/run.invoker", "run.routes.invoke");
        }
        if asked.rollback {
            let account = place::account(service, &project);
            add(false, account, "roles/iam.serviceAccountUser", "iam.serviceAccounts.actAs");
        }
        if asked.in_place {
            for permission in JOB {
                add(false, Target::Project(project.clone()), "roles/run.developer", permission);
            }
            let account = place::account(service, &project);
            add(false, account, "roles/iam.serviceAccountUser", "iam.serviceAccounts.actAs");
            // The job's own log has its result.
            add(false, Target::Project(project.clone()), "roles/logging.viewer", "logging.logEntries.list");
        }
    }
    let needed: Vec<(Target, &str)> = found
        .keys()
        .filter(|(optional, ..)| !optional)
        .map(|(_, target, role)| (target.clone(), *role))
        .collect();
    found
        .into_iter()
        .filter(|((optional, target, role), _)| !optional || !needed.contains(&(target.clone(), *role)))
        .map(|((optional, target, role), permissions)| Grant { role, target, permissions, optional })
        .collect()
}

/// The list, written.
pub fn render(grants: &[Grant], asked: &Asked, format: Format) -> String {
    match format {
        Format::Text => text::render(grants),
        Format::Gcloud => gcloud::render(grants, asked.member.as_deref()),
        Format::Terraform => terraform::render(grants, asked.member.as_deref()),
    }
}

fn project(service: &Service, asked: &Asked) -> String {
    let stated = service.project.as_ref().and_then(Stated::as_known).map(str::to_owned);
    let open = || service.project.as_ref().map(|stated| stated.raw().to_owned());
    stated.or_else(|| asked.project.clone()).or_else(open).unwrap_or_else(|| "PROJECT".to_owned())
}

#[cfg(test)]
mod tests;

//! What Cloud Run does with the world when a revision is deployed, and when an instance of it starts.

use secrecy::{ExposeSecret as _, SecretString};

use super::{EnvValue, RevisionWorld, ServiceWorld, Started, VersionState, VpcWorld, World, project_number};

/// Why Cloud Run does not take a revision into service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotStarted {
    /// Google's reason.
    pub reason: NotStartedReason,
    /// Google's message.
    pub message: String,
}

/// The reasons that Cloud Run gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStartedReason {
    /// `SECRETS_ACCESS_CHECK_FAILED`.
    Secrets,
    /// `HEALTH_CHECK_CONTAINER_ERROR`.
    HealthCheck,
    /// `REVISION_FAILED`: only the message says why.
    Failed,
    /// `UNKNOWN`: only the message says why.
    Unknown,
    /// `CONTAINER_PERMISSION_DENIED`.
    ImagePermission,
    /// `VPC_NETWORK_NOT_FOUND`.
    Network,
    /// `PROGRESS_DEADLINE_EXCEEDED`.
    Deadline,
}

/// What is wrong with a revision before its code runs, or while it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Its image does not exist.
    ImageMissing,
    /// Cloud Run's service agent may not read its image.
    ImageForbidden,
    /// Its image is built for another platform.
    ImagePlatform,
    /// It needs more memory than it has.
    Memory,
    /// The import of its image takes too long.
    Slow,
    /// Cloud Run's service agent may not use its connector.
    ConnectorForbidden,
    /// The network of its direct egress does not exist.
    NetworkMissing,
}

impl Flaw {
    /// What Cloud Run says of a revision with it. The messages are Google's.
    fn met_by(self, service: &ServiceWorld, revision: &RevisionWorld) -> NotStarted {
        use NotStartedReason as Reason;
        let number = project_number(&service.project);
        let image = &revision.image;
        let (reason, message) = match self {
            Self::ImageMissing => (Reason::Failed, format!("Image '{image}' not found.")),
            Self::ImageForbidden => (
                Reason::ImagePermission,
                format!(
                    "Google Cloud Run Service Agent service-{number}@serverless-robot-prod.iam.gserviceaccount.com \
                     must have permission to read the image, {image}. Ensure that the provided container image URL is \
                     correct and that the above account has permission to access the image."
                ),
            ),
            Self::ImagePlatform => (
                Reason::Failed,
                format!(
                    "Cloud Run does not support image '{image}': Container manifest type \
                     'application/vnd.oci.image.index.v1+json' must support amd64/linux."
                ),
            ),
            Self::Memory => (
                Reason::HealthCheck,
                "Memory limit of 512 MiB exceeded with 530 MiB used. Consider increasing the memory limit."
                    .to_owned(),
            ),
            Self::Slow => (
                Reason::Deadline,
                "The import of the container image is not done. Resource readiness deadline exceeded."
                    .to_owned(),
            ),
            Self::ConnectorForbidden => (Reason::Unknown, no_connector(revision)),
            Self::NetworkMissing => (Reason::Network, "VPC network or subnetwork was not found.".to_owned()),
        };
        let message =
            format!("Revision '{}' is not ready and cannot serve traffic. {message}", revision.name);
        NotStarted { reason, message }
    }
}

/// Google's words for a connector that is not there, or that it may not use.
fn no_connector(revision: &RevisionWorld) -> String {
    let connector = match &revision.vpc {
        VpcWorld::Connector { resource, .. } => resource.as_str(),
        VpcWorld::None | VpcWorld::Direct { .. } => "",
    };
    format!("VPC connector {connector} does not exist, or Cloud Run does not have permission to use it.")
}

/// The variables of an instance as its process sees them. No `Debug`: they hold passwords.
#[derive(Clone)]
pub struct Injected(Vec<(String, SecretString)>);

impl Injected {
    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| one == name).map(|(_, value)| value.expose_secret())
    }

    /// The names of all.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl World {
    /// Deploys the newest revision of every service: Cloud Run looks at the world as it is now.
    pub fn deploy(&mut self) {
        let verdicts: Vec<Started> = self
            .services
            .iter()
            .map(|service| match service.newest() {
                Some(revision) => self.judge(service, revision),
                None => Started::Pending,
            })
            .collect();
        for (service, verdict) in self.services.iter_mut().zip(verdicts) {
            if let Some(revision) = service.newest_mut() {
                revision.started = verdict;
            }
        }
    }

    fn judge(&self, service: &ServiceWorld, revision: &RevisionWorld) -> Started {
        let failed = |reason, message| Started::Failed(NotStarted { reason, message });
        if let VpcWorld::Connector { resource, .. } = &revision.vpc
            && self.connector(resource).is_none()
        {
            return failed(NotStartedReason::Failed, no_connector(revision));
        }
        if let Err(message) = self.inject(revision) {
            return failed(NotStartedReason::Secrets, message);
        }
        if let Some(flaw) = revision.flaw {
            return Started::Failed(flaw.met_by(service, revision));
        }
        if !revision.code.starts {
            let message = format!(
                "Revision '{}' is not ready and cannot serve traffic. The user-provided container failed to start and \
                 listen on the port defined provided by the PORT={} environment variable within the allocated timeout. \
                 Logs for this revision might contain more information.\n\nLogs URL: \
                 https://console.cloud.google.com/logs/viewer?project={}",
                revision.name, revision.port, service.project
            );
            return failed(NotStartedReason::HealthCheck, message);
        }
        Started::Ready
    }

    /// Reads the variables of a revision as Cloud Run does when an instance starts.
    ///
    /// # Errors
    ///
    /// Google's message, where a secret cannot be read.
    pub fn inject(&self, revision: &RevisionWorld) -> Result<Injected, String> {
        for mount in &revision.mounts {
            self.read_secret(&mount.project, &mount.secret, &mount.version, &revision.service_account)?;
        }
        let mut variables: Vec<(String, SecretString)> = Vec::new();
        for variable in &revision.env {
            let value = match &variable.value {
                EnvValue::Plain(text) => SecretString::from(text.clone()),
                EnvValue::Secret { project, secret, version } => {
                    self.read_secret(project, secret, version, &revision.service_account)?
                }
            };
            variables.push((variable.name.clone(), value));
        }
        Ok(Injected(variables))
    }

    /// What a mounted secret holds, read when it is asked for.
    pub fn file(&self, revision: &RevisionWorld, path: &str) -> Option<SecretString> {
        let mount = revision.mounts.iter().find(|mount| mount.path == path)?;
        self.read_secret(&mount.project, &mount.secret, &mount.version, &revision.service_account).ok()
    }

    /// Reads a version of a secret as a service account; the error is Google's message.
    fn read_secret(
        &self,
        project: &str,
        name: &str,
        version: &str,
        reader: &str,
    ) -> Result<SecretString, String> {
        let resource = format!("projects/{}/secrets/{name}/versions/{version}", project_number(project));
        let secret = self.secret(project, name).ok_or_else(|| format!("Secret {resource} was not found"))?;
        if !secret.accessors.iter().any(|accessor| accessor == reader) {
            return Err(format!(
                "Permission denied on secret: {resource} for Revision service account {reader}. The service account \
                 used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) \
                 at the secret, project or higher level."
            ));
        }
        let found = secret.version(version).ok_or_else(|| format!("Secret {resource} was not found"))?;
        match found.state {
            VersionState::Enabled => Ok(found.payload.clone()),
            VersionState::Disabled | VersionState::Destroyed => {
                Err(format!("Secret Version [{resource}] is in {} state.", found.state.word()))
            }
        }
    }
}

//! What Cloud Run does with the world when a revision is deployed, and when an instance of it starts.

use secrecy::{ExposeSecret as _, SecretString};

use super::{EnvValue, RevisionWorld, ServiceWorld, Started, VersionState, World, project_number};

/// Why Cloud Run does not take a revision into service. The texts are Google's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// A secret that it refers to cannot be read.
    Secret {
        /// The message.
        message: String,
    },
    /// The container did not come to listen.
    Container {
        /// The message.
        message: String,
    },
    /// The connector that it refers to does not exist.
    Connector {
        /// The message.
        message: String,
    },
}

impl NotStarted {
    /// Google's message.
    pub fn message(&self) -> &str {
        match self {
            Self::Secret { message } | Self::Container { message } | Self::Connector { message } => message,
        }
    }
}

/// The variables of an instance as its process sees them. No `Debug`: they hold passwords.
#[derive(Clone)]
pub struct Injected(Vec<(String, SecretString)>);

impl Injected {
    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| one == name).map(|(_, value)| value.expose_secret())
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
        if let super::VpcWorld::Connector { resource, .. } = &revision.vpc
            && self.connector(resource).is_none()
        {
            return Started::Failed(NotStarted::Connector {
                message: format!(
                    "VPC connector {resource} does not exist, or Cloud Run does not have permission to use it."
                ),
            });
        }
        if let Err(message) = self.inject(revision) {
            return Started::Failed(NotStarted::Secret { message });
        }
        if !revision.code.starts {
            return Started::Failed(NotStarted::Container {
                message: format!(
                    "Revision '{}' is not ready and cannot serve traffic. The user-provided container failed to \
                     start and listen on the port defined provided by the PORT={} environment variable within the \
                     allocated timeout. Logs for this revision might contain more information.\n\nLogs URL: \
                     https://console.cloud.google.com/logs/viewer?project={}",
                    revision.name, revision.port, service.project
                ),
            });
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

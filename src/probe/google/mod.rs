//! Google's control plane, through Google's own client libraries. Every fact is fetched once a run.

mod auth;
mod calls;
mod clients;
mod endpoints;
mod errors;
mod memo;
pub mod names;
mod retry;

pub use auth::{CredentialSource, IdToken, Kind, Platform, Surroundings, TokenTrouble};
pub use endpoints::{Auth, Endpoints};
pub use retry::Timeouts;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_iam_v1::model::{GetPolicyOptions, Policy};
use google_cloud_run_v2::model::{Revision, Service, env_var};
use google_cloud_secretmanager_v1::model::{Secret, SecretVersion};
use google_cloud_sql_v1::model::DatabaseInstance;
use google_cloud_vpcaccess_v1::model::Connector;
use secrecy::{SecretSlice, SecretString};

use super::vault::Vault;
use crate::run::outcome::Broken;
use calls::Call;
use clients::Clients;
pub(crate) use errors::bounded;
use errors::{Asked, no_answer};
use memo::Memo;

/// A read of the control plane that gave no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// Google says that there is no such resource.
    NotFound,
    /// It could not be found out.
    Broken(Broken),
}

impl From<Broken> for NoAnswer {
    fn from(why: Broken) -> Self {
        Self::Broken(why)
    }
}

/// What a read gives: the resource, shared, or why there is none.
pub type Answer<T> = Result<Arc<T>, NoAnswer>;

/// Policies are asked for in this version: in an older one, conditions do not show.
const POLICY_VERSION: i32 = 3;

/// Most pages of instances that are read; a page has up to 500.
const PAGES: usize = 10;

/// Google's control plane. Every fact is fetched once, however many checks ask for it.
#[derive(Debug)]
pub struct Google {
    clients: Clients,
    vault: Arc<Vault>,
    limit: Duration,
    services: Memo<Service>,
    revisions: Memo<Revision>,
    connectors: Memo<Connector>,
    secrets: Memo<Secret>,
    versions: Memo<SecretVersion>,
    payloads: Memo<SecretSlice<u8>>,
    policies: Memo<Policy>,
    instances: Memo<DatabaseInstance>,
    lists: Memo<Vec<DatabaseInstance>>,
    id_tokens: Memo<IdToken>,
    timeouts: Timeouts,
}

impl Google {
    /// The control plane at these endpoints. Nothing is built or asked before the first read; missing credentials
    /// show there, as [`Broken::NoCredentials`].
    pub fn new(endpoints: &Endpoints, auth: Auth, vault: Arc<Vault>, timeouts: Timeouts) -> Self {
        Self {
            clients: Clients::new(endpoints, auth, Arc::clone(&vault), timeouts),
            vault,
            limit: timeouts.total,
            services: Memo::default(),
            revisions: Memo::default(),
            connectors: Memo::default(),
            secrets: Memo::default(),
            versions: Memo::default(),
            payloads: Memo::default(),
            policies: Memo::default(),
            instances: Memo::default(),
            lists: Memo::default(),
            id_tokens: Memo::default(),
            timeouts,
        }
    }

    /// The Cloud Run service (`run.services.get`).
    pub async fn service(&self, project: &str, region: &str, service: &str) -> Answer<Service> {
        let name = format!("projects/{project}/locations/{region}/services/{service}");
        self.services.get(&name, || self.read_service(&name)).await
    }

    /// The service as it was at most `age` ago. What it gives, later calls of [`Self::service`] give too.
    pub async fn service_within(
        &self,
        age: Duration,
        project: &str,
        region: &str,
        service: &str,
    ) -> Answer<Service> {
        let name = format!("projects/{project}/locations/{region}/services/{service}");
        self.services.get_within(age, &name, || self.read_service(&name)).await
    }

    async fn read_service(&self, name: &str) -> Answer<Service> {
        self.read(&calls::SERVICE, name, async {
            Ok(self.clients.services().await?.get_service().set_name(name).send().await)
        })
        .await
    }

    /// A revision of a service, by its short name (`run.revisions.get`).
    pub async fn revision(
        &self,
        project: &str,
        region: &str,
        service: &str,
        revision: &str,
    ) -> Answer<Revision> {
        let name = format!("projects/{project}/locations/{region}/services/{service}/revisions/{revision}");
        self.revisions.get(&name, || self.read_revision(&name)).await
    }

    /// The revision as it was at most `age` ago. What it gives, later calls of [`Self::revision`] give too.
    pub async fn revision_within(
        &self,
        age: Duration,
        project: &str,
        region: &str,
        service: &str,
        revision: &str,
    ) -> Answer<Revision> {
        let name = format!("projects/{project}/locations/{region}/services/{service}/revisions/{revision}");
        self.revisions.get_within(age, &name, || self.read_revision(&name)).await
    }

    async fn read_revision(&self, name: &str) -> Answer<Revision> {
        let revision = self
            .read(&calls::REVISION, name, async {
                Ok(self.clients.revisions().await?.get_revision().set_name(name).send().await)
            })
            .await?;
        // Not every secret lies in Secret Manager; one that stands on the revision is one all the same.
        for variable in revision.containers.iter().flat_map(|container| &container.env) {
            if let Some(env_var::Values::Value(value)) = &variable.values {
                self.vault.remember_variable(&variable.name, value);
            }
        }
        Ok(revision)
    }

    /// A Serverless VPC Access connector by its full name, `projects/P/locations/R/connectors/C`
    /// (`vpcaccess.connectors.get`).
    pub async fn connector(&self, name: &str) -> Answer<Connector> {
        let fetch = || {
            self.read(&calls::CONNECTOR, name, async {
                Ok(self.clients.connectors().await?.get_connector().set_name(name).send().await)
            })
        };
        self.connectors.get(name, fetch).await
    }

    /// A secret without its payload (`secretmanager.secrets.get`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`.
    pub async fn secret(&self, project: &str, secret: &str) -> Answer<Secret> {
        let name = names::secret(project, secret);
        let fetch = || {
            self.read(&calls::SECRET, &name, async {
                Ok(self.clients.secrets().await?.get_secret().set_name(&name).send().await)
            })
        };
        self.secrets.get(&name, fetch).await
    }

    /// A version of a secret without its payload (`secretmanager.versions.get`): a number, an alias or `latest`.
    pub async fn secret_version(&self, project: &str, secret: &str, version: &str) -> Answer<SecretVersion> {
        let name = format!("{}/versions/{version}", names::secret(project, secret));
        let fetch = || {
            self.read(&calls::VERSION, &name, async {
                Ok(self.clients.secrets().await?.get_secret_version().set_name(&name).send().await)
            })
        };
        self.versions.get(&name, fetch).await
    }

    /// The payload of a secret version (`secretmanager.versions.access`). `secret` is a short name in `project`, or
    /// `projects/P/secrets/S`; `version` a number, an alias or `latest`. The value is put into the vault first.
    pub async fn secret_payload(
        &self,
        project: &str,
        secret: &str,
        version: &str,
    ) -> Answer<SecretSlice<u8>> {
        let name = format!("{}/versions/{version}", names::secret(project, secret));
        self.payloads.get(&name, || self.read_payload(&name)).await
    }

    async fn read_payload(&self, name: &str) -> Answer<SecretSlice<u8>> {
        let answer = self
            .read(&calls::PAYLOAD, name, async {
                Ok(self.clients.secrets().await?.access_secret_version().set_name(name).send().await)
            })
            .await?;
        let Some(payload) = &answer.payload else {
            let detail = "it has no payload".to_owned();
            return Err(Broken::Malformed { what: name.to_owned(), detail }.into());
        };
        // Not UTF-8: what a lossy reader would print must not show either.
        self.vault.remember(&SecretString::from(String::from_utf8_lossy(&payload.data).into_owned()));
        Ok(Arc::new(SecretSlice::from(payload.data.to_vec())))
    }

    /// Who may do what with a secret (`secretmanager.secrets.getIamPolicy`); what it inherits is not in it.
    pub async fn secret_policy(&self, project: &str, secret: &str) -> Answer<Policy> {
        let name = names::secret(project, secret);
        let fetch = || {
            self.read(&calls::SECRET_POLICY, &name, async {
                let options = GetPolicyOptions::new().set_requested_policy_version(POLICY_VERSION);
                let call = self.clients.secrets().await?.get_iam_policy();
                Ok(call.set_resource(&name).set_options(options).send().await)
            })
        };
        self.policies.get(&name, fetch).await
    }

    /// Who may do what in a project (`resourcemanager.projects.getIamPolicy`); what it inherits from folders and the
    /// organisation is not in it.
    pub async fn project_policy(&self, project: &str) -> Answer<Policy> {
        let name = format!("projects/{project}");
        let fetch = || {
            self.read(&calls::PROJECT_POLICY, &name, async {
                let options = GetPolicyOptions::new().set_requested_policy_version(POLICY_VERSION);
                // A POST that only reads.
                let call = self.clients.projects().await?.get_iam_policy().with_idempotency(true);
                Ok(call.set_resource(&name).set_options(options).send().await)
            })
        };
        self.policies.get(&name, fetch).await
    }

    /// A Cloud SQL instance (`cloudsql.instances.get`).
    pub async fn instance(&self, project: &str, instance: &str) -> Answer<DatabaseInstance> {
        let name = format!("projects/{project}/instances/{instance}");
        let fetch = || {
            self.read(&calls::INSTANCE, &name, async {
                let call = self.clients.instances().await?.get();
                Ok(call.set_project(project).set_instance(instance).send().await)
            })
        };
        self.instances.get(&name, fetch).await
    }

    /// Every Cloud SQL instance of a project, of all engines (`cloudsql.instances.list`).
    pub async fn instances(&self, project: &str) -> Answer<Vec<DatabaseInstance>> {
        let name = format!("projects/{project}/instances");
        self.lists.get(&name, || self.read_instances(project, &name)).await
    }

    async fn read_instances(&self, project: &str, name: &str) -> Answer<Vec<DatabaseInstance>> {
        let mut instances = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES {
            let page = self
                .read(&calls::INSTANCES, name, async {
                    let call = self.clients.instances().await?.list();
                    Ok(call.set_project(project).set_page_token(&token).send().await)
                })
                .await?;
            instances.extend(page.items.iter().cloned());
            if page.next_page_token.is_empty() {
                return Ok(Arc::new(instances));
            }
            token.clone_from(&page.next_page_token);
        }
        let detail = format!("more than {PAGES} pages of instances");
        Err(Broken::Unavailable { what: name.to_owned(), detail }.into())
    }

    /// An ID token with which a private service lets the gate in; made once an audience. `audience` is the service's
    /// own URL, or one of its custom audiences, and never the URL of a tag.
    ///
    /// # Errors
    /// [`Broken::NoCredentials`] where these credentials give none, [`Broken::PermissionDenied`] where the account may
    /// not be impersonated, [`Broken::TokenRejected`] where the token shows by itself that no service will take it.
    pub async fn id_token(&self, audience: &str) -> Result<Arc<IdToken>, Broken> {
        let make = || async {
            let ask: BoxFuture<'_, _> = Box::pin(async {
                let token = self.clients.identity().await?.id_token(audience, &self.timeouts).await?;
                self.vault.remember(&token.token);
                Ok::<_, Broken>(Arc::new(token))
            });
            tokio::time::timeout(self.limit, ask)
                .await
                .map_err(|_late| Broken::NoCredentials {
                    detail: format!("no ID token for {audience} within {} s", self.limit.as_secs_f32()),
                    mend: None,
                })?
                .map_err(NoAnswer::Broken)
        };
        self.id_tokens.get(audience, make).await.map_err(|none| match none {
            NoAnswer::Broken(why) => why,
            NoAnswer::NotFound => {
                Broken::NoCredentials { detail: format!("no ID token for {audience}"), mend: None }
            }
        })
    }

    /// One call, bounded in time, its error told apart.
    async fn read<T: Send>(
        &self,
        call: &'static Call,
        resource: &str,
        ask: impl Future<Output = Result<google_cloud_gax::Result<T>, Broken>> + Send,
    ) -> Answer<T> {
        names::check(resource)?;
        let project = names::segment(resource, "projects").unwrap_or_default();
        // Boxed, or the types of the libraries' futures would grow into those of all checks.
        let ask: BoxFuture<'_, _> = Box::pin(ask);
        match tokio::time::timeout(self.limit, ask).await {
            Ok(Ok(Ok(answer))) => Ok(Arc::new(answer)),
            Ok(Ok(Err(error))) => Err(no_answer(&error, Asked { call, resource, project })),
            Ok(Err(why)) => Err(why.into()),
            Err(_) => Err(NoAnswer::Broken(Broken::Unavailable {
                what: resource.to_owned(),
                detail: format!("no answer within {} s", self.limit.as_secs_f32()),
            })),
        }
    }
}

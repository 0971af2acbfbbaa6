//! Cloud SQL Admin API.

use std::sync::Arc;

use google_cloud_sql_v1::model::{
    ConnectSettings, Database, DatabaseInstance, DatabasesListResponse, GenerateEphemeralCertResponse,
    InstancesListResponse, User, UsersListResponse,
};
use serde_json::json;

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, NoAnswer, about, calls};
use crate::record::Inconclusive;

/// What was read of Cloud SQL.
#[derive(Debug, Default)]
pub(super) struct Memos {
    instances: Memo<DatabaseInstance>,
    lists: Memo<Vec<DatabaseInstance>>,
    users: Memo<Vec<User>>,
    databases: Memo<Vec<Database>>,
    connects: Memo<ConnectSettings>,
}

impl Google {
    /// A Cloud SQL instance (`cloudsql.instances.get`).
    pub async fn instance(&self, project: &str, instance: &str) -> Answer<DatabaseInstance> {
        let name = format!("projects/{project}/instances/{instance}");
        let fetch = async || {
            let found: Arc<DatabaseInstance> =
                self.read(&calls::INSTANCE, &name, Ask::get(format!("v1/{name}"))).await?;
            about(&name, &found.name.clone(), found)
        };
        self.sql.instances.get(&name, fetch).await
    }

    /// Every Cloud SQL instance of a project, of all engines (`cloudsql.instances.list`).
    pub async fn instances(&self, project: &str) -> Answer<Vec<DatabaseInstance>> {
        let name = &format!("projects/{project}/instances");
        let fetch = || {
            let parts = |page: InstancesListResponse| (page.items, Some(page.next_page_token));
            self.all(&calls::INSTANCES, name, Ask::get(format!("v1/{name}")), parts)
        };
        self.sql.lists.get(name, fetch).await
    }

    /// How connectors find an instance, and by what they know it (`cloudsql.instances.get`).
    pub async fn connect_settings(&self, project: &str, instance: &str) -> Answer<ConnectSettings> {
        let name = format!("projects/{project}/instances/{instance}");
        let ask = || Ask::get(format!("v1/{name}/connectSettings"));
        let fetch = || self.read(&calls::CONNECT_SETTINGS, &name, ask());
        self.sql.connects.get(&name, fetch).await
    }

    /// A certificate, in PEM, that Cloud SQL signs for a public key: for about an hour an instance takes a connector with
    /// it (`cloudsql.instances.connect`). Made anew each time.
    ///
    /// # Errors
    /// [`NoAnswer`]: Cloud SQL gives none.
    pub async fn ephemeral_certificate(
        &self,
        project: &str,
        instance: &str,
        public_key: &str,
    ) -> Result<String, NoAnswer> {
        let name = format!("projects/{project}/instances/{instance}");
        // A POST that leaves nothing behind.
        let ask = Ask::post(format!("v1/{name}:generateEphemeralCert"), json!({"public_key": public_key}));
        let answer: GenerateEphemeralCertResponse = self.once(&calls::CONNECT, &name, ask).await?;
        answer.ephemeral_cert.map(|one| one.cert).filter(|pem| !pem.is_empty()).ok_or_else(|| {
            let detail = "no certificate is in the answer".to_owned();
            Inconclusive::Malformed { what: name.clone(), detail }.into()
        })
    }

    /// The users of an instance (`cloudsql.users.list`).
    pub async fn database_users(&self, project: &str, instance: &str) -> Answer<Vec<User>> {
        let name = &format!("projects/{project}/instances/{instance}/users");
        let fetch = || {
            // The API knows a token, and no way to send it: everything is in the first answer.
            let parts = |list: UsersListResponse| (list.items, None);
            self.all(&calls::USERS, name, Ask::get(format!("v1/{name}")), parts)
        };
        self.sql.users.get(name, fetch).await
    }

    /// The databases of an instance (`cloudsql.databases.list`).
    pub async fn databases(&self, project: &str, instance: &str) -> Answer<Vec<Database>> {
        let name = &format!("projects/{project}/instances/{instance}/databases");
        let fetch = || {
            let parts = |list: DatabasesListResponse| (list.items, None);
            self.all(&calls::DATABASES, name, Ask::get(format!("v1/{name}")), parts)
        };
        self.sql.databases.get(name, fetch).await
    }
}

//! Cloud SQL Admin API.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_sql_v1::model::{ConnectSettings, Database, DatabaseInstance, User};

use super::memo::Memo;
use super::{Answer, Google, NoAnswer, calls};
use crate::run::outcome::Broken;

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
        let fetch = || {
            self.read(&calls::INSTANCE, &name, async {
                let call = self.clients.instances().await?.get();
                Ok(call.set_project(project).set_instance(instance).send().await)
            })
        };
        self.sql.instances.get(&name, fetch).await
    }

    /// Every Cloud SQL instance of a project, of all engines (`cloudsql.instances.list`).
    pub async fn instances(&self, project: &str) -> Answer<Vec<DatabaseInstance>> {
        let name = &format!("projects/{project}/instances");
        let fetch = || {
            self.all(&calls::INSTANCES, name, async |token| {
                let call = self.clients.instances().await?.list();
                let page = call.set_project(project).set_page_token(token).send().await;
                Ok(page.map(|page| (page.items, page.next_page_token)))
            })
        };
        self.sql.lists.get(name, fetch).await
    }

    /// How connectors find an instance, and by what they know it (`cloudsql.instances.get`).
    pub async fn connect_settings(&self, project: &str, instance: &str) -> Answer<ConnectSettings> {
        let name = format!("projects/{project}/instances/{instance}");
        let fetch = || {
            self.read(&calls::CONNECT_SETTINGS, &name, async {
                let call = self.clients.connects().await?.get_connect_settings();
                Ok(call.set_project(project).set_instance(instance).send().await)
            })
        };
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
        let ask = async {
            let call = self.clients.connects().await?.generate_ephemeral_cert();
            let call = call.set_project(project).set_instance(instance).set_public_key(public_key);
            // A POST that leaves nothing behind.
            Ok(call.with_idempotency(true).send().await)
        };
        let answer = self.once(&calls::CONNECT, &name, ask).await?;
        answer.ephemeral_cert.map(|one| one.cert).filter(|pem| !pem.is_empty()).ok_or_else(|| {
            let detail = "no certificate is in the answer".to_owned();
            Broken::Malformed { what: name.clone(), detail }.into()
        })
    }

    /// The users of an instance (`cloudsql.users.list`).
    pub async fn database_users(&self, project: &str, instance: &str) -> Answer<Vec<User>> {
        let name = &format!("projects/{project}/instances/{instance}/users");
        let fetch = || {
            self.all(&calls::USERS, name, async |_token| {
                let call = self.clients.users().await?.list();
                let list = call.set_project(project).set_instance(instance).send().await;
                // The API knows a token, and no way to send it: everything is in the first answer.
                Ok(list.map(|list| (list.items, String::new())))
            })
        };
        self.sql.users.get(name, fetch).await
    }

    /// The databases of an instance (`cloudsql.databases.list`).
    pub async fn databases(&self, project: &str, instance: &str) -> Answer<Vec<Database>> {
        let name = &format!("projects/{project}/instances/{instance}/databases");
        let fetch = || {
            self.all(&calls::DATABASES, name, async |_token| {
                let call = self.clients.databases().await?.list();
                let list = call.set_project(project).set_instance(instance).send().await;
                Ok(list.map(|list| (list.items, String::new())))
            })
        };
        self.sql.databases.get(name, fetch).await
    }
}

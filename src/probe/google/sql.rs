//! Cloud SQL Admin API.

use google_cloud_sql_v1::model::{Database, DatabaseInstance, User};

use super::memo::Memo;
use super::{Answer, Google, calls};

/// What was read of Cloud SQL.
#[derive(Debug, Default)]
pub(super) struct Memos {
    instances: Memo<DatabaseInstance>,
    lists: Memo<Vec<DatabaseInstance>>,
    users: Memo<Vec<User>>,
    databases: Memo<Vec<Database>>,
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

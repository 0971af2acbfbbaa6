//! Cloud SQL Admin API.

use std::sync::Arc;

use google_cloud_sql_v1::model::{
    Database, DatabaseInstance, DatabasesListResponse, InstancesListResponse, User, UsersListResponse,
};

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, about, calls};

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

//! Serverless VPC Access API v1.

use std::sync::Arc;

use google_cloud_vpcaccess_v1::model::Connector;

use super::memo::Memo;
use super::transport::Ask;
use super::{Answer, Google, about, calls};

/// What was read of connectors.
#[derive(Debug, Default)]
pub(super) struct Memos {
    connectors: Memo<Connector>,
}

impl Google {
    /// A Serverless VPC Access connector by its full name, `projects/P/locations/R/connectors/C`
    /// (`vpcaccess.connectors.get`).
    pub async fn connector(&self, name: &str) -> Answer<Connector> {
        let fetch = async || {
            let found: Arc<Connector> =
                self.read(&calls::CONNECTOR, name, Ask::get(format!("v1/{name}"))).await?;
            about(name, &found.name.clone(), found)
        };
        self.vpc_access.connectors.get(name, fetch).await
    }
}

//! Serverless VPC Access API v1.

use google_cloud_vpcaccess_v1::model::{Connector, ListConnectorsResponse, connector};

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use super::spelling::{Spelling, resource, spelling};
use crate::sandbox::world::{ConnectorState, ConnectorWorld, World};

const API: &str = "vpcaccess.googleapis.com";

const SPELLINGS: &[Spelling] = &[spelling!("state", connector::State)];

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, _) = ask.parts();
    let world = &ask.cloud.world;
    match segments[..] {
        ["v1", "projects", project, "locations", region, "connectors", name] => {
            let full = format!("projects/{project}/locations/{region}/connectors/{name}");
            Some(ask.allowed(API, project, "vpcaccess.connectors.get", &full).and_then(|()| {
                let connector = world.connector(&full).ok_or_else(|| Refusal::NotFound {
                    message: format!("Resource '{full}' was not found"),
                })?;
                resource(&model(world, connector), SPELLINGS)
            }))
        }
        ["v1", "projects", project, "locations", region, "connectors"] => {
            let parent = format!("projects/{project}/locations/{region}");
            Some(ask.allowed(API, project, "vpcaccess.connectors.list", &parent).and_then(|()| {
                // `-` stands for every region.
                let here =
                    |one: &&ConnectorWorld| one.project == project && (region == "-" || one.region == region);
                let connectors = world.connectors.iter().filter(here).map(|one| model(world, one));
                resource(&ListConnectorsResponse::new().set_connectors(connectors), SPELLINGS)
            }))
        }
        _ => None,
    }
}

fn model(world: &World, connector: &ConnectorWorld) -> Connector {
    let state = match connector.state {
        ConnectorState::Ready => connector::State::Ready,
        ConnectorState::Creating => connector::State::Creating,
        ConnectorState::Deleting => connector::State::Deleting,
        ConnectorState::Error => connector::State::Error,
        ConnectorState::Updating => connector::State::Updating,
    };
    let host = world.host(&connector.project);
    let model = Connector::new().set_name(connector.resource());
    let model = if host == connector.project {
        model.set_network(&connector.network).set_ip_cidr_range(connector.range.to_string())
    } else {
        // With Shared VPC it stands in a subnetwork of the host project, which tells its network.
        model.set_subnet(connector::Subnet::new().set_name(connector.shared_subnet()).set_project_id(host))
    };
    model
        .set_state(state)
        .set_machine_type("e2-micro")
        .set_min_instances(2)
        .set_max_instances(3)
        .set_min_throughput(200)
        .set_max_throughput(300)
}

//! Network Management API v1: Connectivity Tests, answered from the world's own network.

use axum::http::Method;
use google_cloud_networkmanagement_v1::model::reachability_details::Result as Reached;
use google_cloud_networkmanagement_v1::model::step::State;
use google_cloud_networkmanagement_v1::model::{
    ConnectivityTest, DropInfo, FirewallInfo, ReachabilityDetails, Step, Trace, drop_info,
    reachability_details, step,
};
use serde_json::json;

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use super::spelling::{Spelling, resource, spelling};
use crate::model::resource;
use crate::sandbox::network::{Lost, follow};
use crate::sandbox::world::{ConnectivityTests, EndpointStatus, FirewallWorld, VpcWorld, World};

const API: &str = "networkmanagement.googleapis.com";

const SPELLINGS: &[Spelling] = &[
    spelling!("state", step::State),
    spelling!("result", reachability_details::Result),
    spelling!("cause", drop_info::Cause),
];

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, _) = ask.parts();
    let ["v1", "projects", project, "locations", "global", rest @ ..] = &segments[..] else { return None };
    let parent = format!("projects/{project}/locations/global");
    let may = |permission| ask.allowed(API, project, permission, &parent);
    let world = &ask.cloud.world;
    let named = |id: &str| format!("{parent}/connectivityTests/{id}");
    let operation =
        |id: &str, done: bool| json!({"name": format!("{parent}/operations/operation-{id}"), "done": done});
    Some(match (rest, ask.method) {
        (["connectivityTests"], &Method::POST) => {
            may("networkmanagement.connectivitytests.create").and_then(|()| {
                let id = ask.query("testId").unwrap_or_default();
                let test: ConnectivityTest = serde_json::from_slice(ask.body).map_err(|error| {
                    Refusal::FailedPrecondition { message: format!("Invalid JSON payload received. {error}") }
                })?;
                ask.cloud.make_test(named(&id), test);
                Ok(operation(&id, false))
            })
        }
        (["operations", name], &Method::GET) => may("networkmanagement.operations.get").map(|()| {
            let id = name.strip_prefix("operation-").unwrap_or(name);
            operation(id, world.connectivity_tests != ConnectivityTests::NeverEnd)
        }),
        (["connectivityTests", id], &Method::GET) => {
            may("networkmanagement.connectivitytests.get").and_then(|()| {
                let test = ask.cloud.test(&named(id)).ok_or_else(|| not_found(&named(id)))?;
                resource(&traced(world, test.set_name(named(id))), SPELLINGS)
            })
        }
        (["connectivityTests", id], &Method::DELETE) => may("networkmanagement.connectivitytests.delete")
            .and_then(|()| {
                if world.connectivity_tests == ConnectivityTests::Stay {
                    let (permission, resource) = ("networkmanagement.connectivitytests.delete", named(id));
                    return Err(Refusal::Permission { api: API, permission, resource });
                }
                ask.cloud
                    .delete_test(&named(id))
                    .then(|| operation(id, true))
                    .ok_or_else(|| not_found(&named(id)))
            }),
        _ => return None,
    })
}

fn not_found(name: &str) -> Refusal {
    Refusal::NotFound { message: format!("Resource '{name}' was not found") }
}

/// The test with what becomes of its packet.
fn traced(world: &World, test: ConnectivityTest) -> ConnectivityTest {
    let there = details(world, &test);
    let back = (there.result == Reached::Reachable).then(|| {
        let steps = [step(State::Deliver)];
        ReachabilityDetails::new().set_result(Reached::Reachable).set_traces([Trace::new().set_steps(steps)])
    });
    test.set_reachability_details(there).set_or_clear_return_reachability_details(back)
}

fn details(world: &World, test: &ConnectivityTest) -> ReachabilityDetails {
    let result = |result, steps: Vec<Step>| {
        ReachabilityDetails::new().set_result(result).set_traces([Trace::new().set_steps(steps)])
    };
    let (mut steps, lost) = trace(world, test);
    match world.connectivity_tests {
        ConnectivityTests::Ambiguous => return result(Reached::Ambiguous, steps),
        ConnectivityTests::Undetermined => return result(Reached::Undetermined, vec![step(State::Abort)]),
        ConnectivityTests::Hidden => {
            steps.push(step(State::ViewerPermissionMissing).set_project_id("acme-host"));
            return result(Reached::Reachable, steps);
        }
        ConnectivityTests::SeeADrop => {
            steps.push(step(State::Drop).set_drop(DropInfo::new().set_cause(drop_info::Cause::NoRoute)));
            return result(Reached::Unreachable, steps);
        }
        ConnectivityTests::SeeNoDrop => return result(Reached::Reachable, steps),
        ConnectivityTests::Right | ConnectivityTests::NeverEnd | ConnectivityTests::Stay => {}
    }
    match lost.as_ref().map(cause) {
        Some(Some(cause)) => {
            if let Some(Lost::Out(rule) | Lost::In(Some(rule))) = &lost {
                steps.push(firewall(rule));
            }
            steps.push(step(State::Drop).set_causes_drop(true).set_drop(DropInfo::new().set_cause(cause)));
            result(Reached::Unreachable, steps)
        }
        // What no API shows, no analysis of the configuration sees.
        Some(None) | None => {
            steps.push(step(State::Deliver));
            result(Reached::Reachable, steps)
        }
    }
}

fn step(state: State) -> Step {
    Step::new().set_state(state)
}

fn firewall(rule: &FirewallWorld) -> Step {
    let (state, direction) = match rule.ingress {
        true => (State::ApplyIngressFirewallRule, "INGRESS"),
        false => (State::ApplyEgressFirewallRule, "EGRESS"),
    };
    let info = FirewallInfo::new()
        .set_display_name(&rule.name)
        .set_direction(direction)
        .set_action(if rule.allows { "ALLOW" } else { "DENY" })
        .set_priority(i32::from(rule.priority));
    step(state).set_causes_drop(!rule.allows).set_firewall(info)
}

/// The steps into the network, and where the packet is lost.
fn trace(world: &World, test: &ConnectivityTest) -> (Vec<Step>, Option<Lost>) {
    let mut steps = vec![step(State::StartFromCloudRunRevision)];
    let source = test.source.as_ref().and_then(|source| source.cloud_run_revision.as_ref());
    let short = source.map_or("", |source| resource::short(&source.uri));
    let mut revisions = world.services.iter().flat_map(|one| one.revisions.iter().map(move |it| (one, it)));
    let Some((service, revision)) = revisions.find(|(_, revision)| revision.name == short) else {
        return (steps, Some(Lost::Nobody));
    };
    steps.push(step(match revision.vpc {
        VpcWorld::None => State::ServerlessExternalConnection,
        VpcWorld::Connector { .. } => State::ArriveAtVpcConnector,
        VpcWorld::Direct { .. } => State::DirectVpcEgressConnection,
    }));
    let destination = test.destination.clone().unwrap_or_default();
    let of_instance = world.instances.iter().position(|one| {
        destination.cloud_sql_instance == format!("projects/{}/instances/{}", one.project, one.name)
    });
    let address = destination.ip_address.parse().ok().or_else(|| {
        let addresses = &world.instances[of_instance?].addresses;
        addresses.iter().max_by_key(|address| address.private).map(|address| address.ip)
    });
    let Some(address) = address else { return (steps, Some(Lost::Nobody)) };
    let port = u16::try_from(destination.port).unwrap_or_default();
    let lost = match follow(world, service, revision, (address, port).into()) {
        Err(lost) => Some(lost),
        Ok(index) if !world.instances[index].runs() => Some(Lost::NotRunning),
        Ok(index) if world.instances[index].connectors_only && port != 3307 => Some(Lost::ConnectorsOnly),
        Ok(_) => None,
    };
    (steps, lost)
}

/// Google's cause of a drop; `None`: no configuration shows it.
fn cause(lost: &Lost) -> Option<drop_info::Cause> {
    use drop_info::Cause;
    Some(match lost {
        Lost::Unseen => return None,
        Lost::Nobody => Cause::UnknownInternalAddress,
        Lost::NoWay => Cause::VpcConnectorNotSet,
        Lost::Bypasses => Cause::PrivateTrafficToInternet,
        Lost::Connector => Cause::VpcConnectorNotRunning,
        Lost::ConnectorRules => Cause::VpcConnectorServerlessTrafficBlocked,
        // The tests trace a packet of an instance that is there.
        Lost::Subnet => return None,
        Lost::OtherNetwork | Lost::Diverted => Cause::NoRoute,
        Lost::Out(_) | Lost::In(_) => Cause::FirewallRule,
        Lost::Peering => Cause::GoogleManagedServiceNoPeering,
        Lost::Endpoint(EndpointStatus::Accepted) => return None,
        Lost::Endpoint(EndpointStatus::Pending | EndpointStatus::Rejected | EndpointStatus::Closed) => {
            Cause::PscConnectionNotAccepted
        }
        Lost::NoNat => Cause::NoExternalAddress,
        Lost::NotAdmitted => Cause::CloudSqlInstanceUnauthorizedAccess,
        Lost::NotRunning => Cause::CloudSqlInstanceNotRunning,
        Lost::ConnectorsOnly => Cause::CloudSqlConnectorRequired,
    })
}

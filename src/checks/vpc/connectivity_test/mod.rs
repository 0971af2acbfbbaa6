//! Google's Connectivity Tests let a packet of the service through to its database: a second opinion, on request.

mod opinion;

use std::net::IpAddr;

use google_cloud_networkmanagement_v1::model::endpoint::CloudRunRevisionEndpoint;
use google_cloud_networkmanagement_v1::model::{ConnectivityTest, Endpoint};

use crate::checks::database::declared;
use crate::checks::vpc::path as way;
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::instance::addresses;
use crate::live::service::{failed, inconclusive, not_visible, passed};
use crate::model::resource::short;
use crate::record::finding::{Finding, OwnOpinion, PathFinding};
use crate::record::{Fact, Family, NodeKey, Outcome, check_id};
use opinion::Opinion;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::CONNECTIVITY_TEST_REACHES_DATABASE,
    holds: "Google's Connectivity Tests let a packet of the service through to its database",
    family: Family::Vpc,
    place: place::of_service,
    // What rungate itself sees to be broken is the deeper word; this one then agrees with it.
    explained_by: &[
        check_id::VPC_CONNECTOR_IN_REGION,
        check_id::EGRESS_COVERS_DATABASE,
        check_id::SUBNET_LARGE_ENOUGH,
        check_id::ADDRESS_RANGE_FREE,
        check_id::EGRESS_FIREWALL_ALLOWS,
        check_id::ROUTE_LEADS_TO_DATABASE,
        check_id::INGRESS_FIREWALL_ALLOWS,
        check_id::NAT_PRESENT,
        check_id::INSTANCE_RUNNING,
        check_id::INSTANCE_HAS_ADDRESS,
        check_id::INSTANCE_ALLOWS_SERVICE,
    ],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let revision = scope.revision().await?;
    let dialled = way::destination::dialled(scope).await?;
    let port = *dialled.ports.first().ok_or_else(|| not_visible("the port that is dialled is not known"))?;
    let (target, to) = (&scope.target, format!("{}:{port}", dialled.address));
    let instance = dialled.instance.as_ref().map(|one| Instance {
        name: format!("projects/{}/instances/{}", one.project, one.name),
        // The one address needs not be said.
        several: addresses(one).len() > 1,
    });
    let source = format!(
        "projects/{}/locations/{}/revisions/{}",
        target.project,
        target.region,
        short(&revision.name)
    );
    let owner = NodeKey { service: &target.key, check: CHECK.id, subject: None }.to_string();
    let test = test(source, destination(dialled.address, port, instance));
    let answer = scope.outside.google.tested(&target.project, &owner, test).await;
    let answer = answer.map_err(|answer| inconclusive("the Connectivity Test", answer))?;
    let own = way::own_opinion(scope).await;
    match opinion::read(&answer) {
        Opinion::Unproven(why) => Err(Outcome::Inconclusive { why }),
        Opinion::Reachable { there_only } => {
            if let OwnOpinion::Broken { fault } = &own {
                disagree(scope, "reachable", fault);
            }
            let way = if there_only { " (the way back was not traced)" } else { "" };
            Ok(passed(format!("a packet reaches {to}{way}")))
        }
        Opinion::Dropped(dropped) => {
            let finding = PathFinding::TestUnreachable {
                to,
                port,
                cause: dropped.cause,
                by: dropped.by,
                inwards: dropped.inwards,
                answer: dropped.answer,
                own,
            };
            if let PathFinding::TestUnreachable { own: OwnOpinion::Clear, .. } = &finding {
                disagree(scope, &finding.to_string(), &OwnOpinion::Clear.to_string());
            }
            Ok(failed(Finding::Path(finding)))
        }
    }
}

/// Both opinions, where they contradict each other.
///
/// "Configuration changes … take 20 to 120 seconds" until Connectivity Tests see them:
/// <https://cloud.google.com/network-intelligence-center/docs/connectivity-tests/concepts/overview>
fn disagree(scope: &Scope, googles: &str, own: &str) {
    scope.fact(Fact::Note {
        text: format!(
            "two opinions of the way; Google's: {googles}; rungate's own: {own}. Google may see a change two minutes late"
        ),
    });
}

fn test(source: String, destination: Endpoint) -> ConnectivityTest {
    let source = Endpoint::new().set_cloud_run_revision(CloudRunRevisionEndpoint::new().set_uri(source));
    ConnectivityTest::new()
        .set_description("made by rungate, which deletes it; if it is still there, its run was cut short")
        .set_labels([("managed-by", "rungate")])
        .set_source(source)
        .set_destination(destination)
        .set_protocol("TCP")
        .set_round_trip(true)
}

/// A Cloud SQL instance as the destination.
struct Instance {
    name: String,
    /// Whether it has several addresses, so that the dialled one has to be said.
    several: bool,
}

/// A Cloud SQL instance by its name; anything else by its address.
fn destination(address: IpAddr, port: u16, instance: Option<Instance>) -> Endpoint {
    let endpoint = Endpoint::new().set_port(i32::from(port));
    let by_address = |endpoint: Endpoint| endpoint.set_ip_address(address.to_string());
    match instance {
        Some(Instance { name, several: true }) => by_address(endpoint.set_cloud_sql_instance(name)),
        Some(Instance { name, several: false }) => endpoint.set_cloud_sql_instance(name),
        None => by_address(endpoint),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_test_is_of_googles_form() {
        let revision = "projects/p/locations/r/revisions/v";
        let made = |instance| {
            let test = test(revision.to_owned(), destination([10, 0, 0, 1].into(), 5432, instance));
            serde_json::to_value(&test).unwrap()
        };
        let named = |several| Some(Instance { name: "projects/p/instances/i".to_owned(), several });
        let json = made(named(false));
        assert_eq!(json["source"]["cloudRunRevision"]["uri"], revision);
        assert_eq!(json["destination"]["cloudSqlInstance"], "projects/p/instances/i");
        assert_eq!(
            (&json["destination"]["ipAddress"], &json["destination"]["port"]),
            (&Value::Null, &json!(5432))
        );
        assert_eq!((json["protocol"].as_str(), json["roundTrip"].as_bool()), (Some("TCP"), Some(true)));
        assert_eq!(made(named(true))["destination"]["ipAddress"], "10.0.0.1");
        assert_eq!(made(None)["destination"]["ipAddress"], "10.0.0.1");
    }
}

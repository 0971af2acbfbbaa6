//! Real gcloud reads the sandbox's control plane: what it shows is what the sandbox's world holds.
//!
//! Where gcloud is not installed, the tests say so and end.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

use rungate::sandbox::Sandbox;
use serde_json::Value;

use super::sandbox::{PROJECT, REGION, auth_by_direct_egress, endpoint, incident, known, sandbox as of};

/// A gcloud that talks to the sandbox and to nothing else, with a configuration folder of its own.
fn gcloud(sandbox: &Sandbox, folder: &Path) -> Command {
    let address = endpoint(sandbox);
    let mut command = Command::new("gcloud");
    for of_the_user in ["CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_ACTIVE_CONFIG_NAME", "HTTP_PROXY", "NO_PROXY"]
    {
        command.env_remove(of_the_user);
    }
    command
        .env("CLOUDSDK_CONFIG", folder)
        .env("CLOUDSDK_CORE_PROJECT", PROJECT)
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true")
        .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_VPCACCESS", &address)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", &address)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL", &address)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE", format!("{address}compute/v1/"))
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_NETWORKMANAGEMENT", &address)
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_NETWORKCONNECTIVITY", &address)
        // gcloud puts the region before Cloud Run's host name, which an address does not survive: so it gets a
        // name that nobody resolves, and the sandbox as its proxy.
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://run.sandbox.test/")
        .env("http_proxy", address.trim_end_matches('/'))
        .env("no_proxy", "127.0.0.1");
    command
}

/// Runs gcloud; `None`: it is not installed.
async fn run(sandbox: &Sandbox, arguments: &str) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = gcloud(sandbox, folder.path());
    command.args(arguments.split(' ')).arg("--format=json");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    drop(folder);
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("skipped: gcloud is not installed");
            None
        }
        Err(error) => panic!("gcloud: {error}"),
    }
}

/// What gcloud shows; `None`: it is not installed.
async fn shown(sandbox: &Sandbox, arguments: &str) -> Option<Value> {
    let output = run(sandbox, arguments).await?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "gcloud {arguments}: {text}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn run_services_describe() {
    let sandbox = incident(&[]).await;
    let arguments = format!("run services describe auth --region {REGION}");
    let Some(service) = shown(&sandbox, &arguments).await else { return };
    let newest = sandbox.world().services[0].newest().unwrap();
    assert_eq!(service["status"]["url"], sandbox.url("auth").unwrap());
    assert_eq!(service["status"]["latestReadyRevisionName"], newest.name);
    assert_eq!(service["status"]["conditions"][0]["status"], "True");
    let template = &service["spec"]["template"];
    assert_eq!(
        template["metadata"]["annotations"]["run.googleapis.com/vpc-access-connector"],
        format!("projects/{PROJECT}/locations/{REGION}/connectors/auth-connector")
    );
    let env = template["spec"]["containers"][0]["env"].as_array().unwrap();
    assert!(env.iter().any(|one| one["name"] == "DB_HOST" && one["value"] == "10.20.0.3"));
    let secret = env.iter().find(|one| one["name"] == "JWT_SECRET").unwrap();
    assert_eq!(secret["valueFrom"]["secretKeyRef"]["name"], "jwt-secret");
    assert_eq!(secret["valueFrom"]["secretKeyRef"]["key"], "2");
}

#[tokio::test]
async fn run_services_describe_of_a_failed_deploy() {
    let sandbox = incident(&["secret-access-denied"]).await;
    let arguments = format!("run services describe auth --region {REGION}");
    let Some(service) = shown(&sandbox, &arguments).await else { return };
    let ready = &service["status"]["conditions"][0];
    assert_eq!(ready["status"], "False");
    assert!(ready["message"].as_str().unwrap().starts_with("Permission denied on secret: "));
    assert_ne!(service["status"]["latestReadyRevisionName"], service["status"]["latestCreatedRevisionName"]);
}

#[tokio::test]
async fn vpc_access_connectors_describe() {
    let sandbox = incident(&["vpc-connector-not-ready"]).await;
    let arguments =
        format!("compute networks vpc-access connectors describe auth-connector --region {REGION}");
    let Some(connector) = shown(&sandbox, &arguments).await else { return };
    assert_eq!(connector["name"], sandbox.world().connectors[0].resource());
    assert_eq!(connector["state"], "ERROR");
    assert_eq!(connector["network"], sandbox.world().connectors[0].network);
}

#[tokio::test]
async fn secrets_versions_list() {
    let sandbox = incident(&["secret-version-disabled"]).await;
    let Some(versions) = shown(&sandbox, "secrets versions list db-password").await else { return };
    assert_eq!(versions.as_array().unwrap().len(), 1);
    assert_eq!(versions[0]["state"], "DISABLED");
    assert!(versions[0]["name"].as_str().unwrap().ends_with("/secrets/db-password/versions/1"));
}

#[tokio::test]
async fn sql_instances_describe() {
    let sandbox = incident(&["instance-stopped"]).await;
    let Some(instance) = shown(&sandbox, "sql instances describe auth-db").await else { return };
    assert_eq!(instance["connectionName"], sandbox.world().instances[0].connection_name());
    // gcloud's own word for RUNNABLE with activation policy NEVER.
    assert_eq!(instance["state"], "STOPPED");
    assert_eq!(instance["settings"]["activationPolicy"], "NEVER");
    assert_eq!(instance["ipAddresses"][0]["ipAddress"], "10.20.0.3");
    assert_eq!(instance["databaseVersion"], "POSTGRES_15");
}

#[tokio::test]
async fn a_refusal_reads_like_googles() {
    let sandbox = incident(&["permission-missing"]).await;
    let arguments =
        format!("compute networks vpc-access connectors describe auth-connector --region {REGION}");
    let Some(output) = run(&sandbox, &arguments).await else { return };
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("vpcaccess.connectors.get"), "{text}");
}

#[tokio::test]
async fn compute_networks_and_their_peerings() {
    let sandbox = incident(&["peering-inactive"]).await;
    let Some(network) = shown(&sandbox, "compute networks describe default").await else { return };
    assert_eq!(network["name"], "default");
    assert_eq!(network["peerings"][0]["state"], "INACTIVE");
    let arguments = format!(
        "compute networks peerings list-routes servicenetworking-googleapis-com --network default --region {REGION} \
         --direction INCOMING"
    );
    let routes = shown(&sandbox, &arguments).await.unwrap();
    assert_eq!(routes.as_array().map(Vec::len), Some(0), "{routes}");
}

#[tokio::test]
async fn compute_effective_firewalls() {
    let sandbox = incident(&["firewall-denies-egress"]).await;
    let Some(found) = shown(&sandbox, "compute networks get-effective-firewalls default").await else {
        return;
    };
    let rules = found["firewalls"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["name"] == "deny-database-egress").unwrap();
    assert_eq!((rule["direction"].as_str(), rule["priority"].as_i64()), (Some("EGRESS"), Some(900)));
    assert_eq!(rule["denied"][0]["ports"], serde_json::json!(["5432", "3307"]));
}

#[tokio::test]
async fn compute_routes_addresses_and_routers() {
    let sandbox = incident(&[]).await;
    let Some(routes) = shown(&sandbox, "compute routes list").await else { return };
    assert_eq!(routes[0]["destRange"], "0.0.0.0/0");
    let addresses = shown(&sandbox, "compute addresses list --global").await.unwrap();
    assert_eq!(addresses[0]["purpose"], "VPC_PEERING");
    assert_eq!(addresses[0]["address"], "10.20.0.0");
}

#[tokio::test]
async fn policy_based_routes() {
    let sandbox = incident(&["diverted-by-a-policy-based-route"]).await;
    let arguments = "network-connectivity policy-based-routes list";
    let Some(routes) = shown(&sandbox, arguments).await else { return };
    let route =
        routes.as_array().unwrap().iter().find(|route| route["nextHopIlbIp"] == "10.132.0.100").unwrap();
    assert_eq!(
        (route["priority"].as_u64(), &route["filter"]["destRange"]),
        (Some(500), &"10.20.0.0/24".into())
    );
    assert!(routes.as_array().unwrap().iter().any(|route| route["nextHopOtherRoutes"] == "DEFAULT_ROUTING"));
}

/// What private services, a router and a subnetwork look like to gcloud in a world that has them.
#[tokio::test]
async fn compute_subnetworks_and_routers_of_direct_egress() {
    let mut service = auth_by_direct_egress();
    service.vpc.egress = Some(known("all-traffic"));
    let sandbox = of(service, &[]).await;
    let arguments = format!("compute networks subnets describe run --region {REGION}");
    let Some(subnet) = shown(&sandbox, &arguments).await else { return };
    assert!(subnet["network"].as_str().unwrap().ends_with("/global/networks/default"), "{subnet}");
    let router =
        shown(&sandbox, &format!("compute routers describe router-{REGION} --region {REGION}")).await;
    assert_eq!(router.unwrap()["nats"][0]["name"], "nat");
    let status =
        shown(&sandbox, &format!("compute routers get-status router-{REGION} --region {REGION}")).await;
    assert!(status.unwrap()["result"]["network"].is_string());
}

#[tokio::test]
async fn compute_machines_and_endpoints() {
    let sandbox = incident(&["firewall-denies-ingress"]).await;
    let Some(machines) = shown(&sandbox, "compute instances list").await else { return };
    assert_eq!(machines[0]["networkInterfaces"][0]["networkIP"], "10.20.0.3", "{machines}");
    assert_eq!(machines[0]["tags"]["items"][0], "postgres");
    let sandbox = incident(&["psc-endpoint-missing"]).await;
    let arguments = format!("compute forwarding-rules list --regions {REGION}");
    let rules = shown(&sandbox, &arguments).await.unwrap();
    assert_eq!(rules[0]["pscConnectionStatus"], "CLOSED", "{rules}");
}

//! The calls that the gate makes of the control plane, each with what it needs.
//!
//! Permissions and the smallest predefined roles that hold them are those of Google's IAM reference.

/// A call and what it needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The API's service name.
    pub(super) api: &'static str,
    /// The permission that Google asks for.
    pub(super) permission: &'static str,
    /// The smallest predefined role that holds it.
    pub(super) role: &'static str,
}

const RUN: &str = "run.googleapis.com";
const SECRETMANAGER: &str = "secretmanager.googleapis.com";
const COMPUTE: &str = "compute.googleapis.com";
const IAMCREDENTIALS: &str = "iamcredentials.googleapis.com";
const WORKLOAD_IDENTITY: &str = "roles/iam.workloadIdentityUser";
const SQLADMIN: &str = "sqladmin.googleapis.com";

/// A Cloud Run service.
pub(super) const SERVICE: Call = Call { api: RUN, permission: "run.services.get", role: "roles/run.viewer" };
/// The Cloud Run services of a region.
pub(super) const SERVICES: Call =
    Call { api: RUN, permission: "run.services.list", role: "roles/run.viewer" };
/// A revision of it.
pub(super) const REVISION: Call =
    Call { api: RUN, permission: "run.revisions.get", role: "roles/run.viewer" };
/// The revisions of a service.
pub(super) const REVISIONS: Call =
    Call { api: RUN, permission: "run.revisions.list", role: "roles/run.viewer" };
/// Who may do what with a service.
pub(super) const SERVICE_POLICY: Call =
    Call { api: RUN, permission: "run.services.getIamPolicy", role: "roles/run.viewer" };
/// Sending the traffic of a service elsewhere; the caller must also be allowed to act as the account that it runs as.
pub(super) const MOVE_TRAFFIC: Call =
    Call { api: RUN, permission: "run.services.update", role: "roles/run.developer" };
/// A Serverless VPC Access connector.
pub(super) const CONNECTOR: Call = Call {
    api: "vpcaccess.googleapis.com",
    permission: "vpcaccess.connectors.get",
    role: "roles/vpcaccess.viewer",
};
/// A secret, without its payload.
pub(super) const SECRET: Call =
    Call { api: SECRETMANAGER, permission: "secretmanager.secrets.get", role: "roles/secretmanager.viewer" };
/// The state of a secret's version.
pub(super) const VERSION: Call =
    Call { api: SECRETMANAGER, permission: "secretmanager.versions.get", role: "roles/secretmanager.viewer" };
/// The payload of a secret's version.
pub(super) const PAYLOAD: Call = Call {
    api: SECRETMANAGER,
    permission: "secretmanager.versions.access",
    role: "roles/secretmanager.secretAccessor",
};
/// Who may do what with a secret.
pub(super) const SECRET_POLICY: Call = Call {
    api: SECRETMANAGER,
    permission: "secretmanager.secrets.getIamPolicy",
    role: "roles/secretmanager.viewer",
};
/// What the gate itself may do with a secret; Google asks for no permission, the names are those of the resource.
pub(super) const HELD_ON_SECRET: Call =
    Call { api: SECRETMANAGER, permission: "secretmanager.secrets.get", role: "roles/secretmanager.viewer" };
/// What the gate itself may do in a project; Google asks for no permission.
pub(super) const HELD_ON_PROJECT: Call = resourcemanager("resourcemanager.projects.get", "roles/browser");
/// Who may do what in a project.
pub(super) const PROJECT_POLICY: Call =
    resourcemanager("resourcemanager.projects.getIamPolicy", "roles/browser");
/// A project, with what it stands under.
pub(super) const PROJECT: Call = resourcemanager("resourcemanager.projects.get", "roles/browser");
/// A folder, with what it stands under.
pub(super) const FOLDER: Call = resourcemanager("resourcemanager.folders.get", "roles/browser");
/// Who may do what in a folder and everything under it.
pub(super) const FOLDER_POLICY: Call =
    resourcemanager("resourcemanager.folders.getIamPolicy", "roles/iam.securityReviewer");
/// Who may do what in an organisation and everything under it.
pub(super) const ORGANIZATION_POLICY: Call =
    resourcemanager("resourcemanager.organizations.getIamPolicy", "roles/iam.securityReviewer");
/// A Cloud SQL instance.
pub(super) const INSTANCE: Call =
    Call { api: SQLADMIN, permission: "cloudsql.instances.get", role: "roles/cloudsql.viewer" };
/// How connectors find a Cloud SQL instance, and by what they know it.
pub(super) const CONNECT_SETTINGS: Call =
    Call { api: SQLADMIN, permission: "cloudsql.instances.get", role: "roles/cloudsql.viewer" };
/// A certificate with which a Cloud SQL instance takes a connector.
pub(super) const CONNECT: Call =
    Call { api: SQLADMIN, permission: "cloudsql.instances.connect", role: "roles/cloudsql.client" };
/// An access token of a service account that is impersonated.
pub(super) const ACCESS_TOKEN: Call = Call {
    api: IAMCREDENTIALS,
    permission: "iam.serviceAccounts.getAccessToken",
    role: "roles/iam.serviceAccountTokenCreator",
};
/// An access token with which the service's account logs in to its database.
pub(super) const LOGIN_TOKEN: Call = Call { ..ACCESS_TOKEN };
/// The same, for a federated principal: the role that is meant for those.
pub(super) const ACCESS_TOKEN_FEDERATED: Call = Call { role: WORKLOAD_IDENTITY, ..ACCESS_TOKEN };
/// An ID token of a service account.
pub(super) const ID_TOKEN: Call = Call {
    api: IAMCREDENTIALS,
    permission: "iam.serviceAccounts.getOpenIdToken",
    role: "roles/iam.serviceAccountOpenIdTokenCreator",
};
/// The same, for a federated principal.
pub(super) const ID_TOKEN_FEDERATED: Call = Call { role: WORKLOAD_IDENTITY, ..ID_TOKEN };
/// The Cloud SQL instances of a project.
pub(super) const INSTANCES: Call =
    Call { api: SQLADMIN, permission: "cloudsql.instances.list", role: "roles/cloudsql.viewer" };
/// The users of a Cloud SQL instance.
pub(super) const USERS: Call =
    Call { api: SQLADMIN, permission: "cloudsql.users.list", role: "roles/cloudsql.viewer" };
/// The databases of a Cloud SQL instance.
pub(super) const DATABASES: Call =
    Call { api: SQLADMIN, permission: "cloudsql.databases.list", role: "roles/cloudsql.viewer" };
/// Whether an account may do something. The permissions of Security Reviewer decide how much of the policies the
/// troubleshooter may look at.
pub(super) const TROUBLESHOOT: Call = Call {
    api: "policytroubleshooter.googleapis.com",
    permission: "iam.roles.get",
    role: "roles/iam.securityReviewer",
};
/// Log entries.
pub(super) const LOG_ENTRIES: Call = Call {
    api: "logging.googleapis.com",
    permission: "logging.logEntries.list",
    role: "roles/logging.viewer",
};
/// A VPC network.
pub(super) const NETWORK: Call = compute("compute.networks.get");
/// The firewall rules in force in a network.
pub(super) const FIREWALLS: Call = compute("compute.networks.getEffectiveFirewalls");
/// The same, with the policies of a region.
pub(super) const REGIONAL_FIREWALLS: Call = compute("compute.networks.getRegionEffectiveFirewalls");
/// The routes of a project.
pub(super) const ROUTES: Call = compute("compute.routes.list");
/// The routes that a peering brings.
pub(super) const PEERING_ROUTES: Call = compute("compute.networks.listPeeringRoutes");
/// A subnetwork.
pub(super) const SUBNETWORK: Call = compute("compute.subnetworks.get");
/// What a Cloud Router has learnt.
pub(super) const ROUTER_STATUS: Call = compute("compute.routers.get");
/// The Cloud Routers of a region, with their NAT gateways.
pub(super) const ROUTERS: Call = compute("compute.routers.list");
/// Allocated ranges of private services access.
pub(super) const GLOBAL_ADDRESSES: Call = compute("compute.globalAddresses.list");
/// Private Service Connect endpoints of a region.
pub(super) const FORWARDING_RULES: Call = compute("compute.forwardingRules.list");
/// Policy-based routes. The smallest predefined roles for networks alone do not hold it; this one may list everything.
pub(super) const POLICY_ROUTES: Call = Call {
    api: "networkconnectivity.googleapis.com",
    permission: "networkconnectivity.policyBasedRoutes.list",
    role: "roles/iam.securityReviewer",
};
/// Virtual machines.
pub(super) const MACHINES: Call =
    Call { api: COMPUTE, permission: "compute.instances.list", role: "roles/compute.viewer" };

/// Making a Connectivity Test.
pub(super) const CONNECTIVITY_TEST_CREATE: Call = connectivity("networkmanagement.connectivitytests.create");
/// Waiting for it.
pub(super) const CONNECTIVITY_TEST_OPERATION: Call = connectivity("networkmanagement.operations.get");
/// Its result.
pub(super) const CONNECTIVITY_TEST: Call = connectivity("networkmanagement.connectivitytests.get");
/// Taking it away again.
pub(super) const CONNECTIVITY_TEST_DELETE: Call = connectivity("networkmanagement.connectivitytests.delete");

/// A call of Connectivity Tests. Reading alone would take a smaller role; who makes tests needs this one anyway.
const fn connectivity(permission: &'static str) -> Call {
    Call { api: "networkmanagement.googleapis.com", permission, role: "roles/networkmanagement.admin" }
}

/// A read of a network.
const fn compute(permission: &'static str) -> Call {
    Call { api: COMPUTE, permission, role: "roles/compute.networkViewer" }
}

/// A read of what projects stand under.
const fn resourcemanager(permission: &'static str, role: &'static str) -> Call {
    Call { api: "cloudresourcemanager.googleapis.com", permission, role }
}

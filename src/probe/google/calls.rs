//! The calls that the gate makes of the control plane: what each needs, where it is made, and when.
//!
//! Permissions and the smallest predefined roles that hold them are those of Google's IAM reference.

/// A call and what it needs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The API's service name.
    pub(super) api: &'static str,
    /// The permission that Google asks for.
    pub(crate) permission: &'static str,
    /// The smallest predefined role that holds it.
    pub(crate) role: &'static str,
}

/// Where a permission is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantedOn {
    /// The project of the service.
    Service,
    /// The project of its VPC connector.
    Connector,
    /// The project of its network: for a Shared VPC the host project.
    Network,
    /// Each secret that the service is given.
    Secrets,
    /// Each secret that leads to its database.
    DatabaseSecrets,
    /// The project of its Cloud SQL instance.
    Instance,
    /// The account that the service runs as, where its database user is that account.
    LoginAccount,
    /// The projects of secrets and instance: their policies may grant what the runtime account needs.
    Grantors,
    /// What the projects stand under: folders and organisation.
    Above,
}

/// When a permission is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// In every run.
    Always,
    /// With `--inspect-secrets`.
    Inspecting,
    /// With `--connectivity-test`.
    Testing,
    /// With `--on-failure rollback`.
    RollingBack,
    /// Never; with it the gate sees more.
    Better,
}

/// A call, where it is made, and when.
#[derive(Debug)]
pub(crate) struct Need {
    /// The call.
    pub(crate) call: &'static Call,
    /// Where.
    pub(crate) place: GrantedOn,
    /// When.
    pub(crate) when: When,
}

const RUN: &str = "run.googleapis.com";
const VPCACCESS: &str = "vpcaccess.googleapis.com";
const SECRETMANAGER: &str = "secretmanager.googleapis.com";
const RESOURCEMANAGER: &str = "cloudresourcemanager.googleapis.com";
const POLICYTROUBLESHOOTER: &str = "policytroubleshooter.googleapis.com";
const SQLADMIN: &str = "sqladmin.googleapis.com";
const IAMCREDENTIALS: &str = "iamcredentials.googleapis.com";
const LOGGING: &str = "logging.googleapis.com";
const COMPUTE: &str = "compute.googleapis.com";
const NETWORKCONNECTIVITY: &str = "networkconnectivity.googleapis.com";
const NETWORKMANAGEMENT: &str = "networkmanagement.googleapis.com";

/// One line a call, so that none is made that nobody is told of: `needed` ones become [`NEEDS`] as well.
macro_rules! calls {
    (
        needed { $($(#[$doc:meta])* $name:ident: $api:ident, $permission:literal, $role:literal, $place:ident, $when:ident;)* }
        of_the_gate { $($(#[$own_doc:meta])* $own:ident: $own_api:ident, $own_permission:literal, $own_role:literal;)* }
    ) => {
        $($(#[$doc])* pub(super) const $name: Call = Call { api: $api, permission: $permission, role: $role };)*
        $($(#[$own_doc])* pub(super) const $own: Call =
            Call { api: $own_api, permission: $own_permission, role: $own_role };)*

        /// What the gate must be allowed.
        pub(crate) static NEEDS: &[Need] =
            &[$(Need { call: &$name, place: GrantedOn::$place, when: When::$when }),*];
    };
}

calls! {
    needed {
        /// A Cloud Run service.
        SERVICE: RUN, "run.services.get", "roles/run.viewer", Service, Always;
        /// The Cloud Run services of a region.
        SERVICES: RUN, "run.services.list", "roles/run.viewer", Service, Always;
        /// A revision of it.
        REVISION: RUN, "run.revisions.get", "roles/run.viewer", Service, Always;
        /// The revisions of a service.
        REVISIONS: RUN, "run.revisions.list", "roles/run.viewer", Service, Always;
        /// Who may do what with a service.
        SERVICE_POLICY: RUN, "run.services.getIamPolicy", "roles/run.viewer", Service, Always;
        /// Sending the traffic of a service elsewhere; the caller must also be allowed to act as the account that it runs as.
        MOVE_TRAFFIC: RUN, "run.services.update", "roles/run.developer", Service, RollingBack;
        /// A Serverless VPC Access connector.
        CONNECTOR: VPCACCESS, "vpcaccess.connectors.get", "roles/vpcaccess.viewer", Connector, Always;
        /// A secret, without its payload.
        SECRET: SECRETMANAGER, "secretmanager.secrets.get", "roles/secretmanager.viewer", Secrets, Always;
        /// The state of a secret's version.
        VERSION: SECRETMANAGER, "secretmanager.versions.get", "roles/secretmanager.viewer", Secrets, Always;
        /// Who may do what with a secret.
        SECRET_POLICY: SECRETMANAGER, "secretmanager.secrets.getIamPolicy", "roles/secretmanager.viewer", Secrets, Always;
        /// The payload of a secret's version.
        PAYLOAD: SECRETMANAGER, "secretmanager.versions.access", "roles/secretmanager.secretAccessor", DatabaseSecrets, Inspecting;
        /// Who may do what in a project.
        PROJECT_POLICY: RESOURCEMANAGER, "resourcemanager.projects.getIamPolicy", "roles/browser", Grantors, Always;
        /// A project, with what it stands under.
        PROJECT: RESOURCEMANAGER, "resourcemanager.projects.get", "roles/browser", Grantors, Always;
        /// A folder, with what it stands under.
        FOLDER: RESOURCEMANAGER, "resourcemanager.folders.get", "roles/browser", Above, Better;
        /// Who may do what in a folder and everything under it.
        FOLDER_POLICY: RESOURCEMANAGER, "resourcemanager.folders.getIamPolicy", "roles/iam.securityReviewer", Above, Better;
        /// Who may do what in an organisation and everything under it.
        ORGANIZATION_POLICY: RESOURCEMANAGER, "resourcemanager.organizations.getIamPolicy", "roles/iam.securityReviewer", Above, Better;
        /// Whether an account may do something. The permissions of Security Reviewer decide how much of the policies the
        /// troubleshooter may look at.
        TROUBLESHOOT: POLICYTROUBLESHOOTER, "iam.roles.get", "roles/iam.securityReviewer", Above, Better;
        /// A Cloud SQL instance.
        INSTANCE: SQLADMIN, "cloudsql.instances.get", "roles/cloudsql.viewer", Instance, Always;
        /// The Cloud SQL instances of a project.
        INSTANCES: SQLADMIN, "cloudsql.instances.list", "roles/cloudsql.viewer", Instance, Always;
        /// How connectors find a Cloud SQL instance, and by what they know it.
        CONNECT_SETTINGS: SQLADMIN, "cloudsql.instances.get", "roles/cloudsql.viewer", Instance, Always;
        /// A certificate with which a Cloud SQL instance takes a connector.
        CONNECT: SQLADMIN, "cloudsql.instances.connect", "roles/cloudsql.client", Instance, Inspecting;
        /// An access token with which the service's account logs in to its database.
        LOGIN_TOKEN: IAMCREDENTIALS, "iam.serviceAccounts.getAccessToken", "roles/iam.serviceAccountTokenCreator", LoginAccount, Inspecting;
        /// The users of a Cloud SQL instance.
        USERS: SQLADMIN, "cloudsql.users.list", "roles/cloudsql.viewer", Instance, Always;
        /// The databases of a Cloud SQL instance.
        DATABASES: SQLADMIN, "cloudsql.databases.list", "roles/cloudsql.viewer", Instance, Always;
        /// Log entries.
        LOG_ENTRIES: LOGGING, "logging.logEntries.list", "roles/logging.viewer", Service, Better;
        /// A VPC network.
        NETWORK: COMPUTE, "compute.networks.get", "roles/compute.networkViewer", Network, Always;
        /// The firewall rules in force in a network.
        FIREWALLS: COMPUTE, "compute.networks.getEffectiveFirewalls", "roles/compute.networkViewer", Network, Always;
        /// The same, with the policies of a region.
        REGIONAL_FIREWALLS: COMPUTE, "compute.networks.getRegionEffectiveFirewalls", "roles/compute.networkViewer", Network, Always;
        /// The routes of a project.
        ROUTES: COMPUTE, "compute.routes.list", "roles/compute.networkViewer", Network, Always;
        /// The routes that a peering brings.
        PEERING_ROUTES: COMPUTE, "compute.networks.listPeeringRoutes", "roles/compute.networkViewer", Network, Always;
        /// A subnetwork.
        SUBNETWORK: COMPUTE, "compute.subnetworks.get", "roles/compute.networkViewer", Network, Always;
        /// The Cloud Routers of a region, with their NAT gateways.
        ROUTERS: COMPUTE, "compute.routers.list", "roles/compute.networkViewer", Network, Always;
        /// What a Cloud Router has learnt.
        ROUTER_STATUS: COMPUTE, "compute.routers.get", "roles/compute.networkViewer", Network, Always;
        /// Allocated ranges of private services access.
        GLOBAL_ADDRESSES: COMPUTE, "compute.globalAddresses.list", "roles/compute.networkViewer", Network, Always;
        /// Private Service Connect endpoints of a region.
        FORWARDING_RULES: COMPUTE, "compute.forwardingRules.list", "roles/compute.networkViewer", Network, Always;
        /// Policy-based routes. The smallest predefined roles for networks alone do not hold it; this one may list everything.
        POLICY_ROUTES: NETWORKCONNECTIVITY, "networkconnectivity.policyBasedRoutes.list", "roles/iam.securityReviewer", Network, Better;
        /// Virtual machines.
        MACHINES: COMPUTE, "compute.instances.list", "roles/compute.viewer", Network, Better;
        /// Making a Connectivity Test.
        CONNECTIVITY_TEST_CREATE: NETWORKMANAGEMENT, "networkmanagement.connectivitytests.create", "roles/networkmanagement.admin", Service, Testing;
        /// Waiting for it.
        CONNECTIVITY_TEST_OPERATION: NETWORKMANAGEMENT, "networkmanagement.operations.get", "roles/networkmanagement.admin", Service, Testing;
        /// Its result.
        CONNECTIVITY_TEST: NETWORKMANAGEMENT, "networkmanagement.connectivitytests.get", "roles/networkmanagement.admin", Service, Testing;
        /// Taking it away again.
        CONNECTIVITY_TEST_DELETE: NETWORKMANAGEMENT, "networkmanagement.connectivitytests.delete", "roles/networkmanagement.admin", Service, Testing;
    }
    // What impersonation takes depends on who the gate is, not on the pipeline; `docs/authentication.md` has it.
    // What `doctor` asks of the gate itself, Google answers everybody.
    of_the_gate {
        /// What the gate itself may do with a secret; Google asks for no permission, the names are those of the resource.
        HELD_ON_SECRET: SECRETMANAGER, "secretmanager.secrets.get", "roles/secretmanager.viewer";
        /// What the gate itself may do in a project; Google asks for no permission.
        HELD_ON_PROJECT: RESOURCEMANAGER, "resourcemanager.projects.get", "roles/browser";
        /// An access token of a service account that is impersonated.
        ACCESS_TOKEN: IAMCREDENTIALS, "iam.serviceAccounts.getAccessToken", "roles/iam.serviceAccountTokenCreator";
        /// The same, for a federated principal: the role that is meant for those.
        ACCESS_TOKEN_FEDERATED: IAMCREDENTIALS, "iam.serviceAccounts.getAccessToken", "roles/iam.workloadIdentityUser";
        /// An ID token of a service account.
        ID_TOKEN: IAMCREDENTIALS, "iam.serviceAccounts.getOpenIdToken", "roles/iam.serviceAccountOpenIdTokenCreator";
        /// The same, for a federated principal.
        ID_TOKEN_FEDERATED: IAMCREDENTIALS, "iam.serviceAccounts.getOpenIdToken", "roles/iam.workloadIdentityUser";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_and_roles_have_googles_form() {
        for need in NEEDS {
            assert_eq!(need.call.permission.split('.').count(), 3, "{}", need.call.permission);
            assert!(need.call.role.starts_with("roles/"), "{}", need.call.role);
        }
    }

    /// What a user may put elsewhere is every API that the gate asks.
    #[test]
    fn every_api_can_stand_elsewhere() {
        let here = Some("http://127.0.0.1:1/".to_owned());
        let everywhere = crate::probe::google::Endpoints {
            run: here.clone(),
            vpcaccess: here.clone(),
            secretmanager: here.clone(),
            sql: here.clone(),
            cloudresourcemanager: here.clone(),
            compute: here.clone(),
            networkmanagement: here.clone(),
            networkconnectivity: here.clone(),
            logging: here.clone(),
            policytroubleshooter: here.clone(),
            sts: here.clone(),
            iamcredentials: here,
        };
        for need in NEEDS {
            assert!(everywhere.of(need.call.api).is_some(), "{} cannot stand elsewhere", need.call.api);
        }
    }
}

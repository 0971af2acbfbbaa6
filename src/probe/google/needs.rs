//! Every call of the control plane, with where it is made and when: what the gate must be allowed.

use super::calls::{self, Call};

/// Where a permission is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
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
    call: &'static Call,
    /// Where.
    pub(crate) place: Place,
    /// When.
    pub(crate) when: When,
}

impl Need {
    /// The permission that Google asks for.
    pub(crate) fn permission(&self) -> &'static str {
        self.call.permission
    }

    /// The smallest predefined role that holds it.
    pub(crate) fn role(&self) -> &'static str {
        self.call.role
    }
}

const fn need(call: &'static Call, place: Place, when: When) -> Need {
    Need { call, place, when }
}

/// One line a call of [`calls`]. A test holds the two files together.
pub(crate) static NEEDS: &[Need] = &[
    need(&calls::SERVICE, Place::Service, When::Always),
    need(&calls::SERVICES, Place::Service, When::Always),
    need(&calls::REVISION, Place::Service, When::Always),
    need(&calls::REVISIONS, Place::Service, When::Always),
    need(&calls::SERVICE_POLICY, Place::Service, When::Always),
    need(&calls::MOVE_TRAFFIC, Place::Service, When::RollingBack),
    need(&calls::CONNECTOR, Place::Connector, When::Always),
    need(&calls::SECRET, Place::Secrets, When::Always),
    need(&calls::VERSION, Place::Secrets, When::Always),
    need(&calls::SECRET_POLICY, Place::Secrets, When::Always),
    need(&calls::PAYLOAD, Place::DatabaseSecrets, When::Inspecting),
    need(&calls::PROJECT_POLICY, Place::Grantors, When::Always),
    need(&calls::PROJECT, Place::Grantors, When::Always),
    need(&calls::FOLDER, Place::Above, When::Better),
    need(&calls::FOLDER_POLICY, Place::Above, When::Better),
    need(&calls::ORGANIZATION_POLICY, Place::Above, When::Better),
    need(&calls::TROUBLESHOOT, Place::Above, When::Better),
    need(&calls::INSTANCE, Place::Instance, When::Always),
    need(&calls::INSTANCES, Place::Instance, When::Always),
    need(&calls::CONNECT_SETTINGS, Place::Instance, When::Always),
    need(&calls::CONNECT, Place::Instance, When::Inspecting),
    need(&calls::LOGIN_TOKEN, Place::LoginAccount, When::Inspecting),
    need(&calls::USERS, Place::Instance, When::Always),
    need(&calls::DATABASES, Place::Instance, When::Always),
    need(&calls::LOG_ENTRIES, Place::Service, When::Better),
    need(&calls::NETWORK, Place::Network, When::Always),
    need(&calls::FIREWALLS, Place::Network, When::Always),
    need(&calls::REGIONAL_FIREWALLS, Place::Network, When::Always),
    need(&calls::ROUTES, Place::Network, When::Always),
    need(&calls::PEERING_ROUTES, Place::Network, When::Always),
    need(&calls::SUBNETWORK, Place::Network, When::Always),
    need(&calls::ROUTERS, Place::Network, When::Always),
    need(&calls::ROUTER_STATUS, Place::Network, When::Always),
    need(&calls::GLOBAL_ADDRESSES, Place::Network, When::Always),
    need(&calls::FORWARDING_RULES, Place::Network, When::Always),
    need(&calls::POLICY_ROUTES, Place::Network, When::Better),
    need(&calls::MACHINES, Place::Network, When::Better),
    need(&calls::CONNECTIVITY_TEST_CREATE, Place::Service, When::Testing),
    need(&calls::CONNECTIVITY_TEST_OPERATION, Place::Service, When::Testing),
    need(&calls::CONNECTIVITY_TEST, Place::Service, When::Testing),
    need(&calls::CONNECTIVITY_TEST_DELETE, Place::Service, When::Testing),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What impersonation takes depends on who the gate is, not on the pipeline; `docs/authentication.md` has it.
    /// What `doctor` asks of the gate itself, Google answers everybody.
    const OF_THE_GATE: [&str; 6] = [
        "ACCESS_TOKEN",
        "ACCESS_TOKEN_FEDERATED",
        "HELD_ON_PROJECT",
        "HELD_ON_SECRET",
        "ID_TOKEN",
        "ID_TOKEN_FEDERATED",
    ];

    /// A call that stands in no line of the table is a permission that nobody is told of.
    #[test]
    fn every_call_has_its_line() {
        let source = include_str!("calls.rs");
        let consts = source.lines().filter_map(|line| line.strip_prefix("pub(super) const "));
        let names = consts.filter_map(|rest| rest.split_once(": Call").map(|(name, _)| name));
        let names: BTreeSet<&str> = names.filter(|name| !OF_THE_GATE.contains(name)).collect();
        assert!(names.len() > 20 && names.contains("SERVICE"), "{names:?}");
        let table = include_str!("needs.rs");
        let missing: Vec<_> =
            names.iter().filter(|name| !table.contains(&format!("need(&calls::{name},"))).collect();
        assert!(missing.is_empty(), "{missing:?} have no line in NEEDS");
        assert_eq!(NEEDS.len(), names.len());
    }

    #[test]
    fn permissions_and_roles_have_googles_form() {
        for need in NEEDS {
            assert_eq!(need.permission().split('.').count(), 3, "{}", need.permission());
            assert!(need.role().starts_with("roles/"), "{}", need.role());
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

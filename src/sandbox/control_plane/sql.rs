//! Cloud SQL Admin API, under the path of the client library (`v1/`) and under that of gcloud (`sql/v1beta4/`).

use google_cloud_sql_v1::model::database_instance::SqlOutOfDiskReport;
use google_cloud_sql_v1::model::database_instance::sql_out_of_disk_report::SqlOutOfDiskState;
use google_cloud_sql_v1::model::{
    AclEntry, ConnectSettings, Database, DatabaseFlags, DatabaseInstance, DatabasesListResponse,
    GenerateEphemeralCertResponse, InstancesListResponse, IpConfiguration, IpMapping, PscConfig, Settings,
    SqlBackendType, SqlDatabaseVersion, SqlInstanceType, SqlIpAddressType, SqlSuspensionReason, SslCert,
    User, UsersListResponse, connect_settings, database_instance, ip_configuration, settings, user,
};

use super::Reply;
use super::ask::Ask;
use super::error::Refusal;
use super::secret_manager::before;
use super::spelling::{Spelling, resource, spelling};
use crate::sandbox::world::{Activation, Behind, Engine, InstanceState, InstanceWorld, RoleKind, TlsWorld};

const API: &str = "sqladmin.googleapis.com";

const SPELLINGS: &[Spelling] = &[
    spelling!("state", database_instance::SqlInstanceState),
    spelling!("databaseVersion", SqlDatabaseVersion),
    spelling!("instanceType", SqlInstanceType),
    spelling!("backendType", SqlBackendType),
    spelling!("suspensionReason", SqlSuspensionReason),
    spelling!("activationPolicy", settings::SqlActivationPolicy),
    spelling!("sslMode", ip_configuration::SslMode),
    spelling!("connectorEnforcement", settings::ConnectorEnforcement),
    spelling!("edition", settings::Edition),
    spelling!("sqlOutOfDiskState", SqlOutOfDiskState),
    spelling!("serverCaMode", connect_settings::CaMode),
];

/// In these lists `type` is another enumeration than in an instance.
const OF_ADDRESSES: &[Spelling] = &[spelling!("type", SqlIpAddressType)];
const OF_USERS: &[Spelling] = &[spelling!("type", user::SqlUserType)];

/// Answers what is this API's.
pub(super) fn answer(ask: &Ask<'_>) -> Option<Reply> {
    let (segments, verb) = ask.parts();
    let rest = match &segments[..] {
        ["v1", rest @ ..] | ["sql", "v1beta4" | "v1", rest @ ..] => rest,
        _ => return None,
    };
    let ["projects", project, "instances", rest @ ..] = rest else { return None };
    let permission = match rest {
        [_] if verb == "generateEphemeralCert" => "cloudsql.instances.connect",
        [_, "connectSettings"] => "cloudsql.instances.get",
        [] => "cloudsql.instances.list",
        [_] => "cloudsql.instances.get",
        [_, "users"] => "cloudsql.users.list",
        [_, "databases"] => "cloudsql.databases.list",
        _ => return None,
    };
    let name = rest.first().copied().unwrap_or_default();
    let full = format!("projects/{project}/instances/{name}");
    Some(ask.allowed(API, project, permission, &full).and_then(|()| {
        let of_cloud_sql =
            |one: &&InstanceWorld| one.project == *project && !matches!(one.behind, Behind::Machine(_));
        let instances = ask.cloud.world.instances.iter().filter(of_cloud_sql);
        if rest.is_empty() {
            let items = instances.map(|instance| model(instance, ask));
            let list = InstancesListResponse::new().set_kind("sql#instancesList").set_items(items);
            return resource(&list, &[SPELLINGS, OF_ADDRESSES].concat());
        }
        let mut instances = instances;
        let instance = instances.find(|instance| instance.name == name).ok_or(Refusal::NoInstance)?;
        match rest {
            [_] if verb == "generateEphemeralCert" => certificate(ask),
            [_, "connectSettings"] => {
                resource(&connect_settings(instance, ask), &[SPELLINGS, OF_ADDRESSES].concat())
            }
            [_, "users"] => resource(&users(instance), OF_USERS),
            [_, "databases"] => resource(&databases(instance), &[]),
            _ => resource(&model(instance, ask), &[SPELLINGS, OF_ADDRESSES].concat()),
        }
    }))
}

fn model(instance: &InstanceWorld, ask: &Ask<'_>) -> DatabaseInstance {
    let project = &instance.project;
    let (state, reasons) = match instance.state {
        InstanceState::Runnable => (database_instance::SqlInstanceState::Runnable, Vec::new()),
        InstanceState::Suspended => {
            (database_instance::SqlInstanceState::Suspended, vec![SqlSuspensionReason::BillingIssue])
        }
        InstanceState::Maintenance => (database_instance::SqlInstanceState::Maintenance, Vec::new()),
    };
    let activation = match instance.activation {
        Activation::Always => settings::SqlActivationPolicy::Always,
        Activation::Never => settings::SqlActivationPolicy::Never,
    };
    // The address of an endpoint is the endpoint's, not the instance's.
    let endpoint = matches!(instance.behind, Behind::Endpoint(_));
    let own = instance.addresses.iter().filter(|address| !(endpoint && address.private));
    let addresses = own.map(|address| {
        let kind = if address.private { SqlIpAddressType::Private } else { SqlIpAddressType::Primary };
        IpMapping::new().set_type(kind).set_ip_address(address.ip.to_string())
    });
    let network = instance.network.as_ref().filter(|_| !endpoint).map(|network| {
        let host = ask.cloud.world.host(project);
        format!("projects/{host}/global/networks/{network}")
    });
    let public = instance.addresses.iter().any(|address| !address.private);
    let ip_configuration = IpConfiguration::new()
        .set_ipv4_enabled(public)
        .set_private_network(network.unwrap_or_default())
        .set_authorized_networks(if public { networks(instance) } else { Vec::new() })
        .set_ssl_mode(match instance.tls {
            TlsWorld::Any => ip_configuration::SslMode::AllowUnencryptedAndEncrypted,
            TlsWorld::Encrypted => ip_configuration::SslMode::EncryptedOnly,
            TlsWorld::ClientCertificate => ip_configuration::SslMode::TrustedClientCertificateRequired,
        });
    let ip_configuration = match endpoint {
        true => ip_configuration.set_psc_config(
            PscConfig::new().set_psc_enabled(true).set_allowed_consumer_projects([project.clone()]),
        ),
        false => ip_configuration,
    };
    let enforcement = match instance.connectors_only {
        true => settings::ConnectorEnforcement::Required,
        false => settings::ConnectorEnforcement::NotRequired,
    };
    let flag = DatabaseFlags::new().set_name("cloudsql.iam_authentication").set_value("on");
    let settings = Settings::new()
        .set_kind("sql#settings")
        .set_settings_version(1)
        .set_tier("db-custom-1-3840")
        .set_activation_policy(activation)
        .set_connector_enforcement(enforcement)
        .set_database_flags(instance.iam_authentication.then_some(flag))
        .set_edition(settings::Edition::Enterprise)
        .set_ip_configuration(ip_configuration);
    let disk = match instance.disk_full {
        true => SqlOutOfDiskReport::new()
            .set_sql_out_of_disk_state(SqlOutOfDiskState::SoftShutdown)
            .set_sql_min_recommended_increase_size_gb(5),
        false => SqlOutOfDiskReport::new().set_sql_out_of_disk_state(SqlOutOfDiskState::Normal),
    };
    DatabaseInstance::new()
        .set_out_of_disk_report(disk)
        .set_kind("sql#instance")
        .set_name(&instance.name)
        .set_project(project)
        .set_region(&instance.region)
        .set_connection_name(instance.connection_name())
        .set_database_version(match instance.engine {
            Engine::Postgres => SqlDatabaseVersion::Postgres15,
            Engine::MySql => SqlDatabaseVersion::Mysql80,
        })
        .set_backend_type(SqlBackendType::SecondGen)
        .set_instance_type(SqlInstanceType::CloudSqlInstance)
        .set_state(state)
        .set_suspension_reason(reasons)
        .set_ip_addresses(addresses)
        .set_server_ca_cert(SslCert::new().set_kind("sql#sslCert").set_cert(&ask.cloud.authority.pem))
        .set_or_clear_create_time(before(ask.cloud.since, 90))
        .set_self_link(format!(
            "https://sqladmin.googleapis.com/sql/v1beta4/projects/{project}/instances/{}",
            instance.name
        ))
        .set_settings(settings)
}

/// A certificate for the public key that is asked with.
fn certificate(ask: &Ask<'_>) -> Reply {
    let invalid = || Refusal::InvalidArgument { message: "Invalid request: Invalid public key.".to_owned() };
    let body: serde_json::Value = serde_json::from_slice(ask.body).unwrap_or_default();
    let key = body.get("public_key").and_then(serde_json::Value::as_str).ok_or_else(invalid)?;
    let pem = ask.cloud.authority.certify(key).map_err(|_not_a_key| invalid())?;
    let certificate = SslCert::new().set_kind("sql#sslCert").set_cert(pem);
    resource(&GenerateEphemeralCertResponse::new().set_ephemeral_cert(certificate), &[])
}

/// What connectors are told of an instance.
fn connect_settings(instance: &InstanceWorld, ask: &Ask<'_>) -> ConnectSettings {
    let whole = model(instance, ask);
    ConnectSettings::new()
        .set_kind("sql#connectSettings")
        .set_region(&instance.region)
        .set_database_version(whole.database_version)
        .set_backend_type(whole.backend_type)
        .set_ip_addresses(whole.ip_addresses)
        .set_or_clear_server_ca_cert(whole.server_ca_cert)
        .set_server_ca_mode(connect_settings::CaMode::GoogleManagedInternalCa)
}

fn networks(instance: &InstanceWorld) -> Vec<AclEntry> {
    let entry =
        |network: &ipnet::IpNet| AclEntry::new().set_kind("sql#aclEntry").set_value(network.to_string());
    instance.authorized.iter().map(entry).collect()
}

fn users(instance: &InstanceWorld) -> UsersListResponse {
    let items = instance.roles.iter().map(|role| {
        User::new()
            .set_kind("sql#user")
            .set_name(&role.name)
            .set_type(match role.kind {
                RoleKind::BuiltIn => user::SqlUserType::BuiltIn,
                RoleKind::IamServiceAccount => user::SqlUserType::CloudIamServiceAccount,
            })
            .set_instance(&instance.name)
            .set_project(&instance.project)
    });
    UsersListResponse::new().set_kind("sql#usersList").set_items(items)
}

fn databases(instance: &InstanceWorld) -> DatabasesListResponse {
    let items = instance.databases.iter().map(|database| {
        Database::new()
            .set_kind("sql#database")
            .set_name(&database.name)
            .set_charset("UTF8")
            .set_collation("en_US.UTF8")
            .set_instance(&instance.name)
            .set_project(&instance.project)
    });
    DatabasesListResponse::new().set_kind("sql#databasesList").set_items(items)
}

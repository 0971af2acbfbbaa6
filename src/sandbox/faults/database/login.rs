//! The login to the database, and the session.

use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::faults::parts::{self, on};
use crate::sandbox::faults::{Fault, subject};
use crate::sandbox::random;
use crate::sandbox::world::{CertificateWorld, EnvValue, EnvWorld, RoleKind, TlsWorld};

pub(in crate::sandbox::faults) static FAULTS: &[Fault] = &[
    Fault::after_deploy(
        CauseCode::PasswordRejected,
        "The role's password was changed on the server, and the service still has the old one.",
        &subject::PASSWORD,
        |world, service| parts::set_password(world, service, random::word(24)),
    ),
    Fault::after_deploy(
        CauseCode::LoginNotAllowed,
        "The role may not log in (NOLOGIN).",
        &subject::DATABASE,
        |world, service| on(parts::role(world, service), |role| role.login = false),
    ),
    Fault::after_deploy(
        CauseCode::PgHbaRejected,
        "The server's rules admit nobody from the service's host.",
        &subject::DIALLED_DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.admits_hosts = false),
    ),
    Fault::before_deploy(
        CauseCode::TlsRequired,
        "The instance takes encrypted connections only, and the service asks for none.",
        &subject::DIALLED_DATABASE,
        |world, service| {
            on(parts::instance(world, service), |instance| instance.tls = TlsWorld::Encrypted);
            parts::change_sslmode(world, service, "disable");
        },
    ),
    Fault::before_deploy(
        CauseCode::TlsUnsupported,
        "The server offers no TLS, and the service asks for it.",
        &subject::DIALLED_DATABASE,
        |world, service| {
            on(parts::instance(world, service), |instance| instance.certificate = CertificateWorld::None);
            parts::change_sslmode(world, service, "require");
        },
    ),
    Fault::before_deploy(
        CauseCode::TlsCertificateInvalid,
        "The service verifies the host's name, and the server's certificate does not hold it.",
        &subject::DIALLED_DATABASE,
        |world, service| parts::change_sslmode(world, service, "verify-full"),
    ),
    Fault::after_deploy(
        CauseCode::ClientCertificateRequired,
        "The instance takes connections with a client certificate only.",
        &subject::DIALLED_DATABASE,
        |world, service| on(parts::instance(world, service), |one| one.tls = TlsWorld::ClientCertificate),
    ),
    Fault::after_deploy(
        CauseCode::DatabaseUserMissing,
        "The role was dropped from the instance.",
        &subject::PASSWORD,
        |world, service| {
            let link = world.services.get(service).and_then(|service| service.link.clone());
            if let (Some(link), Some(instance)) = (link, parts::instance(world, service)) {
                instance.roles.retain(|role| role.name != link.role);
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::CloudsqlIamLoginMisconfigured,
        "The user is IAM's, the flag for that is off, and the service has a password.",
        &subject::PASSWORD,
        |world, service| on(parts::role(world, service), |role| role.kind = RoleKind::IamServiceAccount),
    ),
    Fault::after_deploy(
        CauseCode::CloudsqlClientRoleMissing,
        "The runtime service account may not connect to Cloud SQL.",
        &subject::SOCKET,
        |world, service| {
            let Some(revision) = parts::revision(world, service) else { return };
            let account = revision.service_account.clone();
            world.sql_clients.retain(|(_, who)| *who != account);
        },
    ),
    Fault::after_deploy(
        CauseCode::DatabaseMissing,
        "The database does not exist on the server.",
        &subject::DATABASE,
        |world, service| {
            let Some(name) = parts::database(world, service).map(|database| database.name.clone()) else {
                return;
            };
            if let Some(instance) = parts::instance(world, service) {
                instance.databases.retain(|database| database.name != name);
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::ConnectPrivilegeMissing,
        "Nobody but its owner may connect to the database.",
        &subject::DATABASE,
        |world, service| on(parts::database(world, service), |database| database.public_connect = false),
    ),
    Fault::after_deploy(
        CauseCode::DatabaseDisallowsConnections,
        "The database accepts no connections.",
        &subject::DATABASE,
        |world, service| on(parts::database(world, service), |database| database.allows_connections = false),
    ),
    Fault::before_deploy(
        CauseCode::ConnectionParameterInvalid,
        "The service asks the server for a setting that it does not know.",
        &subject::DATABASE,
        |world, service| {
            let Some(revision) = parts::revision(world, service) else { return };
            let value = EnvValue::Plain("-c no_such_setting=1".to_owned());
            revision.env.push(EnvWorld { name: "PGOPTIONS".to_owned(), value });
        },
    ),
    Fault::after_deploy(
        CauseCode::ConnectionSlotsExhausted,
        "Other clients hold every connection slot that is not reserved.",
        &subject::DATABASE,
        |world, service| {
            if let Some(instance) = parts::instance(world, service) {
                // All but PostgreSQL's three reserved ones (`superuser_reserved_connections`).
                instance.held_connections = instance.max_connections.saturating_sub(3);
            }
        },
    ),
    Fault::after_deploy(
        CauseCode::DatabaseStarting,
        "The server is starting up.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.starting = true),
    ),
    Fault::after_deploy(
        CauseCode::DatabaseReadOnly,
        "The database is a standby, which takes no writes.",
        &subject::DATABASE,
        |world, service| on(parts::instance(world, service), |instance| instance.in_recovery = true),
    )
    .with_verdict(Verdict::Healthy),
];

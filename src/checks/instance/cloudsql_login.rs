//! The instance takes the service's login, asked by the way of Cloud SQL's connectors.
//!
//! From most places that run a gate, the address that the service dials cannot be reached. An instance with a public address
//! can: Cloud SQL signs a certificate for whoever may connect, and the instance takes it at port 3307 from anywhere. What
//! the server then says of user, password and database name, it would say to the service. Of the service's own way there
//! it says nothing.

use std::net::SocketAddr;

use google_cloud_sql_v1::model::{ConnectSettings, DatabaseInstance, SqlIpAddressType};

use crate::checks::database::{bounds, declared, token};
use crate::checks::{Check, Dials, USUAL, either, place};
use crate::connection::{Authorities, Connection, Identity};
use crate::live::instance::{connection_name, is_postgres, of_type, own_instance};
use crate::live::service::{failed, inconclusive, malformed, not_applicable, not_visible, passed};
use crate::live::{Scope, connection};
use crate::probe::dial::OUTSIDE;
use crate::probe::postgres::{
    CONNECTOR_PORT, ConnectorKey, ExpectedServer, Method, Patience, Session, Stop, describe, insist,
    login_by_connector,
};
use crate::record::finding::{Finding, InstanceFinding, PostgresFinding};
use crate::record::{Family, Inconclusive, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::CLOUDSQL_LOGIN,
    holds: "The instance takes the service's login by Cloud SQL's connector way",
    family: Family::Instance,
    place: place::of_attached,
    vantage: Vantage::Runner,
    dials: Dials::FromOutside,
    needs: &[check_id::SERVICE_EXISTS, check_id::INSTANCE_RUNNING],
    explained_by: &[
        check_id::SECRET_VERSION_ENABLED,
        check_id::SECRET_READABLE,
        check_id::INSTANCE_RUNNING,
        check_id::INSTANCE_IS_POSTGRES,
        check_id::INSTANCE_HAS_DATABASE,
        check_id::INSTANCE_HAS_USER,
        check_id::INSTANCE_IAM_LOGIN,
    ],
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    let instance = own_instance(scope).await?;
    let name = connection_name(&instance);
    if !is_postgres(&instance) {
        return Err(not_applicable(format!("{name} is no PostgreSQL server")));
    }
    if of_type(&instance, &SqlIpAddressType::Primary).is_empty() {
        return Err(not_applicable(format!(
            "{name} has no public address; the connectors' way to another begins inside its network"
        )));
    }
    // It waits for a dial that may take as long as a lost packet is waited for.
    scope.notes.step_aside();
    if scope.siblings.clone().passed(check_id::DATABASE_PORT_OPEN).await {
        return Err(not_applicable(
            "the address that the service dials is reached from here: database-login makes the login there",
        ));
    }
    let mut connection = connection::credentials(scope).await?;
    let by_token = connection.password.is_none();
    token::with_token(scope, &mut connection).await?;
    let way = prepare(scope, &instance).await?;
    let session = go(scope, &way, &connection).await.map_err(|stop| ended(&way, stop))?;
    let server = describe(&session, bounds(scope, None)).await;
    let method = session.method;
    session.close().await;
    let server = server.map_err(|stop| ended(&way, stop))?;
    let Connection { user, database, .. } = &connection;
    let proof = match method {
        Method::Nothing => "without being asked for a password",
        Method::Cleartext if by_token => "with an access token of its account",
        Method::Cleartext | Method::Md5 | Method::Scram | Method::Other(_) => "with its password",
    };
    Ok(passed(format!(
        "user {user} logs in {proof} to database {database} of {name} (PostgreSQL {}) by Cloud SQL's connector way, at \
         {}; whether the service itself gets there, this does not show",
        server.version, way.address
    )))
}

/// All that the dial takes.
struct ConnectorWay {
    /// Connection name of the instance.
    instance: String,
    address: SocketAddr,
    expected: ExpectedServer,
    identity: Identity,
}

/// Asks Cloud SQL for the instance's side of the way, and for a certificate of the gate's own.
async fn prepare(scope: &Scope, instance: &DatabaseInstance) -> Result<ConnectorWay, Outcome> {
    let (google, name) = (&scope.outside.google, connection_name(instance));
    let (project, short) = (&instance.project, &instance.name);
    let unready = |answer| inconclusive(&name, answer);
    let settings = google.connect_settings(project, short).await.map_err(unready)?;
    let (address, expected) = other_side(&settings, instance).map_err(|outcome| *outcome)?;
    let key = match tokio::task::spawn_blocking(ConnectorKey::generate).await {
        Ok(key) => key.map_err(|why| Outcome::Inconclusive { why })?,
        Err(error) => {
            return Err(Outcome::Inconclusive { why: Inconclusive::Defect { detail: error.to_string() } });
        }
    };
    let certificate = google.ephemeral_certificate(project, short, &key.public).await.map_err(unready)?;
    let identity = key.certified(&certificate).map_err(|problem| {
        malformed(
            &name,
            format!("the certificate that Cloud SQL signed for the gate is not usable: {problem}"),
        )
    })?;
    Ok(ConnectorWay { instance: name, address, expected, identity })
}

/// Where the instance is dialled, and by what it shows who it is.
fn other_side(
    settings: &ConnectSettings,
    instance: &DatabaseInstance,
) -> Result<(SocketAddr, ExpectedServer), Box<Outcome>> {
    let name = connection_name(instance);
    let public =
        |mapping: &&google_cloud_sql_v1::model::IpMapping| mapping.r#type == SqlIpAddressType::Primary;
    let address = settings.ip_addresses.iter().find(public).and_then(|one| one.ip_address.parse().ok());
    let Some(ip) = address else {
        return Err(Box::new(not_applicable(format!("{name} gives connectors no public address"))));
    };
    let pem = settings.server_ca_cert.as_ref().map(|one| one.cert.as_str()).unwrap_or_default();
    let whose = format!("the authority that Cloud SQL gives for {name}");
    let authorities = Authorities::of_pem(pem.as_bytes(), whose, false).map_err(|problem| {
        Box::new(malformed(&name, format!("its serverCaCert is not usable: {problem}")))
    })?;
    let others = settings.dns_names.iter().map(|one| &one.name);
    // Google writes them with the root's dot, which no certificate has.
    let all = std::iter::once(&settings.dns_name).chain(others).map(|name| name.trim_end_matches('.'));
    let mut dns_names: Vec<String> = all.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    dns_names.dedup();
    let common_name = format!("{}:{}", instance.project, instance.name);
    Ok((SocketAddr::new(ip, CONNECTOR_PORT), ExpectedServer { common_name, dns_names, authorities }))
}

async fn go(scope: &Scope, way: &ConnectorWay, connection: &Connection) -> Result<Session, Stop> {
    let dial = scope.outside.dial.as_ref();
    let patience = Patience { most: dial.patience(), direct_vpc_age: None };
    let bounds = bounds(scope, None);
    let ConnectorWay { address, expected, identity, .. } = way;
    let step = || -> futures::future::BoxFuture<'_, Result<Session, Stop>> {
        Box::pin(login_by_connector(dial, OUTSIDE, *address, expected, identity, connection, bounds))
    };
    let end = insist(patience, step, |finding| {
        // What is seen of this way alone is not yet a finding.
        if matches!(finding, PostgresFinding::LoginRefused { .. }) {
            scope.notes.so_far(Some(Finding::Postgres(finding.clone())));
        }
    })
    .await;
    if end.is_ok() {
        scope.notes.so_far(None);
    }
    end
}

/// What a way that ended early shows. Only what the instance says of the login is about the service; the way itself is the
/// gate's own.
fn ended(way: &ConnectorWay, stop: Stop) -> Outcome {
    let ConnectorWay { instance, address, .. } = way;
    let finding = match stop {
        Stop::Inconclusive(why) => return Outcome::Inconclusive { why },
        Stop::Found(finding) => finding,
    };
    let unanswered = |detail: String| Outcome::Inconclusive {
        why: Inconclusive::Unavailable { what: format!("{instance} by Cloud SQL's connector way"), detail },
    };
    match &finding {
        PostgresFinding::LoginRefused { .. }
        | PostgresFinding::QueryFailed { .. }
        | PostgresFinding::ServerUnproven { .. } => failed(Finding::Postgres(finding)),
        PostgresFinding::CertificateInvalid { problem, .. } => {
            let (instance, address, problem) = (instance.clone(), *address, problem.clone());
            failed(Finding::Instance(InstanceFinding::NotItself { instance, address, problem }))
        }
        PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::NameUnresolvable { .. } => not_visible(format!(
            "{finding}: this machine does not reach the port of {instance} at which it takes connectors"
        )),
        PostgresFinding::ClientCertificateRefused { alert, .. } => unanswered(format!(
            "it did not take the certificate that Cloud SQL had just signed for the gate (alert {alert})"
        )),
        PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::TlsFailed { .. } => unanswered(finding.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::record::Skip;
    use crate::record::finding::{CertificateProblem, Ending};
    use crate::sandbox::certificates::Authority;

    const LEGACY: &str = include_str!("../../../tests/data/google/sql-connect-settings.json");
    const CAS: &str = include_str!("../../../tests/data/google/sql-connect-settings-cas.json");

    fn settings(change: impl FnOnce(&mut serde_json::Value)) -> ConnectSettings {
        let mut body = serde_json::from_str(LEGACY).unwrap();
        change(&mut body);
        serde_json::from_value(body).unwrap()
    }

    fn instance() -> DatabaseInstance {
        serde_json::from_str(include_str!("../../../tests/data/google/instance.json")).unwrap()
    }

    #[test]
    fn the_public_address_and_both_names_are_taken() {
        let (address, expected) = other_side(&settings(|_| ()), &instance()).unwrap();
        assert_eq!(address.to_string(), "203.0.113.7:3307");
        assert_eq!((expected.common_name.as_str(), expected.dns_names.len()), ("demo-project:auth-db", 0));
        let (_, expected) = other_side(&serde_json::from_str(CAS).unwrap(), &instance()).unwrap();
        assert_eq!(expected.dns_names, ["a1b2c3d4e5f6.1xyz.europe-west1.sql.goog"]);
        let more = settings(|body| body["dnsNames"] = json!([{"name": "db.example.com."}]));
        assert_eq!(other_side(&more, &instance()).unwrap().1.dns_names, ["db.example.com"]);
    }

    #[test]
    fn what_cannot_be_dialled_is_told() {
        let private =
            settings(|body| body["ipAddresses"] = json!([{"type": "PRIVATE", "ipAddress": "10.0.0.1"}]));
        let outcome = other_side(&private, &instance()).unwrap_err();
        assert!(matches!(*outcome, Outcome::Skipped { reason: Skip::NotApplicable { .. } }), "{outcome:?}");
        for pem in ["", "no certificate"] {
            let without = settings(|body| body["serverCaCert"] = json!({"cert": pem}));
            let outcome = other_side(&without, &instance()).unwrap_err();
            assert!(
                matches!(*outcome, Outcome::Inconclusive { why: Inconclusive::Malformed { .. } }),
                "{outcome:?}"
            );
        }
    }

    /// The way is the gate's own: nothing of it is held against the service.
    #[test]
    fn only_what_the_server_says_of_the_login_is_a_finding() {
        let (address, expected) = other_side(&settings(|_| ()), &instance()).unwrap();
        let key = ConnectorKey::generate().unwrap();
        let authority = Authority::new("x").unwrap();
        let identity = key.certified(&authority.certify(&key.public).unwrap()).unwrap();
        let way = ConnectorWay { instance: "p:r:i".to_owned(), address, expected, identity };
        let refused = |code: &str| PostgresFinding::LoginRefused {
            sqlstate: code.to_owned(),
            message: "no".to_owned(),
            user: "auth".to_owned(),
            database: "auth".to_owned(),
            tls: true,
            stage: crate::record::finding::Stage::DuringProof,
            certificate_missed: false,
            other_way: None,
            routine: None,
        };
        let addresses = vec![address];
        for (finding, kind) in [
            (refused("28P01"), "failed"),
            (PostgresFinding::ServerUnproven { address }, "failed"),
            (
                PostgresFinding::CertificateInvalid {
                    address,
                    sslmode: "verify-full".to_owned(),
                    problem: CertificateProblem::UnknownIssuer,
                    by: String::new(),
                    stated: false,
                },
                "failed",
            ),
            (PostgresFinding::Refused { addresses: addresses.clone(), others: Vec::new() }, "skipped"),
            (PostgresFinding::TimedOut { addresses, after_ms: 5, others: Vec::new() }, "skipped"),
            (
                PostgresFinding::ClientCertificateRefused {
                    address,
                    sent: true,
                    alert: "UnknownCA".to_owned(),
                },
                "inconclusive",
            ),
            (
                PostgresFinding::Cut { address, step: "login".to_owned(), ending: Ending::Closed },
                "inconclusive",
            ),
            (PostgresFinding::TlsFailed { address, detail: String::new() }, "inconclusive"),
        ] {
            let outcome = serde_json::to_value(ended(&way, finding.clone().into())).unwrap();
            assert_eq!(outcome["outcome"], kind, "{finding:?}: {outcome}");
        }
    }
}

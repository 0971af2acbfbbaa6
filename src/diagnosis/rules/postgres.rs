//! Rules for findings about talking to PostgreSQL.

use std::net::SocketAddr;

use super::super::cause::CauseCode;
use super::super::view::{View, speaks_of_the_service};
use super::super::{Confidence, Suspect};
use super::login::Login;
use super::{Judgement, network as way, tls, unseen};
use crate::model::resource::{instance_of, project_of};
use crate::record::finding::{Ending, PostgresFinding, Stage};
use crate::record::{NodeRecord, Vantage};
use crate::text::shell::command;

pub(super) fn judge(view: &View<'_>, node: &NodeRecord, finding: &PostgresFinding) -> Judgement {
    let mut judgement = of_finding(view, node, finding);
    if node.vantage == Vantage::Runner && is_about_the_way(finding) {
        judgement.confidence = Confidence::Likely;
        judgement.suspects.push(Suspect {
            text: "checked from the gate's own machine; from the service's network it may look otherwise"
                .to_owned(),
            command: Some(format!("rungate check --vantage in-vpc --inspect-secrets {}", files(view))),
        });
    }
    judgement
}

/// Whether another vantage may see something else: what a server says after the handshake, it says to everybody.
fn is_about_the_way(finding: &PostgresFinding) -> bool {
    match finding {
        PostgresFinding::Refused { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::ServerUnproven { .. } => true,
        // The rules by which a server admits connections look at the host that dials.
        PostgresFinding::LoginRefused { sqlstate, stage: Stage::BeforeProof, .. } => sqlstate == "28000",
        // These have their own words for it.
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::LoginRefused { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => false,
    }
}

fn of_finding(view: &View<'_>, node: &NodeRecord, finding: &PostgresFinding) -> Judgement {
    match finding {
        PostgresFinding::NameUnresolvable { host } => {
            let claim =
                format!("the database's host name {host} has no address, asked from {}", node.vantage);
            let judgement = if speaks_of_the_service(node) {
                Judgement::proven(CauseCode::DatabaseNameUnresolvable, claim)
            } else {
                Judgement::likely(CauseCode::DatabaseNameUnresolvable, claim)
            };
            judgement
                .fix("see which private zones the VPC network is attached to", {
                    command(["gcloud", "dns", "managed-zones", "list", &view.project_flag()])
                })
                .fix("if the name is cut or odd: percent-encode an @ in the password of the URL (%40)", None)
        }
        PostgresFinding::TimedOut { addresses, after_ms, .. } => unreachable(
            view,
            node,
            addresses,
            &format!("packets to {} vanish: no answer within {after_ms} ms", list(addresses)),
        ),
        PostgresFinding::Unreachable { addresses, error } => {
            unreachable(view, node, addresses, &format!("there is no route to {} ({error})", list(addresses)))
        }
        PostgresFinding::Refused { addresses, .. } => {
            let claim = format!(
                "{} answers with a reset: packets arrive, and nothing listens on that port",
                list(addresses)
            );
            Judgement::proven(CauseCode::DatabaseRefused, claim)
                .fix(
                    "start the server that should listen there, or see that it does",
                    describe_instance(view),
                )
                .fix(
                    "or correct host and port of the database in the pipeline (PostgreSQL's port is 5432)",
                    None,
                )
        }
        PostgresFinding::NotPostgres { address, answered } => Judgement::proven(
            CauseCode::NotPostgres,
            format!("what answers at {address} is no PostgreSQL server: it {answered}"),
        )
        .fix("correct host and port of the database in the pipeline", describe_instance(view)),
        PostgresFinding::Cut { address, step, ending } => cut(view, *address, step, ending),
        PostgresFinding::TlsUnsupported { address, sslmode } => tls::unsupported(*address, sslmode),
        PostgresFinding::CertificateInvalid { address, sslmode, problem, by, stated } => {
            tls::Certificate { address: *address, sslmode, problem, by, stated: *stated }.judge(view)
        }
        PostgresFinding::ClientCertificateRefused { address, sent, alert } => {
            tls::client_certificate(view, *address, *sent, alert)
        }
        PostgresFinding::TlsFailed { address, detail } => tls::failed(*address, detail),
        PostgresFinding::ServerUnproven { address } => Judgement::proven(
            CauseCode::ServerIdentityUnverified,
            format!("{address} takes the password's proof and does not give its own: it is not the server that the password was set on"),
        )
        .fix("see what stands at that address: another server, or a proxy that ends logins itself", describe_instance(view))
        .fix("dial the database itself", None),
        PostgresFinding::LoginRefused {
            sqlstate,
            message,
            user,
            database,
            tls,
            stage,
            certificate_missed,
            other_way,
            routine,
        } => {
            let other_way = other_way.as_ref();
            let (tls, certificate_missed) = (*tls, *certificate_missed);
            let routine = routine.as_deref();
            let stage = *stage;
            Login { sqlstate, message, user, database, tls, stage, certificate_missed, other_way, routine }
                .judge(view)
        }
        PostgresFinding::SessionUnwanted { wanted, standby, read_only, .. } => {
            let lacks_writes = *standby || *read_only;
            let code = if lacks_writes {
                CauseCode::DatabaseReadOnly
            } else {
                CauseCode::ConnectionParameterInvalid
            };
            let judgement = Judgement::proven(code, finding.to_string());
            if lacks_writes {
                judgement.fix("let the connection string name the primary, too", describe_instance(view))
            } else {
                judgement
                    .fix(format!("name a server that is {wanted}, or leave target_session_attrs out"), None)
            }
        }
        PostgresFinding::QueryFailed { sqlstate, message, query } => Judgement::proven(
            of_query(sqlstate),
            format!("the login works, but {query} fails: {message} (SQLSTATE {sqlstate})"),
        )
        .fix("read what the server says", instance_logs(view)),
    }
}

pub(super) fn clause(finding: &PostgresFinding) -> String {
    match finding {
        PostgresFinding::NameUnresolvable { host } => format!("{host} has no address"),
        PostgresFinding::TimedOut { addresses, .. } => format!("no answer came from {}", list(addresses)),
        PostgresFinding::Unreachable { addresses, .. } => format!("there is no route to {}", list(addresses)),
        PostgresFinding::Refused { addresses, .. } => format!("{} refuses the connection", list(addresses)),
        PostgresFinding::NotPostgres { address, .. } => format!("{address} is no PostgreSQL server"),
        PostgresFinding::Cut { address, step, .. } => {
            format!("{address} ends the connection during {step}")
        }
        PostgresFinding::TlsUnsupported { address, .. } => format!("{address} does not offer TLS"),
        PostgresFinding::CertificateInvalid { address, problem, .. } => {
            format!("the certificate of {address} is not taken: {problem}")
        }
        PostgresFinding::ClientCertificateRefused { address, .. } => {
            format!("{address} wants a client certificate")
        }
        PostgresFinding::TlsFailed { address, .. } => format!("TLS with {address} fails"),
        PostgresFinding::ServerUnproven { address } => {
            format!("{address} does not prove that it knows the password")
        }
        PostgresFinding::SessionUnwanted { wanted, .. } => format!("no server is {wanted}"),
        PostgresFinding::LoginRefused { user, database, sqlstate, .. } => {
            format!("the login of user {user} to database {database} is refused ({sqlstate})")
        }
        PostgresFinding::QueryFailed { sqlstate, .. } => format!("the database refuses a query ({sqlstate})"),
    }
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A conversation that ends in its middle. What is no conversation of PostgreSQL's at all is another server.
fn cut(view: &View<'_>, address: SocketAddr, step: &str, ending: &Ending) -> Judgement {
    match ending {
        Ending::NoMessage | Ending::MessageTooLong { .. } | Ending::TooManyRounds { .. } => {
            Judgement::proven(
                CauseCode::NotPostgres,
                format!("what answers at {address} is no honest PostgreSQL server: during {step}, {ending}"),
            )
            .fix("correct host and port of the database in the pipeline", describe_instance(view))
        }
        Ending::Closed
        | Ending::Lost { .. }
        | Ending::Silence { .. }
        | Ending::Endless { .. }
        | Ending::TooMuch
        | Ending::OutOfPlace
        | Ending::WrongAnswer { .. } => Judgement::proven(
            CauseCode::ConnectionClosed,
            format!("{address} ends the connection during {step}: {ending}"),
        )
        .fix("run the gate again: a restart or a failover passes by itself", None)
        .fix("read what the server or the proxy before it says", instance_logs(view)),
    }
}

/// Packets vanish. What the control plane says of the way is in the record; firewall rules, routes and peerings
/// are not read, so they stay suspects.
fn unreachable(view: &View<'_>, node: &NodeRecord, addresses: &[SocketAddr], seen: &str) -> Judgement {
    let code = CauseCode::DatabaseUnreachable;
    if !speaks_of_the_service(node) {
        let claim =
            format!("{seen}, asked from the gate's own machine, which is not in the service's network");
        return Judgement::likely(code, claim).fix(
            "ask from inside the VPC, where the service is",
            format!("rungate check --vantage in-vpc --inspect-secrets {}", files(view)),
        );
    }
    if let Some((api, project)) = way::connectors_off(view) {
        return way::without_connectors(seen, api, project).suspects(unseen::suspects(view, node.check));
    }
    let project = view.project_flag();
    let (host, port) = addresses.first().map_or_else(
        || ("ADDRESS".to_owned(), "5432".to_owned()),
        |address| (address.ip().to_string(), address.port().to_string()),
    );
    Judgement::likely(code, format!("{seen}, and nothing that was read of the control plane explains it"))
        .suspects(unseen::suspects(view, node.check))
        .suspects(way_suspects(view, &port))
        .fix("let Google trace the packets, and name the rule or route that drops them", {
            let source = format!(
                "--source-cloud-run-revision=projects/{}/locations/{}/revisions/{}",
                view.service.project,
                view.service.region,
                view.service.revision.as_deref().unwrap_or("REVISION")
            );
            let (ip, port) =
                (format!("--destination-ip-address={host}"), format!("--destination-port={port}"));
            let name = format!("rungate-{}", view.service.name);
            let words =
                ["gcloud", "network-management", "connectivity-tests", "create", &name, &source, &ip, &port];
            command(words.into_iter().chain(["--protocol=TCP", &*project]))
        })
}

/// What may drop packets and is not read yet, most likely first.
pub(super) fn way_suspects(view: &View<'_>, port: &str) -> Vec<Suspect> {
    let project = view.project_flag();
    let suspect = |text: String, command: String| Suspect { text, command: Some(command) };
    vec![
        suspect(
            format!("a firewall rule drops TCP port {port} on the way to the database"),
            command([
                "gcloud",
                "compute",
                "firewall-rules",
                "list",
                "--filter=disabled=false",
                "--format=table(name,network,direction,priority,allowed,denied,destinationRanges,targetTags)",
                &project,
            ]),
        ),
        suspect(
            "a route sends the packets elsewhere".to_owned(),
            command(["gcloud", "compute", "routes", "list", &project]),
        ),
        suspect(
            "the peering between the VPC network and Google's services is not active".to_owned(),
            command(["gcloud", "compute", "networks", "peerings", "list", &project]),
        ),
    ]
}

fn of_query(sqlstate: &str) -> CauseCode {
    match sqlstate {
        "53300" => CauseCode::ConnectionSlotsExhausted,
        "57P03" => CauseCode::DatabaseStarting,
        "42501" => CauseCode::ConnectPrivilegeMissing,
        "55000" => CauseCode::DatabaseDisallowsConnections,
        "42704" | "22023" => CauseCode::ConnectionParameterInvalid,
        "25006" => CauseCode::DatabaseReadOnly,
        _ => CauseCode::ConnectionClosed,
    }
}

/// The pipeline files as arguments.
pub(super) fn files(view: &View<'_>) -> String {
    command(view.record.files.iter().map(String::as_str))
}

pub(super) fn instance<'a>(view: &View<'a>) -> Option<&'a str> {
    view.service.database.as_ref()?.instance.as_deref()
}

pub(super) fn instance_project(view: &View<'_>, instance: &str) -> String {
    format!("--project={}", project_of(instance).unwrap_or(&view.service.project))
}

pub(super) fn describe_instance(view: &View<'_>) -> Option<String> {
    let instance = instance(view)?;
    let project = instance_project(view, instance);
    Some(command(["gcloud", "sql", "instances", "describe", instance_of(instance), &project]))
}

pub(super) fn operations(view: &View<'_>) -> Option<String> {
    let instance = instance(view)?;
    let flag = format!("--instance={}", instance_of(instance));
    Some(command(["gcloud", "sql", "operations", "list", &flag, &instance_project(view, instance)]))
}

pub(super) fn instance_logs(view: &View<'_>) -> Option<String> {
    let instance = instance(view)?;
    let project = project_of(instance).unwrap_or(&view.service.project);
    let filter = format!(
        "resource.type=\"cloudsql_database\" AND resource.labels.database_id=\"{project}:{}\"",
        instance_of(instance)
    );
    Some(command(["gcloud", "logging", "read", &filter, "--limit=50", &format!("--project={project}")]))
}

/// `gcloud sql KIND VERB [NAME] --instance`.
pub(super) fn on_instance(view: &View<'_>, kind: &str, verb: &str, name: Option<&str>) -> Option<String> {
    let instance = instance(view)?;
    let flag = format!("--instance={}", instance_of(instance));
    let project = instance_project(view, instance);
    Some(command(["gcloud", "sql", kind, verb].into_iter().chain(name).chain([&*flag, &*project])))
}

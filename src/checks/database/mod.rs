//! What the checks of the database share: what can be seen of it from where the gate stands, and patience.

pub(super) mod database_has_headroom;
pub(super) mod database_login;
pub(super) mod database_name_resolves;
pub(super) mod database_port_open;
pub(super) mod database_query;
pub(super) mod database_speaks_postgres;
pub(super) mod database_tls_agrees;
pub(super) mod database_writable;
pub(super) mod expected;
mod migrated;
pub(super) mod token;
mod trust;

use std::time::Duration;

use futures::future::BoxFuture;

use crate::checks::Subjects;
use crate::connection::DsnServer;
use crate::live::connection::Endpoint;
use crate::live::service::not_visible;
use crate::live::vantage::{inside, is_public};
use crate::live::{Scope, connection};
use crate::model::Service;
use crate::probe::postgres::{
    Bounds, Candidate, Patience, Stop, candidates as candidates_of, insist, together,
};
use crate::record::finding::{Finding, PostgresFinding};
use crate::record::{Fact, Outcome};

/// Planned where the pipeline declares a database.
pub(in crate::checks) fn declared(service: &Service) -> Subjects {
    if service.database.is_some() { Subjects::Whole } else { Subjects::None }
}

pub(in crate::checks) fn failed(finding: PostgresFinding) -> Outcome {
    Outcome::Failed { finding: Finding::Postgres(finding) }
}

/// What the server said when it was asked; blocked where it was not.
fn answers(scope: &Scope) -> Result<&crate::live::conversation::Answers, Box<Outcome>> {
    let by = || Box::new(connection::blocked(scope, database_query::CHECK.id, None));
    scope.conversation.answers().ok_or_else(by)
}

/// How long the steps may take. A service that gives up sooner than the gate would is not waited for longer.
pub(in crate::checks) fn bounds(scope: &Scope, connect_timeout: Option<Duration>) -> Bounds {
    let connect = scope.settings.connect_timeout;
    Bounds {
        connect: connect_timeout.map_or(connect, |limit| limit.min(connect)),
        step: scope.settings.step_timeout,
    }
}

/// The database's endpoint, where TCP leads to it at all.
pub(in crate::checks) async fn endpoint(scope: &Scope) -> Result<Endpoint, Outcome> {
    let endpoint = connection::endpoint(scope).await?;
    if endpoint.is_socket() {
        return Err(not_visible(format!(
            "{} is a socket that Cloud Run mounts into the service's own container",
            endpoint.host
        )));
    }
    Ok(endpoint)
}

/// The servers of an endpoint that can be dialled from here to any purpose: what a machine outside cannot reach of a
/// private network is no evidence about a service inside.
pub(in crate::checks) struct Candidates {
    /// In their order. One without an address says why.
    pub(in crate::checks) all: Vec<Candidate>,
    /// Those of which nothing can be checked from here, in words.
    pub(in crate::checks) unseen: Vec<String>,
}

impl Candidates {
    /// The outcome of a step that none of them lets pass.
    pub(in crate::checks) fn outcome(&self, scope: &Scope, stop: Stop) -> Outcome {
        match self.unseen.first() {
            // Another server may serve all the same.
            Some(why) if matches!(stop, Stop::Found(_)) => not_visible(why.clone()),
            Some(_) | None => outcome(scope, stop),
        }
    }
}

/// Looks up the servers of an endpoint.
pub(in crate::checks) async fn candidates(scope: &Scope, endpoint: &Endpoint) -> Result<Candidates, Outcome> {
    let dial = scope.outside.dial.as_ref();
    let servers = endpoint.servers();
    let found = candidates_of(dial, &scope.target.key, &servers, bounds(scope, None)).await;
    let (mut all, mut unseen) = (Vec::new(), Vec::new());
    for mut one in found {
        if inside(scope) {
            all.push(one);
            continue;
        }
        let host = &one.server.host;
        match &mut one.addresses {
            Ok(addresses) => {
                addresses.retain(|address| is_public(address.ip()));
                if addresses.is_empty() {
                    unseen.push(format!(
                        "{host} is an address of the service's own network, which this machine is not in"
                    ));
                } else {
                    all.push(one);
                }
            }
            Err(Stop::Found(_)) => unseen.push(format!(
                "this machine's resolver knows no {host}; a private zone of the service's network may"
            )),
            Err(Stop::Inconclusive(_)) => all.push(one),
        }
    }
    let candidates = Candidates { all, unseen };
    if candidates.all.iter().all(|one| one.addresses.is_err()) {
        let stops = candidates.all.iter().filter_map(|one| one.addresses.clone().err());
        return Err(match (candidates.all.is_empty(), candidates.unseen.first()) {
            (true, Some(why)) => not_visible(why.clone()),
            (_, _) => candidates.outcome(scope, together(stops)),
        });
    }
    Ok(candidates)
}

/// Notes a server of several that does not serve while another one does. From outside only what a server itself
/// answers says anything of it.
fn passed_over(scope: &Scope, server: &DsnServer, served_by: &DsnServer, stop: &Stop) {
    let Stop::Found(finding) = stop else { return };
    let silent = matches!(
        finding,
        PostgresFinding::NameUnresolvable { .. }
            | PostgresFinding::TimedOut { .. }
            | PostgresFinding::Unreachable { .. }
    );
    if inside(scope) || !silent {
        let (server, served_by, finding) = (server.to_string(), served_by.to_string(), finding.clone());
        scope.fact(Fact::ServerPassedOver { server, served_by, finding });
    }
}

/// The outcome of a step that gave nothing. From outside, a name that is not known and packets that vanish are no
/// evidence: a private zone and a list of admitted networks look the same from here.
pub(in crate::checks) fn outcome(scope: &Scope, stop: Stop) -> Outcome {
    let finding = match stop {
        Stop::Inconclusive(why) => return Outcome::Inconclusive { why },
        Stop::Found(finding) => finding,
    };
    let outside = !inside(scope);
    match &finding {
        PostgresFinding::NameUnresolvable { host } if outside => not_visible(format!(
            "this machine's resolver knows no {host}; a private zone of the service's network may"
        )),
        PostgresFinding::TimedOut { .. } | PostgresFinding::Unreachable { .. } if outside => {
            not_visible(format!("{finding}, asked from this machine, which the database need not admit"))
        }
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::LoginRefused { .. }
        | PostgresFinding::ServerUnproven { .. }
        | PostgresFinding::SessionUnwanted { .. }
        | PostgresFinding::QueryFailed { .. } => failed(finding),
    }
}

/// Makes a step again as long as time may fix what it sees; what it has seen so far is noted.
pub(in crate::checks) async fn patiently<'a, T>(
    scope: &'a Scope,
    step: impl FnMut() -> BoxFuture<'a, Result<T, Stop>> + Send,
) -> Result<T, Stop> {
    let patience = Patience {
        most: scope.outside.dial.patience(),
        direct_vpc_age: direct_vpc(scope).await.then(|| scope.started.elapsed()),
    };
    let end = insist(patience, step, |finding| {
        scope.notes.so_far(Some(Finding::Postgres(finding.clone())));
    })
    .await;
    if end.is_ok() {
        scope.notes.so_far(None);
    }
    end
}

/// Whether the gate dials through direct VPC egress: from inside, where the service has it.
async fn direct_vpc(scope: &Scope) -> bool {
    if !inside(scope) {
        return false;
    }
    let Ok(revision) = scope.revision().await else { return false };
    revision.vpc_access.as_ref().is_some_and(|access| !access.network_interfaces.is_empty())
}

//! Which finding explains which: the causal graph, sharpened by what was actually seen.
//!
//! The graph says which check *can* explain which other. Two findings that stand so may still be two separate
//! defects: a health body that names only the cache as down is not explained by a VPC connector in error.

use super::journey;
use crate::diagnosis::failure::{self, Failure};
use crate::diagnosis::view::{View, speaks_of_the_service};
use crate::network::Fault;
use crate::record::NodeRecord;
use crate::record::finding::{
    CredentialFinding, DatabaseFinding, Finding, HealthFinding, InjectionFinding, InstanceFinding,
    LogFinding, PathFinding, PostgresFinding, ServiceFinding, Trouble, Unfit,
};

/// The findings that no other finding of the same service explains, in causal order.
pub(in crate::diagnosis) fn roots<'a>(view: &View<'a>) -> Vec<&'a NodeRecord> {
    let bad: Vec<&NodeRecord> = bad(view).collect();
    bad.iter().copied().filter(|node| !bad.iter().any(|other| explains(view, other, node))).collect()
}

/// What a finding explains, directly or through others, the uppermost symptom first.
pub(in crate::diagnosis) fn symptoms<'a>(view: &View<'a>, cause: &NodeRecord) -> Vec<&'a NodeRecord> {
    let mut found: Vec<&NodeRecord> = Vec::new();
    for node in bad(view) {
        // In causal order, so whatever leads here was met before.
        if explains(view, cause, node) || found.iter().any(|known| explains(view, known, node)) {
            found.push(node);
        }
    }
    found.reverse();
    found
}

fn bad<'a>(view: &View<'a>) -> impl Iterator<Item = &'a NodeRecord> {
    view.nodes.iter().copied().filter(|node| node.finding().is_some())
}

/// Whether the finding of one node explains that of another.
pub(in crate::diagnosis) fn explains(view: &View<'_>, cause: &NodeRecord, symptom: &NodeRecord) -> bool {
    let (Some(why), Some(what)) = (cause.finding(), symptom.finding()) else { return false };
    if journey::is_earlier(cause, symptom) {
        return true;
    }
    view.graph.explains(cause.check, symptom.check)
        && speaks_of_the_service(cause)
        && match what {
            Finding::Health(health) => explains_health(view, cause, why, health),
            Finding::Journey(step) => journey::explained(view, cause, why, step),
            Finding::Postgres(postgres) => explains_postgres(view, cause, why, reached(postgres)),
            Finding::Log(LogFinding::Trouble { trouble, .. }) => {
                explains_postgres(view, cause, why, reached_in_log(*trouble))
            }
            Finding::Service(service) => explains_service(why, service),
            // A packet that Google sees dropped is one that vanishes.
            Finding::Path(PathFinding::TestUnreachable { .. }) => {
                explains_postgres(view, cause, why, Reached::Silence)
            }
            Finding::Injection(_) | Finding::Credential(_) | Finding::Path(_) | Finding::Instance(_) => true,
            Finding::Database(_) => explains_holdings(view, cause, why),
        }
}

/// Whether a finding concerns the database or the way to it, and nothing else.
pub(in crate::diagnosis) fn is_of_database(view: &View<'_>, node: &NodeRecord, finding: &Finding) -> bool {
    match finding {
        Finding::Service(_) | Finding::Health(_) | Finding::Journey(_) => false,
        Finding::Credential(_)
        | Finding::Path(_)
        | Finding::Instance(_)
        | Finding::Postgres(_)
        | Finding::Database(_)
        | Finding::Log(_) => true,
        Finding::Injection(InjectionFinding::VariablesMissing { missing, of_database, .. }) => {
            missing.len() == of_database.len()
        }
        Finding::Injection(
            InjectionFinding::VariablesEmpty { .. } | InjectionFinding::VariablesDropped { .. },
        ) => true,
        Finding::Injection(InjectionFinding::SecretReferenceDiffers { target, .. }) => {
            view.leads_to_database(target)
        }
        Finding::Injection(
            InjectionFinding::SecretNotFound { .. }
            | InjectionFinding::VersionNotFound { .. }
            | InjectionFinding::VersionDisabled { .. }
            | InjectionFinding::VersionDestroyed { .. }
            | InjectionFinding::NoAccessBinding { .. }
            | InjectionFinding::NewerVersion { .. }
            | InjectionFinding::Corrupted { .. },
        ) => node.subject.as_deref().is_some_and(|target| view.leads_to_database(target)),
    }
}

/// Whether a health finding leaves room for a defect of the database.
pub(in crate::diagnosis) fn admits_database(health: &HealthFinding) -> bool {
    match health {
        HealthFinding::Unhealthy { failing, working, .. } => {
            failing.iter().any(|one| one.database)
                || failing.is_empty() && !working.iter().any(|one| one.database)
        }
        // The path does not exist, or something else answers: no state of the database makes it so.
        HealthFinding::NotFound { .. }
        | HealthFinding::NotJudgeable { .. }
        | HealthFinding::OtherVersion { .. }
        | HealthFinding::DoorClosed { .. } => false,
        HealthFinding::BadStatus { .. }
        | HealthFinding::FrontEnd { .. }
        | HealthFinding::NoAnswer { .. }
        | HealthFinding::ExpectationUnmet { .. }
        | HealthFinding::Unstable { .. } => true,
    }
}

fn explains_health(view: &View<'_>, cause: &NodeRecord, why: &Finding, health: &HealthFinding) -> bool {
    stands(view, cause, why) && (admits_database(health) || !is_of_database(view, cause, why))
}

/// Whether nothing else that was seen speaks against a finding as the cause of what the service does.
pub(super) fn stands(view: &View<'_>, cause: &NodeRecord, why: &Finding) -> bool {
    let refuted = refutable(why) && view.query_worked_inside();
    // Where the newest version is refused too, the older one is not what is wrong.
    let newest_fails = matches!(why, Finding::Injection(InjectionFinding::NewerVersion { .. }))
        && bad(view)
            .any(|node| matches!(node.finding(), Some(Finding::Postgres(_))) && speaks_of_the_service(node));
    let outdone = differs_only(why) && deeper(view, cause);
    !refuted && !newest_fails && !outdone
}

/// Whether a query from inside refutes a finding. The catalogue says the same of its cause, where all findings of that cause
/// are alike in this.
fn refutable(why: &Finding) -> bool {
    // A query from inside went to that instance with that credential, so neither is in the way. The service's own
    // connector may still be: another one may have carried the query.
    match why {
        // The gate's driver takes what the service's own does not.
        Finding::Credential(CredentialFinding::Unfit { unfit: Unfit::Scheme { .. }, .. }) => false,
        Finding::Instance(_)
        | Finding::Credential(_)
        | Finding::Path(PathFinding::Way { .. } | PathFinding::TestUnreachable { .. }) => true,
        Finding::Service(_)
        | Finding::Injection(_)
        | Finding::Path(_)
        | Finding::Postgres(_)
        | Finding::Database(_)
        | Finding::Log(_)
        | Finding::Health(_)
        | Finding::Journey(_) => false,
    }
}

/// Whether a finding says no more than that something is not as it was, or as it is declared. That may be meant.
pub(in crate::diagnosis) fn differs_only(why: &Finding) -> bool {
    matches!(
        why,
        Finding::Service(ServiceFinding::AccountDiffers { .. })
            | Finding::Path(PathFinding::AccessDiffers { .. } | PathFinding::AccessDropped { .. })
    )
}

/// Whether anything else was seen that says why the database cannot be used, or that the way to it is whole.
fn deeper(view: &View<'_>, cause: &NodeRecord) -> bool {
    let says_why = |node: &NodeRecord| {
        node.finding().is_some_and(|finding| {
            node.key() != cause.key()
                && !differs_only(finding)
                && is_of_database(view, node, finding)
                && speaks_of_the_service(node)
                && !explains(view, cause, node)
        })
    };
    view.query_worked_inside() || view.nodes.iter().any(|node| says_why(node))
}

fn explains_service(why: &Finding, service: &ServiceFinding) -> bool {
    let ServiceFinding::RevisionFailed { reason, message, .. } = service else { return true };
    let failure = failure::read(reason.as_deref(), message).failure;
    match why {
        Finding::Injection(injection) => explains_failed_secret(injection, failure),
        // A container that opens its database while it starts dies of a path that is cut.
        Finding::Path(_) => matches!(
            failure,
            Failure::Unknown
                | Failure::Connector
                | Failure::NetworkMissing
                | Failure::ContainerStart
                | Failure::TooSlow
        ),
        Finding::Credential(_)
        | Finding::Instance(_)
        | Finding::Postgres(_)
        | Finding::Database(_)
        | Finding::Log(_) => {
            matches!(failure, Failure::Unknown | Failure::ContainerStart | Failure::TooSlow)
        }
        // Another account than declared may lack any right that the revision needs.
        Finding::Service(ServiceFinding::AccountDiffers { .. }) => {
            matches!(failure, Failure::Unknown | Failure::Secrets | Failure::SecretDenied)
        }
        Finding::Service(_) | Finding::Health(_) | Finding::Journey(_) => true,
    }
}

/// Whether what was seen of a secret explains that Cloud Run could not read it.
fn explains_failed_secret(injection: &InjectionFinding, failure: Failure) -> bool {
    match failure {
        Failure::Unknown | Failure::Secrets => true,
        Failure::SecretDenied => matches!(injection, InjectionFinding::NoAccessBinding { .. }),
        Failure::SecretMissing => matches!(
            injection,
            InjectionFinding::SecretNotFound { .. } | InjectionFinding::VersionNotFound { .. }
        ),
        Failure::SecretDisabled => matches!(injection, InjectionFinding::VersionDisabled { .. }),
        Failure::SecretDestroyed => matches!(injection, InjectionFinding::VersionDestroyed { .. }),
        Failure::ContainerStart
        | Failure::OutOfMemory
        | Failure::ImageNotFound
        | Failure::ImageDenied
        | Failure::ImagePlatform
        | Failure::ImagePolicy
        | Failure::NetworkMissing
        | Failure::Connector
        | Failure::RevisionGone
        | Failure::TooSlow
        | Failure::EncryptionKey
        | Failure::Other => false,
    }
}

/// How far a talk with PostgreSQL came, as far as it tells causes apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// The name has no address.
    Nothing,
    /// Packets vanish.
    Silence,
    /// Something answers at that address, or resets.
    Something,
    /// A server that is up, but not ready to serve.
    NotReady,
    /// A PostgreSQL server, which refuses.
    Server(Refused),
}

/// What a server refuses a login for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refused {
    /// User or password (28P01).
    Password,
    /// The host, the encryption, or the user altogether (28000).
    Entry,
    /// The database (3D000).
    Database,
    /// Something else.
    Other,
}

fn reached(postgres: &PostgresFinding) -> Reached {
    match postgres {
        PostgresFinding::NameUnresolvable { .. } => Reached::Nothing,
        PostgresFinding::TimedOut { .. } | PostgresFinding::Unreachable { .. } => Reached::Silence,
        PostgresFinding::Refused { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::Cut { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::CertificateInvalid { .. }
        | PostgresFinding::ClientCertificateRefused { .. }
        | PostgresFinding::TlsFailed { .. }
        | PostgresFinding::ServerUnproven { .. } => Reached::Something,
        PostgresFinding::SessionUnwanted { .. } => Reached::Server(Refused::Other),
        PostgresFinding::LoginRefused { sqlstate, .. } | PostgresFinding::QueryFailed { sqlstate, .. } => {
            if sqlstate.starts_with("57P") || sqlstate.starts_with("08") {
                return Reached::NotReady;
            }
            Reached::Server(match sqlstate.as_str() {
                "28P01" => Refused::Password,
                "28000" => Refused::Entry,
                "3D000" => Refused::Database,
                _ => Refused::Other,
            })
        }
    }
}

/// How far the service itself came, by what it logged.
fn reached_in_log(trouble: Trouble) -> Reached {
    match trouble {
        Trouble::NameUnresolvable | Trouble::SchemeRefused | Trouble::Unreadable => Reached::Nothing,
        Trouble::TimedOut | Trouble::ProxyTimedOut => Reached::Silence,
        Trouble::Refused | Trouble::SocketMissing => Reached::Something,
        Trouble::Starting => Reached::NotReady,
        Trouble::PasswordRejected => Reached::Server(Refused::Password),
        Trouble::LoginNotAllowed => Reached::Server(Refused::Entry),
        Trouble::DatabaseMissing => Reached::Server(Refused::Database),
        Trouble::ConnectPrivilegeMissing | Trouble::SlotsExhausted => Reached::Server(Refused::Other),
    }
}

fn explains_postgres(view: &View<'_>, cause: &NodeRecord, why: &Finding, reached: Reached) -> bool {
    let refused = matches!(reached, Reached::Server(_));
    let refused_for = |one: Refused| reached == Reached::Server(one);
    match why {
        Finding::Service(_)
        | Finding::Postgres(_)
        | Finding::Log(_)
        | Finding::Health(_)
        | Finding::Journey(_) => true,
        // A login that worked saw it: only what a full server refuses has to do with it.
        Finding::Database(
            DatabaseFinding::NoHeadroom { .. }
            | DatabaseFinding::NearlyFull { .. }
            | DatabaseFinding::PoolTooLarge { .. },
        ) => refused_for(Refused::Other),
        Finding::Database(_) => false,
        Finding::Injection(InjectionFinding::VariablesMissing { of_database, .. }) => !of_database.is_empty(),
        Finding::Injection(
            InjectionFinding::VariablesEmpty { .. } | InjectionFinding::VariablesDropped { .. },
        ) => true,
        Finding::Injection(
            InjectionFinding::SecretReferenceDiffers { .. }
            | InjectionFinding::SecretNotFound { .. }
            | InjectionFinding::VersionNotFound { .. }
            | InjectionFinding::VersionDisabled { .. }
            | InjectionFinding::VersionDestroyed { .. }
            | InjectionFinding::NoAccessBinding { .. }
            | InjectionFinding::Corrupted { .. },
        ) => is_of_database(view, cause, why),
        // The gate logs in with the newest version, so what it meets is not the older one's doing.
        Finding::Injection(InjectionFinding::NewerVersion { .. }) => false,
        // A blank at the edge spoils a name or a password; it drops no packets.
        Finding::Credential(CredentialFinding::EdgeWhitespace { .. }) => {
            matches!(reached, Reached::Nothing | Reached::Server(_))
        }
        Finding::Credential(CredentialFinding::Unfit { unfit, .. }) => explains_talk(unfit, reached),
        Finding::Credential(CredentialFinding::Empty { .. } | CredentialFinding::Unreadable { .. }) => true,
        // Without a way, nothing answers; an answer proves that there is one.
        Finding::Path(
            PathFinding::NoVpcAccess { .. }
            | PathFinding::AccessDiffers { .. }
            | PathFinding::AccessDropped { .. }
            | PathFinding::ConnectorNotFound { .. }
            | PathFinding::ConnectorNotReady { .. }
            | PathFinding::ConnectorElsewhere { .. }
            | PathFinding::TestUnreachable { .. },
        ) => matches!(reached, Reached::Nothing | Reached::Silence),
        // Packets that are dropped or led astray get no answer; in a range that two have, somebody else may answer.
        Finding::Path(PathFinding::Way { fault: Fault::RangeConflict { .. }, .. }) => true,
        Finding::Path(PathFinding::Way {
            fault: Fault::EgressWithoutNat { database_outside, .. }, ..
        }) => *database_outside && matches!(reached, Reached::Nothing | Reached::Silence),
        Finding::Path(PathFinding::Way { .. }) => matches!(reached, Reached::Nothing | Reached::Silence),
        // In another network, somebody else may have that address.
        Finding::Path(PathFinding::NetworkDiffers { .. } | PathFinding::EgressBypasses { .. }) => true,
        Finding::Instance(
            InstanceFinding::NotFound { .. }
            | InstanceFinding::AddressDiffers { .. }
            | InstanceFinding::NotAttached { .. }
            | InstanceFinding::SocketDiffers { .. },
        ) => true,
        Finding::Instance(
            InstanceFinding::Stopped { .. }
            | InstanceFinding::Suspended { .. }
            | InstanceFinding::NotRunning { .. }
            | InstanceFinding::DiskFull { .. },
        ) => !refused,
        Finding::Instance(InstanceFinding::OtherEngine { .. }) => !refused,
        Finding::Instance(InstanceFinding::NotAuthorized { .. }) => {
            matches!(reached, Reached::Silence | Reached::Something)
        }
        // A server that goes on to passwords or databases has let the connection in.
        Finding::Instance(
            InstanceFinding::ConnectorRequired { .. }
            | InstanceFinding::TlsRequired { .. }
            | InstanceFinding::ClientCertificateRequired { .. },
        ) => !refused || refused_for(Refused::Entry),
        Finding::Instance(InstanceFinding::NoDatabase { .. }) => refused_for(Refused::Database),
        Finding::Instance(InstanceFinding::NoUser { .. } | InstanceFinding::IamLogin { .. }) => {
            refused_for(Refused::Password) || refused_for(Refused::Entry)
        }
        Finding::Instance(InstanceFinding::NoConnectBinding { .. } | InstanceFinding::NotItself { .. }) => {
            !refused
        }
    }
}

/// Whether a finding explains what a database holds. The gate was in it, so nothing on the way there is to blame, unless
/// it led to another database than the one that is meant.
fn explains_holdings(view: &View<'_>, cause: &NodeRecord, why: &Finding) -> bool {
    match why {
        Finding::Database(_) => true,
        Finding::Injection(InjectionFinding::SecretReferenceDiffers { .. }) => {
            is_of_database(view, cause, why)
        }
        Finding::Path(PathFinding::NetworkDiffers { .. })
        | Finding::Instance(InstanceFinding::AddressDiffers { .. } | InstanceFinding::SocketDiffers { .. }) => {
            true
        }
        Finding::Service(_)
        | Finding::Injection(_)
        | Finding::Credential(_)
        | Finding::Path(_)
        | Finding::Instance(_)
        | Finding::Postgres(_)
        | Finding::Log(_)
        | Finding::Health(_)
        | Finding::Journey(_) => false,
    }
}

/// Whether a value that cannot work explains what a talk with PostgreSQL came to.
fn explains_talk(unfit: &Unfit, reached: Reached) -> bool {
    match unfit {
        Unfit::Quoted | Unfit::Encoded { .. } => matches!(reached, Reached::Nothing | Reached::Server(_)),
        Unfit::LooksEncoded => reached == Reached::Server(Refused::Password),
        Unfit::Placeholder { part } if part == "password" => reached == Reached::Server(Refused::Password),
        Unfit::Placeholder { .. } | Unfit::Unescaped { .. } => true,
        Unfit::PasswordFile { .. } => reached == Reached::Server(Refused::Password),
        // The gate's own driver takes the URL.
        Unfit::Scheme { .. } => false,
        Unfit::SocketTls { .. } | Unfit::SocketTooLong { .. } => !matches!(reached, Reached::Server(_)),
        Unfit::Loopback { .. } => !matches!(reached, Reached::Server(_)),
        Unfit::ComposeName { .. } => reached == Reached::Nothing,
        Unfit::Port { .. } => matches!(reached, Reached::Silence | Reached::Something),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::catalogue::{CauseCode, Refuted};
    use crate::diagnosis::rules;
    use crate::record::RunRecord;

    /// The column of the catalogue against every finding of the recorded runs.
    #[test]
    fn the_catalogue_knows_what_a_working_database_refutes() {
        let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs");
        let mut seen: BTreeSet<CauseCode> = BTreeSet::new();
        let graph = crate::checks::graph();
        for run in runs.read_dir().unwrap() {
            let text = std::fs::read_to_string(run.unwrap().path().join("run.json")).unwrap();
            let record: RunRecord = serde_json::from_str(&text).unwrap();
            for view in View::all(&record, graph) {
                for node in bad(&view) {
                    let finding = node.finding().unwrap();
                    let code = rules::judge(&view, node, finding).code;
                    match code.refuted() {
                        Refuted::Yes => assert!(refutable(finding), "{code}: {finding}"),
                        Refuted::No => assert!(!refutable(finding), "{code}: {finding}"),
                        Refuted::Inferred => {}
                    }
                    seen.insert(code);
                }
            }
        }
        assert!(seen.iter().any(|code| code.refuted() == Refuted::Yes), "{seen:?}");
        assert!(seen.iter().any(|code| code.refuted() == Refuted::No), "{seen:?}");
    }
}

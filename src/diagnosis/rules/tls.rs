//! Rules for what the two sides do not agree on about TLS.

use std::net::SocketAddr;

use super::super::cause::CauseCode;
use super::super::view::View;
use super::Judgement;
use super::postgres::{describe_instance, instance, instance_project};
use crate::model::resource::instance_of;
use crate::record::finding::CertificateProblem;
use crate::text::shell::command;

/// The service asks for TLS, and the server offers none.
pub(super) fn unsupported(address: SocketAddr, sslmode: &str) -> Judgement {
    Judgement::proven(
        CauseCode::TlsUnsupported,
        format!("the connection string asks for TLS (sslmode={sslmode}), and {address} does not offer it"),
    )
    .fix("offer TLS on the server, or ask for sslmode=prefer where the network itself is trusted", None)
}

/// A handshake that fails for another reason than a certificate.
pub(super) fn failed(address: SocketAddr, detail: &str) -> Judgement {
    Judgement::proven(
        CauseCode::TlsUnsupported,
        format!("{address} offers TLS and does not come to it (TLS 1.2 or 1.3): {detail}"),
    )
    .fix(
        "see which versions of TLS the server speaks (ssl_min_protocol_version, ssl_max_protocol_version)",
        None,
    )
}

/// The server wants a client certificate, or another one.
pub(super) fn client_certificate(view: &View<'_>, address: SocketAddr, sent: bool, alert: &str) -> Judgement {
    let claim = if sent {
        format!("{address} does not take the service's client certificate (TLS alert {alert})")
    } else {
        format!("{address} ends TLS because no client certificate is sent (TLS alert {alert})")
    };
    Judgement::proven(CauseCode::ClientCertificateRequired, claim)
        .fix("see what the instance demands", describe_instance(view))
        .fix("connect through a Cloud SQL connector, or mount a client certificate (sslcert, sslkey)", None)
}

/// A server's certificate that the service does not take.
pub(super) struct Certificate<'a> {
    pub(super) address: SocketAddr,
    pub(super) sslmode: &'a str,
    pub(super) problem: &'a CertificateProblem,
    pub(super) by: &'a str,
    pub(super) stated: bool,
}

impl Certificate<'_> {
    pub(super) fn judge(&self, view: &View<'_>) -> Judgement {
        let Self { address, sslmode, problem, by, stated } = self;
        let code = CauseCode::TlsCertificateInvalid;
        let claim = format!(
            "the certificate of {address} does not pass sslmode={sslmode}: {problem} (verified by {by})"
        );
        let present = || server_certificates(view);
        match problem {
            CertificateProblem::Expired { .. } => Judgement::proven(code, claim)
                .fix("give the server a new certificate", rotate(view))
                .fix("then give the service its authority, if that changed, too", present()),
            CertificateProblem::NotYetValid { .. } => Judgement::proven(code, claim)
                .fix("wait until it begins, or see whether a clock is wrong", None),
            CertificateProblem::UnknownIssuer if *stated => Judgement::proven(code, claim)
                .fix("give the service the server's present authority: it was rotated, or is another's", present()),
            // What the service itself holds is not known.
            CertificateProblem::UnknownIssuer => Judgement::likely(code, claim)
                .suspect("the server was given another certificate than Cloud SQL's own", present())
                .suspect("another server answers at that address", describe_instance(view))
                .fix("give the service the authority of the server that it dials", present()),
            CertificateProblem::OtherName { host, .. } => Judgement::proven(code, claim)
                .fix(
                    format!("verify the authority only, not the name {host}: sslmode=verify-ca; Cloud SQL's own authority names no address"),
                    None,
                )
                .fix("or dial the name that the certificate holds", describe_instance(view)),
            CertificateProblem::Unusable { .. } => Judgement::proven(code, claim)
                .fix("give the server a certificate that today's TLS libraries take", rotate(view)),
        }
    }
}

fn server_certificates(view: &View<'_>) -> Option<String> {
    on_certificates(view, "list", &["--format=value(cert)"])
}

fn rotate(view: &View<'_>) -> Option<String> {
    on_certificates(view, "create", &[])
}

fn on_certificates(view: &View<'_>, verb: &str, flags: &[&str]) -> Option<String> {
    let instance = instance(view)?;
    let flag = format!("--instance={}", instance_of(instance));
    let words = ["gcloud", "sql", "ssl", "server-ca-certs", verb];
    let project = instance_project(view, instance);
    Some(command(words.into_iter().chain(flags.iter().copied()).chain([&*flag, &*project])))
}

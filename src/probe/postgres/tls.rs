//! TLS as libpq makes it: below `verify-ca` encrypted, and the certificate verified by nobody; from `verify-ca` on by
//! the authorities that the service trusts, where the gate knows them.
//!
//! The gate asks what the *service's* login meets. A certificate that no public root signed (Cloud SQL's own
//! authority, for one) is no reason for that login to fail unless the service verifies it. Where the service does, and
//! the gate does not know by which authorities, the handshake is made unverified, and says so ([`Verified::No`]).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::{ResolvesClientCert, verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::certificate::{self, Leaf};
use super::stream::Stream;
use super::verifier::{Judge, Notes, Verifier};
use crate::connection::{Authorities, Identity, SslMode, Trust};
use crate::record::finding::{Ending, PostgresFinding};
use crate::text::bounded;

/// What a handshake showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// `TLS 1.3`.
    pub version: String,
    /// By what the server's certificate was verified.
    pub verified: Verified,
    /// Whether the server asked for a client certificate.
    pub certificate_asked: bool,
    /// Whether one was sent.
    pub certificate_sent: bool,
    /// When the server's certificate ends, where it can be read.
    pub not_after: Option<jiff::Timestamp>,
}

/// By what a server's certificate was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verified {
    /// By nothing: the service does not, or the gate does not know how.
    No,
    /// By these authorities.
    Authority(String),
    /// By these authorities, and by the name of the host.
    AuthorityAndName(String),
}

impl Secured {
    /// Whether the server asked for a client certificate, and none was sent.
    pub(super) fn certificate_missed(&self) -> bool {
        self.certificate_asked && !self.certificate_sent
    }
}

/// What is to be verified.
#[derive(Clone, Debug)]
enum Wanted {
    Nothing,
    Authority(Authorities),
    AuthorityAndName(Authorities),
}

impl Wanted {
    /// As libpq: from `verify-ca` on, and by a stated file already from `require` on.
    fn of(sslmode: SslMode, trust: &Trust) -> Self {
        match (sslmode, &trust.authorities) {
            (_, None) | (SslMode::Disable | SslMode::Allow | SslMode::Prefer, Some(_)) => Self::Nothing,
            (SslMode::Require, Some(authorities)) if !authorities.stated => Self::Nothing,
            (SslMode::Require | SslMode::VerifyCa, Some(authorities)) => Self::Authority(authorities.clone()),
            (SslMode::VerifyFull, Some(authorities)) => Self::AuthorityAndName(authorities.clone()),
        }
    }

    fn verified(&self) -> Verified {
        match self {
            Self::Nothing => Verified::No,
            Self::Authority(authorities) => Verified::Authority(authorities.whose.clone()),
            Self::AuthorityAndName(authorities) => Verified::AuthorityAndName(authorities.whose.clone()),
        }
    }
}

/// The TLS handshake that follows an `S` to SSLRequest.
pub(super) async fn handshake<S>(
    stream: S,
    host: &str,
    address: SocketAddr,
    sslmode: SslMode,
    trust: &Trust,
) -> Result<(Box<dyn Stream>, Secured), PostgresFinding>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // A host that no certificate could name (an underscore, for one) only loses the SNI extension.
    let name = if ServerName::try_from(host).is_ok() { host.to_owned() } else { address.ip().to_string() };
    let wanted = Wanted::of(sslmode, trust);
    let notes = Arc::new(Notes::default());
    let config = match config(wanted.clone(), host, trust.identity.clone(), &notes) {
        Ok(config) => config,
        Err(error) => {
            return Err(PostgresFinding::TlsFailed { address, detail: bounded(&error.to_string()) });
        }
    };
    let connect = match MakeTlsConnect::<S>::make_tls_connect(&mut MakeRustlsConnect::new(config), &name) {
        Ok(connect) => connect,
        Err(never) => match never {},
    };
    match connect.connect(stream).await {
        Ok(stream) => {
            let secured = notes.secured(wanted.verified(), trust);
            Ok((Box::new(stream), secured))
        }
        Err(error) => {
            let (by, stated) = match &wanted {
                Wanted::Nothing => ("nothing".to_owned(), false),
                Wanted::Authority(authorities) | Wanted::AuthorityAndName(authorities) => {
                    (authorities.whose.clone(), authorities.stated)
                }
            };
            let sent = notes.secured(wanted.verified(), trust).certificate_sent;
            let invalid = |problem: &CertificateError| PostgresFinding::CertificateInvalid {
                address,
                sslmode: sslmode.to_string(),
                problem: certificate::problem(problem, host, &notes.leaf()),
                by,
                stated,
            };
            Err(failure(&error, address, notes.asked().then_some(sent), invalid))
        }
    }
}

/// Why a handshake came to nothing. `asked`: as for [`alert`].
pub(super) fn failure(
    error: &io::Error,
    address: SocketAddr,
    asked: Option<bool>,
    invalid: impl FnOnce(&CertificateError) -> PostgresFinding,
) -> PostgresFinding {
    match of_tls(error) {
        Some(rustls::Error::InvalidCertificate(problem)) => invalid(problem),
        Some(error) => alert(error, address, asked)
            .unwrap_or_else(|| PostgresFinding::TlsFailed { address, detail: detail(error) }),
        None if is_loss(error.kind()) => {
            PostgresFinding::Cut { address, step: "TLS".to_owned(), ending: loss(error.kind()) }
        }
        None => PostgresFinding::TlsFailed { address, detail: bounded(&error.to_string()) },
    }
}

/// rustls' own error in an error of the stream.
pub(super) fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What rustls says, in its own words: they hold nothing of the server's.
pub(super) fn detail(error: &rustls::Error) -> String {
    bounded(&error.to_string())
}

/// An alert by which the server refuses what the client proves itself with. `asked`: whether a certificate was asked
/// for, and then whether one was sent; before TLS 1.3 a server without one just says `handshake_failure`.
pub(super) fn alert(
    error: &rustls::Error,
    address: SocketAddr,
    asked: Option<bool>,
) -> Option<PostgresFinding> {
    use rustls::AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = error else { return None };
    let of_certificates = [
        Alert::HandshakeFailure,
        Alert::BadCertificate,
        Alert::UnsupportedCertificate,
        Alert::CertificateRevoked,
        Alert::CertificateExpired,
        Alert::CertificateUnknown,
        Alert::UnknownCA,
        Alert::AccessDenied,
        Alert::DecryptError,
    ];
    let says = [Alert::CertificateRequired, Alert::NoCertificate].contains(alert)
        || asked.is_some() && of_certificates.contains(alert);
    let sent = asked.unwrap_or_default();
    says.then(|| PostgresFinding::ClientCertificateRefused { address, sent, alert: format!("{alert:?}") })
}

/// Whether the connection itself was lost, TLS or not.
pub(super) fn is_loss(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe | TimedOut)
}

/// How it was lost.
pub(super) fn loss(kind: io::ErrorKind) -> Ending {
    if kind == io::ErrorKind::UnexpectedEof {
        Ending::Closed
    } else {
        Ending::Lost { error: kind.to_string() }
    }
}

fn config(
    wanted: Wanted,
    host: &str,
    identity: Option<Identity>,
    notes: &Arc<Notes>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new(AsLibpq { wanted, host: host.to_owned() }, Arc::clone(notes));
    let resolver = Resolver { identity, notes: Arc::clone(notes) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(resolver));
    Ok(config)
}

/// Notes whether the server asks for a client certificate: PostgreSQL does where it knows an authority for them.
#[derive(Debug)]
struct Resolver {
    identity: Option<Identity>,
    notes: Arc<Notes>,
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.notes.note_asked();
        // As libpq: sent to whoever asks, whatever authorities it names.
        self.identity.as_ref().map(|identity| Arc::clone(&identity.0))
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

/// What is wanted of a server, as libpq has it.
#[derive(Debug)]
struct AsLibpq {
    wanted: Wanted,
    host: String,
}

impl Judge for AsLibpq {
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), rustls::Error> {
        let (authorities, by_name) = match &self.wanted {
            Wanted::Nothing => return Ok(()),
            Wanted::Authority(authorities) => (authorities, false),
            Wanted::AuthorityAndName(authorities) => (authorities, true),
        };
        // OpenSSL takes a certificate that stands among the authorities itself; webpki does not take it as a leaf.
        if authorities.certificates.iter().any(|one| one.as_ref() == leaf.as_ref()) {
            let read = Leaf::of(leaf);
            read.is_valid_at(now)?;
            return if by_name { self.verify_name(None, &read) } else { Ok(()) };
        }
        let parsed = ParsedCertificate::try_from(leaf)?;
        let (roots, all) = (&authorities.roots, algorithms.all);
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, all)?;
        if by_name { self.verify_name(Some(&parsed), &Leaf::of(leaf)) } else { Ok(()) }
    }
}

impl AsLibpq {
    /// By the alternative names; by the common name where there are none, as libpq does.
    fn verify_name(&self, parsed: Option<&ParsedCertificate<'_>>, leaf: &Leaf) -> Result<(), rustls::Error> {
        let by_rustls = parsed.zip(ServerName::try_from(self.host.as_str()).ok());
        match by_rustls.map(|(parsed, name)| verify_server_name(parsed, &name)) {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None if leaf.is_for(&self.host) => Ok(()),
            Some(Err(error)) => Err(error),
            None => Err(CertificateError::NotValidForName.into()),
        }
    }
}

//! What every TLS handshake with a server shares: what it showed is noted, who the server must be is judged by the way
//! that is taken. That the server holds its certificate's key is always checked.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Leaf;
use super::tls::{Secured, Verified};
use crate::connection::Trust;

/// By what a server is known.
pub(super) trait Judge: std::fmt::Debug + Send + Sync {
    /// Whether it is known by its chain and names.
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), Error>;
}

/// What a handshake showed so far.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Noted>);

#[derive(Clone, Debug, Default)]
struct Noted {
    leaf: Leaf,
    tls13: bool,
    asked: bool,
}

impl Notes {
    fn note(&self, change: impl FnOnce(&mut Noted)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The server asks for a client certificate.
    pub(super) fn note_asked(&self) {
        self.note(|noted| noted.asked = true);
    }

    fn read(&self) -> Noted {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn leaf(&self) -> Leaf {
        self.read().leaf
    }

    pub(super) fn asked(&self) -> bool {
        self.read().asked
    }

    pub(super) fn secured(&self, verified: Verified, trust: &Trust) -> Secured {
        let noted = self.read();
        Secured {
            version: if noted.tls13 { "TLS 1.3" } else { "TLS 1.2" }.to_owned(),
            verified,
            certificate_asked: noted.asked,
            certificate_sent: noted.asked && trust.identity.is_some(),
            not_after: noted.leaf.not_after,
        }
    }
}

/// Hands the certificate to the judge, and notes what was seen.
#[derive(Debug)]
pub(super) struct Verifier<J> {
    algorithms: WebPkiSupportedAlgorithms,
    judge: J,
    notes: Arc<Notes>,
}

impl<J> Verifier<J> {
    pub(super) fn new(judge: J, notes: Arc<Notes>) -> Arc<Self> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        Arc::new(Self { algorithms, judge, notes })
    }
}

impl<J: Judge> ServerCertVerifier for Verifier<J> {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.notes.note(|noted| noted.leaf = Leaf::of(leaf));
        self.judge.verify(leaf, intermediates, now, &self.algorithms)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.notes.note(|noted| noted.tls13 = true);
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

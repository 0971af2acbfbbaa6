//! TLS as libpq's `sslmode=require` makes it: encrypted, and the certificate verified by nobody.
//!
//! The gate asks what the *service's* login meets; a certificate that no public root signed (Cloud SQL's own
//! authority, for one) is no reason for that login to fail unless the service verifies it. `verify-ca` and
//! `verify-full` need the certificates that only the service has.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::bounded;
use crate::run::finding::PostgresFinding;

/// A stream of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The TLS handshake that follows an `S` to SSLRequest.
pub(super) async fn handshake(
    stream: TcpStream,
    host: &str,
    address: SocketAddr,
) -> Result<Box<dyn Stream>, PostgresFinding> {
    let failed = |detail: String| PostgresFinding::TlsFailed { address, detail };
    // A host that no certificate could name (an underscore, for one) only loses the SNI extension.
    let name = if ServerName::try_from(host).is_ok() { host.to_owned() } else { address.ip().to_string() };
    let mut connector = MakeRustlsConnect::new(config().map_err(|error| failed(bounded(&error)))?.clone());
    let connect = match MakeTlsConnect::<TcpStream>::make_tls_connect(&mut connector, &name) {
        Ok(connect) => connect,
        Err(never) => match never {},
    };
    match connect.connect(stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) if is_loss(error.kind()) => {
            let detail = error.kind().to_string();
            Err(PostgresFinding::Cut { address, step: "TLS".to_owned(), detail })
        }
        Err(error) => Err(failed(bounded(&error.to_string()))),
    }
}

/// Whether the connection itself was lost, TLS or not.
fn is_loss(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// Made once: it is the same for every connection.
fn config() -> Result<&'static ClientConfig, String> {
    static CONFIG: OnceLock<Result<ClientConfig, String>> = OnceLock::new();
    let made = CONFIG.get_or_init(|| {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(VerifiesNothing::of(&provider));
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
    });
    made.as_ref().map_err(Clone::clone)
}

/// Takes any certificate, as libpq does below `verify-ca`. That the server holds its key is still checked.
#[derive(Debug)]
struct VerifiesNothing {
    algorithms: WebPkiSupportedAlgorithms,
}

impl VerifiesNothing {
    fn of(provider: &CryptoProvider) -> Self {
        Self { algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for VerifiesNothing {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

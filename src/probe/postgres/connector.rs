//! The way of Google's Cloud SQL connectors: TLS to port 3307 of an instance, with a certificate that Cloud SQL signed for
//! the gate's own key, and in it PostgreSQL's protocol without SSLRequest.
//!
//! It is made as the connectors make it (GoogleCloudPlatform/cloud-sql-go-connector, `internal/cloudsql/refresh.go` and
//! `tls_verify.go`; cloud-sql-nodejs-connector, `src/socket.ts`): an RSA key of 2048 bits, TLS 1.3, the server's chain
//! verified by the authority that Cloud SQL gives for the instance, and its identity by the instance's DNS name where it
//! has one, else, or where the certificate does not hold that yet, by the common name `PROJECT:INSTANCE`. They send the
//! newer exchange of metadata only to instances that list it; nothing demands it, so it is left out.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificate::{self, Leaf};
use super::login::within;
use super::secure::{Opened, endless};
use super::stream::Plain;
use super::tls::{Secured, Verified, detail, failure};
use super::verifier::{Judge, Notes, Verifier};
use super::{Bounds, Session, Stop, connect};
use crate::connection::{Authorities, Connection, Identity, PemProblem};
use crate::probe::dial::Dial;
use crate::record::Inconclusive;
use crate::record::finding::PostgresFinding;

/// The port at which instances take connectors.
pub const CONNECTOR_PORT: u16 = 3307;

/// The gate's own key, for one login. Its private half is in memory only, and is shown to nobody.
pub struct ConnectorKey {
    private: PrivatePkcs8KeyDer<'static>,
    /// The public half in PEM, for Cloud SQL to sign.
    pub public: String,
}

/// Without the private half.
impl std::fmt::Debug for ConnectorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConnectorKey")
    }
}

impl ConnectorKey {
    /// A new one. It takes a tenth of a second of the processor's time.
    ///
    /// # Errors
    ///
    /// The machine has no randomness.
    pub fn generate() -> Result<Self, Inconclusive> {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(|error| {
            Inconclusive::Unavailable {
                what: "a key of the gate's own".to_owned(),
                detail: error.to_string(),
            }
        })?;
        Ok(Self { private: PrivatePkcs8KeyDer::from(pair.serialize_der()), public: pair.public_key_pem() })
    }

    /// The key with the certificate that Cloud SQL signed for it.
    ///
    /// # Errors
    ///
    /// [`PemProblem`]: it is no certificate, or none for this key.
    pub fn certified(&self, certificate: &str) -> Result<Identity, PemProblem> {
        Identity::of_key(certificate.as_bytes(), self.private.clone_key().into())
    }
}

/// By what an instance shows that it is the one that is meant.
#[derive(Clone, Debug)]
pub struct ExpectedServer {
    /// `PROJECT:INSTANCE`, the common name of its certificate.
    pub common_name: String,
    /// Its DNS names, one of which the certificate may hold instead.
    pub dns_names: Vec<String>,
    /// Who signs its certificates.
    pub authorities: Authorities,
}

/// Logs in to an instance by the connectors' way. A server that is not the expected one is
/// [`PostgresFinding::CertificateInvalid`], a refused certificate of the gate's
/// [`PostgresFinding::ClientCertificateRefused`].
///
/// # Errors
///
/// [`Stop`]: what came instead, in time.
pub async fn login_by_connector(
    dial: &dyn Dial,
    from: &str,
    address: SocketAddr,
    expected: &ExpectedServer,
    identity: &Identity,
    connection: &Connection,
    bounds: Bounds,
) -> Result<Session, Stop> {
    let (stream, address) = connect(dial, from, &[address], bounds).await?;
    let session = async {
        let opened = handshake(stream, address, expected, identity).await?;
        within(opened, address, connection).await
    };
    timeout(bounds.step, session).await.unwrap_or_else(|_| Err(endless("login", address, bounds).into()))
}

async fn handshake<S>(
    stream: S,
    address: SocketAddr,
    expected: &ExpectedServer,
    identity: &Identity,
) -> Result<Opened, PostgresFinding>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let notes = Arc::new(Notes::default());
    let config = config(Verifier::new(expected.clone(), Arc::clone(&notes)), identity)
        .map_err(|error| PostgresFinding::TlsFailed { address, detail: detail(&error) })?;
    let mut hosts = expected.dns_names.iter().filter_map(|name| ServerName::try_from(name.clone()).ok());
    let name = hosts.next().unwrap_or_else(|| ServerName::from(address.ip()));
    match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        Ok(stream) => {
            let secured = Secured {
                version: "TLS 1.3".to_owned(),
                verified: Verified::AuthorityAndName(expected.authorities.whose.clone()),
                certificate_asked: true,
                certificate_sent: true,
                not_after: notes.leaf().not_after,
            };
            // The instance's own proxy ends this TLS: SCRAM cannot be bound to it, and the connectors' drivers see none.
            Ok(Opened { stream: Box::new(Plain(stream)), secured: Some(secured) })
        }
        Err(error) => {
            let invalid = |problem: &CertificateError| PostgresFinding::CertificateInvalid {
                address,
                sslmode: "verify-full".to_owned(),
                problem: certificate::problem(problem, &expected.common_name, &notes.leaf()),
                by: expected.authorities.whose.clone(),
                stated: false,
            };
            Err(failure(&error, address, Some(true), invalid))
        }
    }
}

fn config(
    verifier: Arc<Verifier<ExpectedServer>>,
    identity: &Identity,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&identity.0)));
    Ok(ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(resolver))
}

/// Chain and identity of an instance; see the module.
impl Judge for ExpectedServer {
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), rustls::Error> {
        let Self { common_name, dns_names, authorities } = self;
        let parsed = ParsedCertificate::try_from(leaf)?;
        let (roots, all) = (&authorities.roots, algorithms.all);
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, intermediates, now, all)?;
        let mut names = dns_names.iter().filter_map(|name| ServerName::try_from(name.as_str()).ok());
        let by_name = names.any(|name| verify_server_name(&parsed, &name).is_ok());
        if by_name || Leaf::of(leaf).common_name.as_ref() == Some(common_name) {
            return Ok(());
        }
        Err(CertificateError::NotValidForName.into())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer};
    use rustls::client::danger::ServerCertVerifier as _;

    use super::*;

    const INSTANCE: &str = "shop:auth-db";

    /// Whether a server of this common name and these names is taken for the instance of that DNS name.
    fn taken(common_name: Option<&str>, names: &[&str], dns_name: &str, own: bool) -> Result<(), String> {
        let authority = || {
            let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let pem = parameters.self_signed(&key).unwrap().pem();
            (Issuer::new(parameters, key), pem)
        };
        let ((issuer, pem), (stranger, _)) = (authority(), authority());
        let mut parameters =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        parameters.distinguished_name = DistinguishedName::new();
        if let Some(name) = common_name {
            parameters.distinguished_name.push(DnType::CommonName, name);
        }
        let key = KeyPair::generate().unwrap();
        let signed = parameters.signed_by(&key, if own { &issuer } else { &stranger }).unwrap();
        let expected = ExpectedServer {
            common_name: INSTANCE.to_owned(),
            dns_names: Some(dns_name.to_owned()).filter(|name| !name.is_empty()).into_iter().collect(),
            authorities: Authorities::of_pem(pem.as_bytes(), "x", false).unwrap(),
        };
        let verifier = Verifier::new(expected, Arc::default());
        let address = ServerName::try_from("203.0.113.9").unwrap();
        let end = verifier.verify_server_cert(signed.der(), &[], &address, &[], UnixTime::now());
        end.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn an_instance_is_known_by_its_dns_name_or_by_its_common_name() {
        const DNS: &str = "a1b2.europe-west1.sql.goog";
        for (common_name, names, dns_name, own, expected) in [
            (Some(INSTANCE), &[][..], "", true, true),
            (Some("shop:other-db"), &[], "", true, false),
            (None, &[], "", true, false),
            // The common name counts whatever the other names are: those of legacy certificates are none of its own.
            (Some(INSTANCE), &["db.internal"], "", true, true),
            (Some("x"), &[DNS], DNS, true, true),
            (Some("x"), &["other.europe-west1.sql.goog"], DNS, true, false),
            // The metadata may know the DNS name before the certificate does.
            (Some(INSTANCE), &[], DNS, true, true),
            (Some("x"), &[DNS], "", true, false),
            (Some(INSTANCE), &[DNS], DNS, false, false),
        ] {
            let end = taken(common_name, names, dns_name, own);
            assert_eq!(end.is_ok(), expected, "{common_name:?} {names:?} {dns_name}: {end:?}");
        }
    }

    #[test]
    fn a_key_shows_its_public_half_only() {
        let key = ConnectorKey::generate().unwrap();
        assert!(key.public.starts_with("-----BEGIN PUBLIC KEY-----"), "{}", key.public);
        assert_eq!(format!("{key:?}"), "ConnectorKey");
        assert_eq!(key.certified("no certificate").unwrap_err(), PemProblem::NoCertificate);
        let other = rcgen::generate_simple_self_signed(["x".to_owned()]).unwrap().cert.pem();
        assert_eq!(key.certified(&other).unwrap_err(), PemProblem::KeyDiffers);
    }
}

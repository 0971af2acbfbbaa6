//! TLS of a server: its certificate, and whether it asks for one of the client's.

use std::sync::Arc;

use pgwire::tokio::TlsAcceptor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::sandbox::certificates::{Authority, Validity};
use crate::sandbox::cloud::Cloud;
use crate::sandbox::world::{CertificateWorld, TlsWorld};

/// What a server needs to make TLS.
pub(in crate::sandbox) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// Its certificate in PEM: SCRAM is bound to it.
    pub(super) certificate: String,
}

impl Tls {
    /// That of an instance; `None`: it offers none.
    ///
    /// # Errors
    ///
    /// rcgen's: no certificate could be made.
    pub(in crate::sandbox) fn of(cloud: &Cloud, instance: usize) -> Result<Option<Self>, rcgen::Error> {
        let Some(world) = cloud.world.instances.get(instance) else { return Ok(None) };
        let name = format!("{}.{}.sql.internal", world.name, world.region);
        let of = |authority: &Authority, validity| authority.server(&[name.as_str()], validity);
        let signed = match world.certificate {
            CertificateWorld::None => return Ok(None),
            CertificateWorld::Good => of(&cloud.authority, Validity::Now)?,
            CertificateWorld::Expired => of(&cloud.authority, Validity::Over)?,
            CertificateWorld::NotYetValid => of(&cloud.authority, Validity::NotYet)?,
            CertificateWorld::OtherAuthority => of(&Authority::new("somebody else")?, Validity::Now)?,
        };
        let asks = world.tls == TlsWorld::ClientCertificate;
        // What rcgen made is well formed: nothing of this fails.
        let config =
            server_config(&signed.certificate, &signed.key, asks.then_some((&*cloud.authority.pem, false)));
        Ok(config.map(|config| Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate: signed.certificate,
        }))
    }
}

/// The port at which an instance takes connectors: it shows a certificate in the instance's name, and wants one that Cloud
/// SQL signed.
///
/// # Errors
///
/// rcgen's: no certificate could be made.
pub(in crate::sandbox) fn of_connectors(
    cloud: &Cloud,
    instance: usize,
) -> Result<Option<TlsAcceptor>, rcgen::Error> {
    let Some(world) = cloud.world.instances.get(instance) else { return Ok(None) };
    let shown = if world.impostor { "somebody-else" } else { world.name.as_str() };
    let signed = cloud.authority.instance(&format!("{}:{shown}", world.project))?;
    let config = server_config(&signed.certificate, &signed.key, Some((&cloud.authority.pem, true)));
    Ok(config.map(|config| TlsAcceptor::from(Arc::new(config))))
}

/// `clients`: the authority of client certificates, and whether one must come; one that comes must be of it.
fn server_config(certificate: &str, key: &str, clients: Option<(&str, bool)>) -> Option<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).ok()?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some((pem, must)) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).ok()?).ok()?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = if must { verifier } else { verifier.allow_unauthenticated() };
            builder.with_client_cert_verifier(verifier.build().ok()?)
        }
    };
    builder.with_single_cert(chain, key).ok()
}

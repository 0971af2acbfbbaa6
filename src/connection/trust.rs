//! What the service's driver holds for TLS, as far as the gate knows it: authorities, and a client certificate.

use std::fmt;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// Most certificates of one file: a bundle of public authorities has about 150.
const MOST_CERTIFICATES: usize = 1000;

/// See the module. Nothing in it: the gate knows neither.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// By whom the server's certificate must be signed.
    pub authorities: Option<Authorities>,
    /// With what the client proves who it is.
    pub identity: Option<Identity>,
}

/// Certificates of authorities.
#[derive(Clone)]
pub struct Authorities {
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) certificates: Arc<Vec<CertificateDer<'static>>>,
    /// Whose they are, as the end of a sentence.
    pub whose: String,
    /// Whether the service itself states them (`sslrootcert`). libpq verifies by a stated file from `require` on.
    pub stated: bool,
}

/// A client certificate with its key.
#[derive(Clone)]
pub struct Identity(pub(crate) Arc<CertifiedKey>);

/// Why a text gives no certificates. Holds no part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PemProblem {
    /// No certificate stands in it.
    NoCertificate,
    /// What stands there as a certificate is none.
    BadCertificate,
    /// No private key stands in it, or an encrypted one.
    NoKey,
    /// Key and certificate do not belong together, or the key is of an unknown kind.
    KeyDiffers,
    /// The machine has no authorities of its own.
    NoSystemRoots,
}

impl fmt::Display for PemProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "no certificate in PEM stands in it",
            Self::BadCertificate => "what stands in it as a certificate is none",
            Self::NoKey => "no private key in PEM that is not encrypted stands in it",
            Self::KeyDiffers => "its key does not belong to its certificate",
            Self::NoSystemRoots => "this machine has no authorities of its own",
        })
    }
}

impl std::error::Error for PemProblem {}

impl Trust {
    /// How an authority's file is called whose whole content is a word: libpq's `sslrootcert=system`.
    pub const SYSTEM: &'static str = "system";
}

impl Authorities {
    /// The certificates of a file in PEM.
    ///
    /// # Errors
    ///
    /// [`PemProblem`]: there is none, or one that is none.
    pub fn of_pem(pem: &[u8], whose: impl Into<String>, stated: bool) -> Result<Self, PemProblem> {
        let certificates = certificates(pem)?;
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            if roots.add(certificate.clone()).is_err() {
                return Err(PemProblem::BadCertificate);
            }
        }
        Ok(Self { roots: Arc::new(roots), certificates: Arc::new(certificates), whose: whose.into(), stated })
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorities").field(&self.whose).finish()
    }
}

impl Identity {
    /// A client certificate with its chain, and its key, both in PEM.
    ///
    /// # Errors
    ///
    /// [`PemProblem`]: one of them is not there, or they do not belong together.
    pub fn of_pem(certificate: &[u8], key: &[u8]) -> Result<Self, PemProblem> {
        let key = PrivateKeyDer::from_pem_slice(key).ok().ok_or(PemProblem::NoKey)?;
        Self::of_key(certificate, key)
    }

    /// A client certificate with its chain, in PEM, and its key.
    pub(crate) fn of_key(certificate: &[u8], key: PrivateKeyDer<'static>) -> Result<Self, PemProblem> {
        let chain = certificates(certificate)?;
        let provider = aws_lc_rs::default_provider();
        match CertifiedKey::from_der(chain, key, &provider) {
            Ok(key) => Ok(Self(Arc::new(key))),
            Err(_kind) => Err(PemProblem::KeyDiffers),
        }
    }
}

/// Without the key.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemProblem> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .take(MOST_CERTIFICATES)
        .collect::<Result<_, _>>()
        .ok()
        .ok_or(PemProblem::BadCertificate)?;
    if all.is_empty() { Err(PemProblem::NoCertificate) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_told() {
        let of = |pem: &str| Authorities::of_pem(pem.as_bytes(), "x", true).unwrap_err();
        assert_eq!(of(""), PemProblem::NoCertificate);
        assert_eq!(of("secret text"), PemProblem::NoCertificate);
        assert_eq!(
            of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            PemProblem::BadCertificate
        );
        assert_eq!(of("-----BEGIN CERTIFICATE-----\nAAAA"), PemProblem::BadCertificate);
    }

    #[test]
    fn a_key_must_belong_to_its_certificate() {
        let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (one, other) = (made("one"), made("other"));
        let pem = one.cert.pem();
        let with = |key: &str| Identity::of_pem(pem.as_bytes(), key.as_bytes()).map(drop);
        assert_eq!(with(&one.signing_key.serialize_pem()), Ok(()));
        assert_eq!(with(&other.signing_key.serialize_pem()), Err(PemProblem::KeyDiffers));
        assert_eq!(with("no key"), Err(PemProblem::NoKey));
    }
}

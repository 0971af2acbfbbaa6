//! Certificates made at the start: of an authority, of servers, of clients. Nobody trusts them but who is told to.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm, date_time_ymd,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use x509_cert::der::Decode as _;
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Now, and for long.
    Now,
    /// It was, until the year 2021.
    Over,
    /// It will be, from the year 4000 on.
    NotYet,
}

/// An authority that signs.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate in PEM.
    pub pem: String,
}

/// A certificate with its key, both in PEM.
#[derive(Clone)]
pub struct Signed {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Authority {
    /// A new authority of that name.
    ///
    /// # Errors
    ///
    /// rcgen's: the machine has no randomness.
    pub fn new(name: &str) -> Result<Self, rcgen::Error> {
        let mut parameters = CertificateParams::new(Vec::<String>::new())?;
        parameters.distinguished_name = named(name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        (parameters.not_before, parameters.not_after) =
            (date_time_ymd(2020, 1, 1), date_time_ymd(4096, 1, 1));
        let key = KeyPair::generate()?;
        let pem = parameters.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(parameters, key), pem })
    }

    /// Signs the certificate of a server of these names (hosts or addresses).
    ///
    /// # Errors
    ///
    /// rcgen's: a name that no certificate can hold.
    pub fn server(&self, names: &[&str], validity: Validity) -> Result<Signed, rcgen::Error> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name = named("server");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(parameters, validity)
    }

    /// Signs the certificate of a client; its common name is the user's.
    ///
    /// # Errors
    ///
    /// rcgen's.
    pub fn client(&self, user: &str) -> Result<Signed, rcgen::Error> {
        let mut parameters = CertificateParams::new(Vec::<String>::new())?;
        parameters.distinguished_name = named(user);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(parameters, Validity::Now)
    }

    /// Signs the certificate that an instance shows connectors: it names the instance by its common name alone, as Cloud
    /// SQL's authority of one instance does it.
    ///
    /// # Errors
    ///
    /// rcgen's.
    pub fn instance(&self, common_name: &str) -> Result<Signed, rcgen::Error> {
        let mut parameters = CertificateParams::new(Vec::<String>::new())?;
        parameters.distinguished_name = named(common_name);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(parameters, Validity::Now)
    }

    /// Signs a certificate for an hour for an RSA key of somebody else's, of whom only the public half is known (in PEM).
    ///
    /// # Errors
    ///
    /// rcgen's; also where the text is no such key.
    pub fn certify(&self, public_key: &str) -> Result<String, rcgen::Error> {
        const RSA: &str = "1.2.840.113549.1.1.1";
        let unusable = |_| rcgen::Error::CouldNotParseKeyPair;
        let der = SubjectPublicKeyInfoDer::from_pem_slice(public_key.as_bytes()).map_err(unusable)?;
        let read = SubjectPublicKeyInfoRef::from_der(&der);
        let read = read.ok().filter(|key| key.algorithm.oid.to_string() == RSA);
        let key = read.ok_or(rcgen::Error::CouldNotParseKeyPair)?;
        let mut parameters = CertificateParams::new(Vec::<String>::new())?;
        parameters.distinguished_name = named("Google Cloud SQL Client (sandbox)");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let now = OffsetDateTime::now_utc();
        parameters.not_before = now - Duration::from_secs(300);
        parameters.not_after = now + Duration::from_secs(3600);
        Ok(parameters.signed_by(&Theirs(key.subject_public_key.raw_bytes()), &self.issuer)?.pem())
    }

    fn sign(&self, mut parameters: CertificateParams, validity: Validity) -> Result<Signed, rcgen::Error> {
        (parameters.not_before, parameters.not_after) = match validity {
            Validity::Now => (date_time_ymd(2020, 1, 1), date_time_ymd(4000, 1, 1)),
            Validity::Over => (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1)),
            Validity::NotYet => (date_time_ymd(4000, 1, 1), date_time_ymd(4001, 1, 1)),
        };
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?.pem();
        Ok(Signed { certificate, key: key.serialize_pem() })
    }
}

/// The public half of somebody else's RSA key.
struct Theirs<'a>(&'a [u8]);

impl PublicKeyData for Theirs<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

/// Without the key.
impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut all = DistinguishedName::new();
    all.push(DnType::CommonName, name);
    all
}

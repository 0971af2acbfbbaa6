//! What is wrong with a server's TLS, by type: words of libraries change, and reports must not.

use std::error::Error;
use std::fmt;

use rustls::CertificateError;

/// What is wrong with a server's TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsTrouble {
    /// The certificate's time is over.
    Expired,
    /// Its time has not come yet.
    NotYetValid,
    /// It is for another name.
    WrongName,
    /// Nobody whom this machine trusts has signed it.
    UnknownIssuer,
    /// It was taken back.
    Revoked,
    /// Another fault of the certificate.
    BadCertificate,
    /// What answers does not speak TLS: plain HTTP, for one.
    NotTls,
    /// The two sides agree on no version, cipher or protocol; or the server ends the handshake.
    NoAgreement,
}

impl fmt::Display for TlsTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "its certificate has expired",
            Self::NotYetValid => "its certificate is not valid yet",
            Self::WrongName => "its certificate is for another name",
            Self::UnknownIssuer => "its certificate is signed by nobody whom this machine trusts",
            Self::Revoked => "its certificate was revoked",
            Self::BadCertificate => "its certificate is faulty",
            Self::NotTls => "what answers there does not speak TLS (plain HTTP?)",
            Self::NoAgreement => "the TLS handshake finds no agreement",
        })
    }
}

/// The TLS trouble within an error, where it is one of TLS.
pub(super) fn trouble(error: &(dyn Error + 'static)) -> Option<TlsTrouble> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(of(tls));
        }
        // An I/O error gives what it wraps as `get_ref`, and skips it in `source`.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[expect(clippy::wildcard_enum_match_arm, reason = "another crate's enum, which grows")]
fn of(error: &rustls::Error) -> TlsTrouble {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(certificate) => of_certificate(certificate),
        E::InvalidMessage(_) => TlsTrouble::NotTls,
        // The enum is not exhaustive: what is left are alerts, versions and broken handshakes.
        _ => TlsTrouble::NoAgreement,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "another crate's enum, which grows")]
fn of_certificate(error: &CertificateError) -> TlsTrouble {
    use CertificateError as C;
    match error {
        C::Expired | C::ExpiredContext { .. } => TlsTrouble::Expired,
        C::NotValidYet | C::NotValidYetContext { .. } => TlsTrouble::NotYetValid,
        C::NotValidForName | C::NotValidForNameContext { .. } => TlsTrouble::WrongName,
        C::UnknownIssuer => TlsTrouble::UnknownIssuer,
        C::Revoked => TlsTrouble::Revoked,
        // The same: whatever else a certificate can be.
        _ => TlsTrouble::BadCertificate,
    }
}

//! What a server's certificate says of itself: names and time, for messages, and for what libpq does beyond rustls.

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::record::finding::CertificateProblem;
use crate::text::bounded;

/// Most names that are shown.
const MOST_NAMES: usize = 8;

/// What can be read of a certificate; of one that cannot be read, nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaf {
    /// Alternative names: hosts and addresses.
    names: Vec<String>,
    pub(super) common_name: Option<String>,
    not_before: Option<Timestamp>,
    pub(super) not_after: Option<Timestamp>,
}

impl Leaf {
    pub(super) fn of(der: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = Certificate::from_der(der) else { return Self::default() };
        let body = &certificate.tbs_certificate;
        let time = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok()?;
            Timestamp::from_second(seconds).ok()
        };
        let common_name = body.subject.0.iter().flat_map(|part| part.0.iter()).find_map(|attribute| {
            if attribute.oid != COMMON_NAME {
                return None;
            }
            let value = &attribute.value;
            let utf8 = Utf8StringRef::try_from(value).ok().map(|text| text.as_str().to_owned());
            utf8.or_else(|| PrintableStringRef::try_from(value).ok().map(|text| text.as_str().to_owned()))
        });
        let names = match body.get::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0.iter().filter_map(name).collect(),
            Ok(None) | Err(_) => Vec::new(),
        };
        let validity = body.validity;
        Self {
            names,
            common_name,
            not_before: time(validity.not_before),
            not_after: time(validity.not_after),
        }
    }

    /// Whether the common name is this host and counts: libpq looks at it where there is no alternative name.
    pub(super) fn is_for(&self, host: &str) -> bool {
        let names: Vec<&str> = if self.names.is_empty() {
            self.common_name.as_deref().into_iter().collect()
        } else {
            self.names.iter().map(String::as_str).collect()
        };
        names.into_iter().any(|name| matches(name, host))
    }

    pub(super) fn is_valid_at(&self, now: UnixTime) -> Result<(), CertificateError> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        match (self.not_before, self.not_after) {
            (Some(from), _) if now < from.as_second() => Err(CertificateError::NotValidYet),
            (_, Some(until)) if now > until.as_second() => Err(CertificateError::Expired),
            (_, None) => Err(CertificateError::BadEncoding),
            (_, Some(_)) => Ok(()),
        }
    }

    /// The names that it holds, for a message.
    fn shown(&self) -> Vec<String> {
        let names = if self.names.is_empty() {
            self.common_name.iter().cloned().collect()
        } else {
            self.names.clone()
        };
        let more = names.len().saturating_sub(MOST_NAMES);
        let mut shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| bounded(name)).collect();
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        shown
    }
}

fn name(name: &GeneralName) -> Option<String> {
    if let GeneralName::DnsName(name) = name {
        return Some(name.as_str().to_owned());
    }
    let GeneralName::IpAddress(bytes) = name else { return None };
    let bytes = bytes.as_bytes();
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| std::net::IpAddr::from(octets).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|octets| std::net::IpAddr::from(octets).to_string())).ok()
}

/// Whether a name, perhaps with a `*.` in front, is this host.
fn matches(name: &str, host: &str) -> bool {
    if let Some(suffix) = name.strip_prefix("*.") {
        return host.split_once('.').is_some_and(|(first, rest)| {
            !first.is_empty() && rest.eq_ignore_ascii_case(suffix) && rest.contains('.')
        });
    }
    name.eq_ignore_ascii_case(host)
}

/// What is wrong with a certificate, by the kind of rustls' error.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "rustls' list, which grows; what is not told apart is named by its own word"
)]
pub(super) fn problem(error: &CertificateError, host: &str, leaf: &Leaf) -> CertificateProblem {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateProblem::Expired { not_after: leaf.not_after.map(|at| at.to_string()) }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateProblem::NotYetValid { not_before: leaf.not_before.map(|at| at.to_string()) }
        }
        // A wrong signature under a known name is an authority whose key was replaced.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateProblem::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::OtherName { host: bounded(host), names: leaf.shown() }
        }
        other => CertificateProblem::Unusable { detail: bounded(&format!("{other:?}")) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(names: &[&str], common_name: Option<&str>) -> Leaf {
        let mut parameters =
            rcgen::CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
                .unwrap();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        if let Some(name) = common_name {
            parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        }
        let key = rcgen::KeyPair::generate().unwrap();
        Leaf::of(parameters.self_signed(&key).unwrap().der())
    }

    #[test]
    fn a_common_name_counts_where_there_is_no_other() {
        assert!(leaf(&[], Some("db.example.com")).is_for("db.example.com"));
        assert!(leaf(&[], Some("DB.example.com")).is_for("db.EXAMPLE.com"));
        assert!(leaf(&[], Some("10.0.0.3")).is_for("10.0.0.3"));
        assert!(!leaf(&["other.example.com"], Some("db.example.com")).is_for("db.example.com"));
        assert!(leaf(&["10.0.0.3"], None).is_for("10.0.0.3"));
        assert!(!leaf(&[], None).is_for("db.example.com"));
    }

    #[test]
    fn a_star_stands_for_one_label() {
        for (name, host, expected) in [
            ("*.example.com", "db.example.com", true),
            ("*.example.com", "a.db.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.com", "example.com", false),
            ("*", "db", false),
        ] {
            assert_eq!(matches(name, host), expected, "{name} for {host}");
        }
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        let nothing = Leaf::of(&CertificateDer::from(vec![0x30, 0x80, 1, 2, 3]));
        assert!(nothing.names.is_empty() && nothing.common_name.is_none() && nothing.not_after.is_none());
        assert!(nothing.is_valid_at(UnixTime::now()).is_err());
    }
}

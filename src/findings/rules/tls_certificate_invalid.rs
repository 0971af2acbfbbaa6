//! The certificate is to be verified in a way that cannot succeed.

use crate::catalogue::CauseCode;
use crate::connection::SslMode;
use crate::findings::database::option;
use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::TlsCertificateInvalid.id(),
    severity: Severity::Warning,
    what: "the certificate is to be verified in a way that cannot succeed",
    why: "Cloud SQL's usual certificates name no address, and a container has no root certificate of Cloud SQL's unless one is put in",
    fix: "sslmode=verify-ca with sslrootcert=FILE, the instance's server CA mounted from a secret",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for way in &look.ways {
        let Some((mode, variable)) = way.known_sslmode() else { continue };
        let root = way.dsn.as_ref().is_some_and(|dsn| {
            option(&dsn.text, "sslrootcert").is_some() || dsn.text.contains("sslrootcert")
        }) || look
            .service
            .env
            .iter()
            .map(|variable| &variable.name)
            .chain(look.service.secrets.iter().map(|secret| &secret.target))
            .any(|name| {
                let name = name.to_ascii_lowercase();
                [
                    "rootcert",
                    "root_cert",
                    "ca_cert",
                    "server_ca",
                    "server-ca",
                    "ssl_ca",
                    "sslca",
                    "cacert",
                    ".pem",
                    ".crt",
                ]
                .iter()
                .any(|word| name.contains(word))
            });
        let host = way.known_host().map(|(host, _)| host.trim_matches(['[', ']']));
        let address = host.and_then(|host| host.parse::<std::net::IpAddr>().ok());
        let message = match (mode, address) {
            (SslMode::VerifyFull, Some(address)) => {
                format!(
                    "verify-full compares the certificate's name with the address {address}, which it does not have"
                )
            }
            (SslMode::VerifyFull | SslMode::VerifyCa, _) if !root && way.socket().is_none() => {
                format!("{mode} needs a root certificate, and none is named or mounted")
            }
            (
                SslMode::VerifyFull
                | SslMode::VerifyCa
                | SslMode::Require
                | SslMode::Prefer
                | SslMode::Allow
                | SslMode::Disable,
                _,
            ) => continue,
        };
        found.push(look.found(variable, message));
    }
    found
}

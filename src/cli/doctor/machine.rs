//! What the machine itself has.

use super::Complaint;
use crate::cli::Context;

pub(super) fn look(context: &Context) -> Vec<Complaint> {
    let mut found = vec![
        Complaint::good(format!(
            "rungate {} on {} {}, run by {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            context.auth.platform()
        )),
        certificates(),
        folder(context),
    ];
    let changed: Vec<String> =
        context.endpoints.stated().into_iter().map(|(api, url)| format!("{api} at {url}")).collect();
    if !changed.is_empty() {
        found.push(Complaint::less(format!(
            "APIs are asked elsewhere than at Google's: {}",
            changed.join(", ")
        )));
    }
    found
}

/// Without any root, no TLS connection is trusted: neither Google's APIs nor a service can be asked.
fn certificates() -> Complaint {
    let loaded = rustls_native_certs::load_native_certs();
    match loaded.certs.len() {
        0 => Complaint::missing("no root certificates: no TLS connection can be trusted")
            .fix("install the system's ca-certificates, or let SSL_CERT_FILE name a file with them"),
        count => Complaint::good(format!("{count} root certificates")),
    }
}

/// Reports are written beside the place they end in.
fn folder(context: &Context) -> Complaint {
    match tempfile::NamedTempFile::new_in(&context.directory) {
        Ok(_) => Complaint::good("reports can be written here"),
        Err(error) => Complaint::less(format!("reports cannot be written here: {error}"))
            .fix("give --report a path in another folder"),
    }
}

//! What the machine itself has.

use super::Finding;
use crate::cli::Context;

pub(super) fn look(context: &Context) -> Vec<Finding> {
    let mut found = vec![
        Finding::good(format!(
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
        found.push(Finding::less(format!(
            "APIs are asked elsewhere than at Google's: {}",
            changed.join(", ")
        )));
    }
    found
}

/// Without any root, no TLS connection is trusted: neither Google's APIs nor a service can be asked.
fn certificates() -> Finding {
    let loaded = rustls_native_certs::load_native_certs();
    match loaded.certs.len() {
        0 => Finding::missing("no root certificates: no TLS connection can be trusted")
            .fix("install the system's ca-certificates, or let SSL_CERT_FILE name a file with them"),
        count => Finding::good(format!("{count} root certificates")),
    }
}

/// Reports are written beside the place they end in.
fn folder(context: &Context) -> Finding {
    match tempfile::NamedTempFile::new_in(&context.directory) {
        Ok(_) => Finding::good("reports can be written here"),
        Err(error) => Finding::less(format!("reports cannot be written here: {error}"))
            .fix("give --report a path in another folder"),
    }
}

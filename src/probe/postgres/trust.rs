//! The authorities that the machine itself trusts.

use std::sync::Arc;

use rustls::RootCertStore;

use crate::connection::{Authorities, PemProblem};

/// The authorities of this machine. The service's image may have others.
///
/// # Errors
///
/// [`PemProblem::NoSystemRoots`].
pub fn system_authorities() -> Result<Authorities, PemProblem> {
    let found = rustls_native_certs::load_native_certs().certs;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found);
    if roots.is_empty() {
        return Err(PemProblem::NoSystemRoots);
    }
    let whose = "the authorities of this machine".to_owned();
    Ok(Authorities { roots: Arc::new(roots), certificates: Arc::default(), whose, stated: true })
}

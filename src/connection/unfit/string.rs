//! A whole connection string: as a text, then in its parts, then as the driver takes it that it is meant for.

use secrecy::ExposeSecret as _;

use super::super::{Dsn, DsnProblem, Scheme, SslMode, driver};
use super::encoded::looks_encoded;
use super::scheme::{has_option, mismatch};
use super::unescaped::raw;
use super::{Beside, Fault, fails, place, text};
use crate::connection::driver::Reading;

/// Judges a text that is neither empty nor has anything around it; what was around it is told already.
pub(super) fn judge(text: &str, beside: &Beside<'_>, faults: &mut Vec<Fault>) {
    let bare = faults.is_empty();
    let families = beside.families(text);
    // The driver that it is meant for reads it as it is meant, whatever others would do.
    let taken =
        !families.is_empty() && families.iter().all(|one| driver::reading(*one, text) == Reading::Takes);
    let raw = Scheme::of(text).and_then(|scheme| raw(scheme.rest)).filter(|_| !taken);
    let cut = raw.is_some();
    faults.extend(raw.map(|raw| Fault::Unescaped(raw.to_string())));
    let read = driver::parse(beside.variable, text, beside.names.iter().copied());
    match &read {
        Ok(dsn) => parts(dsn, place::tls(Some(dsn.sslmode), families), beside, faults),
        // What is cut wrongly cannot be read either, and the cut is told.
        Err(_) if cut => {}
        // Whatever is open in it, the driver gives up here.
        Err(DsnProblem::JdbcUser) => faults.push(Fault::JdbcUser(DsnProblem::JdbcUser.to_string())),
        Err(_) if beside.is_open(text) => {}
        Err(problem) => {
            faults.extend(unread(problem, taken));
            faults.extend(looks_encoded(text).then_some(Fault::LooksEncoded));
        }
    }
    if let Some(mismatch) = mismatch(beside.variable, text, |key| has_option(text, key)) {
        faults.push(Fault::Dialect(mismatch));
    } else if bare && !cut && read.is_ok() && !beside.is_open(text) && fails(families, text) {
        faults.push(Fault::Driver);
    }
}

/// Why it cannot be read.
fn unread(problem: &DsnProblem, taken: bool) -> Option<Fault> {
    match problem {
        DsnProblem::UnescapedAt | DsnProblem::UnescapedSlash | DsnProblem::Percent { .. } => {
            Some(Fault::Unescaped(format!("a raw character: {problem}")))
        }
        DsnProblem::Quoted => Some(Fault::Quoted),
        // A word of one driver's own.
        DsnProblem::SslMode if taken => None,
        DsnProblem::Empty
        | DsnProblem::Form
        | DsnProblem::Scheme
        | DsnProblem::NotText { .. }
        | DsnProblem::Port
        | DsnProblem::Ports
        | DsnProblem::Target
        | DsnProblem::Bracket
        | DsnProblem::NoEquals { .. }
        | DsnProblem::OpenQuote { .. }
        | DsnProblem::SslMode
        | DsnProblem::JdbcUser
        | DsnProblem::ConnectTimeout => Some(Fault::Unreadable(problem.to_string())),
    }
}

/// The parts of a string that is read, each as if it stood by itself.
fn parts(dsn: &Dsn, sslmode: Option<SslMode>, beside: &Beside<'_>, faults: &mut Vec<Fault>) {
    let host = dsn.host.as_deref();
    let beside = Beside { sslmode, host, postgres: true, ..*beside };
    faults.extend(host.into_iter().flat_map(|host| place::host(host, &beside)));
    faults.extend(place::port(dsn.port, &beside));
    faults.extend(dsn.password.as_ref().and_then(|one| text::password(one.expose_secret(), &beside)));
    faults.extend(dsn.user.as_ref().and_then(|user| text::name("user", user, &beside)));
    faults.extend(dsn.database.as_ref().and_then(|name| text::name("name", name, &beside)));
}

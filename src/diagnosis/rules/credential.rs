//! Rules for findings about the shape of a credential. No value is ever shown.

use super::super::cause::CauseCode;
use super::super::view::View;
use super::{Judgement, Suspect, update_service};
use crate::model::resource::{project_of, short};
use crate::record::finding::{CredentialFinding, Drivers, Unfit};
use crate::text::shell::command;

pub(super) fn judge(view: &View<'_>, finding: &CredentialFinding) -> Judgement {
    match finding {
        CredentialFinding::EdgeWhitespace { variable, secret, edge, class, length, drivers } => with_drivers(
            CauseCode::CredentialTrailingWhitespace,
            format!(
                "the value of {variable} ({length} bytes) has a {edge} {class}, which {} part of it",
                if drivers.opinions.is_empty() { "drivers take as" } else { "may count as" }
            ),
            drivers,
        )
        .fix("write it again without the blank (echo adds a newline, printf does not)", {
            rewrite(view, variable, secret.as_deref())
        })
        .fix("then deploy again: secrets in variables are read when an instance starts", None),
        CredentialFinding::Empty { variable, secret } => {
            Judgement::proven(CauseCode::CredentialEmpty, format!("the value of {variable} is empty"))
                .fix("write the value", rewrite(view, variable, secret.as_deref()))
                .fix(
                    "see where it gets lost: an undefined secret of a workflow expands to nothing without an error",
                    None,
                )
        }
        CredentialFinding::Unreadable { variable, problem, drivers } => with_drivers(
            CauseCode::CredentialUnreadable,
            format!("the value of {variable} is no connection string that a driver could read: {problem}"),
            drivers,
        )
        .fix(
            "write it as postgresql://USER:PASSWORD@HOST:5432/NAME, the password percent-encoded (@ is %40, / is \
             %2F, # is %23, ? is %3F, % is %25)",
            None,
        ),
        CredentialFinding::Unfit { variable, secret, unfit: how } => {
            unfit(view, finding, rewrite(view, variable, secret.as_deref()), how)
        }
    }
}

/// A value that drivers read in different ways: proven where the driver is known, or all of them fail.
fn with_drivers(code: CauseCode, claim: String, drivers: &Drivers) -> Judgement {
    let (takers, failing): (Vec<&String>, Vec<&String>) =
        drivers.opinions.iter().partition(|opinion| opinion.ends_with(TAKES));
    let claim = match failing.first() {
        Some(first) => format!("{claim}; {first}"),
        None => claim,
    };
    if drivers.certain || takers.is_empty() {
        return Judgement::proven(code, claim);
    }
    let harmless = |takers: &String| format!("another driver may read it ({takers})");
    Judgement::likely(code, claim)
        .suspects(takers.into_iter().map(|takers| Suspect { text: harmless(takers), command: None }))
}

/// How an opinion ends that a driver takes the value.
const TAKES: &str = ": takes it as it is meant";

/// A value that cannot work. Where another driver or a real word could make it work all the same, it is likely.
fn unfit(view: &View<'_>, finding: &CredentialFinding, rewrite: String, unfit: &Unfit) -> Judgement {
    let claim = finding.to_string();
    let redeploy = "then deploy again: secrets in variables are read when an instance starts";
    match unfit {
        Unfit::Quoted => Judgement::proven(CauseCode::CredentialQuoted, claim)
            .fix("write it without the quotes: nothing takes them off", rewrite)
            .fix(redeploy, None),
        Unfit::Encoded { .. } => Judgement::proven(CauseCode::CredentialEncoded, claim)
            .fix("write the decoded value, or the one field of the document", rewrite)
            .fix(redeploy, None),
        Unfit::LooksEncoded => Judgement::likely(CauseCode::CredentialEncoded, claim)
            .suspect("the password may really look so", None)
            .fix("write the decoded value", rewrite)
            .fix(redeploy, None),
        Unfit::Unescaped { drivers, .. } => with_drivers(CauseCode::CredentialUnescaped, claim, drivers)
            .fix(
                "percent-encode it (@ is %40, / is %2F, # is %23, ? is %3F, % is %25), or give the parts in variables \
                 of their own",
                rewrite,
            )
            .fix(redeploy, None),
        Unfit::Placeholder { part } => Judgement::likely(CauseCode::CredentialPlaceholder, claim)
            .suspect(format!("the {part} may really be called so"), None)
            .fix("put the value in", rewrite)
            .fix(redeploy, None),
        Unfit::Scheme { .. } => Judgement::likely(CauseCode::CredentialSchemeMismatch, claim)
            .suspect("the service's own code may rewrite the URL before its driver sees it", None)
            .fix("give each driver a variable with the form that it takes", rewrite)
            .fix(redeploy, None),
        Unfit::Loopback { .. } => {
            let judgement = Judgement::likely(CauseCode::DatabaseHostLoopback, claim)
                .suspect("the image may run a database or a proxy in itself", None);
            elsewhere(view, judgement, rewrite)
        }
        Unfit::ComposeName { .. } => {
            elsewhere(view, Judgement::proven(CauseCode::DatabaseHostPlaceholder, claim), rewrite)
        }
        Unfit::Port { .. } => Judgement::proven(CauseCode::DatabasePortWrong, claim)
            .fix("name PostgreSQL's port: 5432 on every Cloud SQL instance", rewrite),
        Unfit::PasswordFile { .. } => Judgement::likely(CauseCode::CredentialUnreadable, claim)
            .suspect("the service's driver may not be libpq, and read the file itself", None)
            .fix("give the password in a variable of its own (--set-secrets=PGPASSWORD=…)", None)
            .fix("or mount the file with mode 0400, a line HOST:PORT:DATABASE:USER:PASSWORD in it", None),
        Unfit::SocketTls { .. } => Judgement::proven(CauseCode::SocketTlsConflict, claim)
            .fix("leave sslmode out, or write disable: Cloud Run encrypts behind the socket", rewrite),
        Unfit::SocketTooLong { .. } => Judgement::proven(CauseCode::SocketPathTooLong, claim)
            .fix("connect over TCP to the private address, or give the instance a shorter name", None),
    }
}

/// The host leads nowhere.
fn elsewhere(view: &View<'_>, judgement: Judgement, rewrite: String) -> Judgement {
    judgement
        .fix("name the database's address, or the socket /cloudsql/PROJECT:REGION:INSTANCE", rewrite)
        .fix("see which addresses its instance has", super::postgres::describe_instance(view))
}

/// The command that writes a value anew, where it comes from.
fn rewrite(view: &View<'_>, variable: &str, secret: Option<&str>) -> String {
    match secret {
        Some(secret) => {
            let project = format!("--project={}", project_of(secret).unwrap_or(&view.service.project));
            let words = ["gcloud", "secrets", "versions", "add", short(secret), "--data-file=-", &project];
            format!("printf %s \"$VALUE\" | {}", command(words))
        }
        None => update_service(view, &[&format!("--update-env-vars={variable}=VALUE")]),
    }
}

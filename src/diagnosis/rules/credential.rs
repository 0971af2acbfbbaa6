//! Rules for findings about the shape of a credential. No value is ever shown.

use super::super::cause::CauseCode;
use super::super::shell::{command, project_of, short};
use super::super::view::View;
use super::{Judgement, update_service};
use crate::run::finding::CredentialFinding;

pub(super) fn judge(view: &View<'_>, finding: &CredentialFinding) -> Judgement {
    match finding {
        CredentialFinding::EdgeWhitespace { variable, secret, edge, class, length } => Judgement::proven(
            CauseCode::CredentialTrailingWhitespace,
            format!(
                "the value of {variable} ({length} bytes) has a {edge} {class}, which drivers take as part of it"
            ),
        )
        .mend("write it again without the blank (echo adds a newline, printf does not)", {
            rewrite(view, variable, secret.as_deref())
        })
        .mend("then deploy again: secrets in variables are read when an instance starts", None),
        CredentialFinding::Empty { variable, secret } => {
            Judgement::proven(CauseCode::CredentialEmpty, format!("the value of {variable} is empty"))
                .mend("write the value", rewrite(view, variable, secret.as_deref()))
                .mend(
                    "see where it gets lost: an undefined secret of a workflow expands to nothing without an error",
                    None,
                )
        }
        CredentialFinding::Unreadable { variable, problem } => Judgement::proven(
            CauseCode::CredentialUnreadable,
            format!("the value of {variable} is no connection string that a driver could read: {problem}"),
        )
        .mend(
            "write it as postgresql://USER:PASSWORD@HOST:5432/NAME, the password percent-encoded (@ is %40, / is \
             %2F, # is %23, ? is %3F, % is %25)",
            None,
        ),
    }
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

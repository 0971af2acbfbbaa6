//! The user of an IAM login is written with the suffix that PostgreSQL's roles do not have.

use crate::catalogue::CauseCode;
use crate::findings::look::{Found, Look};
use crate::findings::open::is_known;
use crate::findings::{Rule, Severity};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: CauseCode::CloudsqlIamLoginMisconfigured.id(),
    severity: Severity::Error,
    what: "the IAM user is written with .gserviceaccount.com",
    why: "Cloud SQL for PostgreSQL names the role of a service account without that suffix; with it the login fails with 28P01",
    fix: "leave .gserviceaccount.com out: NAME@PROJECT.iam",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let users = look.ways.iter().filter_map(|way| Some((way, way.user.as_ref()?)));
    users
        .filter(|(_, user)| user.text.ends_with(".gserviceaccount.com"))
        .map(|(way, user)| {
            let message = format!("the user in `{}` ends in .gserviceaccount.com", user.from.name);
            // Some of Google's connectors, which need no host, cut it off by themselves.
            let direct = way.host.as_ref().is_some_and(|host| is_known(&host.text));
            look.found(user.from, message).only_if(!direct, Severity::Warning)
        })
        .collect()
}

//! The list for people.

use super::{Grant, Target};
use crate::text::escape::one_line;

/// One paragraph a target, its roles with the permissions that they are for.
pub(super) fn render(grants: &[Grant]) -> String {
    let mut text = String::new();
    for optional in [false, true] {
        let mut last = None;
        let mut begun = false;
        for grant in grants.iter().filter(|grant| grant.optional == optional) {
            if !begun {
                text.push_str(if optional {
                    "\nNot needed; with these the gate sees more:\n"
                } else {
                    "Needed:\n"
                });
                begun = true;
            }
            if last != Some(&grant.target) {
                text.push_str(&format!("  on {}\n", target(&grant.target)));
                last = Some(&grant.target);
            }
            text.push_str(&format!("    {:<36} {}\n", grant.role, grant.permissions.join(", ")));
        }
    }
    text
}

fn target(target: &Target) -> String {
    let words = match target {
        Target::Project(project) => format!("project {project}"),
        Target::Secret { name } => format!("secret {name}"),
        Target::Service { project, region, name } => format!("service {name} in {project}, {region}"),
        Target::Account { email, .. } => format!("service account {email}"),
        Target::Organization => "the organisation".to_owned(),
    };
    one_line(&words)
}

//! The list as commands of gcloud.

use super::{Grant, Target};
use crate::model::resource;
use crate::text::escape::one_line;
use crate::text::shell::{command, quote};

/// The commands, the needed ones first; `member` is quoted, its placeholder is for the shell to fill in.
pub(super) fn render(grants: &[Grant], member: Option<&str>) -> String {
    let member = member.map_or_else(|| "\"$MEMBER\"".to_owned(), quote);
    let mut text = String::from("# The roles that rungate needs for this pipeline, and where.\n");
    if member == "\"$MEMBER\"" {
        text.push_str("# MEMBER is the identity that runs the gate, as serviceAccount:ci@PROJECT.iam.gserviceaccount.com\n");
    }
    let mut told = false;
    for grant in grants {
        if grant.optional && !told {
            text.push_str("\n# Not needed: with these the gate sees more.\n");
            told = true;
        }
        let role = format!("--role={}", grant.role);
        text.push_str(&format!("# {}\n", grant.permissions.join(" ")));
        // A project takes conditions, and gcloud would ask for one.
        let none = "--condition=None";
        let head = match &grant.target {
            Target::Project(project) => words(&["projects", "add-iam-policy-binding", project, &role, none]),
            Target::Secret { name } => {
                let project =
                    format!("--project={}", resource::segment(name, "projects").unwrap_or("PROJECT"));
                let short = resource::segment(name, "secrets").unwrap_or(name);
                let location =
                    resource::segment(name, "locations").map(|location| format!("--location={location}"));
                let mut all = vec!["secrets", "add-iam-policy-binding", short, &role, &project];
                all.extend(location.as_deref());
                words(&all)
            }
            Target::Service { project, region, name } => {
                let (project, region) = (format!("--project={project}"), format!("--region={region}"));
                words(&["run", "services", "add-iam-policy-binding", name, &role, &region, &project])
            }
            Target::Account { project, email } => {
                let project = format!("--project={project}");
                words(&["iam", "service-accounts", "add-iam-policy-binding", email, &role, &project])
            }
            Target::Organization => {
                format!(
                    "gcloud organizations add-iam-policy-binding \"$ORGANIZATION\" {} {none}",
                    quote(&role)
                )
            }
        };
        text.push_str(&format!("{head} --member={member}\n"));
    }
    text
}

/// A command of gcloud on one line, whatever a file put into a name.
fn words(words: &[&str]) -> String {
    let lines: Vec<String> = words.iter().map(|word| one_line(word)).collect();
    format!("gcloud {}", command(lines.iter().map(String::as_str)))
}

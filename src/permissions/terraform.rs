//! The list as resources of Terraform's Google provider.

use super::{Grant, Target};
use crate::model::resource;
use crate::text::escape::one_line;

/// The resources; without a member they take the variable `rungate_member`.
pub(super) fn render(grants: &[Grant], member: Option<&str>) -> String {
    let mut text = String::from("# The roles that rungate needs for this pipeline, and where.\n");
    if member.is_none() {
        text.push_str(
            "variable \"rungate_member\" {\n  description = \"The identity that runs the gate, as \
             serviceAccount:ci@PROJECT.iam.gserviceaccount.com\"\n  type        = string\n}\n",
        );
    }
    let organization = grants.iter().any(|grant| grant.target == Target::Organization);
    if organization {
        text.push_str(
            "\n# Only for the roles on the organisation; leave them out where the gate should see less.\nvariable \
             \"organization_id\" {\n  type = string\n}\n",
        );
    }
    let member = member.map_or_else(|| "var.rungate_member".to_owned(), string);
    for (number, grant) in grants.iter().enumerate() {
        let (kind, on) = resource(&grant.target);
        let optional = if grant.optional { "; not needed: with it the gate sees more" } else { "" };
        text.push_str(&format!("\n# {}{optional}\n", grant.permissions.join(" ")));
        let short = grant.role.trim_start_matches("roles/").replace('.', "_").to_lowercase();
        text.push_str(&format!("resource \"{kind}\" \"rungate_{short}_{}\" {{\n", number + 1));
        let fields = on.into_iter().chain([("role", string(grant.role)), ("member", member.clone())]);
        let fields: Vec<(&str, String)> = fields.collect();
        let widest = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in fields {
            text.push_str(&format!("  {name:<widest$} = {value}\n"));
        }
        text.push_str("}\n");
    }
    text
}

/// The type of the resource, and the fields that name its target.
fn resource(target: &Target) -> (&'static str, Vec<(&'static str, String)>) {
    match target {
        Target::Project(project) => ("google_project_iam_member", vec![("project", string(project))]),
        Target::Secret { name } => {
            let project = ("project", string(resource::segment(name, "projects").unwrap_or("PROJECT")));
            let secret = ("secret_id", string(resource::segment(name, "secrets").unwrap_or(name)));
            match resource::segment(name, "locations") {
                Some(location) => (
                    "google_secret_manager_regional_secret_iam_member",
                    vec![project, ("location", string(location)), secret],
                ),
                None => ("google_secret_manager_secret_iam_member", vec![project, secret]),
            }
        }
        Target::Service { project, region, name } => (
            "google_cloud_run_v2_service_iam_member",
            vec![("project", string(project)), ("location", string(region)), ("name", string(name))],
        ),
        Target::Account { project, email } => (
            "google_service_account_iam_member",
            vec![("service_account_id", string(&format!("projects/{project}/serviceAccounts/{email}")))],
        ),
        Target::Organization => {
            ("google_organization_iam_member", vec![("org_id", "var.organization_id".to_owned())])
        }
    }
}

/// A string of Terraform's language, in which nothing is expanded.
fn string(text: &str) -> String {
    let text = one_line(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace("${", "$${").replace("%{", "%%{"))
}

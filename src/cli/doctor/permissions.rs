//! As whom the gate asks, and what this identity may do.

use std::sync::Arc;

use futures::future::join_all;

use super::{Complaint, DoctorArguments};
use crate::cli::Context;
use crate::model::Pipeline;
use crate::permissions::{self, Asked, Format, Grant, Target};
use crate::probe::google::{Google, NoAnswer, Timeouts};
use crate::record::words;
use crate::text::vault::Vault;

type Section = (&'static str, Vec<Complaint>);

pub(super) async fn look(
    asked: &DoctorArguments,
    context: &Context,
    pipeline: Option<&Pipeline>,
) -> Vec<Section> {
    let vault = Arc::new(Vault::default());
    let google = Google::new(&context.endpoints, context.auth.clone(), vault, Timeouts::default());
    match google.who().await {
        Err(why) => {
            vec![("credentials", vec![Complaint::inconclusive("nobody to ask Google's APIs as", &why)])]
        }
        Ok(who) => {
            let mut sections = vec![("credentials", vec![Complaint::good(who.to_string())])];
            if let Some(pipeline) = pipeline {
                sections.push(("permissions", held(asked, context, pipeline, &google).await));
            }
            sections
        }
    }
}

/// One line for each grant that the pipeline asks for.
async fn held(
    asked: &DoctorArguments,
    context: &Context,
    pipeline: &Pipeline,
    google: &Google,
) -> Vec<Complaint> {
    let wanted = Asked {
        connectivity_test: false,
        project: asked.project.clone().or_else(|| context.project.clone()),
        in_place: false,
        inspect_secrets: asked.inspect_secrets,
        rollback: asked.rollback,
        member: None,
    };
    let grants = permissions::grants(pipeline, &wanted);
    let mut found: Vec<Complaint> = join_all(grants.iter().map(|grant| one(grant, google))).await;
    if found.is_empty() {
        found.push(Complaint::less("the pipeline asks for none"));
    }
    found
}

async fn one(grant: &Grant, google: &Google) -> Complaint {
    let (resource, shown) = match &grant.target {
        Target::Project(project) => (format!("projects/{project}"), format!("project {project}")),
        Target::Secret { name } => (name.clone(), name.clone()),
        // Their own testIamPermissions would each take another client; the gate's own refused reads tell them.
        Target::Service { name, .. } => return untold(grant, &format!("service {name}")),
        Target::Account { email, .. } => return untold(grant, email),
        Target::Organization => return untold(grant, "the organisation"),
    };
    match google.held(&resource, &grant.permissions).await {
        Ok(held) => {
            let lacks: Vec<&str> =
                grant.permissions.iter().copied().filter(|one| !held.contains(*one)).collect();
            let all = grant.permissions.len();
            if lacks.is_empty() {
                return Complaint::good(format!("{shown}: all {all} of {}", grant.role));
            }
            let what = format!("{shown}: {} of {all} missing: {}", lacks.len(), lacks.join(", "));
            let finding = if grant.optional { Complaint::less(what) } else { Complaint::missing(what) };
            let commands =
                permissions::render(std::slice::from_ref(grant), &Asked::default(), Format::Gcloud);
            let command = commands.lines().find(|line| line.starts_with("gcloud ")).unwrap_or_default();
            finding.fix(format!("$ {command}"))
        }
        Err(NoAnswer::NotFound) => {
            Complaint::missing(format!("{shown}: there is no such thing, or it may not be seen"))
        }
        Err(NoAnswer::Inconclusive(why)) if grant.optional => {
            Complaint::less(format!("{shown}: {}", words::inconclusive(&why)))
        }
        Err(NoAnswer::Inconclusive(why)) => Complaint::inconclusive(&shown, &why),
    }
}

/// What is not asked for here. Nothing is called held that was not seen to be.
fn untold(grant: &Grant, on: &str) -> Complaint {
    Complaint::less(format!("{on}: {} is not looked at here", grant.role))
}

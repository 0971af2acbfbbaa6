//! `rungate check --dry-run`: what the files alone show to be wrong, what would be checked, and what stays open. No
//! network, unless `--online` asks for it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use super::arguments::CheckArguments;
use super::github::Native;
use super::online::{self, Answers};
use super::read::mask::masked;
use super::{Context, Refusal, announce, request, settings, shown, unplanned, unread};
use crate::checks::CHECKS;
use crate::findings::{self, Findings};
use crate::model::{Service, Stated};
use crate::permissions;
use crate::pipeline::{self, Loaded};
use crate::plan::{self, Defaults, Node, Plan, PlanError};
use crate::record::{Role, Vantage};
use crate::report::{Destination, Style};

/// Runs the dry run: 0, or 1 where a finding is an error or an answer of `--online` proves a cause.
///
/// # Errors
/// Problems of the files, or a report that cannot be written.
pub fn dry_run(asked: &CheckArguments, context: &Context, style: Style) -> Result<u8, Refusal> {
    if asked.sandbox && !asked.online {
        return Err(Refusal::new("--sandbox is not possible in a dry run without --online")
            .fix("the files alone need no cloud: leave it out"));
    }
    let reports = asked.output.report.iter().map(|text| destination(text)).collect::<Result<Vec<_>, _>>()?;
    let mut loaded = pipeline::load(&request(&asked.files, context)).map_err(|all| unread(&all, style))?;
    only(&mut loaded, &asked.service)?;
    let findings = findings::find(&loaded);
    let taken: Vec<&str> = findings::TAKEN_OVER.iter().map(|(warning, _)| *warning).collect();
    loaded.warnings.leave_out(&taken);
    announce(&loaded, asked.quiet, style);
    if let Some(github) = Native::new(asked.output.github, context, Vec::new()) {
        github.annotate(&findings);
    }
    let outline = Outline::of(&loaded, settings::defaults(asked, context));
    let answers = if asked.online { Some(online::ask(asked, context, &loaded.pipeline)?) } else { None };
    let takes = takes(&loaded, asked, context);
    let page = |colour| {
        let answers = answers.as_ref().map(Answers::text).unwrap_or_default();
        text(&findings, &loaded, &outline, &takes, colour) + &answers
    };
    if reports.iter().all(|report| report.target.is_some()) {
        say(&page(style.colour));
    }
    for report in reports {
        let text = match report.form {
            Form::Text => page(false),
            Form::Sarif => format!("{:#}\n", findings::sarif(&findings)),
            Form::Json => {
                let mut json = json(&findings, &loaded, &outline);
                if let Some(answers) = &answers {
                    json["online"] = answers.json();
                }
                format!("{json:#}\n")
            }
        };
        match report.target {
            Some(target) => target.write(&text).map_err(|error| Refusal::new(error.to_string()))?,
            None => say(&text),
        }
    }
    Ok(u8::from(findings.has_errors()).max(answers.map_or(0, |answers| answers.status())))
}

/// A form of a dry run's report.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Json,
    Sarif,
}

/// A report of a dry run.
struct Report {
    form: Form,
    /// `None`: standard output.
    target: Option<Destination>,
}

/// `FORMAT=PATH`; a dry run has no test cases, so it is text, JSON or SARIF.
fn destination(text: &str) -> Result<Report, Refusal> {
    let form = match text.split_once('=') {
        Some(("text", _)) => Form::Text,
        Some(("json", _)) => Form::Json,
        Some(("sarif", _)) => Form::Sarif,
        Some(_) | None => {
            return Err(Refusal::new(format!("--report {text} is not possible in a dry run")).fix(
                "write text=PATH, json=PATH or sarif=PATH: nothing is checked, so there are no test cases",
            ));
        }
    };
    let path = text.split_once('=').map_or("", |(_, path)| path);
    let open = || Destination::open(Path::new(path)).map_err(|error| Refusal::new(error.to_string()));
    Ok(Report { form, target: if path == "-" { None } else { Some(open()?) } })
}

/// What would be checked, and what of it cannot be yet.
struct Outline {
    /// `None`: not even with names in the place of what is missing.
    plan: Option<Plan>,
    /// Why `check` could not begin; empty where it could.
    problems: Vec<PlanError>,
}

impl Outline {
    /// Where only the project or the region is open, the checks are known all the same: they are planned under the
    /// names that Google's own documentation writes for an open project and region.
    fn of(loaded: &Loaded, defaults: Defaults) -> Self {
        let problems = match plan::build(&loaded.pipeline, CHECKS, &defaults) {
            Ok(plan) => return Self { plan: Some(plan), problems: Vec::new() },
            Err(problems) => problems,
        };
        let named = Defaults {
            project: defaults.project.or_else(|| Some("PROJECT".to_owned())),
            region: defaults.region.or_else(|| Some("REGION".to_owned())),
            ..defaults
        };
        Self { plan: plan::build(&loaded.pipeline, CHECKS, &named).ok(), problems }
    }
}

/// Leaves only the services that were asked for.
fn only(loaded: &mut Loaded, asked: &[String]) -> Result<(), Refusal> {
    if asked.is_empty() {
        return Ok(());
    }
    let called = |service: &Service| service.name.as_ref().map_or("", |name| name.raw()).to_owned();
    let names: Vec<String> = loaded.pipeline.services.iter().map(called).collect();
    if let Some(unknown) = asked.iter().find(|name| !names.contains(name)) {
        let known = names.join(", ");
        return Err(Refusal::new(format!("the pipeline deploys no service {unknown}; it deploys {known}")));
    }
    loaded.pipeline.services.retain(|service| asked.contains(&called(service)));
    Ok(())
}

fn text(findings: &Findings, loaded: &Loaded, outline: &Outline, takes: &str, colour: bool) -> String {
    let mut page = findings::text(findings, loaded, colour);
    if let Some(plan) = &outline.plan {
        page.push_str(&planned(plan));
        page.push_str(takes);
    }
    if !outline.problems.is_empty() {
        page.push_str("\nnot yet checkable:\n");
        for line in because(&outline.problems) {
            // Writing to a String cannot fail.
            let _ = writeln!(page, "  {}", shown(&line));
        }
    }
    let open = open_values(loaded);
    if !open.is_empty() {
        page.push_str("\nleft open, known to the deploy only:\n");
        for (service, what, stated) in open {
            let expression = match stated.raw() {
                "" => "(not stated)".to_owned(),
                _ => masked(&what, stated),
            };
            let place = shown(&stated.place.to_string());
            let _ = writeln!(page, "  {}: {} = {expression}  {place}", shown(&service), shown(&what));
        }
    }
    page
}

/// What would be checked, service by service.
fn planned(plan: &Plan) -> String {
    let mut text = String::new();
    for (index, target) in plan.targets.iter().enumerate() {
        let _ = writeln!(
            text,
            "\nwould check {} ({}, {}), deployed at {}:",
            shown(&target.key),
            shown(&target.project),
            shown(&target.region),
            shown(&target.service.place.to_string()),
        );
        let nodes: Vec<&Node> = plan.nodes.iter().filter(|node| node.target == index).collect();
        for vantage in
            [Vantage::Pipeline, Vantage::ControlPlane, Vantage::Runner, Vantage::InVpc, Vantage::Service]
        {
            let seen: Vec<&&Node> = nodes.iter().filter(|node| node.check.vantage == vantage).collect();
            if seen.is_empty() {
                continue;
            }
            let _ = writeln!(text, "  {} ({}):", from_where(vantage), seen.len());
            for node in seen {
                let subject =
                    node.subject.as_ref().map_or_else(String::new, |subject| format!("[{subject}]"));
                let mark = if node.role == Role::Obligation { "*" } else { " " };
                let id = format!("{}{}", node.check.id, shown(&subject));
                let place = shown(&node.place.to_string());
                let _ = writeln!(text, "  {mark} {id:<40} {}  {place}", node.check.holds);
            }
        }
        text.push_str("  * the verdict rests on it; the others explain it\n");
    }
    text
}

/// Where an observation would be made, in words.
fn from_where(vantage: Vantage) -> &'static str {
    match vantage {
        Vantage::Pipeline => "from the files",
        Vantage::ControlPlane => "through Google's APIs",
        Vantage::Runner => {
            "dialled from this machine; of a private address that is no evidence without --vantage in-vpc"
        }
        Vantage::InVpc => "dialled from the service's own network",
        Vantage::Service => "of the service itself",
    }
}

/// The rights that it would take.
fn takes(loaded: &Loaded, asked: &CheckArguments, context: &Context) -> String {
    let wanted = permissions::Asked {
        project: asked.project.clone().or_else(|| context.project.clone()),
        ..permissions::Asked::default()
    };
    let mut grants = permissions::grants(&loaded.pipeline, &wanted);
    grants.retain(|grant| !grant.optional);
    if grants.is_empty() {
        return String::new();
    }
    let list = permissions::render(&grants, &wanted, permissions::Format::Text);
    let lines: String = list.lines().skip(1).map(|line| format!("{line}\n")).collect();
    format!("\nwould take these roles (`rungate permissions` prints the commands that grant them):\n{lines}")
}

/// Why `check` could not begin, line by line.
fn because(errors: &[PlanError]) -> Vec<String> {
    unplanned(errors).to_string().lines().map(str::to_owned).collect()
}

/// Every value that only the deploy knows: service, what it is, and the statement.
fn open_values(loaded: &Loaded) -> Vec<(String, String, &Stated)> {
    let mut open = Vec::new();
    for service in &loaded.pipeline.services {
        let name = service.name.as_ref().map_or("(no name)", |name| name.raw());
        let vpc = &service.vpc;
        let facts = [
            ("name", &service.name),
            ("project", &service.project),
            ("region", &service.region),
            ("service account", &service.service_account),
            ("VPC connector", &vpc.connector),
            ("VPC egress", &vpc.egress),
            ("network", &vpc.network),
            ("subnet", &vpc.subnet),
        ];
        let facts = facts.into_iter().filter_map(|(what, stated)| Some((what, stated.as_ref()?)));
        let sql = service.cloudsql_instances.iter().map(|instance| ("Cloud SQL", instance));
        let env = service.env.iter().map(|variable| (variable.name.as_str(), &variable.value));
        let secrets = service.secrets.iter().flat_map(|secret| {
            [(secret.target.as_str(), &secret.secret), (secret.target.as_str(), &secret.version)]
        });
        let all = facts.chain(sql).chain(env).chain(secrets);
        let unknown = all.filter(|(_, stated)| stated.as_known().is_none());
        open.extend(unknown.map(|(what, stated)| (name.to_owned(), what.to_owned(), stated)));
    }
    open
}

fn json(findings: &Findings, loaded: &Loaded, outline: &Outline) -> serde_json::Value {
    let mut json = findings::json(findings);
    let planned = outline.plan.iter().flat_map(|plan| plan.nodes.iter().map(|node| plan.key(node)));
    json["planned"] = planned.collect();
    let problems = if outline.problems.is_empty() { Vec::new() } else { because(&outline.problems) };
    json["problems"] = problems.into();
    let open = open_values(loaded);
    json["open"] = open.iter().map(|(service, what, _)| format!("{service}/{what}")).collect();
    json
}

/// Writes to standard output; a reader that closed the pipe has what it wanted.
fn say(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush()));
}

//! What the user types.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::doctor::DoctorArguments;
use super::init::InitArguments;
use super::schema::Subject;
use crate::permissions::Format;

/// A deployment gate for Google Cloud Run that names the root cause.
#[derive(Debug, Parser)]
#[command(name = "rungate", version, about, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to use colours.
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true, value_name = "WHEN")]
    pub color: Colour,
}

const EXIT_STATUS: &str = "\
Exit status: 0 healthy, 1 unhealthy, 2 usage or pipeline-file problem, 3 inconclusive (the gate could not find out), \
130 or 143 interrupted.";

/// Checks under way at once, unless the user says otherwise: mostly they wait.
const CONCURRENCY: u16 = 64;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a deploy: find what is broken, prove it, and fail with its root cause.
    Check(CheckArguments),
    /// Show what was understood of pipeline files.
    Read(ReadArguments),
    /// Inject every fault into the sandbox, and what only looks like one; show what the gate tells right.
    Drill(DrillArguments),
    /// Judge a saved run again, and render it in any format (see `check --save-run`).
    #[command(alias = "diagnose")]
    Report(ReportArguments),
    /// Join saved runs of several shards or regions into one.
    Merge(MergeArguments),
    /// Print the roles that the gate needs for a pipeline, and where.
    Permissions(PermissionsArguments),
    /// Explain a check, a cause or a finding.
    Explain(ExplainArguments),
    /// Write a rungate.yaml with comments, made from the pipeline that is here.
    Init(InitArguments),
    /// Check this machine's setup and credentials.
    Doctor(DoctorArguments),
    /// Test the database connection from this environment, with its own variables (the exit status says what was found).
    Probe(ProbeArguments),
    /// Print a JSON Schema.
    Schema(SchemaArguments),
    /// Print the completions of a shell.
    Completions(CompletionsArguments),
    /// Print the manual page, or write one for every command.
    Man(ManArguments),
}

/// Which files and services.
#[derive(Clone, Debug, Default, Args)]
pub struct Files {
    /// Pipeline files, or folders with all of theirs; without any, rungate.yaml, else those in the usual places.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Give a substitution of Cloud Build its value, in the place of the file's default; repeatable.
    #[arg(long, value_name = "KEY=VALUE", value_parser = substitution)]
    pub substitution: Vec<(String, String)>,
}

/// Which reports, and how much is in the one for people.
#[derive(Clone, Debug, Default, Args)]
pub struct Output {
    /// Write a report to a path, `-` for standard output; repeatable. Formats: text, markdown, html, junit,
    /// junit-github, json, github; in a dry run text, json, sarif.
    #[arg(long, value_name = "FORMAT=PATH")]
    pub report: Vec<String>,

    /// In the text report, show every check and every cause that was ruled out.
    #[arg(long, short)]
    pub verbose: bool,

    /// Leave annotations, masks, a step summary and outputs for GitHub; auto: in a workflow of GitHub.
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub github: When,
}

/// When to do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// Where the surroundings call for it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Default, Args)]
pub struct CheckArguments {
    /// The pipeline.
    #[command(flatten)]
    pub files: Files,

    /// Project, where the files do not state it.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,

    /// Region, where the files do not state it.
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// Check only this service; repeatable.
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,

    /// Judge this revision, of the one service that is checked [default: the newest].
    #[arg(long, value_name = "NAME")]
    pub revision: Option<String>,

    /// Ask the one service that is checked at this URL, such as a tag's [default: what the files state, else its own].
    #[arg(long, value_name = "URL", value_parser = origin, conflicts_with = "sandbox")]
    pub url: Option<String>,

    /// Make this check an obligation, whatever the files say; repeatable.
    #[arg(long, value_name = "CHECK")]
    pub require: Vec<String>,

    /// Act as this service account, or by way of others as A,B,ACCOUNT (else CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT).
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "sandbox")]
    pub impersonate_service_account: Option<String>,

    /// Stop the run after DURATION [default: the file's, else 5m].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub deadline: Option<Duration>,

    /// Where this machine stands; in-vpc: in the service's own network, so that what it dials is evidence.
    #[arg(long, value_enum, value_name = "WHERE")]
    pub vantage: Option<VantageArgument>,

    /// Let the gate read the payload of the secrets that lead to the database (no value is ever shown).
    #[arg(long)]
    pub inspect_secrets: bool,

    /// Ask Google's Connectivity Tests for a second opinion of the way to the database: makes a test, and deletes it.
    #[arg(long)]
    pub connectivity_test: bool,

    /// Accept without proof that this works; repeatable.
    #[arg(long, value_name = "WHAT", value_parser = ["database"])]
    pub accept_unproven: Vec<String>,

    /// The reports.
    #[command(flatten)]
    pub output: Output,

    /// What to do where a service is unhealthy: rollback sends its traffic back to the revision that served before.
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with = "dry_run")]
    pub on_failure: Option<OnFailure>,

    /// Keep the record of the run, for `rungate report`.
    #[arg(long, value_name = "FILE")]
    pub save_run: Option<PathBuf>,

    /// How many checks may be under way at once.
    #[arg(long, value_name = "N", default_value_t = CONCURRENCY, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,

    /// Say nothing while the run lasts.
    #[arg(long, short)]
    pub quiet: bool,

    /// Look at the files only, and at what would be checked; nothing is asked over the network.
    #[arg(long, conflicts_with_all = ["save_run", "inspect_secrets", "connectivity_test", "accept_unproven"])]
    pub dry_run: bool,

    /// In a dry run, also ask Google's APIs what can be asked before the deploy: secrets, connector, instance.
    #[arg(long, requires = "dry_run")]
    pub online: bool,

    /// Run against an embedded stand-in of the cloud that the pipeline describes.
    #[arg(long)]
    pub sandbox: bool,

    /// Break the sandbox in this way; repeatable. `rungate drill --list` names them.
    #[arg(long, value_name = "CODE", requires = "sandbox")]
    pub fault: Vec<String>,

    /// Delay every answer of the sandbox's control plane.
    #[arg(long, value_name = "DURATION", requires = "sandbox", value_parser = duration, hide = true)]
    pub sandbox_latency: Option<Duration>,
}

impl CheckArguments {
    /// A quiet check of these files against the sandbox, with every default.
    pub fn in_sandbox(files: Files) -> Self {
        Self { files, concurrency: CONCURRENCY, quiet: true, sandbox: true, ..Self::default() }
    }
}

/// Arguments of `read`.
#[derive(Clone, Debug, Args)]
pub struct ReadArguments {
    /// The pipeline.
    #[command(flatten)]
    pub files: Files,

    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `drill`.
#[derive(Clone, Debug, Args)]
pub struct DrillArguments {
    /// The pipeline.
    #[command(flatten)]
    pub files: Files,

    /// Only this fault, near miss or twin; repeatable.
    #[arg(long, value_name = "CODE")]
    pub fault: Vec<String>,

    /// Name the faults, near misses and twins, and do nothing.
    #[arg(long)]
    pub list: bool,
}

/// Arguments of `merge`.
#[derive(Clone, Debug, Args)]
pub struct MergeArguments {
    /// The records that `check --save-run` wrote.
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,

    /// Keep the record of the merged run.
    #[arg(long, value_name = "FILE")]
    pub save_run: Option<PathBuf>,

    /// The reports.
    #[command(flatten)]
    pub output: Output,
}

/// Arguments of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArguments {
    /// The record that `check --save-run` wrote.
    #[arg(value_name = "RUN")]
    pub run: PathBuf,

    /// The reports.
    #[command(flatten)]
    pub output: Output,
}

/// Arguments of `permissions`.
#[derive(Clone, Debug, Args)]
pub struct PermissionsArguments {
    /// The pipeline.
    #[command(flatten)]
    pub files: Files,

    /// Project, where the files do not state it.
    #[arg(long, value_name = "ID")]
    pub project: Option<String>,

    /// With what a check inside the VPC takes.
    #[arg(long)]
    pub in_place: bool,

    /// With what `check --inspect-secrets` takes.
    #[arg(long)]
    pub inspect_secrets: bool,

    /// With what `check --connectivity-test` takes.
    #[arg(long)]
    pub connectivity_test: bool,

    /// With what `check --on-failure rollback` takes.
    #[arg(long)]
    pub rollback: bool,

    /// As whom the gate runs, such as serviceAccount:ci@PROJECT.iam.gserviceaccount.com.
    #[arg(long, value_name = "MEMBER")]
    pub member: Option<String>,

    /// As a list for people, as commands, or as Terraform.
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub format: Format,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArguments {
    /// The id of a check, or the code of a cause or finding; without it, all are listed.
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// Arguments of `probe`. Each of the names is that of a variable, never a value.
#[derive(Clone, Debug, Args)]
#[command(after_help = PROBE_STATUS)]
pub struct ProbeArguments {
    /// The variable that holds the whole connection string.
    #[arg(long, value_name = "VARIABLE", conflicts_with_all = ["host", "port"])]
    pub dsn: Option<String>,

    /// The variable that holds the host.
    #[arg(long, value_name = "VARIABLE")]
    pub host: Option<String>,

    /// The variable that holds the port.
    #[arg(long, value_name = "VARIABLE", requires = "host")]
    pub port: Option<String>,

    /// The variable that holds the user.
    #[arg(long, value_name = "VARIABLE")]
    pub user: Option<String>,

    /// The variable that holds the password.
    #[arg(long, value_name = "VARIABLE")]
    pub password: Option<String>,

    /// The variable that holds the database's name.
    #[arg(long, value_name = "VARIABLE")]
    pub name: Option<String>,

    /// When it ends at the latest.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub deadline: Duration,

    /// Say nothing on standard error.
    #[arg(long, short)]
    pub quiet: bool,
}

const PROBE_STATUS: &str = "\
Exit status: 0 works, 2 usage, 3 could not find out, 10 name, 11 network, 12 no PostgreSQL, 13 TLS, 14 login, \
15 database, 16 connection slots, 17 query, 18 server not ready, 19 variables.";

/// Arguments of `schema`.
#[derive(Clone, Debug, Args)]
pub struct SchemaArguments {
    /// Of what.
    #[arg(value_enum, default_value_t = Subject::Native, value_name = "WHAT")]
    pub subject: Subject,
}

/// Arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArguments {
    /// Write a page for every command into this folder.
    #[arg(long, short, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What is done beside failing the deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnFailure {
    /// The traffic goes back to the revision that served before; only what this deploy changed is touched.
    Rollback,
}

/// Where the machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VantageArgument {
    /// Anywhere: what it cannot reach is no evidence about the service.
    Runner,
    /// In the service's own network.
    InVpc,
}

/// `KEY=VALUE`, the key as Cloud Build allows it.
fn substitution(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("a substitution is written KEY=VALUE")?;
    let key = key.strip_prefix('$').unwrap_or(key);
    let letters = key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    if key.is_empty() || !letters {
        return Err(format!("`{key}` is no name of a substitution: capital letters, digits and `_`"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// The address of a service: where it answers, without a path.
fn origin(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|error| format!("{error}: write https://HOST"))?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err("a service is reached by http or https: write https://HOST".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user or password does not belong into it".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "write {} alone: the health path is stated in the files",
            url.origin().ascii_serialization()
        ));
    }
    Ok(url.origin().ascii_serialization())
}

/// A duration as the native format writes it.
fn duration(text: &str) -> Result<Duration, String> {
    crate::pipeline::duration(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_in_the_sandbox_has_the_defaults_of_the_command_line() {
        let parsed =
            Arguments::try_parse_from(["rungate", "check", "a.yaml", "--sandbox", "--quiet"]).unwrap();
        let Command::Check(parsed) = parsed.command else { panic!("another command") };
        let files = Files { files: vec!["a.yaml".into()], ..Files::default() };
        assert_eq!(format!("{:?}", CheckArguments::in_sandbox(files)), format!("{parsed:?}"));
    }
}

//! What a `gcloud run …` command line deploys. Whoever has the words (a Cloud Build step, the flags of an action,
//! a shell script) hands them over; this reads the flags as gcloud does.

mod apply;
mod containers;
mod file;
mod flags;
mod manifest;

use super::files::{Files, Folders};
use super::job;
use super::problem::{Problem, Problems};
use super::shell::{Workspace, program};
use super::text::Text;
use super::value::Values;
use crate::model::{DeploysVia, Place, Service, Stated};
pub(super) use containers::put;
pub(super) use file::variables as variables_of;
use flags::Words;
pub use manifest::services_of;

/// One word of a command line, resolved, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// What a command line does, as far as the gate cares.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Deploys a service.
    Service(Box<Service>),
    /// Deploys a job; its name.
    Job(Stated),
    /// `gcloud config set project`: the project of the commands after it.
    Project(Stated),
    /// `gcloud config set run/region`: the region of the commands after it.
    Region(Stated),
    /// `gcloud run domain-mappings create`: a service answers under a URL.
    Url {
        /// The service.
        service: Stated,
        /// The URL of the mapped domain.
        url: Stated,
    },
}

/// Reads a command line, with or without `gcloud` in front; nothing where it deploys nothing, several services
/// where it replaces them by a manifest of several.
pub fn commands(words: &[Text], files: &Files<'_>, place: Place, problems: &mut Problems) -> Vec<Command> {
    let words = match words {
        [first, rest @ ..] if is_gcloud(&first.raw()) => rest,
        all => all,
    };
    let Words { positionals, flags } = flags::sort(words, files, problems);
    // In front of the group, flags may hide in a variable.
    let group = positionals
        .iter()
        .position(|word| word.is_known() && !matches!(word.raw().as_str(), "alpha" | "beta" | "preview"));
    let command = group.and_then(|group| positionals.get(group..)).unwrap_or_default();
    let verbs: Vec<String> = command.iter().take(3).map(Text::raw).collect();
    let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
    let argument = |index: usize| command.get(index);
    let stated = |index: usize| argument(index).map(Text::stated);
    let deployed = |via: DeploysVia, name: Option<Stated>, problems: &mut Problems| {
        let mut service = Service::new(via, place.clone());
        service.name = name;
        apply::apply(&mut service, &flags, files, problems);
        service
    };
    let service = |service: Service| vec![Command::Service(Box::new(service))];
    match verbs.as_slice() {
        ["config", "set", "project" | "core/project"] => {
            stated(3).map(Command::Project).into_iter().collect()
        }
        ["config", "set", "run/region"] => stated(3).map(Command::Region).into_iter().collect(),
        ["run", "jobs", "deploy" | "create" | "update"] => {
            problems.extend(job_without_socket(&flags));
            stated(3).map(Command::Job).into_iter().collect()
        }
        ["run", "jobs", "replace"] => {
            let manifest = argument(3).map(|path| manifest::read(path, files, problems)).unwrap_or_default();
            manifest.jobs.into_iter().map(Command::Job).collect()
        }
        ["run", "domain-mappings", "create"] => mapped(&flags).into_iter().collect(),
        ["run", "deploy", ..] => service(deployed(DeploysVia::GcloudRunDeploy, stated(2), problems)),
        ["run", "services", "update"] if argument(3).is_some() => {
            service(deployed(DeploysVia::ServicesUpdate, stated(3), problems))
        }
        ["run", "services", "replace"] if argument(3).is_some() => {
            let flags = deployed(DeploysVia::ServicesReplace, None, problems);
            let found =
                argument(3).map(|path| services_of(path, &flags, files, problems)).unwrap_or_default();
            found.into_iter().map(|service| Command::Service(Box::new(service))).collect()
        }
        _ => Vec::new(),
    }
}

/// What is wrong with a job of several containers that connects to Cloud SQL.
fn job_without_socket(flags: &[flags::Flag]) -> Option<Problem> {
    let attaches = |flag: &&flags::Flag| {
        matches!(flag.name.as_str(), "--set-cloudsql-instances" | "--add-cloudsql-instances")
    };
    let attached = flags.iter().find(attaches)?.value.as_ref()?;
    let containers = flags.iter().filter(|flag| flag.name == "--container").count();
    job::socket_missing(containers, attached.place(), attached.raw().chars().count())
}

/// The URL of a mapped domain.
fn mapped(flags: &[flags::Flag]) -> Option<Command> {
    let value = |name: &str| flags.iter().rev().find(|flag| flag.name == name)?.value.as_ref();
    let domain = value("--domain")?;
    let mut url = Text::known("https://", domain.place().clone());
    url.push(domain);
    Some(Command::Url { service: value("--service")?.stated(), url: url.stated() })
}

/// As [`commands`], for words whose unresolved parts are still to be found by the way a format refers to values, of a
/// command line that names no files.
pub fn command(words: &[Word], values: &Values, place: Place, problems: &mut Problems) -> Option<Command> {
    let words = texts(words, values);
    let (folders, workspace) = (Folders::default(), Workspace::default());
    let files = Files { folders: &folders, workspace: &workspace, folder: "", input: None };
    commands(&words, &files, place, problems).into_iter().next()
}

/// Whether a word is the program: `gcloud`, `/usr/bin/gcloud`, `gcloud.cmd`.
pub fn is_gcloud(word: &str) -> bool {
    matches!(program(word), "gcloud" | "gcloud.cmd")
}

/// Adds what flags alone say to a service: the `flags` input of an action.
pub fn add_flags(service: &mut Service, words: &[Word], values: &Values, problems: &mut Problems) {
    let (folders, workspace) = (Folders::default(), Workspace::default());
    let files = Files { folders: &folders, workspace: &workspace, folder: "", input: None };
    add_flag_texts(service, &texts(words, values), &files, problems);
}

/// Adds what flags alone say to a service.
pub fn add_flag_texts(service: &mut Service, words: &[Text], files: &Files<'_>, problems: &mut Problems) {
    let flags = flags::sort(words, files, problems).flags;
    apply::apply(service, &flags, files, problems);
}

fn texts(words: &[Word], values: &Values) -> Vec<Text> {
    words.iter().map(|word| values.text(&word.text, &word.place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::value::Dialect;

    fn place() -> Place {
        Place { file: "a".into(), line: 1, column: 1 }
    }

    fn read(line: &str) -> (Option<Command>, Problems) {
        let words: Vec<_> = line
            .split_whitespace()
            .map(|word| Word { text: word.replace('␣', " "), place: place() })
            .collect();
        let mut problems = Problems::default();
        (command(&words, &Values::new(Dialect::CloudBuild), place(), &mut problems), problems)
    }

    fn service(line: &str) -> Service {
        match read(line).0 {
            Some(Command::Service(service)) => *service,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn raw(stated: Option<&Stated>) -> Option<&str> {
        stated.map(Stated::raw)
    }

    #[test]
    fn reads_the_flags_of_a_deploy() {
        let service = service(
            "gcloud beta run deploy auth --image=gcr.io/p/i --region europe-west1 --project=$PROJECT_ID --quiet \
             --vpc-connector c --vpc-egress=all --network=n --subnet=s --service-account a@b --port 8080 --tag t \
             --no-traffic --no-allow-unauthenticated --cpu-boost --add-cloudsql-instances=p:r:a,p:r:b \
             --set-env-vars=A=1,B=x=y --update-env-vars=^@^C=1,2@A=2 --set-secrets=P=pw:3,/etc/key=k:latest",
        );
        assert_eq!(raw(service.name.as_ref()), Some("auth"));
        assert_eq!(raw(service.region.as_ref()), Some("europe-west1"));
        assert_eq!(service.project.as_ref().and_then(Stated::as_known), None);
        assert_eq!(raw(service.vpc.connector.as_ref()), Some("c"));
        assert_eq!(raw(service.vpc.egress.as_ref()), Some("all"));
        assert_eq!(raw(service.vpc.network.as_ref()), Some("n"));
        assert_eq!(raw(service.vpc.subnet.as_ref()), Some("s"));
        assert_eq!(raw(service.port.as_ref()), Some("8080"));
        assert_eq!(raw(service.tag.as_ref()), Some("t"));
        assert_eq!((service.no_traffic, service.allow_unauthenticated), (Some(true), Some(false)));
        assert_eq!(service.cloudsql_instances.len(), 2);
        let env: Vec<_> = service.env.iter().map(|v| (v.name.as_str(), v.value.raw())).collect();
        assert_eq!(env, [("A", "2"), ("B", "x=y"), ("C", "1,2")]);
        let secrets: Vec<_> =
            service.secrets.iter().map(|s| (s.target.as_str(), s.secret.raw(), s.version.raw())).collect();
        assert_eq!(secrets, [("P", "pw", "3"), ("/etc/key", "k", "latest")]);
    }

    #[test]
    fn a_flag_without_value_takes_none() {
        let service = service("run deploy --allow-unauthenticated auth --cpu-throttling --image x --async");
        assert_eq!(raw(service.name.as_ref()), Some("auth"));
        assert_eq!(raw(service.image.as_ref()), Some("x"));
        assert_eq!(service.allow_unauthenticated, Some(true));
    }

    #[test]
    fn containers_have_flags_of_their_own() {
        let service = service(
            "run deploy auth --region r --container proxy --image p --set-env-vars=P=1 --container app --image a --port=80",
        );
        assert_eq!(raw(service.image.as_ref()), Some("a"));
        assert_eq!(raw(service.port.as_ref()), Some("80"));
        assert!(service.env.is_empty());
        assert_eq!(raw(service.sidecars[0].name.as_ref()), Some("proxy"));
        assert_eq!(service.sidecars[0].env.len(), 1);
    }

    #[test]
    fn other_commands_are_told_apart() {
        assert!(matches!(read("gcloud config set project p").0, Some(Command::Project(p)) if p.raw() == "p"));
        assert!(matches!(read("run jobs deploy j --image i").0, Some(Command::Job(j)) if j.raw() == "j"));
        assert_eq!(read("run services update-traffic a --to-latest").0, None);
        assert_eq!(read("builds submit").0, None);
        assert_eq!(read("run jobs execute j").0, None);
        let replace = service("run services replace service.yaml --region r");
        assert_eq!(
            (replace.deploys_via, raw(replace.manifest.as_ref()), replace.name.is_none()),
            (DeploysVia::ServicesReplace, Some("service.yaml"), true)
        );
        assert_eq!(service("run services update a --image i").deploys_via, DeploysVia::ServicesUpdate);
    }

    #[test]
    fn probes_give_health_paths_readiness_first() {
        let service = service(
            "run deploy a --liveness-probe=httpGet.path=/live --startup-probe=httpGet.port=80,httpGet.path=/start \
             --readiness-probe=httpGet.path=/ready",
        );
        let paths: Vec<_> = service.health_paths.iter().map(Stated::raw).collect();
        assert_eq!(paths, ["/ready", "/start", "/live"]);
    }

    /// The environment, secrets and instances of a deploy whose files lie in a workspace.
    fn with_files(line: &str, written: &[(&str, &str)]) -> String {
        let mut workspace = Workspace::default();
        for (path, content) in written {
            let script = format!("cat > {path} <<'EOF'\n{content}\nEOF\n");
            let script = Text::known(script, place());
            crate::pipeline::shell::commands(&script, &|_| None, &mut workspace, &mut Problems::default());
        }
        let folders = Folders::default();
        let files = Files { folders: &folders, workspace: &workspace, folder: "", input: None };
        let words: Vec<_> = line.split(' ').map(|word| Text::known(word, place())).collect();
        let mut problems = Problems::default();
        let commands = commands(&words, &files, place(), &mut problems);
        assert!(problems.is_empty(), "{problems}");
        let [Command::Service(service)] = commands.as_slice() else { panic!("{line}: {commands:?}") };
        let env = service.env.iter().map(|variable| format!("{}={}", variable.name, variable.value.raw()));
        let secrets =
            service.secrets.iter().map(|s| format!("{}<-{}:{}", s.target, s.secret.raw(), s.version.raw()));
        let sql = service.cloudsql_instances.iter().map(|instance| format!("sql={}", instance.raw()));
        let vpc = [&service.vpc.connector, &service.vpc.network, &service.region].into_iter().flatten();
        let all = env.chain(secrets).chain(sql).chain(vpc.map(|stated| stated.raw().to_owned()));
        all.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lists_add_up_and_are_cleared_first() {
        for (line, expected) in [
            ("run deploy a --set-env-vars=A=1 --set-env-vars=B=2 --update-env-vars=A=3", "A=3 B=2"),
            ("run deploy a --update-env-vars=A=1,B=2 --remove-env-vars=A", "B=2"),
            ("run deploy a --set-secrets=A=s:1 --clear-env-vars --update-secrets B=t:2", "A<-s:1 B<-t:2"),
            ("run deploy a --add-cloudsql-instances=p:r:a --clear-cloudsql-instances", "sql=p:r:a"),
            (
                "run deploy a --set-cloudsql-instances p:r:a --set-cloudsql-instances=p:r:b",
                "sql=p:r:a sql=p:r:b",
            ),
            ("run deploy a --vpc-connector c --clear-vpc-connector", "c"),
            (
                "--quiet --region r run deploy a --network n --set-env-vars ^##^A=1,2##B=a=b",
                "A=1,2 B=a=b n r",
            ),
            ("run deploy a --set-env-vars=A=", "A="),
        ] {
            assert_eq!(with_files(line, &[]), expected, "{line}");
        }
    }

    #[test]
    fn files_that_flags_name_are_read() {
        let yaml = "# why\nA: 1\nB: \"x: y\"\nC:";
        assert_eq!(with_files("run deploy a --env-vars-file=e.yaml", &[("e.yaml", yaml)]), "A=1 B=x: y C=");
        let dotenv = "# why\nA=1\nexport B=\"x y\"\n\nC='z'";
        assert_eq!(with_files("run deploy a --env-vars-file ./p.env", &[("p.env", dotenv)]), "A=1 B=x y C=z");
        let flags = "--region: r\n--quiet:\n--allow-unauthenticated: true\n--set-env-vars: {A: 'x,y', B: 1}\n--add-cloudsql-instances: [p:r:a, p:r:b]\n--flags-file: more.yaml";
        let more = "- --update-secrets: P=pw:3\n- --update-secrets: Q=qw:1";
        assert_eq!(
            with_files("run deploy a --flags-file=f.yaml", &[("f.yaml", flags), ("more.yaml", more)]),
            "A=x,y B=1 P<-pw:3 Q<-qw:1 sql=p:r:a sql=p:r:b r"
        );
    }

    #[test]
    fn what_is_not_known_is_told() {
        let codes = |line: &str| read(line).1.iter().map(|problem| problem.code).collect::<Vec<_>>();
        assert_eq!(codes("run deploy a --env-vars-file=env.yaml"), ["file-not-followed"]);
        assert_eq!(codes("run deploy a --flags-file=$FILE"), ["file-not-followed"]);
        assert_eq!(codes("run deploy a --set-env-vars=$_MORE"), ["list-not-known"]);
        assert_eq!(codes("run deploy a --set-env-vars=A=x,y.z"), ["value-cut-by-comma"]);
        assert_eq!(
            raw(service("run deploy a --set-env-vars=A=x,y.z,B=1").env.first().map(|v| &v.value)),
            Some("x,y.z")
        );
        assert_eq!(codes("run deploy a --set-secrets=P=pw"), ["secret-without-version"]);
        assert!(codes("run deploy a --set-secrets=P=$_PW").is_empty());
    }
}

//! What a `gcloud run …` command line deploys. Whoever has the words (a Cloud Build step, the flags of an action,
//! later a shell script) hands them over; this reads the flags as gcloud does.

mod containers;
mod flags;

use super::list;
use super::problem::{Problem, Problems};
use super::value::Values;
use crate::model::{DeploysVia, OtherVariables, Place, Service, StartupProbe, Stated};
use containers::Containers;
pub(super) use containers::put;
use flags::{Flag, Words};

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
}

/// Reads a command line, with or without `gcloud` in front. `None`: it deploys nothing.
pub fn command(words: &[Word], values: &Values, place: Place, problems: &mut Problems) -> Option<Command> {
    let words = match words {
        [first, rest @ ..] if is_gcloud(&first.text) => rest,
        all => all,
    };
    let Words { positionals, flags } = flags::sort(words);
    let verbs: Vec<&str> = positionals.iter().map(|word| word.text.as_str()).collect();
    let verbs = match verbs.as_slice() {
        ["alpha" | "beta", rest @ ..] => rest,
        all => all,
    };
    let argument = |index: usize| positionals.get(positionals.len() - verbs.len() + index);
    let stated = |word: &Word| values.stated(word.text.as_str(), word.place.clone());
    match verbs {
        ["config", "set", "project" | "core/project", _, ..] => Some(Command::Project(stated(argument(3)?))),
        ["run", "jobs", "deploy" | "create" | "update", ..] => argument(3).map(stated).map(Command::Job),
        ["run", "deploy", ..] => {
            let mut service = Service::new(DeploysVia::GcloudRunDeploy, place);
            service.name = argument(2).map(stated);
            apply(&mut service, &flags, values, problems);
            Some(Command::Service(Box::new(service)))
        }
        ["run", "services", "update", _, ..] => {
            let mut service = Service::new(DeploysVia::ServicesUpdate, place);
            service.name = argument(3).map(stated);
            apply(&mut service, &flags, values, problems);
            Some(Command::Service(Box::new(service)))
        }
        ["run", "services", "replace", _, ..] => {
            let mut service = Service::new(DeploysVia::ServicesReplace, place);
            service.manifest = argument(3).map(stated);
            apply(&mut service, &flags, values, problems);
            Some(Command::Service(Box::new(service)))
        }
        _ => None,
    }
}

/// Whether a word is the program: `gcloud`, `/usr/bin/gcloud`, `gcloud.cmd`.
pub fn is_gcloud(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    matches!(name, "gcloud" | "gcloud.cmd")
}

/// Adds what flags alone say to a service: the `flags` input of an action.
pub fn add_flags(service: &mut Service, words: &[Word], values: &Values, problems: &mut Problems) {
    apply(service, &flags::sort(words).flags, values, problems);
}

fn apply(service: &mut Service, flags: &[Flag], values: &Values, problems: &mut Problems) {
    let mut containers = Containers::of(service);
    let mut probes: [Option<Stated>; 3] = [None, None, None];
    for flag in flags {
        match flag.name.as_str() {
            "--allow-unauthenticated" => service.allow_unauthenticated = Some(!flag.is("false")),
            "--no-allow-unauthenticated" => service.allow_unauthenticated = Some(false),
            "--no-traffic" => service.no_traffic = Some(true),
            _ => {}
        }
        let place = || flag.place.clone();
        match flag.name.as_str() {
            "--set-env-vars" | "--env-vars-file" | "--clear-env-vars" => {
                service.other_variables = Some(OtherVariables::Removed(place()));
            }
            "--update-env-vars" | "--remove-env-vars" => {
                service.other_variables = Some(OtherVariables::Kept(place()));
            }
            _ => {}
        }
        let Some(value) = &flag.value else { continue };
        let stated = || values.stated(value.as_str(), flag.place.clone());
        let items = || {
            list::gcloud(value, values)
                .into_iter()
                .map(|item| values.stated(item.trim(), flag.place.clone()))
                .collect::<Vec<_>>()
        };
        match flag.name.as_str() {
            "--region" => service.region = Some(stated()),
            "--project" => service.project = Some(stated()),
            "--service-account" => service.service_account = Some(stated()),
            "--tag" => service.tag = Some(stated()),
            "--vpc-connector" => service.vpc.connector = Some(stated()),
            "--vpc-egress" => service.vpc.egress = Some(stated()),
            "--network" => service.vpc.network = Some(stated()),
            "--subnet" => service.vpc.subnet = Some(stated()),
            "--set-cloudsql-instances" => service.cloudsql_instances = items(),
            "--add-cloudsql-instances" => {
                for item in items() {
                    if !service.cloudsql_instances.iter().any(|known| known.value == item.value) {
                        service.cloudsql_instances.push(item);
                    }
                }
            }
            "--readiness-probe" => probes[0] = probe_path(value, flag, values),
            "--startup-probe" => {
                service.startup_probe = startup_probe(value, values);
                probes[1] = probe_path(value, flag, values);
            }
            "--liveness-probe" => probes[2] = probe_path(value, flag, values),
            "--env-vars-file" | "--flags-file" => problems.push(
                Problem::warning("file-not-followed", format!("what `{}` names is not read", flag.name))
                    .at(flag.place.clone())
                    .hint("say in rungate.yaml which variables of it matter"),
            ),
            _ => containers.take(flag, values, problems),
        }
    }
    containers.give_to(service);
    service.health_paths.extend(probes.into_iter().flatten());
}

/// The kind of a probe, by its keys; nothing where only times are stated.
fn startup_probe(value: &str, values: &Values) -> Option<StartupProbe> {
    list::gcloud_pairs(value, values).iter().find_map(|pair| match pair.key.split('.').next() {
        Some("httpGet") => Some(StartupProbe::Http),
        Some("grpc") => Some(StartupProbe::Grpc),
        Some("tcpSocket") => Some(StartupProbe::Tcp),
        Some(_) | None => None,
    })
}

/// `httpGet.path=/health,httpGet.port=8080`.
fn probe_path(value: &str, flag: &Flag, values: &Values) -> Option<Stated> {
    let pairs = list::gcloud_pairs(value, values);
    let path = pairs.into_iter().find(|pair| pair.key == "httpGet.path")?;
    Some(values.stated(path.value, flag.place.clone()))
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

    #[test]
    fn what_is_not_known_is_told() {
        let codes = |line: &str| read(line).1.iter().map(|problem| problem.code).collect::<Vec<_>>();
        assert_eq!(codes("run deploy a --env-vars-file=env.yaml"), ["file-not-followed"]);
        assert_eq!(codes("run deploy a --set-secrets=P=pw"), ["secret-without-version"]);
        assert!(codes("run deploy a --set-secrets=P=$_PW").is_empty());
    }
}

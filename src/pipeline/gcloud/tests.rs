//! The flags, in words without files and with them.

use super::*;
use crate::pipeline::files::Folders;
use crate::pipeline::shell::Workspace;
use crate::pipeline::text::Open;

fn place() -> Place {
    Place { file: "a".into(), line: 1, column: 1 }
}

/// `$…` is only known to the run; `␣` is a blank within a word.
fn word(word: &str) -> Text {
    let word = word.replace('␣', " ");
    let mut text = Text::new(place());
    let (known, open) = word.split_at(word.find('$').unwrap_or(word.len()));
    text.push(&Text::known(known, place()));
    if !open.is_empty() {
        text.push(&Text::open(open, Open::default(), place()));
    }
    text
}

fn read(line: &str) -> (Option<Command>, Problems) {
    let words: Vec<_> = line.split_whitespace().map(word).collect();
    let (folders, workspace) = (Folders::default(), Workspace::default());
    let files = Files { folders: &folders, workspace: &workspace, folder: "", input: None };
    let mut problems = Problems::default();
    let command = commands(&words, &files, place(), &mut problems).into_iter().next();
    (command, problems)
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
fn flags_that_come_twice_or_clear_are_read_as_gcloud_reads_them() {
    for (line, expected) in [
        ("run deploy a --set-env-vars=A=1 --set-env-vars=B=2", "A=1 B=2"),
        // gcloud removes first, wherever the flags stand.
        ("run deploy a --update-env-vars=A=1,B=2 --remove-env-vars=A", "A=1 B=2"),
        ("run deploy a --update-secrets=A=s:1 --clear-env-vars --update-secrets B=t:2", "A<-s:1 B<-t:2"),
        ("run deploy a --set-cloudsql-instances p:r:a --set-cloudsql-instances=p:r:b", "sql=p:r:b"),
        ("run deploy a --set-cloudsql-instances p:r:a,p:r:b,p:r:a", "sql=p:r:a sql=p:r:b"),
        // … but clears the ways into a network last.
        ("run deploy a --vpc-connector c --clear-vpc-connector", ""),
        ("run deploy a --set-secrets=A=projects/1/secrets/s", "A<-projects/1/secrets/s:latest"),
        ("run deploy a --set-secrets=A=projects/1/secrets/s/versions/4", "A<-projects/1/secrets/s:4"),
        // No abbreviations.
        ("run deploy a --set-env A=1 --region r --vpc-conn c", "r"),
        ("--quiet --region r run deploy a --network n --set-env-vars ^##^A=1,2##B=a=b", "A=1,2 B=a=b n r"),
        ("run deploy a --set-env-vars=A=", "A="),
    ] {
        assert_eq!(with_files(line, &[]), expected, "{line}");
    }
}

#[test]
fn files_that_flags_name_are_read() {
    let yaml = "# why\nA: \"1\"\nB: \"x: y\"\nC: ''";
    assert_eq!(with_files("run deploy a --env-vars-file=e.yaml", &[("e.yaml", yaml)]), "A=1 B=x: y C=");
    let dotenv = "# why\nA=1\nexport B=\"x y\"\n\nC='z'";
    assert_eq!(with_files("run deploy a --env-vars-file ./p.env", &[("p.env", dotenv)]), "A=1 B=x y C=z");
    let flags = "--region: r\n--quiet:\n--allow-unauthenticated: true\n--set-env-vars: {A: 'x,y', B: '1'}\n--add-cloudsql-instances: [p:r:a, p:r:b]\n--flags-file: more.yaml";
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
    assert_eq!(codes("run deploy a --set-env-vars=A=1 --update-env-vars=B=$_MORE"), ["gcloud-refuses"]);
    assert!(codes("run deploy a --ingress=$_INGRESS --port=$_PORT --max-instances=$_MAX").is_empty());
    assert!(codes("run deploy a --set-secrets=P=$_PW").is_empty());
}

#[test]
fn reads_what_later_checks_need() {
    let service = service(
        "run deploy a --source . --ingress internal --network n --network-tags=x,y --network-tags z \
         --max-instances 3 --min-instances=1 --min 2 --max=default --revision-suffix=x1 --container=app --port=80",
    );
    let scaling = &service.scaling;
    let stated = [
        &service.ingress,
        &scaling.max_instances,
        &scaling.min_instances,
        &scaling.service_min,
        &scaling.service_max,
        &service.revision_suffix,
        &service.container,
    ];
    let all: Vec<_> =
        stated.into_iter().flatten().chain(&service.vpc.network_tags).map(Stated::raw).collect();
    assert_eq!(all, ["internal", "3", "1", "2", "default", "x1", "app", "x", "y", "z"]);
}

#[test]
fn a_sidecars_flags_are_its_own() {
    let service = service(
        "run deploy a --container=app --image=i --port=80 --update-env-vars=A=1 --startup-probe=httpGet.path=/up \
         --container=proxy --image=j --set-env-vars=B=1 --startup-probe=httpGet.path=/other",
    );
    assert!(matches!(service.other_variables, Some(crate::model::OtherVariables::Kept(_))));
    assert_eq!(service.health_paths.iter().map(Stated::raw).collect::<Vec<_>>(), ["/up"]);
}

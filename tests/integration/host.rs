//! What the platform that runs the gate tells it: defaults, the running pipeline, and where the verdict is said.

use std::process::Command;

use crate::common::{Ran, Rungate, pipeline};

/// A step of Cloud Build: every substitution in the environment, as `automapSubstitutions` puts them there.
fn build_step(rungate: &Rungate, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command: Command = rungate.command(arguments);
    command.env("BUILDER_OUTPUT", "/builder/outputs").env("BUILD_ID", "1f2e").env("_", "/usr/bin/env");
    command.envs(environment.iter().copied());
    Ran::of(command.output().unwrap())
}

const BUILD: &str = "\
steps:
  - name: gcr.io/google.com/cloudsdktool/google-cloud-cli:slim
    args: [gcloud, run, deploy, $_SERVICE, --region=$LOCATION, --image=i:$TAG_NAME, '--set-env-vars=DB_HOST=10.0.0.3,STAGE=$_STAGE']
substitutions: {_STAGE: staging}
";

#[test]
fn cloud_builds_substitutions_fill_what_the_file_leaves_open() {
    let rungate = Rungate::new();
    rungate.file("ci/deploy.yaml", BUILD);
    let environment = [
        ("TRIGGER_BUILD_CONFIG_PATH", "ci/deploy.yaml"),
        ("PROJECT_ID", "acme-built"),
        ("LOCATION", "europe-west4"),
        ("_SERVICE", "auth-built"),
        ("_STAGE", "production"),
        ("TAG_NAME", ""),
    ];
    let ran = build_step(&rungate, &["check", "--dry-run"], &environment);
    assert!(ran.stdout.contains("would check auth-built (acme-built, europe-west4)"), "{}", ran.all());
    assert!(ran.stderr.contains("reading ci/deploy.yaml"), "{}", ran.all());
    // An empty built-in substitution is one that the build does not have.
    assert!(!ran.stdout.contains("auth-built: name"), "{}", ran.all());
    let read = build_step(&rungate, &["read", "--json"], &environment);
    let json: serde_json::Value = serde_json::from_str(&read.stdout).unwrap();
    assert!(json.to_string().contains("production"), "{json:#}");

    // The command line wins.
    let given = ["check", "--dry-run", "--project", "other", "--substitution", "_SERVICE=given"];
    let ran = build_step(&rungate, &given, &environment);
    assert!(ran.stdout.contains("would check given (other, europe-west4)"), "{}", ran.all());

    // Elsewhere such variables are anybody's.
    let mut command = rungate.command(&["check", "ci/deploy.yaml", "--dry-run"]);
    let ran = Ran::of(command.envs(environment).output().unwrap());
    assert!(!ran.all().contains("acme-built") && !ran.all().contains("auth-built"), "{}", ran.all());
}

#[test]
fn the_last_lines_of_a_builds_log_are_the_verdict() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    let check = ["check", &file, "--sandbox", "--quiet", "--report", "json=-"];
    let broken: Vec<&str> = check.into_iter().chain(["--fault", "vpc-connector-not-ready"]).collect();
    let ran = build_step(&rungate, &broken, &[]);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert_eq!(lines.last(), Some(&"rungate: unhealthy (exit status 1)"), "{}", ran.all());
    assert!(
        lines[0].starts_with("rungate: vpc-connector-not-ready (proven) in auth-staging: "),
        "{}",
        ran.all()
    );
    assert!(lines[1].contains("rungate.yaml:26:18") && lines[2].contains("fix: gcloud"), "{}", ran.all());
    // The report on standard output stays whole.
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["exit_code"], 1);

    // A kept run that is judged again says it as well: `pipelines/cloudbuild.yaml` ends with that.
    let kept: Vec<&str> = broken.iter().copied().chain(["--save-run", "run.json"]).collect();
    build_step(&rungate, &kept, &[]);
    let again = build_step(&rungate, &["diagnose", "run.json"], &[]);
    assert_eq!((again.status, again.stderr.lines().last()), (1, lines.last().copied()), "{}", again.all());

    let ran = build_step(&rungate, &check, &[]);
    assert_eq!(ran.stderr, "rungate: healthy (exit status 0)\n");
    // On a laptop the report is the last word.
    assert_eq!(rungate.run(&check).stderr, "");
}

/// A step of a workflow in a repository with two workflows that deploy.
fn workflow_step(rungate: &Rungate, arguments: &[&str], more: &[(&str, &str)]) -> Ran {
    let workspace = rungate.path("");
    let mut command = rungate.command(arguments);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", workspace)
        .env("GITHUB_REPOSITORY", "acme/shop")
        .env("GITHUB_WORKFLOW_REF", "acme/shop/.github/workflows/b.yml@refs/heads/main");
    command.envs(more.iter().copied());
    Ran::of(command.output().unwrap())
}

#[test]
fn the_workflow_that_runs_the_gate_is_the_pipeline() {
    let rungate = Rungate::new();
    for name in ["a", "b"] {
        let text = format!(
            "on: push\njobs:\n  d:\n    runs-on: x\n    steps:\n      - uses: google-github-actions/deploy-cloudrun@v3\n        with: {{service: of-{name}, region: r, project_id: p, image: i}}\n"
        );
        rungate.file(&format!(".github/workflows/{name}.yml"), text);
    }
    let dry = ["check", "--dry-run"];
    let ran = workflow_step(&rungate, &dry, &[]);
    assert!(ran.stderr.contains("reading .github/workflows/b.yml\n"), "{}", ran.all());
    assert!(ran.stdout.contains("would check of-b") && !ran.stdout.contains("of-a"), "{}", ran.all());
    // A workflow of another repository, or one that is not there, is no pipeline of this one.
    for elsewhere in
        ["acme/required/.github/workflows/b.yml@refs/heads/main", "acme/shop/.github/workflows/z.yml@x"]
    {
        let ran = workflow_step(&rungate, &dry, &[("GITHUB_WORKFLOW_REF", elsewhere)]);
        assert!(ran.stdout.contains("of-a") && ran.stdout.contains("of-b"), "{elsewhere}: {}", ran.all());
    }
    // What the user names is what is read.
    let ran = workflow_step(&rungate, &["check", ".github/workflows/a.yml", "--dry-run"], &[]);
    assert!(ran.stdout.contains("of-a") && !ran.stdout.contains("of-b"), "{}", ran.all());
}

#[test]
fn a_given_url_is_asked_and_a_required_check_decides() {
    let rungate = Rungate::new();
    let file = pipeline("rungate.yaml");
    for (url, word) in [
        ("auth.example.com", "https://HOST"),
        ("ftp://auth.example.com", "http or https"),
        ("https://auth.example.com/auth/health", "health path"),
        ("https://user:pw@auth.example.com", "user or password"),
    ] {
        let ran = rungate.run(&["check", &file, "--url", url]);
        assert!(ran.status == 2 && ran.stderr.contains(word), "{url}: {}", ran.all());
    }
    let ran = rungate.run(&["check", &file, "--sandbox", "--url", "https://auth.example.com"]);
    assert_eq!(ran.status, 2, "the sandbox has addresses of its own: {}", ran.all());

    let dry = |more: &[&str]| {
        let arguments: Vec<&str> =
            ["check", &*file, "--dry-run"].into_iter().chain(more.iter().copied()).collect();
        rungate.run(&arguments)
    };
    // In a dry run a star marks what the verdict rests on.
    let rested_on =
        |ran: &Ran| ran.stdout.lines().any(|line| line.trim_start().starts_with("* vpc-access-matches"));
    assert!(!rested_on(&dry(&[])), "{}", dry(&[]).all());
    assert!(rested_on(&dry(&["--require", "vpc-access-matches"])));
    let ran = rungate.run(&["check", &file, "--sandbox", "--require", "vpc-acces-matches"]);
    assert!(ran.status == 2 && ran.stderr.contains("did you mean vpc-access-matches?"), "{}", ran.all());

    // What is required is one of the things that the verdict rests on.
    let drifted =
        ["check", &*file, "--sandbox", "--quiet", "--report", "json=-", "--fault", "vpc-access-drifted"];
    let obligation = |more: &[&str]| {
        let arguments: Vec<&str> = drifted.into_iter().chain(more.iter().copied()).collect();
        let json: serde_json::Value = serde_json::from_str(&rungate.run(&arguments).stdout).unwrap();
        let all = json["services"][0]["obligations"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["what"] == "vpc-access-matches")
    };
    assert_eq!(obligation(&[]), None);
    assert_eq!(obligation(&["--require", "vpc-access-matches"]).unwrap()["met"]["state"], "no");
}

//! The deploy patterns under `pipelines/`: the gate understands each of them, and so does the tool that it is for.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use crate::common::{Ran, Rungate, installed, pipeline, root, skip};
use crate::gcloud_differential::cloud::request;
use crate::standin::{listen, send};

/// The pipelines that deploy, with what the gate would check of them.
const PATTERNS: &[(&str, &[&str])] = &[
    ("cloudbuild.yaml", &["auth-staging"]),
    ("github-workflow.yaml", &["auth-staging"]),
    (
        "regions/github-workflow.yaml",
        &[
            "shop-api@europe-west1.acme-shop",
            "shop-api@us-east1.acme-shop",
            "shop-web@europe-west1.acme-shop",
            "shop-web@us-east1.acme-shop",
        ],
    ),
    (
        "cloud-deploy/clouddeploy.yaml",
        &["auth@europe-west1.acme-staging", "auth@europe-west1.acme-production"],
    ),
];

fn json_of(rungate: &Rungate, arguments: &[&str]) -> (Ran, Json) {
    let arguments: Vec<&str> =
        arguments.iter().copied().chain(["--quiet", "--report", "json=out.json"]).collect();
    let ran = rungate.run(&arguments);
    let json = serde_json::from_str(&rungate.read("out.json")).unwrap_or_else(|_| panic!("{}", ran.all()));
    (ran, json)
}

#[test]
fn every_pattern_is_sound_and_healthy_in_its_own_world() {
    for (file, services) in PATTERNS {
        let (rungate, path) = (Rungate::new(), pipeline(file));
        let (ran, json) = json_of(&rungate, &["check", &path, "--dry-run"]);
        assert_eq!(ran.status, 0, "{file}: {}", ran.all());
        assert_eq!(json["findings"], json!([]), "{file}: {}", ran.all());
        let planned =
            json["planned"].as_array().unwrap().iter().filter_map(|key| key.as_str()?.split_once('/'));
        let planned: BTreeSet<&str> = planned.map(|(service, _)| service).collect();
        assert_eq!(planned, services.iter().copied().collect(), "{file}");

        let (ran, json) = json_of(&rungate, &["check", &path, "--sandbox"]);
        assert_eq!((ran.status, &json["verdict"]), (0, &json!("healthy")), "{file}: {}", ran.all());
        assert_eq!(json["services"].as_array().unwrap().len(), services.len(), "{file}");
    }
}

/// Nobody is sent to the new revision, and the old one is well: only the tag's URL leads to what was deployed.
#[test]
fn the_new_revision_is_judged_under_its_tag_before_traffic_moves() {
    for file in ["cloudbuild.yaml", "github-workflow.yaml"] {
        let (rungate, path) = (Rungate::new(), pipeline(file));
        // Seen from outside, so that nothing but health tells of the database.
        let outside = ["--vantage", "runner", "--fault", "password-rejected"];
        let arguments: Vec<&str> = ["check", &*path, "--sandbox"].into_iter().chain(outside).collect();
        let (ran, json) = json_of(&rungate, &arguments);
        assert_eq!(ran.status, 1, "{file}: {}", ran.all());
        assert_eq!(json["causes"][0]["code"], "password-rejected", "{file}");
        let checks = json["checks"].as_array().unwrap();
        let detail = |id: &str| {
            let check = checks.iter().find(|check| check["id"] == id).unwrap();
            check["detail"].as_str().unwrap().to_owned()
        };
        assert!(
            detail("revision-serving").contains("under its tag candidate"),
            "{}",
            detail("revision-serving")
        );
        // The service's own URL would say healthy: it leads to the revision before.
        let asked = json["services"][0]["url"].as_str().unwrap();
        assert!(detail("revision-serving").contains(asked), "{asked} is not the tag's URL");
        assert!(
            detail("health-healthy").contains(asked) && detail("health-healthy").contains("unhealthy"),
            "{file}"
        );
    }
}

/// What GitLab deploys is the manifest: the job's own commands work on it, and its report is there.
#[test]
fn the_commands_of_the_gitlab_file_work() {
    let text = std::fs::read_to_string(pipeline("gitlab-ci.yml")).unwrap();
    let rungate = Rungate::new();
    rungate.file("service.yaml", std::fs::read(pipeline("service.yaml")).unwrap());
    let mut seen = 0;
    for line in text.lines().filter_map(|line| line.trim().strip_prefix("- rungate ")) {
        let mut arguments: Vec<&str> = line.split_whitespace().collect();
        if !line.contains("--dry-run") {
            arguments.push("--sandbox");
        }
        let ran = rungate.run(&arguments);
        assert_eq!(ran.status, 0, "{line}: {}", ran.all());
        seen += 1;
    }
    assert_eq!(seen, 2);
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("junit: ")).chain(["dry-run.json"]);
    for artifact in named {
        assert!(rungate.path(artifact).is_file(), "{artifact} is not written");
    }
}

/// Every use of the gate in samples and pages is of the version that Cargo.toml states, and of no other.
#[test]
fn samples_and_pages_name_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let mut seen = 0;
    let mut look = |path: &Path| {
        let Ok(text) = std::fs::read_to_string(path) else { return };
        for (mark, end) in
            [("/rungate:", ":"), ("rungate@v", "@v"), ("0000 # v", "# v"), ("version: 0", "version: ")]
        {
            for rest in text.split(mark).skip(1) {
                let mut rest = rest.to_owned();
                if end == "version: " {
                    rest.insert(0, '0');
                }
                let given: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
                if given.contains('.') {
                    assert_eq!(given.trim_end_matches('.'), version, "{}: {mark}", path.display());
                    seen += 1;
                }
            }
        }
    };
    for folder in ["pipelines", "pipelines/regions", "pipelines/cloud-deploy", "docs", "."] {
        for entry in root().join(folder).read_dir().unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if [".md", ".yaml", ".yml"].iter().any(|end| name.ends_with(end)) && name != "CHANGELOG.md"
                || name == "Dockerfile"
            {
                look(&path);
            }
        }
    }
    assert!(seen >= 8, "{seen}");
}

/// A server that takes what gcloud sends, and remembers it.
fn taking() -> (String, Arc<Mutex<Vec<(String, Json)>>>) {
    let sent: Arc<Mutex<Vec<(String, Json)>>> = Arc::default();
    let shared = Arc::clone(&sent);
    let address = listen(move |stream| {
        let Some((head, body)) = request(stream) else { return };
        let words: Vec<&str> = head.split(' ').take(2).collect();
        let url = words[1];
        let path = url.split('?').next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        shared.lock().unwrap().push((format!("{} {url}", words[0]), body.clone()));
        let answer = if path.ends_with("/builds") {
            let mut build = body;
            for (key, value) in [("id", "1"), ("projectId", "acme-staging"), ("status", "QUEUED")] {
                build[key] = json!(value);
            }
            let kind = "type.googleapis.com/google.devtools.cloudbuild.v1.BuildOperationMetadata";
            Some(json!({"name": "operations/1", "metadata": {"@type": kind, "build": build}}))
        } else if path.contains("/serving.knative.dev/") {
            (words[0] != "GET").then_some(body)
        } else if words[0] == "PATCH" {
            let parent: Vec<&str> = path.split('/').skip(2).take(4).collect();
            Some(json!({"name": format!("{}/operations/{last}", parent.join("/")), "done": true}))
        } else {
            Some(json!({"name": last, "state": "ENABLED", "projectId": last, "projectNumber": "123456789"}))
        };
        let json = "Content-Type: application/json\r\n";
        match answer {
            Some(answer) => send(stream, 200, json, answer.to_string().as_bytes()),
            None => send(stream, 404, json, br#"{"error":{"code":404,"message":"no","status":"NOT_FOUND"}}"#),
        }
    });
    (format!("http://{address}"), sent)
}

/// Runs real gcloud against that server; `None`: it is not installed.
fn gcloud(address: &str, folder: &Path, words: &str) -> Option<Output> {
    let configuration = tempfile::tempdir().unwrap();
    let mut command = Command::new("gcloud");
    for of_the_user in ["CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_ACTIVE_CONFIG_NAME", "HTTP_PROXY", "NO_PROXY"]
    {
        command.env_remove(of_the_user);
    }
    for api in ["CLOUDBUILD", "CLOUDDEPLOY", "CLOUDRESOURCEMANAGER", "SERVICEUSAGE"] {
        command.env(format!("CLOUDSDK_API_ENDPOINT_OVERRIDES_{api}"), format!("{address}/"));
    }
    command
        .current_dir(folder)
        .args(words.split(' '))
        .env("CLOUDSDK_CONFIG", configuration.path())
        .env("CLOUDSDK_CORE_PROJECT", "acme-staging")
        .env("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .env("CLOUDSDK_CORE_DISABLE_USAGE_REPORTING", "true")
        .env("CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK", "true")
        .env("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "true")
        // gcloud puts the region before Cloud Run's host name: the server stands in as the proxy to it.
        .env("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://run.sandbox.test/")
        .env("http_proxy", address)
        .env("no_proxy", "127.0.0.1");
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip("gcloud is not installed");
            None
        }
        Err(error) => panic!("gcloud: {error}"),
    }
}

#[test]
fn gcloud_takes_the_build_the_manifest_and_the_delivery_pipeline() {
    let (address, sent) = taking();
    let folder = root().join("pipelines");
    let submit = "builds submit --no-source --config=cloudbuild.yaml --async";
    let Some(output) = gcloud(&address, &folder, submit) else { return };
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}", said(&output));
    let all = std::mem::take(&mut *sent.lock().unwrap());
    let (_, build) = all.iter().find(|(line, _)| line.contains("/builds")).unwrap();
    let ids: Vec<&str> =
        build["steps"].as_array().unwrap().iter().filter_map(|step| step["id"].as_str()).collect();
    assert_eq!(ids, ["deploy", "reports", "gate", "keep", "verdict", "promote"]);
    assert_eq!(build["steps"][2]["allowFailure"], true);
    assert_eq!(build["options"]["automapSubstitutions"], true);

    let replace = "run services replace service.yaml --dry-run --region=europe-west1";
    let output = gcloud(&address, &folder, replace).unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let all = std::mem::take(&mut *sent.lock().unwrap());
    let (_, service) = all.iter().find(|(line, _)| line.contains("dryRun=all")).unwrap();
    assert_eq!(
        service["spec"]["template"]["spec"]["containers"][0]["startupProbe"]["httpGet"]["path"],
        "/auth/health"
    );

    let apply = "deploy apply --file=clouddeploy.yaml --region=europe-west1";
    let output = gcloud(&address, &folder.join("cloud-deploy"), apply).unwrap();
    let all = std::mem::take(&mut *sent.lock().unwrap());
    let (_, delivery) = all
        .iter()
        .find(|(line, _)| line.contains("/deliveryPipelines/auth"))
        .unwrap_or_else(|| panic!("{}", said(&output)));
    let stages = delivery["serialPipeline"]["stages"].as_array().unwrap();
    assert!(stages.iter().all(|stage| stage["strategy"]["standard"]["verify"] == true), "{delivery}");
    let targets = all.iter().filter(|(line, _)| line.contains("/targets/")).count();
    assert_eq!((stages.len(), targets), (2, 2), "{}", said(&output));
}

/// Scripts, workflows, the action and the dependencies, by the tools for them.
#[test]
fn the_linters_find_nothing() {
    let ran =
        Ran::of(Command::new("bash").arg(root().join("scripts/lint")).arg("--installed").output().unwrap());
    for line in ran.stdout.lines().filter(|line| line.starts_with("SKIPPED: ")) {
        println!("{line}");
    }
    assert_eq!(ran.status, 0, "{}", ran.all());
}

/// The image that `scripts/image` packs: nothing but the binary in it, started as nobody in particular.
#[test]
fn the_image_starts_and_judges() {
    let binary = root().join("target/x86_64-unknown-linux-musl/debug/rungate");
    if !installed("buildah") || !installed("strip") || !binary.is_file() {
        return skip("the image: needs buildah, and `cargo build --target x86_64-unknown-linux-musl`");
    }
    let storage = tempfile::tempdir().unwrap();
    let small = storage.path().join("rungate");
    let stripped = Command::new("strip").arg("-o").arg(&small).arg(&binary).status().unwrap();
    assert!(stripped.success());
    let configuration = format!(
        "[storage]\ndriver = \"vfs\"\nrunroot = \"{0}/run\"\ngraphroot = \"{0}/graph\"\n",
        storage.path().display()
    );
    std::fs::write(storage.path().join("storage.conf"), configuration).unwrap();
    let buildah = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).env("CONTAINERS_STORAGE_CONF", storage.path().join("storage.conf"));
        Ran::of(command.env("BUILDAH_ISOLATION", "chroot").current_dir(root()).output().unwrap())
    };
    let tag = "localhost/rungate:test";
    let packed = buildah("scripts/image", &[small.to_str().unwrap(), tag]);
    if packed.status != 0 && packed.stderr.contains("not permitted") {
        return skip("the image: containers are not permitted here");
    }
    assert_eq!(packed.status, 0, "{}", packed.all());

    // The Dockerfile's last stage says the same as the script.
    let config: Json =
        serde_json::from_str(&buildah("buildah", &["inspect", "--type", "image", tag]).stdout).unwrap();
    let config = &config["OCIv1"]["config"];
    let dockerfile = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let last = dockerfile.split("FROM scratch").nth(1).unwrap();
    let said = |key: &str| last.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned();
    assert_eq!(config["User"], said("USER "));
    assert_eq!(config["WorkingDir"], said("WORKDIR "));
    assert_eq!(config["Entrypoint"].to_string(), said("ENTRYPOINT "));
    let set: Vec<&str> = config["Env"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert_eq!(set.join(" "), said("ENV "));

    let container = buildah("buildah", &["from", tag]).stdout.trim().to_owned();
    let volume = format!("{}:/workspace:ro", root().join("pipelines").display());
    let run = |more: &[&str]| {
        let arguments: Vec<&str> = ["run", "--volume", &*volume, &*container, "--", "/usr/local/bin/rungate"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        buildah("buildah", &arguments)
    };
    // Google's clients and health are asked by libraries that refuse to work without certificates.
    let ran = run(&["check", "service.yaml", "--sandbox", "--quiet"]);
    assert!(ran.status == 0 && ran.stdout.starts_with("HEALTHY"), "{}", ran.all());
    let ran = run(&["check", "service.yaml", "--sandbox", "--quiet", "--fault", "instance-stopped"]);
    assert!(ran.stdout.starts_with("UNHEALTHY: instance-stopped"), "{}", ran.all());
    // It is nobody who may write where the source lies.
    let ran = run(&["check", "service.yaml", "--sandbox", "--quiet", "--report", "json=/etc/run.json"]);
    assert!(ran.stderr.to_lowercase().contains("permission denied"), "{}", ran.all());
}

/// The pipelines in pages are whole: the gate reads them without a complaint.
#[test]
fn pipelines_in_pages_are_read_without_a_complaint() {
    let mut seen = 0;
    for page in ["docs/github.md", "docs/cloud-build.md"] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        for block in text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let rungate = Rungate::new();
            rungate.file("page.yaml", block);
            // The workflow of a pull request names the one that deploys.
            let ran = rungate.run(&["read", "page.yaml"]);
            let nothing = block.contains("pipeline: ");
            let complaints: Vec<&str> = ran
                .stderr
                .lines()
                .filter(|line| line.starts_with("warning") || line.starts_with("error"))
                .collect();
            assert_eq!((ran.status, complaints.len()), (0, usize::from(nothing)), "{page}: {}", ran.all());
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

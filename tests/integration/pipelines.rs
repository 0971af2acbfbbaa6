//! Pipeline files as data: every file of `tests/data/pipelines/<format>/ok` is read as its `.json` says, every file of
//! `…/err` has the problems of its `.out`. Adding a case needs no code; `UPDATE=1` writes what is expected anew.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "helpers of tests are tests")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use rungate::cli::read;
use rungate::model::{DatabaseVariables, Service, Stated};
use rungate::pipeline::{FORMATS, Loaded, Problems, Request, load};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn load_file(directory: &Path, name: &str) -> Result<Loaded, Problems> {
    let known_checks = vec!["revision-ready", "health-reported", "database-login"];
    load(&Request {
        files: vec![name.into()],
        directory: directory.to_owned(),
        known_checks,
        substitutions: Vec::new(),
        strict: true,
        ..Request::default()
    })
}

/// The files of a folder whose names end so, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> = folder
        .read_dir()
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files.sort();
    files
}

/// Compares with the file that says what is expected, or writes it anew.
#[allow(clippy::disallowed_methods, reason = "a switch of the tests, not of the product")]
fn expect(found: &str, file: &Path) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file, found).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        expected == found,
        "{}: UPDATE=1 writes it anew\n--- expected\n{expected}\n--- found\n{found}",
        file.display()
    );
}

#[test]
fn every_format_has_good_and_bad_cases_and_they_are_read_as_expected() {
    for format in FORMATS {
        let data = root().join("tests/data/pipelines").join(format.id);
        let (ok, err) = (files(&data.join("ok"), ".yaml"), files(&data.join("err"), ".yaml"));
        assert!(!ok.is_empty() && !err.is_empty(), "{} has no cases", format.id);
        for file in ok {
            let name = file.file_name().unwrap().to_string_lossy();
            match load_file(&data.join("ok"), &name) {
                Ok(loaded) => {
                    let warnings = loaded.warnings.render(false);
                    assert!(loaded.warnings.is_empty(), "{}:\n{warnings}", file.display());
                    let json = serde_json::to_string_pretty(&read::json(&loaded)).unwrap() + "\n";
                    expect(&json, &file.with_extension("json"));
                }
                Err(problems) => panic!("{}:\n{}", file.display(), problems.render(false)),
            }
        }
        for file in err {
            let name = file.file_name().unwrap().to_string_lossy();
            let problems = match load_file(&data.join("err"), &name) {
                Ok(loaded) => loaded.warnings,
                Err(problems) => problems,
            };
            assert!(!problems.is_empty(), "{} has no problem", file.display());
            expect(&problems.render(false), &file.with_extension("out"));
        }
    }
}

#[test]
fn files_that_are_no_pipeline_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("empty.yaml", b"");
    write("comments.yaml", b"# nothing\n---\n# more\n");
    write("binary.yaml", &[0, 159, 146, 150]);
    write("control.yaml", b"a: \x00\x01");
    write("text.yaml", b"just a text");
    write("list.yaml", b"- a\n- b\n");
    write("unknown.yaml", b"version: '3'\nx: 1\nkind: Deployment\napiVersion: apps/v1\n");
    write("deep.yaml", "[".repeat(100_000).as_bytes());
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..30 {
        bomb += &format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(9));
    }
    write("bomb.yaml", bomb.as_bytes());
    std::fs::File::create(folder.path().join("huge.yaml")).unwrap().set_len(100 << 20).unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for (name, code) in [
        ("none.yaml", "file-not-found"),
        ("empty.yaml", "file-empty"),
        ("comments.yaml", "file-empty"),
        ("binary.yaml", "file-not-utf8"),
        ("control.yaml", "yaml-broken"),
        ("text.yaml", "unknown-format"),
        ("list.yaml", "unknown-format"),
        ("unknown.yaml", "unknown-format"),
        ("deep.yaml", "yaml-too-complex"),
        ("bomb.yaml", "yaml-too-complex"),
        ("huge.yaml", "file-too-large"),
        ("folder", "no-pipeline-file"),
        ("-", "file-not-readable"),
    ] {
        let start = Instant::now();
        let problems = load_file(folder.path(), name).unwrap_err();
        let elapsed = start.elapsed();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code], "{name}: {}", problems.render(false));
        assert!(elapsed < crate::common::HANG, "{name}: {elapsed:?}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.yaml");
    std::fs::write(&path, "steps: []").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        eprintln!("skipped: this user (root?) may read every file");
        return;
    }
    let problems = load_file(folder.path(), "secret.yaml").unwrap_err();
    assert!(problems.render(false).contains("permission denied"), "{problems}");
}

#[test]
fn all_problems_of_all_files_come_at_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.yaml"), "version: 1\nservces: []\n").unwrap();
    std::fs::write(folder.path().join("a.yaml"), "steps: [").unwrap();
    let files = vec!["b.yaml".into(), "a.yaml".into(), "c.yaml".into()];
    let request = Request {
        files,
        directory: folder.path().to_owned(),
        known_checks: Vec::new(),
        substitutions: Vec::new(),
        strict: true,
        ..Request::default()
    };
    let codes: Vec<_> = load(&request).unwrap_err().iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["missing-key", "unknown-key", "yaml-broken", "file-not-found"]);
}

/// The four samples describe one system: whichever is copied, the gate learns the same.
#[test]
fn the_samples_say_the_same_in_every_format() {
    for (name, format) in [
        ("rungate.yaml", "native"),
        ("cloudbuild.yaml", "cloudbuild"),
        ("github-workflow.yaml", "github-workflow"),
        ("service.yaml", "cloud-run-manifest"),
    ] {
        let loaded = match load_file(&root().join("pipelines"), name) {
            Ok(loaded) => loaded,
            Err(problems) => panic!("{name}:\n{}", problems.render(false)),
        };
        assert!(loaded.warnings.is_empty(), "{name}:\n{}", loaded.warnings.render(false));
        assert_eq!(loaded.files[0].format.id, format);
        let [service] = loaded.pipeline.services.as_slice() else { panic!("{name}: one service") };
        assert_eq!(facts(service), INCIDENT, "{name}");
        let DatabaseVariables::Parts { host, port, user, password, name: database } =
            &service.database.as_ref().unwrap().variables
        else {
            panic!("{name}: parts")
        };
        let parts = [Some(host), port.as_ref(), user.as_ref(), password.as_ref(), database.as_ref()];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        assert_eq!(parts, ["DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME"], "{name}");
    }
}

const INCIDENT: &str = "auth-staging acme-staging europe-west1 auth-runtime@acme-staging.iam.gserviceaccount.com \
auth-connector private-ranges-only acme-staging:europe-west1:auth-db acme-staging:europe-west1:auth-db /auth/health \
DB_HOST=10.20.0.3 DB_PORT=5432 DB_NAME=auth DB_USER=auth DB_PASSWORD<-auth-db-password:3 JWT_SECRET<-auth-jwt-secret:1";

/// What the incident turns on, all of it known.
fn facts(service: &Service) -> String {
    let known =
        |stated: &Option<Stated>| stated.as_ref().and_then(Stated::as_known).unwrap_or("?").to_owned();
    let mut words = vec![
        known(&service.name),
        known(&service.project),
        known(&service.region),
        known(&service.service_account),
        known(&service.vpc.connector),
        known(&service.vpc.egress),
        known(&service.database.as_ref().and_then(|database| database.instance.clone())),
    ];
    words.extend(service.cloudsql_instances.iter().map(|instance| instance.raw().to_owned()));
    let path = service.health.path.as_ref().or(service.health_paths.first());
    words.push(known(&path.cloned()));
    words.extend(
        service
            .env
            .iter()
            .map(|variable| format!("{}={}", variable.name, variable.value.as_known().unwrap_or("?"))),
    );
    words.extend(service.secrets.iter().map(|secret| {
        format!("{}<-{}:{}", secret.target, secret.secret.as_known().unwrap_or("?"), secret.version.raw())
    }));
    words.join(" ")
}

//! Plants secrets in every input, lets everybody echo them in every encoding, and searches every output byte.

use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::common::{Ran, Rungate};
use crate::standin::{check, fixture, http, listen, path, pipeline, send};

/// Of Secret Manager, with everything in it that some encoding changes.
const PASSWORD: &str = "pl4nted-\"p'w@%/\u{fc}\\ +&<\u{1f511}\nend";
/// Stated in plain text in the pipeline file.
const JWT: &str = "pl4nted-jwt-\u{e4}/+key";
/// Within a URL in the pipeline file.
const REDIS: &str = "pl4nted-redis@1";
/// Stated in plain text on the deployed revision only.
const ON_REVISION: &str = "pl4nted-on-revision";
/// Of the caller.
const TOKEN: &str = "ya29.pl4nted-token";

const SECRETS: &[&str] = &[PASSWORD, JWT, REDIS, ON_REVISION, TOKEN];

/// A secret in every form in which somebody might write it.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json[1..json.len() - 1].to_owned();
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    vec![
        secret.to_owned(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
        utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
        percent,
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect(),
        json.replace('/', "\\/"),
        json,
        secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;"),
        // Visible stand-ins of the reports' own escapes.
        secret.replace('\n', "\\n"),
        secret.escape_debug().to_string(),
    ]
}

/// Every secret in every form, one after the other.
fn everything() -> String {
    let all: Vec<String> = SECRETS.iter().flat_map(|secret| forms(secret)).collect();
    all.join(" | ")
}

/// The first secret, the more telling part of it, or a form of it that stands in a text.
fn found(text: &str) -> Option<String> {
    let whole = SECRETS.iter().flat_map(|secret| forms(secret));
    // "pl4nted" itself is in all of them, also where a form was cut or taken apart.
    let marks = ["pl4nted", "cGw0bnRlZ", "wbDRudGVk", "bDRudGVk", "PL4NTED"];
    let percent: String = "pl4nted".bytes().map(|byte| format!("%{byte:02x}")).collect();
    whole.chain(marks.map(str::to_owned)).chain([percent]).find(|form| text.contains(form.as_str()))
}

/// The control plane: the password as payload, a token on the revision, and refusals that echo all they can.
fn control_plane(database_port: u16, ready: bool) -> String {
    http(move |head, stream| {
        let path = path(head);
        if path.ends_with(":access") {
            let payload = json!({"name": "x", "payload": {"data": STANDARD.encode(PASSWORD)}});
            return send(stream, 200, "", payload.to_string().as_bytes());
        }
        let Some(body) = fixture(path).filter(|_| !path.contains("connectors")) else {
            let authorization = head.lines().find(|line| line.to_lowercase().starts_with("authorization"));
            let message = format!("{} asked with {authorization:?}: {}", path, everything());
            let error = json!({"error": {"code": 500, "status": "INTERNAL", "message": message}});
            return send(stream, 500, "", error.to_string().as_bytes());
        };
        // The instance is where the variables lead, so that the login is made.
        let mut body: Value = serde_json::from_str(&body.replace("10.20.0.3", "127.0.0.1")).unwrap();
        if path.contains("/revisions/") {
            body["containers"][0]["env"] = json!([
                {"name": "DB_HOST", "value": "127.0.0.1"},
                {"name": "DB_PORT", "value": database_port.to_string()},
                {"name": "DB_USER", "value": "auth"},
                {"name": "DB_NAME", "value": "auth"},
                {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "db-password", "version": "3"}}},
                {"name": "JWT_SECRET", "value": JWT},
                {"name": "REDIS_LINK", "value": ""},
                {"name": "INTERNAL_API_KEY", "value": ON_REVISION},
            ]);
            if !ready {
                let message = format!("the container said {}", everything());
                body["conditions"][1] =
                    json!({"type": "Ready", "state": "CONDITION_FAILED", "message": message});
            }
        }
        send(stream, 200, "", body.to_string().as_bytes());
    })
}

/// PostgreSQL that refuses every login, and tells everybody with what: another form of a secret each time.
fn database() -> u16 {
    let echoes: Vec<String> = SECRETS.iter().flat_map(|secret| forms(secret)).collect();
    let asked = AtomicUsize::new(0);
    let address = listen(move |stream| {
        let mut packet = [0; 1024];
        // SSLRequest is 8 bytes long; the startup message that follows is longer.
        while let Ok(length @ 1..) = stream.read(&mut packet) {
            if length == 8 {
                drop(stream.write_all(b"N"));
                continue;
            }
            let echo = &echoes[asked.fetch_add(1, Ordering::Relaxed) % echoes.len()];
            let message = format!("wrong: {echo}");
            let fields = format!("SFATAL\0VFATAL\0C28P01\0M{message}\0D{message}\0\0");
            let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
            drop(stream.write_all(&[b"E", &length[..], fields.as_bytes()].concat()));
            return;
        }
    });
    address.port()
}

fn file(url: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let redis = format!("redis://:{}@10.0.0.9:6379", utf8_percent_encode(REDIS, NON_ALPHANUMERIC));
    pipeline(
        url,
        &format!(
            "    env: {{ DB_HOST: 127.0.0.1, JWT_SECRET: {}, REDIS_LINK: {} }}\n    secrets: {{ DB_PASSWORD: 'db-password:3' }}\n    \
             vpc: {{ connector: demo-connector }}\n    \
             database: {{ host: DB_HOST, port: DB_PORT, user: DB_USER, password: DB_PASSWORD, name: DB_NAME, \
             instance: 'demo-project:europe-west1:auth-db' }}\n",
            quoted(JWT),
            quoted(&redis)
        ),
    )
}

/// What a service answers health with: every secret in some place of the body.
fn bodies() -> Vec<String> {
    let all = everything();
    let mut bodies = vec![
        all.clone(),
        json!({"status": "unhealthy", "database_status": all, "error": all}).to_string(),
        json!({"status": "unhealthy", "checks": {all.clone(): {"status": "down", "output": all}}})
            .to_string(),
        json!({"status": all}).to_string(),
        format!("<html>{all}</html>"),
    ];
    // Cut at every place by what a report keeps of a body.
    for before in (340..=400).step_by(12) {
        bodies.push(format!("{{\"status\":\"down\",\"a\":\"{}{PASSWORD}\"}}", "x".repeat(before)));
    }
    for form in forms(PASSWORD) {
        bodies.push(format!("{{\"status\":\"down\",\"a\":\"{}{form}\"}}", "x".repeat(365)));
    }
    bodies
}

#[test]
fn no_planted_secret_is_in_any_output_byte() {
    let database = database();
    let google = control_plane(database, true);
    let bodies = bodies();
    let chunks: Vec<&[String]> = bodies.chunks(bodies.len().div_ceil(4)).collect();
    std::thread::scope(|scope| {
        for chunk in chunks {
            let google = &google;
            scope.spawn(move || {
                for body in chunk {
                    // The test would be empty if the database were never asked.
                    assert!(searched(google, body).contains("28P01"), "{body}");
                }
            });
        }
    });
    let saved = searched(&control_plane(database, false), &bodies[0]);
    assert!(saved.contains("the container said"), "{saved}");
}

/// Runs the gate, searches all that it leaves, and gives back the saved run.
fn searched(google: &str, body: &str) -> String {
    let answer = body.to_owned();
    let location = utf8_percent_encode(PASSWORD, NON_ALPHANUMERIC).to_string();
    let service = http(move |_, stream| {
        send(stream, 200, &format!("Location: /login?next={location}\r\n"), answer.as_bytes());
    });
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", file(&service));
    let more = [
        "--vantage",
        "in-vpc",
        "--inspect-secrets",
        "--deadline",
        "6s",
        "--report",
        "text=report.txt",
        "--report",
        "junit=report.xml",
        "--report",
        "json=report.json",
        "--report",
        "junit-github=report-github.xml",
        "--report",
        "html=report.html",
        "--report",
        "markdown=report.md",
        "--report",
        "github=report.github",
        "--save-run",
        "run.json",
    ];
    let mut command = check(&rungate, google, &more);
    command.env_remove("CLOUDSDK_AUTH_DISABLE_CREDENTIALS").env("CLOUDSDK_AUTH_ACCESS_TOKEN", TOKEN);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "summary.md")
        .env("GITHUB_OUTPUT", "outputs");
    let mut ran = Ran::of(command.output().unwrap());
    assert!([1, 3].contains(&ran.status), "{}", ran.all());
    // GitHub's runner takes these lines out of the log, and what they name with them.
    let (masks, rest): (Vec<&str>, Vec<&str>) =
        ran.stderr.lines().partition(|line| line.starts_with("::add-mask::"));
    for secret in SECRETS {
        // A line of three letters stays: to hide every "end" hides the log.
        for line in secret.lines().filter(|line| line.len() > 3) {
            let line = line.replace('%', "%25");
            assert!(masks.iter().any(|mask| mask[12..] == line), "{line:?} is masked: {masks:?}");
        }
    }
    ran.stderr = rest.join("\n");
    let saved = rungate.read("run.json");
    assert!(saved.contains("[redacted]"), "{saved}");
    let again = rungate.run(&["diagnose", "run.json"]);
    let files = [
        "report.txt",
        "report.xml",
        "report.json",
        "report-github.xml",
        "report.html",
        "report.md",
        "report.github",
        "summary.md",
        "outputs",
    ];
    let files = files.map(|name| rungate.read(name));
    for text in [&ran.stdout, &ran.stderr, &saved, &again.stdout, &again.stderr].into_iter().chain(&files) {
        assert_eq!(found(text), None, "of {body}\nin {text}");
    }
    saved
}

#[test]
fn what_is_wrong_with_a_file_is_told_without_its_secrets() {
    let rungate = Rungate::new();
    let good = file("http://127.0.0.1:1");
    for (bad, what) in [
        (good.replace("database:", "databse:"), "unknown key"),
        (good.replace("window: 1s", "window: 1 parsec"), "bad duration"),
        (good.replace("project: demo-project", "projekt: demo-project"), "no project"),
        (format!("{good}{good}"), "twice"),
    ] {
        rungate.file("rungate.yaml", bad);
        let ran = rungate.run(&["check", "--report", "json=report.json", "--report", "junit=report.xml"]);
        assert_eq!(ran.status, 2, "{what}: {}", ran.all());
        for text in [&ran.stdout, &ran.stderr, &rungate.read("report.json"), &rungate.read("report.xml")] {
            assert_eq!(found(text), None, "{what}: {text}");
        }
    }
}

#[test]
fn reading_for_people_masks_what_looks_secret() {
    let rungate = Rungate::new();
    rungate.file("rungate.yaml", file("http://127.0.0.1:1"));
    let ran = rungate.run(&["read"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert_eq!(found(&ran.all()), None, "{}", ran.all());
}

/// Problems are shown with the line that they stand on: a password in plain text on it is covered, in every format.
#[test]
fn no_excerpt_shows_a_password() {
    let step = "steps:\n- name: gcr.io/cloud-builders/gcloud\n";
    let manifest = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{env: [\n";
    let workflow = "on: push\njobs:\n  d:\n    steps:\n";
    for (name, text) in [
        ("broken", "version: 1\nservices:\n- env: {DB_PASSWORD: hunter2]\n".to_owned()),
        ("not yaml", "DB_PASSWORD: hunter2: x\n".to_owned()),
        ("unknown key", "version: 1\nservices:\n- {nme: a, env: {DB_PASSWORD: hunter2}}\n".to_owned()),
        (
            "twice",
            "version: 1\nservices:\n- name: a\n  env:\n    DB_PASSWORD: hunter2\n    DB_PASSWORD: hunter2\n"
                .to_owned(),
        ),
        (
            "url",
            "version: 1\nservices:\n- {name: a, env: {URL: 'postgres://u:hunter2@h/d', URL: x}}\n".to_owned(),
        ),
        ("cut", format!("{step}  args: [run, deploy, a, '--set-env-vars=A=1,b,DB_PASSWORD=hunter2']\n")),
        (
            "cut password",
            format!("{step}  args: [run, deploy, a, '--set-env-vars=A=1,DB_PASSWORD=hunter2,hunter3']\n"),
        ),
        (
            "line feed",
            format!(
                "{step}  args:\n  - run\n  - deploy\n  - a\n  - |\n    --set-env-vars=DB_PASSWORD=hunter2\n"
            ),
        ),
        ("script", format!("{step}  script: 'PGPASSWORD=hunter2 gcloud run deploy \"$(('\n")),
        (
            "no version",
            format!(
                "{step}  args: [run, deploy, a, --set-env-vars=DB_PASSWORD=hunter2, --set-secrets=A=b]\n"
            ),
        ),
        (
            "source",
            format!(
                "{manifest}  {{name: DB_PASSWORD, value: hunter2, valueFrom: {{fieldRef: {{fieldPath: x}}}}}}]}}]}}}}}}\n"
            ),
        ),
        (
            "action",
            format!(
                "{workflow}    - {{uses: google-github-actions/deploy-cloudrun@v2, with: {{service: a, env_vars: DB_PASSWORD=hunter2, secrets: A=b}}}}\n"
            ),
        ),
        (
            "run",
            format!("{workflow}    - run: DB_PASSWORD=hunter2 gcloud run deploy a --set-env-vars=A=1,b\n"),
        ),
    ] {
        let rungate = Rungate::new();
        rungate.file("a.yaml", &text);
        let mut shown = 0;
        for words in
            [&["read", "a.yaml"][..], &["check", "--dry-run", "a.yaml"], &["check", "--sandbox", "a.yaml"]]
        {
            let ran = rungate.run(words);
            assert!(!ran.all().contains("hunter"), "{name}, {words:?}: {}", ran.all());
            shown += ran.all().matches("***").count();
        }
        assert!(shown > 0, "{name}: no line with it was shown");
    }
}

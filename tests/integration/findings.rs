//! Static findings as files: each rule has a folder `tests/data/findings/<code>/` with a `bad.yaml`, which shows what
//! `bad.out` says, and a `good.yaml`, a near miss in which nothing is found. `UPDATE=1` writes `bad.out` anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rungate::checks::CHECKS;
use rungate::findings::{self, Findings, RULES, Severity};
use rungate::pipeline::{Loaded, Request, load};
use rungate::sandbox::faults::{self, Kind};

use crate::common::{HANG, Ran, Rungate, root};
use crate::standin::{check, control_plane, http, pipeline, send};

fn data() -> PathBuf {
    root().join("tests/data/findings")
}

fn loaded(folder: &Path, name: &str) -> Loaded {
    let known_checks = CHECKS.iter().map(|check| check.id.as_str()).collect();
    let request = Request {
        files: vec![name.into()],
        directory: folder.to_owned(),
        known_checks,
        ..Request::default()
    };
    load(&request).unwrap_or_else(|problems| panic!("{}:\n{problems}", folder.join(name).display()))
}

fn found(text: &str) -> (Findings, Loaded) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), text).unwrap();
    let loaded = loaded(folder.path(), "a.yaml");
    (findings::find(&loaded), loaded)
}

fn codes(findings: &Findings) -> Vec<&'static str> {
    findings.shown.iter().map(|finding| finding.rule.code).collect()
}

#[test]
fn every_rule_has_its_cases_and_every_case_its_rule() {
    let folders = data().read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(folders.collect::<BTreeSet<_>>(), rules);
    assert_eq!(rules.len(), RULES.len(), "a code stands twice");
}

#[test]
fn a_bad_file_shows_its_finding_and_a_near_miss_shows_nothing() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let folder = data().join(rule.code);
        let bad = loaded(&folder, "bad.yaml");
        let findings = findings::find(&bad);
        let others: Vec<_> = codes(&findings).into_iter().filter(|code| *code != rule.code).collect();
        if findings.shown.is_empty() || !others.is_empty() {
            wrong.push(format!("{}/bad.yaml has {:?}", rule.code, codes(&findings)));
        }
        let text = findings::text(&findings, &bad, false);
        let file = folder.join("bad.out");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != text {
            wrong.push(format!("{} (UPDATE=1 writes it anew); found:\n{text}", file.display()));
        }
        let good = loaded(&folder, "good.yaml");
        let findings = findings::find(&good);
        if !findings.shown.is_empty() {
            wrong.push(format!("{}/good.yaml:\n{}", rule.code, findings::text(&findings, &good, false)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_says_what_why_and_how() {
    for rule in RULES {
        let kebab = rule.code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(kebab, "{}", rule.code);
        for text in [rule.what, rule.why, rule.fix] {
            assert!(text.len() > 15 && !text.ends_with('.') && text.len() < 250, "{}: {text}", rule.code);
        }
    }
}

#[test]
fn a_comment_with_a_reason_silences_at_its_place_only() {
    let service = |comment: &str, same_line: &str| {
        format!(
            "version: 1\nservices:\n  - name: a\n    env:\n{comment}      DB_HOST: localhost{same_line}\n      DB_PORT: 3307\n    \
             health: {{path: /health}}\n"
        )
    };
    let all = ["database-host-loopback", "database-port-wrong"];
    let (plain, _) = found(&service("", ""));
    assert_eq!(codes(&plain), all);
    for text in [
        service("      # rungate: allow database-host-loopback the image runs its own server\n", ""),
        service("", " # rungate: allow database-host-loopback the image runs its own server"),
    ] {
        let (findings, loaded) = found(&text);
        assert_eq!(codes(&findings), ["database-port-wrong"], "{text}");
        assert_eq!(findings.silenced[0].reason, "the image runs its own server");
        let shown = findings::text(&findings, &loaded, false);
        assert!(shown.contains("1 silenced: database-host-loopback at a.yaml:"), "{shown}");
    }
    for (comment, remark) in [
        ("      # rungate: allow database-host-loopback\n", "allow-without-reason"),
        ("      # rungate: allow database-host-lopback because\n", "allow-unknown-code"),
        ("      # rungate: allow vpc-access-missing because\n", "allow-without-effect"),
    ] {
        let (findings, _) = found(&service(comment, ""));
        assert_eq!(codes(&findings), all, "{comment}");
        assert_eq!(findings.remarks.iter().map(|one| one.code).collect::<Vec<_>>(), [remark]);
    }
}

#[test]
fn a_comment_above_a_step_silences_within_it() {
    let step = "- name: gcr.io/cloud-builders/gcloud\n  args:\n  - run\n  - deploy\n  - a\n  - --set-env-vars=DB_HOST=127.0.0.1\n";
    let comments = "# rungate: allow database-host-loopback so it is\n# rungate: allow tcp-only-startup-probe so it is\n";
    let (findings, _) = found(&format!("steps:\n{comments}{step}"));
    assert_eq!(codes(&findings), Vec::<&str>::new());
    assert_eq!(findings.silenced.len(), 2);
}

#[test]
fn what_only_the_run_knows_is_not_judged() {
    for value in [
        "$_DB_HOST",
        "${_DB_HOST}",
        "postgresql://u:${_PW}@${_HOST}:${_PORT}/d",
        "postgresql://$_USER:$_PASSWORD@$_HOST/d?sslmode=$_MODE",
        "/cloudsql/$_CONNECTION",
    ] {
        let (findings, _) = found(&format!(
            "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, a, '--startup-probe=httpGet.path=/h', '--set-cloudsql-instances=$_CONNECTION', '--service-account=$_A', '--set-env-vars=DATABASE_URL={value},DB_HOST={value},DB_PASSWORD=$_PW']\n"
        ));
        assert_eq!(codes(&findings), Vec::<&str>::new(), "{value}");
    }
}

#[test]
fn beside_an_open_part_the_known_one_is_judged() {
    let (findings, _) = found(
        "on: push\njobs:\n  d:\n    steps:\n      - uses: google-github-actions/deploy-cloudrun@v3\n        with:\n          service: a\n          image: i\n          env_vars_update_strategy: overwrite\n          env_vars: DATABASE_URL=postgresql://u:${{ secrets.PW }}@/d?host=/cloudsql/${{ vars.PROJECT }}:r:i\n          flags: --startup-probe=httpGet.path=/h\n",
    );
    assert_eq!(codes(&findings), ["cloudsql-not-attached"]);
}

#[test]
fn no_secret_is_shown_in_any_form() {
    let (findings, loaded) = found(
        "version: 1\nservices:\n  - name: a\n    env: {DB_HOST: localhost, DB_PASSWORD: 'it''s hunter2', URL: \"postgresql://u:ti\\x67er@db/d\", API_TOKEN: swordfish99}\n",
    );
    assert!(codes(&findings).contains(&"secret-in-plain-text"));
    for text in [
        findings::text(&findings, &loaded, false),
        findings::text(&findings, &loaded, true),
        findings::json(&findings).to_string(),
    ] {
        for secret in ["hunter2", "tiger", "x67er", "swordfish99"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn the_samples_of_the_repository_are_sound() {
    for name in ["rungate.yaml", "cloudbuild.yaml", "github-workflow.yaml", "service.yaml"] {
        let loaded = loaded(&root().join("pipelines"), name);
        let findings = findings::find(&loaded);
        assert!(findings.shown.is_empty(), "{}", findings::text(&findings, &loaded, false));
    }
}

#[test]
fn a_dry_run_says_what_is_found_what_would_be_checked_and_what_is_open() {
    let rungate = Rungate::new();
    rungate.file(
        "cloudbuild.yaml",
        "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth, --project=acme, --region=europe-west1, '--image=auth:$SHORT_SHA', '--service-account=$_ACCOUNT', '--set-env-vars=DB_HOST=10.20.0.3,DB_PASSWORD=$_PW']\n",
    );
    let ran = rungate.run(&["check", "--dry-run"]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    for words in [
        "error[vpc-access-missing]",
        "rungate explain vpc-access-missing",
        "findings: 1 error, 0 warnings, 1 piece of advice",
        "would check auth (acme, europe-west1), deployed at cloudbuild.yaml:2:",
        "service-exists",
        "auth: DB_PASSWORD = $_PW",
        "auth: service account = $_ACCOUNT",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.all());
    }
    let ran = rungate.run(&["check", "--dry-run", "--report", "json=-"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.status, &json["findings"][1]["code"]), (1, &"vpc-access-missing".into()), "{json:#}");
    assert_eq!(rungate.run(&["check", "--dry-run", "missing.yaml"]).status, 2);
    assert_eq!(rungate.run(&["check", "--dry-run", "--report", "junit=a.xml"]).status, 2);

    // Advice and warnings alone do not fail it, and what cannot be asked yet is told.
    rungate.file("rungate.yaml", "version: 1\nservices: [{name: a, env: {DB_HOST: localhost}}]\n");
    let ran = rungate.run(&["check", "--dry-run"]);
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(ran.stdout.contains("not yet checkable") && ran.stdout.contains("--project"), "{}", ran.all());
}

#[test]
fn a_hostile_file_is_judged_at_once() {
    let variables: String =
        (0..8_000).map(|n| format!("      DB_PASSWORD{n}: hunter{n}\n      A{n}: $$X\n")).collect();
    let one = format!("version: 1\nservices:\n  - name: a\n    env:\n{variables}");
    let many: String = (0..800)
        .map(|n| {
            format!(
                "  - {{name: a{n}, env: {{DB_HOST: localhost, DB_PASSWORD: hunter{n}}}}} # rungate: allow x\n"
            )
        })
        .collect();
    let line = format!(
        "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, a, '--set-env-vars={}']\n",
        "DB_PASSWORD=hunter2,$$A=,x,".repeat(5_000)
    );
    for text in [one, format!("version: 1\nservices:\n{many}"), line] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.yaml"), text).unwrap();
        let loaded = loaded(folder.path(), "a.yaml");
        let began = std::time::Instant::now();
        let findings = findings::find(&loaded);
        let shown = findings::text(&findings, &loaded, false);
        assert!(began.elapsed() < HANG, "{:?}", began.elapsed());
        assert!(!shown.contains("hunter") && shown.len() < 1 << 20, "{}", shown.len());
    }
}

/// Real files of other people, where they are at hand: prints what is found, for a person to judge, and holds it
/// against the list of those that were judged by hand.
#[test]
fn what_is_found_in_real_files() {
    let folder = root().join("../shared/corpus/open");
    let Ok(entries) = folder.read_dir() else {
        crate::common::skip("the corpus of real files is not here");
        return;
    };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".yaml"));
    names.sort();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut grave: BTreeSet<(String, &str)> = BTreeSet::new();
    for name in &names {
        let request = Request { files: vec![name.into()], directory: folder.clone(), ..Request::default() };
        let Ok(loaded) = load(&request) else { continue };
        for finding in findings::find(&loaded).shown {
            let severity = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Advice => "advice",
            };
            *counts.entry((severity, finding.rule.code)).or_default() += 1 + finding.also.len();
            if finding.severity != Severity::Advice {
                grave.insert((name.split('-').next().unwrap().to_owned(), finding.rule.code));
            }
        }
    }
    for ((severity, code), count) in &counts {
        println!("{count:>4} {severity:<8} {code}");
    }
    let unjudged: Vec<_> =
        grave.iter().filter(|(name, code)| !JUDGED.contains(&(name.as_str(), *code))).collect();
    assert!(unjudged.is_empty(), "look at these and judge them: {unjudged:?}");
}

/// The findings in real files that were looked at by hand and are true.
const JUDGED: &[(&str, &str)] = &[
    // `$$NAME` in an argument of gcloud: no shell ever sees it.
    ("001", "value-unresolved"),
    // `<DB_USER>`, `<DB_PASS>`: a sample to be filled in.
    ("003", "credential-placeholder"),
    // PostgreSQL runs in the service's own container there, which is why it is a warning.
    ("011", "database-host-loopback"),
    // `key: password`, as Kubernetes would have it.
    ("011", "secret-version-missing"),
    // `--set-env-vars ALLOWED_HOSTS="a,b"`: the shell takes the quotes off, and gcloud splits at the comma.
    ("045", "value-split"),
    // The probe works; nobody outside can ask there.
    ("053", "health-path-reserved"),
];

/// The ids of failures that pipeline files can show; of credentials all, as a value may stand in a file.
const VISIBLE: &str = "Y01 Y02 Y03 Y04 Y05 Y06 Y07 Y08 Y09 Y10 Y11 Y12 Y13 Y14 Y15 Y17 Y19 R14 C05 Q14 Q19 S10 K01 K02 \
K03 K04 K05 K06 K07 K08 K09 K10 K11 K12 K13 K14 K15 K16 K17 K18 K19 T03 T04 L02 H02";

#[test]
fn every_visible_failure_has_its_finding_or_a_reason() {
    let page = std::fs::read_to_string(root().join("docs/dry-run.md")).unwrap();
    let mut ids = BTreeSet::new();
    let mut named = BTreeSet::new();
    for row in page.lines().filter_map(|line| line.strip_prefix("| ")).skip(2) {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let [id, what, told] = cells.as_slice() else { panic!("three cells: {row}") };
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(!what.is_empty(), "{row}");
        let known = |code: &&str| RULES.iter().any(|rule| rule.code == *code);
        let codes: Vec<&str> = told.split('`').skip(1).step_by(2).filter(known).collect();
        assert!(!codes.is_empty() || told.starts_with("not told: "), "{id}: neither a finding nor a reason");
        named.extend(codes);
    }
    let missing: Vec<_> = VISIBLE.split(' ').filter(|id| !ids.contains(id)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let unnamed: Vec<_> = RULES.iter().map(|rule| rule.code).filter(|code| !named.contains(code)).collect();
    assert!(unnamed.is_empty(), "no row names {unnamed:?}");
}

/// The ids of failures that Google's APIs can show (those that the catalogue detects from the control plane).
const SHOWN: &str = "Y02 Y03 Y04 Y05 Y06 Y07 Y08 Y09 Y10 Y11 Y12 Y13 Y14 Y15 Y16 Y17 Y18 Y19 R01 R02 R03 R04 R05 R06 R07 \
R08 R09 R10 R11 R12 R13 R14 R15 R16 R17 C01 C02 C03 C04 C05 C06 C07 C08 C09 C10 C11 C12 C13 C14 C16 C17 C18 C19 F01 F02 F03 \
F04 F05 F06 F07 F08 F09 F10 F11 F12 F13 F14 F15 Q01 Q02 Q03 Q04 Q05 Q06 Q07 Q08 Q09 Q10 Q11 Q12 Q13 Q14 Q15 Q16 Q17 Q18 Q19 \
S01 S02 S03 S04 S05 S06 S08 S09 S10 S11 K01 T01 T02 L01 L02 L03 L04 H02 H03 H05 H13 A01 A05";

#[test]
fn every_failure_that_the_control_plane_shows_has_its_check_and_its_cause_or_a_reason() {
    let page = std::fs::read_to_string(root().join("docs/control-plane.md")).unwrap();
    let (mut ids, mut looked, mut named) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let codes = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    for row in page.lines().filter_map(|line| line.strip_prefix("| ")).skip(2) {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let [id, what, check, told] = cells.as_slice() else { panic!("four cells: {row}") };
        assert!(ids.insert(id.to_owned()), "{id} stands twice");
        assert!(!what.is_empty(), "{row}");
        let checks = codes(check);
        assert!(!checks.is_empty(), "{id}: no check");
        for id in &checks {
            assert!(rungate::checks::find(id).is_some(), "there is no check {id}: {row}");
        }
        let causes: Vec<String> =
            codes(told).into_iter().filter(|code| rungate::pages::is_cause(code)).collect();
        let reasoned = ["not told", "not a cause", "the failed revision's own cause", "what it sees"];
        let reason = reasoned.iter().any(|start| told.starts_with(start));
        assert!(!causes.is_empty() || reason, "{id}: neither a cause nor a reason");
        looked.extend(checks);
        named.extend(causes);
    }
    let missing: Vec<_> = SHOWN.split(' ').filter(|id| !ids.contains(id)).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
    let of_control_plane = rungate::checks::table(true)
        .into_iter()
        .filter(|check| check.vantage == rungate::record::Vantage::ControlPlane);
    let unlooked: Vec<_> =
        of_control_plane.map(|check| check.id).filter(|id| !looked.contains(id.as_str())).collect();
    assert!(unlooked.is_empty(), "no row has {unlooked:?}");
    // Every cause of the sections that the control plane shows.
    let unnamed: Vec<String> = faults::of(Kind::Fault)
        .map(|fault| fault.code().to_owned())
        .filter(|code| {
            [
                "vpc-",
                "egress-",
                "firewall-",
                "peering-",
                "instance-",
                "cloudsql-",
                "secret-",
                "image-",
                "revision-",
            ]
            .iter()
            .any(|family| code.starts_with(family))
        })
        // Of the service's front end, which no API shows.
        .filter(|code| code != "instance-crashing" && !named.contains(code))
        .collect();
    assert!(unnamed.is_empty(), "no row names {unnamed:?}");
}

/// A pipeline whose files are sound, in the sandbox.
fn online(fault: &str) -> crate::common::Ran {
    let sample = root().join("pipelines/rungate.yaml");
    let mut words = vec!["check", "--dry-run", "--online", "--sandbox", sample.to_str().unwrap()];
    if !fault.is_empty() {
        words.extend(["--fault", fault]);
    }
    Rungate::new().run(&words)
}

#[test]
fn online_asks_before_the_deploy_what_can_be_asked() {
    let ran = online("");
    assert_eq!(ran.status, 0, "{}", ran.all());
    for check in rungate::checks::BEFORE_DEPLOY {
        assert!(ran.stdout.contains(&format!("✓ auth-staging/{}", check.id)), "{}: {}", check.id, ran.all());
    }
    for code in [
        "secret-not-found",
        "secret-version-missing",
        "secret-version-disabled",
        "secret-version-destroyed",
        "secret-access-denied",
        "vpc-connector-not-found",
        "vpc-connector-not-ready",
        "vpc-wrong-network",
        "instance-not-found",
        "instance-stopped",
        "instance-suspended",
        "instance-not-running",
    ] {
        let ran = online(code);
        assert_eq!(ran.status, 1, "{code}: {}", ran.all());
        assert!(ran.stdout.contains(&format!("\n{code} (proven): ")), "{code}: {}", ran.all());
        assert!(ran.stdout.contains("  fix: "), "{code}: {}", ran.all());
    }
    // What the gate may not read is shown, and proves nothing.
    let ran = online("permission-missing");
    assert_eq!(ran.status, 0, "{}", ran.all());
    assert!(
        ran.stdout.contains("? auth-staging/vpc-connector-ready") && !ran.stdout.contains("✗"),
        "{}",
        ran.all()
    );
}

#[test]
fn without_online_nothing_is_asked_and_without_an_answer_the_files_are_judged() {
    let rungate = Rungate::new();
    rungate.file(
        "rungate.yaml",
        "version: 1\nservices:\n  - name: a\n    project: p\n    region: r\n    env: {DB_HOST: localhost, DB_PORT: 3307}\n    vpc: {connector: c}\n",
    );
    let ran = rungate.run(&["check", "--dry-run", "--sandbox"]);
    assert_eq!(ran.status, 2, "{}", ran.all());
    assert_eq!(rungate.run(&["check", "--online"]).status, 2);
    let ran = rungate.run(&["check", "--dry-run"]);
    assert!(!ran.stdout.contains("asked"), "{}", ran.all());

    // No credentials: one line says so, whatever there is to ask.
    let without = |words: &[&str]| {
        let mut command = rungate.command(words);
        crate::common::Ran::of(
            command.env("GOOGLE_APPLICATION_CREDENTIALS", "missing.json").output().unwrap(),
        )
    };
    let ran = without(&["check", "--dry-run", "--online"]);
    assert_eq!(ran.status, 1, "{}", ran.all());
    assert!(ran.stdout.contains("error[database-port-wrong]"), "{}", ran.all());
    assert_eq!(ran.stdout.matches("there are no credentials").count(), 1, "{}", ran.all());
    assert!(!ran.stdout.contains("asked of Google's APIs"), "{}", ran.all());

    let ran = without(&["check", "--dry-run", "--online", "--report", "json=-"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(json["online"]["not_asked"].as_str().unwrap().contains("no credentials"), "{json:#}");
    assert!(json["findings"].is_array(), "{json:#}");

    rungate.file("rungate.yaml", "version: 1\nservices: [{name: a, project: p, region: r}]\n");
    let ran = rungate.run(&["check", "--dry-run", "--online"]);
    assert!(ran.stdout.contains("nothing was asked online: the files name no secret"), "{}", ran.all());
}

/// The revision that serves now is asked too: what names nothing now will prove nothing after the deploy.
#[test]
fn online_says_where_the_serving_revision_names_no_dependency() {
    for (body, advised) in [(r#"{"status":"ok"}"#, true), (r#"{"status":"ok","database":"up"}"#, false)] {
        let url = http(move |_, stream| send(stream, 200, "", body.as_bytes()));
        let rungate = Rungate::new();
        let more = "    env: {DB_HOST: 10.20.0.3}\n    vpc: {connector: c}\n    secrets: {DB_PASSWORD: 'auth-db-password:1'}\n";
        rungate.file("rungate.yaml", pipeline(&url, more));
        let ran = Ran::of(check(&rungate, &control_plane(), &["--dry-run", "--online"]).output().unwrap());
        assert_eq!(ran.stdout.contains("names no dependency"), advised, "{}", ran.all());
    }
}

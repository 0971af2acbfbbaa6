//! Builds and what is learnt from them.

use super::*;
use crate::pipeline::tests::{read_text, shown};

#[test]
fn reads_a_deploy_step() {
    let (reading, problems) = read_text(
        &FORMAT,
        "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [run, deploy, x]\n- name: 'gcr.io/google.com/cloudsdktool/cloud-sdk:slim'\n  entrypoint: gcloud\n  args: [run, deploy, $_SERVICE, '--image', 'gcr.io/$PROJECT_ID/a', '--region=${_REGION}', --set-env-vars, 'A=$_REGION,B=$BUILD_ID']\nsubstitutions:\n  _SERVICE: auth\n  _REGION: europe-west1\n",
    );
    assert!(problems.is_empty(), "{problems}");
    assert_eq!(
        shown(&reading),
        ["4 auth region=europe-west1 image=gcr.io/$PROJECT_ID/a A=europe-west1 B=$BUILD_ID"]
    );
    assert_eq!(reading.services[0].image.as_ref().unwrap().as_known(), None);
}

#[test]
fn gcloud_comes_by_image_or_first_word_too() {
    for head in ["- name: gcr.io/cloud-builders/gcloud:latest\n  args: [", "- name: x\n  args: [gcloud, "] {
        let text = format!("steps:\n{head}run, deploy, a, --region, r]\n");
        assert_eq!(shown(&read_text(&FORMAT, &text).0), ["2 a region=r"], "{text}");
    }
}

#[test]
fn the_project_may_be_set_by_a_step_before() {
    let text = "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [config, set, project, p]\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, a]\n";
    assert_eq!(shown(&read_text(&FORMAT, text).0), ["4 a project=p"]);
}

#[test]
fn scripts_are_read_wherever_they_stand() {
    for step in [
        "entrypoint: bash\n  args: ['-c', 'gcloud run deploy a']",
        "entrypoint: /bin/sh\n  args:\n  - -c\n  - |\n    x\n    gcloud run deploy a",
        "script: |\n    #!/bin/sh\n    gcloud beta run deploy a",
        "args: [bash, -xe, -c, 'gcloud --quiet run deploy a']",
        "entrypoint: ./retry.sh\n  args: ['3', gcloud, run, deploy, a]",
        "entrypoint: bash\n  args: [-c, 'gcloud run deploy $$1', x, a]",
    ] {
        let (reading, problems) = read_text(&FORMAT, &format!("steps:\n- name: x\n  {step}\n"));
        assert_eq!(shown(&reading), ["2 a"], "{step}");
        assert!(problems.is_empty(), "{step}: {problems}");
    }
    for step in
        ["script: npm run build", "entrypoint: bash\n  args: [deploy.sh]", "args: ['']", "args:", "script:"]
    {
        let (reading, problems) = read_text(&FORMAT, &format!("steps:\n- name: x\n  {step}\n"));
        assert!(reading.services.is_empty() && problems.is_empty(), "{step}");
    }
}

#[test]
fn substitutions_are_put_in_before_the_shell_reads() {
    let script = |line: &str| {
        let text = format!(
            "steps:\n- name: x\n  env: ['E=$_A']\n  secretEnv: [S]\n  entrypoint: bash\n  args:\n  - -c\n  - |\n    V=v\n    gcloud run deploy a --image {line}\nsubstitutions:\n  _A: a b\n  _B: x-${{_A}}\n  _N:\n  _S: $_S\n  _P: ${{PROJECT_ID}}:r\n"
        );
        let (reading, _) = read_text(&FORMAT, &text);
        let image = reading.services[0].image.clone().unwrap();
        (image.raw().to_owned(), image.as_known().is_some())
    };
    for (line, expected, known) in [
        ("'$_A'", "a b", true),
        ("\"${_B}\"", "x-a b", true),
        ("$_N", "$_N", false),
        ("${_S}", "${_S}", false),
        ("$_P", "${PROJECT_ID}:r", false),
        ("$$V", "v", true),
        ("$V", "v", true),
        ("$${V}x", "vx", true),
        ("$$W", "$$W", false),
        ("$$S", "$$S", false),
        ("\"$$E\"", "a b", true),
        ("${_A/ /-}", "a-b", true),
        ("${_N:-d}", "${_N:-d}", false),
        ("${SHORT_SHA:0:4}", "${SHORT_SHA:0:4}", false),
        ("$$(date)", "$$(date)", false),
    ] {
        assert_eq!(script(line), (expected.to_owned(), known), "{line}");
    }
}

#[test]
fn what_a_step_leaves_the_next_one_finds() {
    let text = "steps:\n- name: x\n  script: |\n    cat > m.yaml <<EOF\n    apiVersion: serving.knative.dev/v1\n    kind: Service\n    metadata: {name: auth}\n    spec: {template: {spec: {containers: [{image: 'i:${TAG}', ports: [{containerPort: 80}]}]}}}\n    EOF\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, services, replace, m.yaml, --region, r]\n";
    let (reading, _) = read_text(&FORMAT, text);
    assert_eq!(shown(&reading), ["10 auth region=r manifest=m.yaml image=i:${TAG} port=80"]);
}

#[test]
fn one_service_is_deployed_once_a_step() {
    let step = |script: &str| {
        let text = format!("steps:\n- name: x\n  script: |\n    {script}\n");
        shown(&read_text(&FORMAT, &text).0)
    };
    assert_eq!(
        step(
            "if gcloud run services describe a; then gcloud run services update a --image i; else gcloud run deploy a --image i --port 80; fi"
        ),
        ["2 a image=i port=80"]
    );
    assert_eq!(step("for i in 1 2 3; do gcloud run deploy a; done"), ["2 a"]);
    assert_eq!(
        step("gcloud run deploy a --region r; gcloud run deploy a --region s"),
        ["2 a region=r", "2 a region=s"]
    );
    assert_eq!(step("gcloud run deploy a; gcloud run services update a --update-env-vars=A=1"), ["2 a A=1"]);
    assert_eq!(step("gcloud run deploy b; gcloud run services update a --update-env-vars=A=1"), ["2 b"]);
    assert_eq!(step("gcloud run services update a --update-env-vars=A=1"), ["2 a A=1"]);
}

#[test]
fn urls_and_health_paths_come_from_requests() {
    let steps = |script: &str| {
        let text = format!(
            "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, a]\n- name: x\n  script: |\n    {script}\n"
        );
        let service = read_text(&FORMAT, &text).0.services.remove(0);
        let url = service.url.map(|url| url.raw().to_owned()).unwrap_or_default();
        (url, service.health_paths.iter().map(|path| path.raw().to_owned()).collect::<Vec<_>>().join(" "))
    };
    for (script, url, path) in [
        ("curl -sf \"$URL/health?x=1\"", "", "/health"),
        (
            "curl -f https://a-1234.europe-west1.run.app/healthz",
            "https://a-1234.europe-west1.run.app",
            "/healthz",
        ),
        ("curl -f https://b-1234.europe-west1.run.app/healthz", "", ""),
        ("curl -X POST $URL/health", "", ""),
        ("curl -H 'A: b' $URL/api/items", "", ""),
        ("wget -qO- -T 5 $URL/up", "", "/up"),
        ("U=$(gcloud run services describe b --format='value(status.url)'); curl $U/health", "", ""),
        ("gcloud run domain-mappings create --service a --domain=x.org", "https://x.org", ""),
    ] {
        assert_eq!(steps(script), (url.to_owned(), path.to_owned()), "{script}");
    }
}

#[test]
fn a_line_feed_at_the_end_of_an_argument_is_told() {
    let text = "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args:\n  - run\n  - deploy\n  - a\n  - --set-env-vars\n  - |\n    A=1,\n    B=2\n";
    let (reading, problems) = read_text(&FORMAT, text);
    assert_eq!(shown(&reading), ["2 a A=1 B=2"]);
    assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["argument-ends-in-line-feed"]);
}

#[test]
fn what_is_of_another_type_is_told_and_the_rest_is_read() {
    let text = "steps:\n- x\n- name: [a]\n  args: {a: b}\n  env: A=1\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth, [x]]\nsubstitutions: {_A: [b]}\noptions: x\n";
    let (reading, problems) = read_text(&FORMAT, text);
    assert_eq!(shown(&reading), ["6 auth"]);
    let lines: Vec<_> =
        problems.iter().map(|problem| (problem.code, problem.place.as_ref().unwrap().line)).collect();
    assert_eq!(lines, [8, 9, 2, 3, 5, 4, 7].map(|line| ("wrong-type", line)));
    let (_, problems) = read_text(&FORMAT, "steps: []\n");
    assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["steps-empty"]);
}

#[test]
fn files_written_under_the_workspace_are_found() {
    let text = "steps:\n- name: ubuntu\n  script: |\n    cat > /workspace/env.yaml <<EOF\n    A: \"1\"\n    EOF\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth, --env-vars-file, /workspace/env.yaml]\n";
    let (reading, problems) = read_text(&FORMAT, text);
    assert_eq!(shown(&reading), ["7 auth A=1"]);
    assert!(problems.is_empty(), "{problems}");
}

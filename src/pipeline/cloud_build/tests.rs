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
fn scripts_that_deploy_are_told_not_guessed() {
    for step in [
        "entrypoint: bash\n  args: ['-c', 'gcloud run deploy a']",
        "entrypoint: /bin/sh\n  args:\n  - -c\n  - |\n    x\n    gcloud run deploy a",
        "script: |\n    #!/bin/sh\n    gcloud beta run deploy a",
    ] {
        let (reading, problems) = read_text(&FORMAT, &format!("steps:\n- name: x\n  {step}\n"));
        assert!(reading.services.is_empty());
        assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["script-not-read"], "{step}");
    }
    let (_, problems) = read_text(&FORMAT, "steps:\n- name: x\n  script: npm run build\n");
    assert!(problems.is_empty());
}

#[test]
fn a_line_feed_at_the_end_of_an_argument_is_told() {
    let text = "steps:\n- name: gcr.io/cloud-builders/gcloud\n  args:\n  - run\n  - deploy\n  - a\n  - --set-env-vars\n  - |\n    A=1,\n    B=2\n";
    let (reading, problems) = read_text(&FORMAT, text);
    assert_eq!(shown(&reading), ["2 a A=1 B=2"]);
    assert_eq!(problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["argument-ends-in-line-feed"]);
}

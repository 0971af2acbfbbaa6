//! Cloud Build files: `steps`, each an image run with `args`. Deploys are `gcloud run …` as an args list.

use std::path::Path;

use super::gcloud::{self, Command, Word};
use super::problem::{Problem, Problems};
use super::script;
use super::value::{Dialect, Values};
use super::yaml::{Kind, Node, Style};
use super::{File, Format, Reading};
use crate::model::{Place, Stated};

/// Cloud Build.
pub(super) static FORMAT: Format = Format {
    id: "cloudbuild",
    title: "Cloud Build file",
    recognises,
    read,
    usual_places: &["cloudbuild.yaml", "cloudbuild.yml", "cloudbuild.json"],
};

fn recognises(_: &Path, document: &Node) -> bool {
    document.get("steps").is_some_and(|steps| matches!(steps.kind, Kind::Seq(_)))
        && document.get("jobs").is_none()
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    for document in file.documents {
        let values = Values::new(Dialect::CloudBuild).within(document.get("substitutions"));
        let mut project: Option<Stated> = None;
        for step in document.get("steps").map(Node::items).unwrap_or_default() {
            read_step(step, &values, &mut project, &mut reading, problems);
        }
    }
    reading
}

fn read_step(
    step: &Node,
    values: &Values,
    project: &mut Option<Stated>,
    reading: &mut Reading,
    problems: &mut Problems,
) {
    if let Some(script) = step.get("script") {
        script::warn_unread(script, "script", problems);
        return;
    }
    let words = words(step, values);
    if words.first().is_some_and(|word| script::is_shell(&word.text)) {
        for argument in step.get("args").map(Node::items).unwrap_or_default() {
            script::warn_unread(argument, "script", problems);
        }
        return;
    }
    let place = Place { line: step.item_line, ..step.place.clone() };
    let found = words.iter().any(|word| word.text == "run" || word.text == "config");
    if !found || !runs_gcloud(step, &words) {
        return;
    }
    warn_line_feeds(step, problems);
    match gcloud::command(&words, values, place, problems) {
        Some(Command::Service(mut service)) => {
            service.project = service.project.take().or_else(|| project.clone());
            reading.add_service(*service);
        }
        Some(Command::Job(name)) => reading.add_job(name),
        Some(Command::Project(stated)) => *project = Some(stated),
        None => {}
    }
}

/// The step's command line: its entrypoint, then its args.
fn words(step: &Node, values: &Values) -> Vec<Word> {
    let arguments = match step.get("args") {
        Some(args) if args.text().is_some() && !args.is_null() => std::slice::from_ref(args),
        Some(args) => args.items(),
        None => &[],
    };
    let entrypoint = step.get("entrypoint").filter(|entrypoint| !entrypoint.is_null());
    entrypoint
        .into_iter()
        .chain(arguments)
        .filter_map(|node| {
            let text = node.text()?;
            let text = if is_block(node) { text.trim_end_matches('\n') } else { text };
            Some(Word { text: values.resolve(text), place: node.place.clone() })
        })
        .collect()
}

/// Whether gcloud gets the args: by the entrypoint, by the first word, or because the image is gcloud's own.
fn runs_gcloud(step: &Node, words: &[Word]) -> bool {
    if words.first().is_some_and(|word| gcloud::is_gcloud(&word.text)) {
        return true;
    }
    let image = step.get("name").and_then(Node::text).unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    let last = last.split(':').next().unwrap_or_default();
    // `gcr.io/cloud-builders/gcloud`; the images of the SDK have no entrypoint, but are named for the same.
    step.get("entrypoint").is_none() && matches!(last, "gcloud" | "cloud-sdk" | "google-cloud-cli")
}

fn is_block(node: &Node) -> bool {
    matches!(node.kind, Kind::Scalar { style: Style::Literal | Style::Folded, .. })
}

/// A block after `|` ends in a line feed, which gcloud gets as part of the last value.
fn warn_line_feeds(step: &Node, problems: &mut Problems) {
    for argument in step.get("args").map(Node::items).unwrap_or_default() {
        if is_block(argument) && argument.text().is_some_and(|text| text.ends_with('\n')) {
            problems.push(
                Problem::warning("argument-ends-in-line-feed", "this argument ends in a line feed")
                    .at(argument.place.clone())
                    .length(argument.length)
                    .hint("gcloud takes it as part of the last value; `|-` or `>-` in the place of `|` or `>` leaves it out"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
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
        for head in ["- name: gcr.io/cloud-builders/gcloud:latest\n  args: [", "- name: x\n  args: [gcloud, "]
        {
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
}

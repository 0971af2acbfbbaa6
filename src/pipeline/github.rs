//! GitHub workflows: `jobs`, each with `steps`. Deploys are `google-github-actions/deploy-cloudrun`.

use std::path::Path;

use super::gcloud::{self, Word, put};
use super::list::{self, Pair};
use super::problem::{Problem, Problems};
use super::value::{Dialect, Values};
use super::yaml::{Kind, Node};
use super::{File, Format, Reading, script, secret};
use crate::model::{DeploysVia, OtherVariables, Place, Service, Stated, Variable};

/// GitHub Actions.
pub(super) static FORMAT: Format = Format {
    id: "github-workflow",
    title: "GitHub workflow",
    recognises,
    read,
    usual_places: &[".github/workflows/*.yaml", ".github/workflows/*.yml"],
};

/// The action that deploys.
const DEPLOY: &str = "google-github-actions/deploy-cloudrun";
/// Actions whose `project_id` becomes the project of the steps after them.
const SET_PROJECT: &[&str] = &["google-github-actions/setup-gcloud", "google-github-actions/auth"];

fn recognises(_: &Path, document: &Node) -> bool {
    document.get("jobs").is_some_and(|jobs| matches!(jobs.kind, Kind::Map(_)))
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    for document in file.documents {
        let values = Values::new(Dialect::GitHub).within(document.get("env"));
        for job in document.get("jobs").map(Node::entries).unwrap_or_default() {
            let values = values.within(job.value.get("env"));
            let steps = job.value.get("steps").map(Node::items).unwrap_or_default();
            let project = project_of(steps, &values);
            for step in steps {
                let values = values.within(step.get("env"));
                if let Some(run) = step.get("run") {
                    script::warn_unread(run, "`run`", problems);
                } else if uses(step, DEPLOY) {
                    let step = Step { node: step, values: &values };
                    step.read(project.as_ref(), &mut reading, problems);
                }
            }
        }
    }
    reading
}

/// Whether a step uses an action, of whatever version.
fn uses(step: &Node, action: &str) -> bool {
    let used = step.get("uses").and_then(Node::text).unwrap_or_default();
    used.split('@').next().is_some_and(|name| name.eq_ignore_ascii_case(action))
}

/// The project that a job's setup or auth step sets.
fn project_of(steps: &[Node], values: &Values) -> Option<Stated> {
    SET_PROJECT.iter().find_map(|action| {
        let step =
            steps.iter().find(|step| uses(step, action) && step.at(&["with", "project_id"]).is_some())?;
        Step { node: step, values }.input("project_id")
    })
}

/// A step that uses an action, with the values within its reach.
struct Step<'a> {
    node: &'a Node,
    values: &'a Values,
}

impl Step<'_> {
    fn node_of(&self, name: &str) -> Option<&Node> {
        // GitHub takes the names of inputs in either case; an empty input is one that is not given.
        let inputs = self.node.get("with").map(Node::entries).unwrap_or_default();
        let entry = inputs.iter().find(|entry| entry.key.eq_ignore_ascii_case(name))?;
        let blank = entry.value.text().is_some_and(|text| text.trim().is_empty());
        (!blank && !entry.value.is_null()).then_some(&entry.value)
    }

    fn input(&self, name: &str) -> Option<Stated> {
        let node = self.node_of(name)?;
        Some(self.values.state(node.text()?.trim(), node.place.clone()))
    }

    fn read(&self, project: Option<&Stated>, reading: &mut Reading, problems: &mut Problems) {
        if let Some(job) = self.input("job") {
            reading.add_job(job);
            return;
        }
        let manifest = self.input("metadata");
        let deploys = ["image", "source", "metadata"].iter().any(|name| self.node_of(name).is_some());
        let moves_traffic =
            self.node_of("revision_traffic").or_else(|| self.node_of("tag_traffic")).is_some();
        if moves_traffic && !deploys {
            return;
        }
        let place = Place { line: self.node.item_line, ..self.node.place.clone() };
        let mut service = Service::new(DeploysVia::DeployCloudrunAction, place);
        service.region = self.input("region");
        service.project = self.input("project_id");
        if manifest.is_some() {
            // The action then leaves out every input that the manifest says.
            service.manifest = manifest;
        } else {
            service.name = self.input("service");
            service.image = self.input("image");
            service.tag = self.input("tag");
            service.no_traffic = self
                .input("no_traffic")
                .and_then(|no| no.as_known().map(|no| no.eq_ignore_ascii_case("true")));
            self.read_lists(&mut service, problems);
        }
        self.read_flags(&mut service, problems);
        service.project = service.project.take().or_else(|| project.cloned());
        reading.add_service(service);
    }

    fn read_lists(&self, service: &mut Service, problems: &mut Problems) {
        if let Some(file) = self.node_of("env_vars_file") {
            problems.push(
                Problem::warning("file-not-followed", "what `env_vars_file` names is not read")
                    .at(file.place.clone())
                    .length(file.length)
                    .hint("say in rungate.yaml which variables of it matter"),
            );
        }
        service.other_variables = self.other_variables();
        for (pair, place) in self.pairs("env_vars", problems) {
            let value = self.values.state(&pair.value, place);
            put(&mut service.env, Variable { name: pair.key, value }, |variable| &variable.name);
        }
        for (pair, place) in self.pairs("secrets", problems) {
            let text = self.values.resolve(&pair.value);
            let reference = secret::reference(&pair.key, &text, &place, self.values, problems);
            put(&mut service.secrets, reference, |reference| &reference.target);
        }
    }

    /// What `env_vars_update_strategy` says of `env_vars`; `merge` unless stated.
    fn other_variables(&self) -> Option<OtherVariables> {
        let given = self.node_of("env_vars")?.place.clone();
        match self.input("env_vars_update_strategy") {
            Some(strategy) => match strategy.as_known()? {
                "overwrite" => Some(OtherVariables::Removed(strategy.place)),
                _ => Some(OtherVariables::Kept(strategy.place)),
            },
            None => Some(OtherVariables::Kept(given)),
        }
    }

    /// The pairs of an input, each with its place.
    fn pairs(&self, name: &str, problems: &mut Problems) -> Vec<(Pair, Place)> {
        let Some((node, text)) = self.node_of(name).and_then(|node| Some((node, node.text()?))) else {
            return Vec::new();
        };
        match list::action_pairs(text, self.values) {
            Ok(pairs) => pairs
                .into_iter()
                .map(|pair| {
                    let place = node.place_of_line(pair.line);
                    (pair, place)
                })
                .collect(),
            Err((line, what)) => {
                problems.push(
                    Problem::error("input-broken", format!("`{name}` cannot be read: {what}"))
                        .at(node.place_of_line(line))
                        .hint("one NAME=value a line; `\\,` is a comma within a value"),
                );
                Vec::new()
            }
        }
    }

    fn read_flags(&self, service: &mut Service, problems: &mut Problems) {
        let Some((node, text)) = self.node_of("flags").and_then(|node| Some((node, node.text()?))) else {
            return;
        };
        match list::action_flags(text, self.values) {
            Ok(words) => {
                let words: Vec<_> = words
                    .into_iter()
                    .map(|(word, line)| Word {
                        text: self.values.resolve(&word),
                        place: node.place_of_line(line),
                    })
                    .collect();
                gcloud::add_flags(service, &words, self.values, problems);
            }
            Err(quote) => problems.push(
                Problem::error(
                    "input-broken",
                    format!("`flags` cannot be read: the quote {quote} is not closed"),
                )
                .at(node.place.clone())
                .length(node.length),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tests::{read_text, shown};

    fn deploy(with: &str) -> (Vec<String>, Vec<&'static str>) {
        let with: String = with.lines().map(|line| format!("          {line}\n")).collect();
        let text = format!(
            "on: push\nenv:\n  REGION: europe-west1\njobs:\n  deploy:\n    env: {{SERVICE: auth}}\n    steps:\n      - uses: google-github-actions/auth@v2\n        with: {{project_id: p}}\n      - name: Deploy\n        uses: google-github-actions/deploy-cloudrun@v2\n        with:\n{with}"
        );
        let (reading, problems) = read_text(&FORMAT, &text);
        (shown(&reading), problems.iter().map(|problem| problem.code).collect())
    }

    #[test]
    fn reads_the_inputs_of_the_action() {
        let (services, problems) = deploy(
            "service: ${{ env.SERVICE }}\nregion: '${{ env.REGION }}'\nimage: a/b:${{ github.sha }}\nno_traffic: true\ntag: t\nenv_vars: |\n  # why\n  A=${{ env.REGION }}\n  B=${{ secrets.B }}\nsecrets: |-\n  P=pw:3\n  /etc/k=projects/x/secrets/k:latest",
        );
        assert_eq!(
            services,
            [
                "10 auth project=p region=europe-west1 image=a/b:${{ github.sha }} tag=t A=europe-west1 B=${{ secrets.B }} P<-pw:3 /etc/k<-projects/x/secrets/k:latest no_traffic=true"
            ]
        );
        assert!(problems.is_empty());
    }

    #[test]
    fn flags_are_gclouds() {
        let (services, _) = deploy(
            "service: a\nimage: i\nflags: |\n  --vpc-connector=${{ secrets.VPC }} --vpc-egress=all\n  --allow-unauthenticated --port 80\n  --set-env-vars=A=1,B=${{ env.SERVICE }}",
        );
        assert_eq!(
            services,
            ["10 a project=p image=i connector=${{ secrets.VPC }} egress=all port=80 A=1 B=auth open=true"]
        );
    }

    #[test]
    fn no_region_is_invented() {
        assert_eq!(deploy("service: a\nimage: i").0, ["10 a project=p image=i"]);
    }

    #[test]
    fn places_lead_to_the_line_of_a_variable() {
        let text = "on: push\njobs:\n  d:\n    steps:\n      - uses: google-github-actions/deploy-cloudrun@v2\n        with:\n          service: a\n          image: i\n          env_vars: |\n            A=1\n            B=2\n";
        let (reading, _) = read_text(&FORMAT, text);
        assert_eq!(reading.services[0].variable("B").unwrap().value.place.line, 11);
    }

    #[test]
    fn a_manifest_decides_the_name() {
        let (services, _) = deploy("service: ignored\nmetadata: service.yaml\nregion: r");
        assert_eq!(services, ["10 project=p region=r manifest=service.yaml"]);
    }

    #[test]
    fn jobs_and_traffic_are_no_services() {
        assert!(deploy("job: j\nimage: i").0.is_empty());
        assert!(deploy("service: a\nrevision_traffic: LATEST=100").0.is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(deploy("service: a\nimage: i\nenv_vars: 'A=\"1'").1, ["input-broken"]);
        assert_eq!(deploy("service: a\nimage: i\nflags: \"--a='b\"").1, ["input-broken"]);
        let (_, problems) = read_text(
            &FORMAT,
            "on: push\njobs:\n  d:\n    steps:\n      - run: |\n          x\n          gcloud run deploy a\n",
        );
        let problem = problems.iter().next().unwrap();
        assert_eq!((problem.code, problem.place.as_ref().unwrap().line), ("script-not-read", 7));
    }
}

//! GitHub workflows: `jobs`, each with `steps`, read as GitHub runs them.
//!
//! A workflow's texts hold expressions ([`expression`]), which refer to what is defined around them ([`scope`]). Jobs
//! run once for each combination of their [`matrix`], or call workflows and actions of the repository ([`called`]).
//! Deploys are the action `google-github-actions/deploy-cloudrun` ([`deploy`]) and gcloud in `run` steps ([`run`]).

mod called;
mod deploy;
mod expression;
mod inputs;
mod marks;
mod matrix;
mod run;
mod scope;
mod shape;
mod steps;
mod workflow;

use std::path::Path;

use super::problem::{Problem, Problems};
use super::yaml::{Kind, Node};
use super::{File, Format, Reading, evidence};
use called::Repository;

/// GitHub Actions.
pub(super) static FORMAT: Format = Format {
    id: "github-workflow",
    title: "GitHub workflow",
    recognises,
    read,
    usual_places: &[".github/workflows/*.yaml", ".github/workflows/*.yml"],
};

fn recognises(_: &Path, document: &Node) -> bool {
    document.get("jobs").is_some_and(|jobs| matches!(jobs.kind, Kind::Map(_)))
}

fn read(file: &File<'_>, problems: &mut Problems) -> Reading {
    let mut reading = Reading::default();
    let mut repository = Repository::of(file.path);
    let mut hints = Vec::new();
    for document in file.documents {
        let contexts = inputs::defaults(document);
        let deploys = workflow::read(document, contexts, None, &mut repository, problems);
        for service in deploys.services {
            reading.add_service(service);
        }
        for job in deploys.jobs {
            reading.add_job(job);
        }
        hints.extend(deploys.hints);
    }
    evidence::apply(&mut reading.services, &hints);
    if repository.is_exhausted() {
        problems.push(
            Problem::warning(
                "workflow-too-large",
                "this workflow has too many steps: not all of them are read",
            )
            .at(file.source.place(1, 1))
            .hint("name what the others deploy in rungate.yaml"),
        );
    }
    reading.only_called = file.documents.iter().all(inputs::only_called);
    reading.followed = repository.followed().map(Path::to_owned).collect();
    reading
}

/// Tells of an expression that GitHub would refuse.
fn tell_broken(node: &Node, text: &str, problems: &mut Problems) {
    if let Some((range, why)) = expression::broken(text) {
        let line = text.get(..range.start).unwrap_or_default().matches('\n').count();
        problems.push(
            Problem::warning("expression-broken", format!("this expression cannot be read: {why}"))
                .at(node.place_of_line(line))
                .hint("what it stands for stays unresolved; GitHub refuses the workflow"),
        );
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

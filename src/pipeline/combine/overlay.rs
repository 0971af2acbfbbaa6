//! Puts together what several files say: native services add to those of the other files, and no service may be
//! deployed twice.

use std::time::Duration;

use super::conflicts::united;
pub(in crate::pipeline) use super::update::{update, updates};
use crate::model::{DeploysVia, Service, Stated, Value};
use crate::pipeline::load::{Read, Request};
use crate::pipeline::problem::{Problem, Problems};
use crate::text::looks_secret;

/// The one deadline that the files state.
pub(in crate::pipeline) fn deadline(files: &[Read], problems: &mut Problems) -> Option<Duration> {
    let mut stated = files.iter().filter_map(|file| file.reading.deadline.as_ref());
    let (deadline, place) = stated.next()?;
    for (other, other_place) in stated.filter(|(other, _)| other != deadline) {
        problems.push(
            Problem::error(
                "conflict",
                format!("the deadline is {deadline:?} in one file and {other:?} in another"),
            )
            .at(other_place.clone())
            .related(place.clone(), "the other one here"),
        );
    }
    Some(*deadline)
}

/// All services, the native ones put into those that they belong to.
pub(in crate::pipeline) fn services(
    files: Vec<Read>,
    request: &Request,
    problems: &mut Problems,
) -> Vec<Service> {
    let all = files
        .into_iter()
        .enumerate()
        .flat_map(|(number, file)| file.reading.services.into_iter().map(move |service| (number, service)));
    let (native, services): (Vec<_>, Vec<_>) =
        all.partition(|(_, service)| service.deploys_via == DeploysVia::Native);
    let native: Vec<Service> = native.into_iter().map(|(_, service)| service).collect();
    tell_duplicates(&native, request, problems);
    let mut services = united(services, request, problems);
    let alone = native.len() == 1 && services.len() == 1;
    let mut own = Vec::new();
    for addition in native {
        let mut used = false;
        for service in services.iter_mut().filter(|service| belongs(&addition, service, alone)) {
            add(service, &addition, problems);
            used = true;
        }
        if !used {
            own.push(addition);
        }
    }
    tell_duplicates(&services, request, problems);
    services.extend(own);
    services
}

/// Whether a native service speaks of a service of another file. `alone`: there is only one of each, so that a name
/// that the other file does not tell must be this one's.
fn belongs(addition: &Service, service: &Service, alone: bool) -> bool {
    let same_name = match (known(&addition.name), known(&service.name)) {
        (Some(one), Some(other)) => one == other,
        (Some(_), None) => alone,
        (None, _) => false,
    };
    let may_be = |one: &Option<Stated>, other: &Option<Stated>| !matches!((known(one), known(other)), (Some(one), Some(other)) if one != other);
    // With one of each, a different region is a contradiction to be told, not another service.
    let elsewhere =
        !(may_be(&addition.project, &service.project) && may_be(&addition.region, &service.region));
    same_name && (alone || !elsewhere)
}

fn known(stated: &Option<Stated>) -> Option<&str> {
    stated.as_ref().and_then(Stated::as_known)
}

fn tell_duplicates(services: &[Service], request: &Request, problems: &mut Problems) {
    for (index, service) in services.iter().enumerate() {
        let earlier = services.iter().take(index).find(|earlier| is_same(earlier, service));
        if let Some(earlier) = earlier {
            let name = known(&service.name).unwrap_or_default();
            let problem = Problem::error(
                "duplicate-service",
                format!("the service `{name}` is deployed twice"),
            )
            .at(service.place.clone())
            .related(earlier.place.clone(), "first here")
            .fix(
                "the gate must know which of the two to expect: keep one, or give each its region or project",
            );
            problems.push(request.judge(problem));
        }
    }
}

/// Whether two are surely one: what only the run can tell may differ.
fn is_same(one: &Service, other: &Service) -> bool {
    let same = |one: &Option<Stated>, other: &Option<Stated>| match (one, other) {
        (Some(one), Some(other)) => one.as_known().is_some() && one.value == other.value,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    known(&one.name).is_some()
        && same(&one.name, &other.name)
        && same(&one.project, &other.project)
        && same(&one.region, &other.region)
}

/// Puts a native service into the one that it belongs to.
fn add(service: &mut Service, addition: &Service, problems: &mut Problems) {
    let mut fill = |what: &str, slot: &mut Option<Stated>, stated: &Option<Stated>| {
        if let Some(stated) = stated {
            match slot {
                Some(there) => settle(what, there, stated, false, problems),
                None => *slot = Some(stated.clone()),
            }
        }
    };
    fill("name", &mut service.name, &addition.name);
    fill("project", &mut service.project, &addition.project);
    fill("region", &mut service.region, &addition.region);
    fill("url", &mut service.url, &addition.url);
    fill("service_account", &mut service.service_account, &addition.service_account);
    fill("connector", &mut service.vpc.connector, &addition.vpc.connector);
    fill("egress", &mut service.vpc.egress, &addition.vpc.egress);
    fill("network", &mut service.vpc.network, &addition.vpc.network);
    fill("subnet", &mut service.vpc.subnet, &addition.vpc.subnet);
    fill("tag", &mut service.tag, &addition.tag);
    fill("ingress", &mut service.ingress, &addition.ingress);
    for tag in &addition.vpc.network_tags {
        if service.vpc.network_tags.iter().all(|there| there.value != tag.value) {
            service.vpc.network_tags.push(tag.clone());
        }
    }
    for instance in &addition.cloudsql_instances {
        if service.cloudsql_instances.iter().all(|there| there.value != instance.value) {
            service.cloudsql_instances.push(instance.clone());
        }
    }
    for variable in &addition.env {
        match service.env.iter_mut().find(|there| there.name == variable.name) {
            Some(there) => settle(
                &variable.name,
                &mut there.value,
                &variable.value,
                looks_secret(&variable.name),
                problems,
            ),
            None => service.env.push(variable.clone()),
        }
    }
    for secret in &addition.secrets {
        match service.secrets.iter_mut().find(|there| there.target == secret.target) {
            Some(there) => {
                settle(&secret.target, &mut there.secret, &secret.secret, false, problems);
                settle(&secret.target, &mut there.version, &secret.version, false, problems);
            }
            None => service.secrets.push(secret.clone()),
        }
    }
    if let Some(no_traffic) = addition.no_traffic {
        if service.no_traffic.is_some_and(|there| there != no_traffic) {
            problems.push(
                Problem::error("conflict", "`no_traffic` is not what the pipeline says")
                    .at(addition.place.clone())
                    .related(service.place.clone(), "the pipeline's deploy"),
            );
        }
        service.no_traffic = Some(no_traffic);
    }
    service.health = addition.health.clone();
    service.database = addition.database.clone();
    service.journeys.extend(addition.journeys.iter().cloned());
    service.depends_on.extend(addition.depends_on.iter().cloned());
    service.require.extend(addition.require.iter().cloned());
    service.advisory.extend(addition.advisory.iter().cloned());
}

/// Settles what two files say of one thing: what is known wins over what is not, and two known ones must agree.
fn settle(what: &str, there: &mut Stated, stated: &Stated, confidential: bool, problems: &mut Problems) {
    match (&there.value, &stated.value) {
        (Value::Known(one), Value::Known(other)) if one == other => {}
        (Value::Known(_), Value::Known(_)) => problems.push(
            Problem::error("conflict", format!("`{what}` is not what the pipeline says"))
                .at(stated.place.clone())
                .length(if confidential { 1 } else { stated.raw().chars().count() })
                .related(there.place.clone(), "the pipeline's")
                .fix("leave it out: the native file only adds what the pipeline cannot say")
                .confidential(confidential),
        ),
        (Value::Unresolved { .. }, _) => *there = stated.clone(),
        (Value::Known(_), Value::Unresolved { .. }) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{Loaded, Problems, load};

    fn load_both(build: &str, native: &str) -> Result<Loaded, Problems> {
        let folder = tempfile::tempdir().unwrap();
        let build = format!("steps:\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, {build}]\n");
        std::fs::write(folder.path().join("cloudbuild.yaml"), build).unwrap();
        let native = format!("version: 1\npipeline: cloudbuild.yaml\nservices:\n- {native}\n");
        std::fs::write(folder.path().join("rungate.yaml"), native).unwrap();
        let files = vec!["rungate.yaml".into()];
        load(&Request {
            files,
            directory: folder.path().to_owned(),
            known_checks: vec!["health"],
            substitutions: Vec::new(),
            strict: true,
            ..Request::default()
        })
    }

    fn codes(result: Result<Loaded, Problems>) -> Vec<&'static str> {
        result.unwrap_err().iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn a_native_service_adds_what_is_missing() {
        let loaded = load_both(
            "auth, --region=r, --set-env-vars=A=1",
            "{name: auth, project: p, region: r, env: {A: '1', B: '2'}, health: {path: /h}, require: [health]}",
        )
        .unwrap();
        let [service] = loaded.pipeline.services.as_slice() else { panic!("one service") };
        assert_eq!(service.deploys_via, DeploysVia::GcloudRunDeploy);
        assert_eq!(known(&service.project), Some("p"));
        assert_eq!(service.env.len(), 2);
        assert_eq!(known(&service.health.path), Some("/h"));
        assert_eq!(service.require.len(), 1);
    }

    #[test]
    fn what_is_known_wins_over_what_is_not() {
        let loaded = load_both("$_NAME, --project=$PROJECT_ID", "{name: auth, project: p}").unwrap();
        let [service] = loaded.pipeline.services.as_slice() else { panic!("one service") };
        assert_eq!((known(&service.name), known(&service.project)), (Some("auth"), Some("p")));
    }

    #[test]
    fn two_known_values_must_agree() {
        let problems = load_both(
            "auth, --region=r, '--set-env-vars=PASSWORD=hunter2'",
            "{name: auth, region: other, env: {PASSWORD: tiger}}",
        )
        .unwrap_err();
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["conflict", "conflict"]);
        assert!(problems.iter().all(|problem| problem.related.is_some()));
        // The region's excerpt shows the line that it stands in: the flow mapping of this test is one line.
        let password = problems.iter().find(|problem| problem.confidential).unwrap();
        let rendered = Problems::from(password.clone()).render(false);
        assert!(!rendered.contains("tiger") && !rendered.contains("hunter2"), "{rendered}");
    }

    #[test]
    fn a_native_service_of_another_name_is_its_own() {
        let loaded = load_both("auth, --region=r", "{name: other}").unwrap();
        assert_eq!(loaded.pipeline.services.len(), 2);
    }

    #[test]
    fn no_service_is_deployed_twice() {
        assert_eq!(codes(load_both("auth", "{name: x}\n- {name: x}")), ["duplicate-service"]);
        assert_eq!(
            codes(load_both(
                "auth]\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth",
                "{name: x}"
            )),
            ["duplicate-service"]
        );
        // Another region is another service; what only the run can tell may differ.
        let two = |one: &str, other: &str| {
            load_both(
                &format!(
                    "auth, {one}]\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, deploy, auth, {other}"
                ),
                "{name: x}",
            )
        };
        assert!(two("--region=a", "--region=b").is_ok());
        assert!(two("--project=$PROJECT_ID", "--project=$PROJECT_ID").is_ok());
    }

    #[test]
    fn an_update_goes_into_the_deploy_before_it() {
        let loaded = load_both(
            "auth, '--set-env-vars=A=1,B=2']\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, services, update, auth, '--update-env-vars=B=3'",
            "{name: auth}",
        )
        .unwrap();
        let [service] = loaded.pipeline.services.as_slice() else { panic!("one service") };
        let env: Vec<_> = service.env.iter().map(|v| (v.name.as_str(), v.value.raw())).collect();
        assert_eq!(env, [("A", "1"), ("B", "3")]);
    }

    /// What is left of a deploy after an update.
    fn updated(deploy: &str, update: &str) -> String {
        let both = format!(
            "auth, {deploy}]\n- name: gcr.io/cloud-builders/gcloud\n  args: [run, services, update, auth, {update}"
        );
        let loaded = load_both(&both, "{name: auth}").unwrap();
        let [service] = loaded.pipeline.services.as_slice() else { panic!("one service") };
        let env = service.env.iter().map(|v| format!("{}={}", v.name, v.value.raw()));
        let secrets = service.secrets.iter().map(|secret| secret.target.clone());
        let sql = service.cloudsql_instances.iter().map(|instance| instance.raw().to_owned());
        let vpc = [&service.vpc.connector, &service.vpc.egress, &service.vpc.network];
        let vpc = vpc.into_iter().flatten().chain(&service.vpc.network_tags).map(|s| s.raw().to_owned());
        let sidecars = service.sidecars.iter().map(|s| format!("[{}]", s.env.len()));
        env.chain(secrets).chain(sql).chain(vpc).chain(sidecars).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_update_takes_away_what_gcloud_takes_away() {
        let env = "'--set-env-vars=A=1,B=2'";
        for (deploy, update, left) in [
            (env, "--set-env-vars=C=3", "C=3"),
            (env, "--clear-env-vars", ""),
            (env, "--remove-env-vars=A", "B=2"),
            (env, "'--set-env-vars='", "A=1 B=2"),
            ("'--set-secrets=P=s:1,Q=s:2'", "--update-secrets=R=s:3", "P Q R"),
            ("'--set-secrets=P=s:1,Q=s:2'", "--set-secrets=Q=s:3", "Q"),
            ("'--set-secrets=P=s:1,Q=s:2'", "--remove-secrets=Q", "P"),
            ("--set-cloudsql-instances=a", "--set-cloudsql-instances=b", "b"),
            ("--set-cloudsql-instances=a", "--add-cloudsql-instances=b", "a b"),
            ("'--set-cloudsql-instances=a,b'", "--remove-cloudsql-instances=a", "b"),
            ("--set-cloudsql-instances=a", "--clear-cloudsql-instances", ""),
            ("--vpc-connector=c, --vpc-egress=all", "--clear-vpc-connector", ""),
            ("--network=n, --network-tags=t", "--network-tags=u", "n u"),
            ("--network=n, --network-tags=t", "--clear-network-tags", "n"),
            ("--network=n, --network-tags=t, --vpc-egress=all", "--clear-network", ""),
            (
                "--container=a, --image=i, --port=80, --container=b, --image=j, --set-env-vars=P=1",
                "--container=b, --update-env-vars=Q=2",
                "[2]",
            ),
            (
                "--container=a, --image=i, --port=80, --set-env-vars=A=1, --container=b, --image=j",
                "--container=a, --update-env-vars=Q=2",
                "A=1 Q=2 [0]",
            ),
        ] {
            assert_eq!(updated(deploy, update), left, "{deploy} {update}");
        }
    }
}

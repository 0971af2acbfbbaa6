//! One service that several files deploy: put together where they agree, told where they contradict each other. Which
//! of the files was run last nobody can see, so that the gate would not know what to expect.

use crate::model::{DeploysVia, OtherVariables, Place, Service, Stated, Value};
use crate::pipeline::load::Request;
use crate::pipeline::problem::{Problem, Problems};
use crate::text::looks_secret;

/// Puts each service together that more than one file deploys; each comes with the number of its file. Two deploys of
/// one file are two steps, and stay apart.
pub(in crate::pipeline) fn united(
    services: Vec<(usize, Service)>,
    request: &Request,
    problems: &mut Problems,
) -> Vec<Service> {
    let mut united: Vec<(usize, Service)> = Vec::new();
    for (file, service) in services {
        let mut known = united.iter_mut().filter(|(other, _)| *other != file).map(|(_, known)| known);
        match known.find(|known| is_one(known, &service)) {
            Some(known) => {
                let mut found = Vec::new();
                put_together(known, &service, &mut found);
                problems.extend(found.into_iter().map(|problem| request.judge(problem)));
            }
            None => united.push((file, service)),
        }
    }
    united.into_iter().map(|(_, service)| service).collect()
}

/// Whether two deploys are of one service. A manifest need not say where it is deployed to.
fn is_one(one: &Service, other: &Service) -> bool {
    let open = |service: &Service| service.deploys_via == DeploysVia::Manifest;
    let same = |a: &Option<Stated>, b: &Option<Stated>| match (a, b) {
        (Some(a), Some(b)) => a.as_known().is_some() && a.value == b.value,
        (None, None) => true,
        (None, Some(_)) => open(one),
        (Some(_), None) => open(other),
    };
    one.name.is_some()
        && other.name.is_some()
        && same(&one.name, &other.name)
        && same(&one.project, &other.project)
        && same(&one.region, &other.region)
}

/// Whether a deploy leaves nothing that it does not state.
fn replaces(service: &Service) -> bool {
    match service.deploys_via {
        DeploysVia::Manifest | DeploysVia::ServicesReplace => true,
        DeploysVia::DeployCloudrunAction => service.manifest.is_some(),
        DeploysVia::GcloudRunDeploy | DeploysVia::ServicesUpdate | DeploysVia::Native => false,
    }
}

/// Adds to one what another says of the same service.
fn put_together(known: &mut Service, other: &Service, found: &mut Vec<Problem>) {
    let name = known.name.as_ref().map(|name| name.raw().to_owned()).unwrap_or_default();
    let (whole, other_whole) = (replaces(known), replaces(other));
    let (here, there) = (known.place.clone(), other.place.clone());
    let mut both = |what: &str, slot: &mut Option<Stated>, stated: &Option<Stated>, may_lack: bool| {
        match (&slot, stated) {
            (Some(one), Some(two)) => {
                if let (Value::Known(a), Value::Known(b)) = (&one.value, &two.value)
                    && a != b
                {
                    found.push(differ(&name, what, &one.place, &two.place));
                }
            }
            (None, Some(two)) if whole && !may_lack => found.push(lacks(&name, what, &two.place, &here)),
            (Some(one), None) if other_whole && !may_lack => {
                found.push(lacks(&name, what, &one.place, &there));
            }
            (None, _) | (_, None) => {}
        }
        let unknown = slot.as_ref().is_none_or(|slot| slot.as_known().is_none());
        if unknown && stated.is_some() {
            slot.clone_from(stated);
        }
    };
    both("project", &mut known.project, &other.project, true);
    both("region", &mut known.region, &other.region, true);
    both("service account", &mut known.service_account, &other.service_account, false);
    both("VPC connector", &mut known.vpc.connector, &other.vpc.connector, false);
    both("VPC egress", &mut known.vpc.egress, &other.vpc.egress, false);
    both("network", &mut known.vpc.network, &other.vpc.network, false);
    both("subnet", &mut known.vpc.subnet, &other.vpc.subnet, false);
    known.url = known.url.take().or_else(|| other.url.clone());
    known.image = known.image.take().or_else(|| other.image.clone());
    known.port = known.port.take().or_else(|| other.port.clone());
    known.startup_probe = known.startup_probe.or(other.startup_probe);
    known.allow_unauthenticated = known.allow_unauthenticated.or(other.allow_unauthenticated);
    variables(known, other, &name, found);
    secrets(known, other, &name, found);
    for instance in &other.cloudsql_instances {
        if known.cloudsql_instances.iter().all(|there| there.value != instance.value) {
            known.cloudsql_instances.push(instance.clone());
        }
    }
    for path in &other.health_paths {
        if known.health_paths.iter().all(|there| there.value != path.value) {
            known.health_paths.push(path.clone());
        }
    }
    if known.sidecars.is_empty() {
        known.sidecars.clone_from(&other.sidecars);
    }
}

fn variables(known: &mut Service, other: &Service, name: &str, found: &mut Vec<Problem>) {
    let removes = |service: &Service| {
        replaces(service) || matches!(service.other_variables, Some(OtherVariables::Removed(_)))
    };
    if removes(other) {
        let gone = known.env.iter().filter(|variable| !states(other, &variable.name));
        found.extend(gone.map(|variable| lacks(name, &variable.name, &variable.value.place, &other.place)));
    }
    let removed = removes(known);
    for variable in &other.env {
        let what = &variable.name;
        match known.env.iter_mut().find(|there| there.name == *what) {
            Some(there) => match (&there.value.value, &variable.value.value) {
                (Value::Known(one), Value::Known(two)) if one != two => {
                    let problem = differ(name, what, &there.value.place, &variable.value.place);
                    found.push(problem.confidential(looks_secret(what)));
                }
                (Value::Unresolved { .. }, Value::Known(_)) => there.value = variable.value.clone(),
                (Value::Known(_) | Value::Unresolved { .. }, _) => {}
            },
            None => {
                if removed && !states(known, what) {
                    found.push(lacks(name, what, &variable.value.place, &known.place));
                }
                known.env.push(variable.clone());
            }
        }
    }
}

/// Whether a service states a variable at all, plain or from a secret.
fn states(service: &Service, name: &str) -> bool {
    service.variable(name).is_some() || service.secret(name).is_some()
}

fn secrets(known: &mut Service, other: &Service, name: &str, found: &mut Vec<Problem>) {
    for secret in &other.secrets {
        match known.secrets.iter().find(|there| there.target == secret.target) {
            Some(there) => {
                let differs = |one: &Stated, two: &Stated| match (one.as_known(), two.as_known()) {
                    (Some(one), Some(two)) => one != two,
                    (None, _) | (_, None) => false,
                };
                if differs(&there.secret, &secret.secret) || differs(&there.version, &secret.version) {
                    found.push(differ(name, &secret.target, &there.secret.place, &secret.secret.place));
                }
            }
            None => {
                if replaces(known) {
                    found.push(lacks(name, &secret.target, &secret.secret.place, &known.place));
                }
                known.secrets.push(secret.clone());
            }
        }
    }
    if replaces(other) {
        let gone = known.secrets.iter().filter(|secret| !states(other, &secret.target));
        found.extend(gone.map(|secret| lacks(name, &secret.target, &secret.secret.place, &other.place)));
    }
}

const HINT: &str = "which of the files is run last is not in them: name one file, or let them say the same";

fn differ(service: &str, what: &str, first: &Place, second: &Place) -> Problem {
    Problem::error("conflict", format!("two files deploy `{service}`, each with another `{what}`"))
        .at(second.clone())
        .related(first.clone(), "the other one here")
        .fix(HINT)
}

fn lacks(service: &str, what: &str, stated: &Place, without: &Place) -> Problem {
    Problem::error("conflict", format!("two files deploy `{service}`, and only one of them with `{what}`"))
        .at(stated.clone())
        .related(without.clone(), "this one leaves it out, and so takes it away")
        .fix(HINT)
}

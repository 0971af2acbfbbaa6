//! What only all journeys of a file together show: names, needs, variables, and where values may go.

use std::collections::BTreeMap;

use super::{after_close, all, request, unique};
use crate::model::{Act, Journey, Service, Stated, Step, To, VariableSource};
use crate::pipeline::problem::{Problem, Problems};
use crate::text::nearest;

/// Where a value may go, besides the services of the pipeline.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Whether it may go anywhere: it stands in the file.
    open: bool,
    hosts: Vec<String>,
}

/// Checks the journeys of all services of a file.
pub(in super::super) fn check(services: &mut [Service], problems: &mut Problems) {
    let stated: Vec<Stated> = services.iter().filter_map(|service| service.url.clone()).collect();
    for journey in services.iter_mut().flat_map(|service| &mut service.journeys) {
        for step in &mut journey.steps {
            request::mark_own(&mut step.head.to, &stated);
        }
    }
    unique(all(services).map(|journey| &journey.name), "journey", problems);
    let by_name: BTreeMap<&str, &Journey> =
        all(services).map(|journey| (journey.name.raw(), journey)).collect();
    for journey in all(services) {
        needs(journey, &by_name, problems);
        variables(journey, &by_name, problems);
        for step in &journey.steps {
            if let Act::WebSocket { talk, .. } = &step.act
                && after_close(talk)
            {
                problems.push(
                    Problem::error("contradiction", "after `close` nothing can be said any more")
                        .at(step.name.place.clone()),
                );
            }
        }
        if journey.steps.first().is_some_and(|step| step.always) {
            problems.push(
                Problem::error("contradiction", "a journey begins with a step that is not only cleaning up")
                    .at(journey.steps[0].name.place.clone())
                    .fix("`always: true` is for steps that undo what earlier ones did"),
            );
        }
    }
}

fn needs(journey: &Journey, by_name: &BTreeMap<&str, &Journey>, problems: &mut Problems) {
    for need in &journey.needs {
        let told = |problem: Problem| problem.at(need.place.clone()).length(need.raw().chars().count());
        if !by_name.contains_key(need.raw()) {
            problems.push(
                told(Problem::error("unknown-journey", format!("there is no journey `{}`", need.raw())))
                    .fix(nearest::did_you_mean(need.raw(), by_name.keys().copied())),
            );
        } else if above(need.raw(), by_name).contains(&journey.name.raw()) {
            problems.push(told(Problem::error("cycle", "these journeys wait for each other")));
        }
    }
}

/// A journey and all that it needs, directly or not.
fn above<'a>(name: &'a str, by_name: &BTreeMap<&'a str, &'a Journey>) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut waiting = vec![name];
    while let Some(one) = waiting.pop() {
        if found.contains(&one) {
            continue;
        }
        found.push(one);
        waiting.extend(by_name.get(one).into_iter().flat_map(|one| one.needs.iter().map(Stated::raw)));
    }
    found
}

fn variables(journey: &Journey, by_name: &BTreeMap<&str, &Journey>, problems: &mut Problems) {
    let mut known: BTreeMap<&str, Known> = BTreeMap::new();
    let needed = journey.needs.iter().flat_map(|need| above(need.raw(), by_name));
    for journey in needed.filter_map(|name| by_name.get(name)) {
        declared(journey, &mut known);
        journey.steps.iter().for_each(|step| captured(step, &mut known));
    }
    declared(journey, &mut known);
    for (at, step) in journey.steps.iter().enumerate() {
        for name in step.sends().into_iter().chain(step.compares()) {
            if !known.contains_key(name) {
                problems.push(unknown(name, journey, at, step, &known));
            }
        }
        for name in step.sends() {
            if let (Some(value), To::Url { origin, own: false, .. }) = (known.get(name), &step.head.to) {
                let host = host_of(origin);
                if !value.open && !value.hosts.iter().any(|one| one == host) {
                    problems.push(
                        Problem::error(
                            "secret-elsewhere",
                            format!(
                                "`(({name}))` may not be sent to {host}, which is no service of the pipeline"
                            ),
                        )
                        .at(step.name.place.clone())
                        .fix(format!(
                            "add `hosts: [{host}]` where `{name}` is declared, if it is meant for it"
                        )),
                    );
                }
            }
        }
        captured(step, &mut known);
    }
}

/// `idp.example.com` or `idp.example.com:8443` of an origin.
fn host_of(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

fn declared<'a>(journey: &'a Journey, known: &mut BTreeMap<&'a str, Known>) {
    for variable in &journey.variables {
        let open = matches!(variable.source, VariableSource::Value(_));
        known.insert(&variable.name, Known { open, hosts: variable.hosts.clone() });
    }
}

fn captured<'a>(step: &'a Step, known: &mut BTreeMap<&'a str, Known>) {
    for capture in &step.captures {
        let mut hosts = capture.hosts.clone();
        // What a host gave may go back to it.
        if let To::Url { origin, .. } = &step.head.to {
            hosts.push(host_of(origin).to_owned());
        }
        known.insert(&capture.variable, Known { open: !capture.secret, hosts });
    }
}

fn unknown(name: &str, journey: &Journey, at: usize, step: &Step, known: &BTreeMap<&str, Known>) -> Problem {
    let later = journey
        .steps
        .iter()
        .skip(at)
        .find(|later| later.captures.iter().any(|capture| capture.variable == name));
    let problem = Problem::error("unknown-variable", format!("there is no variable `{name}` at this step"))
        .at(step.name.place.clone())
        .length(step.name.raw().chars().count());
    match later {
        Some(later) => problem.fix(format!("only the step `{}` captures it", later.name.raw())),
        None if known.is_empty() => {
            problem.fix("declare it under `variables`, or let an earlier step `capture` it")
        }
        None => problem.fix(nearest::did_you_mean(name, known.keys().copied())),
    }
}

//! How the steps of journeys stand to each other and to health.

use super::Node;
use crate::model::{Journey, Stated, Step, Target};
use crate::record::Family;

/// A step of a journey as a node of the plan.
struct Planned<'a> {
    node: usize,
    target: usize,
    journey: &'a Journey,
    step: &'a Step,
}

/// Lets each step wait for what it needs: the step before it, the journeys that its own needs, and at the other services
/// that it asks for the same ends as at its own.
pub(super) fn connect(targets: &[Target], nodes: &mut [Node]) {
    let planned = planned(targets, nodes);
    let ends = |step: &Node, target: usize| {
        let of =
            |(_, node): &(usize, &Node)| node.target == target && step.check.after.contains(&node.check.id);
        nodes.iter().enumerate().filter(of).map(|(index, _)| index).collect::<Vec<usize>>()
    };
    let mut links: Vec<(usize, Vec<usize>, Vec<usize>)> = Vec::new();
    for (at, one) in planned.iter().enumerate() {
        let same = |other: &&Planned<'_>| {
            other.target == one.target && other.journey.name.value == one.journey.name.value
        };
        let before: Vec<&Planned<'_>> = planned[..at].iter().filter(same).collect();
        let (mut needs, mut after) = (Vec::new(), nodes[one.node].after.clone());
        for service in one.journey.steps.iter().filter_map(|step| step.head.service()) {
            let others = targets.iter().enumerate().filter(|(_, target)| target.name == service.raw());
            after.extend(others.flat_map(|(target, _)| ends(&nodes[one.node], target)));
        }
        match before.iter().rev().find(|other| !other.step.always) {
            Some(previous) if !one.step.always => needs.push(previous.node),
            Some(_) => {}
            None => needs.extend(ends_of(&planned, one)),
        }
        after.extend(before.iter().map(|other| other.node));
        links.push((one.node, needs, after));
    }
    for (index, needs, after) in links {
        let node = &mut nodes[index];
        (node.needs, node.after, node.outlasts) = (needs, after, true);
    }
}

/// Every step, in the order of the plan. The steps of a journey come in their own order.
fn planned<'a>(targets: &'a [Target], nodes: &[Node]) -> Vec<Planned<'a>> {
    let mut planned = Vec::new();
    for (index, node) in nodes.iter().enumerate().filter(|(_, node)| node.check.family == Family::Journey) {
        let service = &targets[node.target].service;
        let found = crate::checks::journey_steps(service)
            .find(|(journey, step)| node.subject.as_deref() == Some(journey.subject(step).as_str()));
        planned.extend(found.map(|(journey, step)| Planned {
            node: index,
            target: node.target,
            journey,
            step,
        }));
    }
    planned
}

/// The last step that is not only cleaning up of each journey that one needs: of the same service, else of any.
fn ends_of(planned: &[Planned<'_>], of: &Planned<'_>) -> Vec<usize> {
    let last = |name: &Stated| {
        let steps = || planned.iter().filter(|one| one.journey.name.value == name.value && !one.step.always);
        let own = steps().filter(|one| one.target == of.target).map(|one| one.node).next_back();
        own.or_else(|| steps().map(|one| one.node).next_back())
    };
    of.journey.needs.iter().filter_map(last).collect()
}

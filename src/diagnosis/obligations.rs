//! What the verdict of a service rests on, and whether each of it is met.

use super::precedence::explains::admits_database;
use super::view::{View, names_database_down};
use super::{Met, Obligation, Verdict};
use crate::record::finding::{Finding, HealthFinding};
use crate::record::{CheckId, Fact, NodeRecord, Outcome, Role, Skip, Unproven, Vantage, check_id, words};

/// The checks that show that the new revision serves.
const SERVES: [CheckId; 3] = [check_id::SERVICE_EXISTS, check_id::REVISION_READY, check_id::REVISION_SERVING];
const HEALTHY: CheckId = check_id::HEALTH_HEALTHY;
/// The check that makes the steps of journeys.
const JOURNEYS: CheckId = check_id::JOURNEY_STEP_WORKS;

/// Every obligation of a service: `serves`, `healthy`, `database`, `journeys`, and each check that `require:` names.
pub(super) fn obligations(view: &View<'_>) -> Vec<Obligation> {
    let mut found = Vec::new();
    let mut add = |what: &str, met: Option<Met>| {
        found.extend(met.map(|met| Obligation { what: what.to_owned(), met }));
    };
    add("serves", core(view, &SERVES));
    add("healthy", core(view, &[HEALTHY]));
    add("database", view.service.database.is_some().then(|| database(view)));
    let steps: Vec<&NodeRecord> = view.of(JOURNEYS).filter(|node| node.role == Role::Obligation).collect();
    add("journeys", (!steps.is_empty()).then(|| all_of(&steps, &[])));
    for check in required(view) {
        let nodes: Vec<&NodeRecord> = view.of(check).collect();
        add(check.as_str(), Some(accepted(view, check, all_of(&nodes, &[]))));
    }
    found
}

/// The verdict that follows: one seen to be unmet is enough; nothing to rest on is no health.
pub(super) fn verdict(obligations: &[Obligation]) -> Verdict {
    let worst = obligations.iter().map(|obligation| match obligation.met {
        Met::Yes { .. } | Met::Accepted => Verdict::Healthy,
        Met::Unknown { .. } => Verdict::Inconclusive,
        Met::No { .. } => Verdict::Unhealthy,
    });
    worst.max().unwrap_or(Verdict::Inconclusive)
}

/// Who accepts the database unproven accepts what it holds unproven, too; what was seen to be wrong, nobody accepts.
fn accepted(view: &View<'_>, check: CheckId, met: Met) -> Met {
    let of_database =
        view.record.accepted_unproven.contains(&Unproven::Database) && view.is_of_database(check);
    match met {
        Met::Unknown { .. } if of_database => Met::Accepted,
        Met::Yes { .. } | Met::Unknown { .. } | Met::No { .. } | Met::Accepted => met,
    }
}

/// The checks outside the core that `require:` made obligations, in causal order.
fn required(view: &View<'_>) -> Vec<CheckId> {
    let mut checks: Vec<CheckId> = view
        .nodes
        .iter()
        .filter(|node| node.role == Role::Obligation && node.check != HEALTHY)
        .map(|node| node.check)
        .filter(|check| !SERVES.contains(check) && *check != JOURNEYS)
        .collect();
    checks.dedup();
    checks
}

/// An obligation that rests on core checks: those that the user made advisory do not count, and without any
/// left there is no such obligation. A core check that is not in the record is inconclusive.
fn core(view: &View<'_>, checks: &[CheckId]) -> Option<Met> {
    let mut nodes = Vec::new();
    let mut absent = Vec::new();
    for &check in checks {
        let all: Vec<&NodeRecord> = view.of(check).collect();
        if all.is_empty() {
            absent.push(check.as_str());
        }
        nodes.extend(all.into_iter().filter(|node| node.role == Role::Obligation));
    }
    if nodes.is_empty() && absent.is_empty() {
        return None;
    }
    Some(all_of(&nodes, &absent))
}

fn all_of(nodes: &[&NodeRecord], absent: &[&str]) -> Met {
    let keys = |nodes: &mut dyn Iterator<Item = &NodeRecord>| nodes.map(NodeRecord::key).collect::<Vec<_>>();
    let bad = keys(&mut nodes.iter().copied().filter(|node| node.finding().is_some()));
    if !bad.is_empty() {
        return Met::No { nodes: bad };
    }
    let unknown: Vec<&NodeRecord> = nodes.iter().copied().filter(|node| !holds(node)).collect();
    if let Some(first) = unknown.first() {
        let because = format!("{}: {}", first.check, words::outcome(first.outcome.as_ref()));
        return Met::Unknown { nodes: keys(&mut unknown.iter().copied()), because };
    }
    if !absent.is_empty() {
        return Met::Unknown { nodes: Vec::new(), because: format!("{} was not checked", absent.join(", ")) };
    }
    let by = nodes.last().map_or_else(String::new, |node| words::outcome(node.outcome.as_ref()));
    Met::Yes { by }
}

/// Whether a node is as good as passed: it passed, or it is a required check with nothing to check.
fn holds(node: &NodeRecord) -> bool {
    let core = node.check == HEALTHY || SERVES.contains(&node.check);
    match &node.outcome {
        Some(Outcome::Passed { .. }) => true,
        Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }) => !core,
        Some(
            Outcome::Failed { .. }
            | Outcome::Blocked { .. }
            | Outcome::Skipped { .. }
            | Outcome::Inconclusive { .. },
        )
        | None => false,
    }
}

/// A declared database is proven by a query from inside, or by the service's own healthy answer that names it.
fn database(view: &View<'_>) -> Met {
    let bad = |node: &&&NodeRecord| match node.finding() {
        Some(finding @ Finding::Health(_)) => names_database_down(finding),
        // What the server says of user, password and database name, it says to everybody.
        Some(Finding::Postgres(found)) => node.vantage == Vantage::InVpc || found.refuses_the_login(),
        Some(
            Finding::Service(_)
            | Finding::Injection(_)
            | Finding::Credential(_)
            | Finding::Path(_)
            | Finding::Instance(_)
            | Finding::Database(_)
            | Finding::Log(_)
            | Finding::Journey(_),
        )
        | None => false,
    };
    let bad: Vec<String> = view.nodes.iter().filter(bad).map(|node| node.key()).collect();
    if !bad.is_empty() {
        return Met::No { nodes: bad };
    }
    if view.query_worked_inside() {
        return Met::Yes { by: "a query from inside the service's network".to_owned() };
    }
    if view.of(HEALTHY).any(names_database_up) {
        return Met::Yes { by: "the service's own health answer names it as up".to_owned() };
    }
    if view.record.accepted_unproven.contains(&Unproven::Database) {
        return Met::Accepted;
    }
    let nodes: Vec<&NodeRecord> =
        view.nodes.iter().copied().filter(|node| leaves_unproven(view, node)).collect();
    let because = nodes.iter().find(|node| !node.passed()).map_or_else(
        || "nothing proved the database".to_owned(),
        |node| {
            format!("nothing proved the database: {}: {}", node.check, words::outcome(node.outcome.as_ref()))
        },
    );
    Met::Unknown { nodes: nodes.iter().map(|node| node.key()).collect(), because }
}

/// Whether the service's own judged answer names a database as up. An answer that is unhealthy for another reason
/// counts too.
fn names_database_up(node: &NodeRecord) -> bool {
    let noted = |fact: &Fact| matches!(fact, Fact::DependencyUp { dependency } if dependency.database);
    match &node.outcome {
        Some(Outcome::Passed { .. }) => node.facts.iter().any(noted),
        Some(Outcome::Failed { finding }) => matches!(
            finding,
            Finding::Health(HealthFinding::Unhealthy { failing, working, .. })
                if working.iter().any(|one| one.database) && !failing.iter().any(|one| one.database)
        ),
        Some(Outcome::Blocked { .. } | Outcome::Skipped { .. } | Outcome::Inconclusive { .. }) | None => {
            false
        }
    }
}

/// Whether a node could have proven the database, and did not.
fn leaves_unproven(view: &View<'_>, node: &NodeRecord) -> bool {
    if node.check == HEALTHY {
        // A health answer that has nothing to do with the database leaves it as open as it was.
        return match node.finding() {
            Some(Finding::Health(health)) => admits_database(health),
            Some(
                Finding::Service(_)
                | Finding::Injection(_)
                | Finding::Credential(_)
                | Finding::Path(_)
                | Finding::Instance(_)
                | Finding::Postgres(_)
                | Finding::Database(_)
                | Finding::Log(_)
                | Finding::Journey(_),
            ) => false,
            None => !node.passed(),
        };
    }
    let proves = node.passed() && node.vantage == Vantage::InVpc;
    let nothing_to_prove =
        matches!(node.outcome, Some(Outcome::Skipped { reason: Skip::NotApplicable { .. } }));
    view.is_of_database(node.check) && !proves && !nothing_to_prove
}

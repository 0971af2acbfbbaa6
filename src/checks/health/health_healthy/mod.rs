//! The service's own health answer says healthy, several times in a row.

pub(in crate::checks) mod admission;
mod assess;
mod poll;
pub(in crate::checks) mod target;

use futures::future::join_all;
use tokio::time::{Instant, sleep};
use url::Url;

use crate::checks::{Check, Scope, Subjects};
use crate::run::attempt::{HealthAttempt, Taken};
use crate::run::finding::{Finding, HealthFinding};
use crate::run::outcome::{Outcome, Vantage};
use crate::run::record::{Fact, Role};
use admission::Admission;
use assess::{Attempt, assess};
use poll::{Poll, jittered};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: "health-healthy",
    holds: "The service's own health answer says healthy",
    vantage: Vantage::Service,
    role: Role::Obligation,
    // A stated URL needs nobody's answer; where none is stated, the check asks for it itself.
    needs: &[],
    explained_by: &[
        "service-exists",
        "variables-injected",
        "variables-filled",
        "secret-references-match",
        "service-account-matches",
        "secret-version-enabled",
        "secret-readable",
        "secret-version-current",
        "secret-intact",
        "credential-well-formed",
        "vpc-access-present",
        "vpc-connector-in-region",
        "vpc-connector-ready",
        "vpc-network-matches",
        "egress-carries-database",
        "vpc-access-matches",
        "configuration-kept",
        "subnet-large-enough",
        "address-range-free",
        "private-access-active",
        "egress-firewall-allows",
        "route-leads-to-database",
        "ingress-firewall-allows",
        "nat-present",
        "instance-running",
        "instance-is-postgres",
        "instance-has-address",
        "cloudsql-attached",
        "instance-admits-service",
        "instance-tls-agrees",
        "instance-has-database",
        "instance-has-user",
        "instance-iam-login",
        "cloudsql-client-granted",
        "revision-ready",
        "revision-serving",
        "database-name-resolves",
        "database-port-open",
        "database-speaks-postgres",
        "database-login",
        "database-query",
        "database-writable",
        "database-has-headroom",
        "database-migrated",
        "database-has-extensions",
        "database-has-tables",
        "database-grants-privileges",
        "database-gives-expected",
        "service-log-quiet",
    ],
    subjects: |_| Subjects::Whole,
    run: |scope| Box::pin(async move { run(scope).await.unwrap_or_else(|outcome| outcome) }),
};

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let mut urls = target::urls(scope).await?;
    let stated = target::is_stated(scope);
    let expectation = &scope.target.service.health;
    if let Some(outcome) = target::unknown_condition(expectation) {
        return Err(outcome);
    }
    let window = expectation.window;
    let mut poll = Poll::new(expectation.successes);
    let began = Instant::now();
    let mut all_absent = 0;
    let mut admission = Admission::default();
    loop {
        // An answer under way when the window ends is waited for: cut short, it would say less than those before.
        let round = join_all(urls.iter().map(|url| attempt(scope, url, &admission))).await;
        if admission.wants_token(&round) {
            round.iter().for_each(|attempt| note(scope, attempt, Taken::Aside));
            admission.obtain(scope, &urls).await.map_err(|why| Outcome::Broken { why })?;
            continue;
        }
        // Where nobody says which path it is, those that do not exist are told by their 404, all of them.
        let absent = round.iter().all(|attempt| attempt.definitely_absent);
        all_absent = if absent { all_absent + 1 } else { 0 };
        let Some(index) = (0..round.len()).min_by_key(|&index| round[index].rank()) else { break };
        for (at, attempt) in round.iter().enumerate() {
            let taken = match &attempt.end {
                Ok(_) if at == index => Taken::Success,
                Err(_) if at == index => Taken::Failure,
                Ok(_) | Err(_) => Taken::Aside,
            };
            note(scope, attempt, taken);
        }
        let Some(attempt) = round.into_iter().nth(index) else { break };
        if attempt.is_judged() {
            urls = vec![urls.swap_remove(index)];
        }
        let refused = attempt.refused;
        if let Some(detail) = poll.take(attempt, began.elapsed()) {
            for fact in poll.facts() {
                scope.fact(fact);
            }
            scope.notes.so_far(None);
            return Ok(Outcome::Passed { detail });
        }
        admission.last_refused = refused;
        // A front end that does not let the gate in says nothing of the service's health.
        let bad = poll.finding().filter(|_| refused.is_none());
        scope.notes.so_far(bad.cloned().map(Finding::Health));
        // Twice, for the front end may still be learning of a service that has just been made. A path that is stated
        // may be one of a revision that does not serve yet.
        if all_absent == 2 && !stated {
            let urls = urls.iter().map(Url::to_string).collect();
            return Ok(Outcome::Failed { finding: Finding::Health(HealthFinding::NotFound { urls }) });
        }
        let pause = jittered(expectation.interval);
        // A row of healthy answers may end after the window: it has come within it.
        if !poll.is_in_streak() && began.elapsed() + pause >= window {
            break;
        }
        sleep(pause).await;
    }
    if let Some(why) = admission.refusal(&urls) {
        return Err(Outcome::Broken { why });
    }
    Ok(Outcome::Failed { finding: Finding::Health(poll.verdict()) })
}

/// One question and its answer, assessed.
async fn attempt(scope: &Scope, url: &Url, admission: &Admission) -> Attempt {
    let (at_ms, asked) = (scope.at_ms(), Instant::now());
    let answer = scope.outside.http.get_as(url, admission.token(url)).await;
    assess(url.as_str(), answer, at_ms, asked.elapsed(), &scope.target.service.health)
}

fn note(scope: &Scope, attempt: &Attempt, taken: Taken) {
    scope.fact(Fact::HealthAttempt(HealthAttempt {
        at_ms: attempt.at_ms,
        url: attempt.url.clone(),
        status: attempt.status,
        latency_ms: u64::try_from(attempt.latency.as_millis()).unwrap_or(u64::MAX),
        verdict: attempt.verdict,
        taken,
        detail: None,
    }));
    if taken == Taken::Aside {
        return;
    }
    if let (Some(status), Some(body)) = (attempt.status, attempt.disagrees) {
        let fact = Fact::SignalsDisagree { status, body: body.to_owned() };
        // Said once, however often it is seen.
        scope.notes.note(|noted| {
            if !noted.facts.contains(&fact) {
                noted.facts.push(fact);
            }
        });
    }
}

#[cfg(test)]
mod tests;

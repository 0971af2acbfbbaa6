//! The state of polling: how many in a row, and what the whole row of attempts says. Pure but for the jitter.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use super::assess::{Attempt, End};
use crate::health::Judgement;
use crate::record::finding::HealthFinding;
use crate::record::{Barrier, Fact};

/// Longest pattern that is kept: the last attempts.
const LONGEST_PATTERN: usize = 64;
/// So many failures in a row, after which nothing came back, are a state and no turn.
const FOR_GOOD: usize = 3;

const GOOD: char = '✓';
const BAD: char = '✗';

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Poll {
    successes: u32,
    in_a_row: u32,
    pattern: Vec<char>,
    url: String,
    bad: Option<End>,
    good: Option<Judgement>,
    answers: usize,
    failures: u32,
    first_good_after: Option<Duration>,
}

impl Poll {
    /// Nothing seen; `successes` healthy answers in a row are asked for, and one at least.
    pub(super) fn new(successes: u32) -> Self {
        Self {
            successes: successes.max(1),
            in_a_row: 0,
            pattern: Vec::new(),
            url: String::new(),
            bad: None,
            good: None,
            answers: 0,
            failures: 0,
            first_good_after: None,
        }
    }

    /// Takes an attempt in; gives what was seen once enough healthy ones came in a row.
    pub(super) fn take(&mut self, attempt: Attempt, after: Duration) -> Option<String> {
        self.answers += 1;
        self.pattern.push(if attempt.is_good() { GOOD } else { BAD });
        if self.pattern.len() > LONGEST_PATTERN {
            self.pattern.remove(0);
        }
        let (status, latency) = (attempt.status.unwrap_or_default(), attempt.latency.as_millis());
        self.url = attempt.url;
        match attempt.end {
            bad @ (End::Bad(_) | End::Shut(_)) => {
                self.in_a_row = 0;
                self.failures += 1;
                self.bad = Some(bad);
                None
            }
            End::Good(judgement) => {
                self.in_a_row += 1;
                self.first_good_after.get_or_insert(after);
                let enough = self.in_a_row >= self.successes;
                let detail = enough.then(|| {
                    let times = if self.in_a_row == 1 {
                        String::new()
                    } else {
                        format!(", {} times in a row", self.in_a_row)
                    };
                    let cold = self.cold_start().map_or_else(String::new, |(failures, after)| {
                        let attempts = if failures == 1 { "attempt" } else { "attempts" };
                        format!(", after {failures} {attempts} that failed ({:.1} s)", after.as_secs_f64())
                    });
                    format!(
                        "{} answers {status} in {latency} ms{times}{cold}: {}",
                        self.url,
                        said(&judgement)
                    )
                });
                self.good = Some(judgement);
                detail
            }
        }
    }

    /// How many attempts were taken in.
    pub(super) fn answers(&self) -> usize {
        self.answers
    }

    /// Whether the last attempt was healthy.
    pub(super) fn is_in_streak(&self) -> bool {
        self.in_a_row > 0
    }

    /// What is bad at the moment. A barrier that is shut says nothing of the service's health.
    pub(super) fn finding(&self) -> Option<&HealthFinding> {
        match &self.bad {
            Some(End::Bad(finding)) if !self.is_in_streak() => Some(finding),
            Some(End::Bad(_) | End::Good(_) | End::Shut(_)) | None => None,
        }
    }

    /// Whether the healthy answer names no dependency at all.
    pub(super) fn names_nothing(&self) -> bool {
        self.good.as_ref().is_some_and(|good| good.working.is_empty() && good.failing.is_empty())
    }

    /// What a healthy end adds to the record.
    pub(super) fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        if let Some((failures, after)) = self.cold_start() {
            let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            facts.push(Fact::ColdStart { failures, after_ms });
        }
        let working = self.good.iter().flat_map(|judgement| &judgement.working);
        facts.extend(working.map(|dependency| Fact::DependencyUp { dependency: dependency.clone() }));
        facts
    }

    /// How many attempts failed before the first healthy one, and when that came; only where none failed after it.
    fn cold_start(&self) -> Option<(u32, Duration)> {
        let fell = self.pattern.windows(2).any(|pair| pair == [GOOD, BAD]);
        self.first_good_after.filter(|_| self.failures > 0 && !fell).map(|after| (self.failures, after))
    }

    /// What the whole row says once the window ended without enough healthy answers, and of which URL.
    /// A finding, or the barrier that kept the gate out.
    pub(super) fn verdict(self) -> (String, Result<HealthFinding, Barrier>) {
        let Self { url, pattern, bad, .. } = self;
        let turns = pattern.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let tail = pattern.iter().rev().take_while(|mark| **mark == BAD).count();
        // It was never well; or it was, and then it fell for good (an old revision that still answered at first).
        let one_voice = !pattern.contains(&GOOD) || (turns == 1 && tail >= FOR_GOOD);
        match bad.filter(|_| one_voice) {
            Some(End::Bad(finding)) => (url, Ok(finding)),
            Some(End::Shut(barrier)) => (url, Err(barrier)),
            Some(End::Good(_)) | None => {
                let pattern = pattern.into_iter().collect();
                (url.clone(), Ok(HealthFinding::Unstable { url, pattern }))
            }
        }
    }
}

/// What the answer says, in a clause.
fn said(judgement: &Judgement) -> String {
    let mut said = match &judgement.word {
        Some(word) => format!("it says {word:?} ({})", judgement.dialect),
        None => format!("it says {} ({})", judgement.level.word(), judgement.dialect),
    };
    for dependency in judgement.working.iter().filter(|dependency| dependency.database) {
        said.push_str(&format!(", {} is {:?}", dependency.name, dependency.word));
    }
    said
}

/// The interval, a tenth more or less, so that several gates do not ask in step.
pub(super) fn jittered(interval: Duration) -> Duration {
    // The standard library's own random state: nothing here has to be unpredictable.
    let random = RandomState::new().build_hasher().finish() % 201;
    let permille = 900 + u32::try_from(random).unwrap_or(100);
    interval.saturating_mul(permille) / 1000
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::assess::assess;
    use super::super::expect::HealthExpected;
    use super::*;
    use crate::health::HttpAnswer;
    use crate::model::HealthExpectation;

    fn attempt(healthy: bool) -> Attempt {
        let body = if healthy { r#"{"status":"ok","database":"up"}"# } else { r#"{"status":"unhealthy"}"# };
        let body = body.as_bytes().to_vec();
        let answer = HttpAnswer { status: 200, body, ..HttpAnswer::default() };
        let expected = HealthExpected { health: &HealthExpectation::default(), revision: None };
        let url = Url::parse("http://s/health").unwrap();
        assess(&url, Ok(answer), 0, Duration::from_millis(5), &expected)
    }

    /// Takes a row of attempts, one a second; true where it was enough.
    fn after(row: &str, successes: u32) -> (Poll, bool) {
        let mut poll = Poll::new(successes);
        let mut enough = false;
        for (letter, second) in row.chars().zip(0..) {
            enough = poll.take(attempt(letter == 'H'), Duration::from_secs(second)).is_some();
        }
        (poll, enough)
    }

    #[test]
    fn enough_is_so_many_in_a_row() {
        assert!(after("HH", 2).1);
        assert!(after("UUHH", 2).1);
        assert!(!after("HUH", 2).1);
        assert!(after("H", 0).1, "one at least");
    }

    #[test]
    fn a_cold_start_is_noted_only_where_it_was_one() {
        let cold =
            |row| after(row, 2).0.facts().into_iter().find(|fact| matches!(fact, Fact::ColdStart { .. }));
        assert_eq!(cold("UUHH"), Some(Fact::ColdStart { failures: 2, after_ms: 2000 }));
        assert_eq!(cold("HH"), None);
        assert_eq!(cold("HUHH"), None);
    }

    #[test]
    fn a_cold_start_is_told_with_its_time() {
        let mut poll = Poll::new(1);
        assert_eq!(poll.take(attempt(false), Duration::from_millis(10)), None);
        let detail = poll.take(attempt(true), Duration::from_millis(4240)).unwrap();
        assert!(detail.contains("after 1 attempt that failed (4.2 s)"), "{detail}");
    }

    #[test]
    fn working_dependencies_are_noted() {
        let facts = after("HH", 2).0.facts();
        assert!(matches!(&facts[..], [Fact::DependencyUp { dependency }] if dependency.database));
    }

    #[test]
    fn turns_are_unstable_and_one_voice_is_itself() {
        let kind = |row| match after(row, 9).0.verdict().1 {
            Ok(HealthFinding::Unstable { pattern, .. }) => pattern,
            Ok(HealthFinding::Unhealthy { .. }) => "unhealthy".to_owned(),
            other @ (Ok(_) | Err(_)) => panic!("{other:?}"),
        };
        assert_eq!(kind("UUU"), "unhealthy");
        assert_eq!(kind("HHUUU"), "unhealthy", "an old revision answered at first");
        assert_eq!(kind("UHUHU"), "✗✓✗✓✗");
        assert_eq!(kind("HUHUUU"), "✓✗✓✗✗✗");
        assert_eq!(kind("HHU"), "✓✓✗");
        assert_eq!(kind("UUH"), "✗✗✓");
    }

    #[test]
    fn what_is_bad_at_the_moment_is_told() {
        assert!(after("U", 2).0.finding().is_some());
        assert!(after("UH", 2).0.finding().is_none());
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_secs(1)).as_millis();
            assert!((900..=1100).contains(&pause), "{pause}");
        }
    }
}

//! The closed vocabulary: what a word says of health.

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    /// It works.
    Good,
    /// It is not in the vocabulary.
    Unknown,
    /// It works in part, or nobody looked (Spring's `UNKNOWN`).
    Degraded,
    /// It does not work.
    Bad,
}

const GOOD: &[&str] = &[
    "ok",
    "okay",
    "healthy",
    "up",
    "pass",
    "passed",
    "passing",
    "success",
    "successful",
    "succeeded",
    "alive",
    "live",
    "ready",
    "connected",
    "available",
    "online",
    "running",
    "serving",
    "operational",
    "reachable",
    "working",
    "good",
    "normal",
    "green",
    "active",
    "pong",
    "fine",
    "200 ok",
    "all systems operational",
    "up and running",
];

const DEGRADED: &[&str] = &[
    "degraded",
    "degraded performance",
    "warn",
    "warning",
    "partial",
    "partially available",
    "partially degraded",
    "partial outage",
    "impaired",
    "limited",
    "unstable",
    "yellow",
    "amber",
    "unknown",
    "slow",
];

const BAD: &[&str] = &[
    "unhealthy",
    "down",
    "error",
    "errored",
    "err",
    "fail",
    "failed",
    "failing",
    "failure",
    "ko",
    "nok",
    "bad",
    "red",
    "critical",
    "fatal",
    "disconnected",
    "unavailable",
    "unreachable",
    "inaccessible",
    "offline",
    "dead",
    "stopped",
    "terminated",
    "out of service",
    "outage",
    "major outage",
    "shutting down",
    "starting",
    "starting up",
    "initializing",
    "timeout",
    "timed out",
    "time out",
    "broken",
    "crashed",
    "exception",
    "refused",
    "connection refused",
    "connection error",
    "connection failed",
    "connection timeout",
    "connection lost",
    "no connection",
    "lost",
    "denied",
    "access denied",
    "rejected",
    "unresponsive",
];

/// Words of things that are switched off on purpose: neither good nor bad.
const NEUTRAL: &[&str] = &["disabled", "skipped", "not configured", "n/a", "none", "off"];

/// Longest text that can be a word; sentences are not read.
const LONGEST: usize = 40;

/// Looks a word up: case, blanks, dashes, underscores and closing marks do not matter.
pub(super) fn word(text: &str) -> Word {
    if text.len() > LONGEST {
        return head(text);
    }
    let plain = folded(text);
    let plain = plain.as_str();
    if GOOD.contains(&plain) {
        return Word::Good;
    }
    if DEGRADED.contains(&plain) {
        return Word::Degraded;
    }
    if BAD.contains(&plain) {
        return Word::Bad;
    }
    // "not ok", "not_ready", "notserving", "NOT_SERVING".
    let negated = plain.strip_prefix("not").map(str::trim_start);
    if negated.is_some_and(|rest| GOOD.contains(&rest)) {
        return Word::Bad;
    }
    head(text)
}

/// Whether a word speaks of something that is switched off on purpose.
pub(super) fn is_neutral(text: &str) -> bool {
    text.len() <= LONGEST && NEUTRAL.contains(&folded(text).as_str())
}

fn folded(text: &str) -> String {
    let lower = text.to_lowercase();
    let parts: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c == '-' || c == '_')
        .filter(|part| !part.is_empty())
        .collect();
    parts.join(" ").trim_end_matches(['.', '!']).to_owned()
}

/// `unavailable: could not connect`: what stands before the colon may say that something is wrong. That something is
/// right takes the whole text.
fn head(text: &str) -> Word {
    match text.split_once(':') {
        Some((head, _)) if head.len() <= LONGEST => match word(head) {
            Word::Good | Word::Unknown => Word::Unknown,
            bad @ (Word::Degraded | Word::Bad) => bad,
        },
        Some(_) | None => Word::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_says_two_things() {
        let all: Vec<&&str> = GOOD.iter().chain(DEGRADED).chain(BAD).chain(NEUTRAL).collect();
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{one}");
            assert_eq!(one.to_lowercase(), ***one, "is written as it is looked up");
        }
    }

    #[test]
    fn words_are_known_in_any_dress() {
        for (text, expected) in [
            ("OK", Word::Good),
            (" Healthy\n", Word::Good),
            ("Partially Available", Word::Degraded),
            ("OUT_OF_SERVICE", Word::Bad),
            ("out-of-service", Word::Bad),
            ("NOT_SERVING", Word::Bad),
            ("not ok", Word::Bad),
            ("notready", Word::Bad),
            (
                "unavailable: could not translate host name \"db\" to address: nodename nor servname",
                Word::Bad,
            ),
            ("okay: but the database is down", Word::Unknown),
            ("okidoki", Word::Unknown),
            ("", Word::Unknown),
            ("nothing", Word::Unknown),
        ] {
            assert_eq!(word(text), expected, "{text:?}");
        }
    }
}

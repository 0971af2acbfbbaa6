//! What is worth asking again: only what time alone can mend.

use std::time::Duration;

use crate::run::finding::PostgresFinding;

/// A server that starts, stops or fails over: so long it is asked again.
const STARTING_FOR: Duration = Duration::from_secs(10);
const STARTING_PAUSE: Duration = Duration::from_millis(500);
/// A full server may free a slot at any moment, but the service meets the same server: asked thrice within a second.
const SLOTS_TRIES: u32 = 3;
const SLOTS_PAUSE: Duration = Duration::from_millis(400);
/// A cut may be a restart's; a second one is a finding.
const CUT_TRIES: u32 = 2;
const CUT_PAUSE: Duration = Duration::from_millis(300);

/// The pause after which the step is worth another try; `None`: it is not. `tries` were made, the first `elapsed` ago.
pub fn pause_before_retry(finding: &PostgresFinding, tries: u32, elapsed: Duration) -> Option<Duration> {
    match finding {
        PostgresFinding::LoginRefused { sqlstate, .. } | PostgresFinding::QueryFailed { sqlstate, .. } => {
            match sqlstate.as_str() {
                "57P01" | "57P02" | "57P03" => (elapsed < STARTING_FOR).then_some(STARTING_PAUSE),
                "53300" => (tries < SLOTS_TRIES).then_some(SLOTS_PAUSE),
                _ => None,
            }
        }
        // Silence has taken its whole time already.
        PostgresFinding::Cut { .. } => (tries < CUT_TRIES && elapsed < STARTING_FOR / 4).then_some(CUT_PAUSE),
        PostgresFinding::NameUnresolvable { .. }
        | PostgresFinding::Refused { .. }
        | PostgresFinding::TimedOut { .. }
        | PostgresFinding::Unreachable { .. }
        | PostgresFinding::NotPostgres { .. }
        | PostgresFinding::TlsUnsupported { .. }
        | PostgresFinding::TlsFailed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sqlstate: &str) -> PostgresFinding {
        PostgresFinding::LoginRefused {
            sqlstate: sqlstate.to_owned(),
            message: String::new(),
            user: "u".to_owned(),
            database: "d".to_owned(),
            tls: false,
        }
    }

    #[test]
    fn only_what_time_mends_is_asked_again() {
        for sqlstate in ["28P01", "28000", "3D000", "42501", "55000", "XX000"] {
            assert_eq!(pause_before_retry(&refused(sqlstate), 1, Duration::ZERO), None, "{sqlstate}");
        }
    }

    #[test]
    fn a_starting_server_is_given_ten_seconds() {
        let after = |seconds| pause_before_retry(&refused("57P03"), 9, Duration::from_secs(seconds));
        assert!(after(9).is_some());
        assert_eq!(after(10), None);
    }

    #[test]
    fn a_full_server_is_asked_three_times_within_a_second() {
        let pauses: Vec<Duration> =
            (1..10).map_while(|tries| pause_before_retry(&refused("53300"), tries, Duration::ZERO)).collect();
        assert_eq!(pauses.len(), 2);
        assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(1));
    }
}

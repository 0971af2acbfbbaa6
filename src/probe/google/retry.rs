//! How long Google's APIs are waited for: a gate must not spend its minute on a dead endpoint.

use std::time::Duration;

use google_cloud_gax::error::Error;
use google_cloud_gax::exponential_backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use google_cloud_gax::retry_policy::{LimitedAttemptCount, RetryPolicy};
use google_cloud_gax::retry_result::RetryResult;
use google_cloud_gax::retry_state::RetryState;

/// Attempts a read has, the first included.
const ATTEMPTS: u32 = 3;

/// Time limits of one read of the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// One HTTP request and its whole answer.
    pub attempt: Duration,
    /// One read with all its attempts and the pauses between them.
    pub total: Duration,
    /// The pause before the second attempt; it doubles, up to one second.
    pub pause: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(5),
            total: Duration::from_secs(12),
            pause: Duration::from_millis(100),
        }
    }
}

/// Retries what another attempt may fix: overload, trouble on Google's side, broken transport. All our calls
/// only read, so that any may be repeated.
#[derive(Debug)]
struct Transient;

impl RetryPolicy for Transient {
    fn on_error(&self, _state: &RetryState, error: Error) -> RetryResult {
        let overloaded_or_failing =
            error.http_status_code().is_some_and(|code| code == 408 || code == 429 || code >= 500);
        if overloaded_or_failing || error.is_io() || error.is_timeout() || error.is_transient_and_before_rpc()
        {
            RetryResult::Continue(error)
        } else {
            RetryResult::Permanent(error)
        }
    }
}

/// The policy: [`Transient`], a few times.
pub(super) fn policy() -> impl RetryPolicy + 'static {
    LimitedAttemptCount::custom(Transient, ATTEMPTS)
}

/// The pauses between attempts.
pub(super) fn backoff(timeouts: &Timeouts) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_delay(timeouts.pause)
        .with_maximum_delay(Duration::from_secs(1).max(timeouts.pause))
        .clamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(attempts: u32, error: Error) -> RetryResult {
        policy().on_error(&RetryState::new(true).set_attempt_count(attempts), error)
    }

    #[test]
    fn retries_a_few_times_what_may_pass() {
        for error in [Error::io("reset"), Error::timeout("slow"), Error::connect("refused")] {
            assert!(after(1, error).is_continue());
        }
        assert!(after(ATTEMPTS, Error::io("reset")).is_exhausted());
    }

    #[test]
    fn does_not_retry_what_stays() {
        assert!(after(1, Error::deser("no JSON")).is_permanent());
    }
}

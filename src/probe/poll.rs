//! Looking again and again at something that is still moving.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// Looks until what a look gives is the end of it, with these pauses between.
///
/// # Errors
/// What the last look gave, where there is no further pause or none that would end in time; `None` where a look was
/// under way when the time was over: it is not waited for.
pub(crate) async fn poll<T, L: Future<Output = T>>(
    pauses: impl IntoIterator<Item = Duration>,
    limit: Duration,
    look: impl Fn() -> L,
    ended: impl Fn(&T) -> bool,
) -> Result<T, Option<T>> {
    let began = Instant::now();
    let mut pauses = pauses.into_iter();
    loop {
        let left = limit.saturating_sub(began.elapsed());
        let seen = timeout(left, look()).await.map_err(|_late| None)?;
        if ended(&seen) {
            return Ok(seen);
        }
        let left = limit.saturating_sub(began.elapsed());
        match pauses.next() {
            Some(pause) if pause <= left => sleep(pause).await,
            Some(_) | None => return Err(Some(seen)),
        }
    }
}

/// Pauses that double, up to the longest.
pub(crate) fn doubling(first: Duration, longest: Duration) -> impl Iterator<Item = Duration> + Send {
    std::iter::successors(Some(first), move |pause| Some(longest.min(*pause * 2)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const SHORT: Duration = Duration::from_millis(1);
    const HOUR: Duration = Duration::from_secs(3600);

    /// What the looks come to of which the third is the last.
    async fn third(pauses: &[Duration], limit: Duration) -> Result<u32, Option<u32>> {
        let looks = AtomicU32::new(0);
        let look = || std::future::ready(looks.fetch_add(1, Ordering::Relaxed) + 1);
        poll(pauses.iter().copied(), limit, look, |seen| *seen == 3).await
    }

    #[tokio::test]
    async fn looks_until_the_end_or_until_pauses_or_time_are_used_up() {
        let began = Instant::now();
        assert_eq!(third(&[SHORT, SHORT * 2, HOUR], Duration::MAX).await, Ok(3));
        assert!(began.elapsed() >= SHORT * 3);
        assert_eq!(third(&[SHORT], Duration::MAX).await, Err(Some(2)));
        assert_eq!(third(&[], Duration::MAX).await, Err(Some(1)));
        assert_eq!(third(&[SHORT, HOUR * 2], HOUR).await, Err(Some(2)), "no pause in vain");
        let stuck = poll([SHORT], SHORT, std::future::pending::<()>, |()| true);
        assert_eq!(stuck.await, Err(None));
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<Duration> = doubling(SHORT, SHORT * 3).take(4).collect();
        assert_eq!(pauses, [SHORT, SHORT * 2, SHORT * 3, SHORT * 3]);
    }
}

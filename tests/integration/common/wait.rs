//! Waiting for what must come, instead of for a time within which it should have.

use std::time::{Duration, Instant};

/// After this long a test calls what it waits for hung. A guard, no measurement: no loaded machine is this slow.
pub(crate) const HANG: Duration = Duration::from_secs(180);

/// How long to wait before asking again for what only asking tells.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until this is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < HANG, "not within {HANG:?}: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// The same, where asking takes awaiting.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < HANG, "not within {HANG:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

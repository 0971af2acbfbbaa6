//! Each fact is fetched once a run, however many checks ask for it at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::{Answer, NoAnswer};

/// A fact that is being fetched or was: when, and what came.
type Cell<T> = Arc<OnceCell<(Instant, Answer<T>)>>;

/// Answers by resource name.
///
/// Safe against cancellation: where the asker that fetches is dropped, the next one that waits fetches instead.
#[derive(Debug)]
pub(super) struct Memo<T> {
    cells: Mutex<HashMap<String, Cell<T>>>,
}

// Derived, it would ask for `T: Default`.
impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self { cells: Mutex::default() }
    }
}

impl<T> Memo<T> {
    /// The answer, fetched if nobody has asked before.
    pub(super) async fn get<F>(&self, key: &str, fetch: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let cell = self.with(|cells| Arc::clone(cells.entry(key.to_owned()).or_default()));
        fill(&cell, fetch).await
    }

    /// The answer, fetched anew if the one that is known is older than `age`. A new answer replaces the old one for
    /// everybody, unless it could not be found out this time.
    pub(super) async fn get_within<F>(&self, age: Duration, key: &str, fetch: impl FnOnce() -> F) -> Answer<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let (cell, old) = self.with(|cells| {
            let cell = cells.entry(key.to_owned()).or_default();
            match cell.get() {
                Some((at, _)) if at.elapsed() > age => {
                    let old = std::mem::take(cell);
                    (Arc::clone(cell), Some(old))
                }
                Some(_) | None => (Arc::clone(cell), None),
            }
        });
        let answer = fill(&cell, fetch).await;
        if let (Err(NoAnswer::Inconclusive(_)), Some(old)) = (&answer, old) {
            self.with(|cells| {
                if cells.get(key).is_some_and(|current| Arc::ptr_eq(current, &cell)) {
                    cells.insert(key.to_owned(), old);
                }
            });
        }
        answer
    }

    fn with<R>(&self, change: impl FnOnce(&mut HashMap<String, Cell<T>>) -> R) -> R {
        change(&mut self.cells.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn fill<T, F>(cell: &Cell<T>, fetch: impl FnOnce() -> F) -> Answer<T>
where
    F: Future<Output = Answer<T>>,
{
    let (_, answer) = cell
        .get_or_init(|| async {
            let answer = fetch().await;
            (Instant::now(), answer)
        })
        .await;
    answer.clone()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::record::Inconclusive;

    fn trouble() -> Answer<u32> {
        Err(NoAnswer::Inconclusive(Inconclusive::Unavailable { what: "x".into(), detail: "reset".into() }))
    }

    #[tokio::test]
    async fn many_askers_one_fetch() {
        let memo = Memo::default();
        let fetched = AtomicU32::new(0);
        let ask = || {
            memo.get("a", || async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(Arc::new(fetched.fetch_add(1, Ordering::Relaxed)))
            })
        };
        let answers = futures::future::join_all((0..20).map(|_| ask())).await;
        assert!(answers.iter().all(|answer| answer.as_deref() == Ok(&0)));
        assert_eq!(fetched.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_dropped_asker_leaves_the_fetch_to_the_next() {
        let memo: Memo<u32> = Memo::default();
        let dropped = memo.get("a", std::future::pending);
        assert!(tokio::time::timeout(Duration::from_millis(5), dropped).await.is_err());
        assert_eq!(memo.get("a", || async { Ok(Arc::new(7)) }).await.as_deref(), Ok(&7));
    }

    #[tokio::test]
    async fn a_fresh_answer_replaces_the_old_one_for_all() {
        let memo: Memo<u32> = Memo::default();
        assert_eq!(memo.get("a", || async { Ok(Arc::new(1)) }).await.as_deref(), Ok(&1));
        let young = memo.get_within(Duration::MAX, "a", || async { Ok(Arc::new(2)) }).await;
        assert_eq!(young.as_deref(), Ok(&1));
        tokio::time::sleep(Duration::from_millis(2)).await;
        let anew = memo.get_within(Duration::ZERO, "a", || async { Ok(Arc::new(3)) }).await;
        assert_eq!(anew.as_deref(), Ok(&3));
        assert_eq!(memo.get("a", || async { Ok(Arc::new(4)) }).await.as_deref(), Ok(&3));
    }

    #[tokio::test]
    async fn trouble_does_not_replace_what_is_known() {
        let memo: Memo<u32> = Memo::default();
        let _ = memo.get("a", || async { Ok(Arc::new(1)) }).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(memo.get_within(Duration::ZERO, "a", || async { trouble() }).await.is_err());
        assert_eq!(memo.get("a", || async { Ok(Arc::new(4)) }).await.as_deref(), Ok(&1));
    }
}

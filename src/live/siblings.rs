//! What a check may know of the other checks of its service: whether they have ended.

use std::collections::BTreeMap;

use tokio::sync::watch;

use crate::record::CheckId;

/// The checks planned for a service: `None` while under way, then whether all their nodes passed.
pub type Progress = BTreeMap<CheckId, Option<bool>>;

/// Where the checks of a service stand.
#[derive(Clone, Debug)]
pub struct Siblings(watch::Receiver<Progress>);

impl Siblings {
    /// Watches this progress.
    pub fn new(progress: watch::Receiver<Progress>) -> Self {
        Self(progress)
    }

    /// Waits until a check has ended, and tells whether it passed. One that is not planned has passed.
    pub async fn passed(&mut self, check: CheckId) -> bool {
        let ended = self.0.wait_for(|progress| progress.get(&check).is_none_or(Option::is_some)).await;
        // Without an executor nobody waits.
        ended.is_ok_and(|progress| progress.get(&check).copied().flatten().unwrap_or(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CheckId = CheckId::new("a");
    const B: CheckId = CheckId::new("b");

    #[tokio::test]
    async fn waits_for_the_end_of_a_check() {
        let (send, receive) = watch::channel(Progress::from([(A, None), (B, Some(false))]));
        let mut siblings = Siblings::new(receive);
        assert!(!siblings.passed(B).await);
        assert!(siblings.passed(CheckId::new("not-planned")).await);
        let mut waiting = siblings.clone();
        let task = tokio::spawn(async move { waiting.passed(A).await });
        send.send_modify(|progress| {
            progress.insert(A, Some(true));
        });
        assert!(task.await.unwrap());
    }
}

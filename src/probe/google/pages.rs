//! Lists come in pages.

use std::sync::Arc;

use super::calls::Call;
use super::{Answer, Google};
use crate::run::outcome::Broken;

/// Most pages of one list that are read; an endless list must not hold the run.
const PAGES: usize = 20;

impl Google {
    /// Every item of a list. `ask` gets the token of the page (empty: the first) and gives its items and the token
    /// of the next page (empty: none).
    pub(super) async fn all<T, F>(
        &self,
        call: &'static Call,
        resource: &str,
        ask: impl Fn(String) -> F + Send,
    ) -> Answer<Vec<T>>
    where
        T: Send,
        F: Future<Output = Result<google_cloud_gax::Result<(Vec<T>, String)>, Broken>> + Send,
    {
        let mut items = Vec::new();
        let mut token = String::new();
        for _ in 0..PAGES {
            let (more, next) = self.once(call, resource, ask(token)).await?;
            items.extend(more);
            if next.is_empty() {
                return Ok(Arc::new(items));
            }
            token = next;
        }
        let detail = format!("more than {PAGES} pages");
        Err(Broken::Unavailable { what: resource.to_owned(), detail }.into())
    }
}

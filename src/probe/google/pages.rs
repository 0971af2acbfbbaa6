//! Lists come in pages.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::calls::Call;
use super::errors::no_answer;
use super::transport::{Ask, LONGEST_ANSWER};
use super::{Answer, Google, asked};
use crate::record::Inconclusive;

/// Most pages of one list that are read; an endless list must not hold the run.
const PAGES: usize = 20;

/// Longest list that is read, all its pages together, in bytes.
const LONGEST_LIST: usize = 2 * LONGEST_ANSWER;

impl Google {
    /// Every item of a list: `parts` takes from a page its items, and the token of the next page where there is one.
    pub(super) async fn all<P, T>(
        &self,
        call: &'static Call,
        resource: &str,
        ask: Ask,
        parts: impl Fn(P) -> (Vec<T>, Option<String>),
    ) -> Answer<Vec<T>>
    where
        P: DeserializeOwned,
    {
        let mut items = Vec::new();
        let mut bytes = 0;
        let mut token: Option<String> = None;
        for _ in 0..PAGES {
            let page = match &token {
                Some(token) => ask.clone().with("pageToken", token),
                None => ask.clone(),
            };
            let (page, length) = self.measured(call, resource, page).await?;
            let (more, next) = parts(page.map_err(|error| no_answer(&error, asked(call, resource)))?);
            items.extend(more);
            bytes += length;
            let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(Arc::new(items)) };
            if token.as_ref() == Some(&next) {
                return Err(endless(resource, "each page leads to itself".to_owned()));
            }
            if bytes > LONGEST_LIST {
                return Err(endless(resource, format!("the list is longer than {} MiB", LONGEST_LIST >> 20)));
            }
            token = Some(next);
        }
        Err(endless(resource, format!("more than {PAGES} pages")))
    }
}

fn endless(resource: &str, detail: String) -> super::NoAnswer {
    Inconclusive::Unavailable { what: resource.to_owned(), detail }.into()
}

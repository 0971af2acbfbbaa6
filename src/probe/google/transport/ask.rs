//! One request: what stands in its URL after the API's own address, and its body.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use url::Url;

/// A request.
#[derive(Clone, Debug)]
pub(in super::super) struct Ask {
    method: Method,
    /// `v2/projects/P/…`, without a leading slash.
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    repeatable: bool,
}

impl Ask {
    fn new(method: Method, path: String, body: Option<Value>) -> Self {
        Self { method, path, query: Vec::new(), body, repeatable: true }
    }

    /// A read.
    pub(in super::super) fn get(path: String) -> Self {
        Self::new(Method::GET, path, None)
    }

    /// A POST that only reads, unless it is said to be made [`Self::once`].
    pub(in super::super) fn post(path: String, body: Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    /// A change, which may be made twice.
    pub(in super::super) fn patch(path: String, body: Value) -> Self {
        Self::new(Method::PATCH, path, Some(body))
    }

    /// A removal.
    pub(in super::super) fn delete(path: String) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    /// With a parameter in its query.
    #[must_use]
    pub(in super::super) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.query.push((key, value.into()));
        self
    }

    /// Not to be sent twice, whatever comes of it.
    #[must_use]
    pub(in super::super) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    pub(in super::super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn repeatable(&self) -> bool {
        self.repeatable
    }

    /// Where it goes; `base` is the API's address, with whatever path it has.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), self.path));
        url.set_query(None);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    pub(super) fn request(&self, client: &Client, url: &Url) -> RequestBuilder {
        let request = client.request(self.method.clone(), url.clone());
        match &self.body {
            Some(body) => request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                // Written by hand: the client's own JSON is a feature that nothing else needs.
                .body(body.to_string()),
            None => request,
        }
    }
}

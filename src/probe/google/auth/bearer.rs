//! Credentials of our own: a token that is given, and others whose tokens the vault is told of.

use std::sync::Arc;

use google_cloud_auth::credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag};
use google_cloud_auth::errors::CredentialsError;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Extensions, HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::Vault;
use crate::record::Inconclusive;

/// A given access token as bearer.
#[derive(Debug)]
pub(super) struct Bearer {
    /// Marked sensitive, so that it does not show in any `Debug` output.
    header: HeaderValue,
    tag: EntityTag,
}

impl Bearer {
    pub(super) fn new(token: &SecretString) -> Result<Self, Inconclusive> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()))
            // The source says nothing and could only tempt to show the value.
            .ok()
            .filter(|_| !token.expose_secret().trim().is_empty())
            .ok_or_else(|| Inconclusive::NoCredentials {
                detail: "the access token is empty or has characters that no HTTP header can carry"
                    .to_owned(),
                fix: None,
            })?;
        header.set_sensitive(true);
        Ok(Self { header, tag: EntityTag::new() })
    }
}

impl CredentialsProvider for Bearer {
    async fn headers(
        &self,
        extensions: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        if extensions.get::<EntityTag>() == Some(&self.tag) {
            return Ok(CacheableResource::NotModified);
        }
        let data = HeaderMap::from_iter([(AUTHORIZATION, self.header.clone())]);
        Ok(CacheableResource::New { entity_tag: self.tag.clone(), data })
    }

    async fn universe_domain(&self) -> Option<String> {
        None // Google's own
    }
}

/// Credentials whose tokens no output will show.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) inner: Credentials,
    pub(super) vault: Arc<Vault>,
}

impl CredentialsProvider for Remembered {
    async fn headers(
        &self,
        extensions: Extensions,
    ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        let headers = self.inner.headers(extensions).await?;
        if let CacheableResource::New { data, .. } = &headers
            && let Some(token) = data.get(AUTHORIZATION).and_then(|value| value.to_str().ok())
        {
            let token = token.split_once(' ').map_or(token, |(_, token)| token);
            self.vault.remember(&SecretString::from(token));
        }
        Ok(headers)
    }

    async fn universe_domain(&self) -> Option<String> {
        self.inner.universe_domain().await
    }
}

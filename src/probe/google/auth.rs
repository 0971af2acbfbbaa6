//! As whom Google's APIs are asked, in the form that the client libraries take.

use std::time::Duration;

use google_cloud_auth::credentials::{
    Builder, CacheableResource, Credentials, CredentialsProvider, EntityTag, anonymous,
};
use google_cloud_auth::errors::CredentialsError;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Extensions, HeaderMap};
use secrecy::{ExposeSecret as _, SecretString};

use super::errors::chain;
use super::{Auth, Vault};
use crate::run::outcome::Broken;

/// What mends missing credentials on a laptop.
const LOGIN: &str = "run `gcloud auth application-default login`";

/// The credentials, proven to give a token within `limit`.
///
/// Proven here and not at the first call, because without any configuration the library asks the metadata server of a
/// Google machine, which on any other machine shows as a DNS failure or as silence.
pub(super) async fn credentials(auth: &Auth, vault: &Vault, limit: Duration) -> Result<Credentials, Broken> {
    match auth {
        Auth::Anonymous => Ok(anonymous::Builder::new().build()),
        Auth::AccessToken(token) => {
            vault.remember(token);
            Ok(Bearer::new(token)?.into())
        }
        Auth::ApplicationDefault => {
            let found = Builder::default().build().map_err(|error| Broken::NoCredentials {
                detail: format!("application-default credentials: {}; {LOGIN}", chain(&error)),
            })?;
            proven(found, limit).await
        }
    }
}

/// The credentials, if they give a token in time.
async fn proven(found: Credentials, limit: Duration) -> Result<Credentials, Broken> {
    let detail = match tokio::time::timeout(limit, found.headers(Extensions::new())).await {
        Ok(Ok(_)) => return Ok(found),
        Ok(Err(error)) => chain(&error),
        Err(_) => format!("no token within {} s", limit.as_secs_f32()),
    };
    Err(Broken::NoCredentials { detail: format!("application-default credentials: {detail}; {LOGIN}") })
}

/// A given access token as bearer.
#[derive(Debug)]
struct Bearer {
    /// Marked sensitive, so that it does not show in any `Debug` output.
    header: HeaderValue,
    tag: EntityTag,
}

impl Bearer {
    fn new(token: &SecretString) -> Result<Self, Broken> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim()))
            // The source says nothing and could only tempt to show the value.
            .ok()
            .filter(|_| !token.expose_secret().trim().is_empty())
            .ok_or_else(|| Broken::NoCredentials {
                detail: "the access token is empty or has characters that no HTTP header can carry"
                    .to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Credentials that fail, or never come.
    #[derive(Debug)]
    struct Absent {
        silent: bool,
    }

    impl CredentialsProvider for Absent {
        async fn headers(
            &self,
            _extensions: Extensions,
        ) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
            if self.silent {
                std::future::pending::<()>().await;
            }
            Err(CredentialsError::from_msg(true, "metadata.google.internal: no such host"))
        }

        async fn universe_domain(&self) -> Option<String> {
            None
        }
    }

    #[tokio::test]
    async fn credentials_that_do_not_come_say_how_to_log_in() {
        for silent in [false, true] {
            let found = proven(Absent { silent }.into(), Duration::from_millis(20)).await;
            let Err(Broken::NoCredentials { detail }) = found else { panic!("taken for proven") };
            assert!(detail.contains("gcloud auth application-default login"), "{detail}");
            assert_eq!(detail.contains("no such host"), !silent, "{detail}");
        }
    }

    #[tokio::test]
    async fn a_given_token_is_sent_as_bearer_and_never_shown() {
        let vault = Vault::default();
        let auth = Auth::AccessToken("ya29.secret-token".into());
        let credentials = credentials(&auth, &vault, Duration::from_secs(1)).await.unwrap();
        let CacheableResource::New { data, entity_tag } =
            credentials.headers(Extensions::new()).await.unwrap()
        else {
            panic!("no headers at first");
        };
        assert_eq!(data[AUTHORIZATION], "Bearer ya29.secret-token");
        assert!(!format!("{credentials:?} {data:?}").contains("ya29"));
        assert!(!vault.redact("ya29.secret-token").contains("ya29"));
        let mut known = Extensions::new();
        known.insert(entity_tag);
        assert_eq!(credentials.headers(known).await.unwrap(), CacheableResource::NotModified);
    }

    #[tokio::test]
    async fn a_token_that_no_header_carries_is_refused_without_showing_it() {
        for token in ["bad\ntoken", "", "  "] {
            let auth = Auth::AccessToken(token.into());
            let got = credentials(&auth, &Vault::default(), Duration::from_secs(1)).await;
            let Err(Broken::NoCredentials { detail }) = got else { panic!("taken") };
            assert!(!detail.contains("bad"), "{detail}");
        }
    }
}

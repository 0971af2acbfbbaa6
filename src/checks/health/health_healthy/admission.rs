//! How the gate gets past the front end of a private service: with an ID token, shown to nobody but the service.

use std::sync::Arc;

use google_cloud_run_v2::model::Service;
use secrecy::SecretString;
use url::Url;

use super::assess::Attempt;
use crate::live::Scope;
use crate::probe::google::{IdToken, NoAnswer};
use crate::probe::http::is_loopback;
use crate::record::{Fix, Inconclusive};
use crate::text::bounded;

/// What is shown to the front end. Nothing, until it has refused once: most services are public.
#[derive(Debug, Default)]
pub(super) struct Admission {
    shown: Option<Shown>,
    /// The status with which the front end refused the last time.
    pub(super) last_refused: Option<u16>,
}

#[derive(Debug)]
struct Shown {
    token: Arc<IdToken>,
    service: Arc<Service>,
}

impl Admission {
    /// The token for this URL, if one is shown at all, and the URL is the service's own.
    pub(super) fn token(&self, url: &Url) -> Option<&SecretString> {
        let shown = self.shown.as_ref()?;
        is_own(url, &shown.service).then_some(&shown.token.token)
    }

    /// Whether the front end refused for want of a token.
    pub(super) fn wants_token(&self, round: &[Attempt]) -> bool {
        self.shown.is_none() && round.iter().any(|attempt| attempt.refused.is_some())
    }

    /// Gets a token for the service.
    ///
    /// # Errors
    /// There is none to be had, or the service's own addresses are not known.
    pub(super) async fn obtain(&mut self, scope: &Scope, urls: &[Url]) -> Result<(), Inconclusive> {
        let (token, service) = token_for(scope, urls).await?;
        self.shown = Some(Shown { token, service });
        Ok(())
    }

    /// Why the gate was not let in, where the last answer was the front end's.
    pub(super) fn refusal(&self, urls: &[Url]) -> Option<Inconclusive> {
        let (status, shown) = (self.last_refused?, self.shown.as_ref()?);
        let url = urls.first().map(Url::to_string).unwrap_or_default();
        Some(refused_with(&url, status, &shown.token.caller, &shown.service))
    }
}

/// A token for a service that is asked at these URLs, and the service as it is.
///
/// # Errors
/// There is none to be had, or the service's own addresses are not known.
pub(in crate::checks) async fn token_for(
    scope: &Scope,
    urls: &[Url],
) -> Result<(Arc<IdToken>, Arc<Service>), Inconclusive> {
    let name = &scope.target.name;
    let service = match scope.live_service().await {
        Ok(service) => service,
        Err(NoAnswer::Inconclusive(why)) => return Err(why),
        Err(NoAnswer::NotFound) => {
            return Err(nowhere(format!("there is no service {name} to ask it for")));
        }
    };
    if let Some(foreign) = urls.iter().find(|url| !is_own(url, &service)) {
        let host = bounded(&foreign.origin().ascii_serialization());
        return Err(nowhere(format!(
            "{host} is no address of service {name} itself, so no token is sent there"
        )));
    }
    let audience = audience(&service).ok_or_else(|| {
        nowhere(format!("service {name} has neither a URL of its own nor a custom audience"))
    })?;
    let token = scope.outside.google.id_token(audience).await?;
    Ok((token, service))
}

/// Why a front end does not let a caller in that shows a token: its status is 401 or 403.
pub(in crate::checks) fn refused_with(
    url: &str,
    status: u16,
    caller: &str,
    service: &Service,
) -> Inconclusive {
    let (url, caller) = (url.to_owned(), caller.to_owned());
    if status == 403 {
        return Inconclusive::InvokerDenied { url, caller };
    }
    let audience = audience(service).unwrap_or_default();
    let detail = format!("401 from the front end, for a token of audience {audience}");
    Inconclusive::TokenRejected { url, caller, detail }
}

pub(in crate::checks) fn nowhere(because: String) -> Inconclusive {
    Inconclusive::NoCredentials {
        detail: format!("a private service wants an ID token, and {because}"),
        fix: Some(Fix {
            text: "let the gate ask the service at its own URL (take `url:` out of rungate.yaml)".to_owned(),
            command: None,
        }),
    }
}

/// Whether a URL leads to the service itself, by TLS or on this machine. A host of the user's own choosing is not
/// enough: whoever may change the pipeline file could have the token sent to himself.
pub(in crate::checks) fn is_own(url: &Url, service: &Service) -> bool {
    let tagged = service.traffic_statuses.iter().map(|status| &status.uri);
    let mut own = service.urls.iter().chain([&service.uri]).chain(tagged);
    (url.scheme() == "https" || is_loopback(url))
        && own.any(|one| Url::parse(one).is_ok_and(|one| one.origin() == url.origin()))
}

/// For whom the token is: the service's own URL, and never that of a tag, which Cloud Run does not take; where it has
/// none, a custom audience.
fn audience(service: &Service) -> Option<&str> {
    let own = [&service.uri].into_iter().filter(|_| !service.default_uri_disabled);
    own.chain(&service.custom_audiences).chain(&service.urls).map(String::as_str).find(|one| !one.is_empty())
}

#[cfg(test)]
mod tests {
    use google_cloud_run_v2::model::TrafficTargetStatus;

    use super::*;

    const URI: &str = "https://auth-x-ew.a.run.app";
    const TAG: &str = "https://candidate---auth-x-ew.a.run.app";

    fn service() -> Service {
        Service::new()
            .set_uri(URI)
            .set_urls([URI, "https://auth-1.europe-west1.run.app"])
            .set_traffic_statuses([TrafficTargetStatus::new().set_uri(TAG)])
    }

    #[test]
    fn a_token_goes_to_the_service_s_own_addresses_alone() {
        for (url, own) in [
            ("https://auth-x-ew.a.run.app/health", true),
            ("https://auth-1.europe-west1.run.app/health", true),
            ("https://candidate---auth-x-ew.a.run.app/health", true),
            ("http://auth-x-ew.a.run.app/health", false),
            ("https://auth-x-ew.a.run.app:8443/health", false),
            ("https://auth-x-ew.a.run.app.example/health", false),
            ("https://auth-x-ew.a.run.app@example.com/health", false),
            ("https://auth.example.com/health", false),
        ] {
            assert_eq!(is_own(&Url::parse(url).unwrap(), &service()), own, "{url}");
        }
    }

    #[test]
    fn the_audience_is_the_service_s_own_url_and_never_a_tag_s() {
        assert_eq!(audience(&service()), Some(URI));
        let hidden =
            service().set_default_uri_disabled(true).set_custom_audiences(["https://auth.example.com"]);
        assert_eq!(audience(&hidden), Some("https://auth.example.com"));
        assert_eq!(audience(&Service::new()), None);
    }
}

//! Where a step goes: the base URL of a service of the pipeline, or the origin that the step itself names; and how the
//! gate gets past the front end of a private service.

use std::sync::Arc;

use google_cloud_run_v2::model::Service;
use secrecy::SecretString;
use url::Url;

use crate::checks::health::{admission, target};
use crate::live::{Notes, Scope};
use crate::model::{Step, Target, To};
use crate::probe::google::IdToken;
use crate::record::{Inconclusive, Outcome};

/// Where a step goes.
pub(super) struct StepTarget {
    pub(super) base: Url,
    /// Whether it is a service of the pipeline.
    pub(super) own: bool,
    /// The service, where it is one whose URL the step does not state.
    pub(super) target: Option<Arc<Target>>,
}

/// An ID token, and the service that it is for.
pub(super) struct Admitted {
    token: Arc<IdToken>,
    service: Arc<Service>,
}

impl StepTarget {
    /// Finds it out.
    pub(super) async fn of(scope: &Scope, step: &Step) -> Result<Self, Outcome> {
        let target = match &step.head.to {
            To::Url { origin, own, .. } => {
                return Ok(Self { base: parsed(origin)?, own: *own, target: None });
            }
            To::Path { service: None, .. } => Arc::clone(&scope.target),
            To::Path { service: Some(service), .. } => {
                scope.walks.target(service.raw(), &scope.target).ok_or_else(|| {
                    let detail = "it is not among the services that are checked".to_owned();
                    let what = format!("service {}", service.raw());
                    Outcome::Inconclusive { why: Inconclusive::Unavailable { what, detail } }
                })?
            }
        };
        let base = target::base(&of_target(scope, &target)).await?;
        Ok(Self { base: parsed(&base)?, own: true, target: Some(target) })
    }

    /// Key of the service, where it is another than the journey's own.
    pub(super) fn asked(&self, scope: &Scope) -> Option<String> {
        self.target.as_ref().filter(|target| target.key != scope.target.key).map(|target| target.key.clone())
    }

    /// Gets an ID token for the front end of the service.
    pub(super) async fn admitted(&self, scope: &Scope) -> Result<Admitted, Inconclusive> {
        let Some(target) = &self.target else {
            return Err(admission::nowhere(
                "a step with a `url` is no service whose addresses Cloud Run tells (use `service` and `path`)"
                    .to_owned(),
            ));
        };
        let (token, service) =
            admission::token_for(&of_target(scope, target), std::slice::from_ref(&self.base)).await?;
        Ok(Admitted { token, service })
    }
}

impl Admitted {
    /// The token, if the URL is the service's own.
    pub(super) fn token(&self, url: &Url) -> Option<&SecretString> {
        admission::is_own(url, &self.service).then_some(&self.token.token)
    }

    /// Why the front end does not let the gate in although it shows this token.
    pub(super) fn refusal(&self, url: &str, status: u16) -> Inconclusive {
        admission::refused_with(url, status, &self.token.caller, &self.service)
    }
}

/// The scope as a check of that service would have it; what it notes is not kept.
pub(super) fn of_target(scope: &Scope, target: &Arc<Target>) -> Scope {
    if target.key == scope.target.key {
        return scope.clone();
    }
    Scope { target: Arc::clone(target), notes: Arc::new(Notes::default()), ..scope.clone() }
}

#[expect(clippy::result_large_err, reason = "an outcome is made once a step")]
fn parsed(text: &str) -> Result<Url, Outcome> {
    Url::parse(text).map_err(|error| Outcome::Inconclusive {
        why: Inconclusive::Unavailable { what: text.to_owned(), detail: error.to_string() },
    })
}

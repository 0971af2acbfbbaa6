//! One question: a `GET`, and where the service only sends it on to another of its own paths, that one too.

use tokio::time::{Instant, timeout};
use url::Url;

use super::admission::Admission;
use super::assess::{Attempt, assess};
use super::expect::HealthExpected;
use crate::health::{HttpAnswer, leads_to_login};
use crate::live::Scope;
use crate::probe::http::NoHttpAnswer;

/// Most redirects that are followed: `/health` to `/health/`, and one to spare.
const HOPS: usize = 3;

/// One question and its answer, assessed.
pub(super) async fn attempt(
    scope: &Scope,
    url: &Url,
    admission: &Admission,
    expected: &HealthExpected<'_>,
) -> Attempt {
    let (at_ms, asked) = (scope.at_ms(), Instant::now());
    let limit = scope.settings.step_timeout;
    // Each answer has this much time; a chain of them has no more.
    let answer = match timeout(limit.saturating_mul(2), answer(scope, url, admission)).await {
        Ok(answer) => answer,
        Err(_too_long) => Err(NoHttpAnswer::TimedOut { after: limit.saturating_mul(2) }),
    };
    assess(url, answer, at_ms, asked.elapsed(), expected)
}

/// The answer, after redirects within the service itself. A token is shown once, and to nobody to whom the answer leads.
async fn answer(scope: &Scope, url: &Url, admission: &Admission) -> Result<HttpAnswer, NoHttpAnswer> {
    let token = admission.token(url);
    let mut answer = scope.outside.http.get_as(url, token).await?;
    let mut seen = vec![url.clone()];
    for _ in 0..HOPS {
        let Some(next) = next(&answer, &seen).filter(|_| token.is_none()) else { break };
        answer = scope.outside.http.get(&next).await?;
        seen.push(next);
    }
    Ok(answer)
}

/// Where a redirect leads, if it may be followed: to another path of the same origin, that was not asked yet, and is no
/// login page. The host of another is not the service, and may be anything: the metadata server, for one.
fn next(answer: &HttpAnswer, seen: &[Url]) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut to = seen.last()?.join(answer.location.as_deref()?).ok()?;
    to.set_fragment(None);
    let first = seen.first()?;
    let same = to.origin() == first.origin() && to.username().is_empty() && to.password().is_none();
    (same && !seen.contains(&to) && !leads_to_login(&to)).then_some(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_service_itself_is_followed() {
        let url = Url::parse("https://a.run.app/health").unwrap();
        let to = |status, location: &str| {
            let answer = HttpAnswer { status, location: Some(location.to_owned()), ..HttpAnswer::default() };
            next(&answer, std::slice::from_ref(&url)).map(|url| url.to_string())
        };
        assert_eq!(to(307, "/health/").as_deref(), Some("https://a.run.app/health/"));
        assert_eq!(
            to(301, "https://a.run.app/api/health#x").as_deref(),
            Some("https://a.run.app/api/health")
        );
        assert_eq!(to(302, "health?full=1").as_deref(), Some("https://a.run.app/health?full=1"));
        for location in [
            "https://b.run.app/health",
            "http://a.run.app/health/",
            "https://a.run.app:8443/health/",
            "//b.run.app/health",
            "http://169.254.169.254/computeMetadata/v1/",
            "http://metadata.google.internal/",
            "https://10.0.0.5/",
            "https://user@a.run.app/health/",
            "file:///etc/passwd",
            "/health",
            "/login",
            "http://[",
        ] {
            assert_eq!(to(302, location), None, "{location}");
        }
        assert_eq!(to(300, "/health/"), None);
        assert_eq!(to(200, "/health/"), None);
    }
}

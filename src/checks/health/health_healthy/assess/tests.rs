//! Answers of every kind, and what they come to.

use super::*;
use crate::model::{HealthExpectation, Place, Stated};

fn answer(status: u16, body: &str) -> Result<HttpAnswer, NoHttpAnswer> {
    let body = body.as_bytes().to_vec();
    Ok(HttpAnswer { status, body, ..HttpAnswer::default() })
}

fn url() -> Url {
    Url::parse("http://s/health").unwrap()
}

fn seen(answer: Result<HttpAnswer, NoHttpAnswer>, expectation: &HealthExpectation) -> String {
    let expected = HealthExpected { health: expectation, revision: None };
    let attempt = assess(&url(), answer, 0, Duration::from_millis(20), &expected);
    let word = |value: serde_json::Value, key: &str| value[key].as_str().unwrap().to_owned();
    match attempt.end {
        End::Good(judgement) => judgement.level.word().to_owned(),
        End::Bad(finding) => word(serde_json::to_value(finding).unwrap(), "kind"),
        End::Shut(barrier) => word(serde_json::to_value(barrier).unwrap(), "barrier"),
    }
}

fn with(change: impl FnOnce(&mut HealthExpectation)) -> HealthExpectation {
    let mut expectation = HealthExpectation::default();
    change(&mut expectation);
    expectation
}

fn stated(text: &str) -> Stated {
    Stated::known(text, Place { file: "rungate.yaml".into(), line: 1, column: 1 })
}

fn condition(text: &str) -> HealthExpectation {
    with(|expectation| expectation.conditions = vec![stated(text)])
}

#[test]
fn answers_become_what_they_are() {
    let plain = HealthExpectation::default();
    for (status, body, expected) in [
        (200, r#"{"status":"ok"}"#, "healthy"),
        (200, r#"{"status":"unhealthy"}"#, "unhealthy"),
        (200, r#"{"status":"degraded"}"#, "unhealthy"),
        (503, r#"{"status":"ok"}"#, "bad-status"),
        (503, "no upstream", "bad-status"),
        (429, "slow down", "bad-status"),
        (429, "Rate exceeded.", "front-end"),
        (404, r#"{"detail":"Not Found"}"#, "not-found"),
        (302, "", "not-judgeable"),
        (401, "", "credentials"),
        (403, r#"{"detail":"forbidden"}"#, "credentials"),
        (407, "", "not-judgeable"),
        (200, "<html>", "not-judgeable"),
    ] {
        assert_eq!(seen(answer(status, body), &plain), expected, "{status} {body}");
    }
    let none = Err(NoHttpAnswer::TimedOut { after: Duration::from_secs(1) });
    assert_eq!(seen(none, &plain), "no-answer");
}

#[test]
fn expectations_add_to_the_body_and_never_excuse_it() {
    let ok = || answer(200, r#"{"status":"ok","version":"7"}"#);
    let unhealthy = || answer(200, r#"{"status":"unhealthy","version":"7"}"#);
    assert_eq!(seen(ok(), &condition("$.version")), "healthy");
    assert_eq!(seen(ok(), &condition("$[?@.version == '8']")), "expectation-unmet");
    assert_eq!(seen(ok(), &condition("$.missing")), "expectation-unmet");
    assert_eq!(seen(ok(), &condition("no path")), "expectation-unmet");
    assert_eq!(seen(unhealthy(), &condition("$.version")), "unhealthy");
    let slow = with(|expectation| expectation.latency = Some(Duration::from_millis(10)));
    assert_eq!(seen(ok(), &slow), "expectation-unmet");
    assert_eq!(seen(unhealthy(), &slow), "unhealthy");
    let teapot = with(|expectation| expectation.statuses = vec![418]);
    assert_eq!(seen(ok(), &teapot), "expectation-unmet");
    assert_eq!(seen(answer(418, r#"{"status":"ok"}"#), &teapot), "healthy");
}

#[test]
fn conditions_judge_what_has_no_words() {
    assert_eq!(seen(answer(200, r#"{"build":7}"#), &condition("$.build")), "not-judgeable");
    let health = condition("$.build");
    let expected = HealthExpected { health: &health, revision: None };
    assert!(assess(&url(), answer(200, r#"{"build":7}"#), 0, Duration::ZERO, &expected).is_good());
    assert_eq!(seen(answer(200, r#"{"build":7}"#), &condition("$.x")), "expectation-unmet");
    assert_eq!(seen(answer(404, r#"{"build":7}"#), &condition("$.build")), "not-found");
}

#[test]
fn degraded_passes_where_it_may() {
    let lenient = with(|expectation| expectation.degraded = Degraded::Pass);
    assert_eq!(seen(answer(200, r#"{"status":"degraded"}"#), &lenient), "degraded");
    assert_eq!(seen(answer(503, r#"{"status":"degraded"}"#), &lenient), "unhealthy");
}

#[test]
fn a_cut_body_is_never_healthy() {
    let cut = Ok(HttpAnswer { truncated: true, ..answer(200, "OK").unwrap() });
    assert_eq!(seen(cut, &HealthExpectation::default()), "not-judgeable");
}

#[test]
fn an_encoded_body_is_never_healthy() {
    let encoded =
        |body: &str| Ok(HttpAnswer { encoding: Some("gzip".to_owned()), ..answer(200, body).unwrap() });
    assert_eq!(seen(encoded("OK"), &HealthExpectation::default()), "not-judgeable");
    assert_eq!(seen(encoded("OK"), &with(|health| health.body = Some(stated("OK")))), "not-judgeable");
}

#[test]
fn only_the_front_end_s_own_pages_ask_for_a_token() {
    let page = "<html><title>403 Forbidden</title><h2>Your client does not have permission to get URL \
                <code>/</code> from this server.</h2>";
    let health = HealthExpectation::default();
    let expected = HealthExpected { health: &health, revision: None };
    let refused =
        |status, body: &str| assess(&url(), answer(status, body), 0, Duration::ZERO, &expected).refused;
    assert_eq!((refused(403, page), refused(401, page)), (Some(403), Some(401)));
    for (status, body) in
        [(200, page), (404, page), (403, r#"{"detail":"forbidden"}"#), (401, "<html>log in</html>")]
    {
        assert_eq!(refused(status, body), None, "{status} {body}");
    }
}

#[test]
fn a_login_is_no_answer_about_health() {
    let plain = HealthExpectation::default();
    let form = "<!doctype html><form><input type=password></form>";
    assert_eq!(seen(answer(200, form), &plain), "login");
    let moved = Ok(HttpAnswer {
        location: Some("https://accounts.google.com/o/oauth2/v2/auth".to_owned()),
        ..answer(302, "").unwrap()
    });
    assert_eq!(seen(moved, &plain), "login");
    assert_eq!(
        seen(answer(401, r#"{"status":"ok"}"#), &with(|health| health.statuses = vec![401])),
        "healthy"
    );
}

#[test]
fn what_another_revision_says_is_not_judged() {
    let health = with(|health| health.revision = Some(crate::model::ToldBy::Json(stated("$.rev"))));
    let expected = HealthExpected { health: &health, revision: Some("auth-2".to_owned()) };
    let kind = |body: &str| match assess(&url(), answer(200, body), 0, Duration::ZERO, &expected).end {
        End::Good(_) => "good".to_owned(),
        End::Bad(finding) => serde_json::to_value(finding).unwrap()["kind"].as_str().unwrap().to_owned(),
        End::Shut(barrier) => barrier.to_string(),
    };
    assert_eq!(kind(r#"{"status":"ok","rev":"auth-2"}"#), "good");
    assert_eq!(kind(r#"{"status":"unhealthy","rev":"auth-2"}"#), "unhealthy");
    assert_eq!(kind(r#"{"status":"unhealthy","rev":"auth-1"}"#), "other-version");
    assert_eq!(kind(r#"{"status":"ok","rev":"auth-1"}"#), "other-version");
    assert_eq!(kind(r#"{"status":"ok"}"#), "other-version");
    assert_eq!(kind(r#"{"status":"unhealthy"}"#), "unhealthy", "whoever it is, it is not well");
}

#[test]
fn who_names_the_database_tells_the_most() {
    let health = HealthExpectation::default();
    let expected = HealthExpected { health: &health, revision: None };
    let tells = |body: &str| assess(&url(), answer(200, body), 0, Duration::ZERO, &expected).tells();
    assert!(tells(r#"{"status":"ok","database":"up"}"#) > tells(r#"{"status":"ok","redis":"up"}"#));
    assert!(tells(r#"{"status":"ok","redis":"up"}"#) > tells(r#"{"status":"ok"}"#));
    assert!(tells(r#"{"status":"ok","database":"down"}"#) > tells(r#"{"status":"ok","database":"up"}"#));
}

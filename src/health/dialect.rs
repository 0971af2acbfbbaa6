//! The dialect of a body, by what only that dialect has. For people: nothing is judged by it.

use super::node::Node;

/// Dialects of health bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
pub enum Dialect {
    /// Spring Boot Actuator.
    #[strum(serialize = "Spring Boot Actuator")]
    SpringBoot,
    /// MicroProfile Health: Quarkus, Open Liberty.
    #[strum(serialize = "MicroProfile Health")]
    MicroProfile,
    /// `application/health+json` (draft-inadarei-api-health-check).
    #[strum(serialize = "health+json")]
    HealthJson,
    /// ASP.NET Core with HealthChecks.UI.Client.
    #[strum(serialize = "ASP.NET Core")]
    AspNet,
    /// NestJS Terminus.
    #[strum(serialize = "NestJS Terminus")]
    NestTerminus,
    /// hellofresh/health-go.
    #[strum(serialize = "health-go")]
    HealthGo,
    /// django-health-check.
    #[strum(serialize = "django-health-check")]
    Django,
    /// fastapi-healthchecks.
    #[strum(serialize = "fastapi-healthchecks")]
    FastApi,
    /// Kubernetes' list of checks.
    #[strum(serialize = "Kubernetes")]
    Kubernetes,
    /// JSON of nobody's dialect.
    #[strum(serialize = "JSON")]
    Json,
    /// One word.
    #[strum(serialize = "plain text")]
    PlainText,
    /// No body at all.
    #[strum(serialize = "empty body")]
    Empty,
    /// None that could be read.
    #[strum(serialize = "unknown")]
    Unknown,
}

/// The dialect of a JSON body.
pub(super) fn of(body: &Node, content_type: Option<&str>) -> Dialect {
    let has = |name: &str| body.member(name).is_some();
    let is_list = |name: &str| matches!(body.member(name), Some(Node::List(_)));
    let word = body.member("status").and_then(Node::as_text).unwrap_or_default();
    let spring = matches!(word, "UP" | "DOWN" | "OUT_OF_SERVICE" | "UNKNOWN");
    if content_type.is_some_and(|kind| kind.contains("health+json"))
        || matches!(word, "pass" | "warn" | "fail")
    {
        Dialect::HealthJson
    } else if spring && is_list("checks") {
        Dialect::MicroProfile
    } else if spring {
        Dialect::SpringBoot
    } else if has("entries") || has("totalDuration") {
        Dialect::AspNet
    } else if has("info") && has("details") {
        Dialect::NestTerminus
    } else if matches!(word, "OK" | "Partially Available" | "Unavailable") && has("component") {
        Dialect::HealthGo
    } else if has("healthy") && is_list("checks") {
        Dialect::FastApi
    } else if body.members().iter().any(|(key, _)| key.contains("(alias=")) {
        Dialect::Django
    } else {
        Dialect::Json
    }
}

//! Refusals, in the form in which Google's APIs write them.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::ask::Ask;
use crate::sandbox::world::project_number;

/// Why an API gives no resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The caller may not read it.
    Permission { api: &'static str, permission: &'static str, resource: String },
    /// The API is switched off in the project.
    ApiDisabled { api: &'static str, project: String },
    /// There is no such resource; the text is the API's own.
    NotFound { message: String },
    /// There is no such Cloud SQL instance: that API words its errors in an older form.
    NoInstance,
    /// The resource is in a state that does not allow it.
    FailedPrecondition { message: String },
    /// What is asked with makes no sense.
    InvalidArgument { message: String },
    /// The path is none of the API's.
    NoSuchUrl { path: String },
}

impl Refusal {
    pub(super) fn no_such_url(ask: &Ask<'_>) -> Self {
        Self::NoSuchUrl { path: format!("{} {}", ask.method, ask.path) }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Permission { .. } | Self::ApiDisabled { .. } => StatusCode::FORBIDDEN,
            Self::NotFound { .. } | Self::NoInstance | Self::NoSuchUrl { .. } => StatusCode::NOT_FOUND,
            Self::FailedPrecondition { .. } | Self::InvalidArgument { .. } => StatusCode::BAD_REQUEST,
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Permission { api, permission, resource } => json!({"error": {
                "code": 403,
                "message": format!(
                    "Permission '{permission}' denied on resource '//{api}/{resource}' (or it may not exist)."
                ),
                "status": "PERMISSION_DENIED",
                "details": [{
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "IAM_PERMISSION_DENIED",
                    "domain": api,
                    "metadata": {"permission": permission, "resource": resource},
                }],
            }}),
            Self::ApiDisabled { api, project } => {
                let number = project_number(project);
                let url =
                    format!("https://console.developers.google.com/apis/api/{api}/overview?project={number}");
                json!({"error": {
                    "code": 403,
                    "message": format!(
                        "{api} has not been used in project {number} before or it is disabled. Enable it by visiting \
                         {url} then retry. If you enabled this API recently, wait a few minutes for the action to \
                         propagate to our systems and retry."
                    ),
                    "status": "PERMISSION_DENIED",
                    "details": [
                        {
                            "@type": "type.googleapis.com/google.rpc.Help",
                            "links": [{"description": "Google developers console API activation", "url": url}],
                        },
                        {
                            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                            "reason": "SERVICE_DISABLED",
                            "domain": "googleapis.com",
                            "metadata": {"service": api, "consumer": format!("projects/{number}")},
                        },
                    ],
                }})
            }
            Self::NotFound { message } => {
                json!({"error": {"code": 404, "message": message, "status": "NOT_FOUND"}})
            }
            Self::NoInstance => json!({"error": {
                "code": 404,
                "message": "The Cloud SQL instance does not exist.",
                "errors": [{
                    "message": "The Cloud SQL instance does not exist.",
                    "domain": "global",
                    "reason": "instanceDoesNotExist",
                }],
            }}),
            Self::FailedPrecondition { message } => {
                json!({"error": {"code": 400, "message": message, "status": "FAILED_PRECONDITION"}})
            }
            Self::InvalidArgument { message } => {
                json!({"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}})
            }
            Self::NoSuchUrl { path } => json!({"error": {
                "code": 404,
                "message": format!("The requested URL was not found on this server: {path}"),
                "status": "NOT_FOUND",
            }}),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), axum::Json(self.body())).into_response()
    }
}

//! From the client libraries' errors to why there is no answer: by typed status and `ErrorInfo`, never by the
//! text of a message.

use google_cloud_gax::error::Error;
use google_cloud_gax::error::rpc::{Code, Status, StatusDetails};

use super::NoAnswer;
use super::calls::Call;
use super::transport::Excess;
use crate::record::Inconclusive;
use crate::text::bounded;

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The call.
    pub(super) call: &'static Call,
    /// The resource's full name.
    pub(super) resource: &'a str,
    /// The project it belongs to.
    pub(super) project: &'a str,
}

/// Why a call gave no resource.
pub(super) fn no_answer(error: &Error, asked: Asked<'_>) -> NoAnswer {
    if error.is_authentication() {
        return NoAnswer::Inconclusive(Inconclusive::NoCredentials {
            detail: super::auth::error_chain(error),
            fix: None,
        });
    }
    if error.is_deserialization() {
        // The decoder's words may quote the answer, which for a payload is the secret.
        let secret = asked.call == &super::calls::PAYLOAD;
        let detail = match Excess::of(error) {
            Some(excess) => excess.to_string(),
            None if secret => "the answer is not in the API's shape".to_owned(),
            None => chain(error),
        };
        return NoAnswer::Inconclusive(Inconclusive::Malformed { what: asked.resource.to_owned(), detail });
    }
    match (error.status(), error.http_status_code()) {
        (Some(status), http) => stated(status, http, asked),
        (None, Some(http)) => unstated(http, asked),
        (None, None) => unavailable(asked, chain(error)),
    }
}

/// Google says itself what is wrong.
fn stated(status: &Status, http: Option<u16>, asked: Asked<'_>) -> NoAnswer {
    // The older APIs (Cloud SQL) send an HTTP status and no code.
    let code = match (status.code, http) {
        (Code::Unknown, Some(401)) => Code::Unauthenticated,
        (Code::Unknown, Some(403)) => Code::PermissionDenied,
        (Code::Unknown, Some(404)) => Code::NotFound,
        (code, _) => code,
    };
    if let Some(http) = http.filter(|http| contradicts(code, *http)) {
        let detail = format!("it contradicts itself: HTTP {http}, and the status {}", code.name());
        return NoAnswer::Inconclusive(Inconclusive::Malformed { what: asked.resource.to_owned(), detail });
    }
    if code == Code::NotFound {
        return NoAnswer::NotFound;
    }
    if code == Code::Unauthenticated {
        return NoAnswer::Inconclusive(Inconclusive::NoCredentials {
            detail: bounded(&status.message),
            fix: None,
        });
    }
    if code == Code::PermissionDenied {
        return refused(status, asked);
    }
    let http = http.map(|code| format!("HTTP {code} ")).unwrap_or_default();
    unavailable(asked, format!("{http}{}: {}", code.name(), bounded(&status.message)))
}

/// Whether a status that means something to the gate came with another one's HTTP status. Google's own always agree
/// (<https://cloud.google.com/apis/design/errors>); of two that do not, neither is believed.
fn contradicts(code: Code, http: u16) -> bool {
    let agreeing = [(Code::NotFound, 404), (Code::PermissionDenied, 403), (Code::Unauthenticated, 401)];
    agreeing.iter().any(|(known, status)| (*known == code) != (*status == http))
}

/// A 403 has several meanings, which `ErrorInfo` tells apart (<https://cloud.google.com/apis/design/errors>).
fn refused(status: &Status, asked: Asked<'_>) -> NoAnswer {
    let info = status
        .details
        .iter()
        .find_map(|detail| if let StatusDetails::ErrorInfo(info) = detail { Some(info) } else { None });
    let metadata = |key: &str| info.and_then(|info| info.metadata.get(key)).filter(|text| !text.is_empty());
    let denied = |permission: &str, role: &str| Inconclusive::PermissionDenied {
        permission: permission.to_owned(),
        role: role.to_owned(),
        resource: asked.resource.to_owned(),
    };
    let why = match info.map(|info| info.reason.as_str()) {
        Some("SERVICE_DISABLED" | "accessNotConfigured") => Inconclusive::ApiDisabled {
            api: metadata("service").map_or_else(|| asked.call.api.to_owned(), |api| bounded(api)),
            project: asked.project.to_owned(),
        },
        Some("USER_PROJECT_DENIED") => {
            denied("serviceusage.services.use", "roles/serviceusage.serviceUsageConsumer")
        }
        Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT") => Inconclusive::NoCredentials {
            detail: "the access token lacks the scope https://www.googleapis.com/auth/cloud-platform"
                .to_owned(),
            fix: None,
        },
        Some(reason @ ("SECURITY_POLICY_VIOLATED" | "BILLING_DISABLED" | "CONSUMER_INVALID")) => {
            return unavailable(asked, format!("refused ({reason}): {}", bounded(&status.message)));
        }
        Some(_) | None => denied(asked.call.permission, asked.call.role),
    };
    NoAnswer::Inconclusive(why)
}

/// An error status whose body is not Google's: a proxy's, or an endpoint's that is not this API. Nothing about
/// the resource follows from it, not even from a 404.
fn unstated(http: u16, asked: Asked<'_>) -> NoAnswer {
    let detail = format!("HTTP {http} without the error body that Google's APIs send");
    if http >= 500 {
        return unavailable(asked, detail);
    }
    NoAnswer::Inconclusive(Inconclusive::Malformed { what: asked.resource.to_owned(), detail })
}

fn unavailable(asked: Asked<'_>, detail: String) -> NoAnswer {
    NoAnswer::Inconclusive(Inconclusive::Unavailable { what: asked.resource.to_owned(), detail })
}

/// An error and what it comes from, bounded. Each link is bounded on its own, so that a long one does not hide
/// the root.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut links = vec![bounded(&error.to_string())];
    let mut next = error.source();
    while let Some(link) = next {
        let text = bounded(&link.to_string());
        // Many errors repeat their source.
        if !links.iter().any(|said| said.contains(&text)) {
            links.push(text);
        }
        next = link.source();
    }
    bounded(&links.join(": "))
}

#[cfg(test)]
mod tests {
    use google_cloud_gax::error::CredentialsError;
    use proptest::prelude::*;

    use super::super::calls;
    use super::*;

    const ASKED: Asked<'static> =
        Asked { call: &calls::CONNECTOR, resource: "projects/p-1/locations/r/connectors/c", project: "p-1" };

    /// The error that the libraries make of an answer with this body.
    fn answered(http: u16, body: &str) -> Error {
        let body = Vec::from(body).into();
        match Status::try_from(&body) {
            Ok(status) => Error::service_with_http_metadata(status, Some(http), None),
            Err(_) => Error::http(http, http::HeaderMap::new(), body),
        }
    }

    fn fixture(http: u16, body: &str) -> NoAnswer {
        no_answer(&answered(http, body), ASKED)
    }

    fn denied() -> NoAnswer {
        NoAnswer::Inconclusive(Inconclusive::PermissionDenied {
            permission: "vpcaccess.connectors.get".into(),
            role: "roles/vpcaccess.viewer".into(),
            resource: ASKED.resource.into(),
        })
    }

    #[test]
    fn not_found_in_both_shapes() {
        let body = include_str!("../../../tests/data/google/error-not-found.json");
        assert_eq!(fixture(404, body), NoAnswer::NotFound);
        let older = include_str!("../../../tests/data/google/error-sql-not-found.json");
        assert_eq!(fixture(404, older), NoAnswer::NotFound);
    }

    #[test]
    fn a_foreign_404_says_nothing_of_the_resource() {
        let NoAnswer::Inconclusive(Inconclusive::Malformed { detail, .. }) =
            fixture(404, "<html>nginx</html>")
        else {
            panic!("a proxy's 404 was believed");
        };
        assert!(detail.contains("404"), "{detail}");
    }

    #[test]
    fn refused_names_the_permission_and_its_role() {
        let body = include_str!("../../../tests/data/google/error-permission-denied.json");
        assert_eq!(fixture(403, body), denied());
        let older = include_str!("../../../tests/data/google/error-sql-not-authorized.json");
        assert_eq!(fixture(403, older), denied());
    }

    #[test]
    fn an_api_that_is_off_is_no_missing_permission() {
        let body = include_str!("../../../tests/data/google/error-service-disabled.json");
        assert_eq!(
            fixture(403, body),
            NoAnswer::Inconclusive(Inconclusive::ApiDisabled {
                api: "vpcaccess.googleapis.com".into(),
                project: "p-1".into()
            })
        );
    }

    #[test]
    fn a_failed_precondition_is_told_in_googles_words() {
        let body = include_str!("../../../tests/data/google/error-version-disabled.json");
        let NoAnswer::Inconclusive(Inconclusive::Unavailable { detail, .. }) = fixture(400, body) else {
            panic!("not unavailable");
        };
        assert!(detail.contains("FAILED_PRECONDITION") && detail.contains("DISABLED"), "{detail}");
    }

    #[test]
    fn credentials_transport_and_shape_are_told_apart() {
        let credentials = Error::authentication(CredentialsError::from_msg(false, "expired"));
        let unauthenticated = r#"{"error":{"code":401,"message":"no","status":"UNAUTHENTICATED"}}"#;
        for error in [credentials, answered(401, unauthenticated)] {
            let answer = no_answer(&error, ASKED);
            assert!(
                matches!(answer, NoAnswer::Inconclusive(Inconclusive::NoCredentials { .. })),
                "{answer:?}"
            );
        }
        for error in [Error::io("reset"), Error::timeout("slow"), Error::connect("no"), answered(503, "")] {
            let answer = no_answer(&error, ASKED);
            assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Unavailable { .. })), "{answer:?}");
        }
        let answer = no_answer(&Error::deser("expected a map"), ASKED);
        assert!(matches!(answer, NoAnswer::Inconclusive(Inconclusive::Malformed { .. })), "{answer:?}");
    }

    proptest! {
        #[test]
        fn any_answer_gives_a_bounded_reason(http in 400u16..600, body in ".{0,2000}") {
            if let NoAnswer::Inconclusive(
                Inconclusive::Unavailable { detail, .. }
                | Inconclusive::Malformed { detail, .. }
                | Inconclusive::NoCredentials { detail, .. },
            ) = fixture(http, &body)
            {
                prop_assert!(detail.chars().count() < 400);
                prop_assert!(!detail.chars().any(char::is_control));
            }
        }

        #[test]
        fn googles_message_is_bounded(message in ".{0,2000}") {
            let body = serde_json::json!({"error": {"code": 409, "status": "ABORTED", "message": message}});
            let NoAnswer::Inconclusive(Inconclusive::Unavailable { detail, .. }) = fixture(409, &body.to_string()) else {
                return Err(TestCaseError::fail("not unavailable"));
            };
            prop_assert!(detail.chars().count() < 400);
        }
    }
}

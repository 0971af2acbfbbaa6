//! The pages of Google's front end, told from a service's own answers by their words.
//!
//! Sources: the front end's pages as they are quoted in public bug reports, and the sentences of
//! <https://cloud.google.com/run/docs/troubleshooting>, which stand in the log of requests. Words that a service could
//! write as well are a guess; the log of requests settles it.

use crate::record::finding::FrontEndSays;

/// What Google's front end says in a service's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontEndPage {
    /// 403: the caller is nobody, or may not invoke.
    Forbidden,
    /// 401: the token is not taken.
    Unauthorized,
    /// 404: no such service at this address and path, as far as this caller may know.
    NotFound,
    /// Something became of the instances.
    Instances {
        /// What.
        says: FrontEndSays,
        /// Whether no service would write these words.
        sure: bool,
    },
}

/// Longest part of a page that is looked at; they are short.
const LONGEST: usize = 8 * 1024;

const NO_PERMISSION: &str = "your client does not have permission to";
const NOT_AUTHENTICATED: &str = "the request was not authenticated";
const NOT_AUTHORISED: &str = "the request was not authorized to invoke this service";
const NOT_HERE: &str = "was not found on this server";
const NO_INSTANCE: &str = "no available instance";
const NOT_YET: &str = "the service you requested is not available yet";
const TOO_LONG: &str = "maximum request timeout";
const FAILED: &[&str] = &[
    "the http response was malformed or connection to the instance had an error",
    "the http connection to the instance had an error",
    "the instance could not start successfully",
    "the request failed because the instance failed the readiness check",
];
const ENCOUNTERED: &str = "the server encountered an error and could not complete your request";
const UPSTREAM: &str = "upstream connect error or disconnect/reset before headers";

/// The page that an answer is, where it is one.
pub fn front_end(status: u16, body: &[u8]) -> Option<FrontEndPage> {
    let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]).to_lowercase();
    let text = text.trim();
    let page = text.starts_with('<');
    // Robots and bold exclamation marks: the family likeness of Google's pages.
    let of_google = page && (text.contains("bgcolor=#ffffff") || text.contains("//www.google.com/"));
    let instances = |says, sure| Some(FrontEndPage::Instances { says, sure });
    match status {
        403 if page && (text.contains(NO_PERMISSION) || text.contains(NOT_AUTHENTICATED)) => {
            Some(FrontEndPage::Forbidden)
        }
        401 if page && (text.contains(NO_PERMISSION) || text.contains(NOT_AUTHORISED)) => {
            Some(FrontEndPage::Unauthorized)
        }
        404 if of_google && text.contains(NOT_HERE) => Some(FrontEndPage::NotFound),
        429 if text == "rate exceeded." => instances(FrontEndSays::NoInstance, false),
        429 | 500 | 502 | 503 | 504 => {
            if let Some(says) = sentence(text) {
                // In JSON it is a service that tells of another one.
                instances(says, !text.starts_with('{'))
            } else if of_google && text.contains(NOT_YET) {
                instances(FrontEndSays::NoInstance, true)
            } else if of_google && text.contains(ENCOUNTERED) {
                instances(FrontEndSays::InstanceFailed, true)
            } else if status == 503 && (text == "service unavailable" || text.starts_with(UPSTREAM)) {
                instances(FrontEndSays::InstanceFailed, false)
            } else if status == 504 && text == "upstream request timeout" {
                instances(FrontEndSays::TimedOut, false)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// What a line of the log of requests says of the instances, where it does.
pub fn sentence(line: &str) -> Option<FrontEndSays> {
    let line = line.to_lowercase();
    if line.contains(NO_INSTANCE) {
        Some(FrontEndSays::NoInstance)
    } else if line.contains(TOO_LONG) {
        Some(FrontEndSays::TimedOut)
    } else if FAILED.iter().any(|words| line.contains(words)) {
        Some(FrontEndSays::InstanceFailed)
    } else {
        None
    }
}

/// Whether a line of the log of requests says that the front end let nobody in.
pub fn refuses(line: &str) -> bool {
    let line = line.to_lowercase();
    [NOT_AUTHENTICATED, NOT_AUTHORISED].iter().any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOGLE: &str = "<html><head>\n<meta http-equiv=\"content-type\" content=\"text/html;charset=utf-8\">\n<title>T</title>\n\
                          </head>\n<body text=#000000 bgcolor=#ffffff>\n";

    fn google(said: &str) -> String {
        format!("{GOOGLE}<h1>Error</h1>\n<h2>{said}</h2>\n<h2></h2>\n</body></html>")
    }

    #[test]
    fn google_s_pages_are_known() {
        let page = |status, body: &str| front_end(status, body.as_bytes());
        let instances = |says, sure| Some(FrontEndPage::Instances { says, sure });
        for (status, body, expected) in [
            (
                403,
                google("Your client does not have permission to get URL <code>/</code> from this server."),
                Some(FrontEndPage::Forbidden),
            ),
            (
                401,
                google("Your client does not have permission to the requested URL <code>/</code>."),
                Some(FrontEndPage::Unauthorized),
            ),
            (404, google("The requested URL was not found on this server."), Some(FrontEndPage::NotFound)),
            (
                404,
                "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><style>*{background:url(//www.google.com/images/errors/robot.png)}\
                 </style><p>The requested URL <code>/x</code> was not found on this server. <ins>That’s all we know.</ins>"
                    .to_owned(),
                Some(FrontEndPage::NotFound),
            ),
            (429, "Rate exceeded.".to_owned(), instances(FrontEndSays::NoInstance, false)),
            (
                500,
                "The request was aborted because there was no available instance.".to_owned(),
                instances(FrontEndSays::NoInstance, true),
            ),
            (
                503,
                google("The service you requested is not available yet.<p>Please try again in 30 seconds."),
                instances(FrontEndSays::NoInstance, true),
            ),
            (
                500,
                google("The server encountered an error and could not complete your request.<p>Please try again in 30 seconds."),
                instances(FrontEndSays::InstanceFailed, true),
            ),
            (503, "Service Unavailable".to_owned(), instances(FrontEndSays::InstanceFailed, false)),
            (
                503,
                "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
                    .to_owned(),
                instances(FrontEndSays::InstanceFailed, false),
            ),
            (504, "upstream request timeout".to_owned(), instances(FrontEndSays::TimedOut, false)),
        ] {
            assert_eq!(page(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_a_service_says_itself_is_its_own() {
        for (status, body) in [
            (404, r#"{"detail":"Not Found"}"#),
            (404, "404 page not found\n"),
            (404, "<!DOCTYPE html><pre>Cannot GET /health</pre>"),
            (404, "<html><h1>Not Found</h1><p>The requested URL was not found on this server.</p></html>"),
            (403, r#"{"detail":"forbidden"}"#),
            (401, "<html>log in</html>"),
            (200, "Rate exceeded."),
            (429, r#"{"error":"Rate exceeded."}"#),
            (503, r#"{"status":"unhealthy"}"#),
            (503, "<html><body>Service Unavailable</body></html>"),
            (504, "timeout of the database"),
            (500, "Internal Server Error"),
        ] {
            assert_eq!(front_end(status, body.as_bytes()), None, "{status} {body}");
        }
    }

    #[test]
    fn lines_of_the_log_of_requests_are_known() {
        for (line, says) in [
            (
                "The request was aborted because there was no available instance.",
                Some(FrontEndSays::NoInstance),
            ),
            (
                "The request failed because either the HTTP response was malformed or connection to the instance had an error.",
                Some(FrontEndSays::InstanceFailed),
            ),
            (
                "The request has been terminated because it has reached the maximum request timeout. To change this limit, see …",
                Some(FrontEndSays::TimedOut),
            ),
            ("", None),
            ("The request was not authenticated.", None),
        ] {
            assert_eq!(sentence(line), says, "{line}");
        }
    }
}

//! The HTML report: one file that needs nothing from outside, and no script.
//!
//! Every value goes through [`one_line`](crate::text::escape::one_line), which makes visible what cannot be seen, and then
//! through the template's own escaping. The content-security policy allows the one style sheet by its hash and nothing
//! else: should a value ever break out, it could load and run nothing.

mod drawing;
mod plot;
mod service;
mod timeline;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::Style;
use super::numbers::{count, coverage, seconds};
use super::standing::{ended, homeless, label};
use crate::diagnosis::{Cause, Diagnosis, Verdict};
use crate::record::RunRecord;
use crate::text::escape::one_line;

const STYLE: &str = include_str!("style.css");

pub(super) fn render(record: &RunRecord, diagnosis: &Diagnosis, _style: &Style) -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'");
    let lead = diagnosis.causes.first();
    let title = lead.map_or_else(String::new, |cause| format!(": {}", cause.code));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { "rungate: " (diagnosis.verdict) (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (header(record, diagnosis, lead))
                main {
                    @let homeless = homeless(record, diagnosis);
                    @if !homeless.is_empty() {
                        section {
                            h2 { "The run" }
                            @for cause in homeless { (service::cause(cause, label(cause.code, 0))) }
                        }
                    }
                    @for service in &record.services { (service::section(record, diagnosis, service)) }
                }
                footer {
                    p { (shown(&coverage(record))) "." }
                    p {
                        "rungate " (shown(&record.rungate)) "; " code { "rungate explain CODE" }
                        " tells more of a check or a cause."
                    }
                }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}

fn header(record: &RunRecord, diagnosis: &Diagnosis, lead: Option<&Cause>) -> Markup {
    let files = if record.files.is_empty() { "no files".to_owned() } else { record.files.join(", ") };
    let word = match diagnosis.verdict {
        Verdict::Healthy => "✓ Healthy",
        Verdict::Inconclusive => "? Inconclusive",
        Verdict::Unhealthy => "✗ Unhealthy",
    };
    html! {
        header {
            p { span class={ "badge " (diagnosis.verdict) } { (word) } }
            h1 {
                @match lead {
                    Some(cause) => (shown(&cause.claim)),
                    None => "Everything that the verdict rests on was seen to work.",
                }
            }
            p.soft {
                (shown(&files)) " · " (count(record.nodes.len(), "check")) " in " (seconds(record.duration_ms))
                " · checked from " (record.vantage)
                @if record.sandbox { " · against the sandbox" }
                " · " (record.started.strftime("%Y-%m-%d %H:%M:%S UTC"))
            }
            @if let Some(ended) = ended(record) { p.soft { (shown(&ended)) } }
        }
    }
}

/// Text of others, with what cannot be seen made visible.
fn shown(text: &str) -> String {
    one_line(text)
}

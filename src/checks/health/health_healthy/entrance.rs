//! Why Google's front end answers 404 in the service's place: what the control plane says of the service's doors.

use google_cloud_run_v2::model::{IngressTraffic, Service};
use url::Url;

use super::admission::is_own;
use crate::live::Scope;
use crate::model::Stated;
use crate::probe::google::NoAnswer;
use crate::record::finding::{Finding, HealthFinding};
use crate::record::{Barrier, Inconclusive, Outcome};

/// The end of the check, if the control plane explains the 404; else why not.
pub(super) async fn closed(scope: &Scope, url: &Url) -> Result<Outcome, String> {
    let live = match scope.live_service().await {
        Ok(live) => live,
        Err(NoAnswer::NotFound) => return Err("and Cloud Run knows no such service".to_owned()),
        Err(NoAnswer::Inconclusive(why)) => {
            return Err(format!("and why cannot be read: {}", crate::record::words::inconclusive(&why)));
        }
    };
    if !is_own(url, &live) {
        return Err("and this address is none of the service's own: a domain or load balancer in front of it may lead \
                    nowhere"
            .to_owned());
    }
    let Some(barrier) = barrier(&live) else {
        return Err("although the service takes requests from everywhere".to_owned());
    };
    let declared = scope.target.service.ingress.as_ref().and_then(Stated::as_known);
    Ok(match (&barrier, declared) {
        // The files promise an open barrier: whoever comes by it stands outside, too.
        (Barrier::Ingress { setting }, Some("all")) => Outcome::Failed {
            finding: Finding::Health(HealthFinding::DoorClosed {
                url: url.to_string(),
                declared: "all".to_owned(),
                live: setting.clone(),
            }),
        },
        _ => Outcome::Inconclusive { why: Inconclusive::AccessDenied { url: url.to_string(), barrier } },
    })
}

/// The barrier that is closed to requests from the internet.
#[expect(clippy::wildcard_enum_match_arm, reason = "an enum of Google's, which grows")]
fn barrier(live: &Service) -> Option<Barrier> {
    let setting = match live.ingress {
        IngressTraffic::InternalOnly => Some("internal"),
        IngressTraffic::InternalLoadBalancer => Some("internal-and-cloud-load-balancing"),
        IngressTraffic::None => Some("none"),
        // Unspecified: no revision is active.
        _ => None,
    };
    match setting {
        Some(setting) => Some(Barrier::Ingress { setting: setting.to_owned() }),
        None if live.default_uri_disabled => Some(Barrier::DefaultUrlDisabled),
        None => None,
    }
}

//! Answers that contradict themselves, or speak of something else than what was asked for, are not believed.

use google_cloud_run_v2::model::{Revision, Service, TrafficTargetStatus};

use crate::model::resource;
use crate::model::resource::short;
use crate::probe::google::NoAnswer;
use crate::record::Inconclusive;
use crate::text::bounded;

/// Whether an answer speaks of the service of that short name. One that names nothing is taken for it.
pub(crate) fn of_service(service: &Service, name: &str) -> Result<(), NoAnswer> {
    match resource::segment(&service.name, "services") {
        Some(other) if other != name => Err(malformed(
            format!("service {name}"),
            format!("the answer speaks of service {}", bounded(other)),
        )),
        Some(_) | None => Ok(()),
    }
}

/// Whether an answer speaks of that revision of that service (short names).
pub(crate) fn of_revision(revision: &Revision, name: &str, service: &str) -> Result<(), NoAnswer> {
    let what = || format!("revision {name}");
    let of = resource::segment(&revision.name, "services").unwrap_or_default();
    for other in [of, short(&revision.service)] {
        if !other.is_empty() && other != service {
            let detail = format!("it belongs to service {}, not to {service}", bounded(other));
            return Err(malformed(what(), detail));
        }
    }
    match resource::segment(&revision.name, "revisions") {
        Some(other) if other != name => {
            Err(malformed(what(), format!("the answer speaks of revision {}", bounded(other))))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether shares of traffic can be true: each of 0 to 100 %, and not more than 100 % together.
pub(crate) fn of_traffic(statuses: &[TrafficTargetStatus]) -> Result<(), String> {
    let mut sum: i64 = 0;
    for status in statuses {
        if !(0..=100).contains(&status.percent) {
            return Err(format!("{} receives {} % of the traffic", target(status), status.percent));
        }
        sum += i64::from(status.percent);
    }
    if sum > 100 { Err(format!("the shares of the traffic sum up to {sum} %")) } else { Ok(()) }
}

fn target(status: &TrafficTargetStatus) -> String {
    let name = short(&status.revision);
    if name.is_empty() { "the latest revision".to_owned() } else { bounded(name) }
}

fn malformed(what: String, detail: String) -> NoAnswer {
    NoAnswer::Inconclusive(Inconclusive::Malformed { what, detail })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REVISION: &str = "projects/p/locations/r/services/s/revisions/s-2";

    fn revision(name: &str, service: &str) -> Revision {
        serde_json::from_value(json!({"name": name, "service": service})).unwrap()
    }

    fn traffic(percents: &[i32]) -> Result<(), String> {
        let statuses: Vec<TrafficTargetStatus> =
            percents.iter().map(|percent| TrafficTargetStatus::new().set_percent(*percent)).collect();
        of_traffic(&statuses)
    }

    #[test]
    fn an_answer_speaks_of_what_was_asked_for() {
        assert!(of_revision(&revision(REVISION, "s"), "s-2", "s").is_ok());
        assert!(of_revision(&revision(REVISION, "projects/7/locations/r/services/s"), "s-2", "s").is_ok());
        assert!(of_revision(&revision("", ""), "s-2", "s").is_ok(), "it contradicts nothing");
        assert!(of_revision(&revision(REVISION, "t"), "s-2", "s").is_err());
        assert!(of_revision(&revision(REVISION, "s"), "s-1", "s").is_err());
        assert!(of_revision(&revision(REVISION, "s"), "s-2", "t").is_err());
        let service = Service::new().set_name("projects/7/locations/r/services/s");
        assert!(of_service(&service, "s").is_ok() && of_service(&service, "t").is_err());
        assert!(of_service(&Service::new(), "s").is_ok());
    }

    #[test]
    fn shares_of_traffic_are_shares() {
        for good in [&[][..], &[100], &[50, 50], &[0, 99, 1], &[33, 33, 33]] {
            assert_eq!(traffic(good), Ok(()), "{good:?}");
        }
        for bad in [&[100, 30][..], &[130], &[-7, 100], &[i32::MAX, i32::MAX, i32::MAX], &[i32::MIN]] {
            assert!(traffic(bad).is_err(), "{bad:?}");
        }
    }
}

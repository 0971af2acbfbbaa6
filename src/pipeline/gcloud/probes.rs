//! Flags for probes: `--startup-probe=httpGet.path=/health,httpGet.port=8080`.

use super::flags::GivenFlags;
use crate::model::{StartupProbe, Stated};
use crate::pipeline::list;
use crate::pipeline::text::Text;

/// The probes' flags, best witness of health first.
const PROBES: [&str; 3] = ["--readiness-probe", "--startup-probe", "--liveness-probe"];

/// The kind of a probe, by its keys; nothing where only times are stated.
pub(super) fn startup(value: &Text) -> Option<StartupProbe> {
    list::items(value).into_iter().filter_map(|item| item.split_once("=")).find_map(|(key, _)| {
        match key.as_known()?.split('.').next() {
            Some("httpGet") => Some(StartupProbe::Http),
            Some("grpc") => Some(StartupProbe::Grpc),
            Some("tcpSocket") => Some(StartupProbe::Tcp),
            Some(_) | None => None,
        }
    })
}

/// The paths that the probes ask for over HTTP.
pub(super) fn paths(given: &GivenFlags<'_>) -> Vec<Stated> {
    PROBES.iter().filter_map(|name| given.text(name)).filter_map(path).collect()
}

fn path(value: &Text) -> Option<Stated> {
    let mut pairs = list::items(value).into_iter().filter_map(|item| item.split_once("="));
    pairs.find(|(key, _)| key.is("httpGet.path")).map(|(_, path)| path.stated())
}

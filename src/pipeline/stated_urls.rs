//! Where a service answers and how its health is asked, as the steps after a deploy say it: `curl "$URL/health"`.

use crate::model::{Service, Stated};
use crate::pipeline::shell::{Invocation, program};
use crate::pipeline::text::{Part, Text};

/// Options of curl and wget whose value is no address.
const WITH_VALUE: &[&str] = &[
    "-A",
    "-b",
    "-c",
    "-C",
    "-d",
    "-D",
    "-e",
    "-E",
    "-F",
    "-h",
    "-H",
    "-K",
    "-m",
    "-o",
    "-O",
    "-r",
    "-t",
    "-T",
    "-u",
    "-w",
    "-x",
    "-X",
    "--cacert",
    "--cert",
    "--connect-timeout",
    "--cookie",
    "--data",
    "--data-binary",
    "--data-raw",
    "--form",
    "--header",
    "--json",
    "--key",
    "--max-time",
    "--method",
    "--output",
    "--output-document",
    "--post-data",
    "--proxy",
    "--request",
    "--resolve",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "--tries",
    "--timeout",
    "--user",
    "--user-agent",
    "--write-out",
];
/// Options that send something, so that it is no question for health.
const SENDING: &[&str] =
    &["-d", "-F", "-T", "--data", "--data-binary", "--data-raw", "--form", "--json", "--post-data"];
/// Words in the path of a health endpoint.
const HEALTH: &[&str] =
    &["health", "ready", "readiness", "live", "liveness", "alive", "ping", "status", "heartbeat"];

/// An address that a step asks.
struct Address {
    /// Scheme and host, where known.
    origin: Option<Text>,
    /// The service whose URL it begins with, where the script tells.
    of: Option<String>,
    path: Text,
}

/// Puts the URLs and health paths that requests state into the services that they are of.
pub(super) fn attach(services: &mut [Service], requests: &[Invocation]) {
    for address in requests.iter().flat_map(addresses) {
        let alone = services.len() == 1;
        let found = services.iter_mut().find(|service| is_of(service, &address, alone));
        let Some(service) = found else { continue };
        if !is_health(&address.path.raw()) {
            continue;
        }
        if let (Some(origin), None) = (&address.origin, &service.url) {
            service.url = Some(origin.stated());
        }
        let path = address.path.stated();
        // Probes say it better than a script that asks once.
        if service.health_paths.iter().all(|known| known.raw() != path.raw())
            && service.health_paths.is_empty()
        {
            service.health_paths.push(path);
        }
    }
}

/// Puts the URL of a mapped domain into its service; the first one counts.
pub(super) fn map(services: &mut [Service], name: &Stated, url: Stated) {
    let is_it = |service: &&mut Service| service.name.as_ref().is_some_and(|known| known.value == name.value);
    if let Some(service) = services.iter_mut().find(is_it) {
        service.url.get_or_insert(url);
    }
}

fn is_of(service: &Service, address: &Address, alone: bool) -> bool {
    let name = service.name.as_ref().map(Stated::raw);
    match (&address.of, &address.origin) {
        (Some(of), _) => name == Some(of.as_str()) || (alone && name.is_none()),
        (None, Some(origin)) if service.url.as_ref().is_some_and(|url| url.raw() == origin.raw()) => true,
        (None, Some(origin)) => {
            let host = origin.raw();
            let host = host.split_once("://").map_or(host.as_str(), |(_, host)| host);
            let label = host.split('.').next().unwrap_or_default();
            let theirs = host.ends_with(".run.app") || host.contains("run.app:");
            // Cloud Run's own addresses begin with the service's name.
            if theirs {
                name.is_some_and(|name| label.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
            } else {
                alone && host != "localhost" && !host.starts_with("127.") && !is_googles(host)
            }
        }
        (None, None) => alone,
    }
}

fn is_googles(host: &str) -> bool {
    host.ends_with("googleapis.com") || host.starts_with("localhost") || host.starts_with("metadata")
}

/// The addresses that a request asks for, not those that it sends something to.
fn addresses(request: &Invocation) -> Vec<Address> {
    let mut found = Vec::new();
    let mut words = request.words.iter().skip(1);
    // To wget, `-T` is a timeout.
    let wget = request.words.first().is_some_and(|word| program(&word.raw()) == "wget");
    while let Some(word) = words.next() {
        let raw = word.raw();
        if !(wget && raw == "-T") && SENDING.contains(&raw.as_str()) {
            return Vec::new();
        }
        if matches!(raw.as_str(), "-X" | "--request") {
            match words.next() {
                Some(method) if method.is("GET") || method.is("HEAD") => continue,
                Some(_) | None => return Vec::new(),
            }
        }
        if WITH_VALUE.contains(&raw.as_str()) {
            words.next();
        } else if !word.starts_with("-") {
            found.extend(address(word));
        }
    }
    found
}

fn address(word: &Text) -> Option<Address> {
    let raw = word.raw();
    let scheme = ["https://", "http://"].into_iter().find(|scheme| word.starts_with(scheme));
    let mut of = None;
    let (origin, rest) = match scheme {
        Some(scheme) => {
            let end = word
                .slice(scheme.len(), usize::MAX)
                .split_once("/")
                .map(|(host, _)| scheme.len() + host.len());
            let end = end.unwrap_or(raw.len());
            let origin = word.slice(0, end);
            (origin.is_known().then_some(origin), word.slice(end, usize::MAX))
        }
        None => {
            // A variable, and a path behind it.
            let Some(Part::Open(expression, open)) = word.parts().next() else { return None };
            of = open.url_of.clone();
            (None, word.slice(expression.len(), usize::MAX))
        }
    };
    let path = rest.split_once("?").map_or(rest.clone(), |(path, _)| path);
    (path.starts_with("/") && path.is_known()).then_some(Address { origin, of, path })
}

fn is_health(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    path.split('/').any(|segment| HEALTH.iter().any(|word| segment.contains(word)) || segment == "up")
}

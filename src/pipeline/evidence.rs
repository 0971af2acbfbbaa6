//! What a pipeline's other commands tell of the services that it deploys: the path that a curl asks, the domain that
//! is mapped to a service.

use super::gcloud::is_gcloud;
use super::shell::Invocation;
use super::text::{Part, Text};
use crate::model::{Service, Stated};

/// Something that a command tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A domain is mapped to a service.
    Domain { service: String, domain: Text },
    /// A URL is asked.
    Asked(Text),
}

/// Options of curl and wget whose next word is theirs, beside long ones with `=`.
const WITH_VALUE: &[&str] = &[
    "--cacert",
    "--cert",
    "--connect-timeout",
    "--connect-to",
    "--cookie",
    "--header",
    "--key",
    "--max-redirs",
    "--max-time",
    "--output",
    "--output-document",
    "--proxy",
    "--resolve",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "--timeout",
    "--tries",
    "--user",
    "--user-agent",
    "--waitretry",
    "--write-out",
];
/// Short options with a value; the value may stand in the same word.
const SHORT_WITH_VALUE: &str = "oOwHuAebcmxKEtT";
/// Options with which more than a page is asked for.
const SENDS: &[&str] = &[
    "-d",
    "-F",
    "-T",
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--form",
    "--json",
    "--post-data",
    "--post-file",
    "--upload-file",
];

/// What a command tells, if anything.
pub(super) fn hint(invocation: &Invocation) -> Option<Hint> {
    let (program, arguments) = invocation.words.split_first()?;
    let program = program.as_known()?;
    let name = program.rsplit('/').next().unwrap_or_default();
    if matches!(name, "curl" | "wget") {
        return asked(name == "wget", arguments).map(Hint::Asked);
    }
    if !is_gcloud(&program) {
        return None;
    }
    let verbs: Vec<_> = arguments.iter().map(Text::raw).filter(|word| !word.starts_with('-')).collect();
    let verbs: Vec<_> =
        verbs.iter().map(String::as_str).filter(|word| !matches!(*word, "alpha" | "beta")).collect();
    if !verbs.starts_with(&["run", "domain-mappings", "create"]) {
        return None;
    }
    let flag = |name: &str| {
        let joined = format!("{name}=");
        arguments.iter().enumerate().find_map(|(index, word)| {
            if word.is(name) {
                arguments.get(index + 1).cloned()
            } else {
                word.starts_with(&joined).then(|| word.slice(joined.len(), usize::MAX))
            }
        })
    };
    Some(Hint::Domain { service: flag("--service")?.raw(), domain: flag("--domain")? })
}

/// The URL that curl or wget asks for a page.
fn asked(wget: bool, arguments: &[Text]) -> Option<Text> {
    let mut url = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let head = word.known_head();
        let name = head.split('=').next().unwrap_or_default();
        if !head.starts_with('-') || head == "-" {
            url = url.or_else(|| is_url(word).then_some(word));
        } else if SENDS.contains(&name) || (!wget && head.starts_with("-d")) {
            return None;
        } else if matches!(name, "-X" | "--request" | "--method") {
            let method = head.split_once('=').map(|(_, method)| method.to_owned());
            let method = method.or_else(|| words.next().map(Text::raw)).unwrap_or_default();
            if !matches!(method.as_str(), "GET" | "HEAD") {
                return None;
            }
        } else if head.starts_with("-X") {
            if !matches!(head.as_str(), "-XGET" | "-XHEAD") {
                return None;
            }
        } else if name == "--url" {
            url = url.or_else(|| words.next());
        } else if takes_next(wget, &head) {
            words.next();
        }
    }
    url.cloned()
}

/// Whether an option's value is the next word.
fn takes_next(wget: bool, option: &str) -> bool {
    if option.starts_with("--") {
        return WITH_VALUE.contains(&option);
    }
    // Of `-sSo`, the last one takes it; `-ofile` has it already. wget's `-O-` too; curl's `-O` has none.
    let takes = |letter: char| SHORT_WITH_VALUE.contains(letter) && (wget || letter != 'O');
    let letters = option.trim_start_matches('-');
    letters.chars().position(takes).is_some_and(|at| at + 1 == letters.chars().count())
}

fn is_url(word: &Text) -> bool {
    let raw = word.raw();
    let scheme = raw.starts_with("https://") || raw.starts_with("http://");
    scheme
        || word
            .parts()
            .next()
            .is_some_and(|part| matches!(part, Part::Open(_, open) if open.url_of.is_some()))
}

/// Words in the paths of health endpoints.
const HEALTH_WORDS: &[&str] = &["health", "ready", "readiness", "live", "alive", "ping", "status", "up"];

/// Adds what hints tell to the services that they are about.
pub(super) fn apply(services: &mut [Service], hints: &[Hint]) {
    for hint in hints {
        if let Hint::Domain { service, domain } = hint {
            let mut url = Text::known("https://", domain.place().clone());
            url.push(domain);
            for service in services.iter_mut().filter(|known| is_named(known, service)) {
                service.url.get_or_insert_with(|| url.stated());
            }
        }
    }
    let mut paths: Vec<(usize, Stated)> = Vec::new();
    for hint in hints {
        let Hint::Asked(url) = hint else { continue };
        let Some((index, origin, path)) = destination(services, url) else { continue };
        if let (Some(origin), Some(service)) = (origin, services.get_mut(index)) {
            service.url.get_or_insert_with(|| origin.stated());
        }
        paths.extend(path.map(|path| (index, path.stated())));
    }
    for (index, service) in services.iter_mut().enumerate() {
        // What a probe asks is surely the health path; a curl may ask for anything.
        if service.health_paths.is_empty() {
            let own = || paths.iter().filter(|(of, _)| *of == index).map(|(_, path)| path);
            let best = own().find(|path| looks_healthy(path)).or_else(|| own().next());
            service.health_paths.extend(best.cloned());
        }
    }
}

fn is_named(service: &Service, name: &str) -> bool {
    service.name.as_ref().is_some_and(|known| known.raw() == name)
}

fn looks_healthy(path: &Stated) -> bool {
    let path = path.raw().to_ascii_lowercase();
    path.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        HEALTH_WORDS.iter().any(|known| word == *known || (known.len() > 4 && word.starts_with(known)))
    })
}

/// Which service a URL leads to, the URL's origin where the file states it, and the path behind it.
fn destination(services: &[Service], url: &Text) -> Option<(usize, Option<Text>, Option<Text>)> {
    if let Some(Part::Open(expression, open)) = url.parts().next()
        && let Some(name) = &open.url_of
    {
        let index = services.iter().position(|service| is_named(service, name))?;
        return Some((index, None, path(&url.slice(expression.len(), usize::MAX))));
    }
    let (_, rest) = url.split_once("://")?;
    let host = rest.split("/").into_iter().next()?;
    let path = path(&rest.slice(host.len(), usize::MAX));
    let origin = url.slice(0, url.len() - rest.len() + host.len());
    let raw = host.raw();
    let same = |stated: &Stated| stated.raw() == origin.raw();
    if let Some(index) = services.iter().position(|service| service.url.as_ref().is_some_and(same)) {
        return Some((index, None, path));
    }
    // SERVICE-NUMBER.REGION.run.app, or SERVICE-HASH-XX.a.run.app.
    if !raw.ends_with(".run.app") {
        return None;
    }
    let named = services.iter().enumerate().filter_map(|(index, service)| {
        let name = service.name.as_ref()?.raw();
        let rest = raw.strip_prefix(name)?.strip_prefix('-')?;
        // Of `api` and `api-admin`, the longer one is meant.
        rest.contains('.').then_some((name.len(), index))
    });
    let (_, index) = named.max()?;
    Some((index, Some(origin), path))
}

/// The path at the beginning of a text, without query; none for the root.
fn path(text: &Text) -> Option<Text> {
    let path = text.split("?").into_iter().next()?;
    let path = path.split("#").into_iter().next()?;
    (path.starts_with("/") && path.raw().trim_end_matches('/') != "").then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeploysVia, Place};
    use crate::pipeline::problem::Problems;
    use crate::pipeline::shell::{Workspace, commands};

    fn place() -> Place {
        Place { file: "a".into(), line: 1, column: 1 }
    }

    /// URL and health path of the services `api` and `api-admin` after a script.
    fn told(script: &str) -> Vec<String> {
        let mut services: Vec<_> = ["api", "api-admin"]
            .map(|name| {
                let mut service = Service::new(DeploysVia::GcloudRunDeploy, place());
                service.name = Some(Stated::known(name, place()));
                service
            })
            .into();
        let script = Text::known(script, place());
        let invocations = commands(&script, &|_| None, &mut Workspace::default(), &mut Problems::default());
        let hints: Vec<_> = invocations.iter().filter_map(hint).collect();
        apply(&mut services, &hints);
        let shown = services.iter().flat_map(|service| service.url.iter().chain(&service.health_paths));
        shown.map(|stated| stated.raw().to_owned()).collect()
    }

    #[test]
    fn a_curl_to_a_described_service_states_its_path() {
        for curl in [
            "curl -f \"$URL/health\"",
            "curl -sSo /dev/null -w '%{http_code}' --retry 5 ${URL}/health?deep=1",
            "for i in 1 2 3; do wget -qO- \"${URL}/health\" && break; done",
            "curl \"$URL/\"; curl $URL/version; curl $URL/health",
        ] {
            let script =
                format!("URL=$(gcloud run services describe api --format='value(status.url)')\n{curl}\n");
            assert_eq!(told(&script), ["/health"], "{curl}");
        }
    }

    #[test]
    fn hosts_of_cloud_run_carry_the_name() {
        assert_eq!(
            told("curl https://api-admin-123.europe-west1.run.app/live"),
            ["https://api-admin-123.europe-west1.run.app", "/live"]
        );
        assert!(
            told("curl https://api.example.com/health; curl https://other-1.a.run.app/health").is_empty()
        );
    }

    #[test]
    fn a_mapped_domain_is_a_url() {
        assert_eq!(
            told(
                "gcloud beta run domain-mappings create --service api --domain=a.example\ncurl https://a.example/up"
            ),
            ["https://a.example", "/up"]
        );
    }

    #[test]
    fn what_changes_something_asks_no_health() {
        for curl in
            ["-X POST $U/run", "-XDELETE $U/a", "-d x=1 $U/run", "--data=x $U/run", "-H 'A: https://b'"]
        {
            let script =
                format!("U=$(gcloud run services describe api --format='value(status.url)')\ncurl {curl}");
            assert_eq!(told(&script), Vec::<String>::new(), "{curl}");
        }
    }
}

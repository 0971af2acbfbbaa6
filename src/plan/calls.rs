//! Which services call which: as the native file states it, or as their variables show it.

use std::sync::Arc;

use url::Url;

use crate::model::{Stated, Target};

/// A call from one service to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which of the targets is called.
    pub target: usize,
    /// How it is known, in a clause.
    pub known: String,
    /// See [`crate::record::CallRecord::by_name`].
    pub by_name: Option<String>,
}

/// The services that one calls, each once, in the order of the plan.
pub fn calls(targets: &[Arc<Target>], caller: usize) -> Vec<Call> {
    let Some(from) = targets.get(caller) else { return Vec::new() };
    let others = targets.iter().enumerate().filter(|(index, _)| *index != caller);
    others
        .filter_map(|(target, to)| {
            let (known, by_name) = known(from, to)?;
            Some(Call { target, known, by_name })
        })
        .collect()
}

/// How it is known that one calls another, and the origin where only its name says so; `None`: it is not.
fn known(from: &Target, to: &Target) -> Option<(String, Option<String>)> {
    if from.service.depends_on.iter().any(|name| name.raw() == to.name) {
        return Some(("depends_on".to_owned(), None));
    }
    let leads_there = |value: &Stated| match value.as_known() {
        Some(text) => leads_to(text, to),
        // What only the pipeline's own run can tell, but which step it comes from: the one that deploys the other.
        None => to.service.deployed_as.as_ref().filter(|step| is_url_of(value.raw(), step)).map(|_| None),
    };
    let found = from.service.env.iter().filter_map(|variable| {
        let by_name = leads_there(&variable.value)?;
        Some((format!("variable {}", variable.name), by_name))
    });
    // What is sure before what a name makes likely.
    found.min_by_key(|(_, by_name)| by_name.is_some())
}

/// Whether a text holds a URL of that service: the one that the files state, or (with its origin) one that Cloud Run
/// would make of its name.
fn leads_to(text: &str, to: &Target) -> Option<Option<String>> {
    let stated = to.service.url.as_ref().and_then(Stated::as_known).and_then(|url| Url::parse(url).ok());
    let urls = text.split([',', ' ', ';']).filter_map(|part| Url::parse(part.trim()).ok());
    let found = urls.filter(|url| url.has_host()).filter_map(|url| {
        if stated.as_ref().is_some_and(|stated| stated.origin() == url.origin()) {
            return Some(None);
        }
        url.host_str().filter(|host| is_run_app(host, to)).map(|_| Some(url.origin().ascii_serialization()))
    });
    found.min_by_key(Option::is_some)
}

/// `NAME-HASH-REGIONCODE.a.run.app` or `NAME-PROJECTNUMBER.REGION.run.app`, perhaps with a tag in front
/// (<https://cloud.google.com/run/docs/triggering/https-request>).
fn is_run_app(host: &str, to: &Target) -> bool {
    let host = host.rsplit_once("---").map_or(host, |(_, host)| host);
    let Some(rest) = host.strip_prefix(to.name.as_str()).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    let hashed = rest.strip_suffix(".a.run.app").and_then(|rest| rest.split_once('-'));
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if let Some((hash, region)) = hashed {
        return hash.len() == 10 && is_word(hash) && is_word(region) && region.len() <= 3;
    }
    let numbered = rest.strip_suffix(".run.app").and_then(|rest| rest.split_once('.'));
    numbered.is_some_and(|(number, region)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && region == to.region
    })
}

/// Whether an expression is the URL that a step gives (`${{ steps.ID.outputs.url }}`).
fn is_url_of(expression: &str, step: &str) -> bool {
    let compact: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
    compact.contains(&format!("steps.{step}.outputs.url"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DeploysVia, Place, Service, Variable};

    fn place() -> Place {
        Place { file: "f".into(), line: 1, column: 1 }
    }

    fn target(name: &str, variables: &[(&str, Stated)]) -> Arc<Target> {
        let mut service = Service::new(DeploysVia::Native, place());
        service.env = variables
            .iter()
            .map(|(name, value)| Variable { name: (*name).to_owned(), value: value.clone() })
            .collect();
        let owned = || name.to_owned();
        Arc::new(Target {
            key: owned(),
            name: owned(),
            project: "p".to_owned(),
            region: "europe-west1".to_owned(),
            revision: None,
            service,
        })
    }

    #[test]
    fn calls_are_learnt_from_urls() {
        for (url, calls_auth) in [
            ("https://auth-abcdefghij-ew.a.run.app", true),
            ("https://auth-abcdefghij-ew.a.run.app/api/v1", true),
            ("https://green---auth-abcdefghij-ew.a.run.app", true),
            ("https://auth-123456789012.europe-west1.run.app", true),
            ("https://auth-123456789012.us-central1.run.app", false),
            ("https://auth-admin-abcdefghij-ew.a.run.app", false),
            ("https://my-auth-abcdefghij-ew.a.run.app", false),
            ("https://auth-abcdefghij-ew.a.run.app.evil.example", false),
            ("https://auth.example.com", true),
            ("https://auth.example.com.evil.example", false),
            ("auth", false),
            ("", false),
        ] {
            let mut auth = (*target("auth", &[])).clone();
            auth.service.url = Some(Stated::known("https://auth.example.com/base", place()));
            let backend = target("backend", &[("AUTH_URL", Stated::known(url, place()))]);
            let found = calls(&[backend, Arc::new(auth)], 0);
            // A name that Cloud Run would make so is no proof; the URL that the files state is.
            let by_name =
                url.contains("run.app").then(|| Url::parse(url).unwrap().origin().ascii_serialization());
            let known = Call { target: 1, known: "variable AUTH_URL".to_owned(), by_name };
            assert_eq!(found, if calls_auth { vec![known] } else { vec![] }, "{url}");
        }
    }

    #[test]
    fn calls_are_learnt_from_the_step_that_deploys() {
        let url = Stated::unresolved("${{ steps.deploy-auth.outputs.url }}", place());
        let mut auth = (*target("auth", &[])).clone();
        auth.service.deployed_as = Some("deploy-auth".to_owned());
        let backend = target("backend", &[("AUTH_URL", url)]);
        assert_eq!(calls(&[backend.clone(), Arc::new(auth.clone())], 0).len(), 1);
        auth.service.deployed_as = Some("deploy".to_owned());
        assert!(calls(&[backend, Arc::new(auth)], 0).is_empty());
    }

    #[test]
    fn what_is_stated_holds_in_both_directions() {
        let (mut one, mut two) = ((*target("a", &[])).clone(), (*target("b", &[])).clone());
        one.service.depends_on = vec![Stated::known("b", place())];
        two.service.depends_on = vec![Stated::known("a", place())];
        let both = [Arc::new(one), Arc::new(two)];
        assert_eq!((calls(&both, 0)[0].target, calls(&both, 1)[0].target), (1, 0), "a cycle does no harm");
        assert!(calls(&both, 2).is_empty());
    }
}

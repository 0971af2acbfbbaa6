//! Domains that a workflow maps to a service: `gcloud run domain-mappings create`.

use crate::model::Service;
use crate::pipeline::gcloud::is_gcloud;
use crate::pipeline::shell::Invocation;
use crate::pipeline::text::Text;

/// Whether a command maps a domain.
pub(super) fn is_mapping(invocation: &Invocation) -> bool {
    let mut words = invocation.words.iter().map(Text::raw);
    if !words.next().is_some_and(|program| is_gcloud(&program)) {
        return false;
    }
    let verbs = words.filter(|word| !word.starts_with('-') && !matches!(word.as_str(), "alpha" | "beta"));
    verbs.take(3).eq(["run", "domain-mappings", "create"])
}

/// Puts the first domain that is mapped to a service into it, as its URL.
pub(super) fn attach(services: &mut [Service], mappings: &[Invocation]) {
    for mapping in mappings {
        let (Some(name), Some(domain)) = (flag(mapping, "--service"), flag(mapping, "--domain")) else {
            continue;
        };
        let mut url = Text::known("https://", domain.place().clone());
        url.push(&domain);
        let name = name.raw();
        for service in services.iter_mut() {
            if service.name.as_ref().is_some_and(|known| known.raw() == name) {
                service.url.get_or_insert_with(|| url.stated());
            }
        }
    }
}

/// The value of a flag, in the same word or in the next one.
fn flag(invocation: &Invocation, name: &str) -> Option<Text> {
    let joined = format!("{name}=");
    invocation.words.iter().enumerate().find_map(|(index, word)| {
        if word.is(name) {
            invocation.words.get(index + 1).cloned()
        } else {
            word.starts_with(&joined).then(|| word.slice(joined.len(), usize::MAX))
        }
    })
}

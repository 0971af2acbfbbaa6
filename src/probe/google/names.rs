//! Names of resources, from whatever form a file or an answer has them in.

use super::NoAnswer;
use crate::record::Broken;

/// Longest name that any of these APIs has (Secret Manager's).
const LONGEST_SEGMENT: usize = 255;

/// `projects/P/secrets/S` of a short name in `project`, or of a full name.
pub fn secret(project: &str, secret: &str) -> String {
    if secret.contains('/') { secret.to_owned() } else { format!("projects/{project}/secrets/{secret}") }
}

/// `projects/P/locations/R/connectors/C` of a short name, or of a full name.
pub fn connector(project: &str, region: &str, connector: &str) -> String {
    if connector.contains('/') {
        connector.to_owned()
    } else {
        format!("projects/{project}/locations/{region}/connectors/{connector}")
    }
}

/// The segment after `collection`: `R` after `locations` in `projects/P/locations/R/connectors/C`.
pub fn segment<'a>(resource: &'a str, collection: &str) -> Option<&'a str> {
    let mut segments = resource.split('/');
    segments.find(|segment| *segment == collection)?;
    segments.next().filter(|segment| !segment.is_empty())
}

/// Project, region and name of `project:region:instance`. A project of a domain has a colon of its own
/// (`example.com:project`).
pub fn connection(name: &str) -> Option<(&str, &str, &str)> {
    let mut parts = name.rsplitn(3, ':');
    let (instance, region, project) = (parts.next()?, parts.next()?, parts.next()?);
    [instance, region, project].iter().all(|part| !part.is_empty()).then_some((project, region, instance))
}

/// Whether a resource's name can go into the path of a request. Names come from files: one such as `../x` would ask
/// for something else.
pub(super) fn check(resource: &str) -> Result<(), NoAnswer> {
    let fits = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.len() <= LONGEST_SEGMENT
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || "._:-".contains(c))
    };
    if resource.split('/').all(fits) {
        return Ok(());
    }
    Err(NoAnswer::Broken(Broken::Unavailable {
        what: super::errors::bounded(resource),
        detail: "no resource of Google's can have this name, so it was not asked for".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_full_names_become_the_same() {
        assert_eq!(secret("p", "s"), secret("other", "projects/p/secrets/s"));
        assert_eq!(connector("p", "r", "c"), connector("x", "y", "projects/p/locations/r/connectors/c"));
    }

    #[test]
    fn segments_are_found_by_their_collection() {
        let name = "projects/p/locations/r/connectors/c";
        assert_eq!(segment(name, "locations"), Some("r"));
        assert_eq!(segment(name, "secrets"), None);
        assert_eq!(segment("projects/", "projects"), None);
    }

    #[test]
    fn connection_names_may_have_a_domain() {
        assert_eq!(connection("p:r:i"), Some(("p", "r", "i")));
        assert_eq!(connection("example.com:p:r:i"), Some(("example.com:p", "r", "i")));
        assert_eq!(connection("p:i"), None);
        assert_eq!(connection("p::i"), None);
    }

    #[test]
    fn a_name_that_would_ask_for_something_else_is_not_asked_for() {
        assert!(check("projects/example.com:p/secrets/S_1-a").is_ok());
        for bad in ["projects/../secrets/s", "projects//secrets/s", "projects/p/secrets/s?x=1", "a b", "a\nb"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}

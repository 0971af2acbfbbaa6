//! Names of resources, from whatever form a file or an answer has them in.

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

/// The last part of a resource name: `C` of `projects/P/locations/R/connectors/C`.
pub fn short(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

/// The project of a resource name `projects/P/…`, or of a connection name `P:R:I`.
pub fn project_of(resource: &str) -> Option<&str> {
    match resource.strip_prefix("projects/") {
        Some(rest) => rest.split('/').next().filter(|project| !project.is_empty()),
        None => resource.contains(':').then(|| resource.split(':').next()).flatten(),
    }
}

/// The instance of a connection name `P:R:I`.
pub fn instance_of(connection_name: &str) -> &str {
    connection_name.rsplit(':').next().unwrap_or(connection_name)
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
    fn takes_names_apart() {
        assert_eq!(short("projects/p/secrets/s"), "s");
        assert_eq!(project_of("projects/p/secrets/s"), Some("p"));
        assert_eq!(project_of("p:r:i"), Some("p"));
        assert_eq!(project_of("db"), None);
        assert_eq!(instance_of("p:r:i"), "i");
    }
}

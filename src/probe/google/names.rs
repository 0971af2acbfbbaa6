//! Names of resources that may go into the path of a request.

use super::NoAnswer;
use crate::record::Inconclusive;

/// Longest name that any of these APIs has (Secret Manager's).
const LONGEST_SEGMENT: usize = 255;

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
    Err(NoAnswer::Inconclusive(Inconclusive::Unavailable {
        what: crate::text::bounded(resource),
        detail: "no resource of Google's can have this name, so it was not asked for".to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_ask_for_something_else_is_not_asked_for() {
        assert!(check("projects/example.com:p/secrets/S_1-a").is_ok());
        for bad in ["projects/../secrets/s", "projects//secrets/s", "projects/p/secrets/s?x=1", "a b", "a\nb"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}

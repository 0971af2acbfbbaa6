//! References to secrets, `secret:version`, as gcloud, the action and the native format write them.

use super::problem::{Problem, Problems};
use super::text::Text;
use super::value::Values;
use crate::model::{Place, SecretReference, Stated};

/// Reads `secret:version` for a target. Without a version, gcloud refuses the deploy: told as a warning, and the
/// version stays open. The text is already resolved.
pub(super) fn reference(
    target: &str,
    text: &str,
    place: &Place,
    values: &Values,
    problems: &mut Problems,
) -> SecretReference {
    let (secret, version) = match values.split_last(text, ':') {
        Some((secret, version)) => (secret, values.stated(version, place.clone())),
        None => (text, Stated::unresolved("", place.clone())),
    };
    let secret = values.stated(secret, place.clone());
    if version.raw().is_empty() && secret.as_known().is_some() {
        problems.push(
            Problem::warning("secret-without-version", format!("the secret of `{target}` has no version"))
                .at(place.clone())
                .fix(format!(
                    "name one: `{target}={text}:1`, or `{text}:latest`",
                    text = text.trim_end_matches(':')
                )),
        );
    }
    SecretReference { target: target.to_owned(), secret, version }
}

/// As [`reference`], for a text that knows what is open in it, as gcloud reads it: a secret of another project may
/// have its version as a path, and without one it is `latest`.
pub(super) fn of_text(target: &str, text: &Text, problems: &mut Problems) -> SecretReference {
    let path = text.starts_with("projects/").then(|| text.split_last("/versions/")).flatten();
    let (secret, version) = match path.or_else(|| text.split_last(":")) {
        Some((secret, version)) => (secret.stated(), version.stated()),
        None if text.as_known().is_some_and(|text| is_path(&text)) => {
            (text.stated(), Stated::known("latest", text.place().clone()))
        }
        None => (text.stated(), Stated::unresolved("", text.place().clone())),
    };
    if version.raw().is_empty() && secret.as_known().is_some() {
        let name = secret.raw();
        problems.push(
            Problem::warning("secret-without-version", format!("the secret of `{target}` has no version"))
                .at(text.place().clone())
                .fix(format!("name one: `{target}={name}:1`, or `{name}:latest`")),
        );
    }
    SecretReference { target: target.to_owned(), secret, version }
}

/// Whether a text is the path of a secret, by the number of its project: gcloud knows no other.
fn is_path(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), ["projects", number, "secrets", name] if is_number(number) && !name.is_empty())
}

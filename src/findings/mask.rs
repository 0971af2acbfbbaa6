//! The text of a file for excerpts, with every secret value in it covered by as many asterisks, so that columns stay
//! right.

use std::collections::HashSet;

use super::names::holds_secret;
use super::open::{OPEN, blanked};
use crate::model::{Pipeline, Variable};
use crate::text::looks_secret;

/// The secret values that a pipeline's files state.
#[derive(Debug, Default)]
pub(super) struct Mask {
    /// The values, longest first.
    secrets: Vec<String>,
    /// The names of variables whose value may be written otherwise than it is meant (escaped, say).
    escaped: Vec<String>,
    /// Whether there are too many secrets to look for each of them.
    too_many: bool,
}

/// Secrets times characters that are compared, at most: less than a second.
const MOST_WORK: usize = 1 << 31;

/// A value so short occurs in many words: it is covered only where it stands alone.
const SHORT: usize = 4;

impl Mask {
    /// Collects the secrets of a pipeline. `holds` tells whether a file holds a text; `length` is that of all files.
    pub(super) fn new(pipeline: &Pipeline, length: usize, holds: impl Fn(&str, &str) -> bool) -> Self {
        let mut mask = Self::default();
        let mut seen = HashSet::new();
        for service in &pipeline.services {
            let sidecars = service.sidecars.iter().flat_map(|sidecar| &sidecar.env);
            for variable in service.env.iter().chain(&service.removed_env).chain(sidecars) {
                for secret in secrets_of(variable) {
                    if mask.secrets.len().saturating_mul(length) > MOST_WORK {
                        return Self { too_many: true, ..Self::default() };
                    }
                    if !holds(&variable.value.place.file, &secret) {
                        mask.escaped.push(variable.name.clone());
                    }
                    if seen.insert(secret.clone()) {
                        mask.secrets.push(secret);
                    }
                }
            }
        }
        mask.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        mask
    }

    /// A line with the secrets covered.
    pub(super) fn line(&self, line: &str) -> String {
        if self.escaped.iter().any(|name| line.contains(name.as_str())) {
            // The value is not recognised as it stands there: everything behind the first name is covered.
            let first =
                self.escaped.iter().filter_map(|name| Some(line.find(name.as_str())? + name.len())).min();
            let (shown, rest) = line.split_at(first.unwrap_or_default());
            return shown.to_owned() + &"*".repeat(rest.chars().count());
        }
        let mut covered = vec![false; line.len()];
        for secret in &self.secrets {
            for (at, _) in line.match_indices(secret.as_str()) {
                if secret.chars().count() >= SHORT || stands_alone(line, at, secret.len()) {
                    covered.get_mut(at..at + secret.len()).unwrap_or_default().fill(true);
                }
            }
        }
        let cover = |(at, character)| if covered.get(at) == Some(&true) { '*' } else { character };
        line.char_indices().map(cover).collect()
    }

    /// Whether so much text would take too long to cover.
    pub(super) fn is_too_much(&self, characters: usize) -> bool {
        self.too_many || characters.saturating_mul(self.secrets.len()) > MOST_WORK
    }
}

/// The values that may not be seen, each as a whole: those of variables named so, and the passwords of URLs.
fn secrets_of(variable: &Variable) -> Vec<String> {
    let text = blanked(&variable.value);
    let mut secrets = Vec::new();
    if looks_secret(&variable.name) || holds_secret(&variable.name) {
        // Beside a reference the literal pieces are covered.
        secrets.extend(text.split(OPEN).flat_map(|piece| piece.split('\n')).map(str::to_owned));
    }
    // A connection string that was encoded, or is none: nobody can tell which part of it is the password.
    if ["DATABASE_URL", "DB_URL", "POSTGRES_URL", "_DSN"].iter().any(|end| variable.name.ends_with(end))
        && !text.contains("://")
    {
        secrets.extend(text.split(OPEN).map(str::to_owned));
    }
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("://") {
        // A password may hold anything: up to the last `@` before a blank.
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        if let Some((_, password)) = url.rsplit_once('@').and_then(|(before, _)| before.split_once(':')) {
            secrets.extend(password.split(OPEN).map(str::to_owned));
        }
        rest = tail;
    }
    for key in ["password=", "Password=", "PASSWORD="] {
        if let Some((_, after)) = text.split_once(key) {
            let value =
                after.split(|c: char| c.is_whitespace() || "&;,".contains(c)).next().unwrap_or_default();
            secrets.extend(value.split(OPEN).map(str::to_owned));
        }
    }
    let plain = ["true", "false", "yes", "no", "on", "off"];
    // A secret's name is none.
    let is_name = |secret: &str| secret.starts_with("projects/") && secret.contains("/secrets/");
    secrets
        .retain(|secret| !secret.trim().is_empty() && !plain.contains(&secret.as_str()) && !is_name(secret));
    secrets
}

fn stands_alone(line: &str, at: usize, length: usize) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    let after = line.get(at + length..).and_then(|text| text.chars().next());
    !word(before) && !word(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{DeploysVia, Place, Service, Stated};

    fn mask(env: &[(&str, &str)], file: &str) -> Mask {
        let place = Place { file: "a".into(), line: 1, column: 1 };
        let mut service = Service::new(DeploysVia::Native, place.clone());
        for (name, value) in env {
            let value = Stated::known(*value, place.clone());
            service.env.push(Variable { name: (*name).to_owned(), value });
        }
        let pipeline = Pipeline { services: vec![service], ..Pipeline::default() };
        Mask::new(&pipeline, file.len(), |_, text| file.contains(text))
    }

    #[test]
    fn secrets_are_covered_and_columns_stay() {
        let line = "A=1,DB_PASSWORD=hunter2,URL=postgres://u:tiger@h/d";
        let mask = mask(&[("DB_PASSWORD", "hunter2"), ("URL", "postgres://u:tiger@h/d")], line);
        assert_eq!(mask.line(line), "A=1,DB_PASSWORD=*******,URL=postgres://u:*****@h/d");
        assert_eq!(mask.line("_PW: 'hunter2'"), "_PW: '*******'");
    }

    #[test]
    fn short_ones_are_covered_where_they_stand_alone() {
        let mask = mask(&[("PASSWORD", "ab")], "PASSWORD=ab");
        assert_eq!(mask.line("PASSWORD=ab,table=1"), "PASSWORD=**,table=1");
    }

    #[test]
    fn what_is_written_otherwise_takes_the_rest_of_the_line_with_it() {
        let mask = mask(&[("PASSWORD", "it's")], "PASSWORD: 'it''s'");
        assert_eq!(mask.line("PASSWORD: 'it''s'"), "PASSWORD*********");
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "[a-zé]{4,12}", before in "[A-Z= ]{0,9}", after in "[A-Z,é]{0,9}") {
            let line = format!("{before}{secret}{after}");
            let mask = mask(&[("DB_PASSWORD", &secret)], &line);
            prop_assert!(!mask.line(&line).contains(&secret));
            prop_assert_eq!(mask.line(&line).chars().count(), line.chars().count());
        }
    }
}

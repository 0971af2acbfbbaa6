//! "did you mean": the known word that is nearest to what was written.

/// The shortest part of a known word by which that word is still known.
const SHORTEST_PART: usize = 8;

/// How many characters are changed, where the known word may be meant: a slip changes at most a third of them, and who
/// does not know all of a long name gives a part of it.
fn distance(written: &str, known: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(written, known);
    let longer = written.chars().count().max(known.chars().count());
    let slip = distance <= (longer / 3).max(1);
    let part = written.len() >= SHORTEST_PART && known.contains(written);
    (slip || part).then_some(distance)
}

/// The known words that are near enough to be meant, nearest first, at most three. Case, `-` and `_` do not count.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    // Longer than any known word: comparing would only cost time.
    if written.len() > 100 {
        return Vec::new();
    }
    let plain = |word: &str| word.trim().to_lowercase().replace(['-', '_'], "");
    let written = plain(written);
    let mut near: Vec<_> =
        known.into_iter().filter_map(|word| Some((distance(&written, &plain(word))?, word))).collect();
    near.sort();
    near.into_iter().take(3).map(|(_, word)| word).collect()
}

/// "did you mean `a` or `b`?", else the whole list, if it is short enough to read.
pub(crate) fn did_you_mean<'k>(written: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let near = nearest(written, known.clone());
    if let [rest @ .., last] = near.as_slice() {
        let rest = if rest.is_empty() { String::new() } else { format!("{} or ", quoted(rest)) };
        return format!("did you mean {rest}`{last}`?");
    }
    let known: Vec<_> = known.into_iter().collect();
    format!("known are: {}", quoted(&known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let keys = ["name", "region", "service_account", "cloudsql_instances", "host", "port"];
        let pages: Vec<&str> = crate::pages::all().map(|(id, _)| id).collect();
        for (known, written, meant) in [
            (keys.as_slice(), "nmae", Some("name")),
            (&keys, "Name ", Some("name")),
            (&keys, "regoin", Some("region")),
            (&keys, "regions", Some("region")),
            (&keys, "hots", Some("host")),
            (&keys, "post", Some("host")),
            (&keys, "serviceAccount", Some("service_account")),
            (&keys, "service-acount", Some("service_account")),
            (&keys, "cloudsql-instance", Some("cloudsql_instances")),
            (&keys, "instances", Some("cloudsql_instances")),
            (&keys, "timeout", None),
            (&keys, "path", None),
            (&keys, "", None),
            (&pages, "vpc-conector-not-redy", Some("vpc-connector-not-ready")),
            (&pages, "connector-not-ready", Some("vpc-connector-not-ready")),
            (&pages, "PASSWORD_REJECTED", Some("password-rejected")),
            (&pages, "pasword-rejcted", Some("password-rejected")),
            (&pages, "health-healty", Some("health-healthy")),
            (&pages, "secret-acces-denied", Some("secret-access-denied")),
            (&pages, "secret-version-disable", Some("secret-version-disabled")),
            (&pages, "bananas", None),
            (&pages, "", None),
        ] {
            assert_eq!(nearest(written, known.iter().copied()).first().copied(), meant, "{written:?}");
        }
        assert_eq!(did_you_mean("regoin", keys), "did you mean `region`?");
        assert_eq!(did_you_mean("hort", keys), "did you mean `host` or `port`?");
        assert!(did_you_mean("timeout", keys).contains("`service_account`"));
    }
}

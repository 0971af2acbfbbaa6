//! "did you mean": the known word that is nearest to what was written.

/// How many changed characters still look like a slip: a third of the word.
fn tolerance(word: &str) -> usize {
    (word.chars().count() / 3).clamp(1, 4)
}

/// The known words that are near enough to be meant, nearest first, at most three.
pub(crate) fn nearest<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    // Longer than any known word: comparing would only cost time.
    if written.len() > 100 {
        return Vec::new();
    }
    let plain = |word: &str| word.to_lowercase().replace(['-', '_'], "");
    let mut near: Vec<_> = known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&plain(written), &plain(word)), word))
        .filter(|(distance, word)| *distance <= tolerance(word))
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, word)| word).collect()
}

/// "did you mean `a` or `b`?", else the whole list, if it is short enough to read.
pub(crate) fn hint<'k>(written: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
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
        let known = ["name", "region", "service_account", "cloudsql_instances"];
        assert_eq!(nearest("nmae", known), ["name"]);
        assert_eq!(nearest("serviceAccount", known), ["service_account"]);
        assert_eq!(nearest("cloudsql-instance", known), ["cloudsql_instances"]);
        assert!(nearest("timeout", known).is_empty());
        assert_eq!(hint("regoin", known), "did you mean `region`?");
        assert!(hint("timeout", known).contains("`service_account`"));
    }
}

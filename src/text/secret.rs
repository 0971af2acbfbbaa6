//! Which names say that what they hold is a secret.

/// Whether a variable of that name holds a secret, as users name them: its value is not shown to people.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["passw", "pwd", "secret", "token", "key", "dsn", "credential", "private"]
        .iter()
        .any(|word| name.contains(word))
        || name.ends_with("pass")
}

//! What names give away: whether a variable holds a secret.

/// Whether a variable of that name holds a secret itself, not something about one.
pub(super) fn holds_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| matches!(*word, "PUBLIC" | "PUBLISHABLE" | "ANON" | "SITE")) {
        return false;
    }
    matches!(
        words.as_slice(),
        [.., "PASSWORD" | "PASSWD" | "PASS" | "PWD" | "PGPASSWORD" | "APIKEY" | "PASSPHRASE"]
            | [.., "SECRET" | "TOKEN"]
            | [.., "SECRET" | "API" | "PRIVATE" | "SIGNING" | "ENCRYPTION" | "MASTER" | "JWT", "KEY"]
            | [.., "SECRET", "KEY", "BASE"]
    )
}

/// Whether a variable of that name holds a password.
pub(super) fn holds_password(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "_PASS", "_PWD"].iter().any(|end| upper.ends_with(end))
}

/// Whether a variable of that name holds the name of a secret, for a service that reads it by itself.
pub(super) fn holds_reference(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["NAME", "ID", "RESOURCE", "PATH", "REF", "VERSION", "URI"].iter().any(|end| upper.ends_with(end))
        || ["SECRET_", "SECRETS_"].iter().any(|word| upper.starts_with(word))
            && !upper.starts_with("SECRET_KEY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_and_of_things_about_them() {
        for name in
            ["DB_PASSWORD", "DB_PASS", "PGPASSWORD", "JWT_SECRET", "STRIPE_API_KEY", "SECRET_KEY_BASE"]
        {
            assert!(holds_secret(name), "{name}");
        }
        for name in [
            "SECRET_NAME",
            "TOKEN_EXPIRY",
            "PASSWORD_MIN_LENGTH",
            "NEXT_PUBLIC_API_KEY",
            "KEYCLOAK_URL",
            "SORT_KEY",
            "COMPASS",
            "RECAPTCHA_SITE_KEY",
        ] {
            assert!(!holds_secret(name), "{name}");
        }
        assert!(holds_reference("DB_PASSWORD_SECRET_NAME") && !holds_reference("DB_PASSWORD"));
    }
}

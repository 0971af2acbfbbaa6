//! Dummies: what people leave where a value belongs.

/// Words that people leave where a value belongs.
const DUMMIES: &[&str] = &[
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "placeholder",
    "todo",
    "tbd",
    "fixme",
    "dummy",
    "yourpassword",
    "yoursecret",
    "mypassword",
    "password",
    "passw0rd",
    "insertpasswordhere",
    "none",
    "null",
    "undefined",
];

/// Whether a text is a dummy: one of the usual words, `<…>`, `your-…`, `xxx`.
pub(crate) fn is_dummy(text: &str) -> bool {
    let text = text.trim();
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let enclosed = text.len() > 2
        && (text.starts_with('<') && text.ends_with('>') || text.starts_with("{{") && text.ends_with("}}"));
    let lower = text.to_ascii_lowercase();
    let yours = ["your-", "your_", "my-project", "replace-", "replace_", "change-me", "change_me", "todo"];
    DUMMIES.contains(&bare.as_str())
        || enclosed
        || is_reference(text)
        || yours.iter().any(|start| lower.starts_with(start))
        || bare.len() >= 3 && bare.chars().all(|c| c == 'x')
}

/// Whether the name of a user or a database is a dummy. A driver takes any, and people do call a database `todo`, a
/// user `dummy` and a project `my-project`: those words are names here.
pub(super) fn is_dummy_name(name: &str) -> bool {
    let lower = name.trim().to_ascii_lowercase();
    let real = ["todo", "my-project", "dummy", "placeholder", "password"];
    is_dummy(name) && !real.iter().any(|word| lower.starts_with(word))
}

/// Whether the whole text refers to a value instead of being one: a variable that nobody put in (`${DB_HOST}`, `$(DB_HOST)`,
/// Cloud Build's `$_DB_HOST`; Cloud Run expands none of them), or a secret by its resource name.
fn is_reference(text: &str) -> bool {
    let name = |text: &str| {
        text.len() > 1
            && text.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let between = |start: &str, end: &str| {
        text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).is_some_and(name)
    };
    let segments: Vec<&str> = text.split('/').collect();
    between("${", "}")
        || between("$(", ")")
        || text.starts_with("$_") && between("$", "")
        || matches!(
            segments.as_slice(),
            ["projects", _, "secrets", _] | ["projects", _, "secrets", _, "versions", _]
        )
}

/// Whether a host is a dummy too: of the names that are kept for examples, or the words of a template.
pub(crate) fn is_dummy_host(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    let example = ["example.com", "example.org", "example.net"];
    let words: Vec<&str> = lower.strip_prefix("/cloudsql/").unwrap_or(&lower).split(':').collect();
    is_dummy(host)
        || example.iter().any(|name| lower == *name || lower.ends_with(&format!(".{name}")))
        || matches!(words.as_slice(), ["project" | "project-id" | "project_id", "region", ..])
        || lower.starts_with("/cloudsql/") && words.iter().any(|word| is_dummy(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dummies_and_real_words() {
        for text in ["changeme", "CHANGE_ME", "<password>", "your-db-password", "xxxx", "TODO", "Password"] {
            assert!(is_dummy(text), "{text}");
        }
        for text in ["hunter2", "postgres", "10.0.0.3", "x", "xx-large", ""] {
            assert!(!is_dummy(text), "{text}");
        }
        for text in
            ["${DB_HOST}", "$(DB_PASSWORD)", "$_DB_HOST", "projects/1/secrets/db-password/versions/latest"]
        {
            assert!(is_dummy(text) && is_dummy_host(text), "{text}");
        }
        for text in ["$ecret", "${", "$_", "pa$$WORD", "$(x)y", "projects/1/secrets"] {
            assert!(!is_dummy(text), "{text}");
        }
        for host in ["db.example.com", "/cloudsql/PROJECT:REGION:INSTANCE", "/cloudsql/your-project:r:i"] {
            assert!(is_dummy_host(host), "{host}");
        }
        for name in ["todo", "todos", "dummy", "my-project-db", "auth", "postgres"] {
            assert!(!is_dummy_name(name), "{name}");
        }
        assert!(is_dummy_name("<DB_USER>") && is_dummy_name("changeme") && is_dummy_name("undefined"));
        assert!(!is_dummy_host("example.com.evil.io") && !is_dummy_host("/cloudsql/acme:r:db"));
    }
}

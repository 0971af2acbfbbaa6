//! libpq's file of passwords (`PGPASSFILE`, `passfile=`): `host:port:database:user:password`, a line each; the first that
//! fits is taken. PostgreSQL's documentation, "The Password File".

use secrecy::{ExposeSecret as _, SecretString};

/// The password for a server, a database and a user; `None`: no line is for them.
pub fn password(content: &str, host: &str, port: u16, database: &str, user: &str) -> Option<SecretString> {
    // libpq looks for the default socket's folder under this name; for any other folder, under its own.
    let host = if host.is_empty() { "localhost" } else { host };
    let wanted = [host, &port.to_string(), database, user];
    content.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (fields, password) = fields(line)?;
        let fits =
            |(field, wanted): (&Field, &str)| field.text == wanted || field.text == "*" && !field.escaped;
        let all = fields.iter().zip(wanted).all(fits);
        all.then(|| SecretString::from(password))
    })
}

/// The bits of a file's mode that let others read it: libpq passes over such a file of passwords.
pub const OTHERS: u32 = 0o077;

/// Every password of the file.
pub fn passwords(content: &SecretString) -> Vec<SecretString> {
    let lines = content.expose_secret().lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| Some(fields(line)?.1.into())).collect()
}

/// A field that a line is for.
#[derive(Default)]
struct Field {
    text: String,
    /// A `*` behind a backslash is a name and not for any.
    escaped: bool,
}

/// The four fields of a line, and the password behind them. A backslash takes the next character as it is.
fn fields(line: &str) -> Option<([Field; 4], String)> {
    let mut all: [Field; 5] = Default::default();
    let mut at = 0;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        let field = all.get_mut(at)?;
        match c {
            '\\' => {
                field.escaped = true;
                field.text.push(characters.next().unwrap_or('\\'));
            }
            // libpq ends the password at a further colon, too.
            ':' if at == 4 => break,
            ':' => at += 1,
            other => field.text.push(other),
        }
    }
    let [host, port, database, user, password] = all;
    (at == 4).then_some(([host, port, database, user], password.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &str) -> Option<String> {
        let password = password(content, "10.0.0.3", 5432, "auth", "u:1")?;
        Some(password.expose_secret().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_is_taken() {
        for (content, expected) in [
            ("10.0.0.3:5432:auth:u\\:1:secret\n", Some("secret")),
            ("# a comment\n*:*:*:*:any\n10.0.0.3:5432:auth:u\\:1:late\n", Some("any")),
            ("10.0.0.4:5432:auth:u\\:1:other\n*:5432:*:u\\:1:second", Some("second")),
            ("*:*:*:u\\:1:with\\:colon and \\\\", Some("with:colon and \\")),
            ("*:*:*:u\\:1:cut:here", Some("cut")),
            ("\\*:*:*:u\\:1:no", None),
            ("10.0.0.3:5433:auth:u\\:1:no", None),
            ("10.0.0.3:5432:auth:no", None),
            ("just-a-password", None),
            ("", None),
        ] {
            assert_eq!(found(content).as_deref(), expected, "{content:?}");
        }
    }

    proptest::proptest! {
        /// Whatever a password holds, libpq's escapes bring it back.
        #[test]
        fn what_is_escaped_comes_back(text in "[^\\r\\n\\x00]{1,20}") {
            let escaped = text.replace('\\', "\\\\").replace(':', "\\:");
            proptest::prop_assert_eq!(found(&format!("*:*:*:*:{escaped}")), Some(text));
        }
    }
}

//! The JDBC driver: `parseURL` of pgjdbc's `Driver`.

use super::cut::Cut;

/// What `DriverManager` says of a text that no driver takes. It repeats the whole text, password and all.
const NO_DRIVER: &str = "SQLException: No suitable driver found for …";

pub(super) fn read(text: &str) -> Result<Cut, &'static str> {
    let rest = text.strip_prefix("jdbc:postgresql:").ok_or(NO_DRIVER)?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut cut = Cut::default();
    match place.strip_prefix("//") {
        Some(place) => {
            // The database's name must stand there, if only as a slash.
            let (authority, name) = place.split_once('/').ok_or(NO_DRIVER)?;
            for one in authority.split(',') {
                let colon =
                    one.rfind(':').filter(|colon| one.rfind(']').is_none_or(|bracket| bracket < *colon));
                let (host, port) = match colon {
                    Some(colon) => {
                        let port = one[colon + 1..].parse::<u16>().ok().filter(|port| *port > 0);
                        (&one[..colon], Some(port.ok_or(NO_DRIVER)?))
                    }
                    None => (one, None),
                };
                let host = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(host);
                cut.hosts.push((host.to_owned(), port));
            }
            cut.name = Some(decode(name)?);
        }
        None if place.starts_with('/') => return Err(NO_DRIVER),
        None => cut.name = Some(decode(place)?),
    }
    cut.hosts.retain(|(host, _)| !host.is_empty());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else { continue };
        let value = decode(value)?;
        if key == "sslmode" && !super::libpq::is_mode(&value.to_ascii_lowercase()) {
            return Err("PSQLException: Invalid sslmode value: …");
        }
        if matches!(key, "user" | "password") {
            cut.set(key, &value);
        }
    }
    Ok(cut)
}

/// Java's `URLDecoder`: a `+` is a blank, and a `%` that begins no code is an error.
fn decode(text: &str) -> Result<String, &'static str> {
    let whole = text.match_indices('%').all(|(at, _)| {
        text.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    });
    if whole { Ok(super::cut::decoded(&text.replace('+', " ")).into_owned()) } else { Err(NO_DRIVER) }
}

//! Durations as people write them: `500ms`, `90s`, `2m`, `1h`.

use std::time::Duration;

/// The longest duration that means something to a gate.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How to write one.
pub(super) const FORM: &str = "a whole number and its unit: `500ms`, `90s`, `2m`, `1h`; at most `24h`";

/// Reads a duration: more than nothing and at most a day.
///
/// # Errors
/// A sentence that says how to write one.
pub fn duration(text: &str) -> Result<Duration, String> {
    parse(text)
        .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
        .ok_or_else(|| format!("write {FORM}"))
}

fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().ok()?;
    let seconds = |factor: u64| number.checked_mul(factor).map(Duration::from_secs);
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        _ => None,
    }
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("2m", 120), ("1h", 3600)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for text in [
            "",
            "5",
            "s",
            "1.5s",
            "-1s",
            "1 s",
            "2d",
            "1m30s",
            "99999999999999999999s",
            "18446744073709551615h",
            "0s",
            "25h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_seconds_come_back(seconds in 1u64..86_400) {
            prop_assert_eq!(duration(&format!("{seconds}s")), Ok(Duration::from_secs(seconds)));
        }
    }
}

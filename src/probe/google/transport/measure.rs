//! How much an answer would be in memory: `{},` are three bytes, and a kilobyte when they are a virtual machine.

/// Objects that an answer may hold. The firewalls of a network with 5,000 rules have some 20,000.
const MOST_OBJECTS: usize = 100_000;
/// Values in lists and members of objects, all told.
const MOST_VALUES: usize = 500_000;

/// Whether what these bytes of JSON hold fits into the memory that it is worth. What is no JSON may fit: the decoder says
/// so later.
pub(super) fn fits(json: &[u8]) -> bool {
    let (mut objects, mut values) = (0_usize, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true | false, b'"') => quoted = !quoted,
            (false, b'{') => objects += 1,
            (false, b',') => values += 1,
            (true | false, _) => {}
        }
    }
    objects <= MOST_OBJECTS && values <= MOST_VALUES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_unfold_to_gigabytes_does_not_fit() {
        let many = |one: &str, count: usize| format!("[{}]", vec![one; count].join(","));
        assert!(fits(many("{}", MOST_OBJECTS).as_bytes()));
        assert!(!fits(many("{}", MOST_OBJECTS + 1).as_bytes()));
        assert!(!fits(many("0", MOST_VALUES + 2).as_bytes()));
        assert!(!fits("{".repeat(1 << 20).as_bytes()));
    }

    #[test]
    fn what_stands_in_texts_is_one_value() {
        let text = format!(r#"{{"textPayload": "{}\"{}"}}"#, "{".repeat(1 << 20), ",".repeat(1 << 20));
        assert!(fits(text.as_bytes()));
        assert!(fits(br#""a\\", "b""#));
    }

    #[test]
    fn what_is_no_json_is_the_decoders_affair() {
        assert!(fits(b"") && fits(b"<html>") && fits(&[0xff, b'"', b'\\']));
    }
}

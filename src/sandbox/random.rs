//! Chance for inventions: passwords that differ in every run, suffixes of revisions.
//!
//! It guards nothing: all of it lives on loopback for the length of one run. The standard library's own random
//! hash keys are enough for that and need no further dependency.

use std::hash::{BuildHasher as _, RandomState};

/// Lower-case letters and digits, without those that look alike.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A random word of that many characters, none of which needs escaping in a connection string.
pub(super) fn word(length: usize) -> String {
    let state = RandomState::new();
    (0..length)
        .map(|index| {
            let bits = state.hash_one(index).to_le_bytes()[0];
            char::from(ALPHABET[usize::from(bits) % ALPHABET.len()])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_have_their_length_and_differ() {
        assert_eq!(super::word(24).len(), 24);
        assert_ne!(super::word(24), super::word(24));
    }
}

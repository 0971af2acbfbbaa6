//! An answer over HTTP, as far as health and journeys read it.

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// `Content-Type`, where there is one of ASCII.
    pub content_type: Option<String>,
    /// `Location`, where there is one of ASCII.
    pub location: Option<String>,
    /// `Content-Encoding`, where the body is sent encoded although that was not asked for. It is not undone: a few bytes
    /// may unfold to gigabytes.
    pub encoding: Option<String>,
    /// The header lines, names in lower case: untrusted text, bounded.
    pub headers: Vec<(String, String)>,
    /// The body, up to [`LONGEST_BODY`](crate::probe::http::LONGEST_BODY).
    pub body: Vec<u8>,
    /// Whether the body goes on beyond that.
    pub truncated: bool,
}

impl HttpAnswer {
    /// The values of the header lines of that name, in any case of letters.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

//! A text as a reader of some encoding sees it, with the way back to its source.

use std::ops::Range;

/// The mark of a cut.
const CUT: &[u8] = "…".as_bytes();

/// Decoded bytes, each with the range of the source that it was read from.
#[derive(Clone, Debug)]
pub(super) struct View {
    bytes: Vec<u8>,
    from: Vec<Range<usize>>,
}

/// One encoding, undone: at the beginning of what is given stands an escape of so many bytes, which means this text.
type Decoder = fn(&[u8]) -> Option<(usize, Vec<u8>)>;

/// A text in every way in which somebody might have written a secret into it.
pub(super) fn views(text: &str) -> Vec<View> {
    let plain = View { bytes: text.bytes().collect(), from: (0..text.len()).map(|at| at..at + 1).collect() };
    let mut views = vec![plain];
    // One encoding over another: each is undone on what the others gave, twice at most.
    for _ in 0..2 {
        let decoders: [Decoder; 4] = [percent, plus, backslash, entity];
        let more: Vec<View> = views
            .iter()
            .flat_map(|view| decoders.iter().filter_map(|decoder| view.decoded(*decoder)))
            .collect();
        for view in more {
            if !views.iter().any(|known| known.bytes == view.bytes) {
                views.push(view);
            }
        }
    }
    views
}

impl View {
    /// The view with an encoding undone; `None` where there is nothing to undo.
    fn decoded(&self, decoder: Decoder) -> Option<Self> {
        let mut view = Self { bytes: Vec::with_capacity(self.bytes.len()), from: Vec::new() };
        let mut undone = false;
        let mut at = 0;
        while let Some(rest) = self.bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (length, meant) = match decoder(rest) {
                Some(escape) => {
                    undone = true;
                    escape
                }
                None => (1, vec![rest[0]]),
            };
            let source = self.source(at..at + length);
            view.from.extend(meant.iter().map(|_| source.clone()));
            view.bytes.extend(meant);
            at += length;
        }
        undone.then_some(view)
    }

    /// Where in the source a part of the view stands.
    fn source(&self, part: Range<usize>) -> Range<usize> {
        let of = |at: usize| self.from.get(at).cloned().unwrap_or_default();
        of(part.start).start..of(part.end.saturating_sub(1)).end
    }

    /// Every place of the needle, in the source.
    pub(super) fn find(&self, needle: &[u8]) -> Vec<Range<usize>> {
        let windows = self.bytes.windows(needle.len().max(1)).enumerate();
        let at = windows.filter(|(_, window)| same(window, needle)).map(|(at, _)| at);
        at.map(|at| self.source(at..at + needle.len())).collect()
    }

    /// Every place where a text was cut within the needle, after at least `shortest` bytes of it.
    pub(super) fn find_cut(&self, needle: &[u8], shortest: usize) -> Vec<Range<usize>> {
        let cuts = self.bytes.windows(CUT.len()).enumerate().filter(|(_, window)| *window == CUT);
        cuts.filter_map(|(cut, _)| {
            let before = &self.bytes[..cut];
            let end = before.len() - torn_escape(before);
            let most = needle.len().min(end);
            let length = (shortest..=most)
                .rev()
                .find(|length| same(&before[end - *length..end], &needle[..*length]))?;
            let start = self.source(end - length..end).start;
            Some(start..self.source(cut - 1..cut).end)
        })
        .collect()
    }
}

/// Whether two texts are the same, but for line breaks and the like that somebody made blanks.
fn same(text: &[u8], needle: &[u8]) -> bool {
    let blank = |byte: u8| if byte.is_ascii_control() { b' ' } else { byte };
    text.len() == needle.len() && text.iter().zip(needle).all(|(a, b)| a == b || blank(*a) == blank(*b))
}

/// How many bytes at the end are the beginning of an escape.
fn torn_escape(bytes: &[u8]) -> usize {
    /// The longest escape, `\u{10ffff}` aside.
    const LONGEST: usize = 6;
    let tail = &bytes[bytes.len().saturating_sub(LONGEST)..];
    let begins = tail.iter().rposition(|byte| matches!(byte, b'%' | b'\\' | b'&'));
    begins.map_or(0, |at| tail.len() - at)
}

/// `%C3`, in URLs.
fn percent(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let digits = text.strip_prefix(b"%")?.get(..2)?;
    Some((3, vec![u8::try_from(hexadecimal(digits)?).ok()?]))
}

/// [`percent`] and `+` for a blank, in forms.
fn plus(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    if text.starts_with(b"+") { Some((1, b" ".to_vec())) } else { percent(text) }
}

/// `\n`, `\u00fc`, `\u{fc}`, in JSON and most languages' strings.
fn backslash(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let short = |byte: u8| Some((2, vec![byte]));
    match *text.strip_prefix(b"\\")?.first()? {
        b'n' => short(b'\n'),
        b'r' => short(b'\r'),
        b't' => short(b'\t'),
        b'b' => short(8),
        b'f' => short(12),
        b'0' => short(0),
        byte @ (b'"' | b'\'' | b'\\' | b'/') => short(byte),
        b'x' => Some((4, vec![u8::try_from(hexadecimal(text.get(2..4)?)?).ok()?])),
        b'u' if text.get(2) == Some(&b'{') => {
            let end = text.iter().take(12).position(|byte| *byte == b'}')?;
            Some((end + 1, utf8(hexadecimal(text.get(3..end)?)?)?))
        }
        b'u' => {
            let unit = |at: usize| hexadecimal(text.get(at..at + 4)?);
            let first = unit(2)?;
            if let Some(whole) = utf8(first) {
                return Some((6, whole));
            }
            let second = text.get(6..8).filter(|next| next == b"\\u").and_then(|_| unit(8))?;
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let char = char::decode_utf16(pair).next()?.ok()?;
            Some((12, char.to_string().into_bytes()))
        }
        _ => None,
    }
}

/// `&quot;`, `&#246;`, `&#xf6;`, in XML and HTML.
fn entity(text: &[u8]) -> Option<(usize, Vec<u8>)> {
    let inner = text.strip_prefix(b"&")?;
    let end = inner.iter().take(10).position(|byte| *byte == b';')?;
    let name = &inner[..end];
    let meant = match name {
        b"amp" => b"&".to_vec(),
        b"lt" => b"<".to_vec(),
        b"gt" => b">".to_vec(),
        b"quot" => b"\"".to_vec(),
        b"apos" => b"'".to_vec(),
        _ => {
            let number = name.strip_prefix(b"#")?;
            let code = match number.strip_prefix(b"x").or_else(|| number.strip_prefix(b"X")) {
                Some(digits) => hexadecimal(digits)?,
                None => std::str::from_utf8(number).ok()?.parse().ok()?,
            };
            utf8(code)?
        }
    };
    Some((end + 2, meant))
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    // `from_str_radix` would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

fn utf8(code: u32) -> Option<Vec<u8>> {
    Some(char::from_u32(code)?.to_string().into_bytes())
}

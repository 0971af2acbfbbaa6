//! The values of variables, and how they are put into requests: each encoded for its place, and sent only where it
//! belongs.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderValue;
use serde_json::Value;
use url::Url;

use crate::model::{Json, Part, Template};
use crate::probe::http::is_loopback;

/// All but what RFC 3986 calls unreserved: a value in a URL never ends its segment, its parameter or its path.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value, and where it may go. No `Debug`: it may be a secret.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) value: Value,
    /// Whether it may go anywhere: it stands in the file, or the file says that it is no secret.
    pub(crate) open: bool,
    /// Hosts outside the pipeline that it may go to, as URLs have them.
    pub(crate) hosts: BTreeSet<String>,
}

/// All values that a step may use.
pub(crate) type Values = BTreeMap<String, Held>;

/// Why a value cannot be put where the step wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// There is no such value.
    Missing {
        /// Its name.
        name: String,
    },
    /// It cannot stand there.
    Shape {
        /// What is wrong; not the value.
        detail: String,
    },
    /// It does not belong to that host.
    Elsewhere {
        /// What is wrong; not the value.
        detail: String,
    },
}

/// Where a request goes, as far as it decides which values may go with it.
#[derive(Clone, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) origin: &'a Url,
    /// Whether it is one of the pipeline's own services.
    pub(crate) own: bool,
}

/// Puts values into the texts of one request to one destination.
pub(crate) struct Filling<'a> {
    pub(crate) values: &'a Values,
    pub(crate) to: Destination<'a>,
}

impl Filling<'_> {
    fn value(&self, name: &str) -> Result<&Value, Unfit> {
        let held = self.values.get(name).ok_or_else(|| Unfit::Missing { name: name.to_owned() })?;
        let url = self.to.origin;
        let host = host_of(url);
        if held.open {
            return Ok(&held.value);
        }
        if !(self.to.own || held.hosts.contains(&host)) {
            return Err(Unfit::Elsewhere { detail: format!("(({name})) may not be sent to {host}") });
        }
        if url.scheme() != "https" && !is_loopback(url) {
            return Err(Unfit::Elsewhere {
                detail: format!("(({name})) is a secret, and {host} is reached without TLS"),
            });
        }
        Ok(&held.value)
    }

    /// A text with its values in it, each passed through an encoding.
    fn text(&self, template: &Template, encode: impl Fn(&str) -> String) -> Result<String, Unfit> {
        let mut text = String::new();
        for part in &template.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Variable(name) => text.push_str(&encode(&plain(name, self.value(name)?)?)),
            }
        }
        Ok(text)
    }

    /// A path with its query.
    pub(crate) fn path(&self, template: &Template) -> Result<String, Unfit> {
        self.text(template, |value| utf8_percent_encode(value, IN_URL).to_string())
    }

    /// The value of a form's field; the form's own encoding follows.
    pub(crate) fn field(&self, template: &Template) -> Result<String, Unfit> {
        self.text(template, str::to_owned)
    }

    /// A text that nothing encodes: no value may begin another line in it.
    pub(crate) fn raw(&self, template: &Template) -> Result<String, Unfit> {
        for name in template.variables() {
            without_controls(name, &plain(name, self.value(name)?)?)?;
        }
        self.text(template, str::to_owned)
    }

    /// The value of a header, which shows nowhere.
    pub(crate) fn header(&self, name: &str, text: &str) -> Result<HeaderValue, Unfit> {
        let mut value = HeaderValue::from_str(text).map_err(|_shows_the_value| Unfit::Shape {
            detail: format!(
                "what the header {name} would hold has a line break or another control character"
            ),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The text of a header.
    pub(crate) fn header_text(&self, template: &Template) -> Result<String, Unfit> {
        self.raw(template)
    }

    /// A JSON document.
    pub(crate) fn json(&self, json: &Json) -> Result<Value, Unfit> {
        fill(json, &|name| self.value(name))
    }
}

/// A JSON document with values that go nowhere: they are compared with what came.
pub(crate) fn compared(json: &Json, values: &Values) -> Result<Value, Unfit> {
    fill(json, &|name| {
        let held = values.get(name).ok_or_else(|| Unfit::Missing { name: name.to_owned() })?;
        Ok(&held.value)
    })
}

fn fill<'v>(json: &Json, value_of: &dyn Fn(&str) -> Result<&'v Value, Unfit>) -> Result<Value, Unfit> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.clone()),
        Json::Text(Template(parts)) => match &parts[..] {
            // A variable and nothing else keeps its type.
            [Part::Variable(name)] => value_of(name)?.clone(),
            parts => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(literal) => text.push_str(literal),
                        Part::Variable(name) => text.push_str(&plain(name, value_of(name)?)?),
                    }
                }
                Value::String(text)
            }
        },
        Json::List(items) => {
            Value::Array(items.iter().map(|item| fill(item, value_of)).collect::<Result<_, _>>()?)
        }
        Json::Map(entries) => {
            let filled = entries.iter().map(|(key, value)| Ok((key.clone(), fill(value, value_of)?)));
            Value::Object(filled.collect::<Result<_, Unfit>>()?)
        }
    })
}

/// A value as text: of a text itself, of a number or a truth value its JSON.
fn plain(name: &str, value: &Value) -> Result<String, Unfit> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Unfit::Shape {
            detail: format!(
                "(({name})) is no text, number or truth value, which alone can stand within a text"
            ),
        }),
    }
}

fn without_controls(name: &str, value: &str) -> Result<(), Unfit> {
    if value.chars().any(char::is_control) {
        return Err(Unfit::Shape {
            detail: format!("(({name})) has a line break or another control character in it"),
        });
    }
    Ok(())
}

/// Host and port as `hosts:` of the file has them: the port only where it is not the scheme's own.
pub(crate) fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn held(value: Value) -> Held {
        Held { value, open: false, hosts: BTreeSet::new() }
    }

    fn variable() -> Template {
        Template(vec![
            Part::Text("/a/".to_owned()),
            Part::Variable("v".to_owned()),
            Part::Text("/b".to_owned()),
        ])
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn secrets_go_to_their_own_hosts_over_tls_alone() {
        let mut values = Values::from([("v".to_owned(), held("secret".into()))]);
        let sent = |values: &Values, to: &str, own: bool| {
            let origin = url(to);
            Filling { values, to: Destination { origin: &origin, own } }.path(&variable()).is_ok()
        };
        assert!(sent(&values, "https://auth.example", true));
        assert!(sent(&values, "http://127.0.0.1:8080", true));
        assert!(!sent(&values, "http://auth.example", true), "without TLS");
        assert!(!sent(&values, "https://idp.example", false), "another host");
        values.get_mut("v").unwrap().hosts.insert("idp.example".to_owned());
        assert!(sent(&values, "https://idp.example", false));
        assert!(!sent(&values, "https://idp.example:8443", false), "another port");
        assert!(!sent(&values, "https://idp.example.evil", false));
        assert!(!sent(&values, "https://evil.idp.example", false));
        values.get_mut("v").unwrap().open = true;
        assert!(sent(&values, "http://anywhere.example", false));
    }

    #[test]
    fn a_variable_alone_keeps_its_type() {
        let origin = url("https://a.example");
        let values = Values::from([
            ("n".to_owned(), held(42.into())),
            ("o".to_owned(), held(serde_json::json!({"a": 1}))),
        ]);
        let filling = Filling { values: &values, to: Destination { origin: &origin, own: true } };
        let alone = |name: &str| Json::Text(Template(vec![Part::Variable(name.to_owned())]));
        assert_eq!(filling.json(&alone("n")), Ok(42.into()));
        assert_eq!(filling.json(&alone("o")), Ok(serde_json::json!({"a": 1})));
        let within = |name: &str| {
            Json::Text(Template(vec![Part::Text("x".to_owned()), Part::Variable(name.to_owned())]))
        };
        assert_eq!(filling.json(&within("n")), Ok("x42".into()));
        assert!(matches!(filling.json(&within("o")), Err(Unfit::Shape { .. })));
        assert!(matches!(filling.json(&within("p")), Err(Unfit::Missing { .. })));
    }

    proptest! {
        /// Whatever a value is, it stays a value: it ends nothing, begins nothing, and comes back whole.
        #[test]
        fn no_value_leaves_its_place(value in "(?s).{0,24}|[\"\\\\\r\n&=/?#%+;: ]{0,12}") {
            let origin = url("https://a.example");
            let values = Values::from([("v".to_owned(), held(value.clone().into()))]);
            let filling = Filling { values: &values, to: Destination { origin: &origin, own: true } };
            let joined = format!("https://a.example{}?q=1#f", filling.path(&variable()).unwrap());
            let parsed = url(&joined);
            prop_assert_eq!(parsed.host_str(), Some("a.example"));
            prop_assert_eq!(parsed.query(), Some("q=1"));
            // A single or double dot is a path of its own to URLs; that is refused where requests are composed.
            if value != "." && value != ".." {
                let segments: Vec<&str> = parsed.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 3);
                let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
                prop_assert_eq!(decoded, value.as_str());
            }
            let json = Json::Map(vec![("k".to_owned(), Json::Text(variable()))]);
            let sent = filling.json(&json).unwrap().to_string();
            let back: Value = serde_json::from_str(&sent).unwrap();
            prop_assert_eq!(&back["k"], &Value::from(format!("/a/{value}/b")));
            prop_assert_eq!(back.as_object().unwrap().len(), 1);
            match filling.raw(&variable()) {
                Ok(text) => {
                    prop_assert!(!text.contains(['\r', '\n']));
                    prop_assert!(filling.header("x", &text).is_ok());
                }
                Err(Unfit::Shape { detail }) => {
                    prop_assert!(value.chars().any(char::is_control));
                    prop_assert!(value.trim().len() < 4 || !detail.contains(value.trim()));
                }
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

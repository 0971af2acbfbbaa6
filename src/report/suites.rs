//! Suites as XML. The crate writes the cases; what it cannot write is written here: properties, the counts on the
//! root, `skipped`, `file`, a time stamp without a zone, and times of three decimals.

use junit_report::TestSuite;

use super::junit::written;
use crate::model::Place;
use crate::record::RunRecord;

/// A suite, and what the crate has no words for.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) suite: TestSuite,
    /// The pipeline file.
    pub(super) file: Option<String>,
    /// Names and values, the verdict and the root cause first.
    pub(super) properties: Vec<(String, String)>,
    /// The place of each case, in their order; written only where the flavour has it.
    pub(super) places: Vec<Option<Place>>,
}

/// The whole document.
pub(super) fn write(suites: &[Suite], record: &RunRecord, located: bool) -> String {
    let sum = |count: fn(&TestSuite) -> usize| {
        suites.iter().map(|one| count(&one.suite)).sum::<usize>().to_string()
    };
    let time = seconds(i128::from(record.duration_ms));
    let attributes = [
        ("name", "rungate".to_owned()),
        ("tests", sum(TestSuite::tests)),
        ("failures", sum(TestSuite::failures)),
        ("errors", sum(TestSuite::errors)),
        ("time", time.clone()),
    ];
    let timestamp = record.started.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites{}>\n", list(&attributes));
    for (id, one) in suites.iter().enumerate() {
        let suite = &one.suite;
        let mut attributes = vec![
            ("name", suite.name.clone()),
            ("tests", suite.tests().to_string()),
            ("failures", suite.failures().to_string()),
            ("errors", suite.errors().to_string()),
            ("skipped", suite.skipped().to_string()),
            ("time", seconds(suite.time().whole_milliseconds())),
            ("timestamp", timestamp.clone()),
            ("hostname", suite.hostname.clone()),
            ("id", id.to_string()),
            ("package", "rungate".to_owned()),
        ];
        attributes.extend(one.file.clone().map(|file| ("file", crate::text::escape::one_line(&file))));
        xml.push_str(&format!("<testsuite{}>\n<properties>\n", list(&attributes)));
        for (name, value) in &one.properties {
            let attributes = [("name", name.clone()), ("value", value.clone())];
            xml.push_str(&format!("<property{}/>\n", list(&attributes)));
        }
        xml.push_str("</properties>\n");
        let cases = cases(suite);
        xml.push_str(&if located { with_places(&cases, &one.places) } else { cases });
        xml.push_str("\n</testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// The cases of a suite, cut out of the document that the crate writes for that suite alone: the first start tag
/// is the suite's own, and ends at the first `>`, because attribute values are escaped.
fn cases(suite: &TestSuite) -> String {
    let document = written(suite);
    let inner = document
        .split_once("<testsuite ")
        .and_then(|(_, rest)| rest.split_once('>'))
        .and_then(|(_, rest)| rest.strip_suffix("</testsuite></testsuites>"));
    inner.unwrap_or_default().to_owned()
}

/// The cases with `file` and `line` on each. Outside of CDATA, `<testcase ` is always the start of one.
fn with_places(cases: &str, places: &[Option<Place>]) -> String {
    const START: &str = "<testcase ";
    let mut places = places.iter();
    let (mut out, mut rest) = (String::new(), cases);
    loop {
        let (markup, section) = rest.split_once("<![CDATA[").map_or((rest, None), |(a, b)| (a, Some(b)));
        let mut parts = markup.split(START);
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            out.push_str(START);
            if let Some(Some(place)) = places.next() {
                let file = crate::text::escape::one_line(&place.file);
                out.push_str(&format!("file=\"{}\" line=\"{}\" ", escaped(&file), place.line));
            }
            out.push_str(part);
        }
        let Some(section) = section else { return out };
        let (text, after) = section.split_once("]]>").unwrap_or((section, ""));
        out.push_str(&format!("<![CDATA[{text}]]>"));
        rest = after;
    }
}

fn list(attributes: &[(&str, String)]) -> String {
    attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect()
}

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Milliseconds as seconds with three decimals, as the schema allows at most.
fn seconds(ms: i128) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

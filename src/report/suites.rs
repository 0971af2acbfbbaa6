//! Suites as XML. The crate writes the cases; what it cannot write is written here: properties, the counts on the
//! root, `skipped`, `file`, a time stamp without a zone, and times of three decimals.

use junit_report::TestSuite;

use super::junit::written;
use crate::run::record::RunRecord;

/// A suite, and what the crate has no words for.
#[derive(Debug)]
pub(super) struct Suite {
    pub(super) suite: TestSuite,
    /// The pipeline file.
    pub(super) file: Option<String>,
    /// Names and values, the verdict and the root cause first.
    pub(super) properties: Vec<(String, String)>,
}

/// The whole document.
pub(super) fn write(suites: &[Suite], record: &RunRecord) -> String {
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
        attributes.extend(one.file.clone().map(|file| ("file", super::escape::one_line(&file))));
        xml.push_str(&format!("<testsuite{}>\n<properties>\n", list(&attributes)));
        for (name, value) in &one.properties {
            let attributes = [("name", name.clone()), ("value", value.clone())];
            xml.push_str(&format!("<property{}/>\n", list(&attributes)));
        }
        xml.push_str("</properties>\n");
        xml.push_str(&cases(suite));
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

//! What the readers of each format rely on.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use rungate::diagnosis::{Verdict, diagnose};
use rungate::record::RunRecord;
use rungate::report::{SCHEMA, Style, render};
use serde_json::Value;

use crate::common::{Rungate, root};
use crate::diagnosis::some_run;
use crate::records::GRAPH;
use crate::reports::{cases, without_cdata};

// Markdown

/// Markdown without its blocks of code, spans of code, and what stands in `<code>`.
fn without_code(text: &str) -> String {
    let mut outside = String::new();
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let bare = line.trim_start();
        let ticks: String = bare.chars().take_while(|char| *char == '`').collect();
        match &fence {
            Some(open) => {
                if bare.trim_end() == open {
                    fence = None;
                }
            }
            None if ticks.len() >= 3 && !bare[ticks.len()..].contains('`') => fence = Some(ticks),
            None => {
                outside.push_str(&without_spans(line));
                outside.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a block of code does not end: {text}");
    outside
}

/// A line without its spans of code.
fn without_spans(line: &str) -> String {
    // A line that begins with a tag of a block is HTML, in which a backtick is none.
    if line.starts_with("<details>") {
        let Some((before, after)) = line.split_once("<code>") else { return line.to_owned() };
        let (_, after) = after.rsplit_once("</code>").unwrap();
        return format!("{before}{after}");
    }
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        let ticks = rest[at..].chars().take_while(|char| *char == '`').count();
        let mut from = at + ticks;
        let end = loop {
            let Some(found) = rest[from..].find('`').map(|found| from + found) else {
                panic!("a span of code does not end: {line}")
            };
            let run = rest[found..].chars().take_while(|char| *char == '`').count();
            from = found + run;
            if run == ticks {
                break from;
            }
        };
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Nothing in it is a link, an image, a mention, a reference or markup but our own.
pub(crate) fn markdown_is_inert(text: &str) {
    assert!(text.len() <= 1 << 20);
    let bare = without_code(text);
    for never in ["@", "](", "![", "http:", "https:", "www.", "<!--", "<a", "<img", "<script"] {
        assert!(!bare.contains(never), "{never} in {bare}");
    }
    let tags = ["<details>", "</details>", "<summary>", "</summary>", "<sub>", "</sub>"];
    let left = tags.iter().fold(bare.clone(), |text, tag| text.replace(tag, ""));
    assert!(!left.contains('<'), "{left}");
    // Headings: one of the run, one a service, one a cause.
    for line in bare.lines().filter(|line| line.starts_with('#')) {
        let ours = ["## ", "### Service ", "#### "];
        assert!(ours.iter().any(|start| line.starts_with(start)), "{line}");
    }
    for block in text.split("```mermaid\n").skip(1) {
        let (diagram, _) = block.split_once("\n```\n").unwrap();
        for line in diagram.lines() {
            assert!(!line.contains(['\\', '(', ')', '`', '@', ';']) && line.len() < 120, "{line}");
        }
    }
}

#[test]
fn markdown_says_all_and_lets_nothing_act() {
    for (folder, record, diagnosis) in cases() {
        let text = render("markdown", &record, &diagnosis, &Style::default()).unwrap();
        markdown_is_inert(&text);
        assert!(text.contains(&format!("rungate: {}", diagnosis.verdict)), "{}", folder.display());
        for cause in &diagnosis.causes {
            assert!(text.contains(&format!("`{}`", cause.code)), "{}", folder.display());
            for command in cause.fix.iter().filter_map(|fix| fix.command.as_ref()) {
                let command = rungate::text::escape::one_line(command);
                assert!(text.lines().any(|line| line.trim() == command), "{}: {command}", folder.display());
            }
        }
        let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains("| `")).count();
        assert_eq!(rows, record.nodes.len(), "{}", folder.display());
        let broken = text.matches(":::broken").count();
        assert!(diagnosis.verdict != Verdict::Unhealthy || broken > 0 || record.services.is_empty());
        assert!(diagnosis.verdict != Verdict::Healthy || broken == 0);
    }
}

/// A run of this many services, each as the first recorded one.
fn of_many(services: usize) -> RunRecord {
    let (_, mut record, _) = cases().into_iter().find(|(_, _, diagnosis)| diagnosis.exit_code == 1).unwrap();
    let (service, nodes) = (record.services[0].clone(), record.nodes.clone());
    record.services.clear();
    record.nodes.clear();
    for number in 0..services {
        let key = format!("auth-{number:03}");
        record.services.push(rungate::record::ServiceRecord {
            key: key.clone(),
            name: key.clone(),
            ..service.clone()
        });
        record.nodes.extend(nodes.iter().cloned().map(|mut node| {
            node.service.clone_from(&key);
            node
        }));
    }
    record
}

#[test]
fn markdown_beyond_the_limit_is_shortened_by_whole_parts_and_says_so() {
    let record = of_many(400);
    let diagnosis = diagnose(&record, &GRAPH);
    let text = render("markdown", &record, &diagnosis, &Style::default()).unwrap();
    assert!((900_000..=1 << 20).contains(&text.len()), "{}", text.len());
    markdown_is_inert(&text);
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("> Left out") && last.contains("check"), "{last}");
}

// GitHub's commands

/// A command of the runner, unescaped as the runner does it.
fn command(line: &str) -> Option<(String, Vec<(String, String)>, String)> {
    let unescape = |text: &str| {
        text.replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%25", "%")
    };
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let pair = |text: &str| text.split_once('=').map(|(name, value)| (name.to_owned(), unescape(value)));
    Some((name.to_owned(), properties.split(',').filter_map(pair).collect(), unescape(data)))
}

/// Every command in it is one that we give; none that others wrote.
pub(crate) fn commands_are_ours(
    record: &RunRecord,
    text: &str,
) -> Vec<(String, Vec<(String, String)>, String)> {
    let mut found = Vec::new();
    let mut open = 0;
    for line in text.lines() {
        assert!(!line.contains("##["), "{line}");
        let Some(one) = command(line) else { continue };
        match one.0.as_str() {
            "group" => open += 1,
            "endgroup" => open -= 1,
            "error" | "warning" => {
                assert_eq!(open, 0, "{line}");
                let names: Vec<&str> = one.1.iter().map(|(name, _)| name.as_str()).collect();
                assert!(names == ["title"] || names == ["file", "line", "col", "title"], "{line}");
            }
            other => panic!("a command {other} of others: {line}"),
        }
        found.push(one);
    }
    assert_eq!(open, 0);
    let groups = found.iter().filter(|(name, ..)| name == "group").count();
    assert_eq!(groups, record.services.len());
    found
}

#[test]
fn annotations_stand_on_the_files_own_lines_the_root_cause_first_one_a_service() {
    for (folder, record, diagnosis) in cases() {
        let text = render("github", &record, &diagnosis, &Style::default()).unwrap();
        let commands = commands_are_ours(&record, &text);
        let errors: Vec<_> = commands.iter().filter(|(name, ..)| name == "error").collect();
        assert_eq!(errors.is_empty(), diagnosis.causes.is_empty(), "{}", folder.display());
        let Some(cause) = diagnosis.causes.first() else { continue };
        let (_, properties, message) = errors[0];
        assert!(
            properties.iter().any(|(_, title)| title.contains(&cause.code.to_string())),
            "{properties:?}"
        );
        assert!(message.starts_with(&rungate::text::escape::one_line(&cause.claim)), "{message}");
        if let Some(place) = &cause.place {
            assert!(properties.contains(&("file".to_owned(), place.file.to_string())), "{properties:?}");
            assert!(properties.contains(&("line".to_owned(), place.line.to_string())), "{properties:?}");
        }
    }
    let record = of_many(23);
    let diagnosis = diagnose(&record, &GRAPH);
    let commands =
        commands_are_ours(&record, &render("github", &record, &diagnosis, &Style::default()).unwrap());
    let errors: Vec<_> = commands.iter().filter(|(name, ..)| name == "error").collect();
    assert_eq!(errors.len(), 10, "GitHub drops what is more");
    assert!(errors[9].2.contains("13 services more"), "{}", errors[9].2);
}

// JSON

#[test]
fn the_json_report_is_as_its_schema_says() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "the schema itself is valid");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems = |report: &Value| -> Vec<String> {
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
    };
    for (folder, record, diagnosis) in cases() {
        let text = render("json", &record, &diagnosis, &Style::default()).unwrap();
        let report: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problems(&report), Vec::<String>::new(), "{}", folder.display());
        // Every field that is written is described.
        let described: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(report.as_object().unwrap().keys().collect::<BTreeSet<_>>(), described);
        for (list, of) in [("checks", "check"), ("services", "service"), ("causes", "cause")] {
            let described: BTreeSet<&String> =
                schema["$defs"][of]["properties"].as_object().unwrap().keys().collect();
            for one in report[list].as_array().unwrap() {
                assert!(one.as_object().unwrap().keys().all(|key| described.contains(key)), "{of}: {one}");
            }
        }
        let mut bad = report.clone();
        bad["verdict"] = "fine".into();
        assert!(!problems(&bad).is_empty());
        bad = report;
        bad["duration_ms"] = (-1).into();
        assert!(!problems(&bad).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_became_of_the_checks_the_json_report_is_valid(record in some_run()) {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let text = render("json", &record, &diagnose(&record, &GRAPH), &Style::default()).unwrap();
        prop_assert!(validator.is_valid(&serde_json::from_str(&text).unwrap()));
    }
}

// SARIF

/// Every bad file of the static findings, as code scanning gets it.
#[test]
fn findings_as_sarif_are_valid_and_placed() {
    let schema = fs::read_to_string(root().join("tests/data/sarif-2.1.0.json")).unwrap();
    // Two patterns of the published schema have a bracket too many and are no regular expressions.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let folders = fs::read_dir(root().join("tests/data/findings")).unwrap();
    let mut seen = 0;
    for folder in folders.map(|entry| entry.unwrap().path()) {
        let code = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let bad = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let Some(bad) = bad.into_iter().find(|path| {
            path.file_name().unwrap().to_str().unwrap().starts_with("bad")
                && path.extension().is_none_or(|end| end != "out")
        }) else {
            continue;
        };
        let rungate = Rungate::new();
        let name = bad.file_name().unwrap().to_str().unwrap();
        // A file may name others beside it.
        for beside in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            if beside.is_file() {
                rungate.file(beside.file_name().unwrap().to_str().unwrap(), fs::read(&beside).unwrap());
            }
        }
        let ran = rungate.run(&["check", "--dry-run", "--quiet", name, "--report", "sarif=a.sarif"]);
        if ran.status == 2 {
            continue; // it deploys no service, so that nothing is looked at
        }
        assert!([0, 1].contains(&ran.status), "{code}: {}", ran.all());
        let log: Value = serde_json::from_str(&rungate.read("a.sarif")).unwrap();
        let problems: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert_eq!(problems, Vec::<String>::new(), "{code}");
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let rule = &run["tool"]["driver"]["rules"]
                [usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], name);
            assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
            seen += usize::from(result["ruleId"] == code.as_str());
        }
    }
    assert!(seen >= 20, "{seen} findings seen under their own code");
}

#[test]
fn what_a_comment_silences_is_a_suppression_with_its_reason() {
    let rungate = Rungate::new();
    rungate.file(
        "rungate.yaml",
        "version: 1\nservices:\n- name: a\n  project: p-123456\n  region: europe-west1\n  env:\n    # rungate: allow secret-in-plain-text it is [a](https://x.example) test\n    DB_PASSWORD: hunter2hunter2\n",
    );
    let ran = rungate.run(&["check", "--dry-run", "--quiet", "--report", "sarif=-"]);
    let log: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let silenced: Vec<&Value> = results.iter().filter(|one| one.get("suppressions").is_some()).collect();
    assert!(!silenced.is_empty(), "{}", ran.all());
    assert!(silenced[0]["suppressions"][0]["justification"].as_str().unwrap().contains("test"));
    assert!(!ran.stdout.contains("hunter2"), "{}", ran.stdout);
}

// JUnit

/// Attributes of an element's start tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// The rules of each consumer, as conditions on the XML (see `reports-and-health` in the project's notes): who reads
/// it, and what it takes for granted.
#[test]
fn junit_is_what_its_consumers_take_for_granted() {
    for (folder, record, diagnosis) in cases() {
        for flavour in ["junit", "junit-github"] {
            let xml = render(flavour, &record, &diagnosis, &Style::default()).unwrap();
            let markup = without_cdata(&xml);
            let name = folder.display();
            let suites: Vec<&str> = markup.split("<testsuite ").skip(1).collect();
            let tags: Vec<String> = markup
                .split("<testcase")
                .skip(1)
                .map(|rest| rest.split('>').next().unwrap().to_owned())
                .collect();
            assert!(!suites.is_empty() && !tags.is_empty(), "Jenkins: no tests at all is an error: {name}");
            for suite in &suites {
                let suite = format!(" {}", suite.split('>').next().unwrap());
                assert!(
                    attribute(&suite, "name").is_some_and(|one| !one.is_empty()),
                    "dorny throws without: {name}"
                );
                assert!(attribute(&suite, "hostname").is_some(), "Azure's agent: {name}");
                let stamp = attribute(&suite, "timestamp").unwrap();
                assert!(stamp.len() == 19 && !stamp.ends_with('Z'), "Ant's pattern, Jenkins adds Z: {stamp}");
                assert!(
                    record.services.is_empty() || attribute(&suite, "file").is_some(),
                    "mikepenz: {name}"
                );
            }
            let mut seen = BTreeSet::new();
            for tag in &tags {
                let (case, class) = (attribute(tag, "name").unwrap(), attribute(tag, "classname").unwrap());
                assert!(
                    seen.insert((class.to_owned(), case.to_owned())),
                    "GitLab drops a second {class} {case}"
                );
                assert!(
                    class.starts_with("rungate.") && !class.contains(['/', ':']),
                    "Jenkins: dotted: {class}"
                );
                assert!(case.chars().count() <= 512, "Azure's title: {case}");
                let time = attribute(tag, "time").unwrap();
                assert!(time.split('.').nth(1).is_none_or(|digits| digits.len() <= 3), "the schema: {time}");
                let located = attribute(tag, "file").is_some() && attribute(tag, "line").is_some();
                assert_eq!(located, flavour == "junit-github" && class != "rungate.gate", "EnricoMi: {tag}");
            }
            for kind in ["failure", "error"] {
                for part in xml.split(&format!("<{kind} ")).skip(1) {
                    let (tag, rest) = part.split_once('>').unwrap();
                    let tag = format!(" {tag}");
                    let word = attribute(&tag, "type").unwrap();
                    let plain =
                        |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
                    assert!(word.chars().all(plain), "GitLab casts by type: {word}");
                    let message = attribute(&tag, "message").unwrap();
                    assert!(message.chars().count() <= 1200 && !message.contains('\n'), "{message}");
                    // A section that is closed and opened again within a text is one text.
                    let body = rest.strip_prefix("<![CDATA[").unwrap().replace("]]]]><![CDATA[>", "\u{1}");
                    let body = body.split("]]>").next().unwrap().replace('\u{1}', "]]>");
                    let first = body.lines().next().unwrap();
                    let unescaped = message
                        .replace("&quot;", "\"")
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&apos;", "'")
                        .replace("&amp;", "&");
                    assert!(unescaped.starts_with(first), "GitLab shows the content: {first} / {unescaped}");
                    if !record.services.is_empty() {
                        assert!(body.contains(" --> "), "mikepenz finds ` path:NN`: {body}");
                    }
                }
            }
            let parts: Vec<&str> = markup.split("<testcase").skip(1).collect();
            for part in parts {
                let ends = ["<failure ", "<error ", "<skipped"].iter().map(|kind| part.matches(kind).count());
                assert!(ends.sum::<usize>() <= 1, "one of failure, error, skipped: {part}");
            }
        }
    }
}

//! The tables belong together: every cause, every finding and every check has a page, every page belongs to one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rungate::checks::{CHECKS, ON_REQUEST};
use rungate::diagnosis::cause::CauseCode;
use rungate::findings::RULES;
use rungate::record::{Family, RunRecord};
use rungate::sandbox::faults::{self, Kind};
use rungate::{checks, diagnosis, pages, report};
use strum::IntoEnumIterator;

use crate::{layers, records};

/// Causes without a fault, a finding or a recorded run: the tables of `diagnosis.rs` reach them.
const REACHED_BY_TABLES: &[&str] = &[];

fn causes() -> BTreeSet<String> {
    CauseCode::iter().map(|code| code.to_string()).collect()
}

fn pages_on_disk(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(folder);
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.strip_suffix(".md").unwrap().to_owned()).collect()
}

#[test]
fn every_cause_has_its_page_and_every_page_its_cause() {
    assert_eq!(pages_on_disk("causes"), causes());
}

#[test]
fn every_finding_has_its_page() {
    let codes: BTreeSet<String> = RULES.iter().map(|rule| rule.code.to_owned()).collect();
    let advice: BTreeSet<String> = codes.difference(&causes()).cloned().collect();
    assert_eq!(pages_on_disk("findings"), advice, "a finding that foresees a cause shares its page");
    for rule in RULES {
        let page = pages::explain(rule.code).unwrap();
        assert!(page.contains("`rungate check --dry-run`"), "the page of {} does not say so", rule.code);
    }
}

/// A cause that nothing names is a promise that nobody keeps.
#[test]
fn every_cause_is_reached() {
    let rules = RULES.iter().map(|rule| rule.code.to_owned());
    let faults = faults::of(Kind::Fault).map(|fault| fault.code().to_owned());
    let reached: BTreeSet<String> = rules.chain(faults).chain(recorded()).collect();
    let elsewhere: BTreeSet<String> = REACHED_BY_TABLES.iter().map(|code| (*code).to_owned()).collect();
    let unreached: BTreeSet<_> = causes().difference(&reached).cloned().collect();
    assert!(unreached.is_subset(&elsewhere), "nothing reaches {:?}", unreached.difference(&elsewhere));
}

/// The causes that recorded runs end in.
fn recorded() -> Vec<String> {
    let runs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/runs");
    let files = runs.read_dir().unwrap().map(|entry| entry.unwrap().path().join("run.json"));
    let causes = files.flat_map(|file| {
        let record: RunRecord = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let diagnosis = diagnosis::diagnose(&record, checks::graph());
        diagnosis.causes.iter().map(|cause| cause.code.to_string()).collect::<Vec<_>>()
    });
    causes.collect()
}

#[test]
fn every_check_has_its_page_and_every_page_its_check() {
    let pages = pages_on_disk("checks");
    let on_request = ON_REQUEST.iter().map(|check| check.id.to_string());
    let known: BTreeSet<String> = records::checks().into_iter().chain(on_request).collect();
    assert_eq!(pages, known, "the recorded healthy run has every check");
    for check in CHECKS.iter().chain(ON_REQUEST) {
        assert!(pages.contains(check.id.as_str()), "{} has no page docs/checks/{}.md", check.id, check.id);
        for above in check.explained_by.iter().chain(check.explains) {
            assert!(pages.contains(above.as_str()), "{} has an edge to {above}, which is no check", check.id);
        }
    }
}

/// The recorded runs are judged by the graph as it is meant to be; this holds the table of checks to it.
#[test]
fn the_table_of_checks_has_the_edges_that_are_meant() {
    let graph = checks::graph();
    for above in CHECKS {
        for below in CHECKS {
            let meant = records::GRAPH.explains(above.id, below.id);
            assert_eq!(graph.explains(above.id, below.id), meant, "{} explains {}", above.id, below.id);
        }
    }
}

/// A check names what explains it directly; what stands above that, the graph finds by itself. An edge that says
/// nothing new looks like a demand to whoever writes the next check.
#[test]
fn no_edge_of_the_table_follows_from_its_others() {
    let graph = checks::graph();
    let (mut stated, mut known) = (0, 0);
    for check in CHECKS.iter().chain(ON_REQUEST) {
        stated += check.explained_by.len() + check.explains.len();
        known += graph.direct(check.id).len();
        let direct = graph.direct(check.id);
        for &edge in &direct {
            let by = direct.iter().find(|other| graph.explains(edge, **other));
            assert_eq!(
                by, None,
                "strike {edge} from what explains {}: it explains the named one, which does",
                check.id
            );
        }
    }
    assert_eq!(stated, known, "an edge stands at both of its ends, or twice");
}

#[test]
fn every_page_is_in_the_binary_under_its_own_id_once() {
    let embedded: Vec<&str> = pages::all().map(|(id, _)| id).collect();
    let unique: BTreeSet<String> = embedded.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(unique.len(), embedded.len(), "an id is both a cause and a check, or stands twice");
    let on_disk: BTreeSet<String> =
        ["causes", "checks", "findings"].into_iter().flat_map(pages_on_disk).collect();
    assert_eq!(unique, on_disk);
    for (id, page) in pages::all() {
        assert!(page.starts_with(&format!("# {id}\n")), "{id}");
    }
}

#[test]
fn pages_are_whole_and_name_only_what_exists() {
    let known: BTreeSet<&str> = pages::all().map(|(id, _)| id).collect();
    for (id, page) in pages::all() {
        let lines = page.lines().count();
        assert!((15..=45).contains(&lines), "{id} has {lines} lines");
        let sections = if pages_on_disk("findings").contains(id) {
            &["## How rungate sees it", "## Why it matters", "## Fix", "## Related"][..]
        } else if causes().contains(id) {
            &["## How rungate sees it", "## Symptoms", "## Fix", "## Related"][..]
        } else {
            &["## Looks", "## Outcomes", "## For the verdict", "## Causes that it shows", "## Explained by"][..]
        };
        for section in sections {
            assert!(page.contains(section), "{id} lacks {section}");
        }
        let last = page.split("## Related").nth(1).or(page.split("## Causes that it shows").nth(1)).unwrap();
        for named in last.split('`').skip(1).step_by(2) {
            assert!(known.contains(named), "{id} names {named}, which has no page");
        }
    }
}

#[test]
fn reports_have_unique_ids_and_are_found_by_them() {
    let ids: BTreeSet<&str> = report::REPORTS.iter().map(|report| report.id).collect();
    assert_eq!(ids, BTreeSet::from(["github", "html", "json", "junit", "junit-github", "markdown", "text"]));
    assert_eq!(ids.len(), report::REPORTS.len());
    assert!(ids.iter().all(|id| report::find(id).is_some()) && report::find("xml").is_none());
}

/// A report has its section, and is in the table of `docs/reports.md`.
#[test]
fn every_report_is_described() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reports.md")).unwrap();
    for report in report::REPORTS {
        assert!(
            page.contains(&format!("| `{}` |", report.id)),
            "docs/reports.md does not list {}",
            report.id
        );
        let section = report.id.split('-').next().unwrap();
        assert!(page.contains(&format!("\n## {section}\n")), "docs/reports.md has no section {section}");
    }
}

/// What a check does not say itself, it has from what checks usually are, where a name is empty and a family none.
#[test]
fn every_check_says_what_it_is() {
    for check in checks::table(true) {
        let id = check.id.as_str();
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
        assert!(!id.is_empty() && check.holds.len() > 10, "{id}: {}", check.holds);
        assert_ne!(check.family, Family::Other, "{id}");
    }
}

/// The id of a check stands in its own file, or where several rooms speak of it in `record/check_id.rs`: nobody else
/// spells it, so that it can be renamed in one place.
#[test]
fn the_id_of_a_check_is_spelled_once() {
    let mut files = Vec::new();
    layers::sources(Path::new("src"), &mut files);
    // Pages are embedded by their names; and what the native file calls one of its sections is no check.
    files.retain(|file| !file.ends_with("pages.rs") && !file.ends_with("pipeline/native/mod.rs"));
    let production = |file: &PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
    };
    let sources: Vec<(PathBuf, String)> =
        files.into_iter().map(|file| (file.clone(), production(&file))).collect();
    for check in checks::table(true) {
        let literal = format!("\"{}\"", check.id);
        let spelled: Vec<_> =
            sources.iter().filter(|(_, text)| text.contains(&literal)).map(|(file, _)| file).collect();
        assert_eq!(spelled.len(), 1, "{literal} stands in {spelled:?}");
    }
}

//! What README and the pages show is what happens.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Parser as _;
use rungate::cli::arguments::Arguments;
use rungate::record::CheckId;
use rungate::sandbox::faults::{self, Fault, Kind};

use crate::common::{Rungate, root};

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn pages(folder: &str) -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .map(|path| (path.display().to_string(), read(&path)))
        .collect();
    pages.sort();
    pages
}

/// The lines of fenced blocks in this language.
fn lines_of_blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.trim_start().strip_prefix("```") {
            Some(after) => inside = !inside && after == language,
            None if inside => lines.push(line.trim()),
            None => {}
        }
    }
    lines
}

/// The arguments of a command line of rungate, as a shell would take it apart.
fn arguments(line: &str) -> Option<Vec<String>> {
    let line = line.split(" #").next().unwrap_or(line).trim().trim_start_matches("$ ");
    let rest = line.strip_prefix("rungate ").or_else(|| line.strip_prefix("cargo run --release -- "))?;
    let words = rest.split_whitespace().map(|word| word.trim_matches(['\'', '"']).to_owned());
    Some(std::iter::once("rungate".to_owned()).chain(words).collect())
}

#[test]
fn every_command_in_the_documentation_is_one() {
    let mut seen = 0;
    let readme = ["README.md", "CONTRIBUTING.md"].map(|name| (name.to_owned(), read(name)));
    for (name, text) in
        readme.into_iter().chain(pages("docs")).chain(pages("docs/causes")).chain(pages("docs/checks"))
    {
        for line in lines_of_blocks(&text, "sh") {
            let Some(arguments) = arguments(line) else { continue };
            let parsed = Arguments::try_parse_from(&arguments);
            assert!(parsed.is_ok(), "{name}: {line}: {}", parsed.unwrap_err());
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen} commands");
}

#[test]
fn every_fault_that_is_told_of_exists() {
    let known: BTreeSet<&str> = faults::of(Kind::Fault).map(Fault::code).collect();
    let mut seen = 0;
    for (name, text) in pages("docs/causes").into_iter().chain([("README.md".to_owned(), read("README.md"))])
    {
        for line in text.lines().filter(|line| line.contains("--fault ")) {
            for rest in line.split("--fault ").skip(1) {
                let code =
                    rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap_or_default();
                assert!(known.contains(code), "{name}: there is no fault {code:?}: {line}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 15, "{seen} faults");
}

/// The output of a command without what differs from run to run: ports, times, the revision's suffix.
fn normalised(output: &str) -> String {
    let mut text = String::new();
    for line in output.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text = replaced(&text, "127.0.0.1:", "127.0.0.1:PORT", &|c| c.is_ascii_digit());
    // Three characters are drawn anew for every sandbox.
    for revision in ["-00001-", "-00002-"] {
        text = replaced(&text, revision, &format!("{revision}xyz"), &|c| c.is_ascii_alphanumeric());
    }
    seconds(&text)
}

/// Every `mark` with the characters after it that are allowed, replaced.
fn replaced(text: &str, mark: &str, shown: &str, allowed: &dyn Fn(char) -> bool) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(shown);
        out.push_str(part.trim_start_matches(allowed));
    }
    out
}

/// `1.23s` and `123 ms` with nines for their digits: as long, so that no line breaks elsewhere.
fn seconds(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = chars.clone();
    for at in 0..chars.len() {
        let rest: String = chars[at..].iter().take(4).collect();
        let ends = |unit: &str| {
            rest.starts_with(unit) && chars.get(at + unit.len()).is_none_or(|next| !next.is_alphanumeric())
        };
        if !(ends("s") || ends(" ms")) || at == 0 || !chars[at - 1].is_ascii_digit() {
            continue;
        }
        let number = |c: &char| c.is_ascii_digit() || *c == '.';
        let start = at - chars[..at].iter().rev().take_while(|c| number(c)).count();
        if rest.starts_with('s') && !chars[start..at].contains(&'.') {
            continue; // `90s` is a setting, not a measurement
        }
        for place in &mut out[start..at] {
            if place.is_ascii_digit() {
                *place = '0';
            }
        }
    }
    out.into_iter().collect()
}

const MARK: &str = "<!-- example: ";

/// The text with every example's block as its command gives it now.
fn with_examples(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(command) = line.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        if lines.peek().is_some_and(|next| next.starts_with("```")) {
            lines.next();
            for line in lines.by_ref() {
                if line == "```" {
                    break;
                }
            }
        }
        let arguments = arguments(command).expect("an example is a command of rungate");
        let arguments: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
        let mut command = Rungate::new().command(&arguments);
        let ran = command.current_dir(root()).output().unwrap();
        let shown = normalised(&String::from_utf8(ran.stdout).unwrap());
        out.push_str(&format!("```text\n{shown}```\n"));
    }
    out
}

#[test]
fn examples_show_real_output() {
    let now = read("README.md");
    assert!(now.contains(MARK), "the README has an example");
    let mut real = with_examples(&now);
    // A proven cause ends the run: whether the service's log has told of it before is a race, on a loaded machine mostly.
    for _ in 0..9 {
        if now == real {
            break;
        }
        real = with_examples(&now);
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join("README.md"), &real).unwrap();
    } else {
        assert!(
            now == real,
            "README.md shows other output than the gate gives; UPDATE=1 rewrites it:\n{real}"
        );
    }
}

#[test]
fn the_readme_is_short_and_leads_on() {
    let text = read("README.md");
    assert!(text.lines().count() < 260);
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        if !link.contains("://") && !link.starts_with('#') {
            assert!(root().join(link).exists(), "README.md leads to {link}, which is not there");
        }
    }
}

/// Every relative link of every page leads somewhere, and no page of `docs/` is one that nobody is led to.
#[test]
fn links_lead_somewhere() {
    let tops =
        ["README.md", "CONTRIBUTING.md"].map(|name| (root().join(name).display().to_string(), read(name)));
    let all: Vec<(String, String)> = tops
        .into_iter()
        .chain(pages("docs"))
        .chain(["causes", "checks", "findings"].into_iter().flat_map(|one| pages(&format!("docs/{one}"))))
        .collect();
    let mut led_to = BTreeSet::new();
    let mut seen = 0;
    for (name, text) in &all {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let bare = link.split('#').next().unwrap_or(link);
            let target = Path::new(name).parent().unwrap().join(bare);
            assert!(target.exists(), "{name} leads to {link}, which is not there");
            led_to.insert(target.canonicalize().unwrap());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen} links");
    for (name, _) in pages("docs") {
        let real = Path::new(&name).canonicalize().unwrap();
        assert!(led_to.contains(&real) || name.ends_with("docs/README.md"), "nothing leads to {name}");
    }
}

/// The reference of `docs/` is what `rungate explain` has, page by page.
#[test]
fn the_reference_lists_every_page() {
    let mut text = String::from(
        "# Reference\n\nWhat `rungate explain CODE` explains. This page is written by a test from the same pages; \
         `UPDATE=1 scripts/test` renews it.\n",
    );
    for (title, folder) in
        [("Causes", "causes"), ("Findings of the dry run", "findings"), ("Checks", "checks")]
    {
        text.push_str(&format!("\n## {title}\n\n"));
        for (id, page) in rungate::pages::all() {
            if root().join(format!("docs/{folder}/{id}.md")).is_file() {
                // The first sentence under the heading says what it is.
                let first = page.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ");
                text.push_str(&format!("- [`{id}`]({folder}/{id}.md): {first}\n"));
            }
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join("docs/reference.md"), &text).unwrap();
    } else {
        assert!(read("docs/reference.md") == text, "docs/reference.md is old; UPDATE=1 rewrites it");
    }
}

/// What explains a failure of a check is said by the table of checks; its page repeats the nearest of these, and is
/// written from there.
#[test]
fn the_pages_of_checks_say_what_explains_them() {
    let graph = rungate::checks::graph();
    let checks = rungate::checks::table(true);
    for check in &checks {
        let above: Vec<CheckId> =
            checks.iter().map(|one| one.id).filter(|id| graph.explains(*id, check.id)).collect();
        let through = |id: CheckId| above.iter().any(|other| graph.explains(id, *other));
        let nearest: Vec<String> =
            above.iter().filter(|id| !through(**id)).map(|id| format!("`{id}`")).collect();
        let text = match nearest.as_slice() {
            [] => "Nothing that rungate looks at: a failure here is a root cause.".to_owned(),
            [one] => format!("A failure of {one}, or what explains that, makes a failure here its symptom."),
            many => format!(
                "A failure of one of these, or what explains that, makes a failure here its symptom: {}.",
                many.join(", ")
            ),
        };
        let file = format!("docs/checks/{}.md", check.id);
        let page = read(&file);
        let (before, after) = page.split_once("## Explained by\n").unwrap();
        // What stands below the first paragraph is written by hand.
        let after = after.trim_start().split_once("\n\n").map(|(_, rest)| format!("\n{rest}"));
        let after = after.unwrap_or_default();
        let written = format!("{before}## Explained by\n\n{}\n{after}", wrapped(&text));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(root().join(&file), &written).unwrap();
        } else {
            assert!(page == written, "\"Explained by\" of {file} is old; UPDATE=1 rewrites it");
        }
    }
}

/// A paragraph in lines of the width that the pages have.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= 118 {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

/// Every key of the native format stands on its page.
#[test]
fn the_page_of_the_native_format_has_every_key() {
    let page = ["docs/native-format.md", "docs/journeys.md"].map(read).concat();
    let schema: serde_json::Value = serde_json::from_str(rungate::cli::schema::NATIVE).unwrap();
    for (shape, definition) in schema["$defs"].as_object().unwrap() {
        for key in definition["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            assert!(
                page.contains(&format!("`{key}`")),
                "docs/native-format.md says nothing of {shape}'s `{key}`"
            );
        }
    }
}

#[test]
fn normalising_hides_measurements_and_nothing_else() {
    assert_eq!(seconds("in 1.23s, 45 ms; 90s window, 5 msgs"), "in 0.00s, 00 ms; 90s window, 5 msgs");
    assert_eq!(normalised("http://127.0.0.1:40123/x \n"), "http://127.0.0.1:PORT/x\n");
}

/// The blocks of connection strings, each followed by what the drivers make of it. `UPDATE=1` writes them anew.
#[test]
fn what_drivers_make_of_connection_strings_is_told_as_it_is() {
    let path = "docs/database-credentials.md";
    let page = read(path);
    let (mut written, mut inside, mut seen) = (String::new(), false, 0);
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some(language) => {
                inside = !inside && language == "opinions";
                written.push_str(&format!("{line}\n"));
            }
            // The first line is the text; what follows is what is made of it.
            None if inside && !line.starts_with("  ") => {
                seen += 1;
                written.push_str(&format!("{line}\n"));
                for opinion in rungate::connection::driver::opinions(line) {
                    written.push_str(&format!("  {opinion}\n"));
                }
            }
            None if inside => {}
            None => written.push_str(&format!("{line}\n")),
        }
    }
    assert!(seen >= 8, "{seen} connection strings");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(root().join(path), &written).unwrap();
    } else {
        assert_eq!(page, written, "run with UPDATE=1");
    }
    let names = lines_of_blocks(&page, "names");
    let names: Vec<&str> = names.iter().flat_map(|line| line.split_whitespace()).collect();
    assert!(names.len() > 20);
    for name in names {
        assert!(rungate::model::holds_connection_string(name), "{name}");
    }
}

/// Every example of the page on journeys is a file that is read without a problem; every code that it lists is told.
#[test]
fn the_examples_of_journeys_are_real() {
    let page = read("docs/journeys.md");
    let examples: Vec<&str> =
        page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 2);
    for example in &examples {
        let rungate = Rungate::new();
        rungate.file("rungate.yaml", example);
        let ran = rungate.run(&["read", "rungate.yaml"]);
        assert!(ran.status == 0 && ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
    }

    let sources: String = std::fs::read_dir(root().join("src/pipeline/native/journey"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .chain(["src/pipeline/service_links.rs"].map(read))
        .collect();
    let codes = page.split("## What can be wrong with a file").nth(1).unwrap();
    for code in codes.lines().filter_map(|line| line.strip_prefix("| `")).flat_map(|line| {
        let first = line.split(" |").next().unwrap_or_default();
        first.split(['`', ',', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>()
    }) {
        assert!(sources.contains(&format!("\"{code}\"")), "nothing tells {code}");
    }
}

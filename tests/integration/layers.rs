//! Arrows point down: each room of `src/` uses only the rooms that the table gives it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room, from the ground up, and the rooms that it may use. All of them stand above it in this table, so that no
/// circle can cross a room.
const ROOMS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("model", &[]),
    ("network", &["model"]),
    ("record", &["model", "network"]),
    ("catalogue", &["record"]),
    ("pages", &["catalogue"]),
    ("connection", &["text", "model", "record"]),
    ("health", &["text", "record"]),
    ("logs", &["text", "record"]),
    ("pipeline", &["text", "model", "connection"]),
    ("probe", &["text", "model", "record", "connection", "health"]),
    ("in_place", &["text", "model", "record", "connection", "probe"]),
    ("live", &["text", "model", "network", "record", "connection", "probe"]),
    ("checks", &["text", "model", "network", "record", "connection", "health", "logs", "probe", "live"]),
    ("plan", &["model", "record", "checks"]),
    ("run", &["text", "record", "probe", "live", "checks", "plan"]),
    ("diagnosis", &["text", "model", "network", "record", "catalogue"]),
    ("rollback", &["text", "model", "record", "probe", "plan", "diagnosis"]),
    ("report", &["text", "model", "record", "catalogue", "diagnosis"]),
    ("permissions", &["text", "model", "connection", "probe"]),
    ("findings", &["text", "model", "catalogue", "pages", "network", "connection", "pipeline"]),
    ("sandbox", &["model", "record", "catalogue", "connection", "probe", "plan", "diagnosis"]),
    ("cli", &["*"]),
];

/// Arrows that the table does not allow and that stand for now, each with its reason: as `from -> to`.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// The room of a file: the first folder below `src/`, or the file's own name there.
fn room(file: &Path) -> String {
    let below = file.strip_prefix("src").unwrap();
    below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

pub(crate) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let tests = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "testing");
        if path.is_dir() && !tests {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !tests {
            found.push(path);
        }
    }
}

/// The rooms that a source names outside of its tests and comments.
fn named(source: &str) -> BTreeSet<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
    let mut found = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            // `use crate::{model, record::Outcome}`: the first word of each item at the outermost level.
            Some(list) => {
                let mut depth = 0;
                let mut item = String::new();
                for character in list.chars() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            found.insert(word(item.trim()));
                            item.clear();
                        }
                        other => item.push(other),
                    }
                }
                found.insert(word(item.trim()));
            }
            None => {
                found.insert(word(after));
            }
        }
    }
    found
}

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let place = |room: &str| ROOMS.iter().position(|(known, _)| *known == room);
    let mut wrong = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for file in files {
        let here = room(&file);
        if here == "lib" || here == "main" {
            continue;
        }
        let (_, allowed) = ROOMS[place(&here).unwrap_or_else(|| panic!("{here} stands in no row of ROOMS"))];
        for there in named(&fs::read_to_string(&file).unwrap()) {
            if there == here || place(&there).is_none() || allowed.contains(&"*") {
                continue;
            }
            let arrow = format!("{here} -> {there}");
            if allowed.contains(&there.as_str()) {
                continue;
            }
            if EXCEPTIONS.iter().any(|(known, _)| *known == arrow) {
                seen.insert(arrow);
            } else {
                wrong.insert(format!("{arrow} ({})", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that no row of ROOMS allows:\n{wrong:#?}");
    for (arrow, why) in EXCEPTIONS {
        assert!(seen.contains(*arrow), "{arrow} is gone: strike it from EXCEPTIONS");
        println!("allowed for now: {arrow}: {why}");
    }
}

#[test]
fn the_table_itself_points_down() {
    for (at, (room, uses)) in ROOMS.iter().enumerate() {
        for one in uses.iter().filter(|one| **one != "*") {
            let below = ROOMS.iter().position(|(known, _)| known == one);
            assert!(
                below.is_some_and(|below| below < at),
                "{room} may not use {one}: it does not stand above it"
            );
        }
    }
}

//! The migrations of a repository: which there are, and which is the newest, by each tool's own naming.
//!
//! Names and order come from the names of files (of alembic's, from their first lines); nothing is run.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use crate::model::{MigrationTool, migration_order};

/// Most migrations: more are no repository's.
const MOST: usize = 5000;
/// How much of a file of alembic's is read: it names its revision at its beginning.
const BEGINNING: u64 = 32 * 1024;
/// How deep below the folder Django's apps are looked for.
const DEEPEST: usize = 4;

/// The migrations of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// All of them, as the tool notes them, oldest first where they have an order.
    pub(super) known: Vec<String>,
    /// Those that nothing follows.
    pub(super) heads: Vec<String>,
}

/// Why a folder gives no migrations.
#[derive(Debug)]
pub(super) enum Unread {
    /// It holds none of this tool.
    None,
    /// It holds more than any repository does.
    TooMany,
    /// The system does not let it be read.
    Io(io::Error),
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads the migrations of a tool in a folder.
pub(super) fn read(tool: MigrationTool, folder: &Path) -> Result<Found, Unread> {
    let found = match tool {
        MigrationTool::Alembic => alembic(folder)?,
        MigrationTool::Flyway => numbered(folder, |name, _| flyway(name))?,
        MigrationTool::Sqlx => numbered(folder, |name, _| {
            let version = leading_number(name, '_')?;
            (name.ends_with(".sql") && !name.ends_with(".down.sql")).then_some(version)
        })?,
        MigrationTool::Rails => {
            numbered(folder, |name, _| leading_number(name, '_').filter(|_| name.ends_with(".rb")))?
        }
        MigrationTool::GolangMigrate => {
            numbered(folder, |name, _| leading_number(name, '_').filter(|_| name.contains(".up.")))?
        }
        MigrationTool::Prisma => {
            let mut known =
                named(folder, |name, path| path.join("migration.sql").is_file().then(|| name.to_owned()))?;
            known.sort_unstable();
            with_last_as_head(known)
        }
        MigrationTool::Django => {
            let mut known = Vec::new();
            django(folder, DEEPEST, &mut known)?;
            known.sort_unstable();
            // Each app has a line of its own; the table notes every one, so all count.
            Found { heads: known.clone(), known }
        }
    };
    if found.known.is_empty() { Err(Unread::None) } else { Ok(found) }
}

fn with_last_as_head(known: Vec<String>) -> Found {
    Found { heads: known.last().cloned().into_iter().collect(), known }
}

/// What a name stands for, of every entry of a folder.
fn named(folder: &Path, mut of: impl FnMut(&str, &Path) -> Option<String>) -> Result<Vec<String>, Unread> {
    let mut found = BTreeSet::new();
    for (seen, entry) in fs::read_dir(folder)?.enumerate() {
        // A migration has up to two files, and folders hold other things beside.
        if seen > MOST * 4 {
            return Err(Unread::TooMany);
        }
        let entry = entry?;
        found.extend(entry.file_name().to_str().and_then(|name| of(name, &entry.path())));
        if found.len() > MOST {
            return Err(Unread::TooMany);
        }
    }
    Ok(found.into_iter().collect())
}

/// Migrations that numbers order.
fn numbered(folder: &Path, of: impl FnMut(&str, &Path) -> Option<String>) -> Result<Found, Unread> {
    let mut known = named(folder, of)?;
    known.sort_by(|one, other| migration_order(one).cmp(&migration_order(other)));
    Ok(with_last_as_head(known))
}

/// The number with which a name begins, as it is noted: without zeros in front.
fn leading_number(name: &str, end: char) -> Option<String> {
    let (digits, _) = name.split_once(end)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty();
    let significant = digits.trim_start_matches('0');
    number.then(|| if significant.is_empty() { "0".to_owned() } else { significant.to_owned() })
}

/// The version of `V1_2__name.sql`: `1.2`. Undo (`U`) and repeatable ones (`R`) have no place in the order.
fn flyway(name: &str) -> Option<String> {
    let stem = name.strip_suffix(".sql").or_else(|| name.strip_suffix(".java"))?;
    let (version, _) = stem.strip_prefix('V')?.split_once("__")?;
    let fits = !version.is_empty()
        && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'_');
    fits.then(|| version.replace('_', "."))
}

/// `APP/migrations/0001_name.py`, noted as app and name.
fn django(folder: &Path, depth: usize, known: &mut Vec<String>) -> Result<(), Unread> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // A link might lead back up.
        if !path.is_dir() || path.is_symlink() {
            continue;
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == "migrations" {
            let app = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            known.extend(named(&path, |name, _| {
                let stem = name.strip_suffix(".py").filter(|stem| *stem != "__init__")?;
                let begins = stem.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
                begins.then(|| format!("{app}.{stem}"))
            })?);
        } else if depth > 0 && !name.starts_with('.') && !matches!(name, "node_modules" | "venv") {
            django(&path, depth - 1, known)?;
        }
        if known.len() > MOST {
            return Err(Unread::TooMany);
        }
    }
    Ok(())
}

/// The revisions of a folder, and those that no other comes after.
fn alembic(folder: &Path) -> Result<Found, Unread> {
    let mut known = Vec::new();
    let mut followed = BTreeSet::new();
    let mut files: Vec<_> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.sort_unstable();
    for path in files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "py")) {
        if known.len() >= MOST {
            return Err(Unread::TooMany);
        }
        let mut bytes = Vec::new();
        File::open(&path)?.take(BEGINNING).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let Some(revision) = assigned(&text, "revision").into_iter().next() else { continue };
        followed.extend(assigned(&text, "down_revision"));
        known.push(revision);
    }
    let heads = known.iter().filter(|revision| !followed.contains(*revision)).cloned().collect();
    Ok(Found { known, heads })
}

/// The quoted texts that a variable of a Python file is given: `x = "a"`, `x: str = 'a'`, `x = ("a", "b")`.
fn assigned(text: &str, variable: &str) -> Vec<String> {
    let mut lines = text.lines();
    let Some(first) = lines.find_map(|line| {
        let rest = line.strip_prefix(variable)?;
        let (before, value) = rest.split_once('=')?;
        let before = before.trim();
        (before.is_empty() || before.starts_with(':')).then_some(value)
    }) else {
        return Vec::new();
    };
    let mut value = first.to_owned();
    // A tuple may go on over lines; it has no nested brackets.
    if let Some(open) = first.trim_start().chars().next().filter(|c| matches!(c, '(' | '[')) {
        let close = if open == '(' { ')' } else { ']' };
        for line in lines.take(64) {
            if value.contains(close) {
                break;
            }
            value.push_str(line);
        }
    }
    let value = value.split('#').next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let Some((inside, after)) = rest[at + 1..].split_once(quote) else { break };
        found.push(inside.to_owned());
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn read_files(tool: MigrationTool, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let folder = folder(files);
        let found = read(tool, folder.path()).unwrap();
        (found.known, found.heads)
    }

    #[test]
    fn alembic_has_heads() {
        let files = [
            ("1_a.py", "\"\"\"first\"\"\"\nrevision = 'a1'\ndown_revision = None\n"),
            ("2_b.py", "revision: str = \"b2\"\ndown_revision: Union[str, None] = \"a1\"  # 'x'\n"),
            ("3_c.py", "revision = 'c3'\ndown_revision = 'a1'\n"),
            ("env.py", "def run(): pass\n"),
            ("README", "revision = 'no'\n"),
        ];
        let (known, heads) = read_files(MigrationTool::Alembic, &files);
        assert_eq!((known.len(), heads), (3, vec!["b2".to_owned(), "c3".to_owned()]));
        let merge = ("4_m.py", "revision = 'm4'\ndown_revision = (\n    'b2',\n    'c3',\n)\n");
        let merged: Vec<_> = files.into_iter().chain([merge]).collect();
        assert_eq!(read_files(MigrationTool::Alembic, &merged).1, ["m4"]);
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let (known, heads) = read_files(
            MigrationTool::Flyway,
            &[
                ("V1__a.sql", ""),
                ("V10__b.sql", ""),
                ("V2_1__c.sql", ""),
                ("V2__d.sql", ""),
                ("R__view.sql", ""),
                ("U1__a.sql", ""),
            ],
        );
        assert_eq!(
            (known, heads),
            (["1", "2", "2.1", "10"].map(str::to_owned).to_vec(), vec!["10".to_owned()])
        );
        let (known, _) = read_files(
            MigrationTool::GolangMigrate,
            &[("000009_a.up.sql", ""), ("000009_a.down.sql", ""), ("000010_b.up.sql", "")],
        );
        assert_eq!(known, ["9", "10"]);
        let (known, heads) = read_files(
            MigrationTool::Sqlx,
            &[
                ("20260101000000_a.sql", ""),
                ("20260102000000_b.up.sql", ""),
                ("20260102000000_b.down.sql", ""),
            ],
        );
        assert_eq!((known.len(), heads), (2, vec!["20260102000000".to_owned()]));
        let (_, heads) = read_files(MigrationTool::Rails, &[("20260101000000_a.rb", ""), ("x.rb", "")]);
        assert_eq!(heads, ["20260101000000"]);
    }

    #[test]
    fn folders_count_for_prisma_and_django() {
        let (known, heads) = read_files(
            MigrationTool::Prisma,
            &[
                ("20260101_a/migration.sql", ""),
                ("20260102_b/migration.sql", ""),
                ("migration_lock.toml", ""),
            ],
        );
        assert_eq!((known.len(), heads), (2, vec!["20260102_b".to_owned()]));
        let (known, heads) = read_files(
            MigrationTool::Django,
            &[
                ("users/migrations/0001_initial.py", ""),
                ("users/migrations/__init__.py", ""),
                ("apps/shop/migrations/0002_price.py", ""),
                ("manage.py", ""),
            ],
        );
        assert_eq!(known, ["shop.0002_price", "users.0001_initial"]);
        assert_eq!(heads, known);
    }

    #[test]
    fn a_folder_without_any_is_told() {
        let empty = folder(&[("README.md", "")]);
        for tool in <MigrationTool as strum::IntoEnumIterator>::iter() {
            assert!(matches!(read(tool, empty.path()), Err(Unread::None)), "{tool}");
            assert!(matches!(read(tool, &empty.path().join("no")), Err(Unread::Io(_))), "{tool}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_stops_it(text in "\\PC{0,80}") {
            drop(assigned(&format!("revision{text}"), "revision"));
            drop(migration_order(&text));
            drop(flyway(&text));
            drop(leading_number(&text, '_'));
        }
    }
}

//! `database: expect: migrations:` of the native format: the tool, and the folder of the repository.

use super::super::File;
use super::fields::Fields;
use super::text;
use crate::model::{MigrationTool, Migrations};
use crate::pipeline::migrations::{Unread, read as read_folder};
use crate::pipeline::problem::Problems;
use crate::pipeline::yaml::Node;

pub(super) const KEYS: &[&str] = &["tool", "folder", "table"];
const TOOLS: &[&str] = <MigrationTool as strum::VariantNames>::VARIANTS;

/// Reads it, and the folder that it names.
pub(super) fn read(node: &Node, file: &File<'_>, problems: &mut Problems) -> Option<Migrations> {
    let fields = Fields::open(node, "`migrations`", KEYS, problems)?;
    let tool = text::one_of(fields.get("tool"), TOOLS, problems);
    let folder = text::text(fields.get("folder"), problems);
    let table = text::text(fields.get("table"), problems);
    for (key, fix) in [
        ("tool", "what runs them, such as `tool: alembic`"),
        ("folder", "where they lie in the repository, such as `folder: migrations/versions`"),
    ] {
        if fields.get(key).is_none() {
            problems.push(
                text::bad("missing-key", node, format!("`migrations` does not say its `{key}`")).fix(fix),
            );
        }
    }
    let tool: MigrationTool = tool?.raw().parse().ok()?;
    let (folder, at) = (folder?, fields.get("folder")?);
    let Some(real) = file.folders.real(folder.raw()).filter(|real| real.is_dir()) else {
        problems.push(
            text::bad("no-such-folder", at, format!("there is no folder `{}`", folder.raw()))
                .fix("name it from the root of the repository"),
        );
        return None;
    };
    match read_folder(tool, &real) {
        Ok(found) => Some(Migrations { tool, folder, table, known: found.known, heads: found.heads }),
        Err(why) => {
            let problem = match why {
                Unread::None => {
                    let message = format!("`{}` holds no migration of {tool}", folder.raw());
                    text::bad("no-migrations", at, message).fix(looks_for(tool))
                }
                Unread::TooMany => text::bad("too-many", at, "this folder holds more than 5000 migrations"),
                Unread::Io(error) => {
                    text::bad("unreadable", at, format!("this folder cannot be read: {error}"))
                }
            };
            problems.push(problem);
            None
        }
    }
}

/// What a migration of a tool looks like.
fn looks_for(tool: MigrationTool) -> &'static str {
    match tool {
        MigrationTool::Alembic => "its files assign `revision = \"…\"` and `down_revision = …`",
        MigrationTool::Flyway => "its files are called `V1__name.sql`",
        MigrationTool::Sqlx => "its files are called `20260131120000_name.sql`",
        MigrationTool::Prisma => "its folders are called `20260131120000_name` and hold a `migration.sql`",
        MigrationTool::Django => "its folders are called `APP/migrations` and hold `0001_name.py`",
        MigrationTool::Rails => "its files are called `20260131120000_name.rb`",
        MigrationTool::GolangMigrate => "its files are called `000001_name.up.sql`",
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::tests::read_text;

    fn codes(text: &str) -> Vec<&'static str> {
        let text = format!(
            "version: 1\nservices:\n  - name: a\n    database: {{dsn: D, expect: {{migrations: {text}}}}}\n"
        );
        let (_, problems) = read_text(&super::super::FORMAT, &text);
        problems.iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn bad_ways_are_told() {
        assert_eq!(codes("{tool: alembic}"), ["missing-key"]);
        assert_eq!(codes("{folder: x}"), ["missing-key"]);
        assert_eq!(codes("{tool: alembick, folder: x}"), ["unknown-value"]);
        assert_eq!(codes("{tool: alembic, folder: no/such}"), ["no-such-folder"]);
        assert_eq!(codes("alembic"), ["wrong-kind"]);
    }
}

//! `database: expect:` of the native format: what must be found in the database.

use super::super::File;
use super::fields::{Fields, wrong_kind};
use super::{migrations, text};
use crate::model::{
    DatabaseExpectation, Gives, Number, PrivilegeExpectation, PrivilegeKind, QueryExpectation, Stated,
};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::{Kind, Node};
use crate::text::nearest;
use crate::text::statement::{NotOneQuery, one_query};

pub(super) const KEYS: &[&str] = &["tables", "extensions", "privileges", "queries", "migrations"];
pub(super) const PRIVILEGES: &[&str] = &["tables", "schemas"];
const OF_TABLES: &[&str] = &["select", "insert", "update", "delete", "truncate", "references", "trigger"];
const OF_SCHEMAS: &[&str] = &["usage", "create"];
pub(super) const QUERY: &[&str] =
    &["name", "query", "equals", "at_least", "at_most", "rows", "rows_at_least"];
const GIVES: &[&str] = &["equals", "at_least", "at_most", "rows", "rows_at_least"];

/// Most things of a kind: each is a question to the server.
const MOST: usize = 200;

/// Reads it.
pub(super) fn read(node: &Node, file: &File<'_>, problems: &mut Problems) -> DatabaseExpectation {
    let mut expectation = DatabaseExpectation::default();
    let Some(fields) = Fields::open(node, "`expect`", KEYS, problems) else { return expectation };
    expectation.tables = text::list(fields.get("tables"), problems);
    expectation.extensions = text::list(fields.get("extensions"), problems);
    if let Some(node) = fields.get("privileges") {
        expectation.privileges = privileges(node, problems);
    }
    if let Some(node) = fields.get("queries") {
        expectation.queries = queries(node, problems);
    }
    if let Some(node) = fields.get("migrations") {
        expectation.migrations = migrations::read(node, file, problems);
    }
    let counts = [
        ("tables", expectation.tables.len()),
        ("extensions", expectation.extensions.len()),
        ("privileges", expectation.privileges.len()),
        ("queries", expectation.queries.len()),
    ];
    for (key, count) in counts {
        if count > MOST
            && let Some(node) = fields.get(key)
        {
            problems.push(text::bad("too-many", node, format!("`{key}` names {count}, more than {MOST}")));
        }
    }
    if expectation.is_empty() && problems.iter().next().is_none() {
        problems.push(
            text::bad("empty-value", node, "`expect` expects nothing")
                .fix("name `tables`, `extensions`, `privileges`, `queries` or `migrations`"),
        );
    }
    expectation
}

/// `tables: {users: [select]}`, `schemas: {auth: [usage]}`.
fn privileges(node: &Node, problems: &mut Problems) -> Vec<PrivilegeExpectation> {
    let Some(fields) = Fields::open(node, "`privileges`", PRIVILEGES, problems) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, kind, known) in
        [("tables", PrivilegeKind::Table, OF_TABLES), ("schemas", PrivilegeKind::Schema, OF_SCHEMAS)]
    {
        let shape = "NAME: [PRIVILEGE, …]";
        for entry in text::mapping(fields.get(key), &format!("`{key}`"), shape, problems) {
            let privileges = text::one_or_more(Some(&entry.value), problems);
            let lower = |one: Stated| Stated::known(one.raw().to_ascii_lowercase(), one.place.clone());
            let privileges: Vec<Stated> = privileges.into_iter().map(lower).collect();
            for unknown in privileges.iter().filter(|one| !known.contains(&one.raw())) {
                problems.push(
                    Problem::error(
                        "unknown-value",
                        format!("`{}` is no privilege on a {kind}", unknown.raw()),
                    )
                    .at(unknown.place.clone())
                    .length(unknown.raw().chars().count())
                    .fix(nearest::did_you_mean(unknown.raw(), known.iter().copied())),
                );
            }
            let on = Stated::known(entry.key.clone(), entry.place.clone());
            found.push(PrivilegeExpectation { kind, on, privileges });
        }
    }
    found
}

fn queries(node: &Node, problems: &mut Problems) -> Vec<QueryExpectation> {
    let Kind::Seq(items) = &node.kind else {
        problems.push(wrong_kind(node, "`queries`", "a list, each item with a `query`"));
        return Vec::new();
    };
    let mut found: Vec<QueryExpectation> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Some(one) = query(item, index + 1, problems) else { continue };
        if let Some(before) = found.iter().find(|before| before.name == one.name) {
            problems.push(
                Problem::error("contradiction", format!("two queries are called `{}`", one.name))
                    .at(item.place.clone())
                    .related(before.query.place.clone(), "the first here"),
            );
        }
        found.push(one);
    }
    found
}

fn query(node: &Node, number: usize, problems: &mut Problems) -> Option<QueryExpectation> {
    let fields = Fields::open(node, "a query", QUERY, problems)?;
    let name = text::text(fields.get("name"), problems);
    let Some(query) = text::text(fields.get("query"), problems) else {
        if fields.get("query").is_none() {
            problems.push(
                text::bad("missing-key", node, "this item has no `query`")
                    .fix("`query: SELECT count(*) FROM roles` with `at_least: 1`"),
            );
        }
        return None;
    };
    if let (Err(why), Some(at)) = (one_query(query.raw()), fields.get("query")) {
        let problem = match why {
            NotOneQuery::Several => text::bad("bad-query", at, "this is more than one statement"),
            NotOneQuery::NoQuery => text::bad("bad-query", at, "this statement does not only read"),
            NotOneQuery::Unreadable => text::bad("bad-query", at, "this is no statement of SQL"),
        };
        problems.push(problem.fix("write one SELECT; the gate runs it in a read-only transaction"));
    }
    let mut stated: Vec<(&str, &Node)> =
        GIVES.iter().filter_map(|key| Some((*key, fields.get(key)?))).collect();
    let Some((key, value)) = stated.pop().filter(|_| stated.is_empty()) else {
        let keys: Vec<String> = GIVES.iter().map(|key| format!("`{key}`")).collect();
        problems.push(
            text::bad("missing-key", node, "this query states not exactly one thing that it must give")
                .fix(format!("one of {}", keys.join(", "))),
        );
        return None;
    };
    let gives = gives(key, value, problems)?;
    let name = name.map_or_else(|| format!("query {number}"), |name| name.raw().to_owned());
    Some(QueryExpectation { name, query, gives })
}

fn gives(key: &str, value: &Node, problems: &mut Problems) -> Option<Gives> {
    let written = value.text().unwrap_or_default();
    let found = match key {
        "equals" => value.text().map(|text| Gives::Equals(text.to_owned())),
        "at_least" => Number::read(written).map(Gives::AtLeast),
        "at_most" => Number::read(written).map(Gives::AtMost),
        "rows" => written.parse().ok().map(Gives::Rows),
        "rows_at_least" => written.parse().ok().filter(|count| *count > 0).map(Gives::RowsAtLeast),
        _ => None,
    };
    if found.is_none() {
        let expected = match key {
            "equals" => "a text",
            "rows" => "a whole number",
            "rows_at_least" => "a whole number, at least 1",
            _ => "a decimal number",
        };
        problems.push(wrong_kind(value, &format!("`{key}`"), expected));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::tests::read_text;

    fn read_expect(text: &str) -> (DatabaseExpectation, Vec<String>) {
        let indented: String = text.lines().map(|line| format!("\n        {line}")).collect();
        let text = format!(
            "version: 1\nservices:\n  - name: a\n    database:\n      dsn: D\n      expect:{indented}\n"
        );
        let (mut reading, problems) = read_text(&super::super::FORMAT, &text);
        let told = problems.iter().map(|problem| {
            let place = problem
                .place
                .as_ref()
                .map_or_else(String::new, |place| format!("{}:{}", place.line - 6, place.column));
            format!("{place}:{}", problem.code)
        });
        let told = told.collect();
        let expect = reading.services.pop().and_then(|one| one.database).map(|one| one.expect);
        (expect.unwrap_or_default(), told)
    }

    #[test]
    fn reads_every_key() {
        let (expect, problems) = read_expect(
            "tables: [users, auth.sessions]\nextensions: [pgcrypto]\nprivileges:\n  tables: {users: [SELECT, insert]}\n  schemas: {public: usage}\nqueries:\n  - {name: roles, query: SELECT count(*) FROM roles, at_least: 1}\n  - {query: 'SELECT 1 ;', equals: 1}\n  - {query: TABLE users, rows: 0}\n  - {query: 'WITH a AS (SELECT 1) SELECT * FROM a', rows_at_least: 2}\n  - {query: VALUES (1), at_most: -0.5}",
        );
        assert_eq!(problems, [""; 0]);
        assert_eq!(expect.tables.iter().map(Stated::raw).collect::<Vec<_>>(), ["users", "auth.sessions"]);
        assert_eq!(expect.privileges[0].privileges[0].raw(), "select");
        assert_eq!(expect.privileges[1].kind, PrivilegeKind::Schema);
        let gives: Vec<String> =
            expect.queries.iter().map(|one| format!("{}: {}", one.name, one.gives)).collect();
        assert_eq!(
            gives,
            [
                "roles: at least 1",
                "query 2: `1`",
                "query 3: 0 rows",
                "query 4: at least 2 rows",
                "query 5: at most -0.5"
            ]
        );
    }

    #[test]
    fn problems_are_told_at_their_places() {
        for (text, expected) in [
            ("tabels: [a]", &["1:9:unknown-key"][..]),
            ("tables: a", &["1:17:wrong-kind"]),
            ("privileges: {tables: {users: [selct]}}", &["1:39:unknown-value"]),
            ("privileges: {schemas: {users: [select]}}", &["1:40:unknown-value"]),
            ("queries: [{query: SELECT 1}]", &["1:19:missing-key"]),
            ("queries: [{query: SELECT 1, rows: 1, equals: 1}]", &["1:19:missing-key"]),
            ("queries: [{query: SELECT 1, rows: -1}]", &["1:43:wrong-kind"]),
            ("queries: [{query: SELECT 1, at_least: many}]", &["1:47:wrong-kind"]),
            ("queries: [{rows: 1}]", &["1:19:missing-key"]),
            ("queries: [{query: DELETE FROM users, rows: 1}]", &["1:27:bad-query"]),
            ("queries: [{query: 'SELECT 1; DROP TABLE users', rows: 1}]", &["1:27:bad-query"]),
            ("queries: [{query: SELEC, rows: 1}]", &["1:27:bad-query"]),
            (
                "queries: [{name: a, query: SELECT 1, rows: 1}, {name: a, query: SELECT 2, rows: 1}]",
                &["1:56:contradiction"],
            ),
            ("{}", &["1:9:empty-value"]),
        ] {
            assert_eq!(read_expect(text).1, expected, "{text}");
        }
    }
}

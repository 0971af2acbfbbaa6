//! `database:` of the native format: the names of the variables that lead to the database, and what it must hold.

use std::io::Read as _;
use std::path::PathBuf;

use super::super::File;
use super::fields::Fields;
use super::{expectation, text};
use crate::connection::Authorities;
use crate::model::{AuthorityFile, Database, DatabaseVariables, Stated};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;

pub(super) const KEYS: &[&str] = &[
    "dsn",
    "host",
    "port",
    "user",
    "password",
    "name",
    "instance",
    "instance_variable",
    "pool",
    "ca",
    "expect",
];
/// What says where the database is; only one of them may.
const LEADING: [&str; 3] = ["dsn", "host", "instance_variable"];

/// Reads it; `None` where it does not say how the database is found.
pub(super) fn read(node: &Node, file: &File<'_>, problems: &mut Problems) -> Option<Database> {
    let fields = Fields::open(node, "`database`", KEYS, problems)?;
    let mut variable = |key: &str| {
        let stated = text::text(fields.get(key), problems)?;
        check_variable(&stated, problems);
        Some(stated)
    };
    let [dsn, host, connection_name] = LEADING.map(&mut variable);
    let [port, user, password, name] =
        ["port", "user", "password", "name"].map(|key| variable(key).map(|stated| stated.raw().to_owned()));
    let instance = text::text(fields.get("instance"), problems);
    if let Some(instance) = &instance {
        text::check_instance(instance, problems);
    }
    let mut stated = LEADING.iter().filter_map(|key| fields.get(key));
    if let (Some(first), Some(second)) = (stated.next(), stated.next()) {
        problems.push(
            Problem::error(
                "contradiction",
                "only one of `dsn`, `host` and `instance_variable` leads to the database",
            )
            .at(second.place.clone())
            .length(second.length)
            .related(first.place.clone(), "the other one here"),
        );
    }
    if let Some(port) =
        fields.get("port").filter(|_| host.is_none() && (dsn.is_some() || connection_name.is_some()))
    {
        problems.push(
            Problem::error("contradiction", "`port` belongs to `host`")
                .at(port.place.clone())
                .length(port.length),
        );
    }
    let raw = |stated: Stated| stated.raw().to_owned();
    let variables = match (dsn.map(raw), host.map(raw), connection_name.map(raw)) {
        (Some(dsn), _, _) if user.is_none() && password.is_none() && name.is_none() => {
            DatabaseVariables::Dsn(dsn)
        }
        (Some(url), _, _) => DatabaseVariables::Url { url, user, password, name },
        (None, Some(host), _) => DatabaseVariables::Parts { host, port, user, password, name },
        (None, None, Some(instance)) => DatabaseVariables::Instance { instance, user, password, name },
        (None, None, None) => {
            problems.push(
                Problem::error("missing-key", "`database` says neither `dsn` nor `host` nor `instance_variable`")
                    .at(node.place.clone())
                    .fix("`dsn: DATABASE_URL`, or `host: DB_HOST` with `port`, `user`, `password`, `name`: each the name of a variable"),
            );
            return None;
        }
    };
    let pool = fields.get("pool").and_then(|node| text::count(node, problems));
    let ca = fields.get("ca").and_then(|node| authorities(node, file, problems));
    let expect = fields.get("expect").map(|node| expectation::read(node, file, problems));
    Some(Database {
        pool,
        ca,
        expect: expect.unwrap_or_default(),
        ..Database::new(variables, instance, true)
    })
}

/// The certificates of a file of the repository.
fn authorities(node: &Node, file: &File<'_>, problems: &mut Problems) -> Option<AuthorityFile> {
    const LONGEST: u64 = 1024 * 1024;
    let path = text::text(Some(node), problems)?;
    let path = path.raw();
    let whole = |real: &PathBuf| {
        let mut pem = String::new();
        std::fs::File::open(real)?.take(LONGEST).read_to_string(&mut pem)?;
        std::io::Result::Ok(pem)
    };
    let read = match file.folders.real(path).filter(|real| real.is_file()) {
        None => Err(text::bad("no-such-file", node, format!("there is no file `{path}`"))
            .fix("name it from the root of the repository: the authorities that the service verifies its server by")),
        Some(real) => match whole(&real) {
            Err(error) => Err(text::bad("unreadable", node, format!("this file cannot be read: {}", error.kind()))),
            Ok(pem) if pem.contains("PRIVATE KEY") => Err(text::bad(
                "secret-in-plain-text",
                node,
                "this file holds a private key; only certificates of authorities belong here",
            )),
            Ok(pem) => match Authorities::of_pem(pem.as_bytes(), path, true) {
                Ok(_) => Ok(pem),
                Err(problem) => Err(text::bad("bad-certificate", node, format!("in this file: {problem}"))),
            },
        },
    };
    match read {
        Ok(pem) => Some(AuthorityFile { path: path.to_owned(), pem }),
        Err(problem) => {
            problems.push(problem);
            None
        }
    }
}

/// Users write the value (`host: 10.0.0.3`) where the variable's name belongs.
fn check_variable(stated: &Stated, problems: &mut Problems) {
    let name = stated.raw();
    let fits =
        |(index, c): (usize, char)| c == '_' || c.is_ascii_alphabetic() || (index > 0 && c.is_ascii_digit());
    if name.chars().enumerate().all(fits) {
        return;
    }
    // The value may be a secret: it is not repeated.
    problems.push(
        Problem::error("bad-variable-name", "this is not the name of a variable")
            .at(stated.place.clone())
            .fix("`database` says which variables hold the way to it, such as `host: DB_HOST`"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Option<Database>, Vec<&'static str>) {
        let indented: String = text.lines().map(|line| format!("\n      {line}")).collect();
        let text = format!("version: 1\nservices:\n  - name: a\n    database:{indented}\n");
        let (mut reading, problems) = crate::pipeline::tests::read_text(&super::super::FORMAT, &text);
        (reading.services.pop().and_then(|one| one.database), problems.iter().map(|one| one.code).collect())
    }

    #[test]
    fn reads_a_dsn_or_parts() {
        let (database, problems) = read_text("dsn: DATABASE_URL\ninstance: p:r:i\n");
        assert_eq!(database.unwrap().variables, DatabaseVariables::Dsn("DATABASE_URL".into()));
        assert!(problems.is_empty());
        let (database, problems) = read_text("{host: H, user: U, password: P}");
        let database = database.unwrap();
        assert_eq!(database.variables.names(), ["H", "U", "P"]);
        assert!(database.stated && problems.is_empty());
        let (database, problems) = read_text("{dsn: SPRING_URL, user: U, password: P}");
        assert_eq!(database.unwrap().variables.names(), ["SPRING_URL", "U", "P"]);
        assert!(problems.is_empty());
        let (database, _) = read_text("{instance_variable: SQL, user: U}");
        assert_eq!(database.unwrap().variables.instance(), Some("SQL"));
    }

    #[test]
    fn a_file_of_authorities_must_be_one() {
        assert_eq!(read_text("{dsn: D, ca: no/such.pem}").1, ["no-such-file"]);
        assert_eq!(read_text("{dsn: D, ca: [a]}").1, ["wrong-kind"]);
    }

    #[test]
    fn bad_ways_are_told() {
        assert_eq!(read_text("{dsn: A, host: B}").1, ["contradiction"]);
        assert_eq!(read_text("{dsn: A, port: B}").1, ["contradiction"]);
        assert_eq!(read_text("{user: A}").1, ["missing-key"]);
        assert_eq!(read_text("{host: 10.0.0.3}").1, ["bad-variable-name"]);
        assert_eq!(read_text("{host: H, instance: i}").1, ["bad-instance"]);
    }
}

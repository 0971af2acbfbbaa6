//! `database:` of the native format: the names of the variables that lead to the database.

use super::fields::Fields;
use super::text;
use crate::model::{Database, DatabaseVariables, Stated};
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::yaml::Node;

pub(super) const KEYS: &[&str] = &["dsn", "host", "port", "user", "password", "name", "instance"];
const PARTS: &[&str] = &["host", "port", "user", "password", "name"];

/// Reads it; `None` where it does not say how the database is found.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Database> {
    let fields = Fields::open(node, "`database`", KEYS, problems)?;
    let mut variable = |key: &str| {
        let stated = text::text(fields.get(key), problems)?;
        check_variable(&stated, problems);
        Some(stated)
    };
    let dsn = variable("dsn");
    let [host, port, user, password, name] = ["host", "port", "user", "password", "name"]
        .map(|key| variable(key).map(|stated| stated.raw().to_owned()));
    let instance = text::text(fields.get("instance"), problems);
    if let Some(instance) = &instance {
        text::check_instance(instance, problems);
    }
    let variables = match (dsn, host) {
        (Some(dsn), _) => {
            if let Some(part) = PARTS.iter().find_map(|part| fields.get(part)) {
                problems.push(
                    Problem::error("contradiction", "`dsn` names the whole, so no part may be named")
                        .at(part.place.clone())
                        .length(part.length)
                        .related(dsn.place.clone(), "the whole here"),
                );
            }
            DatabaseVariables::Dsn(dsn.raw().to_owned())
        }
        (None, Some(host)) => DatabaseVariables::Parts { host, port, user, password, name },
        (None, None) => {
            problems.push(
                Problem::error("missing-key", "`database` says neither `dsn` nor `host`")
                    .at(node.place.clone())
                    .hint("`dsn: DATABASE_URL`, or `host: DB_HOST` with `port`, `user`, `password`, `name`: each the name of a variable"),
            );
            return None;
        }
    };
    Some(Database { variables, instance, stated: true, others: Vec::new() })
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
            .hint("`database` says which variables hold the way to it, such as `host: DB_HOST`"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    fn read_text(text: &str) -> (Option<Database>, Vec<&'static str>) {
        let documents = yaml::parse(&Source::new("a", text)).unwrap();
        let mut problems = Problems::default();
        let database = read(&documents[0], &mut problems);
        (database, problems.iter().map(|problem| problem.code).collect())
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
    }

    #[test]
    fn bad_ways_are_told() {
        assert_eq!(read_text("{dsn: A, host: B}").1, ["contradiction"]);
        assert_eq!(read_text("{user: A}").1, ["missing-key"]);
        assert_eq!(read_text("{host: 10.0.0.3}").1, ["bad-variable-name"]);
        assert_eq!(read_text("{host: H, instance: i}").1, ["bad-instance"]);
    }
}

//! The checks of what the native file expects of the database: one for each kind of thing. They are obligations: what
//! somebody states as needed is needed.

use crate::checks::database::answers;
use crate::checks::{Check, Subjects, USUAL, at_once, defect, place};
use crate::live::Scope;
use crate::live::conversation::Answers;
use crate::live::service::{failed, passed};
use crate::model::{DatabaseExpectation, Gives, Number, PrivilegeKind, Service, Stated};
use crate::probe::postgres::{Holdings, QueryAnswer, Stop};
use crate::record::finding::{DatabaseFinding, Finding, PostgresFinding};
use crate::record::{CheckId, Family, Outcome, Role, Vantage, check_id};

/// The migrations of the repository were run.
pub(in crate::checks) static MIGRATED: Check = Check {
    id: CheckId::new("database-migrated"),
    holds: "The migrations of the repository were run",
    explained_by: &[check_id::DATABASE_QUERY],
    subjects: |service| planned(service, |expect| expect.migrations.is_some()),
    run: |scope| at_once(super::migrated::run(scope)),
    ..PATTERN
};

/// The extensions that the pipeline expects are installed.
pub(in crate::checks) static EXTENSIONS: Check = Check {
    id: CheckId::new("database-has-extensions"),
    holds: "The database has the extensions that the pipeline expects",
    explained_by: &[check_id::DATABASE_QUERY],
    subjects: |service| planned(service, |expect| !expect.extensions.is_empty()),
    run: |scope| at_once(extensions(scope)),
    ..PATTERN
};

/// The tables that the pipeline expects are there.
pub(in crate::checks) static TABLES: Check = Check {
    id: CheckId::new("database-has-tables"),
    holds: "The database has the tables that the pipeline expects",
    explained_by: &[MIGRATED.id, EXTENSIONS.id],
    subjects: |service| planned(service, |expect| !expect.tables.is_empty()),
    run: |scope| at_once(tables(scope)),
    ..PATTERN
};

/// The service's role has the privileges that the pipeline expects.
pub(in crate::checks) static PRIVILEGES: Check = Check {
    id: CheckId::new("database-grants-privileges"),
    holds: "The service's role has the privileges that the pipeline expects",
    explained_by: &[TABLES.id],
    subjects: |service| planned(service, |expect| !expect.privileges.is_empty()),
    run: |scope| at_once(privileges(scope)),
    ..PATTERN
};

/// A query of the pipeline's gives what it must.
pub(in crate::checks) static QUERIES: Check = Check {
    id: check_id::DATABASE_QUERIES_MATCH,
    holds: "A query of the pipeline's gives what it must",
    explained_by: &[PRIVILEGES.id],
    explains: &[check_id::HEALTH_HEALTHY],
    subjects: |service| match expected(service) {
        Some(expect) if !expect.queries.is_empty() => {
            Subjects::Each(expect.queries.iter().map(|query| query.name.clone()).collect())
        }
        Some(_) | None => Subjects::None,
    },
    run: |scope| at_once(query(scope)),
    ..PATTERN
};

/// What the checks of this family share.
const PATTERN: Check = Check {
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    role: Role::Obligation,
    needs: &[check_id::DATABASE_QUERY],
    ..USUAL
};

fn expected(service: &Service) -> Option<&DatabaseExpectation> {
    Some(&service.database.as_ref()?.expect)
}

fn planned(service: &Service, asks: fn(&DatabaseExpectation) -> bool) -> Subjects {
    if expected(service).is_some_and(asks) { Subjects::Whole } else { Subjects::None }
}

/// What is expected, what the server said, and what it said of that.
pub(super) fn asked(scope: &Scope) -> Result<(&DatabaseExpectation, &Answers, &Holdings), Box<Outcome>> {
    let answers = answers(scope)?;
    let expect = expected(&scope.target.service).ok_or_else(|| Box::new(defect("nothing is expected")))?;
    match &answers.holdings {
        Ok(holdings) => Ok((expect, answers, holdings)),
        Err(stop) => Err(Box::new(super::outcome(scope, stop.clone()))),
    }
}

/// A question that the server refused, or could not answer.
pub(super) fn refused(scope: &Scope, answers: &Answers, asked: &str, stop: &Stop) -> Outcome {
    match stop {
        Stop::Found(PostgresFinding::QueryFailed { sqlstate, message, .. }) => {
            failed(Finding::Database(DatabaseFinding::Refused {
                asked: asked.to_owned(),
                sqlstate: sqlstate.clone(),
                message: message.clone(),
                user: answers.connection.user.clone(),
                database: answers.connection.database.clone(),
            }))
        }
        Stop::Found(_) | Stop::Inconclusive(_) => super::outcome(scope, stop.clone()),
    }
}

fn tables(scope: &Scope) -> Result<Outcome, Box<Outcome>> {
    let (expect, answers, holdings) = asked(scope)?;
    let mut missing = Vec::new();
    for (table, found) in expect.tables.iter().zip(&holdings.tables) {
        match found {
            Ok(true) => {}
            Ok(false) => missing.push(table.raw().to_owned()),
            Err(stop) => return Ok(refused(scope, answers, &format!("table {}", table.raw()), stop)),
        }
    }
    let (user, database) = (answers.connection.user.clone(), answers.connection.database.clone());
    if missing.is_empty() {
        return Ok(passed(format!("{} of database {database}: all there", names(&expect.tables))));
    }
    let present = expect.tables.len() - missing.len();
    Ok(failed(Finding::Database(DatabaseFinding::TablesMissing { missing, present, database, user })))
}

fn extensions(scope: &Scope) -> Result<Outcome, Box<Outcome>> {
    let (expect, answers, holdings) = asked(scope)?;
    let database = answers.connection.database.clone();
    let installed = match &holdings.extensions {
        Some(Ok(installed)) => installed,
        Some(Err(stop)) => return Ok(refused(scope, answers, "the installed extensions", stop)),
        None => return Err(Box::new(defect("the extensions were not asked for"))),
    };
    let missing =
        expect.extensions.iter().map(Stated::raw).filter(|one| !installed.iter().any(|found| found == one));
    let missing: Vec<String> = missing.map(str::to_owned).collect();
    if missing.is_empty() {
        return Ok(passed(format!("{} of database {database}: installed", names(&expect.extensions))));
    }
    Ok(failed(Finding::Database(DatabaseFinding::ExtensionsMissing { missing, database })))
}

fn privileges(scope: &Scope) -> Result<Outcome, Box<Outcome>> {
    let (expect, answers, holdings) = asked(scope)?;
    let mut missing = Vec::new();
    for (one, found) in expect.privileges.iter().zip(&holdings.privileges) {
        let kind = match one.kind {
            PrivilegeKind::Table => "table",
            PrivilegeKind::Schema => "schema",
        };
        match found {
            Ok(lacking) => missing.extend(
                lacking.iter().map(|one_of| format!("{} on {kind} {}", one_of.to_uppercase(), one.on.raw())),
            ),
            Err(stop) => return Ok(refused(scope, answers, &format!("{kind} {}", one.on.raw()), stop)),
        }
    }
    let (user, database) = (answers.connection.user.clone(), answers.connection.database.clone());
    if missing.is_empty() {
        let on: Vec<&str> = expect.privileges.iter().map(|one| one.on.raw()).collect();
        return Ok(passed(format!("role {user} may do what is expected on {}", on.join(", "))));
    }
    Ok(failed(Finding::Database(DatabaseFinding::PrivilegesMissing { missing, user, database })))
}

fn query(scope: &Scope) -> Result<Outcome, Box<Outcome>> {
    let (expect, answers, holdings) = asked(scope)?;
    let name = scope.subject.as_deref().unwrap_or_default();
    let mut all = expect.queries.iter().zip(&holdings.queries);
    let Some((query, found)) = all.find(|(query, _)| query.name == name) else {
        return Err(Box::new(defect("the query was not asked")));
    };
    match found {
        Err(stop) => Ok(refused(scope, answers, name, stop)),
        Ok(given) if fits(&query.gives, given) => Ok(passed(format!("{name} gives {}", query.gives))),
        Ok(given) => Ok(failed(Finding::Database(DatabaseFinding::AnswerUnexpected {
            query: name.to_owned(),
            expected: query.gives.to_string(),
            found: shown(given),
        }))),
    }
}

/// Whether what a query gave is what it must give.
fn fits(expected: &Gives, given: &QueryAnswer) -> bool {
    match (expected, given) {
        (Gives::Equals(text), QueryAnswer::Value(Some(found))) => text == found,
        (Gives::AtLeast(least), QueryAnswer::Value(Some(found))) => {
            Number::read(found).is_some_and(|found| found >= *least)
        }
        (Gives::AtMost(most), QueryAnswer::Value(Some(found))) => {
            Number::read(found).is_some_and(|found| found <= *most)
        }
        (Gives::Rows(count), QueryAnswer::Rows(found)) => count == found,
        (Gives::RowsAtLeast(least), QueryAnswer::Rows(found)) => found >= least,
        (
            Gives::Equals(_) | Gives::AtLeast(_) | Gives::AtMost(_) | Gives::Rows(_) | Gives::RowsAtLeast(_),
            QueryAnswer::Nothing | QueryAnswer::Value(_) | QueryAnswer::Several | QueryAnswer::Rows(_),
        ) => false,
    }
}

/// What was found, for people: a number or a truth as it is, of any other text no more than its beginning. It comes
/// from somebody's table.
fn shown(given: &QueryAnswer) -> String {
    const LONGEST: usize = 40;
    match given {
        QueryAnswer::Nothing => "no row".to_owned(),
        QueryAnswer::Value(None) => "NULL".to_owned(),
        QueryAnswer::Value(Some(text)) if Number::read(text).is_some() => text.clone(),
        QueryAnswer::Value(Some(text)) => format!("`{}`", crate::text::line_of(text, LONGEST)),
        QueryAnswer::Several => "more than one row".to_owned(),
        QueryAnswer::Rows(1) => "1 row".to_owned(),
        QueryAnswer::Rows(count) => format!("{count} rows"),
    }
}

fn names(all: &[Stated]) -> String {
    crate::text::listed(all.iter().map(Stated::raw), 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_held_against_what_it_must_be() {
        let number = |text| Number::read(text).unwrap();
        let value = |text: &str| QueryAnswer::Value(Some(text.to_owned()));
        for (expected, given, fitting) in [
            (Gives::Equals("live".to_owned()), value("live"), true),
            (Gives::Equals("live".to_owned()), value("Live"), false),
            (Gives::Equals("1".to_owned()), QueryAnswer::Several, false),
            (Gives::Equals(String::new()), QueryAnswer::Value(None), false),
            (Gives::AtLeast(number("1")), value("1"), true),
            (Gives::AtLeast(number("1")), value("0.999"), false),
            (Gives::AtLeast(number("1")), value("many"), false),
            (Gives::AtLeast(number("0")), QueryAnswer::Nothing, false),
            (Gives::AtMost(number("10")), value("9"), true),
            (Gives::AtMost(number("10")), value("11"), false),
            (Gives::Rows(0), QueryAnswer::Rows(0), true),
            (Gives::Rows(0), QueryAnswer::Nothing, false),
            (Gives::RowsAtLeast(2), QueryAnswer::Rows(2), true),
            (Gives::RowsAtLeast(2), QueryAnswer::Rows(1), false),
        ] {
            assert_eq!(fits(&expected, &given), fitting, "{expected} {given:?}");
        }
    }

    #[test]
    fn of_a_text_only_the_beginning_is_told() {
        assert_eq!(shown(&QueryAnswer::Value(Some("12".to_owned()))), "12");
        let text = shown(&QueryAnswer::Value(Some("a\nb".repeat(100))));
        assert!(text.chars().count() <= 43 && !text.contains('\n'), "{text}");
    }
}

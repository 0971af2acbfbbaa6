//! The rows of the failure catalogue that are about logins: each has its cause, and a test or a written reason.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use rungate::diagnosis::cause::CauseCode;

use crate::common::root;

/// The families of rows, and how many each has.
const FAMILIES: [(char, u32); 4] = [('K', 19), ('P', 26), ('T', 6), ('L', 4)];

/// The words between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn each_row_has_a_cause_and_a_test_or_a_reason() {
    let page = include_str!("../../docs/database-rows.md");
    let mut seen = BTreeSet::new();
    for line in page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| id") && !line.starts_with("| --"))
    {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, _, cause, shown] = cells[..] else { panic!("four cells: {line}") };
        assert!(seen.insert(id.to_owned()), "{id} stands twice");
        let causes = quoted(cause);
        for code in &causes {
            assert!(CauseCode::from_str(code).is_ok(), "{id}: there is no cause {code}");
        }
        let tests: Vec<&str> = quoted(shown).into_iter().filter(|word| word.contains("::")).collect();
        for test in &tests {
            let (module, function) = test.split_once("::").unwrap();
            let file = root().join(format!("tests/integration/{module}.rs"));
            let text = std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{id}: no module {module}"));
            assert!(text.contains(&format!("fn {function}(")), "{id}: no test {test}");
            // These print their rows by their ids.
            if ["postgres", "credentials"].contains(&module) && id != "P21" {
                assert!(text.contains(id), "{id} does not stand in {module}");
            }
        }
        let reason = ["not provoked: ", "not told"].iter().any(|words| shown.starts_with(words));
        assert!(!tests.is_empty() || reason && shown.len() > 60, "{id} has neither a test nor a reason");
        assert!(!causes.is_empty() || reason, "{id} has neither a cause nor a reason");
    }
    let all = FAMILIES
        .iter()
        .flat_map(|(family, most)| (1..=*most).map(move |number| format!("{family}{number:02}")));
    let all: BTreeSet<String> = all.collect();
    assert_eq!(seen, all);
    // The catalogue itself, where it lies beside the repository.
    let Ok(catalogue) = std::fs::read_to_string(root().join("../shared/failure-catalogue.md")) else {
        println!("SKIPPED: the catalogue does not lie beside the repository");
        return;
    };
    let rows = catalogue.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let of_family = |id: &&str| {
        let mut characters = id.chars();
        let family = characters.next().is_some_and(|c| "KPTL".contains(c));
        family && id.len() == 3 && characters.all(|c| c.is_ascii_digit())
    };
    for id in rows.filter(of_family) {
        assert!(seen.contains(id), "{id} of the catalogue has no row");
    }
}

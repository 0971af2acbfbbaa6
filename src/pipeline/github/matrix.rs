//! The combinations of a job's `strategy.matrix`, as GitHub makes them.

use std::collections::HashMap;

use github_actions_expressions::Evaluation;

use super::expression;
use super::scope::Scope;
use crate::pipeline::yaml::{Kind, Node};

/// The most combinations that GitHub takes.
const MOST: usize = 256;

/// A combination: names and values, in the matrix's order.
type Combination = Vec<(String, Evaluation)>;

/// The combinations of a matrix, each as a value of the `matrix` context. `None`: there is no matrix, or only the run
/// can tell it.
pub(super) fn combinations(job: &Node, scope: &Scope) -> Option<Vec<Evaluation>> {
    let matrix = job.at(&["strategy", "matrix"])?;
    let whole = known(matrix, scope)?;
    let Kind::Map(entries) = &matrix.kind else {
        // `matrix: ${{ fromJSON('…') }}`: the order of its keys is not kept, and need not be.
        let Evaluation::Object(axes) = whole else { return None };
        let mut axes: Vec<_> = axes.into_iter().collect();
        axes.sort_by(|(one, _), (other, _)| one.cmp(other));
        return combine(axes);
    };
    let axes = entries.iter().map(|entry| Some((entry.key.clone(), known(&entry.value, scope)?)));
    combine(axes.collect::<Option<_>>()?)
}

/// A node as a value, if every expression in it is known.
fn known(node: &Node, scope: &Scope) -> Option<Evaluation> {
    match &node.kind {
        Kind::Scalar { text, .. } if text.contains("${{") => {
            let value = expression::value(text, scope);
            value.or_else(|| scope.text(node)?.as_known().map(Evaluation::String))
        }
        Kind::Scalar { .. } => Some(expression::evaluation(node)),
        Kind::Seq(items) => {
            items.iter().map(|item| known(item, scope)).collect::<Option<_>>().map(Evaluation::Array)
        }
        Kind::Map(entries) => {
            let entries = entries.iter().map(|entry| Some((entry.key.clone(), known(&entry.value, scope)?)));
            entries.collect::<Option<HashMap<_, _>>>().map(Evaluation::Object)
        }
    }
}

fn combine(axes: Vec<(String, Evaluation)>) -> Option<Vec<Evaluation>> {
    let (mut include, mut exclude) = (Vec::new(), Vec::new());
    let mut base: Vec<Combination> = vec![Vec::new()];
    let mut own = Vec::new();
    for (key, value) in axes {
        match (key.as_str(), value) {
            ("include", Evaluation::Array(items)) => include = items,
            ("exclude", Evaluation::Array(items)) => exclude = items,
            (_, Evaluation::Array(values)) => {
                if base.len().saturating_mul(values.len()) > MOST {
                    return None;
                }
                base = base
                    .iter()
                    .flat_map(|known| {
                        let key = &key;
                        values.iter().map(move |value| {
                            let mut next = known.clone();
                            next.push((key.clone(), value.clone()));
                            next
                        })
                    })
                    .collect();
                own.push(key);
            }
            (_, _) => return None,
        }
    }
    if own.is_empty() {
        base.clear();
    }
    for item in &exclude {
        let Evaluation::Object(item) = item else { return None };
        base.retain(|known| !item.iter().all(|(key, value)| find(known, key) == Some(value)));
    }
    let whole = included(base, &own, include)?;
    Some(whole.into_iter().map(|known| Evaluation::Object(known.into_iter().collect())).collect())
}

/// Adds what `include` says: to all combinations that it does not contradict, else as one of its own.
fn included(base: Vec<Combination>, own: &[String], include: Vec<Evaluation>) -> Option<Vec<Combination>> {
    let originals = base.len();
    let mut whole = base;
    for item in include {
        let Evaluation::Object(item) = item else { return None };
        let mut item: Combination = item.into_iter().collect();
        item.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut added = false;
        for known in whole.iter_mut().take(originals) {
            let agrees = item
                .iter()
                .filter(|(key, _)| own.contains(key))
                .all(|(key, value)| find(known, key) == Some(value));
            if agrees {
                added = true;
                // What an earlier `include` added may be replaced; the matrix's own values may not.
                known.retain(|(key, _)| own.contains(key) || item.iter().all(|(added, _)| added != key));
                known.extend(item.iter().filter(|(key, _)| !own.contains(key)).cloned());
            }
        }
        if !added {
            whole.push(item);
        }
        if whole.len() > MOST {
            return None;
        }
    }
    Some(whole)
}

fn find<'c>(combination: &'c Combination, key: &str) -> Option<&'c Evaluation> {
    combination.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::source::Source;
    use crate::pipeline::yaml;

    /// Each combination as `key=value` in order of keys.
    fn shown(matrix: &str) -> Option<Vec<String>> {
        let text = format!("strategy:\n  matrix: {matrix}\n");
        let documents = yaml::parse(&Source::new("a", &text)).unwrap();
        let combinations = combinations(&documents[0], &Scope::default())?;
        let show = |combination: &Evaluation| {
            let Evaluation::Object(entries) = combination else { panic!("a mapping") };
            let mut pairs: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}={}", value.sema())).collect();
            pairs.sort();
            pairs.join(" ")
        };
        Some(combinations.iter().map(show).collect())
    }

    #[test]
    fn axes_are_combined_in_order() {
        assert_eq!(
            shown("{app: [x, y], region: [a, b]}").unwrap(),
            ["app=x region=a", "app=x region=b", "app=y region=a", "app=y region=b"]
        );
        assert_eq!(shown("{app: \"${{ fromJSON('[1, 2]') }}\"}").unwrap(), ["app=1", "app=2"]);
        assert_eq!(shown("'${{ fromJSON(''{\"a\": [1, 2]}'') }}'").unwrap(), ["a=1", "a=2"]);
    }

    #[test]
    fn include_and_exclude_follow_githubs_rules() {
        // The example of GitHub's documentation.
        assert_eq!(
            shown("{fruit: [apple, pear], animal: [cat, dog], include: [{color: green}, {color: pink, animal: cat}, {fruit: apple, shape: circle}, {fruit: banana}, {fruit: banana, animal: cat}]}").unwrap(),
            [
                "animal=cat color=pink fruit=apple shape=circle",
                "animal=dog color=green fruit=apple shape=circle",
                "animal=cat color=pink fruit=pear",
                "animal=dog color=green fruit=pear",
                "fruit=banana",
                "animal=cat fruit=banana",
            ]
        );
        assert_eq!(shown("{include: [{a: 1}, {a: 2, b: 3}]}").unwrap(), ["a=1", "a=2 b=3"]);
        assert_eq!(shown("{a: [1, 2], b: [3, 4], exclude: [{a: 1}, {a: 2, b: 3}]}").unwrap(), ["a=2 b=4"]);
    }

    #[test]
    fn what_only_the_run_can_tell_is_no_matrix() {
        for matrix in [
            "\"${{ fromJSON(needs.a.outputs.m) }}\"",
            "{a: ['${{ inputs.a }}', b]}",
            "{a: x}",
            "{a: [1], include: ['${{ vars.I }}']}",
            "[a]",
        ] {
            assert_eq!(shown(matrix), None, "{matrix}");
        }
        let many = format!("{{a: [{0}], b: [{0}]}}", "x, ".repeat(100));
        assert_eq!(shown(&many), None);
    }
}

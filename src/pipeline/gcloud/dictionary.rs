//! Flags whose value is a list of `NAME=value`, or of names.

use super::flags::{Flag, GivenFlags};
use crate::pipeline::list;
use crate::pipeline::problem::{Problem, Problems};
use crate::pipeline::text::Text;

/// The pairs of all flags of some names: the later one wins, in the place of the earlier one.
pub(super) fn pairs(given: &GivenFlags<'_>, names: &[&str], problems: &mut Problems) -> Vec<(String, Text)> {
    let mut all: Vec<(String, Text)> = Vec::new();
    for flag in given.all(names) {
        for (key, value) in flag.value.iter().flat_map(|value| of_value(value, flag, problems)) {
            match all.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = value,
                None => all.push((key, value)),
            }
        }
    }
    all
}

/// The pairs of one value. What has no `=` belongs to the value before it, which a comma has cut: gcloud refuses it,
/// and that is told. A list that only the run knows gives no pairs.
fn of_value(value: &Text, flag: &Flag, problems: &mut Problems) -> Vec<(String, Text)> {
    let (separator, _) = list::separator(value);
    let mut pairs: Vec<(String, Text)> = Vec::new();
    for item in list::items(value) {
        let item = item.trim_start_matches(|c| c == '\\' || c.is_whitespace());
        match (item.split_once("="), pairs.last_mut()) {
            (Some((key, value)), _) if !key.is_empty() => {
                // gcloud strips the keys, and no values.
                let key = key.trim().raw();
                pairs.retain(|(known, _)| *known != key);
                pairs.push((key, value));
            }
            _ if item.trim().is_empty() => {}
            (None, Some((name, before))) if item.is_known() => {
                let message = format!("a comma cuts the value of `{name}`: what follows it has no `=`");
                let problem = Problem::warning("value-cut-by-comma", message)
                    .at(item.place().clone())
                    .confidential(crate::text::looks_secret(name))
                    .fix(format!(
                        "gcloud refuses that; give the list a separator of its own: `{}=^@^A=1,2@B=3`",
                        flag.name
                    ));
                problems.push(problem);
                before.push(&Text::known(separator.as_str(), item.place().clone()));
                before.push(&item);
            }
            (Some(_) | None, _) if item.is_known() => {
                // May be all of a secret value: it is not shown.
                let message = format!("gcloud refuses an item of `{}` that is no `NAME=value`", flag.name);
                let problem = Problem::warning("gcloud-refuses", message).at(item.place().clone());
                problems.push(problem.confidential(true));
            }
            (Some(_) | None, _) => {
                let message = format!("a part of `{}` is only known to the run", flag.name);
                let problem = Problem::warning("list-not-known", message).at(item.place().clone());
                problems.push(problem.fix("say in rungate.yaml which variables of it matter"));
            }
        }
    }
    pairs
}

/// The names of all flags of a name that takes a list of them.
pub(super) fn names(given: &GivenFlags<'_>, name: &str) -> Vec<String> {
    given
        .all(&[name])
        .filter_map(|flag| flag.value.as_ref())
        .flat_map(list::items)
        .map(|item| item.trim().raw())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Puts an item into a list, in the place of the one of the same key.
pub(in crate::pipeline) fn put<T>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> &String) {
    match list.iter().position(|known| key(known) == key(&item)) {
        Some(at) => list[at] = item,
        None => list.push(item),
    }
}

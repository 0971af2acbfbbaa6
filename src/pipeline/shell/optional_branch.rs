//! Branches that are presumed not to run: their condition asks for what is unresolved, which counts as given, or as
//! what it falls back to. The run may decide otherwise, so what they deploy is told as well, and nothing else of them.

use std::rc::Rc;

use brush_parser::ast::CompoundList;

use super::Invocation;
use super::machine::{Machine, State};
use super::source::Script;
use crate::pipeline::gcloud::is_gcloud;
use crate::pipeline::text::Text;

impl Machine<'_> {
    /// Runs what is presumed not to run, for what it would deploy; nothing else of it counts.
    pub(super) fn aside(&mut self, script: &Rc<Script>, state: &State, body: &CompoundList) {
        let workspace = self.workspace.clone();
        let put_out = self.put_out.clone();
        let from = self.found.len();
        self.list(script, &mut State { conditional: true, ..state.clone() }, body);
        (*self.workspace, self.put_out) = (workspace, put_out);
        self.found.iter_mut().skip(from).for_each(|found| found.aside = true);
    }
}

/// Leaves of what is presumed not to run only what deploys something that nothing else of the script deploys.
pub(super) fn only_deploys(found: &mut Vec<Invocation>) {
    if !found.iter().any(|invocation| invocation.aside) {
        return;
    }
    let mut known: Vec<Vec<String>> =
        found.iter().filter(|other| !other.aside).filter_map(|other| deployed(&other.words)).collect();
    found.retain(|invocation| {
        if !invocation.aside {
            return true;
        }
        let Some(deployed) = deployed(&invocation.words).filter(|deployed| !known.contains(deployed)) else {
            return false;
        };
        known.push(deployed);
        true
    });
}

/// What a command line of gcloud deploys: its verbs and the name. An update is none: it changes what is there.
fn deployed(words: &[Text]) -> Option<Vec<String>> {
    let words: Vec<String> = words.iter().map(Text::raw).collect();
    words.first().filter(|program| is_gcloud(program))?;
    let run = words.iter().position(|word| word == "run")?;
    let plain = words.get(run + 1..)?.iter().filter(|word| !word.starts_with('-'));
    let verbs: Vec<String> = plain.take(3).cloned().collect();
    let length = match verbs.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["deploy", _, ..] => 2,
        ["jobs", "deploy" | "create" | "update", _] | ["services", "replace", _] => 3,
        _ => return None,
    };
    verbs.get(..length).map(<[String]>::to_vec)
}

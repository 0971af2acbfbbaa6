//! Simple commands: assignments, what the shell does itself, and the programs that are reported.

use std::rc::Rc;

use brush_parser::ast::{
    Assignment, AssignmentName, AssignmentValue, CommandPrefixOrSuffixItem, IoFileRedirectKind,
    IoFileRedirectTarget, IoRedirect, RedirectList, SimpleCommand, Word,
};

use super::machine::{Flow, Machine, State, Status, Variable, located};
use super::output::{is_silent, printed};
use super::source::{Located, Script};
use super::{Invocation, inline_script, is_shell, limits, lines, program};
use crate::pipeline::gcloud::is_gcloud;
use crate::pipeline::text::{Open, Part, Text};

/// What a simple command is made of.
#[derive(Default)]
struct Parts {
    words: Vec<Text>,
    assignments: Vec<(String, Variable, bool)>,
    input: Option<Text>,
    /// The files that its output goes to, and whether it is appended.
    outputs: Vec<(Text, bool)>,
}

impl Machine<'_> {
    pub(super) fn simple(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        command: &SimpleCommand,
        input: Option<Text>,
    ) -> (Flow, Status, Option<Text>) {
        let mut parts = Parts { input, ..Parts::default() };
        let prefix = command.prefix.iter().flat_map(|prefix| &prefix.0);
        let suffix = command.suffix.iter().flat_map(|suffix| &suffix.0);
        for item in prefix {
            self.item(script, state, item, true, &mut parts);
        }
        if let Some(word) = &command.word_or_name {
            let word = located(script, word);
            parts.words.extend(self.fields(script, state, &word));
        }
        let declares = parts.words.first().is_some_and(declares);
        for item in suffix {
            if parts.words.len() > limits::MOST_FIELDS {
                break;
            }
            self.item(script, state, item, declares, &mut parts);
        }
        if parts.words.is_empty() || declares {
            for (name, variable, append) in std::mem::take(&mut parts.assignments) {
                self.assign(state, &name, variable, append);
            }
            if parts.words.is_empty() {
                return (Flow::Next, Status::True, None);
            }
        }
        if let [first, arguments @ ..] = parts.words.as_slice()
            && first.is("read")
            && let Some((_, own, _)) = parts.assignments.iter().rev().find(|(name, ..)| name == "IFS")
        {
            let separators = lines::separators(Some(own));
            lines::read(state, "read", arguments, parts.input.as_ref(), separators.as_deref());
            return (Flow::Next, Status::Ran, None);
        }
        let outputs = std::mem::take(&mut parts.outputs);
        let silent = parts.words.first().is_some_and(|name| is_silent(&name.raw()));
        let calls = parts.words.first().is_some_and(|name| state.functions.contains_key(&name.raw()));
        let (flow, status, output) = self.run_words(state, parts.words, parts.input);
        // The commands of a function have put out what they do.
        if !(outputs.is_empty() && output.is_none() && (silent || calls)) {
            self.write(outputs, output.clone());
        }
        (flow, status, output)
    }

    fn item(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        item: &CommandPrefixOrSuffixItem,
        assigns: bool,
        parts: &mut Parts,
    ) {
        match item {
            CommandPrefixOrSuffixItem::Word(word) => {
                parts.words.extend(self.fields(script, state, &located(script, word)));
            }
            CommandPrefixOrSuffixItem::AssignmentWord(assignment, word) if assigns => {
                parts.assignments.extend(self.assignment(script, state, assignment, word));
            }
            CommandPrefixOrSuffixItem::AssignmentWord(_, word) => {
                parts.words.extend(self.fields(script, state, &located(script, word)));
            }
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => self.redirect(script, state, redirect, parts),
            CommandPrefixOrSuffixItem::ProcessSubstitution(_, shell) => {
                self.list(script, &mut state.clone(), &shell.list);
                let place = script.place(script.byte_offset(shell.loc.start.index));
                let open = Open { computed: true, ..Open::default() };
                parts.words.push(Text::open("<(…)", open, place));
            }
        }
    }

    fn redirect(&mut self, script: &Rc<Script>, state: &mut State, redirect: &IoRedirect, parts: &mut Parts) {
        match redirect {
            IoRedirect::File(descriptor, kind, IoFileRedirectTarget::Filename(word)) => {
                let path = self.single(script, state, &located(script, word));
                match kind {
                    IoFileRedirectKind::Write | IoFileRedirectKind::Clobber
                        if !matches!(descriptor, Some(2..)) =>
                    {
                        parts.outputs.push((path, false));
                    }
                    IoFileRedirectKind::Append if !matches!(descriptor, Some(2..)) => {
                        parts.outputs.push((path, true));
                    }
                    IoFileRedirectKind::Read => {
                        let path = path.as_known();
                        let file = path.and_then(|path| self.workspace.file(&path).flatten().cloned());
                        parts.input = file;
                    }
                    IoFileRedirectKind::Write
                    | IoFileRedirectKind::Append
                    | IoFileRedirectKind::ReadAndWrite
                    | IoFileRedirectKind::Clobber
                    | IoFileRedirectKind::DuplicateInput
                    | IoFileRedirectKind::DuplicateOutput => {}
                }
            }
            IoRedirect::HereDocument(_, document) => {
                let mut body = located(script, &document.doc);
                if document.remove_tabs {
                    let text: Vec<&str> =
                        body.text.split('\n').map(|line| line.trim_start_matches('\t')).collect();
                    body = Located::near(&text.join("\n"), body.offset(0));
                }
                parts.input = Some(if document.requires_expansion {
                    self.document(script, state, &body)
                } else {
                    body.part(script, 0, body.text.len())
                });
            }
            IoRedirect::HereString(_, word) => {
                let mut text = self.single(script, state, &located(script, word));
                text.push(&Text::known("\n", text.place().clone()));
                parts.input = Some(text);
            }
            IoRedirect::OutputAndError(word, append) => {
                let path = self.single(script, state, &located(script, word));
                parts.outputs.push((path, *append));
            }
            IoRedirect::File(..) => {}
        }
    }

    /// Notes the files that a compound command writes: what it puts out is not known.
    pub(super) fn write_output(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        redirects: &RedirectList,
        output: Option<Text>,
    ) {
        let mut parts = Parts::default();
        for redirect in &redirects.0 {
            self.redirect(script, state, redirect, &mut parts);
        }
        self.write(parts.outputs, output);
    }

    fn assignment(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        assignment: &Assignment,
        word: &Word,
    ) -> Option<(String, Variable, bool)> {
        let whole = located(script, word);
        let (name, variable) = match (&assignment.name, &assignment.value) {
            (AssignmentName::VariableName(name), AssignmentValue::Scalar(value)) => {
                let from = whole.text.len().saturating_sub(value.value.len());
                let value = if whole.text.get(from..) == Some(value.value.as_str()) {
                    whole.cut(from, whole.text.len())
                } else {
                    Located::near(&value.value, whole.offset(0))
                };
                let text = self.single(script, state, &value);
                let variable = put_out(&text).map_or(Variable::Text(text), Variable::Opaque);
                (name.clone(), variable)
            }
            (AssignmentName::VariableName(name), AssignmentValue::Array(items)) => {
                let begin = assignment.loc.start.index;
                let mut cursor = if begin > 0 { script.byte_offset(begin) } else { whole.offset(0) };
                let mut values = Vec::new();
                for (_, item) in items {
                    // The parser keeps no places of items.
                    let found = script.text.get(cursor..).and_then(|rest| rest.find(&item.value));
                    let item = match found {
                        Some(at) => {
                            let item_at = cursor + at;
                            cursor = item_at + item.value.len();
                            Located::new(script, &item.value, item_at)
                        }
                        None => Located::near(&item.value, cursor),
                    };
                    values.extend(self.fields(script, state, &item));
                }
                (name.clone(), Variable::Array(values))
            }
            (AssignmentName::ArrayElementName(..), _) => return None,
        };
        Some((name, variable, assignment.append))
    }

    fn assign(&mut self, state: &mut State, name: &str, variable: Variable, append: bool) {
        let variable = if append {
            match (state.variables.remove(name), variable) {
                (Some(Variable::Text(mut before)), Variable::Text(after)) => {
                    before.push(&after);
                    Variable::Text(before)
                }
                (Some(Variable::Array(mut before)), Variable::Array(after)) => {
                    before.extend(after);
                    Variable::Array(before)
                }
                (None, after) => after,
                (Some(_), Variable::Text(_) | Variable::Array(_) | Variable::Opaque(_)) => {
                    Variable::Opaque(Open::default())
                }
            }
        } else {
            variable
        };
        self.set(state, name, variable);
    }

    /// Runs a command whose words are known.
    pub(super) fn run_words(
        &mut self,
        state: &mut State,
        words: Vec<Text>,
        input: Option<Text>,
    ) -> (Flow, Status, Option<Text>) {
        let Some((first, arguments)) = words.split_first() else { return (Flow::Next, Status::True, None) };
        let name = first.raw();
        if let Some(function) = state.functions.get(&name).cloned() {
            let (flow, status) = self.call(state, &function, arguments.to_vec());
            return (flow, status, None);
        }
        let quiet = |flow, status| (flow, status, None);
        match name.as_str() {
            ":" | "true" => quiet(Flow::Next, Status::True),
            "false" => quiet(Flow::Next, Status::False),
            "exit" | "exec" if arguments.is_empty() || name == "exit" => quiet(Flow::Exit, Status::True),
            "return" => quiet(Flow::Return, Status::True),
            "break" => quiet(Flow::Break, Status::True),
            "continue" => quiet(Flow::Continue, Status::True),
            "test" => quiet(Flow::Next, self.tested(arguments)),
            "[" => {
                let inner = match arguments.split_last() {
                    Some((last, inner)) if last.is("]") => inner,
                    Some(_) | None => arguments,
                };
                quiet(Flow::Next, self.tested(inner))
            }
            "unset" => {
                for name in arguments.iter().filter_map(Text::as_known) {
                    state.variables.insert(name, Variable::Text(Text::new(first.place().clone())));
                }
                quiet(Flow::Next, Status::True)
            }
            "shift" => {
                if !state.arguments.is_empty() {
                    state.arguments.remove(0);
                }
                quiet(Flow::Next, Status::True)
            }
            "set" => {
                if let Some(at) = arguments.iter().position(|word| word.is("--")) {
                    state.arguments = arguments.get(at + 1..).unwrap_or_default().to_vec();
                }
                quiet(Flow::Next, Status::True)
            }
            "read" | "mapfile" | "readarray" => {
                let separators = lines::separators(state.variables.get("IFS"));
                lines::read(state, &name, arguments, input.as_ref(), separators.as_deref());
                quiet(Flow::Next, Status::Ran)
            }
            "echo" | "printf" => (Flow::Next, Status::True, printed(&name, arguments, first)),
            "cat" => (Flow::Next, Status::Ran, self.concatenated(arguments, input)),
            "tee" => {
                let append = arguments.iter().any(|word| word.is("-a"));
                for path in arguments.iter().filter_map(Text::as_known).filter(|path| !path.starts_with('-'))
                {
                    self.workspace.write(&path, input.clone(), append);
                }
                (Flow::Next, Status::Ran, input)
            }
            "eval" => {
                let mut text = Text::new(first.place().clone());
                for (index, word) in arguments.iter().enumerate() {
                    if index > 0 {
                        text.push(&Text::known(" ", word.place().clone()));
                    }
                    text.push(word);
                }
                let (flow, status) = self.run_text(&text, state, false);
                quiet(flow, status)
            }
            _ => self.run_program(state, &words, input),
        }
    }

    /// Runs a program: another shell, one that is reported, or one that runs another.
    fn run_program(
        &mut self,
        state: &mut State,
        words: &[Text],
        input: Option<Text>,
    ) -> (Flow, Status, Option<Text>) {
        let Some((first, arguments)) = words.split_first() else { return (Flow::Next, Status::True, None) };
        let name = first.raw();
        let base = program(&name);
        if is_gcloud(&name) || matches!(base, "curl" | "wget") {
            self.report(state, words, input);
        } else if is_shell(&name) {
            let mut inner = State { variables: state.variables.clone(), ..State::default() };
            inner.conditional = state.conditional;
            if let Some((text, rest)) = inline_script(words) {
                inner.arguments = rest.get(1..).unwrap_or_default().to_vec();
                self.run_text(text, &mut inner, true);
            } else if let (Some(text), true) = (&input, arguments.iter().all(|word| word.starts_with("-"))) {
                self.run_text(text, &mut inner, true);
            }
        } else if !TALKERS.contains(&base) {
            self.run_inner(state, base, arguments, input);
        }
        (Flow::Next, Status::Ran, None)
    }

    /// A program that runs another one: `sudo gcloud …`, `retry 3 gcloud …`, `./retry.sh "gcloud …"`.
    fn run_inner(&mut self, state: &mut State, base: &str, arguments: &[Text], input: Option<Text>) {
        if self.depth >= limits::DEEPEST {
            return;
        }
        let runs = |word: &Text| word.as_known().is_some_and(|word| is_gcloud(&word) || is_shell(&word));
        if let Some(inner) = arguments.iter().position(runs).and_then(|at| arguments.get(at..)) {
            self.depth += 1;
            self.run_words(&mut state.clone(), inner.to_vec(), input);
            self.depth -= 1;
            return;
        }
        let runner =
            base.contains("retry") || base.contains("run") || base.contains("exec") || base.ends_with(".sh");
        if !runner && !matches!(base, "timeout" | "time" | "nohup" | "script" | "su") {
            return;
        }
        for argument in arguments.iter().filter(|word| is_gcloud_line(word)) {
            self.run_text(argument, &mut state.clone(), false);
        }
    }

    fn report(&mut self, state: &State, words: &[Text], input: Option<Text>) {
        let Some(place) = words.first().map(|word| word.place().clone()) else { return };
        if self.found.len() < limits::MOST_INVOCATIONS {
            let conditional = state.conditional;
            self.found.push(Invocation { words: words.to_vec(), place, conditional, aside: false, input });
        }
    }

    /// What `cat` puts out.
    fn concatenated(&self, arguments: &[Text], input: Option<Text>) -> Option<Text> {
        let files: Vec<_> = arguments.iter().filter(|word| !word.starts_with("-") || word.is("-")).collect();
        if files.is_empty() {
            return input;
        }
        let mut whole: Option<Text> = None;
        for file in files {
            let content = match file.as_known()?.as_str() {
                "-" | "/dev/stdin" => input.clone()?,
                path => self.workspace.file(path)??.clone(),
            };
            match &mut whole {
                Some(whole) => whole.push(&content),
                None => whole = Some(content),
            }
        }
        whole
    }
}

/// Programs that only talk about commands, or take them for something else.
const TALKERS: &[&str] = &[
    "alias",
    "awk",
    "cat",
    "command_not_found",
    "docker-compose",
    "git",
    "grep",
    "jq",
    "log",
    "logger",
    "sed",
    "test",
    "trap",
    "type",
    "which",
    "xargs",
    "yq",
    "info",
    "warn",
    "error",
    "notify",
];

fn is_gcloud_line(word: &Text) -> bool {
    let head = word.known_head();
    let mut words = head.split_whitespace();
    words.next().is_some_and(is_gcloud) && words.next().is_some()
}

/// What a text is that is nothing but the output of a command: a variable that holds it stays as it is written.
fn put_out(text: &Text) -> Option<Open> {
    let mut parts = text.parts();
    match (parts.next(), parts.next()) {
        (Some(Part::Open(expression, open)), None) if open.computed => {
            let command = expression.trim_start_matches('$').starts_with(['(', '`']);
            command.then(|| open.clone())
        }
        _ => None,
    }
}

fn declares(word: &Text) -> bool {
    matches!(word.raw().as_str(), "export" | "readonly" | "local" | "declare" | "typeset")
}

/// The service that `gcloud run services describe` or `gcloud run deploy` puts out the URL of.
pub(super) fn describes(invocation: &Invocation) -> Option<String> {
    let words: Vec<String> = invocation.words.iter().map(Text::raw).collect();
    let run = words.iter().position(|word| word == "run")?;
    if !words.iter().any(|word| word.contains("url") || word.contains("uri")) {
        return None;
    }
    let verbs = words.get(run + 1..)?;
    let rest = match verbs {
        [services, describe, rest @ ..] if services == "services" && describe == "describe" => rest,
        [deploy, rest @ ..] if deploy == "deploy" => rest,
        _ => return None,
    };
    rest.iter().find(|word| !word.starts_with('-')).cloned()
}

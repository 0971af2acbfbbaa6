//! Runs the statements of a script, without running a program.

use std::collections::HashMap;
use std::rc::Rc;

use brush_parser::ast::{
    AndOr, AndOrList, Command, CompoundCommand, CompoundList, FunctionDefinition, Pipeline, Program,
};
use brush_parser::{ParseError, Parser, ParserOptions};

use super::source::{Located, Script};
use super::{Invocation, Outside, Workspace, limits};
use crate::model::Place;
use crate::pipeline::problem::Problem;
use crate::pipeline::text::{Open, Text};

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    /// A text, known or resting on what is not.
    Text(Text),
    /// What a command put out, or what differs by a condition: a use of the variable stays as it is written.
    Opaque(Open),
    /// An array.
    Array(Vec<Text>),
}

/// What a shell knows at one point of its script.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) variables: HashMap<String, Variable>,
    pub(super) functions: HashMap<String, (Rc<Script>, Rc<FunctionDefinition>)>,
    /// The arguments of the function or script; `None` where only the run can tell.
    pub(super) arguments: Vec<Text>,
    /// Whether this runs only under a condition that the file does not decide.
    pub(super) conditional: bool,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    True,
    False,
    /// A test over what is not known.
    Unknown,
    /// A program ran, which mostly succeeds.
    Ran,
}

/// Where the script goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    /// `break`: behind the loop.
    Break,
    /// `continue`: the loop's next round.
    Continue,
    /// `return`: behind the function.
    Return,
    /// `exit`, or the limits are reached.
    Exit,
}

/// The interpreter.
pub(super) struct Machine<'e> {
    pub(super) outside: &'e Outside<'e>,
    pub(super) workspace: &'e mut Workspace,
    pub(super) found: &'e mut Vec<Invocation>,
    pub(super) problems: Vec<Problem>,
    pub(super) steps: u32,
    pub(super) depth: u32,
    /// Whether the last condition was decided by taking for granted that what is unresolved is given, or is what it
    /// falls back to.
    pub(super) presumed: bool,
    /// What the commands of a group put out so far, where a file takes it; `Some(None)` once only the run can tell.
    pub(super) put_out: Option<Option<Text>>,
}

pub(super) fn options() -> ParserOptions {
    ParserOptions { tilde_expansion_at_word_start: false, ..ParserOptions::default() }
}

impl<'e> Machine<'e> {
    pub(super) fn new(
        outside: &'e Outside<'e>,
        workspace: &'e mut Workspace,
        found: &'e mut Vec<Invocation>,
    ) -> Self {
        Self {
            outside,
            workspace,
            found,
            problems: Vec::new(),
            steps: 0,
            depth: 0,
            presumed: false,
            put_out: None,
        }
    }

    /// Runs a whole script.
    pub(super) fn run(&mut self, script: &Text) {
        self.run_text(script, &mut State::default(), true);
    }

    /// Runs a command line whose words are known.
    pub(super) fn run_line(&mut self, words: Vec<Text>) {
        self.run_words(&mut State::default(), words, None);
    }

    /// What a text expands to as one word.
    pub(super) fn expand_text(&mut self, text: &Text) -> Text {
        let script = Rc::new(Script::new(text));
        let word = Located::new(&script, &script.text, 0);
        if limits::too_deep(&script.text) || limits::has_endless_document(&script.text) {
            return Text::open(text.as_written(), Open::default(), text.place().clone());
        }
        self.single(&script, &mut State::default(), &word)
    }

    /// Runs a text as a script: the whole one, a substitution, an argument of `eval`.
    pub(super) fn run_text(&mut self, text: &Text, state: &mut State, tell: bool) -> (Flow, Status) {
        if self.depth >= limits::DEEPEST {
            return (Flow::Next, Status::Unknown);
        }
        let script = Rc::new(Script::new(text));
        match parse(&script) {
            Ok(program) => {
                self.depth += 1;
                let ended = self.program(&script, state, &program);
                self.depth -= 1;
                ended
            }
            Err(problem) => {
                if tell {
                    self.problems.push(*problem);
                }
                (Flow::Next, Status::Unknown)
            }
        }
    }

    fn program(&mut self, script: &Rc<Script>, state: &mut State, program: &Program) -> (Flow, Status) {
        let mut status = Status::True;
        for list in &program.complete_commands {
            let (flow, ended) = self.list(script, state, list);
            status = ended;
            if flow != Flow::Next {
                return (flow, status);
            }
        }
        (Flow::Next, status)
    }

    pub(super) fn list(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        list: &CompoundList,
    ) -> (Flow, Status) {
        let mut status = Status::True;
        for item in &list.0 {
            let (flow, ended) = self.and_or(script, state, &item.0);
            status = ended;
            if flow != Flow::Next {
                return (flow, status);
            }
        }
        (Flow::Next, status)
    }

    fn and_or(&mut self, script: &Rc<Script>, state: &mut State, list: &AndOrList) -> (Flow, Status) {
        let (mut flow, mut status) = self.pipeline(script, state, &list.first);
        for next in &list.additional {
            if flow != Flow::Next {
                return (flow, status);
            }
            let (and, pipeline) = match next {
                AndOr::And(pipeline) => (true, pipeline),
                AndOr::Or(pipeline) => (false, pipeline),
            };
            (flow, status) = match (and, status) {
                (true, Status::True | Status::Ran) | (false, Status::False) => {
                    self.pipeline(script, state, pipeline)
                }
                (true, Status::False) | (false, Status::True) => (Flow::Next, status),
                (true | false, Status::Unknown) | (false, Status::Ran) => {
                    self.maybe(state, |machine, state| machine.pipeline(script, state, pipeline));
                    (Flow::Next, if status == Status::Ran { Status::Ran } else { Status::Unknown })
                }
            };
        }
        (flow, status)
    }

    fn pipeline(&mut self, script: &Rc<Script>, state: &mut State, pipeline: &Pipeline) -> (Flow, Status) {
        let (flow, status) = match pipeline.seq.as_slice() {
            [single] => {
                let (flow, status, _) = self.command(script, state, single, None);
                (flow, status)
            }
            several => {
                // Each runs in a shell of its own.
                let mut input = None;
                let mut last = Status::True;
                let outer = self.put_out.take();
                for command in several {
                    let mut inner = state.clone();
                    let (_, status, output) = self.command(script, &mut inner, command, input);
                    (last, input) = (status, output);
                }
                self.put_out = outer;
                self.put(input.as_ref());
                (Flow::Next, last)
            }
        };
        let status = match (pipeline.bang, status) {
            (false, status) => status,
            (true, Status::True) => Status::False,
            (true, Status::False) => Status::True,
            (true, Status::Unknown | Status::Ran) => Status::Unknown,
        };
        (flow, status)
    }

    /// Runs a command; what it puts out, where that is known.
    fn command(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        command: &Command,
        input: Option<Text>,
    ) -> (Flow, Status, Option<Text>) {
        self.steps += 1;
        if self.exhausted() {
            return (Flow::Exit, Status::Unknown, None);
        }
        match command {
            Command::Simple(simple) => self.simple(script, state, simple, input),
            Command::Compound(compound, redirects) => {
                let Some(redirects) = redirects else {
                    let (flow, status) = self.compound(script, state, compound);
                    return (flow, status, None);
                };
                let nothing = Some(Text::new(script.place(0)));
                let outer = self.put_out.replace(nothing);
                let (flow, status) = self.compound(script, state, compound);
                let output = std::mem::replace(&mut self.put_out, outer).flatten();
                self.write_output(script, state, redirects, output);
                (flow, status, None)
            }
            Command::Function(function) => {
                let definition = (script.clone(), Rc::new(function.clone()));
                state.functions.insert(function.fname.value.clone(), definition);
                (Flow::Next, Status::True, None)
            }
            Command::ExtendedTest(test, _) => {
                let status = self.extended_test(script, state, &test.expr);
                (Flow::Next, status, None)
            }
        }
    }

    pub(super) fn compound(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        compound: &CompoundCommand,
    ) -> (Flow, Status) {
        match compound {
            CompoundCommand::BraceGroup(group) => self.list(script, state, &group.list),
            CompoundCommand::Subshell(shell) => {
                let (_, status) = self.list(script, &mut state.clone(), &shell.list);
                (Flow::Next, status)
            }
            CompoundCommand::IfClause(clause) => {
                let mut arms = vec![(Some(&clause.condition), &clause.then)];
                for other in clause.elses.iter().flatten() {
                    arms.push((other.condition.as_ref(), &other.body));
                }
                self.arms(script, state, &arms)
            }
            CompoundCommand::ForClause(clause) => {
                let values = self.values(script, state, clause.values.as_deref().unwrap_or_default());
                self.each(script, state, &clause.variable_name, &values, &clause.body.list)
            }
            CompoundCommand::ArithmeticForClause(clause) => {
                self.maybe(state, |machine, state| machine.list(script, state, &clause.body.list));
                (Flow::Next, Status::Ran)
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                let (flow, status) = self.list(script, state, &clause.0);
                if flow == Flow::Next {
                    let until = matches!(compound, CompoundCommand::UntilClause(_));
                    if status != if until { Status::True } else { Status::False } {
                        self.maybe(state, |machine, state| machine.list(script, state, &clause.1.list));
                    }
                }
                (Flow::Next, Status::Ran)
            }
            CompoundCommand::CaseClause(clause) => self.case(script, state, clause),
            CompoundCommand::Arithmetic(_) => (Flow::Next, Status::Unknown),
            CompoundCommand::Coprocess(coprocess) => {
                self.command(script, &mut state.clone(), &coprocess.body, None);
                (Flow::Next, Status::Ran)
            }
        }
    }

    /// A loop: one round for each value.
    fn each(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        name: &str,
        values: &[Text],
        body: &CompoundList,
    ) -> (Flow, Status) {
        for value in values {
            // What a list would have held that only the run can tell: the variable stays as it is written.
            let variable = match value.is_known() {
                false if values.len() == 1 => Variable::Opaque(Open::default()),
                true | false => Variable::Text(value.clone()),
            };
            state.variables.insert(name.to_owned(), variable);
            let (flow, status) = self.list(script, state, body);
            match flow {
                Flow::Next | Flow::Continue => {}
                Flow::Break => break,
                Flow::Return | Flow::Exit => return (flow, status),
            }
        }
        (Flow::Next, Status::Ran)
    }

    /// `if` and its like: arms with conditions, the last one perhaps without.
    fn arms(
        &mut self,
        script: &Rc<Script>,
        state: &mut State,
        arms: &[(Option<&CompoundList>, &CompoundList)],
    ) -> (Flow, Status) {
        let mut open: Vec<&CompoundList> = Vec::new();
        let mut complete = false;
        for (index, (condition, body)) in arms.iter().enumerate() {
            self.presumed = false;
            let status = match condition {
                Some(condition) => {
                    let (flow, status) = self.list(script, state, condition);
                    if flow != Flow::Next {
                        return (flow, status);
                    }
                    status
                }
                None => Status::True,
            };
            let presumed = self.presumed;
            match status {
                Status::False if presumed => self.aside(script, state, body),
                Status::False => {}
                Status::True if open.is_empty() => {
                    let before = presumed.then(|| state.clone());
                    let ended = self.list(script, state, body);
                    for (_, other) in before.iter().flat_map(|_| arms.iter().skip(index + 1)) {
                        self.aside(script, before.as_ref().unwrap_or(state), other);
                    }
                    return ended;
                }
                Status::True => {
                    open.push(body);
                    complete = true;
                    break;
                }
                Status::Unknown | Status::Ran => open.push(body),
            }
        }
        if open.is_empty() {
            return (Flow::Next, Status::True);
        }
        self.alternatives(state, complete, open.len(), |machine, state, index| match open.get(index) {
            Some(body) => machine.list(script, state, body),
            None => (Flow::Next, Status::True),
        })
    }

    /// Runs something that may or may not run.
    fn maybe(&mut self, state: &mut State, run: impl Fn(&mut Self, &mut State) -> (Flow, Status)) {
        self.alternatives(state, false, 1, |machine, state, _| run(machine, state));
    }

    /// Runs each of several alternatives. `complete`: one of them surely runs.
    ///
    /// Afterwards a variable is what all of them agree on. What one only adds to a value (a flag, an item) does not
    /// count, as the condition does not hold by default; what one sets anew is known no longer.
    pub(super) fn alternatives(
        &mut self,
        state: &mut State,
        complete: bool,
        count: usize,
        run: impl Fn(&mut Self, &mut State, usize) -> (Flow, Status),
    ) -> (Flow, Status) {
        let mut ends = Vec::new();
        let mut flows = Vec::new();
        let put_out = self.put_out.clone();
        for index in 0..count {
            let mut inner = State { conditional: true, ..state.clone() };
            let (flow, _) = run(self, &mut inner, index);
            if self.put_out != put_out {
                self.put(None);
            }
            flows.push(flow);
            // A branch that leaves the script says nothing about what comes after it.
            if !matches!(flow, Flow::Exit | Flow::Return) {
                ends.push(inner.variables);
            }
            if flow == Flow::Exit && self.exhausted() {
                return (Flow::Exit, Status::Unknown);
            }
        }
        if !complete {
            ends.push(state.variables.clone());
        }
        let Some(first) = ends.first() else {
            return (flows.first().copied().unwrap_or(Flow::Next), Status::Unknown);
        };
        let names: std::collections::BTreeSet<&String> = ends.iter().flat_map(HashMap::keys).collect();
        let mut merged = HashMap::new();
        for name in names {
            let same = ends.iter().all(|end| end.get(name) == first.get(name));
            let before = state.variables.get(name);
            let kept = if same {
                first.get(name).cloned()
            } else if let Some(before) = before
                .filter(|before| ends.iter().all(|end| end.get(name).is_some_and(|end| adds_to(before, end))))
                // To no text anything can be added: that counts as adding only where one leaves it as it was.
                .filter(|before| !is_nothing(before) || ends.iter().any(|end| end.get(name) == Some(before)))
            {
                Some(before.clone())
            } else {
                Some(Variable::Opaque(Open::default()))
            };
            merged.extend(kept.map(|kept| (name.clone(), kept)));
        }
        state.variables = merged;
        (Flow::Next, Status::Unknown)
    }

    pub(super) fn exhausted(&self) -> bool {
        self.steps > limits::MOST_STEPS || self.found.len() >= limits::MOST_INVOCATIONS
    }

    /// Calls a function.
    pub(super) fn call(
        &mut self,
        state: &mut State,
        function: &(Rc<Script>, Rc<FunctionDefinition>),
        arguments: Vec<Text>,
    ) -> (Flow, Status) {
        if self.depth >= limits::DEEPEST {
            return (Flow::Next, Status::Ran);
        }
        self.depth += 1;
        let before = std::mem::replace(&mut state.arguments, arguments);
        let (flow, status) = self.compound(&function.0, state, &function.1.body.0);
        state.arguments = before;
        self.depth -= 1;
        match flow {
            Flow::Exit => (Flow::Exit, status),
            Flow::Next | Flow::Break | Flow::Continue | Flow::Return => (Flow::Next, Status::Ran),
        }
    }

    pub(super) fn set(&mut self, state: &mut State, name: &str, variable: Variable) {
        let length: usize = match &variable {
            Variable::Text(text) => text.len(),
            Variable::Opaque(_) => 0,
            Variable::Array(items) => items.iter().map(Text::len).sum(),
        };
        let variable =
            if length > limits::LONGEST_TEXT { Variable::Opaque(Open::default()) } else { variable };
        state.variables.insert(name.to_owned(), variable);
    }
}

/// Whether a value is one that was there before, perhaps with something added.
fn adds_to(before: &Variable, after: &Variable) -> bool {
    match (before, after) {
        (Variable::Text(before), Variable::Text(after)) => after.raw().starts_with(&before.raw()),
        (Variable::Array(before), Variable::Array(after)) => after.starts_with(before),
        (Variable::Opaque(before), Variable::Opaque(after)) => before == after,
        (Variable::Text(_) | Variable::Array(_) | Variable::Opaque(_), _) => false,
    }
}

fn is_nothing(variable: &Variable) -> bool {
    match variable {
        Variable::Text(text) => text.is_empty(),
        Variable::Array(items) => items.is_empty(),
        Variable::Opaque(_) => false,
    }
}

/// Parses a script.
fn parse(script: &Script) -> Result<Program, Box<Problem>> {
    let place = script.place(0);
    if limits::has_endless_document(&script.text) {
        let problem = Problem::warning("script-not-read", "a here-document of this script has no end mark");
        return Err(Box::new(problem.at(place).fix("give it one: `<<EOF`, and `EOF` on a line of its own")));
    }
    if script.text.len() > limits::LONGEST_SCRIPT || limits::too_deep(&script.text) {
        let problem =
            Problem::warning("script-not-read", "this script is too long or too deeply nested to be read");
        return Err(Box::new(problem.at(place)));
    }
    let mut parser = Parser::new(script.text.as_bytes(), &options());
    parser.parse_program().map_err(|error| Box::new(broken(script, &error)))
}

fn broken(script: &Script, error: &ParseError) -> Problem {
    let position = match error {
        ParseError::ParsingNear(position) => Some(position.index),
        ParseError::ParsingAtEndOfInput => None,
        ParseError::Tokenizing { position, .. } => position.as_ref().map(|position| position.index),
    };
    let what = match error {
        ParseError::ParsingNear(_) => "unexpected here".to_owned(),
        ParseError::ParsingAtEndOfInput => "it ends too early".to_owned(),
        ParseError::Tokenizing { inner, .. } => inner.to_string(),
    };
    let offset = position.map_or(script.text.trim_end().len(), |index| script.byte_offset(index));
    Problem::warning("script-broken", format!("this shell script has a syntax error: {what}"))
        .at(script.place(offset))
        .fix("what it deploys is not known; `bash -n` on the script shows the same")
}

/// A word of the parser with its place.
pub(super) fn located(script: &Script, word: &brush_parser::ast::Word) -> Located {
    match &word.loc {
        Some(span) => Located::new(script, &word.value, script.byte_offset(span.start.index)),
        None => Located::near(&word.value, 0),
    }
}

/// Where a word begins in the file.
pub(super) fn place_of(script: &Script, word: &Located) -> Place {
    script.place(word.offset(0))
}

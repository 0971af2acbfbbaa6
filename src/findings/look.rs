//! What a rule sees of one service, and what it says it found.

use std::collections::HashMap;
use std::sync::Arc;

use super::database::{self, StatedDatabase};
use super::unfit::{self, Spot};
use super::{Lint, Rule, Severity};
use crate::model::{Pipeline, Place, Service, Stated, Variable};
use crate::pipeline::Problems;

/// One service, with what surrounds it.
pub(super) struct Look<'a> {
    /// Everything that is deployed.
    pub(super) pipeline: &'a Pipeline,
    /// The service.
    pub(super) service: &'a Service,
    /// The ways to a database that its variables state, as far as they are known.
    pub(super) ways: Vec<StatedDatabase<'a>>,
    /// What is unfit in the values of its variables.
    unfit: Vec<Spot<'a>>,
    texts: &'a Texts<'a>,
}

/// The lines of the files that were read, for looking closer at a place.
pub(super) struct Texts<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Texts<'a> {
    pub(super) fn new(problems: &'a Problems) -> Self {
        Self(problems.sources().map(|(file, text)| (file.as_ref(), text.lines().collect())).collect())
    }

    /// The lines of a file from one on, counted from 1.
    fn from(&self, file: &str, line: u32) -> &[&'a str] {
        let first = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        self.0.get(file).and_then(|lines| lines.get(first..)).unwrap_or_default()
    }
}

/// What a rule found, before it is told apart by service.
pub(super) struct Found {
    place: Place,
    length: usize,
    message: String,
    related: Option<(Place, String)>,
    fix: Option<String>,
    severity: Option<Severity>,
    drivers: Vec<String>,
}

impl Found {
    /// Says what drivers make of it.
    #[must_use]
    pub(super) fn drivers(mut self, opinions: Vec<String>) -> Self {
        self.drivers = opinions;
        self
    }

    /// Says what else belongs to it.
    #[must_use]
    pub(super) fn related(mut self, place: &Place, label: impl Into<String>) -> Self {
        self.related = Some((place.clone(), label.into()));
        self
    }

    /// Says how it is fixed here.
    #[must_use]
    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Less bad than the rule says.
    #[must_use]
    pub(super) fn only(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Less bad than the rule says, in some cases.
    #[must_use]
    pub(super) fn only_if(self, condition: bool, severity: Severity) -> Self {
        if condition { self.only(severity) } else { self }
    }

    pub(super) fn into_finding(self, rule: &'static Rule, service: &Arc<str>) -> Lint {
        Lint {
            rule,
            severity: self.severity.unwrap_or(rule.severity),
            service: service.clone(),
            place: self.place,
            length: self.length,
            message: self.message,
            related: self.related,
            fix: self.fix.unwrap_or_else(|| rule.fix.to_owned()),
            also: Vec::new(),
            drivers: self.drivers,
        }
    }
}

/// How many lines of a text that spans several are searched for a variable's name.
const LINES_SEARCHED: usize = 60;

fn names(service: &Service) -> impl Iterator<Item = &str> + Clone {
    let secrets = service.secrets.iter().map(|secret| secret.target.as_str());
    service.env.iter().map(|variable| variable.name.as_str()).chain(secrets)
}

impl<'a> Look<'a> {
    pub(super) fn new(pipeline: &'a Pipeline, service: &'a Service, texts: &'a Texts<'a>) -> Self {
        let ways = database::ways(service);
        let names: Vec<&str> = names(service).collect();
        let unfit = unfit::spots(service, &ways, &names);
        Self { pipeline, service, ways, unfit, texts }
    }

    /// The plain variables of all containers.
    pub(super) fn variables(&self) -> impl Iterator<Item = &'a Variable> + use<'a> {
        let service = self.service;
        service.env.iter().chain(service.sidecars.iter().flat_map(|sidecar| &sidecar.env))
    }

    /// The names of the ingress container's variables, plain or from secrets.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        names(self.service)
    }

    /// What is unfit in the way that the code of a cause names: the first of each variable.
    pub(super) fn unfit(&self, code: &str) -> Vec<&Spot<'a>> {
        let mut spots: Vec<&Spot<'a>> = Vec::new();
        for spot in self.unfit.iter().filter(|spot| spot.fault.code() == code) {
            if !spots.iter().any(|known| std::ptr::eq(known.from, spot.from)) {
                spots.push(spot);
            }
        }
        spots
    }

    /// The way to a database of which a value is a part.
    pub(super) fn way(&self, spot: &Spot<'a>) -> Option<&StatedDatabase<'a>> {
        self.ways.get(spot.way?)
    }

    /// Something about a variable.
    pub(super) fn found(&self, variable: &Variable, message: impl Into<String>) -> Found {
        let (place, length) = self.place_of(variable);
        Self::make(place, length, message)
    }

    /// Something about another statement.
    pub(super) fn found_at(&self, stated: &Stated, message: impl Into<String>) -> Found {
        let raw = stated.raw();
        let place = stated.place.clone();
        match self.search(&place, |line| line.find(raw).filter(|_| !raw.is_empty())) {
            Some((place, _)) => Self::make(place, raw.chars().count(), message),
            None => Self::make(place, 1, message),
        }
    }

    /// Something about the service as a whole.
    pub(super) fn found_here(&self, message: impl Into<String>) -> Found {
        Self::make(self.service.place.clone(), 1, message)
    }

    /// Something at a place.
    pub(super) fn found_in(&self, place: &Place, message: impl Into<String>) -> Found {
        Self::make(place.clone(), 1, message)
    }

    fn make(place: Place, length: usize, message: impl Into<String>) -> Found {
        Found {
            place,
            length,
            message: message.into(),
            related: None,
            fix: None,
            severity: None,
            drivers: Vec::new(),
        }
    }

    /// Where a variable's name stands in a list of `NAME=value`; else where its value does.
    pub(super) fn place_of(&self, variable: &Variable) -> (Place, usize) {
        match self.named(variable) {
            Some((place, _)) => (place, variable.name.chars().count()),
            None => (variable.value.place.clone(), self.written_length(&variable.value.place)),
        }
    }

    /// Whether the value came from the default of a Cloud Build substitution or of a shell's variable, which the
    /// trigger or the caller may set otherwise.
    pub(super) fn may_be_overridden(&self, variable: &Variable) -> bool {
        let Some((_, line)) = self.named(variable) else { return false };
        let written = line.get(variable.name.len() + 1..).unwrap_or_default();
        let written = written.split([',', ' ', ';']).next().unwrap_or_default();
        written.contains('$') && !written.contains("${{")
    }

    /// Whether the file says `NAME=` for a variable at all, where it is a list of such pairs.
    pub(super) fn is_named(&self, variable: &Variable) -> bool {
        self.named(variable).is_some()
    }

    /// The lines of the file from the deploying step's first to the one of a place.
    pub(super) fn step_until(&self, place: &Place) -> Vec<&'a str> {
        let lines = self.texts.from(&place.file, self.service.place.line);
        let count = place.line.saturating_sub(self.service.place.line).saturating_add(1);
        lines.iter().take(usize::try_from(count).unwrap_or(usize::MAX)).copied().collect()
    }

    /// Where `NAME=` of a variable stands, and the line from there on. A value's place is that of the list that it
    /// stands in, or its own.
    fn named(&self, variable: &Variable) -> Option<(Place, &'a str)> {
        let pair = format!("{}=", variable.name);
        let begins =
            |before: &str| !before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        self.named_before(&variable.value.place, &pair, begins).or_else(|| {
            self.search(&variable.value.place, |line| {
                let mut all = line.match_indices(&pair).map(|(at, _)| at);
                all.find(|at| line.get(..*at).is_some_and(begins))
            })
        })
    }

    /// `NAME=` right before a place, with or without a quote between.
    fn named_before(
        &self,
        place: &Place,
        pair: &str,
        begins: impl Fn(&str) -> bool,
    ) -> Option<(Place, &'a str)> {
        let line = self.texts.from(&place.file, place.line).first()?;
        let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
        let end = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
        let before = line.get(..end)?.trim_end_matches(['"', '\'', '\\']).strip_suffix(pair)?;
        let start = u32::try_from(before.chars().count()).ok()?.saturating_add(1);
        begins(before)
            .then(|| (Place { column: start, ..place.clone() }, line.get(before.len()..).unwrap_or_default()))
    }

    /// Searches from a place on, within the text that begins there: its lines are indented as deep as it is. Gives
    /// the place that was found, and the line from there on.
    fn search(&self, place: &Place, find: impl Fn(&str) -> Option<usize>) -> Option<(Place, &'a str)> {
        let column = usize::try_from(place.column).ok()?.checked_sub(1)?;
        let lines = self.texts.from(&place.file, place.line);
        for (offset, line) in lines.iter().take(LINES_SEARCHED).enumerate() {
            let blank = line.trim().is_empty();
            let indent = line.chars().take_while(|c| c.is_whitespace()).count();
            if offset > 0 && !blank && indent < column {
                return None;
            }
            let skip = if offset == 0 { line.char_indices().nth(column).map(|(at, _)| at)? } else { 0 };
            let rest = line.get(skip..)?;
            if let Some(at) = find(rest) {
                let before = line.get(..skip + at)?.chars().count();
                let line_number = place.line.saturating_add(u32::try_from(offset).ok()?);
                let found = Place {
                    file: place.file.clone(),
                    line: line_number,
                    column: u32::try_from(before).ok()?.saturating_add(1),
                };
                return Some((found, rest.get(at..)?));
            }
        }
        None
    }

    /// How many characters stand at a place, up to a blank, a comment or a bracket.
    fn written_length(&self, place: &Place) -> usize {
        let line = self.texts.from(&place.file, place.line).first();
        let column = usize::try_from(place.column).unwrap_or_default().saturating_sub(1);
        let rest: String = line.copied().unwrap_or_default().chars().skip(column).collect();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let length = match quote {
            Some(quote) => rest.chars().skip(1).position(|c| c == quote).map(|at| at + 2),
            None => [" #", ", ", "}"]
                .iter()
                .filter_map(|end| rest.find(end))
                .min()
                .map(|at| rest.get(..at).unwrap_or_default().chars().count()),
        };
        length.unwrap_or_else(|| rest.trim_end().trim_end_matches(['}', ']']).chars().count()).max(1)
    }
}

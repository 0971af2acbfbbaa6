//! What `printf` puts out, and what `read` and `mapfile` take from a text that is known.

use super::limits;
use super::machine::{State, Variable};
use crate::pipeline::text::{Open, Text};

/// What `printf` puts out: its format, again for as long as arguments are left. Nothing where a directive other than
/// `%s` or a format that only the run knows leaves it open.
pub(super) fn printf(arguments: &[Text], first: &Text) -> Option<Text> {
    let place = first.place();
    let (format, mut rest) = arguments.split_first()?;
    if format.is("--") {
        return printf(rest, first);
    }
    let format = format.as_known()?;
    let mut whole = Text::new(place.clone());
    loop {
        let before = rest.len();
        let mut characters = format.chars();
        let mut literal = String::new();
        while let Some(character) = characters.next() {
            match (character, characters.clone().next()) {
                ('%', Some('%')) => literal.push('%'),
                ('%', Some('s')) => {
                    whole.push(&Text::known(std::mem::take(&mut literal), place.clone()));
                    if let Some((argument, others)) = rest.split_first() {
                        whole.push(argument);
                        rest = others;
                    }
                }
                ('%', _) => return None,
                ('\\', Some('n')) => literal.push('\n'),
                ('\\', Some('t')) => literal.push('\t'),
                ('\\', Some('\\')) => literal.push('\\'),
                (other, _) => {
                    literal.push(other);
                    continue;
                }
            }
            characters.next();
        }
        whole.push(&Text::known(literal, place.clone()));
        if rest.is_empty() || rest.len() == before || whole.len() > limits::LONGEST_TEXT {
            return Some(whole);
        }
    }
}

/// The separators that `IFS` says; those of every shell where it is not set, nothing where only the run knows them.
pub(super) fn separators(own: Option<&Variable>) -> Option<String> {
    match own {
        None => Some(" \t\n".to_owned()),
        Some(Variable::Text(text)) => text.as_known(),
        Some(Variable::Opaque(_) | Variable::Array(_)) => None,
    }
}

/// Sets the variables that `read`, `mapfile` or `readarray` names: from its input where that and the separators
/// (`IFS`) are known, else to what only the run can tell.
pub(super) fn read(
    state: &mut State,
    program: &str,
    arguments: &[Text],
    input: Option<&Text>,
    separators: Option<&str>,
) {
    let lines = program != "read";
    let (mut array, mut names, mut odd) = (lines, Vec::new(), false);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let Some(word) = word.as_known() else { continue };
        match word.strip_prefix('-') {
            Some(options) => {
                array |= !lines && options.contains('a');
                // Each of these takes a value; all but the prompt change what is read.
                let takes = if lines { "dnOscCu" } else { "dinNptu" };
                if options.ends_with(|option| takes.contains(option)) {
                    odd |= !options.ends_with('p');
                    words.next();
                }
            }
            None => names.push(word),
        }
    }
    let known = input.filter(|_| !odd).and_then(|input| Some((input.as_known()?, input.place().clone())));
    let Some(((text, place), separators)) = known.zip(separators) else {
        let open = Open { computed: true, ..Open::default() };
        for name in names {
            state.variables.insert(name, Variable::Opaque(open.clone()));
        }
        return;
    };
    let line = text.split('\n').next().unwrap_or_default();
    let items: Vec<&str> = if lines {
        text.lines().collect()
    } else if separators.chars().all(char::is_whitespace) && !separators.is_empty() {
        line.split(|c| separators.contains(c)).filter(|item| !item.is_empty()).collect()
    } else {
        line.split(|c| separators.contains(c)).collect()
    };
    let texts = items.iter().take(limits::MOST_FIELDS).map(|item| Text::known(*item, place.clone()));
    if array {
        if let Some(name) = names.into_iter().next() {
            state.variables.insert(name, Variable::Array(texts.collect()));
        }
        return;
    }
    // One variable takes the whole line, several take an item each; where more is left, the last one takes it.
    let texts: Vec<Text> = texts.collect();
    let last = names.len().saturating_sub(1);
    for (index, name) in names.into_iter().enumerate() {
        let value = match (last, texts.get(index)) {
            (0, _) => Variable::Text(Text::known(line.trim(), place.clone())),
            (_, Some(_)) if index == last && texts.len() > index + 1 => Variable::Opaque(Open::default()),
            (_, Some(text)) => Variable::Text(text.clone()),
            (_, None) => Variable::Text(Text::new(place.clone())),
        };
        state.variables.insert(name, value);
    }
}

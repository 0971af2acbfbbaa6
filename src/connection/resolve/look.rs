//! Looking up single variables and files, and which of libpq's own variables a driver reads.

use secrecy::{ExposeSecret as _, SecretString};

use super::{Found, Given, Missing, Part, Source};
use crate::connection::driver::Family;
use crate::model::{DatabaseVariables, Holds};

/// A value, all of which may not be known.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) text: SecretString,
    pub(super) open: bool,
}

/// What looks things up for one set of variables.
pub(super) struct Look<'a> {
    pub(super) families: &'static [Family],
    pub(super) variables: &'a DatabaseVariables,
    pub(super) given: &'a dyn Fn(&Source) -> Given,
}

impl Look<'_> {
    pub(super) fn value(&self, name: &str) -> Result<Text, Missing> {
        let variable = Source::Variable(name.to_owned());
        let text = self.text_of(variable, name)?;
        match Holds::of(name) {
            Holds::Value | Holds::PasswordFile => Ok(text),
            Holds::Path if text.open => Err(Missing::Open),
            Holds::Path => {
                let path = text.text.expose_secret().trim().to_owned();
                let content = self.text_of(Source::File(path), name)?;
                // Who reads such files cuts the last line's end off, as the images of Docker do.
                let text = content.text.expose_secret();
                let text =
                    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
                Ok(Text { text: text.into(), open: content.open })
            }
        }
    }

    pub(super) fn text_of(&self, source: Source, name: &str) -> Result<Text, Missing> {
        match (self.given)(&source) {
            Given::Absent => Err(Missing::Absent(name.to_owned())),
            Given::Unread | Given::PassedOver { .. } => Err(Missing::Unread(source)),
            Given::Open(text) => Ok(Text { text, open: true }),
            Given::Value(text) => Ok(Text { text, open: false }),
        }
    }

    /// A part in a variable of its own, `None` where none is named, or nothing is in it: drivers take their default then.
    pub(super) fn part(&self, name: Option<&str>) -> Found<String> {
        let Some(name) = name else { return Ok(None) };
        let text = self.value(name)?.text.expose_secret().to_owned();
        Ok(Some(Part { value: text, from: name.to_owned() }).filter(|part| !part.value.is_empty()))
    }

    /// A plain variable with something in it.
    pub(super) fn plain(&self, name: &str) -> Option<Part<String>> {
        match (self.given)(&Source::Variable(name.to_owned())) {
            Given::Value(text) | Given::Open(text) => {
                let value = text.expose_secret().to_owned();
                Some(Part { value, from: name.to_owned() }).filter(|part| !part.value.is_empty())
            }
            Given::Absent | Given::Unread | Given::PassedOver { .. } => None,
        }
    }

    /// One of libpq's own variables, where the driver reads it.
    pub(super) fn libpqs(&self, name: &str) -> Option<Part<String>> {
        let own = self.variables.names().contains(&name);
        if own || reads(self.families, name) { self.plain(name) } else { None }
    }

    /// A variable that begins as the leading one does, and else libpq's own of that word.
    pub(super) fn beside(&self, words: &[&str]) -> Option<Part<String>> {
        let prefix = self.variables.prefix();
        let own = words.iter().find_map(|word| self.plain(&format!("{prefix}{word}")));
        own.or_else(|| words.iter().find_map(|word| self.libpqs(&format!("PG{word}"))))
    }

    /// A part of the connection string's; else its own variable's; else libpq's.
    pub(super) fn or(&self, part: Option<Part<String>>, own: Option<&str>, libpqs: &str) -> Found<String> {
        if part.is_some() {
            return Ok(part);
        }
        Ok(self.part(own)?.or_else(|| self.libpqs(libpqs)))
    }
}

/// Whether one of these drivers reads a variable of libpq's; every driver may, where none is known.
pub(super) fn reads(families: &[Family], name: &str) -> bool {
    let reads = |family: &Family| match family {
        Family::Libpq
        | Family::Asyncpg
        | Family::SqlAlchemy
        | Family::Django
        | Family::Node
        | Family::Pgx
        | Family::LibPq
        | Family::Sqlx => true,
        Family::Npgsql => {
            let known = [
                "USER",
                "PASSWORD",
                "PASSFILE",
                "SSLCERT",
                "SSLKEY",
                "SSLROOTCERT",
                "OPTIONS",
                "TARGETSESSIONATTRS",
            ];
            name.strip_prefix("PG").is_some_and(|word| known.contains(&word))
        }
        // pgjdbc looks for the file of passwords where libpq does, and reads nothing else of its.
        Family::Jdbc => name == Holds::PASSFILE,
        Family::Prisma | Family::TokioPostgres => false,
    };
    families.is_empty() || families.iter().any(reads)
}

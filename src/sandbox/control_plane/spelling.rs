//! Enumerations as Google's servers spell them.
//!
//! The client libraries serialise an enumeration as its number, which their own readers take as well as the name;
//! Google's servers and every other reader use the name.

use serde::Serialize;
use serde_json::Value;

use super::Reply;
use super::error::Refusal;

/// Field name of an enumeration, and how its numbers are spelt.
pub(super) type Spelling = (&'static str, fn(i32) -> Option<String>);

/// The spelling of one of the client libraries' enumerations.
macro_rules! spelling {
    ($field:literal, $enumeration:ty) => {
        ($field, |number| <$enumeration>::from(number).name().map(str::to_owned))
    };
}
pub(super) use spelling;

/// A resource in Google's JSON.
pub(super) fn resource(resource: &impl Serialize, spellings: &[Spelling]) -> Reply {
    let mut json = serde_json::to_value(resource).map_err(|error| Refusal::FailedPrecondition {
        message: format!("the sandbox cannot write this resource: {error}"),
    })?;
    spell(&mut json, spellings);
    Ok(json)
}

fn spell(json: &mut Value, spellings: &[Spelling]) {
    match json {
        Value::Object(fields) => {
            for (field, value) in fields {
                spell(value, spellings);
                let spelling = spellings.iter().find(|(name, _)| name == field);
                let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
                if let (Some((_, name)), Some(number)) = (spelling, number)
                    && let Some(name) = name(number)
                {
                    *value = Value::String(name);
                }
                // A list of enumerations, as `suspensionReason`.
                if let (Some((_, name)), Value::Array(items)) = (spelling, &mut *value) {
                    for item in items {
                        let number = item.as_i64().and_then(|number| i32::try_from(number).ok());
                        if let Some(name) = number.and_then(name) {
                            *item = Value::String(name);
                        }
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| spell(item, spellings)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

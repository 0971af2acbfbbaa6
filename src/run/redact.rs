//! Taking secrets out of a record, once, before anybody sees it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::record::{Inconclusive, Outcome, RunRecord};
use crate::text::vault::Vault;

/// Keys whose texts are words of the record's own vocabulary, not observations. A password that happens to be
/// "login" must not make the record unreadable.
const VOCABULARY: &[&str] = &["outcome", "family", "kind", "fact", "reason", "why", "by", "verdict", "taken"];

/// The record without secrets: every observed text goes through the vault. What names the nodes (services, checks,
/// places) comes from the pipeline files and stays as it is, so that keys still match.
pub(super) fn redacted(mut record: RunRecord, vault: &Vault) -> RunRecord {
    for service in &mut record.services {
        service.url = service.url.take().map(|url| vault.redact(&url));
        service.database = service.database.take().and_then(|database| through(&database, vault));
    }
    for node in &mut record.nodes {
        node.facts = node.facts.iter().filter_map(|fact| through(fact, vault)).collect();
        node.outcome = node.outcome.take().map(|outcome| {
            through(&outcome, vault).unwrap_or_else(|| {
                // Nothing of it is shown rather than something that may hold a secret.
                let detail = "its outcome cannot be shown without a secret in it".to_owned();
                Outcome::Inconclusive { why: Inconclusive::Defect { detail } }
            })
        });
    }
    record
}

/// A part of the record without secrets; `None` where it cannot be read back, because a secret looked like a
/// number or an address of the record's own shape.
fn through<T: Serialize + DeserializeOwned>(part: &T, vault: &Vault) -> Option<T> {
    let mut value = serde_json::to_value(part).ok()?;
    walk(&mut value, vault);
    serde_json::from_value(value).ok()
}

/// Anything that is shown as JSON, without secrets.
pub(crate) fn without_secrets<T: Serialize>(shown: &T, vault: &Vault) -> Option<Value> {
    let mut value = serde_json::to_value(shown).ok()?;
    walk(&mut value, vault);
    Some(value)
}

fn walk(value: &mut Value, vault: &Vault) {
    match value {
        Value::String(text) => *text = vault.redact(text),
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, vault)),
        Value::Object(map) => {
            for (key, item) in map.iter_mut() {
                if !(item.is_string() && VOCABULARY.contains(&key.as_str())) {
                    walk(item, vault);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

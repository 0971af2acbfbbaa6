//! Credential files: which kind one is, and whom it stands for. Pure.

use std::fmt;

use secrecy::SecretString;
use serde_json::Value;

use super::super::Endpoints;
use super::super::endpoints::base;
use super::impersonation::Chain;
use crate::text::bounded;

/// Keys whose values are secrets, wherever they stand in a file. What stands in `headers` is one too: Actions puts the
/// token there with which it is asked for ID tokens.
const SECRET_KEYS: &[&str] = &["private_key", "refresh_token", "client_secret"];

/// Whom a credential file stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `authorized_user`: a person, by `gcloud auth application-default login`.
    User,
    /// `service_account`: a key.
    Key {
        /// Address of the account.
        account: String,
    },
    /// `external_account`: workload identity federation.
    Federation {
        /// The account that is impersonated; none: the federated principal acts itself.
        account: Option<String>,
    },
    /// `impersonated_service_account`: somebody acts as an account.
    Impersonation {
        /// Address of the account.
        account: String,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("a user, by application-default credentials"),
            Self::Key { account } => write!(f, "{account}, by its key"),
            Self::Federation { account: Some(account) } => {
                write!(f, "{account}, through workload identity federation")
            }
            Self::Federation { account: None } => {
                f.write_str("a federated principal, through workload identity federation")
            }
            Self::Impersonation { account } => write!(f, "{account}, impersonated"),
        }
    }
}

/// A credential file, taken apart. No `Display`, and a `Debug` without the content: it holds secrets.
pub(super) struct CredentialFile {
    pub(super) kind: Kind,
    /// What the source of the tokens is, in the library's own form, without impersonation.
    pub(super) content: Value,
    /// Whom that source impersonates, and where.
    pub(super) chain: Option<Chain>,
}

impl fmt::Debug for CredentialFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialFile").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl CredentialFile {
    /// Takes a file apart.
    ///
    /// # Errors
    /// What is wrong with it, in a clause that quotes no value.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let content: Value = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Eof => format!("it ends too early, at line {}", error.line()),
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Data => {
                format!("line {} column {} is no JSON", error.line(), error.column())
            }
        })?;
        Self::of(content, true)
    }

    fn of(mut content: Value, outermost: bool) -> Result<Self, String> {
        let text = |content: &Value, key: &str| content.get(key).and_then(Value::as_str).map(str::to_owned);
        let kind = text(&content, "type").ok_or("it has no \"type\"")?;
        match kind.as_str() {
            "authorized_user" => Ok(Self { kind: Kind::User, content, chain: None }),
            "service_account" => {
                let account = text(&content, "client_email").ok_or("it has no \"client_email\"")?;
                Ok(Self { kind: Kind::Key { account: bounded(&account) }, content, chain: None })
            }
            "external_account" => {
                // Taken out, so that the federated principal itself can be asked for ID tokens of the account: the
                // library asks as the account, which may rarely do that for itself.
                let url =
                    content.as_object_mut().and_then(|map| map.remove("service_account_impersonation_url"));
                let chain = url.as_ref().map(|url| Chain::of_url(url, Vec::new())).transpose()?;
                let account = chain.as_ref().map(|chain| chain.target.clone());
                Ok(Self { kind: Kind::Federation { account }, content, chain })
            }
            "impersonated_service_account" if outermost => {
                let url = content.get("service_account_impersonation_url").cloned();
                let delegates =
                    content.get("delegates").and_then(Value::as_array).cloned().unwrap_or_default();
                let delegates = delegates.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                let url = url.ok_or("it has no \"service_account_impersonation_url\"")?;
                let chain = Chain::of_url(&url, delegates)?;
                let source =
                    content.get("source_credentials").cloned().ok_or("it has no \"source_credentials\"")?;
                let inner = Self::of(source, false)?;
                if inner.chain.is_some() {
                    return Err("its source impersonates an account itself".to_owned());
                }
                let kind = Kind::Impersonation { account: chain.target.clone() };
                Ok(Self { kind, content: inner.content, chain: Some(chain) })
            }
            other => Err(format!("its type {:?} is none that can be used", bounded(other))),
        }
    }

    /// The type of [`Self::content`].
    pub(super) fn content_type(&self) -> &str {
        self.content.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Sends its requests where the endpoints say.
    pub(super) fn redirect(&mut self, endpoints: &Endpoints) {
        if let (Some(sts), "external_account") = (&endpoints.sts, self.content_type()) {
            self.content["token_url"] = format!("{}/v1/token", base(sts)).into();
        }
        if let (Some(chain), Some(endpoint)) = (&mut self.chain, &endpoints.iamcredentials) {
            chain.endpoint = Some(base(endpoint).to_owned());
        }
    }

    /// Every secret in it.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let mut found = Vec::new();
        collect(&self.content, false, &mut found);
        found
    }
}

/// The texts under keys that hold secrets.
fn collect(value: &Value, secret: bool, found: &mut Vec<SecretString>) {
    match value {
        Value::String(text) if secret => {
            // What follows `Bearer` is the secret; and a key is one also without its frame and line breaks.
            let text = text
                .split_once(' ')
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                .map_or(text.as_str(), |(_, token)| token);
            found.push(SecretString::from(text));
            let lines = text.lines().filter(|line| text.contains('\n') && !line.starts_with("-----"));
            found.extend(lines.map(SecretString::from));
        }
        Value::Object(map) => {
            for (key, value) in map {
                let headers = secret || key == "headers" || SECRET_KEYS.contains(&key.as_str());
                collect(value, headers, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, secret, found)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    /// As google-github-actions/auth writes it.
    fn federation() -> Value {
        json!({
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": "https://sts.googleapis.com/v1/token",
            "credential_source": {
                "url": "https://pipelines.example/token?audience=a",
                "headers": {"Authorization": "Bearer request-token"},
                "format": {"type": "json", "subject_token_field_name": "value"},
            },
            "service_account_impersonation_url":
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/gate@p.iam.gserviceaccount.com:generateAccessToken",
        })
    }

    fn parsed(content: &Value) -> CredentialFile {
        CredentialFile::parse(&content.to_string()).unwrap()
    }

    #[test]
    fn federation_is_taken_apart_into_principal_and_account() {
        let file = parsed(&federation());
        let account = "gate@p.iam.gserviceaccount.com".to_owned();
        assert_eq!(file.kind, Kind::Federation { account: Some(account.clone()) });
        assert_eq!(file.kind.to_string(), format!("{account}, through workload identity federation"));
        assert!(file.content.get("service_account_impersonation_url").is_none());
        let chain = file.chain.unwrap();
        assert_eq!((chain.target, chain.endpoint), (account, None));
    }

    #[test]
    fn endpoints_of_gcloud_lead_both_requests_elsewhere() {
        let mut file = parsed(&federation());
        file.redirect(&Endpoints {
            sts: Some("http://127.0.0.1:1/".into()),
            iamcredentials: Some("http://127.0.0.1:2/".into()),
            ..Endpoints::default()
        });
        assert_eq!(file.content["token_url"], "http://127.0.0.1:1/v1/token");
        assert_eq!(file.chain.unwrap().endpoint.as_deref(), Some("http://127.0.0.1:2"));
    }

    #[test]
    fn each_kind_is_known_by_its_type() {
        let user = json!({"type": "authorized_user", "refresh_token": "r", "client_secret": "s"});
        assert_eq!(parsed(&user).kind, Kind::User);
        let key = json!({"type": "service_account", "client_email": "a@p", "private_key": "k"});
        assert_eq!(parsed(&key).kind, Kind::Key { account: "a@p".into() });
        let url = federation()["service_account_impersonation_url"].clone();
        let impersonation = json!({
            "type": "impersonated_service_account", "service_account_impersonation_url": url,
            "delegates": ["projects/-/serviceAccounts/d@p"], "source_credentials": user,
        });
        let file = parsed(&impersonation);
        assert_eq!(file.content_type(), "authorized_user");
        assert_eq!(file.chain.unwrap().delegates, ["projects/-/serviceAccounts/d@p"]);
    }

    #[test]
    fn what_is_no_credential_file_is_said_without_quoting_it() {
        for (text, what) in [
            ("", "ends too early"),
            ("{\"type\": \"service_account\",\n \"private_key\": s3cret}", "line 2"),
            ("[]", "no \"type\""),
            (r#"{"type":"service_account","private_key":"s3cret"}"#, "client_email"),
            (r#"{"type":"gdch_service_account"}"#, "gdch_service_account"),
            (
                r#"{"type":"external_account","service_account_impersonation_url":"s3cret"}"#,
                "impersonation_url",
            ),
        ] {
            let said = CredentialFile::parse(text).unwrap_err();
            assert!(said.contains(what) && !said.contains("s3cret"), "{text}: {said}");
        }
    }

    #[test]
    fn every_secret_of_a_file_is_known() {
        let secrets = |content: &Value| -> Vec<String> {
            parsed(content).secrets().iter().map(|secret| secret.expose_secret().to_owned()).collect()
        };
        assert_eq!(secrets(&federation()), ["request-token"]);
        let key = json!({
            "type": "service_account", "client_email": "a@p",
            "private_key": "-----BEGIN PRIVATE KEY-----\nMIIE\nabcd\n-----END PRIVATE KEY-----\n",
        });
        let found = secrets(&key);
        assert!(found[0].contains("MIIE\nabcd") && found[1..] == ["MIIE", "abcd"], "{found:?}");
        let user = json!({"type": "authorized_user", "refresh_token": "r", "client_secret": "s"});
        assert_eq!(secrets(&user), ["r", "s"]);
        assert!(!format!("{:?}", parsed(&user)).contains("refresh"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_stop(text in ".{0,200}") {
            let _ = CredentialFile::parse(&text);
        }
    }
}

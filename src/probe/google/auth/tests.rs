//! Which credentials are found, and how long they are waited for.

use std::path::{Path, PathBuf};
use std::time::Instant;

use google_cloud_auth::credentials::{CacheableResource, CredentialsProvider as _};
use http::header::AUTHORIZATION;
use proptest::prelude::*;

use super::*;

const IMPATIENT: Timeouts = Timeouts {
    attempt: Duration::from_millis(300),
    total: Duration::from_secs(1),
    pause: Duration::from_millis(5),
};

async fn become_somebody(auth: Auth) -> Result<Identity, Inconclusive> {
    let (endpoints, vault) = (Endpoints::default(), Arc::new(Vault::default()));
    let (timeouts, transport) = (&IMPATIENT, &Arc::default());
    identity(Settings { auth: &auth, endpoints: &endpoints, vault: &vault, timeouts, transport }).await
}

async fn with(surroundings: Surroundings) -> Result<Identity, Inconclusive> {
    become_somebody(Auth::Environment(Box::new(surroundings))).await
}

/// A user's file in a folder of its own.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let user = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
    std::fs::write(folder.path().join("application_default_credentials.json"), user).unwrap();
    std::fs::write(folder.path().join("token"), "ya29.of-a-file\n").unwrap();
    folder
}

/// Everything at once: taken away one after the other, from the first that counts to the last.
fn everything(folder: &Path) -> Surroundings {
    Surroundings {
        disabled: true,
        access_token: Some(("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.given".into())),
        access_token_file: Some(("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", folder.join("token"))),
        credential_file: Some(("GOOGLE_APPLICATION_CREDENTIALS", folder.join("missing.json"))),
        gcloud_folder: Some(folder.to_owned()),
        ..Surroundings::default()
    }
}

#[tokio::test]
async fn what_is_said_more_exactly_counts_first() {
    let folder = folder();
    let mut surroundings = everything(folder.path());
    let source =
        async |surroundings: &Surroundings| source::find(surroundings).await.map(|found| found.source());
    assert_eq!(source(&surroundings).await, Ok(CredentialSource::Nobody));
    surroundings.disabled = false;
    let token = |variable| Ok(CredentialSource::AccessToken { variable });
    assert_eq!(source(&surroundings).await, token("CLOUDSDK_AUTH_ACCESS_TOKEN"));
    surroundings.access_token = None;
    assert_eq!(source(&surroundings).await, token("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"));
    surroundings.access_token_file = None;
    // A file that is named and not there is an error, not a reason to be somebody else.
    let Err(Inconclusive::NoCredentials { detail, .. }) = source(&surroundings).await else {
        panic!("passed over")
    };
    assert!(detail.contains("GOOGLE_APPLICATION_CREDENTIALS") && detail.contains("missing.json"), "{detail}");
    surroundings.credential_file = None;
    assert!(matches!(source(&surroundings).await, Ok(CredentialSource::File { kind: Kind::User, .. })));
    surroundings.gcloud_folder = Some(PathBuf::from("/nowhere"));
    assert_eq!(source(&surroundings).await, Ok(CredentialSource::Metadata));
}

#[tokio::test]
async fn a_file_without_end_is_not_read_to_its_end() {
    let endless = Surroundings {
        credential_file: Some(("GOOGLE_APPLICATION_CREDENTIALS", PathBuf::from("/dev/zero"))),
        ..Surroundings::default()
    };
    assert!(matches!(with(endless).await, Err(Inconclusive::NoCredentials { .. })));
}

#[tokio::test]
async fn a_metadata_server_that_never_answers_is_not_waited_for() {
    let silent = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let surroundings = Surroundings {
        metadata_host: Some(silent.local_addr().unwrap().to_string()),
        platform: Platform::CloudBuild,
        ..Surroundings::default()
    };
    let began = Instant::now();
    let Err(Inconclusive::NoCredentials { detail, fix }) = with(surroundings).await else {
        panic!("somebody")
    };
    assert!(began.elapsed() < crate::HANG, "{:?}", began.elapsed());
    assert!(detail.contains("metadata server") && detail.contains("within 0.3 s"), "{detail}");
    assert!(fix.unwrap().text.contains("serviceAccount"));
}

#[test]
fn each_platform_has_its_own_mend() {
    let fix = |platform: Platform| format!("{:?}", platform.fix());
    assert!(fix(Platform::GithubActions).contains("google-github-actions/auth"));
    assert!(fix(Platform::CloudBuild).contains("cloudbuild.yaml"));
    assert!(fix(Platform::Elsewhere).contains("gcloud auth application-default login"));
}

#[tokio::test]
async fn a_virtual_machine_is_known_by_its_firmware() {
    let folder = tempfile::tempdir().unwrap();
    let product = folder.path().join("product_name");
    assert!(!on_compute_engine(&product).await);
    std::fs::write(&product, "Google Compute Engine\n").unwrap();
    assert!(on_compute_engine(&product).await);
}

#[tokio::test]
async fn a_given_token_is_sent_as_bearer_and_never_shown() {
    let bearer = Bearer::new(&"ya29.secret-token".into()).unwrap();
    let CacheableResource::New { data, entity_tag } = bearer.headers(Extensions::new()).await.unwrap() else {
        panic!("no headers at first");
    };
    assert_eq!(data[AUTHORIZATION], "Bearer ya29.secret-token");
    assert!(!format!("{bearer:?} {data:?}").contains("ya29"));
    let mut known = Extensions::new();
    known.insert(entity_tag);
    assert_eq!(bearer.headers(known).await.unwrap(), CacheableResource::NotModified);
    let identity = become_somebody(Auth::AccessToken("ya29.secret-token".into())).await.unwrap();
    assert!(!format!("{identity:?}").contains("ya29"));
}

#[tokio::test]
async fn a_token_that_no_header_carries_is_refused_without_showing_it() {
    for token in ["bad\ntoken", "", "  "] {
        let Err(Inconclusive::NoCredentials { detail, .. }) =
            become_somebody(Auth::AccessToken(token.into())).await
        else {
            panic!("taken")
        };
        assert!(!detail.contains("bad"), "{detail}");
    }
}

#[tokio::test]
async fn whom_to_impersonate_must_be_an_account() {
    let surroundings = Surroundings {
        access_token: Some(("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.x".into())),
        impersonate: Some("a@p/../b".to_owned()),
        ..Surroundings::default()
    };
    let Err(Inconclusive::NoCredentials { detail, .. }) = with(surroundings).await else { panic!("taken") };
    assert!(detail.contains("no address of a service account"), "{detail}");
}

proptest! {
    #[test]
    fn no_debug_output_of_what_the_environment_holds_shows_it(secret in "[a-z]{12}") {
        let surroundings = Surroundings {
            access_token: Some(("CLOUDSDK_AUTH_ACCESS_TOKEN", secret.clone().into())),
            id_token: Some(secret.clone().into()),
            ..Surroundings::default()
        };
        let shown = format!("{:?}", Auth::Environment(Box::new(surroundings)));
        prop_assert!(!shown.contains(&secret));
    }
}

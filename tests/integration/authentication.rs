//! Every way in which the gate becomes somebody: the real binary, and stand-ins of those who give tokens.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::common::{HANG, Ran, Rungate};
use crate::loopback::{Asked, Loopback, Reply};
use crate::standin::{check, fixture, http, pipeline, send};

const SERVICE: &str = "/v2/projects/demo-project/locations/europe-west1/services/auth";
const ACCOUNT: &str = "gate@demo-project.iam.gserviceaccount.com";
/// Of the workflow, in the file that the action writes.
const REQUEST_TOKEN: &str = "request-token-pl4nted";
/// Of the account.
const ACCESS: &str = "ya29.c.access-pl4nted";
/// Of the federated principal.
const FEDERATED: &str = "ya29.d.federated-pl4nted";
/// What a user's file holds.
const REFRESH: &str = "1//refresh-pl4nted";

const PAGE: &str = "<html><title>403 Forbidden</title><h2>Your client does not have permission to get URL \
                    <code>/health</code> from this server.</h2></html>";

/// A token in the form of Google's.
fn jwt(audience: &str, expires_in: i64) -> String {
    let now = jiff::Timestamp::now().as_second();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": "https://accounts.google.com", "aud": audience, "email": ACCOUNT, "exp": now + expires_in,
    });
    format!("{}.{}.c2lnbmF0dXJlLXBsNG50ZWQ", part(json!({"alg": "RS256"})), part(claims))
}

/// A cloud with a private service in it.
struct Cloud {
    google: Loopback,
    /// Where the service answers.
    service: String,
    /// The heads of the requests that reached it.
    heads: Arc<Mutex<Vec<String>>>,
    rungate: Rungate,
}

impl Cloud {
    /// `with_token`: what the front end answers to whoever shows a token.
    async fn of(without_token: (u16, &'static str), with_token: (u16, &'static str)) -> Self {
        let google = Loopback::start().await;
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&heads);
        let service = http(move |head, stream| {
            seen.lock().unwrap().push(head.to_lowercase());
            let shown = head.to_lowercase().contains("x-serverless-authorization: bearer ");
            let (status, body) = if shown { with_token } else { without_token };
            send(stream, status, "Location: http://127.0.0.1:9/elsewhere\r\n", body.as_bytes());
        });
        let found = fixture(SERVICE).unwrap();
        let mut live: Value = serde_json::from_str(found).unwrap();
        live["uri"] = service.clone().into();
        google.serves(SERVICE, live.to_string());
        let revision = format!("{SERVICE}/revisions/auth-00007-xyz");
        google.serves(&revision, fixture(&revision).unwrap());
        let rungate = Rungate::new();
        rungate.file("rungate.yaml", pipeline(&service, ""));
        Self { google, service, heads, rungate }
    }

    async fn private() -> Self {
        Self::of((403, PAGE), (200, r#"{"status":"ok"}"#)).await
    }

    /// Writes a credential file.
    fn credentials(&self, content: &Value) -> String {
        self.rungate.file("credentials.json", content.to_string()).display().to_string()
    }

    /// Runs the gate in this environment, and searches everything that it leaves for secrets.
    async fn check(&self, environment: &[(&str, &str)], more: &[&str]) -> Ran {
        let mut arguments = vec!["--report", "json=report.json", "--save-run", "run.json"];
        arguments.extend(more);
        let mut command = check(&self.rungate, self.google.url.trim_end_matches('/'), &arguments);
        command.env_remove("CLOUDSDK_AUTH_DISABLE_CREDENTIALS").envs(environment.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let ran = Ran::of(output);
        let files = ["report.json", "run.json"].map(|name| self.rungate.read(name));
        // What hides a secret from a workflow's log names it; GitHub's runner does not show these lines.
        let shown: Vec<&str> = ran.stderr.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
        for text in [&ran.stdout, &shown.join("\n")].into_iter().chain(&files) {
            for secret in [REQUEST_TOKEN, ACCESS, FEDERATED, REFRESH, "c2lnbmF0dXJlLXBsNG50ZWQ", "eyJ"] {
                assert!(
                    !text.contains(secret) && !text.contains(&STANDARD.encode(secret)),
                    "{secret} in {text}"
                );
            }
            assert!(!text.contains("pl4nted"), "{text}");
        }
        ran
    }

    fn asked(&self, path: &str) -> Vec<Asked> {
        self.google.asked().into_iter().filter(|asked| asked.path == path).collect()
    }

    /// As whom the control plane was asked.
    fn bearer(&self) -> String {
        let asked = self.asked(SERVICE);
        asked.first().and_then(|asked| asked.authorization.clone()).unwrap_or_default()
    }

    /// The requests of the service that showed a token.
    fn shown(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().filter(|head| head.contains("x-serverless-authorization")).cloned().collect()
    }

    fn account(verb: &str) -> String {
        format!("/v1/projects/-/serviceAccounts/{ACCOUNT}:{verb}")
    }

    /// The file that google-github-actions/auth writes, key by key.
    fn federation(&self, account: bool) -> Value {
        let url = self.google.url.trim_end_matches('/');
        let mut file = json!({
            "universe_domain": "googleapis.com",
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": format!("{url}/v1/token"),
            "credential_source": {
                "url": format!("{url}/idtoken?api-version=2.0&audience=the-pool"),
                "headers": {"Authorization": format!("Bearer {REQUEST_TOKEN}")},
                "format": {"type": "json", "subject_token_field_name": "value"},
            },
        });
        if account {
            file["service_account_impersonation_url"] =
                format!("{url}{}", Self::account("generateAccessToken")).into();
        }
        self.google.serves("/idtoken", json!({"value": jwt("the-pool", 300)}).to_string());
        let exchanged = json!({
            "access_token": FEDERATED, "token_type": "Bearer", "expires_in": 3600,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        });
        self.google.serves("/v1/token", exchanged.to_string());
        self.serves_account();
        file
    }

    /// The IAM Credentials API gives everything of the account.
    fn serves_account(&self) {
        let access = json!({"accessToken": ACCESS, "expireTime": "2099-01-01T00:00:00Z"});
        self.google.serves(&Self::account("generateAccessToken"), access.to_string());
        let id = json!({"token": jwt(&self.service, 3600)});
        self.google.serves(&Self::account("generateIdToken"), id.to_string());
    }
}

const FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

#[tokio::test(flavor = "multi_thread")]
async fn federation_as_the_action_writes_it_leads_to_the_private_service() {
    let cloud = Cloud::private().await;
    let file = cloud.credentials(&cloud.federation(true));
    // What the action exports.
    let environment =
        [(FILE, &*file), ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", &*file), ("GITHUB_ACTIONS", "true")];
    let ran = cloud.check(&environment, &[]).await;
    assert!(ran.status == 0 && ran.stdout.contains("✓ health-healthy"), "{}", ran.all());

    let workflow = &cloud.asked("/idtoken")[0];
    assert_eq!(workflow.authorization.as_deref(), Some(&*format!("Bearer {REQUEST_TOKEN}")));
    assert_eq!(workflow.query, "api-version=2.0&audience=the-pool");
    let exchange = &cloud.asked("/v1/token")[0].body;
    assert!(
        exchange.contains("subject_token=eyJ") && exchange.contains("workloadIdentityPools"),
        "{exchange}"
    );
    let access = &cloud.asked(&Cloud::account("generateAccessToken"))[0];
    assert_eq!(access.authorization.as_deref(), Some(&*format!("Bearer {FEDERATED}")));
    assert_eq!(cloud.bearer(), format!("Bearer {ACCESS}"));

    // The account would rarely be allowed to make ID tokens of its own: its principal makes them.
    let identity = cloud.asked(&Cloud::account("generateIdToken"));
    assert_eq!(identity.len(), 1, "made once a run");
    assert_eq!(identity[0].authorization.as_deref(), Some(&*format!("Bearer {FEDERATED}")));
    let body: Value = serde_json::from_str(&identity[0].body).unwrap();
    assert_eq!(
        (body["audience"].as_str(), &body["includeEmail"]),
        (Some(&*cloud.service), &Value::Bool(true))
    );
    let shown = cloud.shown();
    assert!(!shown.is_empty());
    assert!(shown.iter().all(|head| !head.contains("\r\nauthorization:")), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn gclouds_endpoints_take_the_place_of_the_file_s() {
    let cloud = Cloud::private().await;
    let mut content = cloud.federation(true);
    content["token_url"] = "https://sts.invalid/v1/token".into();
    let url = content["service_account_impersonation_url"].as_str().unwrap().to_owned();
    let path = url.split_once("/v1/").unwrap().1;
    content["service_account_impersonation_url"] =
        format!("https://iamcredentials.googleapis.com/v1/{path}").into();
    let file = cloud.credentials(&content);
    let here = cloud.google.url.clone();
    let environment = [
        (FILE, &*file),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", &*here),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", &*here),
    ];
    let ran = cloud.check(&environment, &[]).await;
    assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
    assert_eq!(cloud.bearer(), format!("Bearer {ACCESS}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_federated_principal_without_an_account_reads_and_has_no_id_token() {
    let cloud = Cloud::private().await;
    let file = cloud.credentials(&cloud.federation(false));
    let ran = cloud.check(&[(FILE, &file)], &[]).await;
    assert_eq!((ran.status, cloud.bearer()), (3, format!("Bearer {FEDERATED}")), "{}", ran.all());
    assert!(
        ran.stdout.contains("federated principal") && ran.stdout.contains("impersonate"),
        "{}",
        ran.all()
    );
    assert!(cloud.shown().is_empty());

    // With an account, it has one.
    let here = cloud.google.url.clone();
    let environment = [(FILE, &*file), ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", &*here)];
    let ran = cloud.check(&environment, &["--impersonate-service-account", ACCOUNT]).await;
    assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_server_gives_both_tokens() {
    let cloud = Cloud::private().await;
    let folder = "/computeMetadata/v1/instance/service-accounts/default";
    let token = json!({"access_token": ACCESS, "expires_in": 3000, "token_type": "Bearer"});
    cloud.google.serves(&format!("{folder}/token"), token.to_string());
    cloud.google.serves(&format!("{folder}/identity"), jwt(&cloud.service, 3600));
    let host = cloud.google.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let environment = [("GCE_METADATA_HOST", &*host), ("BUILDER_OUTPUT", "/builder/outputs")];
    let ran = cloud.check(&environment, &[]).await;
    assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
    assert_eq!(cloud.bearer(), format!("Bearer {ACCESS}"));
    let query = &cloud.asked(&format!("{folder}/identity"))[0].query;
    assert!(query.contains("format=full"), "{query}");

    // A build with an account of the user's own: no identity there, so the account makes it itself (A03).
    cloud.google.answers(&format!("{folder}/identity"), [Reply::Body(404, "not found".into())]);
    cloud.google.serves(&format!("{folder}/email"), ACCOUNT);
    cloud.serves_account();
    let here = cloud.google.url.clone();
    let mut environment = environment.to_vec();
    environment.push(("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", &here));
    let ran = cloud.check(&environment, &[]).await;
    assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
    let identity = &cloud.asked(&Cloud::account("generateIdToken"))[0];
    assert_eq!(identity.authorization.as_deref(), Some(&*format!("Bearer {ACCESS}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_a_service_account_signs_for_itself() {
    let cloud = Cloud::of((200, r#"{"status":"ok"}"#), (500, "")).await;
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let lines = STANDARD.encode(der.as_ref());
    let lines: Vec<&str> =
        lines.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    let file = cloud.credentials(&json!({
        "type": "service_account", "project_id": "demo-project", "private_key_id": "1", "private_key": pem,
        "client_email": ACCOUNT, "token_uri": "https://oauth2.googleapis.com/token",
    }));
    let ran = cloud.check(&[(FILE, &file)], &[]).await;
    let bearer = cloud.bearer();
    let payload = bearer.split('.').nth(1).unwrap_or_else(|| panic!("{bearer}: {}", ran.all()));
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    assert_eq!(claims["iss"], ACCOUNT);
    assert!(claims["scope"].as_str().unwrap().contains("cloud-platform"), "{claims}");
    for text in [&ran.stdout, &ran.stderr, &cloud.rungate.read("run.json")] {
        assert!(lines.iter().all(|line| !text.contains(line)), "{text}");
    }
    assert!(cloud.shown().is_empty(), "a public service is shown no token");
}

fn user(cloud: &Cloud) -> Value {
    json!({
        "type": "authorized_user", "client_id": "c.apps.googleusercontent.com", "client_secret": "cs-pl4nted",
        "refresh_token": REFRESH, "token_uri": format!("{}token", cloud.google.url),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_s_file_is_found_in_gclouds_folder_and_gives_no_id_token() {
    let cloud = Cloud::private().await;
    let token = json!({"access_token": ACCESS, "expires_in": 3000, "token_type": "Bearer"});
    cloud.google.serves("/token", token.to_string());
    let file = cloud.rungate.file("gcloud/application_default_credentials.json", user(&cloud).to_string());
    let folder = file.parent().unwrap().display().to_string();
    let ran = cloud.check(&[("CLOUDSDK_CONFIG", &folder)], &[]).await;
    assert_eq!((ran.status, cloud.bearer()), (3, format!("Bearer {ACCESS}")), "{}", ran.all());
    assert!(cloud.asked("/token")[0].body.contains("refresh_token"));
    assert!(
        ran.stdout.contains("OAuth client only") && ran.stdout.contains("print-identity-token"),
        "{}",
        ran.all()
    );

    // Acting as an account, there is one; so there is by a token that a person lends.
    cloud.serves_account();
    let here = cloud.google.url.clone();
    let environment = [
        ("CLOUDSDK_CONFIG", &*folder),
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", &*here),
        ("CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT", ACCOUNT),
    ];
    let ran = cloud.check(&environment, &[]).await;
    assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
    let lent = jwt("32555940559.apps.googleusercontent.com", 3600);
    let ran = cloud.check(&[("CLOUDSDK_CONFIG", &*folder), ("RUNGATE_ID_TOKEN", &*lent)], &[]).await;
    assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_given_token_is_taken_from_each_of_its_variables() {
    let cloud = Cloud::of((200, r#"{"status":"ok"}"#), (500, "")).await;
    let file = cloud.rungate.file("token", format!("{ACCESS}\n")).display().to_string();
    for (name, value) in [
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", ACCESS),
        ("GOOGLE_OAUTH_ACCESS_TOKEN", ACCESS),
        ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", &file),
    ] {
        let before = cloud.asked(SERVICE).len();
        cloud.check(&[(name, value)], &[]).await;
        let asked = cloud.asked(SERVICE);
        assert_eq!(asked[before].authorization.as_deref(), Some(&*format!("Bearer {ACCESS}")), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_token_services_refuse_is_told_in_their_words() {
    let cloud = Cloud::private().await;
    let file = cloud.credentials(&cloud.federation(true));
    let environment = [(FILE, &*file)];
    let refusal = format!(
        r#"{{"error":"invalid_grant","error_description":"The given credential is rejected by the attribute condition. {}"}}"#,
        jwt("x", 1)
    );
    cloud.google.answers("/v1/token", [Reply::Body(400, refusal)]);
    let ran = cloud.check(&environment, &[]).await;
    assert_eq!(ran.status, 3, "{}", ran.all());
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["invalid_grant", "attribute condition", ACCOUNT, "workload identity federation"] {
        assert!(text.contains(part), "{part}: {}", ran.all());
    }
    assert_eq!(cloud.asked("/v1/token").len(), 1, "asked once, however many checks want it");

    // A04: the principal may not act as the account.
    let file = cloud.credentials(&cloud.federation(true));
    let denied = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.getAccessToken' denied","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"iam.googleapis.com"}]}}"#;
    cloud.google.answers(&Cloud::account("generateAccessToken"), [Reply::Body(403, denied.into())]);
    let ran = cloud.check(&[(FILE, &file)], &[]).await;
    assert_eq!(ran.status, 3, "{}", ran.all());
    for part in
        ["getAccessToken", "roles/iam.workloadIdentityUser", "service-accounts add-iam-policy-binding"]
    {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.all());
    }

    cloud.serves_account();
    cloud.google.answers(&Cloud::account("generateIdToken"), [Reply::Body(403, denied.into())]);
    let ran = cloud.check(&[(FILE, &file)], &[]).await;
    assert!(ran.stdout.contains("iam.serviceAccounts.getOpenIdToken"), "{}", ran.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_end_s_two_refusals_are_two_causes() {
    for (status, cause) in [(403, "invoker-denied"), (401, "token-rejected")] {
        let cloud = Cloud::of((403, PAGE), (status, PAGE)).await;
        let file = cloud.credentials(&cloud.federation(true));
        let ran = cloud.check(&[(FILE, &file)], &[]).await;
        assert_eq!(ran.status, 3, "{}", ran.all());
        assert!(ran.stdout.contains(&format!("INCONCLUSIVE: {cause}")), "{cause}: {}", ran.all());
        assert!(ran.stdout.contains(ACCOUNT), "{}", ran.all());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_shows_what_is_wrong_with_it_is_not_sent() {
    let cloud = Cloud::private().await;
    let base = ("CLOUDSDK_AUTH_ACCESS_TOKEN", ACCESS);
    let good = jwt(&cloud.service, 3600);
    let reused = format!("{}.SIGNATURE_REMOVED_BY_GOOGLE", good.rsplit_once('.').unwrap().0);
    for (token, what) in [
        (jwt("https://candidate---auth.a.run.app", 3600), "its audience is"),
        (jwt(&cloud.service, -60), "expired"),
        (reused, "its signature off"),
        (ACCESS.to_owned(), "an access token"),
    ] {
        let ran = cloud.check(&[base, ("RUNGATE_ID_TOKEN", &token)], &[]).await;
        let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("token-rejected") && text.contains(what), "{what}: {}", ran.all());
    }
    assert!(cloud.shown().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_to_nobody_but_the_service() {
    // The address in the file is another than the service's own, and refuses in the front end's words.
    let cloud = Cloud::private().await;
    let file = cloud.credentials(&cloud.federation(true));
    let mut live: Value = serde_json::from_str(fixture(SERVICE).unwrap()).unwrap();
    live["uri"] = "https://auth-x.a.run.app".into();
    cloud.google.serves(SERVICE, live.to_string());
    let ran = cloud.check(&[(FILE, &file)], &[]).await;
    assert_eq!(ran.status, 3, "{}", ran.all());
    assert!(cloud.shown().is_empty());
    assert!(cloud.asked(&Cloud::account("generateIdToken")).is_empty(), "not even made");

    // A redirect is an answer, and is not followed.
    let cloud = Cloud::of((403, PAGE), (302, "")).await;
    let elsewhere = cloud.credentials(&cloud.federation(true));
    let ran = cloud.check(&[(FILE, &elsewhere)], &[]).await;
    assert!(!cloud.shown().is_empty(), "{}", ran.all());
    assert!(ran.stdout.contains("/elsewhere") && !ran.stdout.contains("refused"), "{}", ran.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_none_are_named_with_the_place_of_the_trouble() {
    let cloud = Cloud::of((200, r#"{"status":"ok"}"#), (500, "")).await;
    for (text, what) in [
        ("{\n\"type\": pl4nted}", "line 2"),
        ("{\"type\": \"external_account\"}", "audience"),
        ("{\"type\": \"authorized_user\", \"refresh_token\": \"pl4nted\"}", "client_id"),
        ("{\"type\": \"x\"}", "\"x\""),
    ] {
        let file = cloud.rungate.file("credentials.json", text).display().to_string();
        let ran = cloud.check(&[(FILE, &file)], &[]).await;
        assert!(
            ran.stdout.contains("credentials.json") && ran.stdout.contains(what),
            "{what}: {}",
            ran.all()
        );
        assert!(
            ran.stdout.contains("✓ health-healthy"),
            "what needs no credentials still runs: {}",
            ran.all()
        );
    }
    let ran = cloud.check(&[(FILE, "/nowhere/creds.json")], &[]).await;
    assert!(ran.stdout.contains(FILE) && ran.stdout.contains("/nowhere/creds.json"), "{}", ran.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_credentials_the_fix_is_said_once() {
    for (environment, fix) in [
        (None, "gcloud auth application-default login"),
        (Some(("GITHUB_ACTIONS", "true")), "google-github-actions/auth"),
    ] {
        let cloud = Cloud::of((200, r#"{"status":"ok"}"#), (500, "")).await;
        let mut environment: Vec<(&str, &str)> = environment.into_iter().collect();
        // Nobody answers there, as on a laptop; and nothing waits for the machine's own name server.
        environment.push(("HOME", "/nowhere"));
        let began = Instant::now();
        let ran = cloud.check(&environment, &[]).await;
        assert!(began.elapsed() < HANG, "{:?}", began.elapsed());
        let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!((ran.status, text.matches(fix).count()), (3, 1), "{}", ran.all());
        assert!(ran.stdout.contains("✓ health-healthy"), "{}", ran.all());
        assert!(cloud.asked(SERVICE).is_empty());
    }
}

//! The command lines: some by hand, some by chance, and the samples'.

use super::cloud::REGION;
use super::invented::{self, Chance};

/// Files that the commands name.
pub(super) const FILES: &[(&str, &str)] = &[
    ("env.yaml", "# why\nA: 'x: y'\nB: \"2\"\nLONG: >-\n  two\n  lines\n"),
    ("other.yaml", "GONE: text\n"),
    ("flags.yaml", "--set-env-vars: {A: 'x,y', B: '1'}\n--session-affinity:\n--flags-file: more.yaml\n"),
    ("more.yaml", "- --session-affinity: false\n- --no-cpu-boost:\n"),
    // gcloud gives a flag that takes no value, whatever the file says.
    ("open.yaml", "--allow-unauthenticated: false\n"),
];

/// What a service has that updates are made of.
pub(super) const BASE: &str = "--image=old --set-env-vars=OLD=1,A=0,B=0 --set-secrets=GONE=gone:1,KEPT=kept:1 --vpc-connector=old \
    --vpc-egress=private-ranges-only --add-cloudsql-instances=p:r:base,p:r:more --port=9000 --ingress=internal \
    --max-instances=4 --service-account=old@p";
/// The same with direct VPC egress.
pub(super) const DIRECT: &str =
    "--image=old --network=old --subnet=old --network-tags=old,older --vpc-egress=all-traffic";

/// Deploys that chance would not find.
const DEPLOYS: &[&str] = &[
    "run deploy NAME --image i --allow-unauthenticated",
    "run deploy --image=i --no-allow-unauthenticated NAME --flags-file=open.yaml",
    "beta run deploy NAME --image=i --max=9 --min 1",
    "--verbosity=error run deploy NAME --image=i -q --async --set-env-vars A=1 --platform=managed",
    "run deploy NAME --container a --image=i --port=80 --set-env-vars=A=1 --container=b --image j \
     --set-env-vars=B=2 --update-secrets=P=pw:1 --startup-probe=tcpSocket.port=5432 --container a --set-secrets=Q=q:2",
    "run deploy NAME --vpc-connector c --container=b --image=j --container=a --use-http2 --image=i --depends-on=b",
    "run deploy NAME --container=only --image=i --set-env-vars=A=1 --clear-secrets",
    "run deploy NAME --image=i --set-env-vars ^,^A=1,B=2",
];

/// Updates of a service that is there: which one, and the flags.
const UPDATES: &[(&str, &str)] = &[
    (BASE, "--set-env-vars=A=1"),
    (BASE, "--clear-env-vars --update-secrets=KEPT=kept:2"),
    (BASE, "--set-secrets=NEW=new:1 --remove-env-vars=OLD --no-traffic --tag=green"),
    (BASE, "--set-cloudsql-instances=p:r:new --max-instances=default --port=default"),
    (BASE, "--clear-cloudsql-instances --clear-vpc-connector --network=n --revision-suffix=x2"),
    (BASE, "--clear-secrets --env-vars-file=env.yaml --image=new"),
    (BASE, "--network=n --vpc-egress=private-ranges-only --clear-vpc-connector"),
    (DIRECT, "--network-tags=new"),
    (DIRECT, "--clear-network-tags --subnet=new"),
    (DIRECT, "--clear-network --vpc-connector=c"),
    (DIRECT, "--set-env-vars= --update-secrets=/a/b/c=s:1"),
];

/// What gcloud refuses, and we tell.
const REFUSED: &[&str] = &[
    "run deploy NAME --image=i --set-env-vars=A=1 --update-env-vars=B=2",
    "run deploy NAME --image=i --set-env-vars=A=1 --set-env-vars=A=2",
    "run deploy NAME --image=i --set-env-vars=A=1,B",
    "run deploy NAME --image=i --set-env-vars=A",
    "run deploy NAME --image=i --set-env-vars=A=1,,B=2",
    "run deploy NAME --image=i --set-env-vars=^^A=1",
    "run deploy NAME --image=i --set-env-vars=^a^b",
    "run deploy NAME --image=i --set-env-vars",
    "run deploy NAME --image=i --set-env-vars=X_GOOGLE_A=1",
    "run deploy NAME --image=i --env-vars-file=number.yaml",
    "run deploy NAME --image=i --set-secrets=P=pw",
    "run deploy NAME --image=i --set-secrets=P=p.w:1",
    "run deploy NAME --image=i --set-secrets=P=pw:1:2",
    "run deploy NAME --image=i --set-secrets=/file=pw:1",
    "run deploy NAME --image=i --set-secrets=A=pw:1 --set-env-vars=A=1",
    "run deploy NAME --image=i --set-cloudsql-instances=a --clear-cloudsql-instances",
    "run deploy NAME --image=i --network=n --clear-network",
    "run deploy NAME --image=i --network-tags=a,a",
    "run deploy NAME --image=i --ingress=public",
    "run deploy NAME --image=i --vpc-egress=everything",
    "run deploy NAME --image=i --port=0",
    "run deploy NAME --image=i --max-instances=many",
    "run deploy NAME --image=i --no-traffic=true",
    "run deploy NAME --image=i --container=a --port=80",
    "run deploy NAME --container=a --image=i --no-traffic",
    "run deploy NAME --container=a --image=i --container=b --image=j",
];

/// What gcloud refuses and we do not tell, and why.
const NOT_TOLD: &[(&str, &str)] = &[
    (
        "run deploy NAME --image=i --set-env A=1",
        "newer releases know more flags: an unknown one is none of our business",
    ),
    ("run deploy NAME --port=80", "an image may come with flags that only the run knows"),
    ("run deploy NAME --image=i --no-traffic", "only Cloud Run knows that the service is new"),
    (
        "run deploy NAME --image=i --set-secrets=/a/b=s:1,/a/c=t:1",
        "two secrets in a folder may be there already",
    ),
];

/// A command line and the service that it is of.
pub(super) struct Case {
    /// What the service has before: flags of a deploy.
    pub(super) base: Option<&'static str>,
    pub(super) words: Vec<String>,
    pub(super) expected: Expected,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// gcloud may refuse it: then we must have warned.
    Any,
    Deployed,
    Refused,
    RefusedUntold,
}

pub(super) fn split(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

pub(super) fn named(words: &[String], name: &str) -> Vec<String> {
    let mut words: Vec<String> =
        words.iter().map(|word| if word == "NAME" { name.to_owned() } else { word.clone() }).collect();
    // These are no flags of a container.
    let at = words.iter().position(|word| word.starts_with("--container")).unwrap_or(words.len());
    words.splice(at..at, [format!("--region={REGION}"), "--async".to_owned()]);
    words
}

pub(super) fn cases() -> Vec<Case> {
    let case = |base, words, expected| Case { base, words, expected };
    let mut cases: Vec<Case> = Vec::new();
    cases.extend(DEPLOYS.iter().map(|line| case(None, split(line), Expected::Deployed)));
    cases.extend(UPDATES.iter().map(|(base, flags)| {
        case(Some(*base), split(&format!("run services update NAME {flags}")), Expected::Deployed)
    }));
    cases.extend(REFUSED.iter().map(|line| case(None, split(line), Expected::Refused)));
    cases.extend(NOT_TOLD.iter().map(|(line, _)| case(None, split(line), Expected::RefusedUntold)));
    let mut chance = Chance(20);
    for _ in 0..18 {
        let words = split("run deploy NAME --image=i").into_iter().chain(invented::flags(&mut chance));
        cases.push(case(None, words.collect(), Expected::Any));
    }
    for _ in 0..9 {
        let words =
            split("run services update NAME --image=i").into_iter().chain(invented::flags(&mut chance));
        cases.push(case(Some(BASE), words.collect(), Expected::Any));
    }
    cases
}

/// The samples, the services that they deploy, and the command lines that they come to, written out by hand.
pub(super) fn samples() -> [(&'static str, &'static str, Vec<String>); 3] {
    let auth = "--image=europe-west1-docker.pkg.dev/acme-staging/auth/auth:stable --port=8080 \
        --service-account=auth-runtime@acme-staging.iam.gserviceaccount.com --no-allow-unauthenticated \
        --vpc-connector=auth-connector --vpc-egress=private-ranges-only --region=europe-west1 --project=acme-staging --async \
        --set-cloudsql-instances=acme-staging:europe-west1:auth-db \
        --set-env-vars=DB_HOST=10.20.0.3,DB_PORT=5432,DB_NAME=auth,DB_USER=auth \
        --set-secrets=DB_PASSWORD=auth-db-password:3,JWT_SECRET=auth-jwt-secret:1 \
        --startup-probe=httpGet.path=/auth/health,httpGet.port=8080";
    let deploy = split(&format!("run deploy auth-staging {auth} --no-traffic --tag=candidate"));
    [
        ("cloudbuild.yaml", "auth-staging", deploy.clone()),
        ("github-workflow.yaml", "auth-staging", deploy),
        (
            "service.yaml",
            "auth-staging",
            split("run services replace service.yaml --region=europe-west1 --project=acme-staging --async"),
        ),
    ]
}

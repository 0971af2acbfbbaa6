use std::collections::BTreeSet;

use super::*;
use crate::model::{
    Database, DatabaseVariables, DeploysVia, Place as Where, SecretReference, Variable, VpcAccess,
};

fn known(text: &str) -> Stated {
    Stated::known(text, Where { file: "rungate.yaml".into(), line: 1, column: 1 })
}

/// A service that has everything: a Shared VPC, secrets of two projects, an instance of a third.
fn full() -> Pipeline {
    let mut service = Service::new(DeploysVia::Native, known("").place);
    service.name = Some(known("auth"));
    service.project = Some(known("app"));
    service.region = Some(known("europe-west1"));
    service.service_account = Some(known("auth@app.iam.gserviceaccount.com"));
    service.allow_unauthenticated = Some(false);
    let secret = |target: &str, secret: &str| SecretReference {
        target: target.to_owned(),
        secret: known(secret),
        version: known("latest"),
    };
    service.secrets = vec![secret("DB_PASSWORD", "db-password"), secret("KEY", "projects/vault/secrets/key")];
    service.vpc = VpcAccess {
        connector: Some(known("projects/app/locations/europe-west1/connectors/c")),
        egress: None,
        network: Some(known("projects/host/global/networks/shared")),
        subnet: None,
        network_tags: Vec::new(),
    };
    service.database = Some(Database::new(
        DatabaseVariables::Parts {
            host: "DB_HOST".to_owned(),
            port: None,
            user: None,
            password: Some("DB_PASSWORD".to_owned()),
            name: None,
        },
        Some(known("data:europe-west1:db")),
        true,
    ));
    Pipeline { services: vec![service], ..Pipeline::default() }
}

/// The same, beside a service that logs in to its database with IAM.
fn with_iam_user() -> Pipeline {
    let mut pipeline = full();
    let mut service = pipeline.services[0].clone();
    service.name = Some(known("by-token"));
    service.env.push(Variable { name: "DB_USER".to_owned(), value: known("auth@app.iam") });
    service.database = Some(Database::new(
        DatabaseVariables::Parts {
            host: "DB_HOST".to_owned(),
            port: None,
            user: Some("DB_USER".to_owned()),
            password: None,
            name: None,
        },
        Some(known("data:europe-west1:db")),
        true,
    ));
    pipeline.services.push(service);
    pipeline
}

fn everything() -> Asked {
    Asked {
        in_place: true,
        inspect_secrets: true,
        rollback: true,
        connectivity_test: true,
        ..Asked::default()
    }
}

fn has(grants: &[Grant], role: &str, target: &Target) -> bool {
    grants.iter().any(|grant| grant.role == role && grant.target == *target)
}

/// The list against the table of calls: nothing that the gate asks is left out, nothing else is in it.
#[test]
fn every_call_is_granted_and_nothing_that_no_call_needs() {
    let grants = grants(&with_iam_user(), &everything());
    let listed: BTreeSet<&str> = grants.iter().flat_map(|grant| grant.permissions.iter().copied()).collect();
    let calls: BTreeSet<&str> = NEEDS.iter().map(|need| need.call.permission).collect();
    let missing: Vec<_> = calls.difference(&listed).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let beside: BTreeSet<&str> = listed.difference(&calls).copied().collect();
    let mut expected: BTreeSet<&str> = JOB.iter().copied().collect();
    expected.extend(["iam.serviceAccounts.actAs", "run.routes.invoke"]);
    assert_eq!(beside, expected);
}

/// Nobody is asked for the right to act as an account that only a login with its token would take.
#[test]
fn acting_as_the_services_account_is_asked_for_an_iam_user_only() {
    let account =
        Target::Account { project: "app".to_owned(), email: "auth@app.iam.gserviceaccount.com".to_owned() };
    let role = "roles/iam.serviceAccountTokenCreator";
    assert!(has(&grants(&with_iam_user(), &everything()), role, &account));
    assert!(!has(&grants(&full(), &everything()), role, &account));
    assert!(!has(&grants(&with_iam_user(), &Asked::default()), role, &account));
}

#[test]
fn each_role_stands_where_its_resource_does() {
    let grants = grants(&full(), &everything());
    let project = |name: &str| Target::Project(name.to_owned());
    let secret = |name: &str| Target::Secret { name: name.to_owned() };
    for (role, target) in [
        ("roles/run.viewer", project("app")),
        ("roles/vpcaccess.viewer", project("app")),
        ("roles/compute.networkViewer", project("host")),
        ("roles/cloudsql.viewer", project("data")),
        ("roles/browser", project("vault")),
        ("roles/secretmanager.viewer", secret("projects/vault/secrets/key")),
        ("roles/secretmanager.secretAccessor", secret("projects/app/secrets/db-password")),
        ("roles/run.developer", project("app")),
    ] {
        assert!(has(&grants, role, &target), "{role} on {target:?}: {grants:#?}");
    }
    let other = secret("projects/vault/secrets/key");
    assert!(!has(&grants, "roles/secretmanager.secretAccessor", &other), "it does not lead to the database");
    assert!(!has(&grants, "roles/compute.networkViewer", &project("app")));
}

#[test]
fn less_is_asked_for_where_less_is_there() {
    let mut pipeline = full();
    let plain = grants(&pipeline, &Asked::default());
    assert!(
        !plain
            .iter()
            .any(|grant| grant.role.ends_with("secretAccessor") || grant.role.ends_with("developer"))
    );
    let service = &mut pipeline.services[0];
    (service.vpc, service.database, service.allow_unauthenticated) = (VpcAccess::default(), None, None);
    service.secrets.clear();
    let bare = grants(&pipeline, &Asked::default());
    let needed: Vec<&str> = bare.iter().filter(|grant| !grant.optional).map(|grant| grant.role).collect();
    assert_eq!(needed, ["roles/run.viewer"]);
}

#[test]
fn names_from_files_stay_names() {
    let mut pipeline = full();
    let hostile = "x\" \n${file(\"/etc/passwd\")} $(rm -rf /)";
    pipeline.services[0].secrets[0].secret = known(hostile);
    pipeline.services[0].project = Some(known("p'; reboot #"));
    let grants = grants(&pipeline, &everything());
    let terraform = render(&grants, &everything(), Format::Terraform);
    assert!(!terraform.contains(" ${file") && terraform.contains("$${file"), "{terraform}");
    for line in render(&grants, &everything(), Format::Gcloud).lines() {
        let command = line.starts_with("gcloud ") || line.starts_with("# ") || line.is_empty();
        assert!(command, "{line}");
        assert!(!line.contains("$(rm") || line.contains("'x\""), "{line}");
    }
}

#[test]
fn each_format_has_every_grant() {
    let asked =
        Asked { member: Some("serviceAccount:ci@app.iam.gserviceaccount.com".to_owned()), ..everything() };
    let grants = grants(&full(), &asked);
    let gcloud = render(&grants, &asked, Format::Gcloud);
    assert_eq!(gcloud.lines().filter(|line| line.starts_with("gcloud ")).count(), grants.len());
    assert!(
        gcloud.contains("--member=serviceAccount:ci@app.iam.gserviceaccount.com")
            && !gcloud.contains("$MEMBER")
    );
    let terraform = render(&grants, &asked, Format::Terraform);
    assert_eq!(terraform.matches("\nresource \"").count(), grants.len());
    assert_eq!(terraform.matches('{').count(), terraform.matches('}').count());
    for kind in [
        "google_project_iam_member",
        "google_secret_manager_secret_iam_member",
        "google_service_account_iam_member",
    ] {
        assert!(terraform.contains(kind), "{kind}");
    }
    let text = render(&grants, &asked, Format::Text);
    assert!(text.starts_with("Needed:\n") && text.contains("Not needed;"), "{text}");
}

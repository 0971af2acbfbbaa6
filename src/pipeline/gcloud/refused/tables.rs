//! gcloud's rules for its flags, as data.

/// Flags, and those that may not stand beside them.
pub(super) const EXCLUSIVE: &[(&str, &[&str])] = &[
    ("--set-env-vars", &["--update-env-vars", "--remove-env-vars", "--clear-env-vars", "--env-vars-file"]),
    ("--env-vars-file", &["--update-env-vars", "--remove-env-vars", "--clear-env-vars"]),
    ("--clear-env-vars", &["--update-env-vars", "--remove-env-vars"]),
    ("--set-secrets", &["--update-secrets", "--remove-secrets", "--clear-secrets"]),
    ("--clear-secrets", &["--update-secrets", "--remove-secrets"]),
    (
        "--set-cloudsql-instances",
        &["--add-cloudsql-instances", "--remove-cloudsql-instances", "--clear-cloudsql-instances"],
    ),
    ("--add-cloudsql-instances", &["--remove-cloudsql-instances", "--clear-cloudsql-instances"]),
    ("--remove-cloudsql-instances", &["--clear-cloudsql-instances"]),
    ("--clear-network", &["--network", "--subnet", "--network-tags", "--clear-network-tags"]),
    ("--network-tags", &["--clear-network-tags"]),
];

/// Dictionaries that add up over several flags, as long as no name comes in two of them.
pub(super) const DICTIONARIES: &[&str] =
    &["--set-env-vars", "--update-env-vars", "--set-secrets", "--update-secrets"];

/// Lists that add up, as long as nothing stands in them twice.
pub(super) const LISTS: &[&str] = &["--network-tags", "--remove-env-vars", "--remove-secrets"];

/// Flags that take one of a few words.
pub(super) const CHOICES: &[(&str, &[&str])] = &[
    ("--ingress", &["all", "internal", "internal-and-cloud-load-balancing"]),
    ("--vpc-egress", &["private-ranges-only", "all-traffic", "all"]),
];

/// Flags that take a number of instances, or `default`.
pub(super) const SCALES: &[&str] = &["--min-instances", "--max-instances", "--min", "--max"];

/// Flags of one container: they stand after `--container`, where there is one.
pub(super) const OF_CONTAINER: &[&str] = &[
    "--image",
    "--source",
    "--port",
    "--use-http2",
    "--set-env-vars",
    "--update-env-vars",
    "--remove-env-vars",
    "--clear-env-vars",
    "--env-vars-file",
    "--set-secrets",
    "--update-secrets",
    "--remove-secrets",
    "--clear-secrets",
    "--startup-probe",
    "--liveness-probe",
    "--cpu",
    "--memory",
    "--command",
    "--args",
    "--depends-on",
];

/// Flags of the service: they stand before `--container`.
pub(super) const OF_SERVICE: &[&str] = &[
    "--region",
    "--project",
    "--service-account",
    "--tag",
    "--no-traffic",
    "--ingress",
    "--allow-unauthenticated",
    "--no-allow-unauthenticated",
    "--vpc-connector",
    "--clear-vpc-connector",
    "--vpc-egress",
    "--network",
    "--subnet",
    "--network-tags",
    "--clear-network-tags",
    "--clear-network",
    "--set-cloudsql-instances",
    "--add-cloudsql-instances",
    "--remove-cloudsql-instances",
    "--clear-cloudsql-instances",
    "--min-instances",
    "--max-instances",
    "--min",
    "--max",
    "--revision-suffix",
    "--platform",
    "--quiet",
    "--async",
];

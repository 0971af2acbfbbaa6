//! One Cloud Run service as a pipeline deploys it.

use serde::{Deserialize, Serialize};

use super::{Database, HealthExpectation, Journey, OtherVariables, Place, Removal, Scaling, Stated};

/// How the pipeline deploys the service; the words are those of `rungate read --json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploysVia {
    /// `gcloud run deploy`.
    GcloudRunDeploy,
    /// The GitHub action `google-github-actions/deploy-cloudrun`.
    DeployCloudrunAction,
    /// `gcloud run services replace`.
    ServicesReplace,
    /// `gcloud run services update`.
    ServicesUpdate,
    /// A Cloud Run (Knative) manifest.
    Manifest,
    /// The native format alone: it says what was deployed, not how.
    Native,
}

/// A plain environment variable of the service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value as stated.
    pub value: Stated,
}

/// A secret of Secret Manager that the pipeline injects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretReference {
    /// The environment variable, or the absolute path of the mounted file.
    pub target: String,
    /// The secret: a short name, or `projects/P/secrets/S`; an alias of a manifest is already resolved.
    pub secret: Stated,
    /// The version as written: a number, an alias, or `latest`.
    pub version: Stated,
}

/// A name that a manifest gives to a secret of another project (`run.googleapis.com/secrets`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAlias {
    /// The name.
    pub alias: String,
    /// The secret: `projects/P/secrets/S`.
    pub secret: Stated,
}

/// A container without the ingress port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Its name, where stated.
    pub name: Option<Stated>,
    /// Its image, where stated.
    pub image: Option<Stated>,
    /// Its plain variables.
    pub env: Vec<Variable>,
    /// Its secrets.
    pub secrets: Vec<SecretReference>,
}

/// How the service is to reach its VPC network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcAccess {
    /// Serverless VPC Access connector: a short name or `projects/P/locations/R/connectors/C`.
    pub connector: Option<Stated>,
    /// `private-ranges-only` or `all-traffic`, as written.
    pub egress: Option<Stated>,
    /// Direct VPC egress: network.
    pub network: Option<Stated>,
    /// Direct VPC egress: subnetwork.
    pub subnet: Option<Stated>,
    /// Direct VPC egress: the tags by which firewall rules know the instances.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub network_tags: Vec<Stated>,
}

/// What Cloud Run asks before it takes a new instance for started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartupProbe {
    /// A request over HTTP, which the service answers itself.
    Http,
    /// A request over gRPC, which the service answers itself.
    Grpc,
    /// Whether the port is open; also what Cloud Run does where nothing is stated.
    Tcp,
}

/// A service as the pipeline states it. What the files do not state is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Absent where only a manifest that could not be read would tell.
    pub name: Option<Stated>,
    /// Project id.
    pub project: Option<Stated>,
    /// Region, as `europe-west1`.
    pub region: Option<Stated>,
    /// URL, where a file states it; else Cloud Run is asked.
    pub url: Option<Stated>,
    /// How it is deployed.
    pub deploys_via: DeploysVia,
    /// Where the deploying step begins.
    pub place: Place,
    /// Id of the step that deploys it, where it has one by which later steps know its URL (`steps.ID.outputs.url`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_as: Option<String>,
    /// Path of the manifest that the deploy names.
    pub manifest: Option<Stated>,
    /// Image of the ingress container.
    pub image: Option<Stated>,
    /// The folder or archive that the image is built of by the deploy itself (`--source`, the action's `source`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Stated>,
    /// Name of the ingress container, where one is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Stated>,
    /// Runtime service account.
    pub service_account: Option<Stated>,
    /// Way into the VPC network.
    pub vpc: VpcAccess,
    /// Attached Cloud SQL instances (`project:region:instance`).
    pub cloudsql_instances: Vec<Stated>,
    /// Plain variables of the ingress container.
    pub env: Vec<Variable>,
    /// What the deploy does to variables that it does not state; `None` where no flag or input decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_variables: Option<OtherVariables>,
    /// Variables that an earlier step of the same file sets and a later one removes again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_env: Vec<Variable>,
    /// Secrets of the ingress container.
    pub secrets: Vec<SecretReference>,
    /// What the deploy does to secrets that it does not state; `None` where no flag or input decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_secrets: Option<OtherVariables>,
    /// What else the deploy takes away of what the service had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removals: Vec<Removal>,
    /// Names that the manifest gives to secrets of other projects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_aliases: Vec<SecretAlias>,
    /// Port of the ingress container, as written; `default` is Cloud Run's own.
    pub port: Option<Stated>,
    /// From where the service may be called: `all`, `internal` or `internal-and-cloud-load-balancing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Stated>,
    /// How many instances there may be.
    #[serde(default, skip_serializing_if = "Scaling::is_unstated")]
    pub scaling: Scaling,
    /// What the name of the new revision ends in: `x1` of `auth-x1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_suffix: Option<Stated>,
    /// Whether the deploy opens the service to everybody.
    pub allow_unauthenticated: Option<bool>,
    /// Whether the deploy keeps traffic away from the new revision.
    pub no_traffic: Option<bool>,
    /// Traffic tag of the new revision.
    pub tag: Option<Stated>,
    /// Shares of the traffic that the deploying step hands out, as written: `REVISION=PERCENT,…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_traffic: Option<Stated>,
    /// Health paths that the files state (probes, curl calls), best first.
    pub health_paths: Vec<Stated>,
    /// The startup probe of the ingress container, where one is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup_probe: Option<StartupProbe>,
    /// The other containers.
    pub sidecars: Vec<Sidecar>,
    /// How health is asked and judged.
    pub health: HealthExpectation,
    /// The database that it needs; `None` where nothing hints at one.
    pub database: Option<Database>,
    /// What its users do, for the gate to do it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journeys: Vec<Journey>,
    /// Names of the services that it calls, as the native file states them (`depends_on:`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Stated>,
    /// Ids of checks that the native file makes obligations (`require:`).
    pub require: Vec<Stated>,
    /// Ids of obligations that the native file makes advisory (`advisory:`).
    pub advisory: Vec<Stated>,
}

impl Service {
    /// A service of which nothing is known yet but how and where it is deployed.
    pub fn new(deploys_via: DeploysVia, place: Place) -> Self {
        Self {
            name: None,
            project: None,
            region: None,
            url: None,
            deploys_via,
            place,
            deployed_as: None,
            manifest: None,
            image: None,
            source: None,
            container: None,
            service_account: None,
            vpc: VpcAccess::default(),
            cloudsql_instances: Vec::new(),
            env: Vec::new(),
            other_variables: None,
            removed_env: Vec::new(),
            secrets: Vec::new(),
            other_secrets: None,
            removals: Vec::new(),
            secret_aliases: Vec::new(),
            port: None,
            ingress: None,
            scaling: Scaling::default(),
            revision_suffix: None,
            allow_unauthenticated: None,
            no_traffic: None,
            tag: None,
            revision_traffic: None,
            health_paths: Vec::new(),
            startup_probe: None,
            sidecars: Vec::new(),
            health: HealthExpectation::default(),
            database: None,
            journeys: Vec::new(),
            depends_on: Vec::new(),
            require: Vec::new(),
            advisory: Vec::new(),
        }
    }

    /// The plain variable of that name.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.env.iter().find(|variable| variable.name == name)
    }

    /// The secret injected as that variable.
    pub fn secret(&self, target: &str) -> Option<&SecretReference> {
        self.secrets.iter().find(|secret| secret.target == target)
    }
}

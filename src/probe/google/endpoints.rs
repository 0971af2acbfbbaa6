//! Where Google's APIs are reached, and as whom.

use secrecy::SecretString;

use super::auth::Surroundings;

/// One setting an API, with the names and forms that gcloud uses (`CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`, …);
/// `None`: Google's own address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Cloud Run Admin API v2.
    pub run: Option<String>,
    /// Serverless VPC Access API v1.
    pub vpcaccess: Option<String>,
    /// Secret Manager API v1.
    pub secretmanager: Option<String>,
    /// Cloud SQL Admin API.
    pub sql: Option<String>,
    /// Resource Manager API v3.
    pub cloudresourcemanager: Option<String>,
    /// Compute Engine API v1; gcloud's form ends in `compute/v1/`.
    pub compute: Option<String>,
    /// Network Management API v1.
    pub networkmanagement: Option<String>,
    /// Network Connectivity API v1.
    pub networkconnectivity: Option<String>,
    /// Cloud Logging API v2.
    pub logging: Option<String>,
    /// Policy Troubleshooter API v1.
    pub policytroubleshooter: Option<String>,
    /// Security Token Service, which exchanges a federated token: it takes the place of the credential file's own.
    pub sts: Option<String>,
    /// IAM Service Account Credentials API v1: impersonation, ID tokens.
    pub iamcredentials: Option<String>,
}

impl Endpoints {
    /// The APIs that are reached elsewhere than at Google's own address, with where.
    pub fn stated(&self) -> Vec<(&'static str, &str)> {
        let Self {
            run,
            vpcaccess,
            secretmanager,
            sql,
            cloudresourcemanager,
            compute,
            networkmanagement,
            networkconnectivity,
            logging,
            policytroubleshooter,
            sts,
            iamcredentials,
        } = self;
        [
            ("run", run),
            ("vpcaccess", vpcaccess),
            ("secretmanager", secretmanager),
            ("sql", sql),
            ("cloudresourcemanager", cloudresourcemanager),
            ("compute", compute),
            ("networkmanagement", networkmanagement),
            ("networkconnectivity", networkconnectivity),
            ("logging", logging),
            ("policytroubleshooter", policytroubleshooter),
            ("sts", sts),
            ("iamcredentials", iamcredentials),
        ]
        .into_iter()
        .filter_map(|(api, url)| url.as_deref().map(|url| (api, url)))
        .collect()
    }

    /// Where the API of this service name (`run.googleapis.com`) is reached, if not at Google's own address.
    pub(super) fn of(&self, api: &str) -> Option<&str> {
        let name = match api.strip_suffix(".googleapis.com")? {
            "sqladmin" => "sql",
            name => name,
        };
        self.stated().into_iter().find(|(api, _)| *api == name).map(|(_, url)| url)
    }
}

/// As whom Google's APIs are asked.
#[derive(Clone, Debug)]
pub enum Auth {
    /// `CLOUDSDK_AUTH_DISABLE_CREDENTIALS=true`: nobody (a stand-in that asks for no credentials).
    Anonymous,
    /// `CLOUDSDK_AUTH_ACCESS_TOKEN`: the bearer of this token.
    AccessToken(SecretString),
    /// Whatever the environment speaks of, else application-default credentials.
    Environment(Box<Surroundings>),
}

/// The form that the client libraries take: they append `/v1/…` themselves (for Compute Engine `/compute/v1/…`),
/// gcloud's form ends in a slash (for Compute Engine in `compute/v1/`).
pub(super) fn base(override_: &str) -> &str {
    let bare = override_.trim().trim_end_matches('/');
    bare.strip_suffix("/compute/v1").unwrap_or(bare)
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn takes_gclouds_form_and_the_bare_one() {
        assert_eq!(base("https://run.googleapis.com/"), "https://run.googleapis.com");
        assert_eq!(base("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
        assert_eq!(base("https://compute.googleapis.com/compute/v1/"), "https://compute.googleapis.com");
    }
}

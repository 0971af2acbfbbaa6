//! How a revision gets into a VPC network.

use ipnet::Ipv4Net;

/// The way into the network that a revision is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VpcWorld {
    /// None: packets leave over the internet.
    None,
    /// Through a Serverless VPC Access connector.
    Connector {
        /// `projects/P/locations/R/connectors/C`, whether or not it exists.
        resource: String,
        /// What is sent through it.
        egress: Egress,
    },
    /// Direct VPC egress.
    Direct {
        /// Network, short name.
        network: String,
        /// Subnetwork, short name.
        subnetwork: String,
        /// What is sent into it.
        egress: Egress,
    },
}

/// What is sent into the VPC network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Egress {
    /// `PRIVATE_RANGES_ONLY`, Cloud Run's default.
    #[default]
    PrivateRangesOnly,
    /// `ALL_TRAFFIC`.
    AllTraffic,
}

/// A connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectorWorld {
    /// Project id.
    pub project: String,
    /// Region.
    pub region: String,
    /// Short name.
    pub name: String,
    /// The network that it leads into, short name.
    pub network: String,
    /// The range of its machines.
    pub range: Ipv4Net,
    /// Its state.
    pub state: ConnectorState,
}

/// The states of a connector, as the VPC Access API names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectorState {
    /// Carries traffic.
    Ready,
    /// Being made.
    Creating,
    /// Being removed.
    Deleting,
    /// In a bad state.
    Error,
    /// Being changed; still carries traffic.
    Updating,
}

impl ConnectorWorld {
    /// The network tags of its machines, for firewall rules.
    pub fn tags(&self) -> [String; 2] {
        ["vpc-connector".to_owned(), format!("vpc-connector-{}-{}", self.region, self.name)]
    }

    /// The subnetwork in which it stands, where its network is another project's.
    pub fn shared_subnet(&self) -> String {
        format!("{}-subnet", self.name)
    }

    /// Its resource name.
    pub fn resource(&self) -> String {
        connector_resource(&self.project, &self.region, &self.name)
    }
}

impl ConnectorState {
    /// Whether packets get through.
    pub fn carries(self) -> bool {
        match self {
            Self::Ready | Self::Updating => true,
            Self::Creating | Self::Deleting | Self::Error => false,
        }
    }
}

impl VpcWorld {
    /// What is sent into the network; `None` where there is no way into one.
    pub fn egress(&self) -> Option<Egress> {
        match self {
            Self::None => None,
            Self::Connector { egress, .. } | Self::Direct { egress, .. } => Some(*egress),
        }
    }
}

/// The resource name of a connector.
pub(in crate::sandbox) fn connector_resource(project: &str, region: &str, name: &str) -> String {
    format!("projects/{project}/locations/{region}/connectors/{name}")
}

//! Findings about the way from the service to its database: VPC access, network, egress.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::network::Fault;

/// What was seen of the way to the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PathFinding {
    /// The database's address is private, and the revision has neither connector nor direct VPC egress.
    NoVpcAccess {
        /// Short name of the revision.
        revision: String,
        /// The database's address.
        address: IpAddr,
        /// The connector that the pipeline declares, where it declares one.
        declared_connector: Option<String>,
    },
    /// Connector, egress, network or subnetwork of the revision are not those that the pipeline declares.
    AccessDiffers {
        /// Short name of the revision.
        revision: String,
        /// `connector`, `egress`, `network` or `subnetwork`.
        what: String,
        /// As the pipeline declares it.
        declared: String,
        /// As the revision has it; `None`: it has none.
        serving: Option<String>,
    },
    /// The revision before had a way into a VPC network, and the new one has none.
    AccessDropped {
        /// Short name of the revision.
        revision: String,
        /// Short name of the revision before.
        before: String,
        /// The way that that one has, in words.
        way: String,
    },
    /// The connector that the revision refers to does not exist.
    ConnectorNotFound {
        /// `projects/P/locations/R/connectors/C`.
        connector: String,
    },
    /// The connector is in another state than READY (or UPDATING, which still carries traffic).
    ConnectorNotReady {
        /// `projects/P/locations/R/connectors/C`.
        connector: String,
        /// Its state as Google words it.
        state: String,
    },
    /// The connector stands in another region than the service.
    ConnectorElsewhere {
        /// `projects/P/locations/R/connectors/C`.
        connector: String,
        /// The connector's region.
        region: String,
        /// The service's region.
        service_region: String,
    },
    /// The service leaves into another network than the database's.
    NetworkDiffers {
        /// What carries the traffic: the connector or the subnetwork.
        by: String,
        /// The network it leads into, short name.
        service_network: String,
        /// The network of the database, short name.
        database_network: String,
        /// The Cloud SQL instance.
        instance: String,
    },
    /// The egress setting sends the address past the VPC.
    EgressBypasses {
        /// Short name of the revision.
        revision: String,
        /// The setting as Google words it.
        egress: String,
        /// The database's address.
        address: IpAddr,
    },
    /// A link of the way inside the network is broken, by what the control plane says.
    Way {
        /// What carries the traffic into the network: the connector, or direct VPC egress.
        by: String,
        /// The database's address.
        address: IpAddr,
        /// The port that is dialled.
        port: u16,
        /// What is wrong.
        fault: Fault,
        /// Whether what was read proves it, or only points to it.
        proven: bool,
    },
    /// Google's Connectivity Tests call the database unreachable.
    TestUnreachable {
        /// Where the test's packet went, as `10.20.0.3:5432`.
        to: String,
        /// The port.
        port: u16,
        /// Why it is dropped, in Google's word (`FIREWALL_RULE`); `None`: Google did not show it.
        cause: Option<String>,
        /// What drops it: a rule, a route, another resource, as far as Google shows it.
        by: Option<String>,
        /// Whether it is dropped on its way in to the database's machine, and not on its way out.
        inwards: bool,
        /// Whether it is the answer that is dropped.
        answer: bool,
        /// What rungate itself says of the way.
        own: OwnOpinion,
    },
}

/// What rungate's own evaluation says of a way that Google's Connectivity Tests judge too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "opinion", rename_all = "kebab-case")]
pub enum OwnOpinion {
    /// The packet passes every link.
    Clear,
    /// A link is broken, or may be.
    Broken {
        /// What is wrong with it.
        fault: String,
    },
    /// Some link could not be judged.
    Open {
        /// Why not.
        because: String,
    },
}

impl fmt::Display for OwnOpinion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear => f.write_str("the way is clear"),
            Self::Broken { fault } => f.write_str(fault),
            Self::Open { because } => write!(f, "not decided: {because}"),
        }
    }
}

impl fmt::Display for PathFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVpcAccess { revision, address, .. } => write!(
                f,
                "revision {revision} has neither a VPC connector nor direct VPC egress, and {address} is private"
            ),
            Self::AccessDiffers { revision, what, declared, serving: Some(serving) } => {
                write!(f, "the {what} of revision {revision} is {serving}; the pipeline declares {declared}")
            }
            Self::AccessDiffers { revision, what, declared, serving: None } => {
                write!(f, "revision {revision} has no {what}; the pipeline declares {declared}")
            }
            Self::AccessDropped { revision, before, way } => {
                write!(f, "revision {revision} has no way into a VPC network; {before} before it has {way}")
            }
            Self::ConnectorNotFound { connector } => write!(f, "{connector} does not exist"),
            Self::ConnectorNotReady { connector, state } => {
                write!(f, "{connector} is in state {state}; expected READY")
            }
            Self::ConnectorElsewhere { connector, region, service_region } => {
                write!(f, "{connector} stands in {region}; expected the service's region {service_region}")
            }
            Self::NetworkDiffers { by, service_network, database_network, instance } => write!(
                f,
                "{by} leads into network {service_network}; {instance} is attached to network {database_network}"
            ),
            Self::EgressBypasses { revision, egress, address } => write!(
                f,
                "egress {egress} of revision {revision} does not send {address} into the VPC; expected it to"
            ),
            Self::TestUnreachable { to, cause, by, answer, .. } => {
                let what = if *answer { "the answer from" } else { "a packet to" };
                write!(f, "Google's Connectivity Tests drop {what} {to}")?;
                match (cause, by) {
                    (Some(cause), Some(by)) => write!(f, ": {cause}, by {by}"),
                    (Some(cause), None) => write!(f, ": {cause}"),
                    (None, _) => f.write_str(", and do not show why"),
                }
            }
            Self::Way { fault, proven: true, .. } => write!(f, "{fault}"),
            Self::Way { fault, proven: false, .. } => write!(f, "{fault} (not proven)"),
        }
    }
}

//! Families of checks, in the order in which a request travels.

use serde::{Deserialize, Serialize};

/// A part of the way from the pipeline to the database and back. Every check says to which it belongs.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Family {
    /// The service and its revisions.
    Service,
    /// What the revision is given: variables, secrets, identity, credential.
    Injection,
    /// The way out of the service, through the VPC network.
    Vpc,
    /// The database's instance.
    Instance,
    /// The conversation with the database.
    Database,
    /// What the service says of itself.
    Health,
    /// What a user does with it.
    Journey,
    /// A check that this rungate does not know: the record is another version's.
    Other,
}

impl Family {
    /// What it is called in a heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Injection => "configuration and secrets",
            Self::Vpc => "way through the VPC",
            Self::Instance => "database instance",
            Self::Database => "database",
            Self::Health => "health",
            Self::Journey => "journeys",
            Self::Other => "other checks",
        }
    }

    /// What it is called in a drawing.
    pub fn short(self) -> &'static str {
        match self {
            Self::Injection => "configuration",
            Self::Vpc => "VPC",
            Self::Instance => "instance",
            Self::Other => "others",
            Self::Service | Self::Database | Self::Health | Self::Journey => self.title(),
        }
    }
}

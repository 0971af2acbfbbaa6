//! Families of checks: the folders of [`crate::checks`], in the order in which a request travels. Reports group by
//! them.

use crate::record::NodeRecord;

/// A part of the way from the pipeline to the database and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display, strum::EnumIter)]
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

/// The beginning of ids, or whole ids; the first that fits decides.
const FAMILIES: &[(&str, Family)] = &[
    ("service-account-", Family::Injection),
    ("service-", Family::Service),
    ("revision-", Family::Service),
    ("configuration-", Family::Service),
    ("variables-", Family::Injection),
    ("secret-", Family::Injection),
    ("credential-", Family::Injection),
    ("vpc-", Family::Vpc),
    ("egress-", Family::Vpc),
    ("subnet-", Family::Vpc),
    ("address-", Family::Vpc),
    ("private-access-", Family::Vpc),
    ("route-", Family::Vpc),
    ("ingress-", Family::Vpc),
    ("nat-", Family::Vpc),
    ("connectivity-", Family::Vpc),
    ("instance-", Family::Instance),
    ("cloudsql-", Family::Instance),
    ("database-", Family::Database),
    ("schema-", Family::Database),
    ("migrations-", Family::Database),
    ("health-", Family::Health),
    ("journey-", Family::Journey),
];

impl Family {
    /// The family of a check's id.
    pub fn of(check: &str) -> Self {
        let fits = |(start, family): &(&str, Self)| check.starts_with(start).then_some(*family);
        FAMILIES.iter().find_map(fits).unwrap_or(Self::Other)
    }

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

/// Names of checks in one text, in their order: a check that several subjects have is named once, with all of them.
pub(super) fn names(nodes: &[&NodeRecord]) -> String {
    let mut checks: Vec<(&str, Vec<&str>)> = Vec::new();
    for node in nodes {
        let subject = node.subject.as_deref();
        match checks.iter_mut().find(|(check, _)| node.check == *check) {
            Some((_, subjects)) => subjects.extend(subject),
            None => checks.push((node.check.as_str(), subject.into_iter().collect())),
        }
    }
    let one = |(check, subjects): &(&str, Vec<&str>)| match subjects.as_slice() {
        [] => (*check).to_owned(),
        some => format!("{check}[{}]", some.join(", ")),
    };
    checks.iter().map(one).collect::<Vec<_>>().join(", ")
}

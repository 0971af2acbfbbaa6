//! The vocabulary of causes: one code for one thing that is wrong.

use serde::{Deserialize, Serialize};

/// Stable codes of causes, in kebab-case in every output. Each has a page under `docs/causes/`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum CauseCode {
    // The pipeline files
    /// A secret's resource name is given as the literal value.
    SecretAsPlainValue,
    /// A password stands in the pipeline file itself.
    SecretInPlainText,
    /// A placeholder reached the service as text.
    ValueUnresolved,
    /// A comma or quote in a value cut it, or became part of it.
    ValueSplit,
    /// Two variables name different databases.
    DatabaseVariablesDisagree,
    /// The health path is one that Google's front end keeps for itself.
    HealthPathReserved,
    /// Gate and deploy name different projects or regions.
    TargetMismatch,

    // Service and revision
    /// No such service in that project and region.
    ServiceNotFound,
    /// The revision's container failed its start.
    ContainerDidNotStart,
    /// The container was ended for its memory.
    ContainerOutOfMemory,
    /// There is no such image.
    ImageNotFound,
    /// Cloud Run may not read the image.
    ImageAccessDenied,
    /// The image is built for another platform.
    ImageWrongPlatform,
    /// The service runs as another account than declared.
    ServiceAccountDrifted,
    /// The revision failed for another stated reason.
    RevisionFailed,
    /// The new revision is not the one that receives the traffic.
    RevisionNotServing,

    // Injection of configuration and secrets
    /// A variable that leads to the database is declared, and absent from the revision.
    DatabaseVariableMissing,
    /// A variable that leads to the database is there, and empty.
    DatabaseVariableEmpty,
    /// Another declared variable is absent from the revision.
    VariableMissing,
    /// The revision refers to another secret or version than declared.
    SecretReferenceDrifted,
    /// No such secret.
    SecretNotFound,
    /// No such version of the secret.
    SecretVersionMissing,
    /// The version is disabled.
    SecretVersionDisabled,
    /// The version is destroyed.
    SecretVersionDestroyed,
    /// The runtime service account may not read the secret.
    SecretAccessDenied,
    /// A newer version exists than the one that running instances took at their start.
    SecretNewerThanRevision,
    /// Payload and checksum disagree.
    SecretCorrupted,

    // Shape of the credential
    /// A newline or blank at the credential's edge.
    CredentialTrailingWhitespace,
    /// An empty credential.
    CredentialEmpty,
    /// A connection string that no driver could read.
    CredentialUnreadable,
    /// A dummy in place of a value.
    CredentialPlaceholder,
    /// Quotes that are part of the value.
    CredentialQuoted,
    /// A raw `@`, `/`, `#`, `?` or `%` in a connection string.
    CredentialUnescaped,
    /// JSON, base64 or a byte-order mark in place of the credential.
    CredentialEncoded,
    /// A scheme or option that the driver does not take.
    CredentialSchemeMismatch,
    /// The host is the container itself.
    DatabaseHostLoopback,
    /// The host is a name from a compose file.
    DatabaseHostPlaceholder,
    /// The port is another server's.
    DatabasePortWrong,
    /// TLS is required on the `/cloudsql` socket.
    SocketTlsConflict,
    /// The path of the socket is longer than Linux allows.
    SocketPathTooLong,

    // Way to the database
    /// A private database, and no way into the VPC.
    VpcAccessMissing,
    /// The connector does not exist.
    VpcConnectorNotFound,
    /// The connector is not ready.
    VpcConnectorNotReady,
    /// The connector stands in another region.
    VpcConnectorWrongRegion,
    /// Cloud Run may not use the connector.
    VpcConnectorAccessDenied,
    /// The network or subnetwork of direct VPC egress does not exist.
    VpcNetworkNotFound,
    /// Connector, egress or network of the revision are not those declared.
    VpcAccessDrifted,
    /// An API that the path needs is off.
    VpcApiDisabled,
    /// The service leaves into another network than the database's.
    VpcWrongNetwork,
    /// The egress setting does not carry the database's address.
    EgressBypassesDatabase,
    /// The subnet of direct VPC egress has too few addresses.
    SubnetExhausted,
    /// A firewall rule drops packets of the service on their way out.
    FirewallDeniesEgress,
    /// A firewall rule drops packets on their way into the machine of the database.
    FirewallDeniesIngress,
    /// Port 5432 is open, and 3307 of the Cloud SQL proxies is not.
    FirewallDeniesProxyPort,
    /// A Shared VPC lacks the rules by which Google reaches connectors.
    ConnectorHealthRulesMissing,
    /// The network has no private services access.
    PeeringMissing,
    /// The peering of private services access is not active.
    PeeringInactive,
    /// The peering does not lead to the range in which the database lies.
    PeeringRangeMismatch,
    /// Private Service Connect is not set up for this service.
    PscEndpointMissing,
    /// Packets to the database go elsewhere.
    RouteDiverted,
    /// A range is in the way of the database's address.
    AddressRangeConflict,
    /// All traffic goes into the VPC, and no NAT leads out of it.
    EgressWithoutNat,
    /// The `/cloudsql` socket, with all traffic sent into the VPC.
    EgressBlocksCloudsqlSocket,
    /// The host name has no address where it is asked.
    DatabaseNameUnresolvable,
    /// Packets vanish, and nothing in the control plane explains it.
    DatabaseUnreachable,

    // The Cloud SQL instance
    /// No such instance.
    InstanceNotFound,
    /// The owner stopped the instance.
    InstanceStopped,
    /// Google suspended the instance.
    InstanceSuspended,
    /// The instance is in another state than running.
    InstanceNotRunning,
    /// Its disk is full, and Cloud SQL shut it down.
    InstanceDiskFull,
    /// Another engine runs there.
    InstanceNotPostgres,
    /// Direct connections are refused by the instance's policy.
    InstanceRequiresConnector,
    /// The host is no address of the instance.
    InstanceAddressMismatch,
    /// The public address does not admit the caller.
    AuthorizedNetworkMissing,
    /// The user is not on the instance.
    DatabaseUserMissing,
    /// The runtime service account may not connect.
    CloudsqlClientRoleMissing,
    /// The host is a `/cloudsql` socket, and no instance is attached.
    CloudsqlNotAttached,
    /// The host is the socket of an instance that is not attached.
    CloudsqlNameMismatch,
    /// The IAM user is not named as PostgreSQL names it.
    CloudsqlIamLoginMisconfigured,

    // Talking to PostgreSQL
    /// Nothing listens there.
    DatabaseRefused,
    /// Something answers that is no PostgreSQL.
    NotPostgres,
    /// The server takes encrypted connections only.
    TlsRequired,
    /// The server takes connections with a client certificate only.
    ClientCertificateRequired,
    /// The server demands TLS, or the client certificate, host or user is not admitted.
    LoginNotAllowed,
    /// The server admits nobody from this host, for this user and database.
    HostNotAllowed,
    /// What answers does not prove that it knows the password.
    ServerNotAuthentic,
    /// TLS is asked for and not offered.
    TlsUnsupported,
    /// The TLS handshake failed.
    TlsCertificateInvalid,
    /// 28P01.
    PasswordRejected,
    /// The database does not exist on the server.
    DatabaseMissing,
    /// The role may not connect to the database.
    ConnectPrivilegeMissing,
    /// The database accepts no connections.
    DatabaseClosed,
    /// No connection slot is left.
    ConnectionSlotsExhausted,
    /// The server is starting, stopping or in recovery.
    DatabaseStarting,
    /// The server refuses a connection option.
    ConnectionParameterInvalid,
    /// The session ends in its middle.
    ConnectionCut,
    /// A standby, or a server that is set to read only.
    DatabaseReadOnly,
    /// Migrations of the repository were not run.
    SchemaBehind,
    /// Tables are not there.
    SchemaMissing,
    /// The role may not use tables or schemas.
    SchemaPermissionDenied,
    /// An extension is not installed.
    ExtensionMissing,
    /// A query of the pipeline's gives something else than it must.
    QueryAnswerUnexpected,

    // Health
    /// The service says that its database is down, and nothing deeper is proven.
    HealthReportsDatabaseDown,
    /// The service says that another dependency is down.
    HealthReportsDependencyDown,
    /// The service says that it is unhealthy, and names nothing.
    HealthReportsUnhealthy,
    /// An answer from which health cannot be read.
    HealthNotJudgeable,
    /// The service itself answers 404 there.
    HealthNotFound,
    /// A login page answers, or the service wants credentials.
    HealthBehindLogin,
    /// An expectation of `rungate.yaml` is not met by an answer that is not unhealthy by itself.
    HealthExpectationUnmet,
    /// Another revision or commit answers than the one deployed.
    HealthVersionMismatch,
    /// The front end does not let this vantage in.
    IngressClosed,
    /// No instance takes the request: 429, 500 or 503 of the front end.
    NoInstanceAvailable,
    /// The instance ends or answers no HTTP: 500 or 503 of the front end.
    InstanceCrashing,
    /// The instance does not answer within the service's time limit: 504 of the front end.
    RequestTimedOut,
    /// Healthy and unhealthy in turn.
    HealthUnstable,
    /// The service does not answer, or with an error status that says nothing of health.
    HealthEndpointFailing,
    /// A step of what users do fails.
    JourneyStepFailed,

    // The gate itself
    /// The service is private, and the gate's account may not invoke it.
    InvokerDenied,
    /// The service's front end does not take the gate's ID token.
    TokenRejected,
    /// The gate may not look.
    NotEnoughPermission,
    /// Only another vantage can see it.
    NotVisibleFromHere,
    /// The gate asked and got no usable answer.
    NotFoundOut,
}

impl CauseCode {
    /// Whether waiting may mend it by itself, so that a run must not end early for it. What a person or a deploy
    /// has to change is not mended so.
    pub fn waiting_mends(self) -> bool {
        match self {
            Self::ContainerDidNotStart
            | Self::DatabaseUnreachable // direct VPC egress may need a minute after an instance starts
            | Self::DatabaseRefused // a server that restarts
            | Self::ConnectionSlotsExhausted
            | Self::DatabaseStarting
            | Self::ConnectionCut
            | Self::HealthReportsDatabaseDown
            | Self::HealthReportsDependencyDown
            | Self::HealthReportsUnhealthy
            | Self::HealthNotJudgeable
            | Self::HealthNotFound
            | Self::HealthUnstable
            | Self::HealthEndpointFailing
            | Self::JourneyStepFailed
            | Self::HealthExpectationUnmet
            | Self::HealthVersionMismatch // traffic moves within seconds of a deploy
            | Self::NoInstanceAvailable
            | Self::InstanceCrashing
            | Self::RequestTimedOut
            | Self::NotFoundOut => true,
            Self::ServiceNotFound
            | Self::SubnetExhausted
            | Self::FirewallDeniesEgress
            | Self::FirewallDeniesIngress
            | Self::FirewallDeniesProxyPort
            | Self::ConnectorHealthRulesMissing
            | Self::PeeringMissing
            | Self::PeeringInactive
            | Self::PeeringRangeMismatch
            | Self::PscEndpointMissing
            | Self::RouteDiverted
            | Self::AddressRangeConflict
            | Self::EgressWithoutNat
            | Self::SecretAsPlainValue
            | Self::SecretInPlainText
            | Self::ValueUnresolved
            | Self::ValueSplit
            | Self::DatabaseVariablesDisagree
            | Self::HealthPathReserved
            | Self::TargetMismatch
            | Self::CredentialPlaceholder
            | Self::CredentialQuoted
            | Self::CredentialUnescaped
            | Self::CredentialEncoded
            | Self::CredentialSchemeMismatch
            | Self::DatabaseHostLoopback
            | Self::DatabaseHostPlaceholder
            | Self::DatabasePortWrong
            | Self::SocketTlsConflict
            | Self::SocketPathTooLong
            | Self::EgressBlocksCloudsqlSocket
            | Self::CloudsqlNotAttached
            | Self::CloudsqlNameMismatch
            | Self::CloudsqlIamLoginMisconfigured
            | Self::ContainerOutOfMemory
            | Self::ImageNotFound
            | Self::ImageAccessDenied
            | Self::ImageWrongPlatform
            | Self::ServiceAccountDrifted
            | Self::DatabaseVariableEmpty
            | Self::VpcConnectorAccessDenied
            | Self::VpcNetworkNotFound
            | Self::VpcAccessDrifted
            | Self::RevisionFailed
            | Self::RevisionNotServing
            | Self::DatabaseVariableMissing
            | Self::VariableMissing
            | Self::SecretReferenceDrifted
            | Self::SecretNotFound
            | Self::SecretVersionMissing
            | Self::SecretVersionDisabled
            | Self::SecretVersionDestroyed
            | Self::SecretAccessDenied
            | Self::SecretNewerThanRevision
            | Self::SecretCorrupted
            | Self::CredentialTrailingWhitespace
            | Self::CredentialEmpty
            | Self::CredentialUnreadable
            | Self::VpcAccessMissing
            | Self::VpcConnectorNotFound
            | Self::VpcConnectorNotReady
            | Self::VpcConnectorWrongRegion
            | Self::VpcApiDisabled
            | Self::VpcWrongNetwork
            | Self::EgressBypassesDatabase
            | Self::DatabaseNameUnresolvable
            | Self::InstanceNotFound
            | Self::InstanceStopped
            | Self::InstanceSuspended
            | Self::InstanceNotRunning
            | Self::InstanceDiskFull
            | Self::InstanceNotPostgres
            | Self::InstanceRequiresConnector
            | Self::InstanceAddressMismatch
            | Self::AuthorizedNetworkMissing
            | Self::DatabaseUserMissing
            | Self::CloudsqlClientRoleMissing
            | Self::TlsRequired
            | Self::ClientCertificateRequired
            | Self::NotPostgres
            | Self::LoginNotAllowed
            | Self::HostNotAllowed
            | Self::ServerNotAuthentic
            | Self::TlsUnsupported
            | Self::TlsCertificateInvalid
            | Self::PasswordRejected
            | Self::DatabaseMissing
            | Self::ConnectPrivilegeMissing
            | Self::DatabaseClosed
            | Self::ConnectionParameterInvalid
            | Self::DatabaseReadOnly
            | Self::SchemaBehind
            | Self::SchemaMissing
            | Self::SchemaPermissionDenied
            | Self::ExtensionMissing
            | Self::QueryAnswerUnexpected
            | Self::HealthBehindLogin
            | Self::IngressClosed
            | Self::InvokerDenied
            | Self::TokenRejected
            | Self::NotEnoughPermission
            | Self::NotVisibleFromHere => false,
        }
    }
}

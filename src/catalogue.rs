//! The catalogue of causes: one line for one thing that may be wrong, with all that is a fact about its code.
//!
//! What is *judgement* stands elsewhere: which finding leads to a cause, and what is claimed of it and advised, in
//! `diagnosis/rules/`; which cause is named before which, in `diagnosis/precedence/`. A new cause is a line here, a page
//! `docs/causes/ID.md` and a rule.

use serde::{Deserialize, Serialize};

use crate::record::{CheckId, check_id};

/// What a cause is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::Display, strum::EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum Family {
    /// The pipeline files.
    Files,
    /// Service and revision.
    Revision,
    /// Injection of configuration and secrets.
    Injection,
    /// Shape of the credential.
    Credential,
    /// Network to the database.
    Network,
    /// The Cloud SQL instance.
    Instance,
    /// Talking to PostgreSQL.
    Postgres,
    /// Health, and what users do.
    Health,
    /// The gate itself.
    Gate,
}

/// Whether a database that works from inside the service's network refutes a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuted {
    /// It does: a query went that way, so this is not in the way.
    Yes,
    /// It does not: the cause is about something else, or may be the service's alone.
    No,
    /// It does where the cause was inferred from the control plane or from the value, and does not where it was met: in
    /// the talk with the server, in a log line, or as a failure of the revision.
    Inferred,
}

/// Whether waiting may help by itself, so that a run must not end early for a cause. What a person or a deploy has to
/// change does not pass so.
enum Waiting {
    Helps,
    Never,
}

/// One line of the table becomes the variant, its stable code, its page, and an arm in each column's function.
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident, $id:literal, $family:ident, $waiting:ident, $refuted:ident, [$($check:ident),*];)*) => {
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
        pub enum CauseCode {
            $(
                $(#[$doc])*
                #[serde(rename = $id)]
                #[strum(serialize = $id)]
                $name,
            )*
        }

        /// Every cause, in the order in which lists name them.
        pub const CAUSES: &[CauseCode] = &[$(CauseCode::$name),*];

        impl CauseCode {
            /// The code as it is written.
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// What it is about.
            pub const fn family(self) -> Family {
                match self {
                    $(Self::$name => Family::$family,)*
                }
            }

            /// Whether waiting may help by itself, so that a run must not end early for it. What a person or a deploy
            /// has to change does not pass so.
            pub const fn waiting_helps(self) -> bool {
                let waiting = match self {
                    $(Self::$name => Waiting::$waiting,)*
                };
                matches!(waiting, Waiting::Helps)
            }

            /// Whether a database that works from inside the service's network refutes it.
            pub const fn refuted(self) -> Refuted {
                match self {
                    $(Self::$name => Refuted::$refuted,)*
                }
            }

            /// The checks of which one that passes rules it out.
            pub const fn ruled_out_by(self) -> &'static [CheckId] {
                match self {
                    $(Self::$name => &[$(check_id::$check),*],)*
                }
            }

            /// What it means, how it is seen and how it is fixed: the page that `rungate explain` prints.
            pub const fn page(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../docs/causes/", $id, ".md")),)*
                }
            }
        }
    };
}

// Variant, code, family, whether waiting helps, whether a working database refutes it, the checks that rule it out. The
// order is that in which a request travels, and in which lists name causes, "ruled out" among them; it says nothing of
// which cause is the root.
causes! {
    /// A secret's resource name is given as the literal value.
    SecretAsPlainValue, "secret-as-plain-value", Files, Never, No, [];
    /// A password stands in the pipeline file itself.
    SecretInPlainText, "secret-in-plain-text", Files, Never, No, [];
    /// A placeholder reached the service as text.
    ValueUnresolved, "value-unresolved", Files, Never, No, [];
    /// A comma or quote in a value cut it, or became part of it.
    ValueSplit, "value-split", Files, Never, No, [];
    /// Two variables name different databases.
    DatabaseVariablesDisagree, "database-variables-disagree", Files, Never, No, [];
    /// The health path is one that Google's front end keeps for itself.
    HealthPathReserved, "health-path-reserved", Files, Never, No, [];
    /// Gate and deploy name different projects or regions.
    TargetMismatch, "target-mismatch", Files, Never, No, [];
    /// No such service in that project and region.
    ServiceNotFound, "service-not-found", Revision, Never, No, [SERVICE_EXISTS];
    /// The revision's container failed its start.
    ContainerDidNotStart, "container-did-not-start", Revision, Helps, No, [REVISION_READY];
    /// The container was ended for its memory.
    ContainerOutOfMemory, "container-out-of-memory", Revision, Never, No, [];
    /// There is no such image.
    ImageNotFound, "image-not-found", Revision, Never, No, [REVISION_READY];
    /// Cloud Run may not read the image.
    ImageAccessDenied, "image-access-denied", Revision, Never, No, [REVISION_READY];
    /// The image is built for another platform.
    ImageWrongPlatform, "image-wrong-platform", Revision, Never, No, [REVISION_READY];
    /// The network or subnetwork of direct VPC egress does not exist.
    VpcNetworkNotFound, "vpc-network-not-found", Network, Never, No, [REVISION_READY];
    /// Cloud Run may not use the connector.
    VpcConnectorAccessDenied, "vpc-connector-access-denied", Network, Never, No, [REVISION_READY];
    /// The revision failed for another stated reason.
    RevisionFailed, "revision-failed", Revision, Never, Inferred, [REVISION_READY];
    /// The new revision is not the one that receives the traffic.
    RevisionNotServing, "revision-not-serving", Revision, Never, No, [REVISION_SERVING];
    /// A variable that leads to the database is declared, and absent from the revision.
    DatabaseVariableMissing, "database-variable-missing", Injection, Never, No, [VARIABLES_INJECTED];
    /// Another declared variable is absent from the revision.
    VariableMissing, "variable-missing", Injection, Never, No, [VARIABLES_INJECTED];
    /// A variable that leads to the database is there, and empty.
    DatabaseVariableEmpty, "database-variable-empty", Injection, Never, No, [VARIABLES_NOT_EMPTY];
    /// The revision refers to another secret or version than declared.
    SecretReferenceDrifted, "secret-reference-drifted", Injection, Never, No, [SECRET_REFERENCES_MATCH];
    /// The service runs as another account than declared.
    ServiceAccountDrifted, "service-account-drifted", Revision, Never, No, [SERVICE_ACCOUNT_MATCHES];
    /// No such secret.
    SecretNotFound, "secret-not-found", Injection, Never, No, [SECRET_VERSION_ENABLED];
    /// No such version of the secret.
    SecretVersionMissing, "secret-version-missing", Injection, Never, No, [SECRET_VERSION_ENABLED];
    /// The version is disabled.
    SecretVersionDisabled, "secret-version-disabled", Injection, Never, No, [SECRET_VERSION_ENABLED];
    /// The version is destroyed.
    SecretVersionDestroyed, "secret-version-destroyed", Injection, Never, No, [SECRET_VERSION_ENABLED];
    /// The runtime service account may not read the secret.
    SecretAccessDenied, "secret-access-denied", Injection, Never, No, [SECRET_READABLE];
    /// A newer version exists than the one that running instances took at their start.
    SecretNewerThanRevision, "secret-newer-than-revision", Injection, Never, No, [SECRET_VERSION_CURRENT];
    /// Payload and checksum disagree.
    SecretChecksumMismatch, "secret-checksum-mismatch", Injection, Never, No, [SECRET_INTACT];
    /// A newline or blank at the credential's edge.
    CredentialTrailingWhitespace, "credential-trailing-whitespace", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// An empty credential.
    CredentialEmpty, "credential-empty", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// A connection string that no driver could read.
    CredentialUnreadable, "credential-unreadable", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// Quotes that are part of the value.
    CredentialQuoted, "credential-quoted", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// JSON, base64 or a byte-order mark in place of the credential.
    CredentialEncoded, "credential-encoded", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// A scheme or option that the driver does not take.
    CredentialSchemeMismatch, "credential-scheme-mismatch", Credential, Never, No, [];
    /// A raw `@`, `/`, `#`, `?` or `%` in a connection string.
    CredentialUnescaped, "credential-unescaped", Credential, Never, Inferred, [CREDENTIAL_WELL_FORMED];
    /// A dummy in place of a value.
    CredentialPlaceholder, "credential-placeholder", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// The host is the container itself.
    DatabaseHostLoopback, "database-host-loopback", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// The host is a name from a compose file.
    DatabaseHostPlaceholder, "database-host-placeholder", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// The port is another server's.
    DatabasePortWrong, "database-port-wrong", Credential, Never, Yes, [CREDENTIAL_WELL_FORMED];
    /// TLS is required on the `/cloudsql` socket.
    SocketTlsConflict, "socket-tls-conflict", Credential, Never, Yes, [];
    /// The path of the socket is longer than Linux allows.
    SocketPathTooLong, "socket-path-too-long", Credential, Never, Yes, [];
    /// A private database, and no way into the VPC.
    VpcAccessMissing, "vpc-access-missing", Network, Never, Inferred, [VPC_ACCESS_PRESENT];
    /// The connector does not exist.
    VpcConnectorNotFound, "vpc-connector-not-found", Network, Never, No, [VPC_CONNECTOR_READY];
    /// The connector is not ready.
    VpcConnectorNotReady, "vpc-connector-not-ready", Network, Never, Inferred, [VPC_CONNECTOR_READY];
    /// The connector stands in another region.
    VpcConnectorWrongRegion, "vpc-connector-wrong-region", Network, Never, No, [VPC_CONNECTOR_IN_REGION];
    /// An API that the path needs is off.
    VpcApiDisabled, "vpc-api-disabled", Network, Never, No, [];
    /// The service leaves into another network than the database's.
    VpcWrongNetwork, "vpc-wrong-network", Network, Never, Inferred, [VPC_NETWORK_MATCHES];
    /// The egress setting does not carry the database's address.
    EgressExcludesDatabase, "egress-excludes-database", Network, Never, Inferred, [EGRESS_COVERS_DATABASE];
    /// Connector, egress or network of the revision are not those declared.
    VpcAccessDrifted, "vpc-access-drifted", Network, Never, No, [VPC_ACCESS_MATCHES];
    /// The subnet of direct VPC egress has too few addresses.
    SubnetExhausted, "subnet-exhausted", Network, Never, Yes, [SUBNET_LARGE_ENOUGH];
    /// A range is in the way of the database's address.
    AddressRangeConflict, "address-range-conflict", Network, Never, Yes, [ADDRESS_RANGE_FREE];
    /// The network has no private services access.
    PeeringMissing, "peering-missing", Network, Never, Yes, [PRIVATE_ACCESS_ACTIVE];
    /// The peering of private services access is not active.
    PeeringInactive, "peering-inactive", Network, Never, Yes, [PRIVATE_ACCESS_ACTIVE];
    /// The peering does not lead to the range in which the database lies.
    PeeringRangeMismatch, "peering-range-mismatch", Network, Never, Yes, [PRIVATE_ACCESS_ACTIVE];
    /// Private Service Connect is not set up for this service.
    PscEndpointMissing, "psc-endpoint-missing", Network, Never, Yes, [PRIVATE_ACCESS_ACTIVE];
    /// A firewall rule drops packets of the service on their way out.
    FirewallDeniesEgress, "firewall-denies-egress", Network, Never, Yes, [EGRESS_FIREWALL_ALLOWS];
    /// Port 5432 is open, and 3307 of the Cloud SQL proxies is not.
    FirewallDeniesProxyPort, "firewall-denies-proxy-port", Network, Never, Yes, [EGRESS_FIREWALL_ALLOWS];
    /// A Shared VPC lacks the rules by which Google reaches connectors.
    ConnectorHealthRulesMissing, "connector-health-rules-missing", Network, Never, Yes, [EGRESS_FIREWALL_ALLOWS];
    /// Packets to the database go elsewhere.
    RouteDiverted, "route-diverted", Network, Never, Yes, [ROUTE_LEADS_TO_DATABASE];
    /// A firewall rule drops packets on their way into the machine of the database.
    FirewallDeniesIngress, "firewall-denies-ingress", Network, Never, Yes, [INGRESS_FIREWALL_ALLOWS];
    /// All traffic goes into the VPC, and no NAT leads out of it.
    EgressWithoutNat, "egress-without-nat", Network, Never, Yes, [NAT_PRESENT];
    /// The `/cloudsql` socket, with all traffic sent into the VPC.
    EgressBlocksCloudsqlSocket, "egress-blocks-cloudsql-socket", Network, Never, Inferred, [NAT_PRESENT];
    /// No such instance.
    InstanceNotFound, "instance-not-found", Instance, Never, Yes, [INSTANCE_RUNNING];
    /// The owner stopped the instance.
    InstanceStopped, "instance-stopped", Instance, Never, Yes, [INSTANCE_RUNNING];
    /// Google suspended the instance.
    InstanceSuspended, "instance-suspended", Instance, Never, Yes, [INSTANCE_RUNNING];
    /// The instance is in another state than running.
    InstanceNotRunning, "instance-not-running", Instance, Never, Yes, [INSTANCE_RUNNING];
    /// Its disk is full, and Cloud SQL shut it down.
    InstanceDiskFull, "instance-disk-full", Instance, Never, Yes, [INSTANCE_RUNNING];
    /// Another engine runs there.
    InstanceNotPostgres, "instance-not-postgres", Instance, Never, Yes, [INSTANCE_IS_POSTGRES];
    /// The host is no address of the instance.
    InstanceAddressMismatch, "instance-address-mismatch", Instance, Never, Yes, [INSTANCE_HAS_ADDRESS];
    /// The host is a `/cloudsql` socket, and no instance is attached.
    CloudsqlNotAttached, "cloudsql-not-attached", Instance, Never, Inferred, [CLOUDSQL_ATTACHED];
    /// The host is the socket of an instance that is not attached.
    CloudsqlNameMismatch, "cloudsql-name-mismatch", Instance, Never, Yes, [CLOUDSQL_ATTACHED];
    /// Direct connections are refused by the instance's policy.
    InstanceRequiresConnector, "instance-requires-connector", Instance, Never, Yes, [INSTANCE_ALLOWS_SERVICE];
    /// The public address does not admit the caller.
    AuthorizedNetworkMissing, "authorized-network-missing", Instance, Never, Yes, [INSTANCE_ALLOWS_SERVICE];
    /// The server takes encrypted connections only.
    TlsRequired, "tls-required", Postgres, Never, Inferred, [INSTANCE_TLS_AGREES];
    /// The server takes connections with a client certificate only.
    ClientCertificateRequired, "client-certificate-required", Postgres, Never, Inferred, [INSTANCE_TLS_AGREES];
    /// The user is not on the instance.
    DatabaseUserMissing, "database-user-missing", Instance, Never, Yes, [INSTANCE_HAS_USER];
    /// The IAM user is not named as PostgreSQL names it.
    CloudsqlIamLoginMisconfigured, "cloudsql-iam-login-misconfigured", Instance, Never, Inferred, [INSTANCE_IAM_LOGIN];
    /// The runtime service account may not connect.
    CloudsqlClientRoleMissing, "cloudsql-client-role-missing", Instance, Never, Yes, [CLOUDSQL_CLIENT_GRANTED];
    /// The host name has no address where it is asked.
    DatabaseNameUnresolvable, "database-name-unresolvable", Network, Never, No, [DATABASE_NAME_RESOLVES];
    /// Packets vanish, and nothing in the control plane explains it.
    DatabaseUnreachable, "database-unreachable", Network, Helps, Inferred, [DATABASE_PORT_OPEN]; // direct VPC egress may need a minute after an instance starts
    /// Nothing listens there.
    DatabaseRefused, "database-refused", Postgres, Helps, No, [DATABASE_PORT_OPEN]; // a server that restarts
    /// Something answers that is no PostgreSQL.
    NotPostgres, "not-postgres", Postgres, Never, No, [DATABASE_SPEAKS_POSTGRES];
    /// TLS is asked for and not offered.
    TlsUnsupported, "tls-unsupported", Postgres, Never, No, [DATABASE_TLS_AGREES];
    /// The TLS handshake failed.
    TlsCertificateInvalid, "tls-certificate-invalid", Postgres, Never, No, [];
    /// 28P01.
    PasswordRejected, "password-rejected", Postgres, Never, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The server demands TLS, or the client certificate, host or user is not admitted.
    LoginNotAllowed, "login-not-allowed", Postgres, Never, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The server admits nobody from this host, for this user and database.
    PgHbaRejected, "pg-hba-rejected", Postgres, Never, No, [DATABASE_LOGIN];
    /// What answers does not prove that it knows the password.
    ServerIdentityUnverified, "server-identity-unverified", Postgres, Never, Inferred, [DATABASE_LOGIN];
    /// The database does not exist on the server.
    DatabaseMissing, "database-missing", Postgres, Never, Inferred, [INSTANCE_HAS_DATABASE, DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The role may not connect to the database.
    ConnectPrivilegeMissing, "connect-privilege-missing", Postgres, Never, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The database accepts no connections.
    DatabaseDisallowsConnections, "database-disallows-connections", Postgres, Never, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// No connection slot is left.
    ConnectionSlotsExhausted, "connection-slots-exhausted", Postgres, Helps, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The server is starting, stopping or in recovery.
    DatabaseStarting, "database-starting", Postgres, Helps, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The server refuses a connection option.
    ConnectionParameterInvalid, "connection-parameter-invalid", Postgres, Never, No, [DATABASE_LOGIN, CLOUDSQL_LOGIN];
    /// The session ends in its middle.
    ConnectionClosed, "connection-closed", Postgres, Helps, No, [DATABASE_QUERY];
    /// A standby, or a server that is set to read only.
    DatabaseReadOnly, "database-read-only", Postgres, Never, No, [];
    /// Migrations of the repository were not run.
    MigrationsPending, "migrations-pending", Postgres, Never, No, [];
    /// Tables are not there.
    SchemaMissing, "schema-missing", Postgres, Never, No, [];
    /// The role may not use tables or schemas.
    SchemaPermissionDenied, "schema-permission-denied", Postgres, Never, No, [];
    /// An extension is not installed.
    ExtensionMissing, "extension-missing", Postgres, Never, No, [];
    /// A query of the pipeline's gives something else than it must.
    QueryResultMismatch, "query-result-mismatch", Postgres, Never, No, [];
    /// The service says that its database is down, and nothing deeper is proven.
    HealthReportsDatabaseDown, "health-reports-database-down", Health, Helps, No, [];
    /// The service says that another dependency is down.
    HealthReportsDependencyDown, "health-reports-dependency-down", Health, Helps, No, [];
    /// The service says that it is unhealthy, and names nothing.
    HealthReportsUnhealthy, "health-reports-unhealthy", Health, Helps, No, [];
    /// An answer from which health cannot be read.
    HealthUnrecognized, "health-unrecognized", Health, Helps, No, [];
    /// The service itself answers 404 there.
    HealthNotFound, "health-not-found", Health, Helps, No, [];
    /// Healthy and unhealthy in turn.
    HealthUnstable, "health-unstable", Health, Helps, No, [];
    /// The service does not answer, or with an error status that says nothing of health.
    HealthEndpointFailing, "health-endpoint-failing", Health, Helps, No, [];
    /// A step of what users do fails.
    JourneyStepFailed, "journey-step-failed", Health, Helps, No, [];
    /// A login page answers, or the service wants credentials.
    HealthRequiresLogin, "health-requires-login", Health, Never, No, [];
    /// An expectation of `rungate.yaml` is not met by an answer that is not unhealthy by itself.
    HealthExpectationUnmet, "health-expectation-unmet", Health, Helps, No, [];
    /// Another revision or commit answers than the one deployed.
    HealthVersionMismatch, "health-version-mismatch", Health, Helps, No, []; // traffic moves within seconds of a deploy
    /// The front end does not let this vantage in.
    IngressClosed, "ingress-closed", Health, Never, No, [];
    /// The instance ends or answers no HTTP: 500 or 503 of the front end.
    InstanceCrashing, "instance-crashing", Health, Helps, No, [];
    /// No instance takes the request: 429, 500 or 503 of the front end.
    NoInstanceAvailable, "no-instance-available", Health, Helps, No, [];
    /// The instance does not answer within the service's time limit: 504 of the front end.
    RequestTimedOut, "request-timed-out", Health, Helps, No, [];
    /// The service is private, and the gate's account may not invoke it.
    InvokerDenied, "invoker-denied", Gate, Never, No, [];
    /// The service's front end does not take the gate's ID token.
    TokenRejected, "token-rejected", Gate, Never, No, [];
    /// The gate lacks a permission.
    PermissionMissing, "permission-missing", Gate, Never, No, [];
    /// Only another vantage can see it.
    NotObservable, "not-observable", Gate, Never, No, [];
    /// The gate asked and got no usable answer.
    Inconclusive, "inconclusive", Gate, Helps, No, [];
}

//! What a line of a log means.

use serde::{Deserialize, Serialize};

/// What a line of the log means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The server rejects the password (28P01).
    PasswordRejected,
    /// The server lets the role not come in (28000).
    LoginNotAllowed,
    /// The database does not exist (3D000).
    DatabaseMissing,
    /// The role may not connect to the database (42501).
    ConnectPrivilegeMissing,
    /// No connection slot is left (53300).
    SlotsExhausted,
    /// The server is starting, stopping or recovering (57P03).
    Starting,
    /// The `/cloudsql` socket is not there.
    SocketMissing,
    /// The Cloud SQL proxy cannot reach the instance.
    ProxyTimedOut,
    /// The host name has no address.
    NameUnresolvable,
    /// Connections are refused.
    Refused,
    /// Connections get no answer.
    TimedOut,
    /// The driver refuses the connection string's scheme or an option of it.
    SchemeRefused,
    /// The driver cannot read the connection string, or cuts it wrongly.
    Unreadable,
}

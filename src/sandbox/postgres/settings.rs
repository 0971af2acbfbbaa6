//! The settings of a server, and who holds its connections.

use std::sync::atomic::Ordering;

use pgwire::error::PgWireError;

use super::error::error;
use super::{RESERVED, Server, VERSION};

impl Server {
    /// The value of a setting.
    pub(super) fn setting(&self, name: &str) -> Result<String, PgWireError> {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        Ok(match name {
            "server_version" => VERSION.to_owned(),
            "server_version_num" => "150013".to_owned(),
            "transaction_read_only" => switch(self.world().in_recovery || self.world().read_only),
            "default_transaction_read_only" => switch(self.world().read_only),
            "in_hot_standby" => switch(self.world().in_recovery),
            "ssl" => switch(false),
            "max_connections" => self.world().max_connections.to_string(),
            "superuser_reserved_connections" => RESERVED.to_string(),
            "server_encoding" | "client_encoding" => "UTF8".to_owned(),
            "transaction_isolation" | "default_transaction_isolation" => "read committed".to_owned(),
            "search_path" => "\"$user\", public".to_owned(),
            "timezone" => "UTC".to_owned(),
            "statement_timeout" => "0".to_owned(),
            _ => return Err(error("42704", format!("unrecognized configuration parameter \"{name}\""))),
        })
    }

    /// Every connection that is held now: whether somebody outside of this world holds it.
    pub(super) fn holders(&self) -> Vec<bool> {
        let others = self.world().held_connections;
        let own = self.connections.load(Ordering::Relaxed);
        std::iter::repeat_n(true, others).chain(std::iter::repeat_n(false, own)).collect()
    }
}

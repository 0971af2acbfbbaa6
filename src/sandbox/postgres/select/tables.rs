//! The tables of a database: its own, and those of PostgreSQL's catalogue that a gate looks into.

use pgwire::error::PgWireError;

use super::{Asker, Relation};
use crate::sandbox::postgres::error::error;
use crate::sandbox::world::{Cell, Kind};

impl Asker<'_> {
    /// The rows of a table.
    pub(super) fn relation(&self, name: &str) -> Result<Relation, PgWireError> {
        if let Some(found) = self.catalogue(name.strip_prefix("pg_catalog.").unwrap_or(name)) {
            return Ok(found);
        }
        let Some(table) = self.table(name) else {
            return Err(error("42P01", format!("relation \"{name}\" does not exist")));
        };
        self.enter(&table.schema)?;
        if table.withheld.iter().any(|privilege| privilege == "SELECT") {
            return Err(error("42501", format!("permission denied for table {}", table.name)));
        }
        Ok(Relation { columns: table.columns.clone(), rows: table.rows.clone(), name: table.name.clone() })
    }

    /// A schema must be open to whoever names something in it.
    pub(super) fn enter(&self, schema: &str) -> Result<(), PgWireError> {
        if self.schema_withholds(schema, "USAGE") {
            return Err(error("42501", format!("permission denied for schema {schema}")));
        }
        Ok(())
    }

    pub(super) fn schema_withholds(&self, schema: &str, privilege: &str) -> bool {
        let all = self.world().map(|world| world.withheld.as_slice()).unwrap_or_default();
        all.iter().any(|(one, withheld)| one == schema && withheld == privilege)
    }

    fn catalogue(&self, name: &str) -> Option<Relation> {
        let world = self.server.world();
        let text = |text: &str| Cell::Text(text.to_owned());
        let limit = |limit: Option<u32>| Cell::Number(limit.map_or(-1, i64::from));
        let (columns, rows): (&[(&str, Kind)], Vec<Vec<Cell>>) = match name {
            "pg_extension" => (
                &[("extname", Kind::Text)],
                self.world()?.extensions.iter().map(|one| vec![text(one)]).collect(),
            ),
            "pg_roles" => (
                &[("rolname", Kind::Text), ("rolconnlimit", Kind::Int), ("rolcanlogin", Kind::Truth)],
                world
                    .roles
                    .iter()
                    .map(|role| vec![text(&role.name), limit(role.connection_limit), Cell::Truth(role.login)])
                    .collect(),
            ),
            "pg_database" => (
                &[("datname", Kind::Text), ("datconnlimit", Kind::Int), ("datallowconn", Kind::Truth)],
                world
                    .databases
                    .iter()
                    .map(|one| {
                        vec![
                            text(&one.name),
                            limit(one.connection_limit),
                            Cell::Truth(one.allows_connections),
                        ]
                    })
                    .collect(),
            ),
            // Everybody who is not held from outside is the service, or the gate in its place.
            "pg_stat_activity" => (
                &[("datname", Kind::Text), ("usename", Kind::Text), ("application_name", Kind::Text)],
                self.server
                    .holders()
                    .into_iter()
                    .map(|other| match other {
                        true => vec![text("postgres"), text("postgres"), text("psql")],
                        false => vec![text(&self.database), text(&self.user), text("")],
                    })
                    .collect(),
            ),
            _ => return None,
        };
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        Some(Relation { columns, rows, name: name.to_owned() })
    }
}

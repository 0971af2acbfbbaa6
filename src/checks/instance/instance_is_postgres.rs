//! The Cloud SQL instance of the database is a PostgreSQL server.

use google_cloud_sql_v1::model::DatabaseInstance;

use crate::checks::database::declared;
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::instance::{connection_name, is_postgres, known_instance};
use crate::live::service::{failed, malformed, passed};
use crate::record::finding::{Finding, InstanceFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::INSTANCE_IS_POSTGRES,
    holds: "The Cloud SQL instance is a PostgreSQL server",
    family: Family::Instance,
    place: place::of_instance,
    subjects: declared,
    run: |scope| either(look(scope)),
    ..USUAL
};

async fn look(scope: &Scope) -> Result<Outcome, Outcome> {
    known_instance(scope).await.map(|instance| judge(&instance))
}

fn judge(instance: &DatabaseInstance) -> Outcome {
    let name = connection_name(instance);
    match instance.database_version.name() {
        Some("SQL_DATABASE_VERSION_UNSPECIFIED") | None => malformed(name, "it states no database version"),
        Some(version) if is_postgres(instance) => passed(format!("{name} is {}", bounded(version))),
        Some(version) => {
            let version = bounded(version);
            failed(Finding::Instance(InstanceFinding::OtherEngine { instance: name, version }))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_prefix_decides_so_that_versions_of_the_future_count() {
        let judged = |version| judge(&serde_json::from_value(json!({"databaseVersion": version})).unwrap());
        assert!(matches!(judged(json!("POSTGRES_99")), Outcome::Passed { .. }));
        for other in ["MYSQL_8_0", "SQLSERVER_2022_STANDARD", "ORACLE_99"] {
            assert!(matches!(judged(json!(other)), Outcome::Failed { .. }), "{other}");
        }
        for none in [json!(null), json!(0), json!("SQL_DATABASE_VERSION_UNSPECIFIED")] {
            assert!(matches!(judged(none), Outcome::Inconclusive { .. }));
        }
    }
}

//! The database has room for the connections that the service can open.

use google_cloud_run_v2::model::{Revision, Service};
use secrecy::ExposeSecret as _;

use crate::checks::database::{answers, declared, outcome};
use crate::checks::{Check, USUAL, either, place};
use crate::live::Scope;
use crate::live::connection::{Given, given};
use crate::live::service::{failed, ingress, passed};
use crate::model::names_pool_size;
use crate::probe::postgres::Slots;
use crate::record::finding::{DatabaseFinding, Finding};
use crate::record::{CheckId, Fact, Family, Outcome, Vantage, check_id};

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: CheckId::new("database-has-headroom"),
    holds: "The database has room for the connections that the service can open",
    family: Family::Database,
    place: place::of_database,
    vantage: Vantage::Runner,
    needs: &[check_id::DATABASE_QUERY],
    explained_by: &[check_id::DATABASE_QUERY],
    subjects: declared,
    run: |scope| either(run(scope)),
    ..USUAL
};

/// Connections of one instance of Cloud Run to one Cloud SQL instance, at most
/// (<https://docs.cloud.google.com/sql/docs/postgres/connect-run>).
const OF_ONE_INSTANCE: u32 = 100;
/// Cloud Run's own maximum of instances where the revision states none.
const INSTANCES: u32 = 100;

async fn run(scope: &Scope) -> Result<Outcome, Outcome> {
    let answers = answers(scope).map_err(|outcome| *outcome)?;
    let slots = answers.slots.as_ref().map_err(|stop| outcome(scope, stop.clone()))?;
    let revision = scope.revision().await?;
    let service = scope.live_service().await.ok();
    let instances = most_instances(&revision, service.as_deref());
    let pool = pool(scope, &revision);
    let finding = match &pool {
        Some((pool, from)) => judge(slots, instances, *pool, from, on_cloud_sql(scope)),
        None => nearly_full(slots, 1),
    };
    if let Some(finding) = finding {
        return Ok(failed(Finding::Database(finding)));
    }
    let (room, limit) = room(slots);
    let numbers =
        format!("{} of {} connections are in use, {} reserved", slots.in_use, slots.most, slots.reserved);
    let Some((pool, from)) = pool else {
        return Ok(passed(format!(
            "{numbers}; how many the service can open is not known (`pool:` of the rungate file says how many one of its up to {instances} instances may hold)"
        )));
    };
    let wanted = instances.saturating_mul(pool);
    if wanted.saturating_mul(2) > room {
        scope.fact(Fact::Note {
            text: format!(
                "while a rollout lasts, two revisions may hold {} connections together, and {limit} leaves {room}",
                wanted.saturating_mul(2)
            ),
        });
    }
    Ok(passed(format!(
        "{numbers}; {instances} instances with {pool} connections each ({from}) want {wanted}, and {limit} leaves {room}"
    )))
}

/// What does not fit, the hardest first.
fn judge(
    slots: &Slots,
    instances: u32,
    pool: u32,
    from: &str,
    on_cloud_sql: bool,
) -> Option<DatabaseFinding> {
    let pool_from = from.to_owned();
    if on_cloud_sql && pool > OF_ONE_INSTANCE {
        return Some(DatabaseFinding::PoolTooLarge { pool, pool_from, most: OF_ONE_INSTANCE });
    }
    let (room, limit) = room(slots);
    if u64::from(instances) * u64::from(pool) > u64::from(room) {
        return Some(DatabaseFinding::NoHeadroom {
            instances,
            pool,
            pool_from,
            room,
            limit,
            most: slots.most,
            reserved: slots.reserved,
            others: others(slots),
        });
    }
    nearly_full(slots, pool)
}

/// How many connections the service could hold if all that its role holds now were its own, and what limits that.
fn room(slots: &Slots) -> (u32, String) {
    let server = slots.most.saturating_sub(slots.reserved).saturating_sub(others(slots));
    let database = slots
        .database_limit
        .map(|limit| limit.saturating_sub(slots.in_database.saturating_sub(slots.by_role)));
    smallest(server, slots.role_limit, database)
}

/// How many connections are free for one more instance now, the gate's own given back.
fn free(slots: &Slots) -> (u32, String) {
    let left = |limit: u32, held: u32| limit.saturating_sub(held.saturating_sub(1));
    let server = left(slots.most.saturating_sub(slots.reserved), slots.in_use);
    let role = slots.role_limit.map(|limit| left(limit, slots.by_role));
    let database = slots.database_limit.map(|limit| left(limit, slots.in_database));
    smallest(server, role, database)
}

fn smallest(server: u32, role: Option<u32>, database: Option<u32>) -> (u32, String) {
    let all = [
        (Some(server), "max_connections"),
        (role, "the role's own limit"),
        (database, "the database's own limit"),
    ];
    let all = all.into_iter().filter_map(|(count, what)| Some((count?, what)));
    let (count, what) = all.min_by_key(|(count, _)| *count).unwrap_or((server, "max_connections"));
    (count, what.to_owned())
}

fn others(slots: &Slots) -> u32 {
    slots.in_use.saturating_sub(slots.by_role)
}

fn nearly_full(slots: &Slots, pool: u32) -> Option<DatabaseFinding> {
    let (free, limit) = free(slots);
    (free < pool).then_some(DatabaseFinding::NearlyFull {
        free,
        pool,
        limit,
        most: slots.most,
        reserved: slots.reserved,
        in_use: slots.in_use,
    })
}

/// The most instances that there may be at once, of the new revision and of the whole service.
fn most_instances(revision: &Revision, service: Option<&Service>) -> u32 {
    let stated = |count: i32| u32::try_from(count).ok().filter(|count| *count > 0);
    let of_revision = revision.scaling.as_ref().and_then(|scaling| stated(scaling.max_instance_count));
    let of_service = service
        .and_then(|service| service.scaling.as_ref())
        .and_then(|scaling| stated(scaling.max_instance_count));
    let stated = of_revision.into_iter().chain(of_service).min();
    stated.unwrap_or(INSTANCES)
}

/// How many connections one instance may hold, and what says so: the rungate file, a variable of the live revision, an
/// option of its connection string.
fn pool(scope: &Scope, revision: &Revision) -> Option<(u32, String)> {
    let database = scope.target.service.database.as_ref()?;
    if let Some(pool) = database.pool {
        return Some((pool, "`pool` of the rungate file".to_owned()));
    }
    let container = ingress(revision)?;
    for variable in container.env.iter().filter(|variable| names_pool_size(&variable.name)) {
        if let Some(Given::Plain(value)) = given(revision, &variable.name)
            && let Ok(pool) = value.expose_secret().trim().parse()
            && pool > 0
        {
            return Some((pool, variable.name.clone()));
        }
    }
    // What the connection string itself says.
    let (pool, url) = (scope.conversation.answers()?.connection.pool?, database.variables.leading());
    Some((pool, url.to_owned()))
}

fn on_cloud_sql(scope: &Scope) -> bool {
    scope.target.service.database.as_ref().is_some_and(|database| database.instance.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOTS: Slots = Slots {
        most: 100,
        reserved: 3,
        in_use: 11,
        by_role: 5,
        in_database: 7,
        role_limit: None,
        database_limit: None,
    };

    fn said(slots: &Slots, instances: u32, pool: u32) -> String {
        judge(slots, instances, pool, "DB_POOL_SIZE", true)
            .map_or_else(|| "fits".to_owned(), |finding| finding.to_string())
    }

    #[test]
    fn what_the_service_can_open_is_held_against_what_there_is() {
        // 100 - 3 reserved - 6 of others = 91.
        assert_eq!(said(&SLOTS, 9, 10), "fits");
        assert_eq!(
            said(&SLOTS, 10, 10),
            "10 instances with 10 connections each (DB_POOL_SIZE) want 100, and max_connections leaves 91 (max_connections 100, 3 reserved, 6 held by others)"
        );
        assert!(said(&SLOTS, 1, 101).contains("Cloud Run lets 100 through"));
        assert!(said(&SLOTS, u32::MAX, 100).contains("want 429496729500"));
    }

    #[test]
    fn limits_of_role_and_database_count() {
        let role = Slots { role_limit: Some(20), ..SLOTS };
        assert!(said(&role, 3, 10).contains("the role's own limit leaves 20"));
        let database = Slots { database_limit: Some(20), ..SLOTS };
        // 20 - 2 of others in this database.
        assert!(said(&database, 2, 10).contains("the database's own limit leaves 18"));
        assert_eq!(said(&database, 1, 10), "fits");
    }

    #[test]
    fn a_full_server_is_told_whoever_fills_it() {
        let full = Slots { in_use: 95, by_role: 95, ..SLOTS };
        assert_eq!(
            said(&full, 1, 10),
            "3 connections are free by max_connections, and one instance may want 10 (max_connections 100, 3 reserved, 95 in use)"
        );
        assert_eq!(nearly_full(&full, 3), None, "the gate gives its own back");
        let nothing = Slots { most: 0, reserved: 3, in_use: 0, by_role: 0, ..SLOTS };
        assert!(nearly_full(&nothing, 1).is_some());
    }
}

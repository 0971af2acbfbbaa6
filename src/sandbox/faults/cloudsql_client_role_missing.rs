//! `cloudsql-client-role-missing`.

use super::{Expected, Fault, When, subject};
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;
use crate::sandbox::world::World;

pub(super) static FAULT: Fault = Fault {
    code: "cloudsql-client-role-missing",
    what: "The runtime service account may not connect to Cloud SQL.",
    expects: Expected { cause: CauseCode::CloudsqlClientRoleMissing, verdict: Verdict::Unhealthy },
    when: When::AfterDeploy,
    subject: &subject::SOCKET,
    change: inject,
};

fn inject(world: &mut World, service: usize) {
    if let Some(account) =
        world.services.get(service).and_then(|one| Some(one.newest()?.service_account.clone()))
    {
        world.sql_clients.retain(|(_, who)| *who != account);
    }
}

//! The VPC connector stands in the service's own region: Cloud Run cannot use another.

use crate::checks::vpc::vpc_connector_ready::{connector, with_vpc};
use crate::checks::{Check, USUAL, place};
use crate::live::Scope;
use crate::live::service::{failed, malformed, passed};
use crate::model::resource;
use crate::record::finding::{Finding, PathFinding};
use crate::record::{Family, Outcome, check_id};
use crate::text::bounded;

/// See the module.
pub(in crate::checks) static CHECK: Check = Check {
    id: check_id::VPC_CONNECTOR_IN_REGION,
    holds: "The VPC connector stands in the service's region",
    family: Family::Vpc,
    place: place::of_vpc,
    subjects: with_vpc,
    run: |scope| Box::pin(run(scope)),
    ..USUAL
};

async fn run(scope: &Scope) -> Outcome {
    match connector(scope).await {
        Ok(connector) => judge(connector, &scope.target.region),
        Err(outcome) => outcome,
    }
}

/// Judges where a connector stands, by its full name.
pub(in crate::checks) fn judge(connector: String, service_region: &str) -> Outcome {
    let Some(region) = resource::segment(&connector, "locations").map(str::to_owned) else {
        return malformed(bounded(&connector), "the name of a connector has a location");
    };
    if region == service_region {
        return passed(format!("{connector} stands in the service's region"));
    }
    let service_region = service_region.to_owned();
    failed(Finding::Path(PathFinding::ConnectorElsewhere { connector, region, service_region }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_tells_the_region() {
        let name = || "projects/p/locations/europe-west1/connectors/c".to_owned();
        assert!(matches!(judge(name(), "europe-west1"), Outcome::Passed { .. }));
        let Outcome::Failed { finding } = judge(name(), "europe-west4") else { panic!("passed") };
        assert!(finding.to_string().contains("expected the service's region europe-west4"), "{finding}");
        assert!(matches!(judge("connectors/c".into(), "europe-west1"), Outcome::Inconclusive { .. }));
    }
}

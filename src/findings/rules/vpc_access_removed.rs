//! A manifest replaces a service without the way into the VPC that another file or step gives it.

use crate::findings::look::{Found, Look};
use crate::findings::{Rule, Severity};
use crate::model::{DeploysVia, Service, Stated, VpcAccess};

/// See the module.
pub(super) static RULE: Rule = Rule {
    code: "vpc-access-removed",
    severity: Severity::Error,
    what: "a manifest drops the way into the VPC that another file gives",
    why: "`services replace` puts the manifest in the place of the whole service: a connector or network that it does not name is gone, and private addresses time out",
    fix: "name it in the manifest: the annotation run.googleapis.com/vpc-access-connector or run.googleapis.com/network-interfaces",
    look,
};

fn look(look: &Look<'_>) -> Vec<Found> {
    let service = look.service;
    let replaced = match service.deploys_via {
        DeploysVia::ServicesReplace | DeploysVia::Manifest => true,
        DeploysVia::DeployCloudrunAction => service.manifest.is_some(),
        DeploysVia::GcloudRunDeploy | DeploysVia::ServicesUpdate | DeploysVia::Native => false,
    };
    // The name stands in the manifest: without one nothing of it could be read.
    let Some(name) = service.name.as_ref().filter(|name| replaced && name.as_known().is_some()) else {
        return Vec::new();
    };
    if let Some(way) = way(&service.vpc) {
        // What the rungate file alone says is in neither the manifest nor the steps around it.
        let elsewhere = way.place.file != name.place.file && way.place.file != service.place.file;
        let message = "this way into the VPC is not in the manifest that the service is replaced by";
        let found = || look.found_at(way, message).related(&name.place, "the manifest");
        return if elsewhere { vec![found()] } else { Vec::new() };
    }
    let others = look.pipeline.services.iter().filter(|other| may_be_one(service, other));
    let mut ways = others.filter_map(|other| Some((other, way(&other.vpc)?)));
    // What a later step of the same file gives is there in the end; of two files nobody knows which comes last.
    let earlier =
        |other: &Service| other.place.file != service.place.file || other.place.line < service.place.line;
    let Some((other, way)) = ways.find(|(other, _)| earlier(other)) else { return Vec::new() };
    let message = format!("this replaces `{}` without its way into the VPC", name.raw());
    let found = look.found_here(message).related(&way.place, "which is given here");
    vec![found.only_if(other.place.file != service.place.file, Severity::Warning)]
}

fn way(vpc: &VpcAccess) -> Option<&Stated> {
    vpc.connector.as_ref().or(vpc.network.as_ref()).or(vpc.subnet.as_ref())
}

/// Whether two deploys are of one service, as far as the files tell.
fn may_be_one(one: &Service, other: &Service) -> bool {
    let known = |stated: &Option<Stated>| stated.as_ref().and_then(Stated::as_known).map(str::to_owned);
    let differ = |one: &Option<Stated>, other: &Option<Stated>| match (known(one), known(other)) {
        (Some(one), Some(other)) => one != other,
        (Some(_) | None, _) => false,
    };
    known(&one.name) == known(&other.name)
        && other.deploys_via != DeploysVia::Native
        && !differ(&one.project, &other.project)
        && !differ(&one.region, &other.region)
}

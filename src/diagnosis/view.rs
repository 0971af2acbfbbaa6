//! The record as the diagnosis looks at it: one service, its checks in causal order.

use std::collections::HashMap;

use crate::record::finding::{Finding, HealthFinding, PostgresFinding};
use crate::record::{CheckId, Family, Graph, NodeRecord, RunRecord, ServiceRecord, Vantage, check_id};

/// One service of a record, with its nodes in causal order, whatever order the record has them in.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    pub(super) record: &'a RunRecord,
    pub(super) graph: &'a Graph,
    pub(super) service: &'a ServiceRecord,
    pub(super) nodes: Vec<&'a NodeRecord>,
}

impl<'a> View<'a> {
    /// Every service of a record: its nodes are looked through once.
    pub(super) fn all(record: &'a RunRecord, graph: &'a Graph) -> Vec<Self> {
        let nodes = nodes_by_service(record);
        let view = |service: &'a ServiceRecord| {
            let nodes = nodes.get(service.key.as_str()).into_iter().flatten();
            Self::of_nodes(record, graph, service, nodes.filter_map(|&index| record.nodes.get(index)))
        };
        record.services.iter().map(view).collect()
    }

    /// A service whose nodes are known.
    pub(super) fn of_nodes(
        record: &'a RunRecord,
        graph: &'a Graph,
        service: &'a ServiceRecord,
        nodes: impl Iterator<Item = &'a NodeRecord>,
    ) -> Self {
        let mut nodes: Vec<&NodeRecord> = nodes.collect();
        nodes.sort_by_cached_key(|node| (graph.position(node.check), node.key()));
        Self { record, graph, service, nodes }
    }

    /// The nodes of a check: several where it has subjects.
    pub(super) fn of(&self, check: CheckId) -> impl Iterator<Item = &'a NodeRecord> {
        self.nodes.iter().copied().filter(move |node| node.check == check)
    }

    pub(super) fn by_key(&self, key: &str) -> Option<&'a NodeRecord> {
        self.nodes.iter().copied().find(|node| node.key() == key)
    }

    /// Whether a check is part of the conversation with the database.
    pub(super) fn is_of_database(&self, check: CheckId) -> bool {
        self.graph.family(check) == Family::Database
    }

    /// Whether the check was made and held for every subject.
    pub(super) fn held(&self, check: CheckId) -> bool {
        self.of(check).next().is_some() && self.of(check).all(NodeRecord::passed)
    }

    /// Whether a login and a query worked with the service's own network and identity.
    pub(super) fn query_worked_inside(&self) -> bool {
        self.of(check_id::DATABASE_QUERY).any(|node| node.passed() && node.vantage == Vantage::InVpc)
    }

    /// Whether a variable, or the file of a mounted secret, leads to the database. Where the record does not say
    /// which do, any may.
    pub(super) fn leads_to_database(&self, target: &str) -> bool {
        self.service.database.as_ref().is_some_and(|database| {
            database.variables.is_empty() || database.variables.iter().any(|name| name == target)
        })
    }

    /// Files, project and region as arguments of commands.
    pub(super) fn project_flag(&self) -> String {
        format!("--project={}", self.service.project)
    }

    pub(super) fn region_flag(&self) -> String {
        format!("--region={}", self.service.region)
    }
}

/// The places of the nodes in a record, by the key of their service.
pub(super) fn nodes_by_service(record: &RunRecord) -> HashMap<&str, Vec<usize>> {
    let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, node) in record.nodes.iter().enumerate() {
        found.entry(&node.service).or_default().push(index);
    }
    found
}

/// Whether what a node saw says anything about the service: names and routes as the gate's own machine sees
/// them are no evidence about another network.
pub(super) fn speaks_of_the_service(node: &NodeRecord) -> bool {
    let elsewhere = node.vantage == Vantage::Runner;
    match node.finding() {
        Some(Finding::Postgres(
            PostgresFinding::NameUnresolvable { .. }
            | PostgresFinding::TimedOut { .. }
            | PostgresFinding::Unreachable { .. },
        )) => !elsewhere,
        Some(
            Finding::Service(_)
            | Finding::Injection(_)
            | Finding::Credential(_)
            | Finding::Path(_)
            | Finding::Instance(_)
            | Finding::Postgres(
                PostgresFinding::Refused { .. }
                | PostgresFinding::NotPostgres { .. }
                | PostgresFinding::Cut { .. }
                | PostgresFinding::TlsUnsupported { .. }
                | PostgresFinding::CertificateInvalid { .. }
                | PostgresFinding::ClientCertificateRefused { .. }
                | PostgresFinding::TlsFailed { .. }
                | PostgresFinding::LoginRefused { .. }
                | PostgresFinding::ServerUnproven { .. }
                | PostgresFinding::SessionUnwanted { .. }
                | PostgresFinding::QueryFailed { .. },
            )
            | Finding::Database(_)
            | Finding::Log(_)
            | Finding::Health(_)
            | Finding::Journey(_),
        ) => true,
        None => false,
    }
}

/// Whether a health finding names a database as bad.
pub(super) fn names_database_down(finding: &Finding) -> bool {
    matches!(finding, Finding::Health(HealthFinding::Unhealthy { failing, .. })
        if failing.iter().any(|one| one.database))
}

//! The faults, near misses and twins: one entry each, in the list of its family. `FAMILIES` walks the lists.
//!
//! A fault changes the world, plain data, and nothing else. What the control plane then says and what the sample
//! service then experiences both follow from the world.
//!
//! A fault shows that the gate names what is broken. A near miss shows that it names nothing where nothing is, and a
//! twin that it is not led astray by what looks like the cause.

mod credential;
mod database;
mod gate;
mod health;
mod injection;
mod instance;
mod parts;
mod service;
mod shape;
pub mod subject;
mod vpc;

use std::fmt;

pub use subject::Subject;

use super::world::World;
use crate::diagnosis::Verdict;
use crate::diagnosis::cause::CauseCode;

/// Every family, in the order in which a request travels.
static FAMILIES: &[&[Fault]] = &[
    service::FAULTS,
    injection::FAULTS,
    credential::FAULTS,
    vpc::access::FAULTS,
    vpc::firewall::FAULTS,
    vpc::routes::FAULTS,
    instance::FAULTS,
    database::server::FAULTS,
    database::login::FAULTS,
    database::contents::FAULTS,
    health::FAULTS,
    gate::FAULTS,
];

/// One stated way in which the world can change, and what the gate must say of it.
pub struct Fault {
    /// What it is called, if not after its cause.
    name: Option<&'static str>,
    /// The cause that it looks like.
    pub looks_like: CauseCode,
    /// The root cause that the gate must name; `None`: nothing is broken.
    pub cause: Option<CauseCode>,
    /// The verdict that the gate must give.
    pub verdict: Verdict,
    /// What changes, in one sentence.
    pub what: &'static str,
    /// Whether the deploy already meets it.
    pub when: When,
    /// What it changes.
    pub subject: &'static Subject,
    /// Changes it, at the service of that position in [`World::services`]. Where what it changes is not there, it
    /// changes nothing.
    pub change: fn(&mut World, usize),
}

/// What a fault is, compared with what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Inconclusive as it looks.
    Fault,
    /// It looks broken, and is healthy.
    NearMiss,
    /// It is broken otherwise than it looks.
    Twin,
}

impl Kind {
    /// As the drill shows it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::NearMiss => "near miss",
            Self::Twin => "twin",
        }
    }
}

/// When a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the deploy: Cloud Run sees it when it judges the new revision.
    BeforeDeploy,
    /// After the deploy, while the new revision is ready.
    AfterDeploy,
}

impl Fault {
    /// A fault that the deploy meets. It is called what its cause is called, and leaves the service unhealthy.
    pub const fn before_deploy(
        cause: CauseCode,
        what: &'static str,
        subject: &'static Subject,
        change: fn(&mut World, usize),
    ) -> Self {
        let (when, verdict) = (When::BeforeDeploy, Verdict::Unhealthy);
        Self { name: None, looks_like: cause, cause: Some(cause), verdict, what, when, subject, change }
    }

    /// The same, after the deploy.
    pub const fn after_deploy(
        cause: CauseCode,
        what: &'static str,
        subject: &'static Subject,
        change: fn(&mut World, usize),
    ) -> Self {
        Self::before_deploy(cause, what, subject, change).later()
    }

    /// A world that only looks broken.
    const fn near_miss(
        name: &'static str,
        looks_like: CauseCode,
        what: &'static str,
        subject: &'static Subject,
        change: fn(&mut World, usize),
    ) -> Self {
        let verdict = Verdict::Healthy;
        let fault = Self::before_deploy(looks_like, what, subject, change);
        Self { name: Some(name), cause: None, verdict, ..fault }
    }

    /// A world that is broken otherwise than it looks.
    const fn twin(
        name: &'static str,
        looks_like: CauseCode,
        cause: CauseCode,
        what: &'static str,
        subject: &'static Subject,
        change: fn(&mut World, usize),
    ) -> Self {
        Self { name: Some(name), looks_like, ..Self::before_deploy(cause, what, subject, change) }
    }

    /// The same, after the deploy.
    const fn later(mut self) -> Self {
        self.when = When::AfterDeploy;
        self
    }

    /// The same, of which the gate must give this verdict.
    const fn with_verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }

    /// What it is called, in kebab-case.
    pub fn code(&self) -> &'static str {
        self.name.unwrap_or_else(|| self.looks_like.into())
    }

    /// Whether it is what it looks like.
    pub fn kind(&self) -> Kind {
        match self.cause {
            None => Kind::NearMiss,
            Some(cause) if cause == self.looks_like => Kind::Fault,
            Some(_) => Kind::Twin,
        }
    }

    /// Whether the world has what it changes.
    ///
    /// # Errors
    ///
    /// Why not, as the end of a sentence.
    pub fn applies(&self, world: &World) -> Result<(), String> {
        let found = self.subject.find(world);
        found.map(drop).ok_or_else(|| format!("no service of it has {}", self.subject.has))
    }

    /// Changes the world, if it has what this fault changes.
    pub fn inject(&self, world: &mut World) {
        if let Some(service) = self.subject.find(world) {
            (self.change)(world, service);
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault").field(&self.code()).finish()
    }
}

/// Every fault, then every near miss and twin, each in the order in which a request travels.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    let others = FAMILIES.iter().copied().flatten().filter(|fault| fault.kind() != Kind::Fault);
    of(Kind::Fault).chain(others)
}

/// All of a kind.
pub fn of(kind: Kind) -> impl Iterator<Item = &'static Fault> {
    FAMILIES.iter().copied().flatten().filter(move |fault| fault.kind() == kind)
}

/// The fault, near miss or twin of that name.
pub fn find(code: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.code() == code)
}
#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox::world::testing::incident;

    #[test]
    fn codes_are_unique_and_found() {
        let codes: BTreeSet<&str> = all().map(Fault::code).collect();
        assert_eq!(codes.len(), all().count());
        for fault in all() {
            assert!(find(fault.code()).is_some_and(|found| std::ptr::eq(found, fault)), "{fault:?}");
            assert!(fault.what.ends_with('.'), "{fault:?}");
        }
        assert!(find("no-such-fault").is_none());
    }

    #[test]
    fn a_fault_is_called_what_its_cause_is_called() {
        for fault in of(Kind::Fault) {
            assert_eq!(Some(fault.code().to_owned()), fault.cause.map(|cause| cause.to_string()));
        }
    }

    /// What a near miss or a twin looks like can be provoked for real.
    #[test]
    fn what_a_fault_looks_like_is_a_fault() {
        for fault in all() {
            let real = find(fault.looks_like.into()).map(Fault::kind);
            assert_eq!(real, Some(Kind::Fault), "{fault:?}: no fault {}", fault.looks_like);
        }
    }

    #[test]
    fn every_fault_says_whether_it_applies() {
        // The incident's service dials a private address, in variables of their own, and does not name its instance;
        // everything else it has.
        let not_here = [
            "database-name-unresolvable",
            "instance-not-found",
            "credential-unescaped",
            "credential-scheme-mismatch",
            "credential-unreadable",
            "socket-tls-conflict",
            "authorized-network-missing",
            "cloudsql-client-role-missing",
            "cloudsql-not-attached",
            "cloudsql-name-mismatch",
            "server-identity-unverified",
            "vpc-network-not-found",
            "egress-without-nat",
            "egress-blocks-cloudsql-socket",
            "subnet-exhausted",
            "firewall-denies-proxy-port",
            "journey-step-failed",
            "migrations-pending",
            "extension-missing",
            "schema-missing",
            "schema-permission-denied",
            "query-result-mismatch",
            "health-expectation-unmet",
            "health-version-mismatch",
        ];
        for fault in all() {
            assert!(fault.applies(&World::default()).is_err(), "{fault:?}");
        }
        for fault in of(Kind::Fault) {
            let applies = fault.applies(&incident());
            assert_eq!(applies.is_err(), not_here.contains(&fault.code()), "{fault:?}: {applies:?}");
        }
    }

    #[test]
    fn no_fault_stops_in_a_world_without_services() {
        for fault in all() {
            fault.inject(&mut World::default());
            (fault.change)(&mut World::default(), 0);
        }
    }
}

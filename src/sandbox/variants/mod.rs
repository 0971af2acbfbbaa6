//! Variants: worlds that look broken and are not, and worlds in which a symptom has another cause than it seems.
//!
//! A fault shows that the gate names what is broken. A near miss shows that it names nothing where nothing is, and a
//! twin that it is not led astray by what looks like the cause.

mod injection;
mod instance;
mod revision;
mod way;

use crate::diagnosis::cause::CauseCode;

use super::faults::{Expected, Fault, Subject, When};
use super::world::World;
use crate::diagnosis::Verdict;

/// A variant of the world.
#[derive(Debug)]
pub struct Variant {
    /// The cause that it looks like, and that must not be named.
    pub looks_like: CauseCode,
    /// The root cause that must be named; `None`: a near miss, which is healthy.
    pub cause: Option<CauseCode>,
    /// How the world changes, under the variant's own name. What it expects is what must be said of a twin.
    pub change: Fault,
}

/// Every variant, by family, in the order in which a request travels.
pub static VARIANTS: &[&Variant] = &[
    &revision::OLDER_REVISION_FAILED,
    &revision::NOT_STARTED_FOR_ITS_SECRET,
    &revision::STOPPED_AFTER_A_FAILED_REVISION,
    &injection::OLDER_VERSION_DISABLED,
    &injection::PINNED_BESIDE_A_NEWER_VERSION,
    &injection::UNUSED_SECRET_DENIED,
    &injection::ROTATED_IN_THE_SECRET_ONLY,
    &way::DENIED_AFTER_IT_IS_ALLOWED,
    &way::DENIED_FOR_ANOTHER_TAG,
    &way::DENIED_BY_A_RULE_THAT_IS_OFF,
    &way::CONNECTOR_UPDATING,
    &way::ROUTE_TO_A_WIDER_RANGE,
    &way::EXEMPT_FROM_A_POLICY,
    &way::POLICY_FOR_OTHERS,
    &way::DIVERTED_BY_A_POLICY,
    &way::ON_A_MACHINE,
    &way::MACHINE_OF_ANOTHER_TAG_CLOSED,
    &way::BEHIND_AN_ENDPOINT,
    &way::SHARED_VPC,
    &way::DENIED_BY_THE_ORGANISATION,
    &way::NOTHING_LISTENS_ON_THE_MACHINE,
    &way::STOPPED_BEHIND_A_RULE_FOR_OTHERS,
    &instance::ANOTHER_INSTANCE_STOPPED,
    &instance::PUBLIC_ADDRESS_CLOSED,
    &instance::GATE_MAY_NOT_CONNECT,
    &instance::IAM_LOGIN_ON,
    &instance::IAM_LOGIN_NOT_GRANTED,
    &instance::IAM_FLAG_OFF,
    &instance::SERVER_DOWN_BESIDE_A_STOPPED_INSTANCE,
];

/// The variant of that name.
pub fn find(name: &str) -> Option<&'static Variant> {
    VARIANTS.iter().copied().find(|variant| variant.name() == name)
}

impl Variant {
    /// Its name, in kebab-case.
    pub fn name(&self) -> &'static str {
        self.change.code
    }

    /// `near miss` or `twin`.
    pub fn kind(&self) -> &'static str {
        if self.cause.is_some() { "twin" } else { "near miss" }
    }

    /// A world that only looks broken.
    const fn near_miss(
        name: &'static str,
        looks_like: CauseCode,
        what: &'static str,
        subject: &'static Subject,
        change: fn(&mut World, usize),
    ) -> Self {
        let expects = Expected { cause: looks_like, verdict: Verdict::Healthy };
        let change = Fault { code: name, what, expects, when: When::BeforeDeploy, subject, change };
        Self { looks_like, cause: None, change }
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
        let expects = Expected { cause, verdict: Verdict::Unhealthy };
        let change = Fault { code: name, what, expects, when: When::BeforeDeploy, subject, change };
        Self { looks_like, cause: Some(cause), change }
    }

    /// The same, after the deploy.
    const fn later(mut self) -> Self {
        self.change.when = When::AfterDeploy;
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sandbox::faults::{self, FAULTS};

    #[test]
    fn names_are_unique_and_no_faults() {
        let names: BTreeSet<&str> = VARIANTS.iter().map(|variant| variant.name()).collect();
        assert_eq!(names.len(), VARIANTS.len());
        for variant in VARIANTS {
            assert!(find(variant.name()).is_some());
            assert!(faults::find(variant.name()).is_none(), "{} is a fault", variant.name());
            assert!(variant.change.what.ends_with('.'), "{}", variant.name());
            assert_ne!(variant.cause, Some(variant.looks_like), "{} looks like what it is", variant.name());
        }
    }

    /// What a variant looks like can be provoked for real.
    #[test]
    fn what_a_variant_looks_like_is_a_fault() {
        for variant in VARIANTS {
            let code = variant.looks_like.to_string();
            assert!(FAULTS.iter().any(|fault| fault.code == code), "{}: no fault {code}", variant.name());
        }
    }

    #[test]
    fn no_variant_stops_in_a_world_without_services() {
        for variant in VARIANTS {
            (variant.change.change)(&mut World::default(), 0);
            assert!(variant.change.applies(&World::default()).is_err());
        }
    }
}

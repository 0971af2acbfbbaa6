//! Which rule decides.
//!
//! Rules that may or may not match make several outcomes possible. All of them are collected, and the answer is
//! definite where they agree. One pass: each rule is matched once.

use std::mem::discriminant;

use super::matching::{Match, matches, would_match_by_identity};
use super::{
    Action, Decision, Direction, Firewall, Order, Packet, PartyKind, Peers, Policy, Rule, RuleKind, RuleRef,
    Targets, Why,
};
use crate::network::Fact;

/// Priority of the implied rules, and the last of VPC rules.
const LAST_OF_VPC: u32 = 65_535;

/// Priority of the rule by which Google lets a connector's packets in.
const OF_CONNECTOR: u32 = 1_000;

/// What a firewall does with a packet.
pub fn decide(firewall: &Firewall, packet: &Packet, direction: Direction) -> Decision {
    let in_order = |order| Evaluation::new(packet, direction).run(firewall, order);
    match firewall.order {
        Order::AfterClassicFirewall | Order::BeforeClassicFirewall => in_order(firewall.order),
        Order::Unread => {
            let after = in_order(Order::AfterClassicFirewall);
            let before = in_order(Order::BeforeClassicFirewall);
            if discriminant(&after) == discriminant(&before) {
                return after;
            }
            Decision::Inconclusive { rule: None, why: Why::OrderUnread }
        }
    }
}

/// Rules that let packets in by a tag or service account of the service, which has no effect with direct VPC egress.
pub fn without_effect(firewall: &Firewall, packet: &Packet) -> Vec<RuleRef> {
    let allows = |rule: &&Rule| rule.action == Action::Allow && would_match_by_identity(rule, packet);
    firewall.rules.iter().filter(allows).map(|rule| reference(RuleKind::Vpc, None, rule)).collect()
}

/// What a rule that takes effect makes of a packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
    /// Not to be known.
    Either,
}

/// An outcome that is possible.
struct Outcome {
    effect: Effect,
    by: Option<RuleRef>,
    /// Why it is only possible; `None` where the rule matches for certain.
    why: Option<Why>,
}

struct Evaluation<'a> {
    packet: &'a Packet,
    direction: Direction,
    outcomes: Vec<Outcome>,
    /// A rule that may or may not end the evaluation of its policy.
    fork: Option<(RuleRef, Why)>,
    /// Whether some packet may get as far as the next policy.
    open: bool,
}

impl<'a> Evaluation<'a> {
    fn new(packet: &'a Packet, direction: Direction) -> Self {
        Self { packet, direction, outcomes: Vec::new(), fork: None, open: true }
    }

    fn run(mut self, firewall: &Firewall, order: Order) -> Decision {
        self.policies(RuleKind::Hierarchical, &firewall.hierarchical);
        match &firewall.regional {
            Fact::Known(regional) => self.policies(RuleKind::System, &regional.system),
            Fact::Hidden(why) => self.hidden(why),
        }
        if order != Order::BeforeClassicFirewall {
            self.vpc(&firewall.rules);
        }
        self.policies(RuleKind::Global, &firewall.global);
        match &firewall.regional {
            Fact::Known(regional) => self.policies(RuleKind::Regional, &regional.network),
            Fact::Hidden(why) => self.hidden(why),
        }
        if order == Order::BeforeClassicFirewall {
            self.vpc(&firewall.rules);
        }
        self.implied();
        self.answer()
    }

    fn policies(&mut self, kind: RuleKind, policies: &[Policy]) {
        for policy in policies {
            self.level(kind, Some(&policy.name), &policy.rules, None);
        }
    }

    fn vpc(&mut self, rules: &[Rule]) {
        let from_connector = matches!(self.packet.from.kind, PartyKind::Connector { .. });
        let implicit =
            (self.direction == Direction::Ingress && from_connector && self.packet.stays_in_network())
                .then(connector_rule);
        self.level(RuleKind::Vpc, None, rules, implicit.as_ref());
    }

    /// One policy, or the VPC rules. In a policy no two rules have one priority; in a VPC the denying ones win.
    fn level(&mut self, kind: RuleKind, policy: Option<&str>, rules: &[Rule], implicit: Option<&Rule>) {
        if !self.open {
            return;
        }
        let matched = |kind, rule| {
            let found = self.matched(kind, rule);
            (found != Match::No).then_some((kind, rule, found))
        };
        let mut found: Vec<(RuleKind, &Rule, Match)> = rules
            .iter()
            .filter_map(|rule| matched(kind, rule))
            .chain(implicit.and_then(|rule| matched(RuleKind::Connector, rule)))
            .collect();
        found.sort_by_key(|(_, rule, _)| (rule.priority, rule.action != Action::Deny));
        let mut goes_on = false;
        for (kind, rule, found) in found {
            let why = match found {
                Match::Maybe(why) => Some(why),
                Match::Yes | Match::No => None,
            };
            let certain = why.is_none();
            let by = reference(kind, policy, rule);
            let (effect, why) = match &rule.action {
                Action::Allow => (Effect::Allow, why),
                Action::Deny => (Effect::Deny, why),
                Action::Inspect => (Effect::Either, Some(Why::Inspection)),
                Action::Other(action) => {
                    (Effect::Either, Some(Why::ActionUnknown { action: action.clone() }))
                }
                Action::GotoNext => {
                    goes_on = true;
                    if let Some(why) = why {
                        self.fork.get_or_insert((by, why));
                        continue;
                    }
                    return;
                }
            };
            self.outcomes.push(Outcome { effect, by: Some(by), why });
            if certain {
                self.open = goes_on;
                return;
            }
        }
    }

    fn matched(&self, kind: RuleKind, rule: &Rule) -> Match {
        let found = matches(rule, self.packet, self.direction);
        if found != Match::Yes {
            return found;
        }
        let opens_last = self.direction == Direction::Ingress
            && rule.action == Action::Allow
            && rule.priority >= LAST_OF_VPC;
        if kind == RuleKind::Vpc && opens_last {
            return Match::Maybe(Why::MeetsImpliedRule);
        }
        let elsewhere = PartyKind::Connector { in_service_project: true };
        if kind == RuleKind::Connector && self.packet.from.kind == elsewhere {
            return Match::Maybe(Why::ConnectorElsewhere);
        }
        found
    }

    fn hidden(&mut self, why: &str) {
        if self.open {
            let why = Why::PoliciesUnread { why: why.to_owned() };
            self.outcomes.push(Outcome { effect: Effect::Either, by: None, why: Some(why) });
        }
    }

    fn implied(&mut self) {
        if self.open {
            let (effect, name) = match self.direction {
                Direction::Egress => (Effect::Allow, "allow all egress"),
                Direction::Ingress => (Effect::Deny, "deny all ingress"),
            };
            let by = RuleRef {
                kind: RuleKind::Implied,
                policy: None,
                name: name.to_owned(),
                priority: LAST_OF_VPC,
                link: None,
            };
            self.outcomes.push(Outcome { effect, by: Some(by), why: None });
        }
    }

    fn answer(self) -> Decision {
        let all = |effect| self.outcomes.iter().all(|outcome| outcome.effect == effect);
        let certain = self.outcomes.iter().find(|outcome| outcome.why.is_none());
        match certain.and_then(|outcome| outcome.by.clone()) {
            Some(by) if all(Effect::Allow) => Decision::Allowed { by },
            Some(by) if all(Effect::Deny) => Decision::Denied { by },
            Some(_) | None => self.inconclusive(),
        }
    }

    /// Names what would have to be known: the first rule that may make it otherwise than the last one does.
    fn inconclusive(self) -> Decision {
        let last = self.outcomes.last().map(|outcome| outcome.effect);
        let otherwise = self.outcomes.into_iter().find_map(|outcome| {
            let differs = Some(outcome.effect) != last || outcome.effect == Effect::Either;
            outcome.why.filter(|_| differs).map(|why| (outcome.by, why))
        });
        let forked = self.fork.map(|(rule, why)| (Some(rule), why));
        match otherwise.or(forked) {
            Some((rule, why)) => Decision::Inconclusive { rule, why },
            // Outcomes differ only where one of them is uncertain or the way forked.
            None => Decision::Inconclusive { rule: None, why: Why::OrderUnread },
        }
    }
}

fn reference(kind: RuleKind, policy: Option<&str>, rule: &Rule) -> RuleRef {
    RuleRef {
        kind,
        policy: policy.map(str::to_owned),
        name: rule.name.clone(),
        priority: rule.priority,
        link: rule.link.clone(),
    }
}

/// "An implicit firewall rule with priority 1000 is created on the VPC network to allow ingress from the connector's
/// subnet or custom IP range to all destinations in the network"; no list shows it.
/// <https://cloud.google.com/run/docs/configuring/vpc-connectors>
fn connector_rule() -> Rule {
    Rule {
        name: String::new(),
        priority: OF_CONNECTOR,
        direction: Direction::Ingress,
        action: Action::Allow,
        disabled: false,
        targets: Targets::default(),
        from: Peers::default(),
        to: Peers::default(),
        traffic: Vec::new(),
        link: None,
    }
}

//! The verdicts in words, for whoever turns them into outcomes.

use std::fmt;

use super::{Conflict, Fault, Gap, Link, Seen, Verdict};
use crate::network::routes::{Hop, Route, RouteKind};

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry => write!(f, "way into the VPC network"),
            Self::Network => write!(f, "network"),
            Self::Subnet => write!(f, "subnet"),
            Self::Addresses => write!(f, "address ranges"),
            Self::Peering => write!(f, "private services access"),
            Self::Endpoint => write!(f, "Private Service Connect endpoint"),
            Self::EgressFirewall { port } => write!(f, "egress firewall, port {port}"),
            Self::ConnectorRules => write!(f, "firewall rules of the connector"),
            Self::Route => write!(f, "route"),
            Self::IngressFirewall { port } => write!(f, "ingress firewall, port {port}"),
            Self::Nat => write!(f, "Cloud NAT"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear(seen) => write!(f, "{seen}"),
            Self::Broken(fault) => write!(f, "{fault}"),
            Self::Suspect(fault) => write!(f, "not proven: {fault}"),
            Self::Unknown(gap) => write!(f, "not known: {gap}"),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enters { network } => write!(f, "packets enter network {network}"),
            Self::LeavesDirectly => {
                write!(f, "packets leave for the internet without entering a VPC network")
            }
            Self::OneNetwork { network } => write!(f, "service and database are in network {network}"),
            Self::SubnetFits { range } => write!(f, "the subnet ({range}) has addresses enough"),
            Self::NoConflict => write!(f, "no range is in the way of the database's address"),
            Self::PeeringActive { peering, range } => {
                write!(f, "peering {peering} is active, and {range} has the database's address")
            }
            Self::EndpointAccepted { endpoint } => write!(f, "endpoint {endpoint} is connected"),
            Self::FirewallAllows { by } => write!(f, "{by} allows the packet"),
            Self::ConnectorReachable => write!(f, "the firewall lets Google reach the connector"),
            Self::RouteLeads { route, policy_routes_read: true } => write!(f, "{route} leads there"),
            Self::RouteLeads { route, policy_routes_read: false } => {
                write!(f, "{route} leads there (policy-based routes, which come first, were not read)")
            }
            Self::Translated { nat, ports } => {
                write!(f, "Cloud NAT {nat} translates the service's addresses")?;
                match ports {
                    Some(ports) => {
                        write!(f, "; {ports} connections of a machine to one place have a port at once")
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVpcAccess { address } => {
                write!(f, "{address} is private, and the service has no way into a VPC network")
            }
            Self::EgressBypasses { address } => {
                write!(f, "private-ranges-only does not send {address} into the VPC network")
            }
            Self::ConnectorWithoutIpv6 { address } => {
                write!(f, "the service leaves by a connector, which carries no IPv6 such as {address}")
            }
            Self::WrongNetwork { service, database } => {
                write!(f, "the service leaves into network {service}, and the database is in {database}")
            }
            Self::SubnetTooSmall { subnet, range, at_most } => {
                write!(
                    f,
                    "subnet {subnet} ({range}) is smaller than the /{at_most} that direct VPC egress needs"
                )
            }
            Self::SubnetExhaustible { subnet, range, usable, needed, max_instances } => write!(
                f,
                "subnet {subnet} ({range}) has {usable} addresses, and {max_instances} instances take {needed}"
            ),
            Self::RangeConflict { range, conflict } => write!(f, "{range} {conflict}"),
            Self::PeeringMissing { network } => {
                write!(f, "network {network} has no peering of private services access")
            }
            Self::PeeringInactive { peering, details } => {
                write!(f, "peering {peering} is not active")?;
                if details.is_empty() { Ok(()) } else { write!(f, ": {details}") }
            }
            Self::PeeringRangeMismatch { peering, address, allocated } => {
                write!(f, "no range of {peering} has {address}; allocated: ")?;
                if allocated.is_empty() {
                    return write!(f, "none");
                }
                let ranges: Vec<String> = allocated.iter().map(ToString::to_string).collect();
                write!(f, "{}", ranges.join(", "))
            }
            Self::PeeringRouteMissing { peering, address } => {
                write!(f, "peering {peering} brings no route to {address}, though its range is allocated")
            }
            Self::EndpointMissing { address } => {
                write!(f, "no Private Service Connect endpoint has {address}")
            }
            Self::EndpointNotAccepted { endpoint, status } => {
                write!(f, "endpoint {endpoint} is in state {status}")
            }
            Self::EndpointInOtherNetwork { endpoint, network } => {
                write!(f, "endpoint {endpoint} stands in network {network}, not in the service's")
            }
            Self::EndpointInOtherRegion { endpoint, region } => {
                write!(f, "endpoint {endpoint} is for clients in {region} only")
            }
            Self::FirewallDenies { direction, port, by, without_effect } => {
                write!(f, "{by} denies {direction} to port {port}")?;
                for rule in without_effect {
                    write!(
                        f,
                        "; {rule} names a tag or service account, which direct VPC egress does not carry"
                    )?;
                }
                Ok(())
            }
            Self::FirewallDeniesProxyPort { by } => write!(f, "{by} denies port 3307, while 5432 is open"),
            Self::ConnectorRulesMissing { from, traffic, by } => {
                write!(f, "{by} denies {traffic} from {from}, by which Google reaches the connector")
            }
            Self::RouteDiverted { route } => write!(f, "{route} takes the packets elsewhere"),
            Self::RouteMissing { address } => write!(f, "no route leads to {address}"),
            Self::EgressWithoutNat { database_outside } => {
                write!(f, "all traffic goes into the VPC network, and no Cloud NAT leads out of it")?;
                if *database_outside { write!(f, ", to the database") } else { Ok(()) }
            }
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DockerBridge => "is of 172.17.0.0/16, which Cloud SQL uses inside",
            Self::OnceReserved => "is of 192.168.1.0/24, which Cloud Run once could not reach",
            Self::HasDatabase => "is the service's own range, and has the database's address",
            Self::NotExported => {
                "is a public range, which the peering does not tell the database's network of"
            }
            Self::NotAuthorized => "is not of RFC 1918, nor among the instance's authorized networks",
        })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread { what, why } => write!(f, "{what} could not be read: {why}"),
            Self::FirewallUndecided { rule: Some(rule), why } => write!(f, "{rule} may decide: {why}"),
            Self::FirewallUndecided { rule: None, why } => write!(f, "the firewall does not decide: {why}"),
            Self::PolicyRoute { name } => {
                write!(f, "policy-based route {name} may take the packets elsewhere")
            }
            Self::RoutesTie { routes } => {
                write!(f, "routes are equally good: ")?;
                let routes: Vec<String> = routes.iter().map(ToString::to_string).collect();
                write!(f, "{}", routes.join(", "))
            }
            Self::Beyond { route } => write!(f, "{route} leads out of what can be read"),
            Self::CarriageUndocumented { address } => {
                write!(f, "Google does not say whether private-ranges-only carries {address}")
            }
            Self::AddressUnplaced { address } => {
                write!(f, "{address} is public by its range, and nothing that was read has it")
            }
            Self::HiddenSubnet => {
                write!(f, "Google does not say whether Cloud NAT translates a connector made with a range")
            }
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RouteKind::Subnet => "subnet route",
            RouteKind::PeeringSubnet => "peering subnet route",
            RouteKind::Static => "static route",
            RouteKind::Dynamic => "dynamic route",
            RouteKind::PeeringCustom => "peering route",
            RouteKind::Policy => "policy-based route",
        };
        write!(f, "{kind}")?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        write!(f, " ({} to {})", self.range, self.hop)
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network => write!(f, "the network itself"),
            Self::Peering(name) => write!(f, "peering {name}"),
            Self::InternetGateway => write!(f, "the internet gateway"),
            Self::Instance(name) => write!(f, "machine {name}"),
            Self::LoadBalancer(name) => write!(f, "load balancer {name}"),
            Self::VpnTunnel(name) => write!(f, "VPN tunnel {name}"),
            Self::Interconnect(name) => write!(f, "Interconnect attachment {name}"),
            Self::Hub(name) => write!(f, "hub {name}"),
            Self::Other(name) => write!(f, "{name}"),
        }
    }
}

//! VPC networks: what lies in them and what they do with packets.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

use super::{Behind, Egress, VpcWorld, World};

/// A VPC network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkWorld {
    /// Project id; with Shared VPC the host project's.
    pub project: String,
    /// Short name.
    pub name: String,
    /// Its subnetworks.
    pub subnets: Vec<SubnetWorld>,
    /// Its own firewall rules.
    pub firewalls: Vec<FirewallWorld>,
    /// Rules of a hierarchical policy above it (organisation or folder): asked before its own.
    pub policy: Vec<FirewallWorld>,
    /// Its static routes.
    pub routes: Vec<RouteWorld>,
    /// Its policy-based routes, which come before all others.
    pub policy_routes: Vec<PolicyRouteWorld>,
    /// The peering with Google's services (private services access), which leads to Cloud SQL.
    pub private_services: PrivateServices,
    /// Regions with a Cloud NAT gateway for all subnetworks.
    pub nats: Vec<String>,
}

/// A subnetwork.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetWorld {
    /// Region.
    pub region: String,
    /// Short name.
    pub name: String,
    /// Its primary range.
    pub range: Ipv4Net,
}

/// A firewall rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirewallWorld {
    /// Its name.
    pub name: String,
    /// Whether it looks at packets that come in; else at those that leave.
    pub ingress: bool,
    /// Its priority; the lowest number decides.
    pub priority: u16,
    /// Whether it lets packets through.
    pub allows: bool,
    /// The far side: destination of what leaves, source of what comes in.
    pub ranges: Vec<IpNet>,
    /// TCP ports; empty: every protocol and port.
    pub ports: Vec<u16>,
    /// Network tags of the machines it is for; empty: all.
    pub target_tags: Vec<String>,
    /// Whether it is switched off.
    pub disabled: bool,
}

/// A static route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteWorld {
    /// Its name.
    pub name: String,
    /// Where packets are going to.
    pub range: IpNet,
    /// Its priority.
    pub priority: u32,
    /// The machine that it hands them to; `None`: the internet gateway.
    pub machine: Option<String>,
}

/// A policy-based route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRouteWorld {
    /// Its name.
    pub name: String,
    /// Its priority; the lowest number decides.
    pub priority: u32,
    /// Where packets are going to.
    pub to: IpNet,
    /// Network tags of the machines it is for; empty: all.
    pub tags: Vec<String>,
    /// Whether it is for VLAN attachments only.
    pub attachments: bool,
    /// The load balancer it hands them to, whose appliance drops them; `None`: it exempts them.
    pub balancer: Option<IpAddr>,
}

/// The state of private services access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivateServices {
    /// Whole.
    #[default]
    Active,
    /// The peering stands on this side only.
    Inactive,
    /// There is no peering.
    Missing,
    /// The peering stands and does not lead to the range in which the database lies.
    WithoutRange,
}

/// Ranges from which subnetworks are made; the first that holds no database is taken.
const SUBNET_RANGES: [&str; 3] = ["10.132.0.0/20", "10.164.0.0/20", "172.24.0.0/20"];

/// Ranges from which connectors are made.
const CONNECTOR_RANGES: [&str; 3] = ["10.8.0.0/28", "10.9.0.0/28", "172.25.0.0/28"];

/// Project and name of a network that there has to be, region and name of a subnetwork of it, and a region that needs
/// a way to the internet.
type Wanted = (String, String, Option<(String, String)>, Option<String>);

impl FirewallWorld {
    /// A rule about all that leaves for a range.
    pub fn egress(name: &str, priority: u16, allows: bool, to: IpNet) -> Self {
        Self {
            name: name.to_owned(),
            ingress: false,
            priority,
            allows,
            ranges: vec![to],
            ports: Vec::new(),
            target_tags: Vec::new(),
            disabled: false,
        }
    }

    /// A rule about what comes in from everywhere at the machines with a tag, at a port.
    pub fn ingress(name: &str, priority: u16, allows: bool, tag: &str, port: u16) -> Self {
        let (target_tags, ports) = (vec![tag.to_owned()], vec![port]);
        let everywhere = IpNet::V4(Ipv4Net::default());
        Self { ingress: true, target_tags, ports, ..Self::egress(name, priority, allows, everywhere) }
    }
}

impl NetworkWorld {
    /// A network as a project has it: the default rules, a way to the internet, private services access.
    fn healthy(project: &str, name: &str) -> Self {
        Self {
            project: project.to_owned(),
            name: name.to_owned(),
            subnets: Vec::new(),
            firewalls: vec![FirewallWorld {
                ingress: true,
                ..FirewallWorld::egress(
                    &format!("{name}-allow-internal"),
                    65_534,
                    true,
                    range("10.128.0.0/9"),
                )
            }],
            policy: Vec::new(),
            routes: vec![RouteWorld {
                name: format!("default-route-{name}"),
                range: range("0.0.0.0/0"),
                priority: 1000,
                machine: None,
            }],
            policy_routes: Vec::new(),
            private_services: PrivateServices::Active,
            nats: Vec::new(),
        }
    }
}

impl World {
    /// The network of that name that a project uses.
    pub fn network(&self, project: &str, name: &str) -> Option<&NetworkWorld> {
        let project = self.host(project);
        self.networks.iter().find(|network| network.project == project && network.name == name)
    }

    /// The ranges that private services access of a network leads to: those of its databases.
    pub fn service_ranges(&self, network: &NetworkWorld) -> Vec<IpNet> {
        if network.private_services == PrivateServices::WithoutRange {
            return vec![range("10.255.240.0/20")];
        }
        let here = self.instances.iter().filter(|one| {
            one.behind == Behind::CloudSql
                && one.network.as_ref() == Some(&network.name)
                && self.host(&one.project) == network.project
        });
        let mut ranges: Vec<IpNet> = here
            .flat_map(|instance| &instance.addresses)
            .filter(|address| address.private)
            .map(|address| around(address.ip))
            .collect();
        ranges.sort_unstable();
        ranges.dedup();
        ranges
    }

    /// Makes the networks that connectors and revisions lead into and that databases stand in.
    pub(super) fn make_networks(&mut self) {
        for (project, name, subnet, nat) in self.wanted_networks() {
            let range = self.free_range(&SUBNET_RANGES);
            let found = self.networks.iter().position(|one| one.project == project && one.name == name);
            let index = found.unwrap_or_else(|| {
                self.networks.push(NetworkWorld::healthy(&project, &name));
                self.networks.len() - 1
            });
            let nats = &mut self.networks[index].nats;
            nats.extend(nat.filter(|region| !nats.contains(region)));
            let subnets = &mut self.networks[index].subnets;
            if let Some((region, name)) = subnet
                && !subnets.iter().any(|one| one.region == region && one.name == name)
            {
                subnets.push(SubnetWorld { region, name, range });
            }
        }
        let range = self.free_range(&CONNECTOR_RANGES);
        for connector in &mut self.connectors {
            connector.range = range;
        }
    }

    fn wanted_networks(&self) -> Vec<Wanted> {
        let revisions = self
            .services
            .iter()
            .flat_map(|service| service.revisions.iter().map(move |revision| (service, revision)));
        let ways = revisions.filter_map(|(service, revision)| {
            let all_traffic = revision.vpc.egress() == Some(Egress::AllTraffic);
            let nat = all_traffic.then(|| service.region.clone());
            match &revision.vpc {
                VpcWorld::None => None,
                VpcWorld::Connector { resource, .. } => {
                    let connector = self.connector(resource)?;
                    Some((connector.project.clone(), connector.network.clone(), None, nat))
                }
                VpcWorld::Direct { network, subnetwork, .. } => {
                    let subnet = (service.region.clone(), subnetwork.clone());
                    Some((service.project.clone(), network.clone(), Some(subnet), nat))
                }
            }
        });
        let databases = self
            .instances
            .iter()
            .filter_map(|instance| Some((instance.project.clone(), instance.network.clone()?, None, None)));
        ways.chain(databases).collect()
    }

    /// The first of these ranges that holds no database.
    fn free_range(&self, candidates: &[&str]) -> Ipv4Net {
        let taken = |range: &Ipv4Net| {
            let mut addresses = self.instances.iter().flat_map(|instance| &instance.addresses);
            addresses.any(|address| IpNet::V4(*range).contains(&address.ip))
        };
        let mut ranges = candidates.iter().filter_map(|text| text.parse::<Ipv4Net>().ok());
        ranges.find(|range| !taken(range)).unwrap_or_else(|| Ipv4Net::from(Ipv4Addr::UNSPECIFIED))
    }
}

/// The `/24` (for IPv6 the `/64`) around an address.
pub fn around(address: IpAddr) -> IpNet {
    let prefix = if address.is_ipv4() { 24 } else { 64 };
    IpNet::new(address, prefix).map_or_else(|_| IpNet::from(address), |net| net.trunc())
}

/// A range of our own writing; a wrong one is the range of everything, which no test would overlook.
fn range(text: &str) -> IpNet {
    text.parse().unwrap_or_else(|_| IpNet::V4(Ipv4Net::default()))
}

//! What a packet from a Cloud Run service to its database meets on its way: plain facts in, a verdict a link out.
//!
//! ```text
//! Facts --walk--> Walk: enters the VPC -> network -> subnet -> addresses -> peering or endpoint
//!                       -> egress firewall -> route -> ingress firewall -> NAT
//! ```
//!
//! Pure: no I/O, no clock, none of Google's types. Whoever reads Google's answers turns them into [`Facts`]; what
//! was not read is [`Fact::Hidden`] and makes a verdict [`Verdict::Unknown`], never a failure.
//!
//! What Google's documentation does not decide stays inconclusive here: a rule that names an address group, a domain
//! name or a secure tag may match or not, and the answer is definite only where it is the same either way.

mod facts;
pub mod firewall;
mod name;
pub mod ranges;
pub mod routes;
mod walk;

pub use facts::{
    Connector, Destination, DestinationKind, DirectVpc, Egress, EgressPath, Endpoint, Fact, Facts, Machine,
    Nat, Peering, Reading, Source, Translated,
};
pub use name::Network;
pub use walk::{Conflict, Fault, Gap, Link, Seen, Step, Verdict, Walk, walk};

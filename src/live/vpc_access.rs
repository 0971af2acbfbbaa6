//! What carries a revision's traffic into a VPC network.

use google_cloud_run_v2::model::{Revision, VpcAccess};

/// What carries a revision's traffic into a VPC network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WayIn<'a> {
    /// A Serverless VPC Access connector: short or full name.
    Connector(&'a str),
    /// Direct VPC egress: network and subnetwork, of which one may be empty.
    Direct {
        /// Network, short or full name.
        network: &'a str,
        /// Subnetwork, short or full name.
        subnetwork: &'a str,
    },
}

/// The way in that a revision has.
pub(crate) fn way_in(revision: &Revision) -> Option<WayIn<'_>> {
    let access = revision.vpc_access.as_ref()?;
    if !access.connector.is_empty() {
        return Some(WayIn::Connector(&access.connector));
    }
    direct(access)
}

fn direct(access: &VpcAccess) -> Option<WayIn<'_>> {
    let interface = access.network_interfaces.first()?;
    let (network, subnetwork) = (interface.network.as_str(), interface.subnetwork.as_str());
    (!network.is_empty() || !subnetwork.is_empty()).then_some(WayIn::Direct { network, subnetwork })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn revision(access: serde_json::Value) -> Revision {
        serde_json::from_value(json!({"name": "s-1", "vpcAccess": access})).unwrap()
    }

    #[test]
    fn a_connector_or_an_interface_is_a_way_in() {
        let connector = revision(json!({"connector": "c", "egress": "PRIVATE_RANGES_ONLY"}));
        assert_eq!(way_in(&connector), Some(WayIn::Connector("c")));
        let direct = revision(json!({"networkInterfaces": [{"subnetwork": "sub"}]}));
        assert_eq!(way_in(&direct), Some(WayIn::Direct { network: "", subnetwork: "sub" }));
    }

    #[test]
    fn an_egress_setting_alone_is_none() {
        assert_eq!(way_in(&revision(json!({"egress": "ALL_TRAFFIC"}))), None);
        assert_eq!(way_in(&revision(json!({"networkInterfaces": [{}]}))), None);
        assert_eq!(way_in(&serde_json::from_str("{}").unwrap()), None);
    }
}

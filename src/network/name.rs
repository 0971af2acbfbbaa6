//! Names of VPC networks.

use serde::{Deserialize, Serialize};

use crate::model::resource;

/// A VPC network, from whatever form an API has its name in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Id or number of its project, where the name tells.
    pub project: Option<String>,
    /// Short name.
    pub name: String,
}

impl Network {
    /// From `N`, `projects/P/global/networks/N`, or a URL that ends so.
    pub fn parse(text: &str) -> Option<Self> {
        let name = resource::short(text.trim());
        let project = resource::segment(text, "projects").map(str::to_owned);
        (!name.is_empty()).then(|| Self { project, name: name.to_owned() })
    }

    /// Whether both may be the same network. Where one names its project by number and the other by id, or not
    /// at all, the names decide.
    pub fn same(&self, other: &Self) -> bool {
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let projects = match (&self.project, &other.project) {
            (Some(one), Some(two)) => one == two || number(one) != number(two),
            (None, _) | (_, None) => true,
        };
        projects && self.name == other.name
    }

    /// The name, with its project where another network of that name is in play.
    pub fn beside(&self, other: &Self) -> String {
        match &self.project {
            Some(project) if self.name == other.name => format!("{project}/{}", self.name),
            Some(_) | None => self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap()
    }

    #[test]
    fn networks_in_all_forms() {
        let full = network("projects/p/global/networks/vpc");
        assert!(full.same(&network("vpc")));
        assert!(full.same(&network("https://www.googleapis.com/compute/v1/projects/p/global/networks/vpc")));
        assert!(full.same(&network("projects/123456/global/networks/vpc")), "id and number");
        assert!(!full.same(&network("projects/q/global/networks/vpc")));
        assert!(!full.same(&network("default")));
        assert_eq!(Network::parse(""), None);
    }

    #[test]
    fn networks_of_one_name_are_told_apart_by_project() {
        let (one, two) =
            (network("projects/p/global/networks/vpc"), network("projects/q/global/networks/vpc"));
        assert_eq!((one.beside(&two), two.beside(&one)), ("p/vpc".into(), "q/vpc".into()));
        assert_eq!(one.beside(&network("default")), "vpc");
    }

    proptest! {
        #[test]
        fn any_text_as_network(text in "\\PC{0,60}") {
            if let Some(network) = Network::parse(&text) {
                prop_assert!(network.same(&network));
            }
        }
    }
}

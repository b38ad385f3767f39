//! National clouds by table.

use super::url::GraphUrl;

/// Which of Microsoft's clouds the tenant lives in.
///
/// Tokens of one cloud mean nothing in another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one, US GCC included.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (`DoD`).
    UsGovDod,
    /// China, run by `21Vianet`.
    China,
}

impl Cloud {
    /// All of them with the names that the configuration uses.
    pub const ALL: [(&'static str, Self); 4] =
        [("global", Self::Global), ("us-gov", Self::UsGov), ("us-gov-dod", Self::UsGovDod), ("china", Self::China)];

    /// Finds a cloud by the name that the configuration uses.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, cloud)| *cloud)
    }

    const fn root(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::UsGovDod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// Its Graph.
    ///
    /// # Panics
    /// Never: the table is checked by a test.
    pub fn graph(self) -> GraphUrl {
        GraphUrl::new(self.root()).expect("the table holds https addresses")
    }

    /// The URL of the token service of this cloud.
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// What a token for its Graph is asked for.
    pub fn scope(self) -> String {
        format!("{}/.default", self.root())
    }

    /// Whether Temporary Access Passes exist there.
    pub const fn has_access_pass(self) -> bool {
        !matches!(self, Self::China)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_its_own_addresses() {
        for (name, cloud) in Cloud::ALL {
            assert_eq!(Cloud::find(name), Some(cloud));
            assert_eq!(cloud.scope(), format!("{}/.default", cloud.graph()));
        }
        assert_eq!(Cloud::find("germany"), None);
    }
}

//! Settings: hrpush.toml, the state folder, and what both mean for other rooms.

use std::path::{Path, PathBuf};

use super::error::Failure;
use crate::bulk_upload;
use crate::config::{self, Config, Deliver, TargetConfig};
use crate::directory::ObjectId;
use crate::graph;
use crate::plan::{GuardName, Limit, Policy, Supported};
use crate::scim_target;
use crate::store::Store;
use crate::target::Capabilities;

/// The configuration, and the state folder.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) state: PathBuf,
    /// The metrics file that a run replaces at its end.
    pub(crate) metrics_file: Option<PathBuf>,
}

/// The name of the configuration in the working folder.
const FILE: &str = "hrpush.toml";

impl Settings {
    /// Reads this configuration, else the one in the working folder, else none. The state folder is beside the configuration unless it
    /// is named.
    ///
    /// # Errors
    /// Every fault of the configuration.
    pub(crate) fn load(config: Option<&Path>, state: Option<&Path>) -> Result<Self, Failure> {
        let path = config.map(Path::to_path_buf).or_else(|| Path::new(FILE).is_file().then(|| PathBuf::from(FILE)));
        let beside = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        let state = state.map_or_else(|| beside.join(".hrpush"), Path::to_path_buf);
        let config = path.as_deref().map(config::load).transpose()?.unwrap_or_default();
        Ok(Self { config, state, metrics_file: None })
    }

    /// Opens the state folder, and makes it where it does not exist.
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.state)?)
    }

    /// The configured mapping file.
    pub(crate) fn mapping(&self) -> Option<&Path> {
        self.config.source.as_ref()?.mapping.as_deref()
    }

    /// What the configured target can do.
    pub(crate) fn capabilities(&self) -> Capabilities {
        match &self.config.target {
            TargetConfig::Graph => graph::CAPABILITIES,
            TargetConfig::Scim(target) => scim_target::capabilities(&target.profile),
            TargetConfig::BulkUpload(_) => bulk_upload::CAPABILITIES,
        }
    }

    /// The part of the configuration that decides about changes.
    pub(crate) fn policy(&self) -> Policy {
        let Config { protect, guard, names, password, approval, .. } = &self.config;
        let limits = guard.named().into_iter().filter(|(name, limit)| *name != GuardName::Feed || limit.off);
        let mut supported = Supported::from(&self.capabilities());
        let mut protect_users = protect.users.clone();
        if let TargetConfig::BulkUpload(config) = &self.config.target {
            supported.clears = config.null_flow;
            // Such a target knows people by their HR keys.
            let ids = protect.users.iter().filter_map(|key| ObjectId::of_key(key));
            protect_users = ids.map(|id| id.to_string()).collect();
        }
        Policy {
            protect_users,
            protect_groups: protect.groups.clone(),
            guards: limits
                .map(|(name, limit)| (name, Limit { share: limit.share, count: limit.count, off: limit.off }))
                .collect(),
            leavers: guard.leavers,
            two_people: approval.two_people,
            week: guard.week.unwrap_or(f64::INFINITY),
            reuse_after_days: days(names.reuse_after),
            tap: matches!(password.deliver, Deliver::Tap(_)),
            supported,
        }
    }
}

/// A calendar span in days, with 30.4 days to a month.
fn days(span: jiff::Span) -> i64 {
    let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
    months * 365 / 12 + i64::from(span.get_weeks()) * 7 + i64::from(span.get_days())
}

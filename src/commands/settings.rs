//! Settings: hrpush.toml, the state folder, and what both mean for other rooms.

use std::path::{Path, PathBuf};

use super::cli::Common;
use super::exit::Failure;
use crate::config::{self, Config, Deliver};
use crate::graph;
use crate::plan::{Limit, Policy};
use crate::store::Store;

/// The configuration, and where the state is.
pub(super) struct Settings {
    pub(super) config: Config,
    pub(super) state: PathBuf,
}

const FILE: &str = "hrpush.toml";

/// Reads the configuration that the options name, else the one in the working folder, else none.
pub(super) fn load(common: &Common) -> Result<Settings, Failure> {
    let path = common.config.clone().or_else(|| Path::new(FILE).is_file().then(|| PathBuf::from(FILE)));
    let config = path.as_deref().map(config::load).transpose().map_err(Failure::usage)?.unwrap_or_default();
    let beside = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let state = common.state.clone().unwrap_or_else(|| beside.join(".hrpush"));
    Ok(Settings { config, state })
}

impl Settings {
    pub(super) fn store(&self) -> Result<Store, Failure> {
        Store::open(&self.state).map_err(|fault| Failure::cannot(&fault))
    }

    /// What the plan must know of the configuration.
    pub(super) fn policy(&self) -> Policy {
        let Config { protect, guard, names, password, .. } = &self.config;
        let limits = guard.named().into_iter().filter(|(name, limit)| *name != "feed" || limit.off);
        Policy {
            protect_users: protect.users.clone(),
            protect_groups: protect.groups.clone(),
            guards: limits
                .map(|(name, limit)| (name, Limit { share: limit.share, count: limit.count, off: limit.off }))
                .collect(),
            leavers: guard.leavers,
            week: guard.week.unwrap_or(f64::INFINITY),
            reuse_after_days: days(names.reuse_after),
            tap: matches!(password.deliver, Deliver::Tap(_)),
            supported: (&graph::CAPABILITIES).into(),
        }
    }
}

/// A span of the calendar in days; a month has 30.4 of them.
fn days(span: jiff::Span) -> i64 {
    let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
    months * 365 / 12 + i64::from(span.get_weeks()) * 7 + i64::from(span.get_days())
}

//! What a plan is computed from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::directory::Snapshot;
use crate::mapping::Rules;
use crate::plan::guard_name::GuardName;
use crate::plan::ledger::Ledger;
use crate::plan::model::{SourceInfo, Target};
use crate::plan::records::People;
use crate::record::EmployeeId;

/// Everything that decides a plan. The same inputs give the same plan.
pub struct Inputs<'a> {
    /// The reading's source, mapping and counts, as the plan's document shows them.
    pub source: SourceInfo,
    /// The tenant that the snapshot was read from.
    pub target: Target,
    /// What became of each record, in any order; packed against the same snapshot by the same rules.
    pub people: &'a People,
    /// Whether absent people are missing; they are not after a partial reading.
    pub whole: bool,
    /// The keys to plan for; without a set all people are planned.
    pub only: Option<BTreeSet<EmployeeId>>,
    /// The tenant at one moment.
    pub snapshot: &'a Snapshot,
    /// What earlier runs left behind.
    pub ledger: &'a Ledger,
    /// The policy part of the mapping.
    pub rules: &'a Rules,
    /// The policy part of the configuration.
    pub policy: &'a Policy,
    /// The day for which the plan is computed.
    pub today: Date,
    /// When it is computed, RFC 3339.
    pub created_at: String,
    /// Per mapped column: share of empty cells in thousandths, and distinct values. Feeds the guard `feed`.
    pub columns: Option<BTreeMap<String, (u64, u64)>>,
    /// The groups of the feed itself, for `[[groups]] from = "feed"`.
    pub feed_groups: &'a [FeedGroup],
}

/// A group that the feed itself has, also where it has no members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedGroup {
    /// Its identity, kept when its name changes.
    pub key: String,
    /// The name that the group should have.
    pub name: String,
    /// The ids of members without a record.
    pub pending: Vec<String>,
    /// The number of members that are groups: their people are not members of this one.
    pub nested: u64,
}

impl Inputs<'_> {
    /// Whether this person is planned.
    pub(super) fn plans(&self, key: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(key))
    }
}

/// What the configuration says of people, not of records.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// UPNs and ids of accounts that are never touched.
    pub protect_users: Vec<String>,
    /// Groups by id or name: their members are never touched.
    pub protect_groups: Vec<String>,
    /// The limits of the guards, by name. One that is absent has its default.
    pub guards: BTreeMap<GuardName, Limit>,
    /// In seven days at most this many times a run's limit.
    pub week: f64,
    /// Whether the leavers of a stopped plan are disabled all the same.
    pub leavers: Leavers,
    /// Whether approvals of two people are needed where one would do.
    pub two_people: bool,
    /// The number of days for which a former address is given to no other person.
    pub reuse_after_days: i64,
    /// First passwords are delivered as Temporary Access Passes.
    pub tap: bool,
    /// What the target can do. The plan leaves out the rest.
    pub supported: Supported,
}

/// What a target can do, as far as a plan depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
pub struct Supported {
    /// Whether a deleted account can be restored. Where that is not so, a leaver's account stays disabled and is never deleted.
    pub soft_delete: bool,
    /// Whether sessions can be revoked.
    pub sessions: bool,
    /// Whether licences are assigned to users.
    pub licences: bool,
    /// Whether a sign-in name must be in a verified domain.
    pub verified_domains: bool,
    /// Whether a new account needs a mailNickname.
    pub nicknames: bool,
    /// Whether each attribute has a permission that an administrator can grant to the app.
    pub permissions: bool,
    /// Whether the target can be read. Where it cannot, a plan compares with what the target accepted from hrpush.
    pub readable: bool,
    /// Whether the target clears an attribute. Where it does not, the plan lists the values that stay.
    pub clears: bool,
}

impl Default for Supported {
    fn default() -> Self {
        Self {
            soft_delete: true,
            sessions: true,
            licences: true,
            verified_domains: true,
            nicknames: true,
            permissions: true,
            readable: true,
            clears: true,
        }
    }
}

/// What becomes of the leavers of a plan that a guard stops, `[guard] leavers`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leavers {
    /// They wait with everything else.
    #[default]
    Wait,
    /// Their accounts are disabled, where neither the guard on disables nor one on the reading tripped.
    Go,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            protect_users: Vec::new(),
            protect_groups: Vec::new(),
            guards: BTreeMap::new(),
            week: 2.0,
            leavers: Leavers::default(),
            two_people: false,
            reuse_after_days: 365,
            tap: false,
            supported: Supported::default(),
        }
    }
}

impl Policy {
    /// The limit of a guard: the configured one, else the default of DESIGN section 7.
    pub fn limit(&self, guard: GuardName) -> Limit {
        self.guards.get(&guard).copied().unwrap_or_else(|| Limit::default_of(guard))
    }
}

/// The limit of one guard; where share and count are given, the stricter wins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limit {
    /// A share of the base.
    pub share: Option<f64>,
    /// A number, whatever the base.
    pub count: Option<u64>,
    /// Whether the guard is switched off.
    pub off: bool,
}

impl Limit {
    /// The default of a guard.
    pub fn default_of(guard: GuardName) -> Self {
        let (share, count) = match guard {
            GuardName::Disable | GuardName::Missing => (Some(0.05), Some(100)),
            GuardName::Enable | GuardName::Identity => (Some(0.02), Some(20)),
            GuardName::Delete => (Some(0.02), Some(50)),
            GuardName::Create => (Some(0.30), None),
            GuardName::Update => (Some(0.40), None),
            GuardName::RemoveMembers => (Some(0.20), None),
            GuardName::Feed => (None, Some(0)),
            GuardName::Source | GuardName::Clear | GuardName::Held => (Some(0.10), None),
        };
        Self { share, count, off: false }
    }

    /// The most that may be, of so many; none where there is no limit. A share is rounded down, but never below 3.
    pub fn most(self, base: u64) -> Option<u64> {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number of people is far below 2^52 and never negative"
        )]
        let share = self.share.map(|share| ((share * base as f64 + 1e-9).max(0.0).floor() as u64).max(3));
        match (self.off, share, self.count) {
            (true, _, _) => None,
            (false, Some(share), Some(count)) => Some(share.min(count)),
            (false, share, count) => share.or(count),
        }
    }
}

//! The ledger: what earlier runs recorded, as a plain value that the store fills.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::directory::{ObjectId, Value};
use crate::mapping::{HeldCode, LeaveAction};
use crate::plan::bound_names::BoundNames;
use crate::plan::decision::Decision;
use crate::plan::given_approval::GivenApproval;
use crate::plan::guard_name::GuardName;
use crate::plan::model::Change;
use crate::plan::rejection::Rejection;
use crate::record::EmployeeId;

/// What hrpush knows of the people it manages and of what it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// The people that some feed carried, by key.
    pub people: BTreeMap<EmployeeId, Person>,
    /// Former addresses, folded, each with its owner and the last day of use.
    pub addresses: Vec<FormerAddress>,
    /// The feed's last good reading; none where it never had one.
    pub last_reading: Option<LastReading>,
    /// What runs of the last seven days changed, per guard, for the weekly budget.
    pub week: BTreeMap<GuardName, u64>,
    /// What guards or an approval let through within seven days and was not completed: not counted again with the same values.
    pub let_through: Vec<Change>,
    /// People with a journaled request of unknown outcome, by key, with the reason.
    pub unsettled: BTreeMap<EmployeeId, String>,
    /// The day of each feed's last good reading.
    pub feeds: BTreeMap<String, Date>,
    /// What an administrator decided by hand, by key.
    pub decisions: BTreeMap<EmployeeId, Decision>,
    /// The valid approvals of plans of the feed.
    pub approvals: Vec<GivenApproval>,
    /// The changes that an administrator rejected.
    pub rejections: Vec<Rejection>,
    /// What the last two runs of the feed wrote, newest first: by key and attribute.
    pub written: Vec<BTreeMap<(String, String), Option<Value>>>,
    /// Attributes that Graph refused to this app at the last attempt, each with the people for which an attempt failed since.
    pub refused: BTreeMap<String, BTreeSet<String>>,
}

impl Ledger {
    /// Whether the valid approvals of exactly this plan are enough.
    pub fn approves(&self, fingerprint: &str, two_people: bool) -> bool {
        let of_plan: Vec<&GivenApproval> = self.approvals.iter().filter(|given| given.fingerprint == fingerprint).collect();
        GivenApproval::are_enough(&of_plan, two_people)
    }

    /// The decision about the record with this key, as long as both names are those that it was made for.
    pub(super) fn decision_about(&self, key: &str, given_name: Option<&str>, surname: Option<&str>) -> Option<&Decision> {
        let decision = self.decisions.get(key)?;
        BoundNames::new(given_name, surname).are_of(decision).then_some(decision)
    }
}

/// One person as earlier runs knew them.
///
/// Most people have an account, a feed and nothing else, so the rest has a box of its own: a million people take some 80 MB. The fields of
/// [`PersonState`] are read as if they were fields of the person.
#[derive(Clone, Debug)]
pub struct Person {
    /// The object id of the account that the person has.
    pub id: ObjectId,
    /// The feed that last carried this person.
    pub feed: FeedName,
    state: Option<Box<PersonState>>,
}

/// What few people have beside an account and a feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PersonState {
    /// The day on which hrpush disabled the account; ended when a snapshot showed it enabled.
    pub disabled_on: Option<Date>,
    /// Whether hrpush made the account, disabled, as a pre-hire's.
    pub pre_hire: bool,
    /// The day on which hrpush deleted the account.
    pub deleted_on: Option<Date>,
    /// The managed groups of the account when hrpush deleted it: a restore makes the account a member of them again.
    pub groups_when_deleted: BTreeSet<ObjectId>,
    /// The day of the first good reading of the feed without this person; none while the last good reading carries them.
    pub missing_since: Option<Date>,
    /// Whether the link was made without a write (a guest, a synced or a protected account): it counts for missing people and for the head of
    /// the report, never for matching.
    pub seen: bool,
    /// `on_leave` actions that were asked for and are done since the person last left.
    pub leave_done: BTreeSet<LeaveAction>,
    /// What HR wanted at the last run, by attribute name: it distinguishes a change in HR from a drift of the tenant. Empty where it is not
    /// known or not needed. The people for whom it is needed: [`keys_with_other_names`](crate::plan::keys_with_other_names) and
    /// [`keys_with_causes`](crate::plan::keys_with_causes).
    pub wanted: BTreeMap<String, Option<Value>>,
}

static NO_STATE: PersonState = PersonState {
    disabled_on: None,
    pre_hire: false,
    deleted_on: None,
    groups_when_deleted: BTreeSet::new(),
    missing_since: None,
    seen: false,
    leave_done: BTreeSet::new(),
    wanted: BTreeMap::new(),
};

impl Person {
    /// A person with an account, carried by a feed.
    pub fn new(id: ObjectId, feed: FeedName) -> Self {
        Self { id, feed, state: None }
    }

    /// The same person in this state.
    #[must_use]
    pub fn with(mut self, state: PersonState) -> Self {
        self.state = (state != NO_STATE).then(|| Box::new(state));
        self
    }
}

impl PartialEq for Person {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.feed == other.feed && **self == **other
    }
}

impl std::ops::Deref for Person {
    type Target = PersonState;

    fn deref(&self) -> &PersonState {
        self.state.as_deref().unwrap_or(&NO_STATE)
    }
}

impl std::ops::DerefMut for Person {
    fn deref_mut(&mut self) -> &mut PersonState {
        self.state.get_or_insert_default()
    }
}

/// The name of a feed. The people of a feed share one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedName(Arc<str>);

impl FeedName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for FeedName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl PartialEq<String> for FeedName {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl fmt::Display for FeedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address that a person had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerAddress {
    /// The address without its scheme, folded for comparison.
    pub address: String,
    /// The key of the former owner, to which the address stays reserved.
    pub key: EmployeeId,
    /// The last day on which it was seen in use.
    pub until: Date,
}

/// What the feed's last good reading looked like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastReading {
    /// How many records the reading had; the guard on the source compares with it.
    pub records: u64,
    /// The held records by key (or place) and code.
    pub held: BTreeSet<(String, HeldCode)>,
    /// Per mapped column: share of empty cells in thousandths, and distinct values.
    pub columns: BTreeMap<String, (u64, u64)>,
    /// The statuses, folded, that the mapping names in no list and that a confirmed run of this feed had.
    #[serde(default)]
    pub statuses: BTreeSet<String>,
    /// The people of this reading that another feed carried before this one, by key.
    #[serde(default)]
    pub taken_over: BTreeMap<EmployeeId, TakenOver>,
}

/// The feed that carried a person before the feed of the last reading did.
///
/// Each feed that lists the person as working here becomes the one that carried them last. So a feed that had a good reading since then and is
/// not that one does not carry the person any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOver {
    /// The name of the other feed.
    pub feed: String,
    /// The day of its last good reading at that time.
    pub read_on: Date,
}

impl LastReading {
    /// Adds the possible duplicates of a reading before its run writes. The run records missing people before its first write. If
    /// it breaks off, the next run must not take these absences for old ones and create accounts for the people that were held.
    pub fn keep_possible_duplicates(&mut self, of: &Self) {
        let is_kept = |(_, code): &&(String, HeldCode)| *code == HeldCode::PossibleDuplicate;
        self.held.extend(of.held.iter().filter(is_kept).cloned());
    }

    /// Forgets the statuses that no earlier run of the feed had, because no administrator confirmed them in this run. The first
    /// run of a feed needs no confirmation and keeps them all.
    pub fn forget_new_statuses(&mut self, before: Option<&Self>) {
        if let Some(before) = before {
            self.statuses.retain(|status| before.statuses.contains(status));
        }
    }
}

//! What a run records for the next one of its feed: the people, their desired values, and the profile of the reading.
//!
//! A run that was applied records it in the ledger. A saved plan only stores it under its fingerprint; `hrpush apply` then records what
//! the import would have recorded.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::clock_check::today;
use super::delivered_files;
use super::error::{Code, Failure};
use super::mapped_reading::Delivered;
use super::open_target::OpenTarget;
use crate::apply::{Applied, StepName};
use crate::directory::{Attribute, ObjectId, Snapshot, UserNo, Value};
use crate::plan::{CarriedPerson, LastReading, People, PersonNo, Plan, Presence, SkippedCode, Wishes};
use crate::record::EmployeeId;
use crate::store::{FeedMembership, Link, LinkKind, Staged, Store, StoreError};

/// What a run of a feed records once it is applied.
pub(crate) enum RunState {
    /// Of a reading that was planned in this run.
    Read {
        feed: String,
        /// `None` if the next reading must not be compared with this one.
        reading: Option<LastReading>,
        /// The people of the feed that disappeared or came back.
        presence: Presence,
        /// The people of the reading that have an account.
        matched: Vec<(PersonNo, UserNo)>,
        people: People,
        /// The rejections that end with this reading, by number.
        ended_rejections: Vec<i64>,
        /// The people that were planned, if not all were.
        only: Option<BTreeSet<EmployeeId>>,
        /// The files that are moved away after a good run.
        delivered: Option<Delivered>,
    },
    /// Of a saved plan, as it was stored when the plan was made. `None` if that was in another state folder.
    Staged(Option<Staged>),
    /// An undo does not change the recorded HR values: the next run of the feed plans the difference again.
    Nothing,
}

impl RunState {
    /// Stores the state of a saved plan under its fingerprint.
    pub(crate) fn stage(&self, target: &mut OpenTarget, plan: &Plan) -> Result<(), Failure> {
        let OpenTarget { store, snapshot, .. } = target;
        let Self::Read { reading, presence, .. } = self else { return Ok(()) };
        let leavers = self.known_leavers(store, snapshot)?;
        let people = self.people(snapshot).map(|(carried, _)| carried).filter(|carried| !leavers.contains(&carried.key));
        Ok(store.stage(&snapshot.tenant, plan, reading.as_ref(), presence, people)?)
    }

    /// Records the missing people before the first write. If the run breaks off, the next one does not count them as newly
    /// missing, since a guard or an approval has let them through.
    pub(crate) fn record_missing(&self, target: &mut OpenTarget) -> Result<(), Failure> {
        let OpenTarget { store, snapshot, .. } = target;
        let tenant = &snapshot.tenant;
        let (feed, reading, presence) = match self {
            Self::Read { feed, reading: Some(reading), presence, .. } => (feed, reading, presence),
            Self::Staged(Some(Staged { reading: Some(reading), feed, made_at, counted, .. })) => {
                // A newer reading may have found them.
                if store.read_since(tenant, feed, made_at)? {
                    return Ok(());
                }
                (feed, reading, &counted.presence)
            }
            _ => return Ok(()),
        };
        store.keep_possible_duplicates(tenant, feed, reading)?;
        Ok(store.note_presence(tenant, presence, today())?)
    }

    /// Records it in the ledger and moves delivered files away. Returns a message for each file that could not be moved.
    ///
    /// People with a failed change keep their earlier entry, so that the next run reports the difference again. If single values
    /// were refused, all others are recorded.
    pub(crate) fn record(
        self,
        target: &mut OpenTarget,
        plan: &Plan,
        applied: &Applied,
        code: Code,
    ) -> Result<Vec<String>, Failure> {
        let OpenTarget { store, snapshot, .. } = target;
        let tenant = &snapshot.tenant;
        let (feed, reading, presence) = match &self {
            Self::Read { feed, reading, presence, .. } => (feed.clone(), reading.clone(), presence.clone()),
            Self::Staged(Some(staged)) => {
                // A plan that is older than the last reading, or of which nothing was left to do, is no baseline for the next one.
                let overtaken = store.read_since(tenant, &staged.feed, &staged.made_at)?;
                let reading = staged.reading.clone().filter(|_| !overtaken && applied.outcome.applied > 0);
                (staged.feed.clone(), reading, staged.counted.presence.clone())
            }
            Self::Staged(None) | Self::Nothing => return Ok(Vec::new()),
        };
        let unwritten = Unwritten::of(applied, &store.refused(tenant)?);
        let moved: BTreeSet<&str> = applied.outcome.drifted.iter().map(|moved| moved.key.as_str()).collect();
        let there = |id: &ObjectId| snapshot.users.contains_key(id);
        let untouchable = untouchable(plan);
        let links = self.people(snapshot).filter_map(|(FeedMembership { key, account: id, wanted }, gone)| {
            if moved.contains(key.as_str()) {
                return None;
            }
            let wanted = if unwritten.concerns(&key) {
                Wishes::of(unwritten.without(&key, id.as_ref(), wanted.values(), snapshot)?)
            } else {
                wanted
            };
            let account = applied.created.get(key.as_str()).cloned().or_else(|| id.filter(there))?;
            let kind = if untouchable.contains(key.as_str()) { LinkKind::Seen } else { LinkKind::Managed };
            Some(Link { key, account, wanted, kind, gone })
        });
        store.remember_links(tenant, &feed, links)?;
        if matches!(self, Self::Staged(_)) {
            store.unstage(tenant, &plan.fingerprint)?;
        }
        let Some(reading) = reading.filter(|_| matches!(code, Code::Done | Code::Attention)) else { return Ok(Vec::new()) };
        store.good_reading(tenant, &feed, &reading)?;
        if let Self::Read { ended_rejections, .. } = &self {
            store.end_rejections(tenant, &feed, ended_rejections)?;
        }
        store.note_presence(tenant, &presence, today())?;
        // A failed change needs its file again.
        if !applied.outcome.failed.is_empty() {
            return Ok(Vec::new());
        }
        delivered_files::keep(store, tenant, &feed, plan.source.sha256.clone(), today().to_string())?;
        match &self {
            Self::Read { delivered: Some(delivered), .. } => Ok(delivered_files::move_away(delivered)),
            _ => Ok(Vec::new()),
        }
    }

    /// The leavers that the ledger has already. A saved plan stores nothing for them: their feed is known.
    fn known_leavers(&self, store: &Store, snapshot: &Snapshot) -> Result<HashSet<EmployeeId>, StoreError> {
        let mut known = HashSet::new();
        for (carried, _) in self.people(snapshot).filter(|(_, gone)| *gone) {
            if store.knows(&snapshot.tenant, &carried.key)? {
                known.insert(carried.key);
            }
        }
        Ok(known)
    }

    /// Each person with an account, or who gets one by this plan, by key, and whether HR says that the person has left.
    fn people<'s>(&'s self, snapshot: &'s Snapshot) -> Box<dyn Iterator<Item = (FeedMembership<'s>, bool)> + 's> {
        match self {
            Self::Read { matched, people, only, .. } => {
                let accounts = people.accounts(matched);
                let planned = move |key: &str| only.as_ref().is_none_or(|only| only.contains(key));
                let keyed = people.numbers().filter_map(|person| Some((people.key(person)?, person)));
                let mut keyed: Vec<(&str, PersonNo)> = keyed.filter(|(key, _)| planned(key)).collect();
                if !keyed.is_sorted() {
                    keyed.sort_unstable();
                }
                Box::new(keyed.into_iter().filter_map(move |(_, person)| {
                    let CarriedPerson { key, gone, wishes } = people.carried(person, &snapshot.users)?;
                    let account = accounts.of(person).map(|user| snapshot.users.at(user).id());
                    Some((FeedMembership { key: EmployeeId::new(key)?, account, wanted: wishes }, gone))
                }))
            }
            Self::Staged(Some(staged)) => Box::new(staged.people.iter().map(|(key, account, wanted)| {
                let wanted = Wishes::of(wanted.clone());
                (FeedMembership { key: key.clone(), account: account.clone(), wanted }, false)
            })),
            Self::Staged(None) | Self::Nothing => Box::new(std::iter::empty()),
        }
    }
}

/// The values that this run could not write, and must not record as written.
struct Unwritten<'a> {
    /// The refused properties by key. `None` if more than single properties failed.
    failed: BTreeMap<&'a str, Option<BTreeSet<&'a str>>>,
    /// The attributes that the target refuses to this app.
    refused: Vec<Attribute>,
}

impl<'a> Unwritten<'a> {
    fn of(applied: &'a Applied, refused: &BTreeMap<String, BTreeSet<String>>) -> Self {
        let mut failed: BTreeMap<&str, Option<BTreeSet<&str>>> = BTreeMap::new();
        for entry in &applied.outcome.failed {
            let of = failed.entry(&entry.key).or_insert_with(|| Some(BTreeSet::new()));
            let is_value = matches!(entry.step, Some(StepName::Update | StepName::Create));
            match (entry.property.as_deref().filter(|name| is_value && Attribute::find(name).is_some()), of.as_mut()) {
                (Some(property), Some(properties)) => _ = properties.insert(property),
                _ => *of = None,
            }
        }
        Self { failed, refused: refused.keys().filter_map(|name| Attribute::find(name)).collect() }
    }

    /// Whether this run may have failed to write a desired value of this person.
    fn concerns(&self, key: &EmployeeId) -> bool {
        !self.refused.is_empty() || self.failed.contains_key(key.as_str())
    }

    /// The desired values to record for a person. `None` if the change itself failed.
    fn without(
        &self,
        key: &EmployeeId,
        id: Option<&ObjectId>,
        mut wanted: BTreeMap<String, Option<Value>>,
        snapshot: &Snapshot,
    ) -> Option<BTreeMap<String, Option<Value>>> {
        if let Some(failed) = self.failed.get(key.as_str()) {
            let failed = failed.as_ref()?;
            // A create without an accepted sign-in name made no account.
            if failed.iter().any(|name| !wanted.contains_key(*name)) {
                return None;
            }
            wanted.retain(|name, _| !failed.contains(name.as_str()));
        }
        for attribute in &self.refused {
            let Some(wish) = wanted.get(attribute.name) else { continue };
            let row = id.and_then(|id| snapshot.users.row(id));
            let present = row.and_then(|user| user.to_user().value(*attribute));
            if !attribute.same(present.as_ref(), wish.as_ref()) {
                wanted.remove(attribute.name);
            }
        }
        Some(wanted)
    }
}

/// The people with accounts that hrpush must not change. Their links count only for missing people and for the head of the
/// report.
fn untouchable(plan: &Plan) -> BTreeSet<&str> {
    let is_untouchable = |code| matches!(code, SkippedCode::Protected | SkippedCode::Synced | SkippedCode::Guest);
    plan.skipped.iter().filter(|entry| is_untouchable(entry.code)).filter_map(|entry| entry.key.as_deref()).collect()
}

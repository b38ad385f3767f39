//! What a run leaves for the next one of its feed: whom it carried, what HR wanted for them, and what the reading looked like.
//!
//! A run that was applied leaves it in the ledger. A plan that is saved only sets it aside under its fingerprint; `hrpush apply` then
//! leaves what the import would have left.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::delivery;
use super::exit::{Code, Failure};
use super::reading::Delivery;
use super::run::today;
use crate::apply::{Applied, StepName};
use crate::directory::{Attribute, ObjectId, Snapshot, UserNo, Value};
use crate::plan::{CarriedPerson, LastReading, People, PersonNo, Plan, Presence, SkippedCode, Wishes};
use crate::record::EmployeeId;
use crate::store::{Carried, Link, LinkKind, Staged, Store, StoreError};

/// What a run of a feed leaves behind, once it is applied.
pub(super) enum Memory {
    /// Of a reading that was planned in this run.
    Read {
        feed: String,
        /// None after a reading that is no measure for the next.
        reading: Option<LastReading>,
        /// The people of the feed who vanished or came back.
        presence: Presence,
        /// The people of the reading who have an account.
        matched: Vec<(PersonNo, UserNo)>,
        people: People,
        /// The people that were planned, where not everybody was.
        only: Option<BTreeSet<EmployeeId>>,
        /// The files that move away after a good run.
        delivery: Option<Delivery>,
    },
    /// Of a saved plan, as it was set aside when the plan was made; nothing where that was in another state folder.
    Staged(Option<Staged>),
    /// An undo leaves HR's wishes as they are: the next run of the feed will see that HR still says otherwise.
    Nothing,
}

impl Memory {
    /// Sets the memory of a saved plan aside.
    pub(super) fn stage(&self, store: &mut Store, snapshot: &Snapshot, plan: &Plan) -> Result<(), Failure> {
        let Self::Read { reading, presence, .. } = self else { return Ok(()) };
        let leavers = self.known_leavers(store, snapshot).map_err(|fault| Failure::cannot(&fault))?;
        let people = self.people(snapshot).map(|(carried, _)| carried).filter(|carried| !leavers.contains(&carried.key));
        store.stage(&snapshot.tenant, plan, reading.as_ref(), presence, people).map_err(|fault| Failure::cannot(&fault))
    }

    /// Keeps it in the ledger and puts delivered files away; gives back what could not be put away. People whose change failed are left as
    /// they were known, so that the next run reports anew what HR changed; where single values were refused, all others are kept.
    pub(super) fn keep(
        self,
        store: &mut Store,
        snapshot: &Snapshot,
        applied: &Applied,
        plan: &Plan,
        code: Code,
    ) -> Result<Vec<String>, Failure> {
        let tenant = &snapshot.tenant;
        let (feed, reading, presence) = match &self {
            Self::Read { feed, reading, presence, .. } => (feed.clone(), reading.clone(), presence.clone()),
            Self::Staged(Some(staged)) => {
                // A plan that was overtaken by a younger reading, or of which nothing was left to do, is no measure for the next one.
                let overtaken =
                    store.read_since(tenant, &staged.feed, &staged.made_at).map_err(|fault| Failure::cannot(&fault))?;
                let reading = staged.reading.clone().filter(|_| !overtaken && applied.outcome.applied > 0);
                (staged.feed.clone(), reading, staged.counted.presence.clone())
            }
            Self::Staged(None) | Self::Nothing => return Ok(Vec::new()),
        };
        let lost = Lost::of(applied, &store.refused(tenant).map_err(|fault| Failure::cannot(&fault))?);
        let moved: BTreeSet<&str> = applied.outcome.drifted.iter().map(|moved| moved.key.as_str()).collect();
        let there = |id: &ObjectId| snapshot.users.contains_key(id);
        let untouchable = untouchable(plan);
        let links = self.people(snapshot).filter_map(|(Carried { key, account: id, wanted }, gone)| {
            if moved.contains(key.as_str()) {
                return None;
            }
            let wanted = if lost.concerns(&key) {
                Wishes::of(lost.without(&key, id.as_ref(), wanted.values(), snapshot)?)
            } else {
                wanted
            };
            let account = applied.created.get(key.as_str()).cloned().or_else(|| id.filter(there))?;
            let kind = if untouchable.contains(key.as_str()) { LinkKind::Seen } else { LinkKind::Managed };
            Some(Link { key, account, wanted, kind, gone })
        });
        store.remember_links(tenant, &feed, links).map_err(|fault| Failure::cannot(&fault))?;
        if matches!(self, Self::Staged(_)) {
            store.unstage(tenant, &plan.fingerprint).map_err(|fault| Failure::cannot(&fault))?;
        }
        let Some(reading) = reading.filter(|_| matches!(code, Code::Done | Code::Attention)) else { return Ok(Vec::new()) };
        store.good_reading(tenant, &feed, &reading).map_err(|fault| Failure::cannot(&fault))?;
        store.note_presence(tenant, &presence, today()).map_err(|fault| Failure::cannot(&fault))?;
        // What failed must find its file again.
        if !applied.outcome.failed.is_empty() {
            return Ok(Vec::new());
        }
        delivery::keep(store, tenant, &feed, plan.source.sha256.clone(), today().to_string())?;
        match &self {
            Self::Read { delivery: Some(delivery), .. } => Ok(delivery::move_away(delivery)),
            _ => Ok(Vec::new()),
        }
    }

    /// The leavers whom the ledger has already. A saved plan sets nothing aside for them: whose feed they are was settled before.
    fn known_leavers(&self, store: &Store, snapshot: &Snapshot) -> Result<HashSet<EmployeeId>, StoreError> {
        let mut known = HashSet::new();
        for (carried, _) in self.people(snapshot).filter(|(_, gone)| *gone) {
            if store.knows(&snapshot.tenant, &carried.key)? {
                known.insert(carried.key);
            }
        }
        Ok(known)
    }

    /// Everybody with an account, or to be given one by this plan, in the order of the keys, and whether HR calls them gone.
    fn people<'s>(&'s self, snapshot: &'s Snapshot) -> Box<dyn Iterator<Item = (Carried<'s>, bool)> + 's> {
        match self {
            Self::Read { matched, people, only, .. } => {
                let accounts: HashMap<PersonNo, UserNo> = matched.iter().copied().collect();
                let planned = move |key: &str| only.as_ref().is_none_or(|only| only.contains(key));
                let keyed = people.numbers().filter_map(|person| Some((people.key(person)?, person)));
                let mut keyed: Vec<(&str, PersonNo)> = keyed.filter(|(key, _)| planned(key)).collect();
                if !keyed.is_sorted() {
                    keyed.sort_unstable();
                }
                Box::new(keyed.into_iter().filter_map(move |(_, person)| {
                    let CarriedPerson { key, gone, wishes } = people.carried(person, &snapshot.users)?;
                    let account = accounts.get(&person).map(|user| snapshot.users.at(*user).id());
                    Some((Carried { key: EmployeeId::new(key)?, account, wanted: wishes }, gone))
                }))
            }
            Self::Staged(Some(staged)) => Box::new(staged.people.iter().map(|(key, account, wanted)| {
                let wanted = Wishes::of(wanted.clone());
                (Carried { key: key.clone(), account: account.clone(), wanted }, false)
            })),
            Self::Staged(None) | Self::Nothing => Box::new(std::iter::empty()),
        }
    }
}

/// What this run could not write: it is not remembered as if it had been.
struct Lost<'a> {
    /// By key: the properties that were refused; none where more than those failed.
    failed: BTreeMap<&'a str, Option<BTreeSet<&'a str>>>,
    /// The attributes that Graph refuses to this app.
    refused: Vec<Attribute>,
}

impl<'a> Lost<'a> {
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

    /// Whether anything of what HR wants for this person may not have been written.
    fn concerns(&self, key: &EmployeeId) -> bool {
        !self.refused.is_empty() || self.failed.contains_key(key.as_str())
    }

    /// What is remembered of what HR wants for a person; nothing where the change itself failed.
    fn without(
        &self,
        key: &EmployeeId,
        id: Option<&ObjectId>,
        mut wanted: BTreeMap<String, Option<Value>>,
        snapshot: &Snapshot,
    ) -> Option<BTreeMap<String, Option<Value>>> {
        if let Some(failed) = self.failed.get(key.as_str()) {
            let failed = failed.as_ref()?;
            // A create whose name was refused left no account.
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

/// The people whose accounts hrpush may not write to: their links count for missing people and for the head of the report alone.
fn untouchable(plan: &Plan) -> BTreeSet<&str> {
    let is_untouchable = |code| matches!(code, SkippedCode::Protected | SkippedCode::Synced | SkippedCode::Guest);
    plan.skipped.iter().filter(|entry| is_untouchable(entry.code)).filter_map(|entry| entry.key.as_deref()).collect()
}

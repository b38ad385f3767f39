//! One round of a delta query, laid over what was known before. Whatever is doubtful is said, not guessed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::parse::{self, Told as Said};
use super::told::Told;
use crate::directory::{Attribute, ObjectId};

/// An object that the full list did not have and that is older than this was in the recycle bin, not on its way.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// A round at work.
pub(super) struct Round<'a> {
    told: &'a mut Told,
    attributes: &'a [Attribute],
    /// Whether groups are wanted that are not assignable to roles.
    all_groups: bool,
    /// When the full list was begun.
    listed: Timestamp,
    /// Who was in the recycle bin at the last reading.
    bin: &'a BTreeSet<ObjectId>,
    /// Of each object, what was told in this round, as hashes.
    seen: HashMap<ObjectId, Vec<(u64, u64)>>,
    relations: BTreeMap<(ObjectId, &'static str, ObjectId), Said>,
    unnamed: BTreeSet<ObjectId>,
    outcome: Merged,
}

/// What a round leaves to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Merged {
    /// Users that may differ from what was known, or are gone.
    pub(super) users: BTreeSet<ObjectId>,
    /// Groups likewise.
    pub(super) groups: BTreeSet<ObjectId>,
    /// Users to be looked up, because they were told in two ways or by halves.
    pub(super) doubtful: BTreeSet<ObjectId>,
    /// Users that the round called deleted, at least once.
    pub(super) deleted: BTreeSet<ObjectId>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        told: &'a mut Told,
        attributes: &'a [Attribute],
        all_groups: bool,
        listed: Timestamp,
        bin: &'a BTreeSet<ObjectId>,
    ) -> Self {
        Self {
            told,
            attributes,
            all_groups,
            listed,
            bin,
            seen: HashMap::new(),
            relations: BTreeMap::new(),
            unnamed: BTreeSet::new(),
            outcome: Merged::default(),
        }
    }

    /// Ends the round.
    ///
    /// # Errors
    /// Groups that nothing but relations was told of.
    pub(super) fn end(self) -> Result<Merged, String> {
        if self.unnamed.iter().any(|id| !self.told.groups.contains_key(id)) {
            return Err("it told the members of a group that it did not tell".into());
        }
        Ok(self.outcome)
    }

    /// Takes a user in.
    ///
    /// # Errors
    /// What no look-up of this one user could put right.
    pub(super) fn user(&mut self, item: &Json) -> Result<(), String> {
        let id = parse::id(item)?;
        let said = parse::told(item)?;
        if self.contradicts(&id, item, said) {
            // Neither the order of pages nor that of items says which is the later one.
            self.outcome.doubtful.insert(id.clone());
        }
        self.outcome.users.insert(id.clone());
        if said == Said::Gone {
            self.told.users.remove(&id);
            self.outcome.deleted.insert(id.clone());
            self.told.gone.insert(id);
            return Ok(());
        }
        if let Some(user) = self.told.users.get_mut(&id) {
            if !parse::patch(user, item, self.attributes)? {
                self.outcome.doubtful.insert(id);
            }
            return Ok(());
        }
        if !self.outcome.deleted.contains(&id) && self.is_back(&id, item) {
            // Its reports and memberships are back with it, and nothing says that delta tells those, too.
            return Err("a deleted user is back".into());
        }
        if item["userPrincipalName"].as_str().is_none_or(str::is_empty) {
            self.outcome.doubtful.insert(id);
            return Ok(());
        }
        let mut user = parse::user(item, self.attributes)?;
        if !parse::patch(&mut user, item, self.attributes)? {
            self.outcome.doubtful.insert(id.clone());
        }
        self.told.users.insert(id, user);
        Ok(())
    }

    /// Takes a group in.
    ///
    /// # Errors
    /// What only a full list can put right.
    pub(super) fn group(&mut self, item: &Json) -> Result<(), String> {
        let id = parse::id(item)?;
        let said = parse::told(item)?;
        let bare = !item.as_object().into_iter().flatten().any(|(name, _)| name != "id" && !name.contains('@'));
        if self.contradicts(&id, item, said) {
            return Err("it told a group in two ways".into());
        }
        if said == Said::Gone {
            self.outcome.groups.insert(id.clone());
            self.told.groups.remove(&id);
            self.told.read.remove(&id);
            self.told.gone.insert(id);
            return Ok(());
        }
        match self.told.groups.get_mut(&id) {
            Some(group) => {
                if !bare {
                    parse::patch_group(group, item);
                    self.outcome.groups.insert(id.clone());
                }
            }
            None if !self.all_groups && item["isAssignableToRole"].as_bool() != Some(true) => return Ok(()),
            None if bare => {
                self.unnamed.insert(id);
                return Ok(());
            }
            None => {
                if self.is_back(&id, item) {
                    return Err("a deleted group is back".into());
                }
                // Its members, where they matter, are read whole.
                self.told.groups.insert(id.clone(), parse::group(item)?);
                self.outcome.groups.insert(id.clone());
            }
        }
        self.relation(&id, item, "members")?;
        self.relation(&id, item, "owners")
    }

    fn relation(&mut self, id: &ObjectId, item: &Json, name: &'static str) -> Result<(), String> {
        if !self.told.read.contains(id) {
            return Ok(());
        }
        let entries = parse::relation(item, if name == "owners" { "owners@delta" } else { "members@delta" })?;
        let Some(group) = self.told.groups.get_mut(id).filter(|group| name == "members" || group.role_assignable) else {
            return Ok(());
        };
        let ids = if name == "owners" { &mut group.owners } else { &mut group.members };
        for (member, said) in entries {
            self.outcome.groups.insert(id.clone());
            let before = self.relations.insert((id.clone(), name, member.clone()), said);
            if before.is_some_and(|before| before != said) {
                // Came and went, in an order that nobody knows: the members are read again.
                self.told.read.remove(id);
            }
            match said {
                Said::There => ids.insert(member),
                Said::Gone => ids.remove(&member),
            };
        }
        Ok(())
    }

    /// Whether an item tells otherwise what the round told before of the same object. Repetitions and parts are no contradiction.
    fn contradicts(&mut self, id: &ObjectId, item: &Json, said: Said) -> bool {
        let seen = self.seen.entry(id.clone()).or_default();
        let properties = item.as_object().into_iter().flatten();
        // Members come in parts, and are compared one by one.
        let properties = properties.filter(|(name, _)| !matches!(name.as_str(), "members@delta" | "owners@delta" | "@removed"));
        let hashes = properties.map(|(name, value)| (hash(name), hash(&value.to_string())));
        let mut contradicts = false;
        for (name, value) in hashes.chain([(hash("@removed"), u64::from(said == Said::Gone))]) {
            match seen.iter().find(|(known, _)| *known == name) {
                Some((_, known)) => contradicts |= *known != value,
                None => seen.push((name, value)),
            }
        }
        contradicts
    }

    /// Whether an object that the cache does not have was there before.
    fn is_back(&self, id: &ObjectId, item: &Json) -> bool {
        let made = item["createdDateTime"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        self.told.gone.contains(id) || self.bin.contains(id) || made.is_some_and(|made| self.listed.duration_since(made) > LATE)
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

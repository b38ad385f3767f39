//! One round of a delta query, laid over what was known before. Whatever is doubtful is said, not guessed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::parse::{self, ItemState};
use super::tenant_state::TenantState;
use crate::directory::{Attribute, ObjectId};

/// An object that the full list did not have and that is older than this was in the recycle bin, not on its way.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// A round at work.
pub(in crate::graph) struct Round<'a> {
    tenant_state: &'a mut TenantState,
    attributes: &'a Arc<[Attribute]>,
    /// Whether groups are wanted that are not assignable to roles.
    all_groups: bool,
    /// When the full list was begun.
    listed: Timestamp,
    /// The users in the recycle bin at the last reading.
    bin: &'a BTreeSet<ObjectId>,
    /// The items of this round by object, as hashes.
    seen: HashMap<ObjectId, Vec<(u64, u64)>>,
    relations: BTreeMap<(ObjectId, &'static str, ObjectId), ItemState>,
    unnamed: BTreeSet<ObjectId>,
    outcome: Merged,
}

/// What a round leaves to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::graph) struct Merged {
    /// Users that may differ from what was known, or are gone.
    pub(in crate::graph) users: BTreeSet<ObjectId>,
    /// Groups that may differ from what was known, or are gone.
    pub(in crate::graph) groups: BTreeSet<ObjectId>,
    /// Users to look up, because their items contradict each other or are incomplete.
    pub(in crate::graph) doubtful: BTreeSet<ObjectId>,
    /// Users that the round called deleted, at least once.
    pub(in crate::graph) deleted: BTreeSet<ObjectId>,
}

impl<'a> Round<'a> {
    pub(in crate::graph) fn new(
        tenant_state: &'a mut TenantState,
        attributes: &'a Arc<[Attribute]>,
        all_groups: bool,
        listed: Timestamp,
        bin: &'a BTreeSet<ObjectId>,
    ) -> Self {
        Self {
            tenant_state,
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
    /// Groups of which only relations were returned.
    pub(in crate::graph) fn end(self) -> Result<Merged, String> {
        if self.unnamed.iter().any(|id| !self.tenant_state.groups.contains_key(id)) {
            return Err("it returned members of a group but not the group itself".into());
        }
        Ok(self.outcome)
    }

    /// Takes a user in.
    ///
    /// # Errors
    /// What no look-up of this one user could put right.
    pub(in crate::graph) fn user(&mut self, item: &Json) -> Result<(), String> {
        let id = parse::id(item)?;
        let said = parse::tenant_state(item)?;
        if self.contradicts(&id, item, said) {
            // Neither the order of pages nor that of items says which is the later one.
            self.outcome.doubtful.insert(id.clone());
        }
        self.outcome.users.insert(id.clone());
        if said == ItemState::Gone {
            self.tenant_state.users.remove(&id);
            self.outcome.deleted.insert(id.clone());
            self.tenant_state.gone.insert(id);
            return Ok(());
        }
        if let Some(mut user) = self.tenant_state.users.get_mut(&id) {
            if !parse::patch(&mut user, item, self.attributes)? {
                self.outcome.doubtful.insert(id);
            }
            return Ok(());
        }
        if !self.outcome.deleted.contains(&id) && self.is_back(&id, item) {
            // Its reports and memberships are back with it, and delta is not documented to return those, too.
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
        self.tenant_state.users.insert(&user);
        Ok(())
    }

    /// Takes a group in.
    ///
    /// # Errors
    /// What only a full list can put right.
    pub(in crate::graph) fn group(&mut self, item: &Json) -> Result<(), String> {
        let id = parse::id(item)?;
        let said = parse::tenant_state(item)?;
        let bare = !item.as_object().into_iter().flatten().any(|(name, _)| name != "id" && !name.contains('@'));
        if self.contradicts(&id, item, said) {
            return Err("it returned contradicting items for a group".into());
        }
        if said == ItemState::Gone {
            self.outcome.groups.insert(id.clone());
            self.tenant_state.groups.remove(&id);
            self.tenant_state.read.remove(&id);
            self.tenant_state.gone.insert(id);
            return Ok(());
        }
        match self.tenant_state.groups.get_mut(&id) {
            Some(group) => {
                if !bare {
                    parse::patch_group(group, item);
                    self.outcome.groups.insert(id.clone());
                }
            }
            None if !self.all_groups && item["isAssignableToRole"].as_bool() != Some(true) && !parse::has_address(item) => {
                return Ok(());
            }
            None if bare => {
                self.unnamed.insert(id);
                return Ok(());
            }
            None => {
                if self.is_back(&id, item) {
                    return Err("a deleted group is back".into());
                }
                // Its members, where they matter, are read whole.
                self.tenant_state.groups.insert(id.clone(), parse::group(item)?);
                self.outcome.groups.insert(id.clone());
            }
        }
        self.relation(&id, item, "members")?;
        self.relation(&id, item, "owners")
    }

    fn relation(&mut self, id: &ObjectId, item: &Json, name: &'static str) -> Result<(), String> {
        if !self.tenant_state.read.contains(id) {
            return Ok(());
        }
        let entries = parse::relation(item, if name == "owners" { "owners@delta" } else { "members@delta" })?;
        let Some(group) = self.tenant_state.groups.get_mut(id).filter(|group| name == "members" || group.role_assignable) else {
            return Ok(());
        };
        let ids = if name == "owners" { &mut group.owners } else { &mut group.members };
        for (member, said) in entries {
            self.outcome.groups.insert(id.clone());
            let before = self.relations.insert((id.clone(), name, member.clone()), said);
            if before.is_some_and(|before| before != said) {
                // Added and removed in an unknown order: the members are read again.
                self.tenant_state.read.remove(id);
            }
            match said {
                ItemState::There => ids.insert(member),
                ItemState::Gone => ids.remove(&member),
            };
        }
        Ok(())
    }

    /// Whether an item contradicts an earlier one of the same object. Repetitions and parts are no contradiction.
    fn contradicts(&mut self, id: &ObjectId, item: &Json, said: ItemState) -> bool {
        let seen = self.seen.entry(id.clone()).or_default();
        let properties = item.as_object().into_iter().flatten();
        // Members come in parts, and are compared one by one.
        let properties = properties.filter(|(name, _)| !matches!(name.as_str(), "members@delta" | "owners@delta" | "@removed"));
        let hashes = properties.map(|(name, value)| (hash(name), hash(&value.to_string())));
        let mut contradicts = false;
        for (name, value) in hashes.chain([(hash("@removed"), u64::from(said == ItemState::Gone))]) {
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
        self.tenant_state.gone.contains(id)
            || self.bin.contains(id)
            || made.is_some_and(|made| self.listed.duration_since(made) > LATE)
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::directory::{Upn, User};

    fn id(text: &str) -> ObjectId {
        ObjectId::new(text).unwrap()
    }

    fn attributes() -> Arc<[Attribute]> {
        let names = ["department", "city", "employeeOrgData.division", "employeeOrgData.costCenter"];
        names.iter().map(|name| Attribute::find(name).unwrap()).collect()
    }

    /// Ada, with Bob as her manager, in a group with known members.
    fn known() -> TenantState {
        let mut tenant_state = TenantState::default();
        for name in ["ada", "bob"] {
            tenant_state.users.insert(&User::new(id(name), Upn::new(format!("{name}@x"))));
        }
        let mut ada = tenant_state.users.get_mut(&id("ada")).unwrap();
        ada.manager = Some(id("bob"));
        parse::patch(&mut ada, &json!({ "department": "Claims", "employeeOrgData": { "division": "EMEA" } }), &attributes())
            .unwrap();
        let group = json!({ "id": "g", "displayName": "G", "uniqueName": "hrpush-g", "groupTypes": [], "mailEnabled": false });
        tenant_state.groups.insert(id("g"), parse::group(&group).unwrap());
        tenant_state.groups.get_mut(&id("g")).unwrap().members = BTreeSet::from([id("ada")]);
        tenant_state.read.insert(id("g"));
        drop(ada);
        tenant_state
    }

    fn round(tenant_state: &mut TenantState, users: &[Json], groups: &[Json]) -> Result<Merged, String> {
        let (attributes, bin) = (attributes(), BTreeSet::from([id("binned")]));
        let mut round = Round::new(tenant_state, &attributes, true, "2026-11-20T00:00:00Z".parse().unwrap(), &bin);
        users.iter().try_for_each(|item| round.user(item))?;
        groups.iter().try_for_each(|item| round.group(item))?;
        round.end()
    }

    #[test]
    fn what_an_item_does_not_name_stays_and_null_clears() {
        let mut tenant_state = known();
        let merged = round(&mut tenant_state, &[json!({ "id": "ada", "city": "Graz" })], &[]).unwrap();
        let ada = tenant_state.users.get(&id("ada")).unwrap();
        assert_eq!((ada.text("city"), ada.text("department"), &ada.manager), (Some("Graz"), Some("Claims"), &Some(id("bob"))));
        assert!(merged.doubtful.is_empty());
        round(&mut tenant_state, &[json!({ "id": "ada", "department": null, "employeeOrgData": null })], &[]).unwrap();
        let ada = tenant_state.users.get(&id("ada")).unwrap();
        assert_eq!((ada.text("department"), ada.text("employeeOrgData.division")), (None, None));
    }

    #[test]
    fn the_same_item_twice_is_no_matter_and_two_that_differ_are_looked_up() {
        let mut tenant_state = known();
        let graz = json!({ "id": "ada", "city": "Graz" });
        assert!(round(&mut tenant_state, &[graz.clone(), graz.clone()], &[]).unwrap().doubtful.is_empty());
        let parts = [graz.clone(), json!({ "id": "ada", "department": "Audit" })];
        assert!(round(&mut tenant_state, &parts, &[]).unwrap().doubtful.is_empty());
        let removed = json!({ "id": "ada", "@removed": { "reason": "changed" } });
        for pair in [[graz.clone(), json!({ "id": "ada", "city": "Wien" })], [graz.clone(), removed.clone()], [removed, graz]] {
            assert_eq!(round(&mut known(), &pair, &[]).unwrap().doubtful, BTreeSet::from([id("ada")]));
        }
    }

    #[test]
    fn a_half_told_user_is_looked_up() {
        for half in [
            json!({ "id": "ada", "employeeOrgData": { "costCenter": "1" } }),
            json!({ "id": "ada", "manager@delta": [{ "id": "other", "@removed": { "reason": "deleted" } }] }),
            json!({ "id": "ada", "assignedLicenses": [] }),
            json!({ "id": "nobody-yet", "city": "Graz" }),
        ] {
            assert_eq!(round(&mut known(), std::slice::from_ref(&half), &[]).unwrap().doubtful.len(), 1, "{half}");
        }
    }

    #[test]
    fn managers_and_members_come_and_go() {
        let mut tenant_state = known();
        let swap =
            json!({ "id": "ada", "manager@delta": [{ "id": "bob", "@removed": { "reason": "deleted" } }, { "id": "cy" }] });
        let members =
            json!({ "id": "g", "members@delta": [{ "id": "bob" }, { "id": "ada", "@removed": { "reason": "deleted" } }] });
        round(&mut tenant_state, &[swap], &[members]).unwrap();
        assert_eq!(tenant_state.users.get(&id("ada")).unwrap().manager, Some(id("cy")));
        assert_eq!(tenant_state.groups[&id("g")].members, BTreeSet::from([id("bob")]));
        let gone = json!({ "id": "ada", "manager@delta": [{ "id": "cy", "@removed": { "reason": "deleted" } }] });
        assert!(round(&mut tenant_state, &[gone], &[]).unwrap().doubtful.is_empty());
        assert_eq!(tenant_state.users.get(&id("ada")).unwrap().manager, None);
    }

    #[test]
    fn a_member_who_came_and_went_makes_the_members_be_read_again() {
        let mut tenant_state = known();
        let pages = [
            json!({ "id": "g", "displayName": "G", "members@delta": [{ "id": "bob" }] }),
            json!({ "id": "g", "members@delta": [{ "id": "bob", "@removed": { "reason": "deleted" } }] }),
        ];
        round(&mut tenant_state, &[], &pages).unwrap();
        assert!(!tenant_state.read.contains(&id("g")));
    }

    #[test]
    fn who_comes_back_from_the_recycle_bin_takes_a_full_list() {
        let live = |name: &str, made: &str| json!({ "id": name, "userPrincipalName": "x@x", "createdDateTime": made });
        assert!(round(&mut known(), &[live("new", "2026-11-20T12:00:00Z")], &[]).is_ok());
        assert!(round(&mut known(), &[live("binned", "2026-11-20T12:00:00Z")], &[]).is_err());
        assert!(round(&mut known(), &[live("old", "2020-01-01T00:00:00Z")], &[]).is_err());
        let old = json!({ "id": "h", "displayName": "H", "createdDateTime": "2020-01-01T00:00:00Z" });
        assert!(round(&mut known(), &[], &[old]).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        for item in [
            json!({}),
            json!({ "id": "" }),
            json!({ "id": "ada", "@removed": true }),
            json!({ "id": "ada", "userPrincipalName": null }),
            json!({ "id": "ada", "manager@delta": "bob" }),
            json!([]),
        ] {
            assert!(round(&mut known(), std::slice::from_ref(&item), &[]).is_err(), "{item}");
        }
        for item in [json!({ "id": "g", "members@delta": [{}] }), json!({ "id": "unheard-of", "members@delta": [] })] {
            assert!(round(&mut known(), &[], std::slice::from_ref(&item)).is_err(), "{item}");
        }
    }
}

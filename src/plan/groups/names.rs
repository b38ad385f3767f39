//! The display names of groups: the names that are taken, their groups, and the names that are given up.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Group, ObjectId};
use crate::mapping::{Held, HeldCode};
use crate::plan::group_rules::fold;
use crate::plan::group_rules::{hold, refuse};
use crate::plan::groups::group_requests::Case;
use crate::plan::homoglyphs::LookAlikes;
use crate::plan::person::context::PersonPlanner;

/// The display names that are taken, and those that matter. Names compare as keys of groups do.
pub(super) struct GroupNames<'a> {
    taken: BTreeMap<String, Vec<&'a Group>>,
    /// The keys of the groups to which this plan gives a name.
    given: BTreeMap<String, String>,
    /// The groups that give their name up in this plan.
    leaving: BTreeSet<&'a ObjectId>,
    looks: LookAlikes,
}

impl<'a> GroupNames<'a> {
    pub(super) fn new(planner: &PersonPlanner<'a>, cases: &[Case<'a>]) -> Self {
        let mut names =
            Self { taken: BTreeMap::new(), given: BTreeMap::new(), leaving: BTreeSet::new(), looks: LookAlikes::empty() };
        for group in planner.inputs.snapshot.groups.values() {
            names.taken.entry(fold(&group.name).into_owned()).or_default().push(group);
            if group.role_assignable || planner.protection.is_protected_group(group) {
                names.looks.insert(&group.name);
            }
        }
        if planner.inputs.only.is_none() {
            names.leaving = names.given_up(cases);
        }
        names
    }

    /// The groups that are renamed, each to a name that is free or given up itself: so that two groups can swap their names.
    fn given_up(&self, cases: &[Case<'a>]) -> BTreeSet<&'a ObjectId> {
        let mut renamed: BTreeMap<&'a ObjectId, String> = BTreeMap::new();
        for case in cases.iter().filter(|case| !case.by_id) {
            if let Some(group) = case.present.filter(|group| is_renamed(group, &case.name))
                && refuse(&case.key, group).is_ok()
                && !self.looks.hit(&case.name, None)
            {
                renamed.insert(&group.id, fold(&case.name).into_owned());
            }
        }
        loop {
            let free = |name: &String| {
                self.taken.get(name).is_none_or(|owners| owners.iter().all(|owner| renamed.contains_key(&owner.id)))
            };
            let twice = |name: &String| renamed.values().filter(|other| *other == name).count() > 1;
            let stuck: Vec<&ObjectId> =
                renamed.iter().filter(|(_, name)| !free(name) || twice(name)).map(|(group, _)| *group).collect();
            if stuck.is_empty() {
                return renamed.into_keys().collect();
            }
            renamed.retain(|group, _| !stuck.contains(group));
        }
    }

    /// Gives a name to a group, or says why it cannot have it.
    pub(super) fn give(&mut self, key: &str, name: &str, present: Option<&Group>) -> Result<(), Box<Held>> {
        if name.trim().is_empty() || name.encode_utf16().count() > 256 {
            let message = format!("the name of the group `{key}` is empty or longer than 256 characters");
            return Err(hold(key, HeldCode::InvalidValue, message, "correct `name` of the rule, or the cells that it reads"));
        }
        let folded = fold(name).into_owned();
        let own = present.map(|group| &group.id);
        let owners = self.taken.get(&folded).into_iter().flatten();
        if let Some(owner) = owners.copied().find(|owner| Some(&owner.id) != own && !self.leaving.contains(&owner.id)) {
            let message = format!("the name {name} is taken by the group {} ({})", owner.name, owner.id);
            let help = "rename one of them, or let the rule adopt the group by its `id`";
            return Err(hold(key, HeldCode::GroupNameTaken, message, help));
        }
        if let Some(other) = self.given.get(&folded) {
            let message = format!("the name {name} is taken by the group with the key `{other}` in this plan");
            return Err(hold(key, HeldCode::GroupNameTaken, message, "give the groups distinct names, or one key"));
        }
        if self.looks.hit(name, None) {
            let message = format!("the name {name} looks like that of a group that is protected or can be assigned to roles");
            return Err(hold(key, HeldCode::LookAlike, message, "correct the letters in HR"));
        }
        self.given.insert(folded, key.to_owned());
        Ok(())
    }
}

/// Whether a group gets another name. Letter case and blanks are no other name: spellings would take turns, night after night.
pub(super) fn is_renamed(group: &Group, name: &str) -> bool {
    fold(&group.name) != fold(name)
}

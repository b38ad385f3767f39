//! Groups of hrpush for which no record of the reading asks.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::ObjectId;
use crate::plan::group_rules::PREFIX;
use crate::plan::group_rules::refuse;
use crate::plan::groups::members::Waiting;
use crate::plan::groups::members_change;
use crate::plan::groups::membership::{MemberStanding, Membership};
use crate::plan::model::{Change, Members, Skipped, SkippedCode};
use crate::plan::person::context::PersonPlanner;
use crate::plan::reason::Reason;

/// Plans that they lose the members that this reading contains, except people for which the wanted group is held.
pub(super) fn empty(
    planner: &PersonPlanner<'_>,
    membership: &Membership<'_, '_>,
    served: &BTreeSet<&ObjectId>,
    waiting: &Waiting<'_>,
) -> Vec<Change> {
    if planner.inputs.rules.groups.iter().any(|rule| !rule.exact) {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for group in planner.inputs.snapshot.groups.values().filter(|group| !served.contains(&group.id)) {
        if !group.unique_name.as_ref().is_some_and(|name| name.starts_with(PREFIX)) || refuse("", group).is_err() {
            continue;
        }
        let mut ids = BTreeMap::new();
        for (key, id) in membership.members_of(group) {
            // If another feed carried the person last, the membership may follow from that feed's mapping.
            let known = planner.inputs.ledger.people.get(key);
            let other_feed = known.is_some_and(|known| known.feed != planner.inputs.rules.feed);
            let goes = match membership.standing.get(key) {
                Some(MemberStanding::Serves) => !waiting.contains_key(key),
                Some(MemberStanding::Leaves) => true,
                Some(MemberStanding::Untouched) | None => false,
            };
            if !other_feed && goes {
                ids.insert(key.to_owned(), id.clone());
            }
        }
        if ids.is_empty() {
            continue;
        }
        let members = Members { add: Vec::new(), remove: ids.keys().cloned().collect() };
        let key = group.unique_name.clone().unwrap_or_default();
        changes.push(members_change(key, Some(group), (members, ids), &Reason::GroupUnwanted));
    }
    changes
}

/// Reports each group that hrpush made and no rule asks for any more.
pub(super) fn report(planner: &mut PersonPlanner<'_>, served: &BTreeSet<&ObjectId>) {
    for group in planner.inputs.snapshot.groups.values().filter(|group| !served.contains(&group.id)) {
        let Some(unique) = group.unique_name.as_ref().filter(|name| name.starts_with(PREFIX)) else { continue };
        let message = format!(
            "no rule asks for the group {} any more; it is not deleted; hint: find out whether another feed or a person still uses it",
            group.name
        );
        let (key, id, code) = (Some(unique.clone()), Some(group.id.clone()), SkippedCode::GroupUnused);
        planner.skipped.push(Skipped { key, id, code, message, left: false, disabled: false });
    }
}

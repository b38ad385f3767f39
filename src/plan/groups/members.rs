//! The members that join a group and those that leave it.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::{Group, ObjectId};
use crate::plan::groups::group_requests::GroupRequest;
use crate::plan::groups::membership::{MemberStanding, Membership};
use crate::plan::model::Members;
use crate::plan::person::context::PersonPlanner;

/// The people for which the wanted group is held, with the rules that want it: they keep the groups of these rules.
pub(super) type Waiting<'a> = BTreeMap<&'a str, BTreeSet<usize>>;

/// The members that a group gains and loses, and the ids of those that have one.
pub(super) type Moves = (Members, BTreeMap<String, ObjectId>);

/// People that HR wants in the group and that are not in it.
pub(super) fn joining(
    planner: &PersonPlanner<'_>,
    membership: &Membership<'_, '_>,
    asked: &GroupRequest<'_>,
    present: Option<&Group>,
) -> Moves {
    let (mut members, mut ids) = (Members::default(), BTreeMap::new());
    for key in asked.people.iter().filter(|key| membership.standing.get(*key) == Some(&MemberStanding::Serves)) {
        let Some(found) = membership.directory.resolve(key) else { continue };
        match found.id(planner.inputs.snapshot) {
            Some(id) if present.is_some_and(|group| group.members.contains(&id)) => {}
            Some(id) => {
                members.add.push((*key).to_owned());
                ids.insert((*key).to_owned(), id);
            }
            None => members.add.push((*key).to_owned()),
        }
    }
    (members, ids)
}

/// Adds the members that HR no longer wants in a group, except people for which the other group is held.
pub(super) fn add_leaving(
    membership: &Membership<'_, '_>,
    asked: &GroupRequest<'_>,
    group: &Group,
    waiting: &Waiting<'_>,
    moves: &mut Moves,
) {
    let (members, ids) = moves;
    for (key, id) in membership.members_of(group) {
        let goes = match membership.standing.get(key) {
            Some(MemberStanding::Serves) => waiting.get(key).is_none_or(|rules| rules.is_disjoint(&asked.rules)),
            Some(MemberStanding::Leaves) => true,
            Some(MemberStanding::Untouched) | None => false,
        };
        if goes && !asked.people.contains(key) {
            members.remove.push(key.to_owned());
            ids.insert(key.to_owned(), id.clone());
        }
    }
    members.remove.sort();
}

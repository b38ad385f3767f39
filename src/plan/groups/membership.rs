//! The people of the reading as groups see them: their accounts, and whether their memberships may change.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::directory::{Group, ObjectId};
use crate::mapping::{LeaveAction, RecordPart, Stage};
use crate::plan::matching::claim::{Account, Person};
use crate::plan::model::Action;
use crate::plan::person::context::{PersonDecision, PersonPlanner};
use crate::plan::person::managers::AccountLookup;
use crate::plan::protection::WriteAccess;

/// Whether the members of a group may be changed for a person.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MemberStanding {
    /// Joins what HR asks for, leaves the rest.
    Serves,
    /// Stays where HR asks for it, joins nothing.
    Leaves,
    /// Stays as it is.
    Untouched,
}

/// The people of the reading, as groups see them.
pub(super) struct Membership<'a, 's> {
    pub(super) directory: AccountLookup<'a, 's>,
    pub(super) standing: BTreeMap<&'a str, MemberStanding>,
    pub(super) by_account: HashMap<ObjectId, &'a str>,
    pub(super) managed: HashSet<ObjectId>,
    /// The restored accounts that become members of a group again, by the group: no list of members shows them yet.
    returning: HashMap<&'a ObjectId, Vec<(&'a str, &'a ObjectId)>>,
}

impl<'a> Membership<'a, '_> {
    /// The people of the reading that are members of a group or become members again, with their accounts.
    pub(super) fn members_of<'g>(&'g self, group: &'g Group) -> impl Iterator<Item = (&'a str, &'g ObjectId)> {
        let live = group.members.iter().filter_map(|id| Some((*self.by_account.get(id)?, id)));
        live.chain(self.returning.get(&group.id).into_iter().flatten().copied())
    }
}

pub(super) fn membership_of<'a, 's>(planner: &PersonPlanner<'a>, decisions: &'s [PersonDecision]) -> Membership<'a, 's> {
    let lifecycle = planner.inputs.rules.lifecycle.as_ref();
    let leave_all = lifecycle.is_some_and(|lifecycle| lifecycle.on_leave.contains(&LeaveAction::RemoveFromManagedGroups));
    let directory = AccountLookup::new(planner, decisions);
    let mut membership = Membership {
        directory,
        standing: BTreeMap::new(),
        by_account: HashMap::new(),
        managed: HashSet::new(),
        returning: HashMap::new(),
    };
    let users = &planner.inputs.snapshot.users;
    membership.managed.extend(users.rows().filter(|user| planner.matching.is_claimed(user.number())).map(|user| user.id()));
    membership.managed.extend(planner.inputs.ledger.people.values().map(|person| person.id.clone()));
    for (person, decision) in planner.matching.people.iter().zip(decisions) {
        let key = planner.matching.key(person);
        if let Account::Live(user, _) = person.account {
            let user = users.at(user);
            membership.by_account.insert(user.id(), key);
            if !planner.protection.is_free(&user)
                && matches!(
                    planner.protection.touch(&user.to_user()),
                    WriteAccess::Protected | WriteAccess::Synced | WriteAccess::Guest
                )
            {
                membership.standing.insert(key, MemberStanding::Untouched);
                continue;
            }
        }
        if let (Account::Deleted(deleted), PersonDecision::Change(change)) = (person.account, decision)
            && change.action == Action::Restore
        {
            for group in former_groups(planner, person, &deleted.user.id) {
                membership.returning.entry(group).or_default().push((key, &deleted.user.id));
            }
        }
        let row = planner.matching.row(person);
        let unknown_group = row.left_out().iter().any(|left_out| matches!(left_out.part, RecordPart::Group(_)));
        let standing = match (stage_of_membership(planner, person, decision), decision) {
            // The wanted group is unknown, so the present memberships stay.
            _ if unknown_group => MemberStanding::Untouched,
            (_, PersonDecision::Closed) | (Stage::Upcoming { .. }, _) => MemberStanding::Untouched,
            // What follows a disable takes these memberships away.
            (Stage::Left { .. }, _) if leave_all => MemberStanding::Untouched,
            (_, PersonDecision::Change(change)) if change.action == Action::Delete => MemberStanding::Untouched,
            (Stage::Left { .. }, _) => MemberStanding::Leaves,
            (Stage::Active { .. } | Stage::PreHire { .. }, _) => MemberStanding::Serves,
        };
        membership.standing.insert(key, standing);
    }
    membership
}

/// The groups to which a restore adds an account again.
fn former_groups<'a>(planner: &PersonPlanner<'a>, person: &Person<'a>, account: &ObjectId) -> impl Iterator<Item = &'a ObjectId> {
    let people = &planner.inputs.ledger.people;
    let keys = [Some(planner.matching.key(person)), planner.matching.row(person).previous_key()];
    let known = keys.into_iter().flatten().filter_map(|key| people.get(key)).find(|known| known.id == *account);
    known.into_iter().flat_map(|known| &known.groups_when_deleted)
}

/// The stage that decides about groups. An account that is made for a new start has nothing to do with the leave before it.
fn stage_of_membership(planner: &PersonPlanner<'_>, person: &Person<'_>, decision: &PersonDecision) -> Stage {
    let (stage, new_stage) = planner.matching.stages(person);
    let Some(new_stage) = new_stage else { return stage };
    let is_created =
        matches!(decision, PersonDecision::Change(change) if matches!(change.action, Action::Create | Action::Restore));
    let is_closed = matches!(decision, PersonDecision::Change(change) if change.action == Action::Disable);
    let known = planner.inputs.ledger.people.get(planner.matching.key(person));
    if is_created || (known.is_some_and(|known| known.pre_hire) && !is_closed) { new_stage } else { stage }
}

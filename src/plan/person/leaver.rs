//! Leavers: what is done to the account, on the day and afterwards.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::directory::User;
use crate::mapping::{Desired, LeaveAction, Lifecycle};
use crate::plan::group_rules::serves;
use crate::plan::ledger::Person as Known;
use crate::plan::model::{Action, Change, Edit, Members};
use crate::plan::person::context::{PersonDecision, PersonPlanner, Shield};
use crate::plan::person::lifecycle::{change, enablement, update};
use crate::plan::reason::Reason;

impl PersonPlanner<'_> {
    pub(super) fn leaver(
        &mut self,
        desired: &Desired,
        user: &User,
        mut edits: Vec<Edit>,
        shield: Shield,
        end: Option<Date>,
    ) -> PersonDecision {
        let Some(lifecycle) = self.lifecycle().filter(|_| shield == Shield::Off) else { return update(desired, user, edits) };
        let known = self.known(desired, &user.id);
        let left = end.filter(|end| *end < self.inputs.today);
        let reason = left.map_or(Reason::LeftByStatus, Reason::LeftOnDate);
        let flips = user.enabled != Some(false);
        // In the gap before a new start, an account that was made for this start has nothing to do with the old leave.
        if !flips && desired.new_stage.is_some() && known.is_some_and(|known| known.pre_hire) {
            return update(desired, user, edits);
        }
        if !flips && let Some(since) = self.deletion_day(lifecycle, known, end) {
            let mut decision = change(Action::Delete, desired, Some(user), Vec::new(), &Reason::Expired { left, since });
            if let PersonDecision::Change(change) = &mut decision {
                self.note_former_groups(change, user);
            }
            return decision;
        }
        let then = self.pending(lifecycle, user, known, flips);
        if flips {
            edits.push(enablement(user.enabled, false));
        } else if then.is_empty() {
            return update(desired, user, edits);
        }
        let action = if flips { Action::Disable } else { Action::Update };
        let mut decision = change(action, desired, Some(user), edits, &reason);
        if let PersonDecision::Change(change) = &mut decision {
            self.follow(change, user, then);
        }
        decision
    }

    /// Keeps the memberships of an account that is deleted, for the day of its restore.
    pub(super) fn note_former_groups(&self, change: &mut Change, user: &User) {
        let (groups, rules) = (&self.inputs.snapshot.groups, &self.inputs.rules.groups);
        let former = groups.values().filter(|group| group.members.contains(&user.id) && serves(group, rules));
        change.aside.former_groups.extend(former.map(|group| group.id.clone()));
    }

    /// The day since which a leaver may be deleted, where it has come.
    pub(super) fn deletion_day(&self, lifecycle: &Lifecycle, known: Option<&Known>, end: Option<Date>) -> Option<Date> {
        let (days, disabled) =
            (lifecycle.delete_after.filter(|_| self.inputs.policy.supported.soft_delete)?, known?.disabled_on?);
        let day = end.map_or(disabled, |end| end.max(disabled)).checked_add(days.days()).ok()?;
        (disabled < self.inputs.today && day <= self.inputs.today).then_some(day)
    }

    /// The `on_leave` actions that are not done yet.
    pub(super) fn pending(&self, lifecycle: &Lifecycle, user: &User, known: Option<&Known>, flips: bool) -> Vec<LeaveAction> {
        let supported = self.inputs.policy.supported;
        let is_pending = |action: &LeaveAction| match action {
            LeaveAction::RevokeSessions if !supported.sessions => false,
            LeaveAction::RemoveLicenses if !supported.licences => false,
            LeaveAction::RevokeSessions => flips || !known.is_some_and(|known| known.leave_done.contains(action)),
            LeaveAction::RemoveFromManagedGroups => self.managed_groups.contains_key(&user.id),
            LeaveAction::RemoveLicenses => !user.licenses.is_empty(),
            LeaveAction::ClearManager => user.manager.is_some(),
        };
        lifecycle.on_leave.iter().copied().filter(is_pending).collect()
    }

    pub(super) fn follow(&self, change: &mut Change, user: &User, then: Vec<LeaveAction>) {
        if then.contains(&LeaveAction::RemoveFromManagedGroups)
            && let Some(groups) = self.managed_groups.get(&user.id)
        {
            let remove = groups.iter().map(ToString::to_string).collect();
            change.members = Some(Members { add: Vec::new(), remove });
        }
        if then.contains(&LeaveAction::ClearManager) {
            change.aside.cleared_manager.clone_from(&user.manager);
        }
        change.then = then;
    }
}

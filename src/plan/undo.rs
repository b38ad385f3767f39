//! The inverse of an earlier run, as a plan like any other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::directory::{ObjectId, Snapshot, User, UserNo, Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::approval::drift::{Drifted, account_of, holds, leave_alone};
use crate::plan::approval::fingerprint::fingerprint;
use crate::plan::approval::guards::{self, Bases};
use crate::plan::group_rules::refuse;
use crate::plan::inputs::Policy;
use crate::plan::label_sources::add_labels;
use crate::plan::ledger::Ledger;
use crate::plan::model::{Action, Change, ChangeAside, Edit, Judged, Members, Object, Plan, Skipped, SkippedCode, SourceInfo};
use crate::plan::order::order;
use crate::plan::person::lifecycle::enablement;
use crate::plan::person_label::PersonLabels;
use crate::plan::planner::summarise;
use crate::plan::protection::{Protection, SHIELDED, WriteAccess};
use crate::plan::reason::{Reason, Why};

/// What an undo is computed from.
pub struct UndoInputs<'a> {
    /// The plan of the run, as it was journaled.
    pub plan: &'a Plan,
    /// The run's name.
    pub run: &'a str,
    /// The changes that were carried out, by number.
    pub done: &'a BTreeSet<u64>,
    /// The objects that the run created, by key.
    pub created: &'a BTreeMap<String, ObjectId>,
    /// The tenant as it is now.
    pub snapshot: &'a Snapshot,
    /// What is known of people.
    pub ledger: &'a Ledger,
    /// The configuration's part.
    pub policy: &'a Policy,
    /// The day on which the undo is planned, in the tenant's time zone.
    pub today: Date,
    /// The moment at which the undo is planned, RFC 3339.
    pub created_at: String,
}

/// Plans the inverse of a run. What changed since is left alone and listed, and so is what has no inverse.
#[must_use]
pub fn undo(inputs: &UndoInputs<'_>) -> (Plan, Vec<Drifted>) {
    let protection = Protection::new(inputs.snapshot, inputs.policy, true);
    let mut work = Work { inputs, protection, changes: Vec::new(), skipped: Vec::new(), drifted: Vec::new() };
    for change in inputs.plan.changes.iter().filter(|change| inputs.done.contains(&change.seq)) {
        match change.object {
            Object::User => work.user(change),
            Object::Group => work.group(change),
        }
    }
    let Work { mut changes, skipped, drifted, .. } = work;
    order(&mut changes);
    let touched: BTreeSet<UserNo> =
        changes.iter().filter_map(|change| inputs.snapshot.users.number(change.id.as_ref()?)).collect();
    let bases = Bases::new(inputs.snapshot, inputs.ledger, |user| touched.contains(&user), &[]);
    let UndoInputs { snapshot, ledger, policy, .. } = *inputs;
    let guards = guards::on_deeds(&changes, snapshot, ledger, policy, bases);
    let mut plan = Plan {
        format: crate::plan::FORMAT.into(),
        fingerprint: String::new(),
        as_of: inputs.today.to_string(),
        created_at: inputs.created_at.clone(),
        target: inputs.plan.target.clone(),
        source: SourceInfo { name: format!("undo of {}", inputs.run), ..inputs.plan.source.clone() },
        matching: inputs.plan.matching.clone(),
        summary: summarise(&changes, &[], &skipped),
        changes,
        held: Vec::new(),
        skipped,
        guards,
        seal: String::new(),
        candidates: BTreeMap::new(),
        left_out: BTreeMap::new(),
        people: PersonLabels::new(),
        judged: Judged::default(),
    };
    add_labels(&mut plan, inputs.snapshot);
    plan.fingerprint = fingerprint(&plan);
    plan.judge_rest(ledger, policy, |rest| guards::on_deeds(rest, snapshot, ledger, policy, bases));
    (plan, drifted)
}

struct Work<'a> {
    inputs: &'a UndoInputs<'a>,
    protection: Protection<'a>,
    changes: Vec<Change>,
    skipped: Vec<Skipped>,
    drifted: Vec<Drifted>,
}

impl<'a> Work<'a> {
    fn id_of(&self, change: &Change) -> Option<ObjectId> {
        change.id.clone().or_else(|| self.inputs.created.get(&change.key).cloned())
    }

    fn moved(&mut self, change: &Change, message: &str) {
        self.drifted.push(Drifted::of(change, message.into()));
    }

    fn tell(&mut self, change: &Change, code: SkippedCode, message: String) {
        let (key, id) = (Some(change.key.clone()), self.id_of(change));
        self.skipped.push(Skipped { key, id, code, message, left: false, disabled: false });
    }

    fn inverse(&self, change: &Change, action: Action, upn: Option<&str>, attributes: Vec<Edit>) -> Change {
        let reason = Reason::Undo { change: change.seq, run: self.inputs.run.to_owned() };
        Change {
            seq: 0,
            action,
            object: change.object,
            key: change.key.clone(),
            id: self.id_of(change),
            user_principal_name: upn.map(str::to_owned),
            reason: reason.to_string(),
            why: Why::from(&reason),
            cause: BTreeMap::new(),
            attributes,
            members: None,
            then: Vec::new(),
            record: change.record.clone(),
            aside: ChangeAside { accounts: change.aside.accounts.clone(), ..ChangeAside::default() },
        }
    }

    fn user(&mut self, change: &Change) {
        let Some(id) = self.id_of(change) else { return self.moved(change, "the account is not known") };
        if change.action == Action::Delete {
            let deleted = self.inputs.snapshot.deleted.get(&id);
            let untouched = |touch| !matches!(touch, WriteAccess::Free | WriteAccess::Shielded(_));
            if let Some(deleted) = deleted.filter(|deleted| untouched(self.protection.touch(&deleted.user))) {
                self.tell(change, SkippedCode::Protected, format!("{} is not touched", deleted.user.upn));
            } else if deleted.is_some() {
                let inverse = self.inverse(change, Action::Restore, change.user_principal_name.as_deref(), Vec::new());
                self.changes.push(inverse);
            } else {
                self.moved(change, "the account is not in the recycle bin");
            }
            return;
        }
        let snapshot: &'a Snapshot = self.inputs.snapshot;
        let Some(user) = &snapshot.users.get(&id) else { return self.moved(change, "the account does not exist any more") };
        let shielded = match self.protection.touch(user) {
            WriteAccess::Free => false,
            WriteAccess::Shielded(why) => {
                self.tell(change, SkippedCode::Shielded, format!("{} is privileged ({why})", user.upn));
                true
            }
            _ => return self.tell(change, SkippedCode::Protected, format!("{} is not touched", user.upn)),
        };
        match change.action {
            Action::Create | Action::Restore if shielded => {}
            Action::Create if user.enabled == Some(false) => self.moved(change, "the account is disabled already"),
            Action::Create => {
                let flip = vec![enablement(user.enabled, false)];
                let mut inverse = self.inverse(change, Action::Disable, Some(user.upn.as_str()), flip);
                inverse.then = vec![LeaveAction::RevokeSessions];
                self.changes.push(inverse);
                let message = "the account stays, disabled; its first password is not taken back";
                self.tell(change, SkippedCode::NotClearable, message.into());
            }
            Action::Restore => {
                let inverse = self.inverse(change, Action::Delete, Some(user.upn.as_str()), Vec::new());
                self.changes.push(inverse);
            }
            _ => self.values(change, user, shielded),
        }
        self.consequences(change);
    }

    fn values(&mut self, change: &Change, user: &User, shielded: bool) {
        let mut edits = Vec::new();
        for edit in &change.attributes {
            if shielded && SHIELDED.contains(&edit.name.as_str()) {
                continue;
            }
            if !holds(change, &edit.name, edit.after.as_ref(), user, self.inputs.ledger) {
                // As it was before: it was not reached, or is undone already.
                if holds(change, &edit.name, edit.before.as_ref(), user, self.inputs.ledger) {
                    continue;
                }
                self.moved(change, &format!("{} was changed since", edit.name));
                continue;
            }
            if edit.before.is_none() && edit.attribute().is_some_and(|attribute| !attribute.clearable) {
                let message = format!("{} was not set before, but Graph does not clear it", edit.name);
                self.tell(change, SkippedCode::NotClearable, message);
                continue;
            }
            let (before, after) = (edit.after.clone(), edit.before.clone());
            edits.push(Edit { name: edit.name.clone(), before, after, expression: None });
        }
        let cleared = change.aside.cleared_manager.as_ref().filter(|_| user.manager.is_none());
        if let Some(manager) = cleared {
            let after = Some(Value::text(manager.to_string()));
            edits.push(Edit { name: roles::MANAGER.into(), before: None, after, expression: None });
        }
        if edits.is_empty() {
            return;
        }
        let flip = edits.iter().find(|edit| edit.name == roles::ACCOUNT_ENABLED).and_then(|edit| edit.after.clone());
        let action = match flip {
            Some(Value::Flag(true)) => Action::Enable,
            Some(Value::Flag(false)) => Action::Disable,
            _ => Action::Update,
        };
        let mut inverse = self.inverse(change, action, Some(user.upn.as_str()), edits);
        if action == Action::Disable {
            // A person that is disabled again keeps no open session, as with any leaver.
            inverse.then = vec![LeaveAction::RevokeSessions];
        }
        inverse.aside.accounts.extend(cleared.map(|manager| (manager.to_string(), manager.clone())));
        for edit in &inverse.attributes {
            if let (roles::MANAGER, Some(key)) = (edit.name.as_str(), edit.after.as_ref().and_then(Value::as_text))
                && let Some(id) = account_of(change, key, self.inputs.ledger)
            {
                inverse.aside.accounts.insert(key.to_owned(), id);
            }
        }
        self.changes.push(inverse);
    }

    /// What followed a disable: memberships come back, the rest has no inverse.
    fn consequences(&mut self, change: &Change) {
        for action in &change.then {
            let message = match action {
                LeaveAction::RevokeSessions => "ended sessions do not come back; the person signs in anew",
                LeaveAction::RemoveLicenses => "licences that were taken are not given back; assign them by hand",
                LeaveAction::ClearManager | LeaveAction::RemoveFromManagedGroups => continue,
            };
            self.tell(change, SkippedCode::NotClearable, message.into());
        }
        let Some(id) = self.id_of(change) else { return };
        for group in change.members.iter().flat_map(|members| &members.remove) {
            let Some(group_id) = ObjectId::new(group) else { continue };
            match self.inputs.snapshot.groups.get(&group_id) {
                Some(now) if now.members.contains(&id) => continue,
                Some(_) => {}
                None => {
                    self.moved(change, "a group that was left does not exist any more");
                    continue;
                }
            }
            let mut back = self.inverse(change, Action::Update, None, Vec::new());
            back.object = Object::Group;
            back.key.clone_from(group);
            back.id = Some(group_id);
            back.aside.accounts = BTreeMap::from([(change.key.clone(), id.clone())]);
            back.members = Some(Members { add: vec![change.key.clone()], remove: Vec::new() });
            self.changes.push(back);
        }
    }

    /// Whether a person that the run moved to another group has left that one as well and is in a third managed group.
    fn moved_on(&self, key: &str, account: &ObjectId) -> bool {
        let UndoInputs { plan, done, snapshot, .. } = self.inputs;
        let named = |keys: &[String]| keys.iter().any(|member| member == key);
        let of = |joins: bool| {
            let changes = plan.changes.iter().filter(|change| change.object == Object::Group && done.contains(&change.seq));
            let changes = changes.filter(move |change| {
                change.members.as_ref().is_some_and(|members| named(if joins { &members.add } else { &members.remove }))
            });
            changes.filter_map(|change| self.id_of(change)).collect::<BTreeSet<ObjectId>>()
        };
        let (joined, left) = (of(true), of(false));
        let member = |id: &ObjectId| snapshot.groups.get(id).is_some_and(|group| group.members.contains(account));
        let third = |group: &&crate::directory::Group| !joined.contains(&group.id) && !left.contains(&group.id);
        let mut managed = snapshot.groups.values().filter(third).filter(|group| crate::plan::group_rules::is_ours(group, &[]));
        joined.iter().any(|group| !member(group)) && managed.any(|group| group.members.contains(account))
    }

    fn group(&mut self, change: &Change) {
        let group = self.id_of(change).and_then(|id| self.inputs.snapshot.groups.get(&id));
        let Some(group) = group else { return self.moved(change, "the group does not exist any more") };
        if let Err(held) = refuse(&change.key, group) {
            return self.moved(change, &format!("{} by now", held.message));
        }
        let mut inverse = self.inverse(change, Action::Update, None, Vec::new());
        if change.action == Action::Create {
            self.tell(change, SkippedCode::GroupUnused, format!("the group {} is emptied, not deleted", group.name));
        } else if let Some(edit) = change.attributes.iter().find(|edit| edit.name == roles::DISPLAY_NAME) {
            if edit.after.as_ref().and_then(Value::as_text) == Some(group.name.as_str()) {
                let (before, after) = (edit.after.clone(), edit.before.clone());
                inverse.attributes.push(Edit { name: edit.name.clone(), before, after, expression: None });
            } else {
                self.moved(change, "the group was renamed since");
            }
        }
        let mut members = Members::default();
        for key in change.members.iter().flat_map(|members| &members.add) {
            let account = self.inputs.created.get(key).cloned().or_else(|| account_of(change, key, self.inputs.ledger));
            if let Some(id) = account.filter(|id| group.members.contains(id)) {
                inverse.aside.accounts.insert(key.clone(), id);
                members.remove.push(key.clone());
            }
        }
        for key in change.members.iter().flat_map(|members| &members.remove) {
            if let Some(id) = account_of(change, key, self.inputs.ledger).filter(|id| !group.members.contains(id)) {
                if self.moved_on(key, &id) {
                    self.moved(change, &format!("{key} has moved on to another group since"));
                    continue;
                }
                inverse.aside.accounts.insert(key.clone(), id);
                members.add.push(key.clone());
            }
        }
        if !members.add.is_empty() || !members.remove.is_empty() {
            inverse.members = Some(members);
        }
        leave_alone(&mut inverse, self.inputs.snapshot, &self.protection);
        inverse.members = inverse.members.filter(|members| !members.add.is_empty() || !members.remove.is_empty());
        if inverse.members.is_some() || !inverse.attributes.is_empty() {
            self.changes.push(inverse);
        }
    }
}

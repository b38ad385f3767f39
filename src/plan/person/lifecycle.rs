//! The decision for each person: the stage by HR, the account in the tenant, and what earlier runs did.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::ToSpan;
use jiff::civil::Date;

use crate::directory::{Attribute, DeletedUser, ObjectId, User, UserNo, Value, roles};
use crate::mapping::{Desired, Held, HeldCode, LeaveAction, Lifecycle, Stage};
use crate::plan::homoglyphs::LookAlikes;
use crate::plan::inputs::Inputs;
use crate::plan::ledger::Person as Known;
use crate::plan::matching::possible_duplicate::Unclaimed;
use crate::plan::matching::{Account, How, Matching, Person};
use crate::plan::model::{Action, Change, Edit, Object, Skipped, SkippedCode};
use crate::plan::person::diff::{Mode, Refusals, hold};
use crate::plan::person::missing_doubt::MissingDoubt;
use crate::plan::person::names::Names;
use crate::plan::protection::{Protection, Touch};
use crate::plan::reason::{Adoption, Reason, Why};
use crate::plan::records::PersonRow;
use crate::record::EmployeeId;

/// What was decided for one person.
pub(in crate::plan) enum Slot {
    /// Left alone: no manager, no groups either.
    Closed,
    /// Nothing differs so far.
    Open,
    /// This is done.
    Change(Box<Change>),
}

/// The work of one plan.
pub(in crate::plan) struct Planner<'a> {
    pub(in crate::plan) inputs: &'a Inputs<'a>,
    pub(in crate::plan) matching: &'a Matching<'a>,
    pub(in crate::plan) protection: &'a Protection<'a>,
    pub(in crate::plan) names: Names<'a>,
    pub(in crate::plan) held: Vec<Held>,
    pub(in crate::plan) skipped: Vec<Skipped>,
    /// The candidates behind the chosen one, of people who get an account.
    pub(in crate::plan) candidates: BTreeMap<EmployeeId, BTreeMap<Attribute, Vec<Value>>>,
    /// Attributes that Graph refused to this app: who tries them again, and how many wait.
    pub(in crate::plan) refusals: BTreeMap<Attribute, Refusals>,
    looks: Option<LookAlikes>,
    unclaimed: Option<Unclaimed<'a>>,
    pub(super) managed_groups: HashMap<&'a ObjectId, Vec<&'a ObjectId>>,
    /// The keys of leavers whose records are out of scope.
    pub(in crate::plan) leavers_out_of_scope: HashSet<String>,
    /// Why nobody is disabled as missing after this reading; judged once somebody is missing.
    pub(in crate::plan) missing_doubt: OnceCell<Option<MissingDoubt>>,
    /// How many missing people stay as they are by a decision.
    pub(in crate::plan) kept: u64,
}

impl<'a> Planner<'a> {
    pub(in crate::plan) fn new(inputs: &'a Inputs<'a>, matching: &'a Matching<'a>, protection: &'a Protection<'a>) -> Self {
        let since = inputs.today.checked_sub(inputs.policy.reuse_after_days.days()).unwrap_or(Date::MIN);
        let mut managed_groups: HashMap<&ObjectId, Vec<&ObjectId>> = HashMap::new();
        let leave = inputs.rules.lifecycle.as_ref().map(|lifecycle| &lifecycle.on_leave);
        if leave.is_some_and(|actions| actions.contains(&LeaveAction::RemoveFromManagedGroups)) {
            for group in inputs.snapshot.groups.values().filter(|group| crate::plan::groups::serves(group, &inputs.rules.groups))
            {
                for member in &group.members {
                    managed_groups.entry(member).or_default().push(&group.id);
                }
            }
        }
        Self {
            inputs,
            matching,
            protection,
            names: Names::new(inputs.snapshot, inputs.ledger, since),
            held: Vec::new(),
            skipped: Vec::new(),
            candidates: BTreeMap::new(),
            refusals: BTreeMap::new(),
            looks: None,
            unclaimed: None,
            managed_groups,
            leavers_out_of_scope: HashSet::new(),
            missing_doubt: OnceCell::new(),
            kept: 0,
        }
    }

    pub(super) fn lifecycle(&self) -> Option<&'a Lifecycle> {
        self.inputs.rules.lifecycle.as_ref()
    }

    pub(in crate::plan) fn looks_like_another(&mut self, name: &str, own: Option<&ObjectId>) -> bool {
        let protection = self.protection;
        self.looks.get_or_insert_with(|| LookAlikes::new(protection)).hit(name, own)
    }

    /// Decides for one person of the reading.
    pub(in crate::plan) fn decide(&mut self, person: &Person<'a>) -> Slot {
        let (row, users) = (self.matching.row(person), &self.inputs.snapshot.users);
        if self.inputs.only.is_some() && !self.inputs.plans(self.matching.key(person)) {
            return Slot::Closed;
        }
        if let Account::Live(user, _) = person.account
            && self.is_settled(&row, user)
        {
            return Slot::Open;
        }
        let desired = self.matching.desired(person);
        let decided = match person.account {
            Account::None => self.without_account(&desired),
            Account::Live(user, how) => self.with_account(&desired, &users.at(user).to_user(), how),
            Account::Deleted(deleted) => self.deleted(&desired, deleted),
        };
        decided.unwrap_or_else(|held| {
            self.held.push(*held);
            Slot::Closed
        })
    }

    /// Whether the tenant agrees with HR on this person, told by a look at the rows: most people of most nights. False where it takes more
    /// to tell.
    fn is_settled(&self, row: &PersonRow<'_>, user: UserNo) -> bool {
        let active = matches!(row.facts().stage, Stage::Active { .. });
        if !active || !row.is_as(user) {
            return false;
        }
        let user = self.inputs.snapshot.users.at(user);
        let enabled = self.lifecycle().is_none() || user.enabled() != Some(false);
        enabled && self.protection.is_free(&user)
    }

    fn without_account(&mut self, desired: &Desired) -> Result<Slot, Box<Held>> {
        let (enabled, reason) = match desired.stage_without_account() {
            Stage::Left { .. } => {
                self.check_missing_leaver(desired)?;
                return self.left_with_seen_account(desired);
            }
            Stage::Upcoming { start } => {
                let message = format!("starts on {start}: too early for an account; hint: nothing to do, a later run creates it");
                self.skip(desired.key.as_str(), None, SkippedCode::Upcoming, message, false);
                return Ok(Slot::Closed);
            }
            Stage::PreHire { start } => {
                // In the gap before a new start, an enabled account would be that of a leaver in the next run.
                let gap = matches!(desired.stage, Stage::Left { .. });
                let on_create = !gap && self.lifecycle().is_some_and(|lifecycle| lifecycle.enable_on_create);
                (on_create, Reason::NewHireAhead(start))
            }
            Stage::Active { start } => (true, Reason::NewHire(start)),
        };
        let (matching, inputs) = (self.matching, self.inputs);
        let unclaimed = self.unclaimed.get_or_insert_with(|| Unclaimed::new(inputs, matching));
        unclaimed.check(desired)?;
        let mut edits = self.first_values(desired)?;
        edits.push(enablement(None, enabled));
        self.give_names(desired, &edits);
        Ok(change(Action::Create, desired, None, edits, &reason))
    }

    /// Holds a leaver who may be a missing person, unless that account is disabled as missing anyway.
    fn check_missing_leaver(&mut self, desired: &Desired) -> Result<(), Box<Held>> {
        let closes = self.lifecycle().is_none_or(|lifecycle| lifecycle.disable_missing);
        if closes && self.missing_doubt().is_none() {
            return Ok(());
        }
        let (matching, inputs) = (self.matching, self.inputs);
        self.unclaimed.get_or_insert_with(|| Unclaimed::new(inputs, matching)).check_leaver(desired)
    }

    fn give_names(&mut self, desired: &Desired, edits: &[Edit]) {
        for edit in edits {
            if let (Some(attribute), Some(value)) = (edit.attribute(), &edit.after) {
                self.names.give(attribute, value, &desired.key);
            }
        }
    }

    pub(super) fn known(&self, desired: &Desired, id: &ObjectId) -> Option<&'a Known> {
        let people = &self.inputs.ledger.people;
        let keys = std::iter::once(&desired.key).chain(&desired.previous_key);
        let known = keys.filter_map(|key| people.get(key)).find(|known| known.id == *id);
        // An account that was given to this record by hand may be known under another key.
        known.or_else(|| people.values().filter(|_| self.is_decided(desired, id)).find(|known| known.id == *id))
    }

    fn deleted(&mut self, desired: &Desired, deleted: &DeletedUser) -> Result<Slot, Box<Held>> {
        // Between two employments, the new start decides: the account comes back as that of any pre-hire.
        let stage = desired.stage_without_account();
        match stage {
            Stage::Left { .. } => return Ok(Slot::Closed),
            Stage::Upcoming { .. } => return self.without_account(desired),
            Stage::PreHire { .. } | Stage::Active { .. } => {}
        }
        let user = &deleted.user;
        let ours = self.known(desired, &user.id).is_some_and(|known| known.deleted_on.is_some());
        if !ours && !self.lifecycle().is_some_and(|lifecycle| lifecycle.reenable_always) {
            let message = format!("the account {} was deleted, and not by hrpush", user.id);
            let help = "restore it in the Entra admin centre, or delete it for good if a new account is wanted";
            return Err(hold(desired, HeldCode::DeletedElsewhere, message, help));
        }
        if let Some(slot) = self.untouchable(desired.key.as_str(), user, false) {
            return Ok(slot);
        }
        let mut edits = self.edits(desired, user, Mode { left: false, shielded: false, restore: true })?;
        self.check_restore(desired, user, &edits)?;
        let gap = matches!(desired.stage, Stage::Left { .. });
        let on_create = !gap && self.lifecycle().is_some_and(|lifecycle| lifecycle.enable_on_create);
        if (on_create || matches!(stage, Stage::Active { .. })) && user.enabled != Some(true) {
            edits.push(enablement(user.enabled, true));
        }
        self.give_names(desired, &edits);
        let ahead = if let Stage::PreHire { start } = stage { Some(start) } else { None };
        let reason = if ours { Reason::ReturnsDeleted(ahead) } else { Reason::ActiveThoughDeleted(ahead) };
        let mut slot = change(Action::Restore, desired, Some(user), edits, &reason);
        self.renew_password(&mut slot, desired, user);
        Ok(slot)
    }

    fn with_account(&mut self, desired: &Desired, user: &User, how: How) -> Result<Slot, Box<Held>> {
        let left = matches!(desired.stage, Stage::Left { .. });
        if left && let Some(slot) = self.left_elsewhere(desired, user) {
            return Ok(slot);
        }
        if matches!(desired.stage, Stage::Upcoming { .. }) && self.protection.touch(user) == Touch::Guest {
            return self.without_account(desired);
        }
        if let Some(slot) = self.untouchable(desired.key.as_str(), user, left) {
            return Ok(slot);
        }
        if let Stage::Upcoming { start } = desired.stage {
            let (code, message) = if user.enabled == Some(false) {
                (
                    SkippedCode::Upcoming,
                    format!("starts on {start}: nothing happens yet; hint: nothing to do, a later run takes it up"),
                )
            } else {
                (SkippedCode::StartsLater, starts_later(start))
            };
            self.skip(desired.key.as_str(), Some(user), code, message, false);
            return Ok(Slot::Closed);
        }
        let shield = self.shield(desired.key.as_str(), user, left);
        let mode = Mode { left, shielded: shield, restore: false };
        let edits = if left { self.edits_of_leaver(desired, user, mode) } else { self.edits(desired, user, mode)? };
        self.give_names(desired, &edits);
        let adopted = self.adoption(desired, user, how);
        let mut slot = match desired.stage {
            Stage::Left { end } => self.leaver(desired, user, edits, shield, end),
            Stage::PreHire { start } => self.pre_hire(desired, user, edits, start, shield),
            Stage::Active { start } => self.active(desired, user, edits, start, shield),
            Stage::Upcoming { .. } => Slot::Closed,
        };
        self.renew_password(&mut slot, desired, user);
        Ok(match (slot, adopted) {
            (Slot::Change(mut change), Some(adoption)) => {
                change.adopt(&adoption);
                Slot::Change(change)
            }
            (slot, _) => slot,
        })
    }

    fn adoption(&self, desired: &Desired, user: &User, how: How) -> Option<Adoption> {
        if self.known(desired, &user.id).is_some() {
            return None;
        }
        Some(match how {
            How::By(at) => Adoption::Matched(self.inputs.rules.matching[usize::from(at)].name),
            How::PreviousKey => Adoption::PreviousKey,
            How::Ledger => Adoption::EarlierRun,
            How::Decision => Adoption::Decision,
        })
    }

    fn pre_hire(&mut self, desired: &Desired, user: &User, mut edits: Vec<Edit>, start: Date, shield: bool) -> Slot {
        let Some(lifecycle) = self.lifecycle() else { return update(desired, user, edits) };
        let ours = self.known(desired, &user.id).is_some_and(|known| known.pre_hire || known.disabled_on.is_some());
        match (user.enabled != Some(false), lifecycle.enable_on_create) {
            (true, false) => {
                self.skip(desired.key.as_str(), Some(user), SkippedCode::StartsLater, starts_later(start), false);
            }
            (false, true) if !shield && (ours || lifecycle.reenable_always) => {
                edits.push(enablement(user.enabled, true));
                return change(Action::Enable, desired, Some(user), edits, &Reason::EnabledAhead(start));
            }
            (false, true) if !shield => self.disabled_elsewhere(desired, user),
            _ => {}
        }
        update(desired, user, edits)
    }

    fn disabled_elsewhere(&mut self, desired: &Desired, user: &User) {
        let message = "active by HR, but the account was disabled, and not by hrpush; hint: enable it by hand, or set `reenable = \"always\"`";
        self.skip(desired.key.as_str(), Some(user), SkippedCode::DisabledElsewhere, message.into(), false);
    }

    fn active(&mut self, desired: &Desired, user: &User, mut edits: Vec<Edit>, start: Option<Date>, shield: bool) -> Slot {
        let Some(lifecycle) = self.lifecycle().filter(|_| user.enabled == Some(false)) else {
            return update(desired, user, edits);
        };
        let known = self.known(desired, &user.id);
        let pre_hire = known.is_some_and(|known| known.pre_hire && known.disabled_on.is_none());
        let ours = pre_hire || known.is_some_and(|known| known.disabled_on.is_some());
        if !shield && (ours || lifecycle.reenable_always) {
            edits.push(enablement(user.enabled, true));
            let reason = match (pre_hire, start) {
                (true, Some(start)) => Reason::FirstDay(start),
                (false, _) if ours => Reason::ReturnsDisabled,
                _ => Reason::ActiveByHr,
            };
            return change(Action::Enable, desired, Some(user), edits, &reason);
        }
        if !shield {
            self.disabled_elsewhere(desired, user);
        }
        update(desired, user, edits)
    }
}

/// An update where something differs.
pub(super) fn update(desired: &Desired, user: &User, edits: Vec<Edit>) -> Slot {
    if edits.is_empty() { Slot::Open } else { change(Action::Update, desired, Some(user), edits, &Reason::Mapped) }
}

/// A change of a person of the reading.
pub(super) fn change(action: Action, desired: &Desired, user: Option<&User>, attributes: Vec<Edit>, reason: &Reason) -> Slot {
    let created = attributes.iter().find(|edit| edit.name == roles::USER_PRINCIPAL_NAME);
    let created = created.and_then(|edit| edit.after.as_ref()?.as_text()).map(str::to_owned);
    Slot::Change(Box::new(Change {
        seq: 0,
        action,
        object: Object::User,
        key: desired.key.as_str().into(),
        id: user.map(|user| user.id.clone()),
        user_principal_name: user.map(|user| user.upn.as_str().to_owned()).or(created),
        reason: reason.to_string(),
        why: Why::from(reason),
        cause: BTreeMap::new(),
        attributes,
        members: None,
        then: Vec::new(),
        record: Some(desired.place.clone()),
        ids: BTreeMap::new(),
    }))
}

fn starts_later(start: Date) -> String {
    format!(
        "starts on {start} by HR, but the account is enabled already and stays so; \
         hint: disable it by hand if nobody may use it before, or correct the start in HR"
    )
}

/// The edit that flips accountEnabled.
pub(in crate::plan) fn enablement(before: Option<bool>, after: bool) -> Edit {
    Edit {
        name: roles::ACCOUNT_ENABLED.into(),
        before: before.map(Value::Flag),
        after: Some(Value::Flag(after)),
        expression: None,
    }
}

//! The decision for each person: the stage by HR, the account in the tenant, and what earlier runs did.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::directory::{DeletedUser, ObjectId, User, UserNo, Value, roles};
use crate::mapping::{Desired, Held, HeldCode, Stage};
use crate::plan::held_record::hold;
use crate::plan::ledger::Person as Known;
use crate::plan::matching::claim::{Account, How, Person};
use crate::plan::matching::possible_duplicate::Unclaimed;
use crate::plan::model::{Action, Change, ChangeAside, Edit, Object, SkippedCode};
use crate::plan::person::context::{Mode, PersonDecision, PersonPlanner, Shield, Standing};
use crate::plan::person::restricted::Leave;
use crate::plan::protection::WriteAccess;
use crate::plan::reason::{Adoption, Reason, Why};
use crate::plan::records::PersonRow;

impl<'a> PersonPlanner<'a> {
    /// Decides for one person of the reading.
    pub(in crate::plan) fn decide(&mut self, person: &Person<'a>) -> PersonDecision {
        let (row, users) = (self.matching.row(person), &self.inputs.snapshot.users);
        if self.inputs.only.is_some() && !self.inputs.plans(self.matching.key(person)) {
            return PersonDecision::Closed;
        }
        if !self.inputs.policy.supported.readable
            && let Some(entry) = self.protection.of_key(self.matching.key(person))
        {
            self.leave_protected(person, entry);
            return PersonDecision::Closed;
        }
        if let Account::Live(user, _) = person.account
            && self.is_settled(&row, user)
        {
            return PersonDecision::Open;
        }
        let desired = self.matching.desired(person);
        let decided = match person.account {
            Account::None => self.without_account(&desired),
            Account::Live(user, how) => self.with_account(&desired, &users.at(user).to_user(), how),
            Account::Deleted(deleted) => self.deleted(&desired, deleted),
        };
        decided.unwrap_or_else(|held| {
            self.held.push(*held);
            PersonDecision::Closed
        })
    }

    /// A person whose HR key `[protect]` names is never uploaded.
    fn leave_protected(&mut self, person: &Person<'a>, entry: String) {
        let desired = self.matching.desired(person);
        let left = matches!(desired.stage, Stage::Left { .. });
        let message = "protected by [protect] of the configuration; hint: change the account by hand".to_owned();
        self.protected_keys.insert(entry);
        self.skip(desired.key.as_str(), None, SkippedCode::Protected, message, left);
    }

    /// Whether the tenant agrees with HR on this person, judged by the rows alone, as for most people in most runs. Returns false
    /// if the rows alone do not decide it.
    fn is_settled(&self, row: &PersonRow<'_>, user: UserNo) -> bool {
        let active = matches!(row.facts().stage, Stage::Active { .. });
        if !active || !row.is_as(user) {
            return false;
        }
        let user = self.inputs.snapshot.users.at(user);
        let enabled = self.lifecycle().is_none() || user.enabled() != Some(false);
        enabled && self.protection.is_free(&user)
    }

    fn without_account(&mut self, desired: &Desired) -> Result<PersonDecision, Box<Held>> {
        let (enabled, reason) = match desired.stage_without_account() {
            Stage::Left { .. } => {
                self.check_missing_leaver(desired)?;
                return self.left_with_seen_account(desired);
            }
            Stage::Upcoming { start } => {
                let message = format!("starts on {start}: too early for an account; hint: nothing to do, a later run creates it");
                self.skip(desired.key.as_str(), None, SkippedCode::Upcoming, message, false);
                return Ok(PersonDecision::Closed);
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

    /// Holds a leaver that may be a missing person, unless that account is disabled as missing anyway.
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

    fn deleted(&mut self, desired: &Desired, deleted: &DeletedUser) -> Result<PersonDecision, Box<Held>> {
        // Between two employments, the new start decides: the account comes back as that of any pre-hire.
        let stage = desired.stage_without_account();
        match stage {
            Stage::Left { .. } => return Ok(PersonDecision::Closed),
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
        if let Some(decision) = self.untouchable(desired.key.as_str(), user, None) {
            return Ok(decision);
        }
        let mut edits = self.edits(desired, user, Mode { standing: Standing::Restored, shield: Shield::Off })?;
        self.check_restore(desired, user, &edits)?;
        let gap = matches!(desired.stage, Stage::Left { .. });
        let on_create = !gap && self.lifecycle().is_some_and(|lifecycle| lifecycle.enable_on_create);
        if (on_create || matches!(stage, Stage::Active { .. })) && user.enabled != Some(true) {
            edits.push(enablement(user.enabled, true));
        }
        self.give_names(desired, &edits);
        let ahead = if let Stage::PreHire { start } = stage { Some(start) } else { None };
        let reason = if ours { Reason::ReturnsDeleted(ahead) } else { Reason::ActiveThoughDeleted(ahead) };
        let mut decision = change(Action::Restore, desired, Some(user), edits, &reason);
        self.renew_password(&mut decision, desired, user);
        Ok(decision)
    }

    fn with_account(&mut self, desired: &Desired, user: &User, how: How) -> Result<PersonDecision, Box<Held>> {
        let left = matches!(desired.stage, Stage::Left { .. });
        let leave = left.then_some(Leave::Left);
        if left && let Some(decision) = self.left_elsewhere(desired, user) {
            return Ok(decision);
        }
        if matches!(desired.stage, Stage::Upcoming { .. }) && self.protection.touch(user) == WriteAccess::Guest {
            return self.without_account(desired);
        }
        if let Some(decision) = self.untouchable(desired.key.as_str(), user, leave) {
            return Ok(decision);
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
            return Ok(PersonDecision::Closed);
        }
        let shield = self.shield(desired.key.as_str(), user, leave);
        let standing = if left { Standing::Leaver } else { Standing::Working };
        let mode = Mode { standing, shield };
        let edits = if left { self.edits_of_leaver(desired, user, mode) } else { self.edits(desired, user, mode)? };
        self.give_names(desired, &edits);
        let adopted = self.adoption(desired, user, how);
        let mut decision = match desired.stage {
            Stage::Left { end } => self.leaver(desired, user, edits, shield, end),
            Stage::PreHire { start } => self.pre_hire(desired, user, edits, start, shield),
            Stage::Active { start } => self.active(desired, user, edits, start, shield),
            Stage::Upcoming { .. } => PersonDecision::Closed,
        };
        self.renew_password(&mut decision, desired, user);
        Ok(match (decision, adopted) {
            (PersonDecision::Change(mut change), Some(adoption)) => {
                change.adopt(&adoption);
                PersonDecision::Change(change)
            }
            (decision, _) => decision,
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

    fn pre_hire(&mut self, desired: &Desired, user: &User, mut edits: Vec<Edit>, start: Date, shield: Shield) -> PersonDecision {
        let Some(lifecycle) = self.lifecycle() else { return update(desired, user, edits) };
        let ours = self.known(desired, &user.id).is_some_and(|known| known.pre_hire || known.disabled_on.is_some());
        match (user.enabled != Some(false), lifecycle.enable_on_create) {
            (true, false) => {
                self.skip(desired.key.as_str(), Some(user), SkippedCode::StartsLater, starts_later(start), false);
            }
            (false, true) if shield == Shield::Off && (ours || lifecycle.reenable_always) => {
                edits.push(enablement(user.enabled, true));
                return change(Action::Enable, desired, Some(user), edits, &Reason::EnabledAhead(start));
            }
            (false, true) if shield == Shield::Off => self.disabled_elsewhere(desired, user),
            _ => {}
        }
        update(desired, user, edits)
    }

    fn disabled_elsewhere(&mut self, desired: &Desired, user: &User) {
        let message = "active by HR, but the account was disabled, and not by hrpush; hint: enable it by hand, or set `reenable = \"always\"`";
        self.skip(desired.key.as_str(), Some(user), SkippedCode::DisabledElsewhere, message.into(), false);
    }

    fn active(
        &mut self,
        desired: &Desired,
        user: &User,
        mut edits: Vec<Edit>,
        start: Option<Date>,
        shield: Shield,
    ) -> PersonDecision {
        let Some(lifecycle) = self.lifecycle().filter(|_| user.enabled == Some(false)) else {
            return update(desired, user, edits);
        };
        let known = self.known(desired, &user.id);
        let pre_hire = known.is_some_and(|known| known.pre_hire && known.disabled_on.is_none());
        let ours = pre_hire || known.is_some_and(|known| known.disabled_on.is_some());
        if shield == Shield::Off && (ours || lifecycle.reenable_always) {
            edits.push(enablement(user.enabled, true));
            let reason = match (pre_hire, start) {
                (true, Some(start)) => Reason::FirstDay(start),
                (false, _) if ours => Reason::ReturnsDisabled,
                _ => Reason::ActiveByHr,
            };
            return change(Action::Enable, desired, Some(user), edits, &reason);
        }
        if shield == Shield::Off {
            self.disabled_elsewhere(desired, user);
        }
        update(desired, user, edits)
    }
}

/// An update where something differs.
pub(super) fn update(desired: &Desired, user: &User, edits: Vec<Edit>) -> PersonDecision {
    if edits.is_empty() { PersonDecision::Open } else { change(Action::Update, desired, Some(user), edits, &Reason::Mapped) }
}

/// A change of a person of the reading.
pub(super) fn change(
    action: Action,
    desired: &Desired,
    user: Option<&User>,
    attributes: Vec<Edit>,
    reason: &Reason,
) -> PersonDecision {
    let created = attributes.iter().find(|edit| edit.name == roles::USER_PRINCIPAL_NAME);
    let created = created.and_then(|edit| edit.after.as_ref()?.as_text()).map(str::to_owned);
    PersonDecision::Change(Box::new(Change {
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
        aside: ChangeAside::default(),
    }))
}

fn starts_later(start: Date) -> String {
    format!(
        "starts on {start} by HR, but the account is enabled already and stays so; \
         hint: disable it by hand if it must not be used before, or correct the start in HR"
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

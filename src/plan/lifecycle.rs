//! The decision for each person: the stage by HR, the account in the tenant, and what earlier runs did.

use std::collections::{BTreeMap, HashMap};

use jiff::ToSpan;
use jiff::civil::Date;

use super::change::{Action, Change, Edit, Members, Object, Skipped, SkippedCode};
use super::diff::{Mode, Refusals, hold};
use super::duplicates::Unclaimed;
use super::inputs::Inputs;
use super::ledger::Person as Known;
use super::look_alike::LookAlikes;
use super::matching::{Account, How, Matching, Person};
use super::people::PersonRow;
use super::protect::{Protection, Touch};
use super::reason::{Adoption, Reason, Why};
use super::unique::Names;
use crate::directory::{Attribute, DeletedUser, ObjectId, User, UserNo, Value, roles};
use crate::mapping::{Desired, Held, HeldCode, LeaveAction, Lifecycle, Stage};
use crate::record::EmployeeId;

/// What was decided for one person.
pub(super) enum Slot {
    /// Left alone: no manager, no groups either.
    Closed,
    /// Nothing differs so far.
    Open,
    /// This is done.
    Change(Box<Change>),
}

/// How the message begins of a person who has left by HR and keeps the access.
const HAS_LEFT: &str = "HAS LEFT by HR";

/// The work of one plan.
pub(super) struct Planner<'a> {
    pub(super) inputs: &'a Inputs<'a>,
    pub(super) matching: &'a Matching<'a>,
    pub(super) protection: &'a Protection<'a>,
    pub(super) names: Names<'a>,
    pub(super) held: Vec<Held>,
    pub(super) skipped: Vec<Skipped>,
    /// The candidates behind the chosen one, of people who get an account.
    pub(super) candidates: BTreeMap<EmployeeId, BTreeMap<Attribute, Vec<Value>>>,
    /// Attributes that Graph refused to this app: who tries them again, and how many wait.
    pub(super) refusals: BTreeMap<Attribute, Refusals>,
    looks: Option<LookAlikes>,
    unclaimed: Option<Unclaimed<'a>>,
    managed_groups: HashMap<&'a ObjectId, Vec<&'a ObjectId>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(inputs: &'a Inputs<'a>, matching: &'a Matching<'a>, protection: &'a Protection<'a>) -> Self {
        let since = inputs.today.checked_sub(inputs.policy.reuse_after_days.days()).unwrap_or(Date::MIN);
        let mut managed_groups: HashMap<&ObjectId, Vec<&ObjectId>> = HashMap::new();
        let leave = inputs.rules.lifecycle.as_ref().map(|lifecycle| &lifecycle.on_leave);
        if leave.is_some_and(|actions| actions.contains(&LeaveAction::RemoveFromManagedGroups)) {
            for group in inputs.snapshot.groups.values().filter(|group| super::groups::serves(group, &inputs.rules.groups)) {
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
        }
    }

    fn lifecycle(&self) -> Option<&'a Lifecycle> {
        self.inputs.rules.lifecycle.as_ref()
    }

    pub(super) fn looks_like_another(&mut self, name: &str, own: Option<&ObjectId>) -> bool {
        let protection = self.protection;
        self.looks.get_or_insert_with(|| LookAlikes::new(protection)).hit(name, own)
    }

    /// Decides for one person of the reading.
    pub(super) fn decide(&mut self, person: &Person<'a>) -> Slot {
        let (row, users) = (self.matching.row(person), &self.inputs.snapshot.users);
        if self.inputs.only.is_some() && !self.inputs.plans(self.matching.key(person)) {
            return Slot::Closed;
        }
        if let Account::Live(user, _) = person.account
            && self.is_settled(&row, user)
        {
            return Slot::Open;
        }
        let mut desired = row.desired(users);
        // A disabled account that was made for the employment to come was never open in the one that ended.
        if let Account::Live(user, _) = person.account
            && users.at(user).enabled() == Some(false)
            && self.known(&desired, &users.at(user).id()).is_some_and(|known| known.pre_hire && known.disabled_on.is_none())
        {
            desired.stage = desired.stage_without_account();
        }
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
            Stage::Left { .. } => return Ok(Slot::Closed),
            Stage::Upcoming { start } => {
                let message = format!("starts on {start}: too early for an account");
                self.skip(desired.key.as_str(), None, SkippedCode::Upcoming, message, false);
                return Ok(Slot::Closed);
            }
            Stage::PreHire { start } => {
                let on_create = self.lifecycle().is_some_and(|lifecycle| lifecycle.enable_on_create);
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

    fn give_names(&mut self, desired: &Desired, edits: &[Edit]) {
        for edit in edits {
            if let (Some(attribute), Some(value)) = (edit.attribute(), &edit.after) {
                self.names.give(attribute, value, &desired.key);
            }
        }
    }

    fn known(&self, desired: &Desired, id: &ObjectId) -> Option<&'a Known> {
        let keys = std::iter::once(&desired.key).chain(&desired.previous_key);
        keys.filter_map(|key| self.inputs.ledger.people.get(key)).find(|known| known.id == *id)
    }

    fn deleted(&mut self, desired: &Desired, deleted: &DeletedUser) -> Result<Slot, Box<Held>> {
        match desired.stage {
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
        let active =
            matches!(desired.stage, Stage::Active { .. }) || self.lifecycle().is_some_and(|lifecycle| lifecycle.enable_on_create);
        if active && user.enabled != Some(true) {
            edits.push(enablement(user.enabled, true));
        }
        self.give_names(desired, &edits);
        let reason = if ours { Reason::ReturnsDeleted } else { Reason::ActiveThoughDeleted };
        Ok(change(Action::Restore, desired, Some(user), edits, &reason))
    }

    /// Lists who must not be touched at all.
    fn untouchable(&mut self, key: &str, user: &User, left: bool) -> Option<Slot> {
        let (code, why) = match self.protection.touch(user) {
            Touch::Free | Touch::Shielded(_) => return None,
            Touch::Protected => (SkippedCode::Protected, "is protected by the configuration"),
            Touch::Synced => (SkippedCode::Synced, "is synced from on-premises; hint: change it in Active Directory"),
            Touch::Guest => (SkippedCode::Guest, "is a guest; hint: `guests = true` in the mapping serves guests too"),
        };
        let loud = left && user.enabled != Some(false) && code != SkippedCode::Guest;
        let message = if loud {
            format!("{HAS_LEFT}, but the account {} {why}, so it stays enabled", user.upn)
        } else {
            format!("the account {} {why}", user.upn)
        };
        self.skip(key, Some(user), code, message, loud);
        Some(Slot::Closed)
    }

    fn with_account(&mut self, desired: &Desired, user: &User, how: How) -> Result<Slot, Box<Held>> {
        let left = matches!(desired.stage, Stage::Left { .. });
        if let Some(slot) = self.untouchable(desired.key.as_str(), user, left) {
            return Ok(slot);
        }
        if let Stage::Upcoming { start } = desired.stage {
            let (code, message) = if user.enabled == Some(false) {
                (SkippedCode::Upcoming, format!("starts on {start}: nothing happens yet"))
            } else {
                (SkippedCode::StartsLater, format!("starts on {start} by HR, but the account is enabled already and stays so"))
            };
            self.skip(desired.key.as_str(), Some(user), code, message, false);
            return Ok(Slot::Closed);
        }
        let shield = self.shield(desired.key.as_str(), user, left);
        let edits = self.edits(desired, user, Mode { left, shielded: shield, restore: false })?;
        self.give_names(desired, &edits);
        let adopted = self.adoption(desired, user, how);
        let slot = match desired.stage {
            Stage::Left { end } => self.leaver(desired, user, edits, shield, end),
            Stage::PreHire { start } => self.pre_hire(desired, user, edits, start, shield),
            Stage::Active { start } => self.active(desired, user, edits, start, shield),
            Stage::Upcoming { .. } => Slot::Closed,
        };
        Ok(match (slot, adopted) {
            (Slot::Change(mut change), Some(adoption)) => {
                change.adopt(&adoption);
                Slot::Change(change)
            }
            (slot, _) => slot,
        })
    }

    fn shield(&mut self, key: &str, user: &User, left: bool) -> bool {
        let Touch::Shielded(why) = self.protection.touch(user) else { return false };
        let loud = left && user.enabled != Some(false);
        let message = if loud {
            format!("{HAS_LEFT}, but {} is privileged ({why}), so hrpush does not disable the account; act now", user.upn)
        } else {
            format!("{} is privileged ({why}): name, enablement, phones and other mails are left alone", user.upn)
        };
        self.skip(key, Some(user), SkippedCode::Shielded, message, loud);
        true
    }

    fn adoption(&self, desired: &Desired, user: &User, how: How) -> Option<Adoption> {
        if self.known(desired, &user.id).is_some() {
            return None;
        }
        Some(match how {
            How::By(at) => Adoption::Matched(self.inputs.rules.matching[usize::from(at)].name),
            How::PreviousKey => Adoption::PreviousKey,
            How::Ledger => Adoption::EarlierRun,
        })
    }

    fn pre_hire(&mut self, desired: &Desired, user: &User, mut edits: Vec<Edit>, start: Date, shield: bool) -> Slot {
        let Some(lifecycle) = self.lifecycle() else { return update(desired, user, edits) };
        let ours = self.known(desired, &user.id).is_some_and(|known| known.pre_hire || known.disabled_on.is_some());
        match (user.enabled != Some(false), lifecycle.enable_on_create) {
            (true, false) => {
                let message = format!("starts on {start} by HR, but the account is enabled already and stays so");
                self.skip(desired.key.as_str(), Some(user), SkippedCode::StartsLater, message, false);
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

    fn leaver(&mut self, desired: &Desired, user: &User, mut edits: Vec<Edit>, shield: bool, end: Option<Date>) -> Slot {
        let Some(lifecycle) = self.lifecycle().filter(|_| !shield) else { return update(desired, user, edits) };
        let known = self.known(desired, &user.id);
        let left = end.filter(|end| *end < self.inputs.today);
        let reason = left.map_or(Reason::LeftByStatus, Reason::LeftOnDate);
        let flips = user.enabled != Some(false);
        if !flips && let Some(since) = self.deletion_day(lifecycle, known, end) {
            return change(Action::Delete, desired, Some(user), Vec::new(), &Reason::Expired { left, since });
        }
        let then = self.pending(lifecycle, user, known, flips);
        if flips {
            edits.push(enablement(user.enabled, false));
        } else if then.is_empty() {
            return update(desired, user, edits);
        }
        let action = if flips { Action::Disable } else { Action::Update };
        let mut slot = change(action, desired, Some(user), edits, &reason);
        if let Slot::Change(change) = &mut slot {
            self.follow(change, user, then);
        }
        slot
    }

    /// The day since which a leaver may be deleted, where it has come.
    fn deletion_day(&self, lifecycle: &Lifecycle, known: Option<&Known>, end: Option<Date>) -> Option<Date> {
        let (days, disabled) = (lifecycle.delete_after?, known?.disabled_on?);
        let day = end.map_or(disabled, |end| end.max(disabled)).checked_add(days.days()).ok()?;
        (disabled < self.inputs.today && day <= self.inputs.today).then_some(day)
    }

    /// What is asked for when somebody leaves and is not done yet.
    fn pending(&self, lifecycle: &Lifecycle, user: &User, known: Option<&Known>, flips: bool) -> Vec<LeaveAction> {
        let is_pending = |action: &LeaveAction| match action {
            LeaveAction::RevokeSessions => flips || !known.is_some_and(|known| known.leave_done.contains(action)),
            LeaveAction::RemoveFromManagedGroups => self.managed_groups.contains_key(&user.id),
            LeaveAction::RemoveLicenses => !user.licenses.is_empty(),
            LeaveAction::ClearManager => user.manager.is_some(),
        };
        lifecycle.on_leave.iter().copied().filter(is_pending).collect()
    }

    fn follow(&self, change: &mut Change, user: &User, then: Vec<LeaveAction>) {
        if then.contains(&LeaveAction::RemoveFromManagedGroups)
            && let Some(groups) = self.managed_groups.get(&user.id)
        {
            let remove = groups.iter().map(ToString::to_string).collect();
            change.ids.extend(groups.iter().map(|id| (id.to_string(), (*id).clone())));
            change.members = Some(Members { add: Vec::new(), remove });
        }
        if then.contains(&LeaveAction::ClearManager)
            && let Some(manager) = &user.manager
        {
            // What the tenant will not know any more, for an undo.
            change.ids.insert(super::change::CLEARED_MANAGER.into(), manager.clone());
        }
        change.then = then;
    }

    /// People whom this feed once carried and no longer does, and managed people who fell out of scope.
    pub(super) fn absent(&mut self) -> Vec<Change> {
        let inputs = self.inputs;
        let mut changes: Vec<Change> = Vec::new();
        for (key, previous) in &self.matching.out_of_scope {
            let known = [Some(*key), *previous].into_iter().flatten().find_map(|key| inputs.ledger.people.get(key));
            // Whoever another feed carried last is that feed's to serve.
            if let Some(known) = known.filter(|known| known.feed == inputs.rules.feed && inputs.plans(key)) {
                let disable = self.lifecycle().is_some_and(|lifecycle| lifecycle.disable_out_of_scope);
                changes.extend(self.gone(key, known, SkippedCode::OutOfScope, &Reason::OutOfScope, disable));
            }
        }
        if inputs.whole && !self.matching.keyless {
            for (key, known) in &inputs.ledger.people {
                if known.feed == inputs.rules.feed && inputs.plans(key.as_str()) && !self.matching.names(key) {
                    let disable = self.lifecycle().is_some_and(|lifecycle| lifecycle.disable_missing);
                    // Two keys of one account, of before and after a conversion, are one person.
                    let told = changes.iter().any(|change| change.id.as_ref() == Some(&known.id));
                    if !told {
                        changes.extend(self.gone(key.as_str(), known, SkippedCode::Missing, &Reason::Missing, disable));
                    }
                }
            }
        }
        changes
    }

    fn gone(&mut self, key: &str, known: &Known, code: SkippedCode, reason: &Reason, disable: bool) -> Option<Change> {
        let user = self.inputs.snapshot.users.row(&known.id).filter(|user| !self.matching.is_claimed(user.number()))?;
        let user = &user.to_user();
        let lifecycle = self.lifecycle().filter(|_| disable);
        let flips = user.enabled != Some(false);
        let Some(lifecycle) = lifecycle else {
            if flips {
                self.skip(key, Some(user), code, format!("{reason}: {} is left as it is", user.upn), false);
            }
            return None;
        };
        if self.untouchable(key, user, true).is_some() || self.shield(key, user, true) {
            return None;
        }
        let then = self.pending(lifecycle, user, Some(known), flips);
        if !flips && then.is_empty() {
            return None;
        }
        let mut change = Change {
            seq: 0,
            action: if flips { Action::Disable } else { Action::Update },
            object: Object::User,
            key: key.into(),
            id: Some(user.id.clone()),
            user_principal_name: Some(user.upn.as_str().into()),
            reason: reason.to_string(),
            why: Why::from(reason),
            cause: BTreeMap::new(),
            attributes: if flips { vec![enablement(user.enabled, false)] } else { Vec::new() },
            members: None,
            then: Vec::new(),
            record: None,
            ids: BTreeMap::new(),
        };
        self.follow(&mut change, user, then);
        Some(change)
    }
}

/// An update where something differs.
fn update(desired: &Desired, user: &User, edits: Vec<Edit>) -> Slot {
    if edits.is_empty() { Slot::Open } else { change(Action::Update, desired, Some(user), edits, &Reason::Mapped) }
}

/// A change of a person of the reading.
fn change(action: Action, desired: &Desired, user: Option<&User>, attributes: Vec<Edit>, reason: &Reason) -> Slot {
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

/// The edit that flips accountEnabled.
pub(super) fn enablement(before: Option<bool>, after: bool) -> Edit {
    Edit {
        name: roles::ACCOUNT_ENABLED.into(),
        before: before.map(Value::Flag),
        after: Some(Value::Flag(after)),
        expression: None,
    }
}

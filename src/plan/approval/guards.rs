//! The guards: counts, bases and limits, checked before the first write.

use std::collections::{BTreeMap, HashMap};

use crate::directory::{Snapshot, UserNo, UserType, Value, roles};
use crate::mapping::HeldCode;
use crate::plan::guard_name::GuardName;
use crate::plan::inputs::{Inputs, Policy};
use crate::plan::ledger::Ledger;
use crate::plan::matching::name_folding::plain;
use crate::plan::model::{Action, Change, Edit, Guard, GuardColumn, HeldEntry, Object};
use crate::plan::reason::ReasonCode;

/// What a plan counts apart from its changes.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::plan) struct Counted {
    pub(in crate::plan) bases: Bases,
    /// People of the feed with an enabled account that the reading no longer contains.
    pub(in crate::plan) vanished: u64,
}

/// What the guards on changes are measured against.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::plan) struct Bases {
    /// Managed accounts that exist and are enabled.
    pub(in crate::plan) managed: u64,
    /// Enabled member accounts of the tenant.
    pub(in crate::plan) members: u64,
    /// Memberships of the groups that hrpush manages.
    pub(in crate::plan) memberships: u64,
}

impl Bases {
    pub(in crate::plan) fn new(
        snapshot: &Snapshot,
        ledger: &Ledger,
        matched: impl Fn(UserNo) -> bool,
        rules: &[crate::mapping::GroupRule],
    ) -> Self {
        let mut known = vec![false; snapshot.users.numbers()];
        for user in ledger.people.values().filter_map(|person| snapshot.users.number(&person.id)) {
            known[user.index()] = true;
        }
        let ours = snapshot.groups.values().filter(|group| crate::plan::group_rules::is_ours(group, rules));
        let mut bases = Self { memberships: ours.map(|group| group.members.len() as u64).sum(), ..Self::default() };
        for user in snapshot.users.rows().filter(|user| user.enabled() != Some(false)) {
            bases.managed += u64::from(known[user.number().index()] || matched(user.number()));
            bases.members += u64::from(user.user_type() == UserType::Member);
        }
        bases
    }
}

/// How many of these changes count for each guard: people, and for `removeMembers` memberships.
fn counted(changes: &[Change], ledger: &Ledger, through: &ApprovedBefore<'_>) -> BTreeMap<GuardName, u64> {
    let mut counted: BTreeMap<GuardName, u64> = BTreeMap::new();
    for change in changes {
        for guard in counts_for(change, ledger) {
            *counted.entry(guard).or_default() += u64::from(!through.covers(change, guard));
        }
        *counted.entry(GuardName::RemoveMembers).or_default() += through.new_removals(change);
    }
    counted
}

/// What earlier runs let through and did not complete, by kind of object and key.
struct ApprovedBefore<'a>(HashMap<(Object, &'a str), Vec<&'a Change>>);

impl<'a> ApprovedBefore<'a> {
    fn new(ledger: &'a Ledger) -> Self {
        let mut through: HashMap<(Object, &str), Vec<&Change>> = HashMap::new();
        for change in &ledger.let_through {
            through.entry((change.object, &change.key)).or_default().push(change);
        }
        Self(through)
    }

    fn of<'s>(&'s self, change: &'s Change) -> &'s [&'a Change] {
        self.0.get(&(change.object, change.key.as_str())).map_or(&[], Vec::as_slice)
    }

    /// Whether this person was let through by this guard with the same values. What is left of any change may be a mere update.
    fn covers(&self, change: &Change, guard: GuardName) -> bool {
        let nobody = Ledger::default();
        self.of(change).iter().any(|earlier| {
            // Without a ledger everything counts that could have counted then.
            let watched = guard == GuardName::Update || counts_for(earlier, &nobody).contains(&guard);
            watched && change.attributes.iter().all(|edit| earlier.attributes.iter().any(|then| edit.ends_as(then)))
        })
    }

    /// How many memberships this change ends that no earlier run was allowed to end.
    fn new_removals(&self, change: &Change) -> u64 {
        let removed =
            |change: &'_ Change, member: &String| change.members.as_ref().is_some_and(|members| members.remove.contains(member));
        let members = change.members.iter().flat_map(|members| &members.remove);
        members.filter(|member| !self.of(change).iter().any(|earlier| removed(earlier, member))).count() as u64
    }
}

fn counts_for(change: &Change, ledger: &Ledger) -> Vec<GuardName> {
    if change.object == Object::Group {
        return Vec::new();
    }
    if change.action == Action::Create {
        return vec![GuardName::Create];
    }
    let mut guards = vec![GuardName::Update];
    let known = ledger.people.get(change.key.trim());
    match change.action {
        Action::Disable => guards.push(GuardName::Disable),
        Action::Delete => guards.push(GuardName::Delete),
        Action::Enable
            if known.is_some_and(|person| person.pre_hire && person.disabled_on.is_none())
                && change.why.code == ReasonCode::FirstDay => {}
        Action::Enable | Action::Restore => guards.push(GuardName::Enable),
        Action::Update | Action::Create => {}
    }
    if change.attributes.iter().any(|edit| edit.before.is_some() && edit.after.is_none())
        || change.then.contains(&crate::mapping::LeaveAction::ClearManager)
    {
        guards.push(GuardName::Clear);
    }
    if is_somebody_else(&change.attributes) {
        guards.push(GuardName::Identity);
    }
    guards
}

/// Whether both names, or the userPrincipalName, are replaced by different ones.
fn is_somebody_else(edits: &[Edit]) -> bool {
    let replaced = |name: &str| {
        edits.iter().find(|edit| edit.name == name).is_some_and(|edit| match (&edit.before, &edit.after) {
            (Some(Value::Text(before)), Some(Value::Text(after))) => plain(before) != plain(after),
            _ => false,
        })
    };
    (replaced(roles::GIVEN_NAME) && replaced(roles::SURNAME)) || replaced(roles::USER_PRINCIPAL_NAME)
}

/// One guard, judged. Where the week's budget stops the run, the reported limit is what is left of it.
fn judge(name: GuardName, count: u64, of: u64, limit: Option<u64>, week: Option<(u64, f64)>) -> Guard {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of people are far below 2^52, and no budget is negative"
    )]
    let rest = |limit: u64| week.map(|(before, times)| ((times * limit as f64).floor() as u64).saturating_sub(before));
    let over_week = limit.and_then(rest).filter(|rest| count > *rest);
    let tripped = limit.is_some_and(|limit| count > limit) || over_week.is_some();
    let limit = limit.map(|limit| over_week.map_or(limit, |rest| rest.min(limit)));
    Guard { name, count, of, limit, tripped, columns: Vec::new() }
}

/// The guards that count changes.
pub(in crate::plan) fn on_changes(changes: &[Change], ledger: &Ledger, policy: &Policy, bases: Bases) -> Vec<Guard> {
    let counted = counted(changes, ledger, &ApprovedBefore::new(ledger));
    let mut guards = Vec::new();
    for name in GuardName::ALL.into_iter().filter(|name| !name.is_of_reading()) {
        let of = match name {
            GuardName::Create => bases.managed.max(bases.members),
            GuardName::RemoveMembers => bases.memberships,
            _ => bases.managed,
        };
        let mut limit = policy.limit(name).most(of);
        if name == GuardName::Create && of < 10 {
            limit = None;
        }
        // Such a target shows no account that a first run could find, so an administrator looks at it.
        let is_blind = name == GuardName::Create && !policy.supported.readable && ledger.last_reading.is_none();
        let limit = if is_blind { Some(0) } else { limit };
        let count = counted.get(&name).copied().unwrap_or_default();
        let before = ledger.week.get(&name).copied().unwrap_or_default();
        let week = (!is_blind).then_some((before, policy.week));
        guards.push(judge(name, count, of, limit, week));
    }
    guards
}

/// Removals from one group alone, where they are more than its share.
pub(in crate::plan) fn on_groups(changes: &[Change], snapshot: &Snapshot, ledger: &Ledger, policy: &Policy) -> Vec<Guard> {
    let through = ApprovedBefore::new(ledger);
    let mut guards = Vec::new();
    for change in changes.iter().filter(|change| change.object == Object::Group) {
        let Some(group) = change.id.as_ref().and_then(|id| snapshot.groups.get(id)) else { continue };
        let count = through.new_removals(change);
        let of = group.members.len() as u64;
        let guard = judge(GuardName::RemoveMembers, count, of, policy.limit(GuardName::RemoveMembers).most(of), None);
        if guard.tripped {
            guards.push(guard);
        }
    }
    guards
}

/// The guards on changes, and those on single groups.
pub(in crate::plan) fn on_deeds(
    changes: &[Change],
    snapshot: &Snapshot,
    ledger: &Ledger,
    policy: &Policy,
    bases: Bases,
) -> Vec<Guard> {
    let mut guards = on_changes(changes, ledger, policy, bases);
    guards.extend(on_groups(changes, snapshot, ledger, policy));
    guards
}

/// The guards on the reading itself, and on the held records.
pub(in crate::plan) fn on_reading(inputs: &Inputs<'_>, held: &[HeldEntry]) -> (Guard, Guard, Guard) {
    let last = inputs.ledger.last_reading.as_ref();
    let before = last.map_or(0, |last| last.records);
    let fewer = if inputs.whole { before.saturating_sub(inputs.source.records) } else { 0 };
    let limit = inputs.policy.limit(GuardName::Source).most(before).filter(|_| before >= LEAST_RECORDS && inputs.whole);
    let source = judge(GuardName::Source, fewer, before, limit, None);

    let (columns, of) = feed(inputs);
    let count = columns.len() as u64;
    let feed = Guard { columns, ..judge(GuardName::Feed, count, of, inputs.policy.limit(GuardName::Feed).most(of), None) };

    let records = inputs.source.records;
    let records_held: Vec<&HeldEntry> = held.iter().filter(|entry| entry.record.is_some()).collect();
    let known = |name: &(String, HeldCode)| last.is_some_and(|last| last.held.contains(name));
    let new = held_names(records_held.into_iter()).filter(|name| !known(name)).count() as u64;
    let limit = inputs.policy.limit(GuardName::Held).most(records).filter(|_| records >= LEAST_RECORDS);
    (source, feed, judge(GuardName::Held, new, records, limit, None))
}

/// By what held records are known again: the key and the code. Those without a key are numbered, since their lines move.
pub(in crate::plan) fn held_names<'a>(entries: impl Iterator<Item = &'a HeldEntry>) -> impl Iterator<Item = (String, HeldCode)> {
    let mut keyless = 0_u64;
    entries.map(move |entry| match &entry.key {
        Some(key) => (key.to_string(), entry.code),
        None => {
            keyless += 1;
            (format!(" no key, {keyless}"), entry.code)
        }
    })
}

/// Columns that lost their values, of how many that can be compared.
fn feed(inputs: &Inputs<'_>) -> (Vec<GuardColumn>, u64) {
    let (Some(now), Some(last)) = (&inputs.columns, &inputs.ledger.last_reading) else { return (Vec::new(), 0) };
    if !inputs.whole {
        return (Vec::new(), 0);
    }
    let both: Vec<_> = now.iter().filter_map(|(name, now)| Some((name, *now, *last.columns.get(name)?))).collect();
    let records = inputs.source.records;
    let lost = both.iter().filter(|(_, now, before)| records >= LEAST_RECORDS && lost_values(records, *now, *before));
    (lost.map(|(name, now, before)| guard_column(name, *now, *before)).collect(), both.len() as u64)
}

/// Guards on shares of the reading say nothing of fewer records than this.
const LEAST_RECORDS: u64 = 10;
/// In a small company the cells of two or three people are a large share; a broken column empties more than that.
const LEAST_EMPTIED: u64 = 4;

/// Whether a column lost its values; each pair is the share of empty cells in thousandths, and the number of distinct values.
fn lost_values(records: u64, (empty, distinct): (u64, u64), (empty_before, distinct_before): (u64, u64)) -> bool {
    let rise = empty.saturating_sub(empty_before);
    // The share was rounded down to thousandths.
    let emptied = (rise * records).div_ceil(1000);
    (rise > 200 && emptied >= LEAST_EMPTIED) || (distinct_before >= 10 && distinct * 2 <= distinct_before)
}

fn guard_column(name: &str, (empty, distinct): (u64, u64), (empty_before, distinct_before): (u64, u64)) -> GuardColumn {
    #[expect(clippy::cast_precision_loss, reason = "a share in thousandths is at most 1,000")]
    let share = |thousandths: u64| thousandths as f64 / 1000.0;
    GuardColumn {
        name: name.to_owned(),
        empty_before: share(empty_before),
        empty_after: share(empty),
        distinct_before,
        distinct_after: distinct,
    }
}

/// The guards of a whole plan, in their order.
pub(in crate::plan) fn all(inputs: &Inputs<'_>, changes: &[Change], held: &[HeldEntry], counted: Counted) -> Vec<Guard> {
    let Counted { bases, vanished } = counted;
    let (source, feed, held) = on_reading(inputs, held);
    let mut guards = vec![source, feed];
    guards.extend(on_changes(changes, inputs.ledger, inputs.policy, bases));
    guards.push(held);
    guards.push(judge(
        GuardName::Missing,
        vanished,
        bases.managed,
        inputs.policy.limit(GuardName::Missing).most(bases.managed),
        None,
    ));
    guards.extend(on_groups(changes, inputs.snapshot, inputs.ledger, inputs.policy));
    guards
}

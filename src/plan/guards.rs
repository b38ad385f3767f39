//! The guards: counts, bases and limits, checked before the first write.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::change::{Action, Change, Edit, Guard, HeldEntry, Object};
use super::inputs::{Inputs, Policy};
use super::ledger::Ledger;
use super::plain::plain;
use crate::directory::{ObjectId, Snapshot, UserType, Value};

/// The names of all guards, in the order in which a plan lists them.
pub const GUARDS: &[&str] =
    &["source", "feed", "disable", "enable", "delete", "create", "update", "clear", "identity", "removeMembers", "held"];

/// What the guards on changes are measured against.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bases {
    /// Managed accounts that exist and are enabled.
    pub(super) managed: u64,
    /// Enabled member accounts of the tenant.
    pub(super) members: u64,
    /// Memberships of the groups that hrpush manages.
    pub(super) memberships: u64,
}

impl Bases {
    pub(super) fn new<'a>(
        snapshot: &Snapshot,
        ledger: &'a Ledger,
        matched: impl Iterator<Item = &'a ObjectId>,
        rules: &[crate::mapping::GroupRule],
    ) -> Self {
        let mut managed: HashSet<&ObjectId> = matched.collect();
        managed.extend(ledger.people.values().map(|person| &person.id));
        let enabled = |id: &&ObjectId| snapshot.users.get(*id).is_some_and(|user| user.enabled != Some(false));
        let member = |user: &&crate::directory::User| user.user_type == UserType::Member && user.enabled != Some(false);
        let ours = snapshot.groups.values().filter(|group| super::groups::is_ours(group, rules));
        Self {
            managed: managed.into_iter().filter(enabled).count() as u64,
            members: snapshot.users.values().filter(member).count() as u64,
            memberships: ours.map(|group| group.members.len() as u64).sum(),
        }
    }
}

/// Who counts for which guard on changes: the key of each person (for memberships the group's and the member's, with a `/`).
///
/// The store keeps these for the seven days' budget and for what an earlier run let through.
pub fn counted(changes: &[Change], ledger: &Ledger) -> BTreeMap<&'static str, Vec<String>> {
    let mut counted: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for change in changes {
        for guard in counts_for(change, ledger) {
            counted.entry(guard).or_default().push(change.key.clone());
        }
        for member in change.members.iter().flat_map(|members| &members.remove) {
            let (group, member) = match change.object {
                Object::Group => (&change.key, member),
                Object::User => (member, &change.key),
            };
            counted.entry("removeMembers").or_default().push(format!("{group}/{member}"));
        }
    }
    counted
}

fn counts_for(change: &Change, ledger: &Ledger) -> Vec<&'static str> {
    if change.object == Object::Group {
        return Vec::new();
    }
    if change.action == Action::Create {
        return vec!["create"];
    }
    let mut guards = vec!["update"];
    let known = ledger.people.values_of(&change.key);
    match change.action {
        Action::Disable => guards.push("disable"),
        Action::Delete => guards.push("delete"),
        Action::Enable if known.is_some_and(|person| person.pre_hire && person.disabled_on.is_none()) => {}
        Action::Enable | Action::Restore => guards.push("enable"),
        Action::Update | Action::Create => {}
    }
    if change.attributes.iter().any(|edit| edit.before.is_some() && edit.after.is_none())
        || change.then.contains(&crate::mapping::LeaveAction::ClearManager) && change.action == Action::Update
    {
        guards.push("clear");
    }
    if is_somebody_else(&change.attributes) {
        guards.push("identity");
    }
    guards
}

trait ByText {
    fn values_of(&self, key: &str) -> Option<&super::ledger::Person>;
}

impl ByText for BTreeMap<crate::record::EmployeeId, super::ledger::Person> {
    fn values_of(&self, key: &str) -> Option<&super::ledger::Person> {
        self.get(&crate::record::EmployeeId::new(key)?)
    }
}

/// Whether both names, or the userPrincipalName, are replaced by different ones.
fn is_somebody_else(edits: &[Edit]) -> bool {
    let replaced = |name: &str| {
        edits.iter().find(|edit| edit.name == name).is_some_and(|edit| match (&edit.before, &edit.after) {
            (Some(Value::Text(before)), Some(Value::Text(after))) => plain(before) != plain(after),
            _ => false,
        })
    };
    (replaced("givenName") && replaced("surname")) || replaced("userPrincipalName")
}

/// One guard, judged.
fn judge(name: &str, count: u64, of: u64, limit: Option<u64>, week: Option<(u64, f64)>) -> Guard {
    #[expect(clippy::cast_precision_loss, reason = "numbers of people are far below 2^52")]
    let over_week = |limit: u64| week.is_some_and(|(before, times)| count > 0 && (before + count) as f64 > times * limit as f64);
    let tripped = limit.is_some_and(|limit| count > limit || over_week(limit));
    Guard { name: name.into(), count, of, limit, tripped }
}

/// The guards that count changes.
pub(super) fn on_changes(changes: &[Change], ledger: &Ledger, policy: &Policy, bases: Bases) -> Vec<Guard> {
    let counted = counted(changes, ledger);
    let mut guards = Vec::new();
    for name in ["disable", "enable", "delete", "create", "update", "clear", "identity", "removeMembers"] {
        let of = match name {
            "create" => bases.managed.max(bases.members),
            "removeMembers" => bases.memberships,
            _ => bases.managed,
        };
        let mut limit = policy.limit(name).most(of);
        if name == "create" && of < 10 {
            limit = None;
        }
        let again = |key: &&String| !ledger.let_through.contains(&((*key).clone(), name.to_owned()));
        let count = counted.get(name).map_or(0, |keys| keys.iter().filter(again).collect::<BTreeSet<_>>().len() as u64);
        let before = ledger.week.get(name).copied().unwrap_or_default();
        guards.push(judge(name, count, of, limit, Some((before, policy.week))));
    }
    guards
}

/// Removals from one group alone, where they are more than its share.
pub(super) fn on_groups(changes: &[Change], snapshot: &Snapshot, ledger: &Ledger, policy: &Policy) -> Vec<Guard> {
    let mut guards = Vec::new();
    for change in changes.iter().filter(|change| change.object == Object::Group) {
        let Some(group) = change.id.as_ref().and_then(|id| snapshot.groups.get(id)) else { continue };
        let again =
            |member: &&String| !ledger.let_through.contains(&(format!("{}/{member}", change.key), "removeMembers".to_owned()));
        let count = change.members.iter().flat_map(|members| &members.remove).filter(again).count() as u64;
        let of = group.members.len() as u64;
        let guard = judge("removeMembers", count, of, policy.limit("removeMembers").most(of), None);
        if guard.tripped {
            guards.push(guard);
        }
    }
    guards
}

/// The guards on the reading itself, and on who is held.
pub(super) fn on_reading(inputs: &Inputs<'_>, held: &[HeldEntry]) -> (Guard, Guard, Guard) {
    let last = inputs.ledger.last_reading.as_ref();
    let before = last.map_or(0, |last| last.records);
    let fewer = if inputs.whole { before.saturating_sub(inputs.source.records) } else { 0 };
    let limit = inputs.policy.limit("source").most(before).filter(|_| before >= 10 && inputs.whole);
    let source = judge("source", fewer, before, limit, None);

    let (count, of) = feed(inputs);
    let feed = judge("feed", count, of, inputs.policy.limit("feed").most(of), None);

    let records = inputs.source.records;
    let known = |entry: &&HeldEntry| {
        let name = held_name(entry);
        last.is_some_and(|last| last.held.contains(&(name, entry.code)))
    };
    let new = held.iter().filter(|entry| entry.record.is_some() && !known(entry)).count() as u64;
    let limit = inputs.policy.limit("held").most(records).filter(|_| records >= 10);
    (source, feed, judge("held", new, records, limit, None))
}

/// By what a held record is known again: its key, else its place.
pub(super) fn held_name(entry: &HeldEntry) -> String {
    match (&entry.key, &entry.record) {
        (Some(key), _) => key.to_string(),
        (None, Some(place)) => place.to_string(),
        (None, None) => String::new(),
    }
}

/// Columns that lost their values, of how many that can be compared.
fn feed(inputs: &Inputs<'_>) -> (u64, u64) {
    let (Some(now), Some(last)) = (&inputs.columns, &inputs.ledger.last_reading) else { return (0, 0) };
    if !inputs.whole {
        return (0, 0);
    }
    let both: Vec<_> = now.iter().filter_map(|(name, now)| Some((now, last.columns.get(name)?))).collect();
    let emptied = |((empty, distinct), (empty_before, distinct_before)): &(&(u64, u64), &(u64, u64))| {
        *empty > empty_before + 200 || (*distinct_before >= 10 && distinct * 2 <= *distinct_before)
    };
    (both.iter().filter(|pair| emptied(pair)).count() as u64, both.len() as u64)
}

/// The guards of a whole plan, in their order.
pub(super) fn all(inputs: &Inputs<'_>, changes: &[Change], held: &[HeldEntry], bases: Bases) -> Vec<Guard> {
    let (source, feed, held) = on_reading(inputs, held);
    let mut guards = vec![source, feed];
    guards.extend(on_changes(changes, inputs.ledger, inputs.policy, bases));
    guards.push(held);
    guards.extend(on_groups(changes, inputs.snapshot, inputs.ledger, inputs.policy));
    guards
}

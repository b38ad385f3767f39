//! Approvals that were given before the run: what they cover of a plan, and the guards over the rest.
//!
//! An approval covers changes, so that a plan with one more change than the approved one needs no second reading of all the others. A change
//! is covered if the approved plan had it for the same object, key, account and action and with the same end values. The guards judge what is
//! left. A guard on the reading is covered for the approved reading alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::given_approval::GivenApproval;
use crate::plan::inputs::Policy;
use crate::plan::ledger::Ledger;
use crate::plan::model::{Change, Edit, Guard, Judged, Members, Object, Plan};

impl Judged {
    /// The approvals that cover a part of the plan, by number. The run that applies the plan uses them up.
    pub fn used(&self) -> &[i64] {
        &self.used
    }

    /// How many changes of the plan are approved as they are.
    pub fn covered(&self) -> usize {
        self.covered
    }
}

impl Plan {
    /// The guards by which the plan passes or stops: over the changes that no approval covers.
    ///
    /// They differ from [`Plan::guards`] only where an approval was given before the run.
    pub fn judged_guards(&self) -> &[Guard] {
        self.judged.guards.as_deref().unwrap_or(&self.guards)
    }

    /// The same for the part of a plan that is carried out.
    pub(super) fn judged_guards_mut(&mut self) -> &mut [Guard] {
        self.judged.guards.as_deref_mut().unwrap_or(&mut self.guards)
    }

    /// Judges the plan over what no approval of the ledger covers. `on_changes` counts the guards on changes.
    pub(in crate::plan) fn judge_rest(
        &mut self,
        ledger: &Ledger,
        policy: &Policy,
        on_changes: impl FnOnce(&[Change]) -> Vec<Guard>,
    ) {
        if ledger.approvals.is_empty() {
            return;
        }
        let approvals = Approvals::new(&ledger.approvals, policy);
        let (mut rest, mut covered) = (Vec::new(), 0);
        for change in &self.changes {
            match approvals.rest(change) {
                Some(change) => rest.push(change),
                None => covered += 1,
            }
        }
        let mut guards: Vec<Guard> = self.guards.iter().filter(|guard| is_of_reading(guard)).cloned().collect();
        for guard in guards.iter_mut().filter(|guard| guard.tripped) {
            guard.tripped = !approvals.covers_guard(guard, &self.source.sha256);
        }
        guards.extend(on_changes(&rest));
        self.judged = Judged { guards: Some(guards), used: approvals.used(self), covered };
    }
}

impl Plan {
    /// Judges the guards on the reading of a saved plan without a copy. The document alone does not prove which reading it was made from, so
    /// only an approval of exactly this plan covers them.
    pub(super) fn judge_uncounted(&mut self, approved: bool) {
        for guard in self.judged.guards.iter_mut().flatten().filter(|guard| is_of_reading(guard)) {
            let counted = self.guards.iter().find(|counted| counted.name == guard.name);
            guard.tripped = !approved && counted.is_some_and(|counted| counted.tripped);
        }
    }
}

fn is_of_reading(guard: &Guard) -> bool {
    guard.name.is_of_reading()
}

/// An approval with its changes by object and key.
struct Indexed<'a> {
    given: &'a GivenApproval,
    changes: BTreeMap<(Object, &'a str), &'a Change>,
}

impl<'a> Indexed<'a> {
    fn new(given: &'a GivenApproval) -> Self {
        let changes = given.covered.iter().map(|change| ((change.object, change.key.as_str()), change));
        Self { given, changes: changes.collect() }
    }

    /// The change that was approved for the same object.
    fn earlier(&self, change: &Change) -> Option<&'a Change> {
        self.changes.get(&(change.object, change.key.as_str())).copied()
    }
}

/// All approvals that are valid for the run.
struct Approvals<'a> {
    all: Vec<Indexed<'a>>,
    two_people: bool,
}

impl<'a> Approvals<'a> {
    fn new(given: &'a [GivenApproval], policy: &Policy) -> Self {
        Self { all: given.iter().map(Indexed::new).collect(), two_people: policy.two_people }
    }

    fn enough(&self, approvals: &[&GivenApproval]) -> bool {
        GivenApproval::are_enough(approvals, self.two_people)
    }

    fn with(&self, change: &Change, covers: impl Fn(&Change) -> bool) -> Vec<&'a GivenApproval> {
        let covering = self.all.iter().filter(|of| of.earlier(change).is_some_and(&covers));
        covering.map(|of| of.given).collect()
    }

    /// What of a change no approval covers; none where all of it is approved. Members of a group are approved one by one.
    fn rest(&self, change: &Change) -> Option<Change> {
        if self.enough(&self.with(change, |earlier| covers(earlier, change))) {
            return None;
        }
        let mut rest = change.clone();
        if let Some(members) = rest.members.as_mut().filter(|_| change.object == Object::Group) {
            let approved = |member: &String| {
                let has = |earlier: &Change| {
                    earlier.id == change.id && earlier.members.as_ref().is_some_and(|all| all.remove.contains(member))
                };
                self.enough(&self.with(change, has))
            };
            members.remove.retain(|member| !approved(member));
        }
        Some(rest)
    }

    /// Whether a guard on the reading was overridden for this very reading, with no lower count.
    fn covers_guard(&self, guard: &Guard, reading: &str) -> bool {
        let overrides = |given: &&GivenApproval| {
            given.reading.as_deref() == Some(reading)
                && given.guards.iter().any(|named| named.name == guard.name && guard.count <= named.count)
        };
        let given: Vec<&GivenApproval> = self.all.iter().map(|of| of.given).filter(overrides).collect();
        self.enough(&given)
    }

    /// The approvals of this plan, or of a part of it.
    fn used(&self, plan: &Plan) -> Vec<i64> {
        let concerns = |of: &&Indexed<'_>| {
            let one = |change: &Change| {
                of.earlier(change).is_some_and(|earlier| covers(earlier, change) || shares_members(earlier, change))
            };
            let guard = |guard: &Guard| {
                let named = of.given.guards.iter().any(|named| named.name == guard.name);
                guard.tripped && is_of_reading(guard) && named && of.given.reading.as_deref() == Some(&plan.source.sha256)
            };
            plan.changes.iter().any(one) || plan.guards.iter().any(guard)
        };
        self.all.iter().filter(concerns).map(|of| of.given.number).collect()
    }
}

/// Whether the approved change does everything that this one does, to the same account.
fn covers(approved: &Change, change: &Change) -> bool {
    let edits = |edit: &Edit| approved.attributes.iter().any(|seen| edit.ends_as(seen));
    approved.action == change.action
        && approved.id == change.id
        && change.attributes.iter().all(edits)
        && change.then.iter().all(|step| approved.then.contains(step))
        && change.members.as_ref().is_none_or(|members| approved.members.as_ref().is_some_and(|seen| contains(seen, members)))
}

fn contains(seen: &Members, members: &Members) -> bool {
    let all = |seen: &[String], wanted: &[String]| wanted.iter().all(|member| seen.contains(member));
    all(&seen.add, &members.add) && all(&seen.remove, &members.remove)
}

fn shares_members(approved: &Change, change: &Change) -> bool {
    let removed = |change: &Change| change.members.iter().flat_map(|members| members.remove.clone()).collect::<BTreeSet<_>>();
    change.object == Object::Group && approved.id == change.id && !removed(approved).is_disjoint(&removed(change))
}

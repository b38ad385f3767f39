//! The state of one plan while people are decided, and what is decided for each.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::missing_doubt::MissingDoubt;
use super::names::Names;
use crate::directory::{Attribute, ObjectId, User, Value};
use crate::mapping::{Held, LeaveAction, Lifecycle};
use crate::plan::group_rules::serves;
use crate::plan::homoglyphs::LookAlikes;
use crate::plan::inputs::Inputs;
use crate::plan::matching::Matching;
use crate::plan::matching::possible_duplicate::Unclaimed;
use crate::plan::model::{Change, Skipped, SkippedCode};
use crate::plan::protection::Protection;
use crate::plan::records::RecordState;
use crate::record::EmployeeId;

/// What was decided for one person.
pub(in crate::plan) enum PersonDecision {
    /// Left alone: no manager, no groups either.
    Closed,
    /// Nothing differs so far.
    Open,
    /// The change that the plan gets for this person.
    Change(Box<Change>),
}

/// The state of one plan while people are decided.
pub(in crate::plan) struct PersonPlanner<'a> {
    pub(in crate::plan) inputs: &'a Inputs<'a>,
    pub(in crate::plan) matching: &'a Matching<'a>,
    pub(in crate::plan) protection: &'a Protection<'a>,
    pub(in crate::plan) names: Names<'a>,
    pub(in crate::plan) held: Vec<Held>,
    pub(in crate::plan) skipped: Vec<Skipped>,
    /// The candidates behind the chosen one, for people that get an account.
    pub(in crate::plan) candidates: BTreeMap<EmployeeId, BTreeMap<Attribute, Vec<Value>>>,
    /// Attributes that Graph refused to this app: the people with a new attempt, and how many wait.
    pub(in crate::plan) refusals: BTreeMap<Attribute, Refusals>,
    pub(super) looks: Option<LookAlikes>,
    pub(super) unclaimed: Option<Unclaimed<'a>>,
    pub(super) managed_groups: HashMap<&'a ObjectId, Vec<&'a ObjectId>>,
    /// The keys of leavers with records out of scope.
    pub(in crate::plan) leavers_out_of_scope: HashSet<String>,
    /// The entries of `[protect]` that protect a person by the HR key.
    pub(in crate::plan) protected_keys: BTreeSet<String>,
    /// Why missing people are not disabled after this reading; computed for the first missing person.
    pub(in crate::plan) missing_doubt: OnceCell<Option<MissingDoubt>>,
    /// How many missing people stay as they are by a decision.
    pub(in crate::plan) kept: u64,
    /// HR's records of the people with a rejected change; computed for the first of them.
    pub(super) rejected_records: OnceCell<BTreeMap<String, RecordState>>,
}

/// How the values of HR are applied to an account.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) standing: Standing,
    pub(super) shield: Shield,
}

/// The person behind an account that is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Works here or will: every value follows HR.
    Working,
    /// Has left: values are set, not cleared.
    Leaver,
    /// Comes back with an account from the recycle bin; other accounts may have its names by now.
    Restored,
}

/// Whether the account is privileged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shield {
    /// Every attribute follows HR.
    Off,
    /// Sensitive attributes and the enablement are left alone.
    On,
}

/// What a plan makes of an attribute that Graph refused to this app.
pub(in crate::plan) struct Refusals {
    pub(super) is_tried: bool,
    pub(in crate::plan) left_out: u64,
    /// Where the entry for it stands among the skipped ones.
    pub(super) at: usize,
}

impl<'a> PersonPlanner<'a> {
    pub(in crate::plan) fn new(inputs: &'a Inputs<'a>, matching: &'a Matching<'a>, protection: &'a Protection<'a>) -> Self {
        let since = inputs.today.checked_sub(inputs.policy.reuse_after_days.days()).unwrap_or(Date::MIN);
        let mut managed_groups: HashMap<&ObjectId, Vec<&ObjectId>> = HashMap::new();
        let leave = inputs.rules.lifecycle.as_ref().map(|lifecycle| &lifecycle.on_leave);
        if leave.is_some_and(|actions| actions.contains(&LeaveAction::RemoveFromManagedGroups)) {
            for group in inputs.snapshot.groups.values().filter(|group| serves(group, &inputs.rules.groups)) {
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
            protected_keys: BTreeSet::new(),
            missing_doubt: OnceCell::new(),
            kept: 0,
            rejected_records: OnceCell::new(),
        }
    }

    pub(super) fn lifecycle(&self) -> Option<&'a Lifecycle> {
        self.inputs.rules.lifecycle.as_ref()
    }

    /// Why missing people are not disabled, where a person is missing.
    pub(in crate::plan) fn doubt(&self) -> Option<MissingDoubt> {
        self.missing_doubt.get().copied().flatten()
    }

    pub(in crate::plan) fn looks_like_another(&mut self, name: &str, own: Option<&ObjectId>) -> bool {
        let protection = self.protection;
        self.looks.get_or_insert_with(|| LookAlikes::new(protection)).hit(name, own)
    }

    /// Adds an entry for a person or a value that is left alone.
    pub(in crate::plan) fn skip(&mut self, key: &str, user: Option<&User>, code: SkippedCode, message: String, left: bool) {
        let (key, id) = (Some(key.to_owned()), user.map(|user| user.id.clone()));
        self.skipped.push(Skipped { key, id, code, message, left, disabled: false });
    }
}

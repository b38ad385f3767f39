//! A mapping after all checks: nothing in it can fail except on a record.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::dates::Dates;
use super::desired::When;
use super::formula::{Formula, Slot};
use super::lifecycle::Cycle;
use super::scope::Clause;
use super::walk::in_file;
use crate::diagnostic::{Document, Fault, did_you_mean};
use crate::directory::{Attribute, ObjectId, Value};
use crate::record::Header;
use crate::source::CsvSettings;

/// The policy part of the file, which the plan follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The name of the feed.
    pub feed: String,
    /// `[[match]]`, in order; the first is the person's key in the directory.
    pub matching: Vec<Attribute>,
    /// `[lifecycle]`; without it no account is ever disabled.
    pub lifecycle: Option<Lifecycle>,
    /// Whether invited guests may be matched and changed: `[source] guests`.
    pub guests: bool,
    /// The `[[groups]]` rules, in the order of the file.
    pub groups: Vec<GroupRule>,
    /// The attributes that the mapping owns, to be read from the tenant.
    pub attributes: Vec<Attribute>,
    /// Whether `[manager]` is mapped.
    pub manager: bool,
}

/// The policy of `[lifecycle]`, apart from its dates.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the file, and they combine freely")]
pub struct Lifecycle {
    /// `enable = "on-create"`: a pre-hire may sign in before the first day.
    pub enable_on_create: bool,
    /// The actions that follow when a person leaves.
    pub on_leave: Vec<LeaveAction>,
    /// `delete_after`, in whole days.
    pub delete_after: Option<i64>,
    /// Whether a missing person's account is disabled: `on_missing = "disable"`.
    pub disable_missing: bool,
    /// Whether the account of a person outside the scope is disabled: `out_of_scope = "disable"`.
    pub disable_out_of_scope: bool,
    /// Whether accounts are enabled again that an administrator disabled: `reenable = "always"`.
    pub reenable_always: bool,
}

/// An action that follows when a person leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveAction {
    /// Refresh tokens and sessions end.
    RevokeSessions,
    /// Memberships in groups that hrpush manages end.
    RemoveFromManagedGroups,
    /// Licences assigned directly are taken back.
    RemoveLicenses,
    /// The manager is cleared.
    ClearManager,
}

impl LeaveAction {
    /// The word of mapping files and documents.
    ///
    /// ```
    /// assert_eq!(hrpush::mapping::LeaveAction::RevokeSessions.as_str(), "revoke-sessions");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevokeSessions => "revoke-sessions",
            Self::RemoveFromManagedGroups => "remove-from-managed-groups",
            Self::RemoveLicenses => "remove-licenses",
            Self::ClearManager => "clear-manager",
        }
    }
}

/// One `[[groups]]` rule: it derives a group from each record.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRule {
    /// An explicit id adopts an existing group.
    pub id: Option<ObjectId>,
    /// Whether the group is a Microsoft 365 group.
    pub microsoft365: bool,
    /// The owners of new groups, by userPrincipalName.
    pub owners: Vec<String>,
    /// `membership = "exact"`; otherwise members are only added.
    pub exact: bool,
    /// `from = "feed"`: one group for each group of the feed itself.
    pub from_feed: bool,
}

/// A mapping file without faults.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) inner: Arc<Inner>,
}

/// The contents of a mapping file.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) rules: Rules,
    pub(super) document: Arc<Document>,
    pub(super) formulas: Vec<Formula>,
    pub(super) key: Slot,
    pub(super) previous_key: Option<Slot>,
    pub(super) required: Vec<(String, Range<usize>)>,
    pub(super) dates: Dates,
    pub(super) time_zone_given: bool,
    pub(super) csv: CsvSettings,
    /// Spellings that mean an empty cell, folded.
    pub(super) nothing: Vec<String>,
    pub(super) scope: Vec<Vec<Clause>>,
    pub(super) filter: Option<Slot>,
    pub(super) targets: Vec<Target>,
    pub(super) manager: Option<Slot>,
    pub(super) cycle: Option<Cycle>,
    pub(super) groups: Vec<GroupFormulas>,
}

/// One entry of `[attributes]`.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) attribute: Attribute,
    /// Its place in the file.
    pub(super) span: Range<usize>,
    pub(super) origin: ValueSource,
    /// The value that takes the place of an empty one.
    pub(super) default: Option<Value>,
    /// Whether an empty value leaves the account's value alone: `on_empty = "keep"`.
    pub(super) keep: bool,
    pub(super) when: When,
    /// The expression as the file writes it.
    pub(super) shown: Box<str>,
}

/// The source of a target's value.
#[derive(Clone, Debug)]
pub(super) enum ValueSource {
    Formula(Slot),
    Constant(Value),
}

/// The expressions of one `[[groups]]` rule.
#[derive(Clone, Debug)]
pub(super) struct GroupFormulas {
    pub(super) source: GroupSource,
    pub(super) when: Option<Slot>,
}

/// Where key and name of a group come from.
#[derive(Clone, Debug)]
pub(super) enum GroupSource {
    Formulas {
        key: Option<Slot>,
        name: Slot,
    },
    /// The groups of the record, with the place of the rule in the file.
    Feed(Range<usize>),
}

impl GroupFormulas {
    /// The expressions with their names.
    pub(super) fn parts(&self) -> impl Iterator<Item = (&'static str, Slot)> + use<> {
        let (key, name) = match &self.source {
            GroupSource::Formulas { key, name } => (*key, Some(*name)),
            GroupSource::Feed(_) => (None, None),
        };
        let parts = [("when", self.when), ("key", key), ("name", name)];
        parts.into_iter().filter_map(|(name, slot)| Some((name, slot?)))
    }
}

/// The columns of a pushed record with the keys and the names of its groups, in one order.
pub(super) const FEED_GROUPS: [&str; 2] = ["groups", "groups.display"];

impl Mapping {
    /// The policy part of the file.
    pub fn rules(&self) -> &Rules {
        &self.inner.rules
    }

    /// The name of the mapping, which is also the name of the feed.
    pub fn name(&self) -> &str {
        &self.inner.rules.feed
    }

    /// The columns of `[source] required`.
    pub fn required(&self) -> Vec<&str> {
        self.inner.required.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The zone in which a day begins.
    pub fn time_zone(&self) -> &TimeZone {
        self.inner.dates.zone()
    }

    /// Whether the file names the zone; otherwise it is UTC, and the plan reports it.
    pub fn time_zone_given(&self) -> bool {
        self.inner.time_zone_given
    }

    /// The HR columns that the key consists of: records that agree in all of them are one person.
    pub fn key_columns(&self) -> Vec<String> {
        self.inner.formulas[self.inner.key.0].expression.columns().map(|(name, _)| name.to_owned()).collect()
    }

    /// Spellings that mean an empty cell, trimmed and case-folded.
    pub fn nothing(&self) -> &[String] {
        &self.inner.nothing
    }

    /// The settings for reading delimited text.
    pub fn csv(&self) -> CsvSettings {
        self.inner.csv.clone()
    }

    /// The attributes with a value of `SelectUniqueValue`.
    pub fn unique_attributes(&self) -> Vec<Attribute> {
        let is_unique = |target: &&Target| match target.origin {
            ValueSource::Formula(slot) => self.inner.formulas[slot.0].expression.is_select_unique(),
            ValueSource::Constant(_) => false,
        };
        self.inner.targets.iter().filter(is_unique).map(|target| target.attribute).collect()
    }

    /// All HR columns that its expressions use.
    pub fn columns(&self) -> BTreeSet<String> {
        let formulas = self.inner.formulas.iter();
        let mut columns: BTreeSet<String> =
            formulas.flat_map(|formula| formula.expression.columns().map(|(name, _)| name.to_owned())).collect();
        if self.inner.rules.groups.iter().any(|rule| rule.from_feed) {
            columns.extend(FEED_GROUPS.map(str::to_owned));
        }
        columns
    }

    /// Each missing column once, at its first place in the file.
    pub(super) fn missing(&self, header: &Header) -> Vec<Fault> {
        let mut faults = missing(&self.inner.document, &self.inner.formulas, &self.inner.required, header);
        let has_groups = FEED_GROUPS.iter().all(|column| header.position(column).is_some());
        for group in self.inner.groups.iter().filter(|_| !has_groups) {
            if let GroupSource::Feed(span) = &group.source {
                let hint = "only a feed that is pushed by SCIM has groups; give the rule `name` instead of `from`".to_owned();
                faults.push(self.inner.document.fault(span, "the reading has no groups of its own", Some(hint)));
            }
        }
        faults
    }
}

impl Inner {
    /// In the order: key, scope, life cycle, manager, attributes, groups.
    pub(super) fn named_slots(&self) -> Vec<(String, Slot)> {
        let mut slots: Vec<(String, Slot)> = vec![("key".to_owned(), self.key)];
        slots.extend(self.previous_key.map(|slot| ("previous_key".to_owned(), slot)));
        slots.extend(self.filter.map(|slot| ("objectFilter".to_owned(), slot)));
        slots.extend(self.scope.iter().flatten().map(|clause| ("scope".to_owned(), clause.attribute)));
        if let Some(cycle) = &self.cycle {
            for (name, slot) in [("start", cycle.start), ("end", cycle.end), ("status", cycle.status)] {
                slots.extend(slot.map(|slot| (format!("lifecycle.{name}"), slot)));
            }
        }
        slots.extend(self.manager.map(|slot| ("manager".to_owned(), slot)));
        for target in &self.targets {
            if let ValueSource::Formula(slot) = target.origin {
                slots.push((target.attribute.name.to_owned(), slot));
            }
        }
        for (rule, formulas) in self.groups.iter().enumerate() {
            slots.extend(formulas.parts().map(|(name, slot)| (format!("groups[{rule}].{name}"), slot)));
        }
        slots
    }
}

/// Each column that a header lacks once, at its first place in the file.
pub(super) fn missing(
    document: &Document,
    formulas: &[Formula],
    required: &[(String, Range<usize>)],
    header: &Header,
) -> Vec<Fault> {
    let required = required.iter().map(|(name, span)| (name.as_str(), span.clone()));
    let used = formulas.iter().flat_map(|formula| {
        let columns = formula.expression.columns();
        columns.map(|(name, span)| (name, in_file(&document.text, &formula.raw, &span)))
    });
    let mut places: Vec<(&str, Range<usize>)> =
        used.chain(required).filter(|(name, _)| header.position(name).is_none()).collect();
    places.sort_by_key(|(_, span)| span.start);
    let mut seen = BTreeSet::new();
    places.retain(|(name, _)| seen.insert(*name));
    let fault = |(name, span): (&str, Range<usize>)| {
        let hint = did_you_mean(name, header.names()).unwrap_or_else(|| {
            let names: Vec<&str> = header.names().collect();
            let names = names.join(", ");
            format!("let the export write this column, or take it out of the mapping; the columns are {names}")
        });
        document.fault(&span, format!("the reading has no column `{name}`"), Some(hint))
    };
    places.into_iter().map(fault).collect()
}

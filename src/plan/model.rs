//! The plan as data: what will happen, what will not, and why.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::directory::{Attribute, ObjectId, Value, roles};
use crate::mapping::{HeldCode, LeaveAction};
use crate::plan::guard_name::GuardName;
use crate::plan::matching::name_folding::plain;
use crate::plan::person_label::{PersonLabel, PersonLabels};
use crate::plan::reason::{Adoption, ReasonCode, Why, join};
use crate::record::{EmployeeId, Place};

/// The document of DESIGN section 5, key for key: what `--format json` prints and `--out` saves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Always `hrpush.plan/1`.
    pub format: String,
    /// What an approval names, see `fingerprint`.
    pub fingerprint: String,
    /// The day for which the plan was computed, `YYYY-MM-DD`.
    pub as_of: String,
    /// When it was computed, RFC 3339.
    pub created_at: String,
    /// The tenant that the plan may be applied to.
    pub target: Target,
    /// The source and the reading that the plan was computed from.
    pub source: SourceInfo,
    /// The match attributes of the mapping, in their order.
    #[serde(rename = "match", default)]
    pub matching: Vec<String>,
    /// How many people and changes of each kind the plan has.
    pub summary: Summary,
    /// What will happen, in the order in which it is carried out.
    pub changes: Vec<Change>,
    /// The records that are held, and why.
    pub held: Vec<HeldEntry>,
    /// The people and values that were left alone, and why.
    pub skipped: Vec<Skipped>,
    /// The guards with their counts.
    pub guards: Vec<Guard>,
    /// A hash over the document without this key. It guards a saved plan against accidents, not against an editor.
    #[serde(default)]
    pub seal: String,
    /// What a create may be called where the tenant alone knows that the planned name is taken. No part of the document, see [`Aside`].
    #[serde(skip)]
    pub candidates: Candidates,
    /// How many people wait for an attribute that Graph refused to this app. No part of the document, where it is an entry of `skipped`.
    #[serde(skip)]
    pub left_out: BTreeMap<Attribute, u64>,
    /// The names of its people, by key or by id, for reports. No part of the document, which has keys, ids and the values of attributes.
    #[serde(skip)]
    pub people: PersonLabels,
    /// The guards over what no approval covers. No part of the document.
    #[serde(skip)]
    pub judged: Judged,
}

/// The guards of a plan over what no approval of before covers. Only the guards make one that differs from those of the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// None where no approval was given.
    pub(in crate::plan) guards: Option<Vec<Guard>>,
    /// The approvals that cover a part of the plan, by number.
    pub(in crate::plan) used: Vec<i64>,
    /// How many changes are approved as they are.
    pub(in crate::plan) covered: usize,
}

/// The further candidates of `SelectUniqueValue` that the plan knows to be free, best first: by number of the change and by attribute.
pub type Candidates = BTreeMap<u64, BTreeMap<String, Vec<Value>>>;

/// What belongs to a plan and is no part of its document: the state folder keeps it beside a saved plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Aside {
    /// What belongs to single changes.
    pub changes: ChangeAsides,
    /// The further candidates of creates.
    pub candidates: Candidates,
}

/// What belongs to a change and is no part of its document: the state folder keeps it beside the plan.
///
/// ```
/// # use hrpush::plan::ChangeAside;
/// let aside = ChangeAside { new_password: true, ..ChangeAside::default() };
/// assert_eq!(serde_json::to_string(&aside).unwrap(), r#"{"newPassword":true}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ChangeAside {
    /// The accounts behind the keys of `manager`, `owners` and `members`, where they exist already.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub accounts: BTreeMap<String, ObjectId>,
    /// The manager that [`LeaveAction::ClearManager`] removes. The tenant does not know it afterwards, so an undo reads it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared_manager: Option<ObjectId>,
    /// The managed groups of an account that is deleted. Graph adds the account to them again when it is restored, and no list of
    /// members shows that before.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub former_groups: BTreeSet<ObjectId>,
    /// Whether an administrator gave the account to another person, so that the former password must not work.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub new_password: bool,
}

/// What is kept beside changes, by the number of the change.
pub type ChangeAsides = BTreeMap<u64, ChangeAside>;

/// The tenant that a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Graph's root with its version.
    pub graph_url: String,
    /// The tenant's id.
    pub tenant_id: String,
    /// Whether it is the embedded sandbox.
    pub sandbox: bool,
    /// Whether the plan compares with what the target accepted from hrpush, because the target cannot be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accepted_only: bool,
}

/// The reading that a plan was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The file's name, or the configured source's.
    pub name: String,
    /// The mapping's name.
    pub feed: String,
    /// How many records were read.
    pub records: u64,
    /// Over the bytes that were read.
    pub sha256: String,
}

/// The counts of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the document")]
pub struct Summary {
    pub create: u64,
    pub update: u64,
    pub enable: u64,
    pub disable: u64,
    pub restore: u64,
    pub delete: u64,
    pub create_group: u64,
    pub update_group: u64,
    pub add_members: u64,
    pub remove_members: u64,
    pub unchanged: u64,
    pub held: u64,
    pub skipped: u64,
    pub upcoming: u64,
    pub missing: u64,
    pub shielded: u64,
    /// Held leavers: their accounts stay as they are until an administrator acts.
    #[serde(default)]
    pub held_leavers: u64,
    /// The records of the reading, each counted once.
    #[serde(default)]
    pub records: RecordCounts,
}

/// What became of each record of a reading. The counts add up to `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the document")]
pub struct RecordCounts {
    pub total: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub held: u64,
    pub upcoming: u64,
    pub gone: u64,
    pub out_of_scope: u64,
    pub left_alone: u64,
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// A user, or (with `object` group) a group is made.
    Create,
    /// Attributes or members change.
    Update,
    /// accountEnabled becomes true, with other attributes.
    Enable,
    /// accountEnabled becomes false, with other attributes and what follows.
    Disable,
    /// Brought back from the recycle bin, with other attributes.
    Restore,
    /// Moved to the recycle bin, where it can be restored for 30 days.
    Delete,
}

impl Action {
    /// The word of the document.
    ///
    /// ```
    /// assert_eq!(hrpush::plan::Action::Disable.as_str(), "disable");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Restore => "restore",
            Self::Delete => "delete",
        }
    }
}

/// The side that moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// HR wants something else than at the last run.
    Hr,
    /// HR wants the same; the tenant was changed.
    Tenant,
}

/// What kind of object a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Object {
    /// A user account, with its manager, licences and sessions.
    User,
    /// A group, with its members and owners.
    Group,
}

/// One step of a plan. A person with nothing to do has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// Its number in the plan, from 1.
    pub seq: u64,
    /// What is done to the object, such as create or disable.
    pub action: Action,
    /// To what kind of object.
    pub object: Object,
    /// The person's key in HR, or the group's key.
    pub key: String,
    /// Graph's id; none before it is created.
    pub id: Option<ObjectId>,
    /// The user's sign-in name, as it is before the change (for a create: as it will be); none for groups.
    pub user_principal_name: Option<String>,
    /// For the reader of the plan; no rule reads it back.
    pub reason: String,
    /// The rule that asked for the change.
    #[serde(default)]
    pub why: Why,
    /// For each attribute that an earlier run knows: whether HR or the tenant moved.
    #[serde(default)]
    pub cause: BTreeMap<String, Cause>,
    /// What differs, by name. For a create everything that is sent, accountEnabled and mailNickname included.
    /// `manager` stands here too, its values being HR keys where known, else ids.
    pub attributes: Vec<Edit>,
    /// For groups: the members that are added and removed.
    pub members: Option<Members>,
    /// What follows a disable.
    pub then: Vec<LeaveAction>,
    /// The place of the person's record.
    pub record: Option<Place>,
    /// The object ids that the change needs. No part of the document: the state folder keeps them beside it.
    #[serde(skip)]
    pub aside: ChangeAside,
}

impl Plan {
    /// What is kept beside its changes.
    #[must_use]
    pub fn change_asides(&self) -> ChangeAsides {
        let filled = self.changes.iter().filter(|change| change.aside != ChangeAside::default());
        filled.map(|change| (change.seq, change.aside.clone())).collect()
    }

    /// Everything that is kept beside the document.
    #[must_use]
    pub fn aside(&self) -> Aside {
        Aside { changes: self.change_asides(), candidates: self.candidates.clone() }
    }

    /// The plan as its document has it, with what was kept beside it.
    #[must_use]
    pub fn with_aside(self, aside: Aside) -> Self {
        let Aside { changes, candidates } = aside;
        Self { candidates, ..self.with_change_asides(changes) }
    }

    /// The plan of a document, with what was kept beside its changes.
    #[must_use]
    pub fn with_change_asides(mut self, mut asides: ChangeAsides) -> Self {
        for change in &mut self.changes {
            change.aside = asides.remove(&change.seq).unwrap_or_default();
        }
        self
    }
}

impl Change {
    /// Whether nothing is left of the change of a group.
    pub(super) fn is_spent(&self) -> bool {
        let members = self.members.iter().all(|members| members.add.is_empty() && members.remove.is_empty());
        // A group that is not made has no members.
        self.attributes.is_empty() && (members || self.action == Action::Create)
    }

    /// Whether the change opens the account but the former password must not work. That is so if the key was given out again and
    /// an administrator approved it, or if both names are replaced while the account returns.
    #[must_use]
    pub fn needs_new_password(&self) -> bool {
        self.aside.new_password || (self.opens() && self.replaces(roles::GIVEN_NAME) && self.replaces(roles::SURNAME))
    }

    /// Gives the account a new first password, where the change opens it.
    pub(super) fn renew_password(&mut self) {
        self.aside.new_password |= self.id.is_some() && self.opens();
    }

    /// Whether the account is restored ahead of a first working day. It then belongs to that start, and no earlier leave deletes
    /// it again.
    #[must_use]
    pub fn is_ahead_of_start(&self) -> bool {
        self.action == Action::Restore && self.why.code == ReasonCode::Returns && self.why.on.is_some()
    }

    /// Whether the change opens an account that exists.
    pub(super) fn opens(&self) -> bool {
        self.object == Object::User && matches!(self.action, Action::Enable | Action::Restore)
    }

    /// Whether a known name becomes a different one, case and diacritics aside.
    fn replaces(&self, name: &str) -> bool {
        let edit = self.attributes.iter().find(|edit| edit.name == name);
        let names = edit.and_then(|edit| edit.before.as_ref()?.as_text().zip(edit.after.as_ref()?.as_text()));
        names.is_some_and(|(before, after)| plain(before) != plain(after))
    }
}

impl Change {
    /// Marks the change as the first match of an account that existed already. What decides about access keeps its own code.
    pub(super) fn adopt(&mut self, adoption: &Adoption) {
        self.reason = join(&adoption.to_string(), &self.reason);
        if self.action == Action::Update && self.why.code == ReasonCode::HrChanged {
            self.why.code = ReasonCode::Adopted;
        }
    }
}

/// One attribute that differs; `None` means that it is not set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Graph's name, or `manager`.
    pub name: String,
    /// The value in the snapshot. The change drifts if the tenant has another one when it is applied.
    pub before: Option<Value>,
    /// What it will be.
    pub after: Option<Value>,
    /// The expression that asked for it; none where no expression did (accountEnabled, undo).
    pub expression: Option<String>,
}

impl Edit {
    /// The catalogue's entry; none for `manager`.
    pub fn attribute(&self) -> Option<Attribute> {
        Attribute::find(&self.name)
    }

    /// Whether two edits end in the same value.
    pub(super) fn ends_as(&self, other: &Self) -> bool {
        self.name == other.name && self.after == other.after
    }
}

/// The members that a group gains and loses, by HR key where known, else by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the document")]
pub struct Members {
    pub add: Vec<String>,
    pub remove: Vec<String>,
}

/// A record or a person that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldEntry {
    /// The person, where the record has a key.
    pub key: Option<EmployeeId>,
    /// The place of the record.
    pub record: Option<Place>,
    /// The kind of reason, for programs.
    pub code: HeldCode,
    /// The reason as a sentence that the report shows.
    pub message: String,
    /// What the administrator can do about it, as a sentence.
    pub help: String,
    /// Whether HR says that this person has left: the account stays enabled until a person acts.
    #[serde(default)]
    pub left: bool,
    /// The accounts that may be meant.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    /// Whether the accounts that may be meant are enabled. No part of the document: it words the headline of a leaver alone.
    #[serde(skip)]
    pub access: HeldAccess,
    /// The name of the record, for reports. No part of the document.
    #[serde(skip)]
    pub label: PersonLabel,
    /// The cells that could not be read. They are for the screen alone and no part of the document, of which the journal keeps a copy.
    #[serde(skip)]
    pub shown: Vec<String>,
}

/// What becomes of the accounts that a held record may mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldAccess {
    /// One of them may be enabled, and stays so.
    #[default]
    Open,
    /// None of them is a live, enabled account.
    Closed,
    /// This plan disables or deletes those that are enabled, for another record.
    Closing,
}

/// An account that may belong to a held person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Candidate {
    /// The object id of the account.
    pub id: ObjectId,
    /// The sign-in name.
    pub user_principal_name: String,
}

/// Why a person or a value was left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are those of the document")]
pub enum SkippedCode {
    Protected,
    Shielded,
    Synced,
    Guest,
    DisabledElsewhere,
    StartsLater,
    Upcoming,
    Missing,
    OutOfScope,
    ManagerUnknown,
    NotClearable,
    CannotBeCleared,
    RefusedByGraph,
    RefusedByTarget,
    NewStatus,
    EndDateIgnored,
    InvalidValue,
    OtherFeed,
    Rejected,
    NotConfirmed,
    GroupSpelling,
    GroupMembers,
    GroupUnused,
    /// A member of a group of the feed has no record, or is a group itself.
    MemberPending,
}

impl SkippedCode {
    /// Whether the target refuses an attribute to the app.
    pub const fn is_refused_attribute(self) -> bool {
        matches!(self, Self::RefusedByGraph | Self::RefusedByTarget)
    }

    /// The code as documents show it.
    ///
    /// ```
    /// assert_eq!(hrpush::plan::SkippedCode::RefusedByGraph.as_str(), "refused-by-graph");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Shielded => "shielded",
            Self::Synced => "synced",
            Self::Guest => "guest",
            Self::DisabledElsewhere => "disabled-elsewhere",
            Self::StartsLater => "starts-later",
            Self::Upcoming => "upcoming",
            Self::Missing => "missing",
            Self::OutOfScope => "out-of-scope",
            Self::ManagerUnknown => "manager-unknown",
            Self::NotClearable => "not-clearable",
            Self::CannotBeCleared => "cannot-be-cleared",
            Self::RefusedByGraph => "refused-by-graph",
            Self::RefusedByTarget => "refused-by-target",
            Self::NewStatus => "new-status",
            Self::EndDateIgnored => "end-date-ignored",
            Self::InvalidValue => "invalid-value",
            Self::OtherFeed => "other-feed",
            Self::Rejected => "rejected",
            Self::NotConfirmed => "not-confirmed",
            Self::GroupSpelling => "group-spelling",
            Self::GroupMembers => "group-members",
            Self::GroupUnused => "group-unused",
            Self::MemberPending => "member-pending",
        }
    }
}

/// A person or a value that was left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skipped {
    /// The person's key, where HR names one.
    pub key: Option<String>,
    /// The account, where there is one.
    pub id: Option<ObjectId>,
    /// The kind of reason, for programs.
    pub code: SkippedCode,
    /// The reason as a sentence that the report shows.
    pub message: String,
    /// Whether HR says that this person has left and the account stays as it is: the run does not end with 0.
    #[serde(default)]
    pub left: bool,
    /// Whether the account is disabled already, where `left` is set: there is no access to lose then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

impl Skipped {
    /// The entry for an attribute that the target refuses to this app, of so many people. Graph names the permission that would help.
    pub fn refused(attribute: Attribute, people: u64, by_permission: bool) -> Self {
        if !by_permission {
            let message = format!(
                "{attribute}: the target refuses it, so it is not written for {people} people; hint: take it out of the mapping, or let \
                 the provider accept it; each run tries it on one person"
            );
            return Self { key: None, id: None, code: SkippedCode::RefusedByTarget, message, left: false, disabled: false };
        }
        // No permission helps here: Graph's documentation excludes apps from updates of this attribute.
        let hint = if attribute.name == roles::EMPLOYEE_HIRE_DATE {
            "apps may set it only on a new account: map it with `when = \"create\"`".to_owned()
        } else {
            format!("grant {}", attribute.permission)
        };
        let message = format!(
            "{attribute}: Graph refuses it to this app, so it is not written for {people} people; hint: {hint}; each run tries it on one \
             person"
        );
        Self { key: None, id: None, code: SkippedCode::RefusedByGraph, message, left: false, disabled: false }
    }
}

/// A guard with its count, base and limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// Its name in the configuration.
    pub name: GuardName,
    /// How many the plan has.
    pub count: u64,
    /// The base of the share: how many there are at all, such as the managed accounts.
    pub of: u64,
    /// The most that may be; none where the guard is off.
    pub limit: Option<u64>,
    /// Whether it stops the run.
    pub tripped: bool,
    /// For `feed`: the columns that lost their values. Empty for every other guard.
    #[serde(default)]
    pub columns: Vec<GuardColumn>,
}

/// A column of the reading that lost its values, beside the feed's last good reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GuardColumn {
    /// The column's name in HR.
    pub name: String,
    /// The share of empty cells in the last good reading, 0 to 1.
    pub empty_before: f64,
    /// The share of empty cells now, 0 to 1.
    pub empty_after: f64,
    /// The number of distinct values in the last good reading.
    pub distinct_before: u64,
    /// The number of distinct values now.
    pub distinct_after: u64,
}

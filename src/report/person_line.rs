//! People and deeds in words: `disable Karl Bauer (10048, Sales, reports to M. Vogel)`.

use crate::diagnostic::escape::{Shown, shown};
use crate::directory::{Value, roles};
use crate::mapping::LeaveAction;
use crate::plan::{Change, Edit, HeldEntry, Object, PersonLabel, Plan, Skipped};
use crate::record::EmployeeId;

/// How much of a person a line has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// The name and the key.
    Narrow,
    /// The department as well.
    Middle,
    /// The manager as well.
    Wide,
}

/// A person with what identifies them, escaped.
pub(super) struct Person<'p> {
    label: Option<&'p PersonLabel>,
    key: Option<&'p str>,
    sign_in_name: Option<&'p str>,
}

impl<'p> Person<'p> {
    /// The person or the group of a change.
    pub(super) fn of_change(change: &'p Change, plan: &'p Plan) -> Self {
        let label = plan.people.get(&change.key).filter(|_| change.object == Object::User);
        let sign_in_name = change.user_principal_name.as_deref();
        Self { label, key: Some(&change.key), sign_in_name }
    }

    /// The person of a held record.
    pub(super) fn of_held(entry: &'p HeldEntry) -> Self {
        let key = entry.key.as_ref().map(EmployeeId::as_str);
        let candidates = (entry.candidates.len() == 1).then(|| entry.candidates[0].user_principal_name.as_str());
        Self { label: Some(&entry.label), key, sign_in_name: candidates }
    }

    /// The person that was skipped; none where the entry is about all.
    pub(super) fn of_skipped(entry: &'p Skipped, id: Option<&'p str>, plan: &'p Plan) -> Self {
        let key = entry.key.as_deref().or(id);
        let label = key.and_then(|key| plan.people.get(key));
        Self { label, key, sign_in_name: label.and_then(|label| label.sign_in_name.as_deref()) }
    }

    /// A person by the key alone, such as a manager or a member.
    pub(super) fn of_key(key: &'p str, plan: &'p Plan) -> Self {
        Self { label: plan.people.get(key), key: Some(key), sign_in_name: None }
    }

    /// The name, else the sign-in name, else the key.
    pub(super) fn name(&self) -> String {
        let name = self.label.and_then(|label| label.name.as_deref()).or(self.sign_in_name).or(self.key);
        shown(name.unwrap_or("(no key)"))
    }

    /// The department, where it is known.
    pub(super) fn department(&self) -> Option<String> {
        self.label.and_then(|label| label.department.as_deref()).map(shown)
    }

    /// The manager's name, where it is known.
    pub(super) fn manager(&self) -> Option<String> {
        self.label.and_then(|label| label.manager.as_deref()).map(shown)
    }

    /// The sign-in name, unless it stands for the name already.
    pub(super) fn sign_in_name(&self) -> Option<String> {
        let has_name = self.label.is_some_and(|label| label.name.is_some());
        self.sign_in_name.filter(|name| has_name && !name.is_empty()).map(shown)
    }

    /// The key, the department and the manager.
    pub(super) fn about(&self, room: Room) -> Vec<String> {
        let mut parts: Vec<String> = self.key.filter(|key| *key != self.name()).map(shown).into_iter().collect();
        if room >= Room::Middle {
            parts.extend(self.department());
        }
        if room >= Room::Wide {
            parts.extend(self.manager().map(|manager| format!("reports to {manager}")));
        }
        parts
    }

    /// `Karl Bauer (10048, Sales, reports to M. Vogel)`.
    pub(super) fn line(&self, room: Room) -> String {
        let about = self.about(room);
        if about.is_empty() { self.name() } else { format!("{} ({})", self.name(), about.join(", ")) }
    }
}

/// A value of an attribute as text, quoted where its ends would not be visible. The key of a manager comes with the name.
pub(super) fn value(edit: &Edit, value: Option<&Value>, plan: &Plan) -> String {
    let Some(value) = value else { return "(not set)".to_owned() };
    if edit.name == roles::ACCOUNT_ENABLED {
        return if *value == Value::Flag(true) { "allowed" } else { "blocked" }.to_owned();
    }
    if let Some(key) = value.as_text().filter(|_| edit.name == roles::MANAGER) {
        return Person::of_key(key, plan).line(Room::Narrow);
    }
    let text = shown(&value.to_string());
    if text.is_empty() || text.trim() != text { format!("\"{text}\"") } else { text }
}

/// What a reader calls an attribute: sign-in is the one that decides about access.
pub(super) fn attribute(name: &str) -> String {
    if name == roles::ACCOUNT_ENABLED { "sign-in".to_owned() } else { Shown(name).to_string() }
}

/// What follows a disable, in words.
pub(super) const fn step(step: LeaveAction) -> &'static str {
    match step {
        LeaveAction::RevokeSessions => "sign out everywhere (revoke-sessions)",
        LeaveAction::RemoveFromManagedGroups => "remove from the managed groups",
        LeaveAction::RemoveLicenses => "remove the licences",
        LeaveAction::ClearManager => "clear the manager",
    }
}

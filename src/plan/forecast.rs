//! What the plans of consecutive days have more than the day before: who starts, leaves and moves on which day.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Action, Change, Object, Plan};
use crate::directory::{Value, roles};

/// What happens to a person on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DayEvent {
    /// The account is created or restored.
    Starts,
    /// The account is enabled, or is created enabled instead of disabled.
    Enables,
    /// The account is disabled.
    Leaves,
    /// The account is deleted.
    Deletes,
    /// The person joins or leaves a group, and nothing else happens to the account on this day.
    Moves,
}

impl DayEvent {
    /// The word of the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starts => "starts",
            Self::Enables => "enables",
            Self::Leaves => "leaves",
            Self::Deletes => "deletes",
            Self::Moves => "moves",
        }
    }
}

/// The people of one plan by what it does to them. The difference of two days is what the second one brings.
///
/// ```
/// use hrpush::plan::{Outlook, Plan};
///
/// fn news(today: &Plan, tomorrow: &Plan) -> usize {
///     Outlook::of(tomorrow).since(&Outlook::of(today)).len()
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// The people of each event.
    events: BTreeSet<(String, DayEvent)>,
    /// The person, the group, and whether the person joins it.
    memberships: BTreeSet<(String, String, bool)>,
    /// The names of accounts that the plan creates, by key.
    names: BTreeMap<String, String>,
}

impl Outlook {
    /// The outlook of a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut outlook = Self::default();
        for change in &plan.changes {
            match change.object {
                Object::User => outlook.add_user(change),
                Object::Group => outlook.add_group(change),
            }
        }
        outlook
    }

    /// What this day brings that the day before did not have, by person.
    pub fn since(&self, before: &Self) -> BTreeSet<(String, DayEvent)> {
        let mut news: BTreeSet<(String, DayEvent)> = self.events.difference(&before.events).cloned().collect();
        let starting: BTreeSet<String> =
            news.iter().filter(|(_, event)| *event == DayEvent::Starts).map(|(key, _)| key.clone()).collect();
        news.retain(|(key, event)| *event != DayEvent::Enables || !starting.contains(key));
        let busy: BTreeSet<String> = news.iter().map(|(key, _)| key.clone()).collect();
        let moved = self.memberships.difference(&before.memberships).map(|(key, _, _)| key);
        news.extend(moved.filter(|key| !busy.contains(*key)).map(|key| (key.clone(), DayEvent::Moves)));
        news
    }

    /// The display name that the plan gives a new account.
    pub fn name_of(&self, key: &str) -> Option<&str> {
        self.names.get(key).map(String::as_str)
    }

    fn add_user(&mut self, change: &Change) {
        let mut add = |event| _ = self.events.insert((change.key.clone(), event));
        match change.action {
            Action::Create | Action::Restore => {
                add(DayEvent::Starts);
                if opens(change) {
                    add(DayEvent::Enables);
                }
            }
            Action::Enable => add(DayEvent::Enables),
            Action::Disable => add(DayEvent::Leaves),
            Action::Delete => add(DayEvent::Deletes),
            Action::Update => {}
        }
        let name = change.attributes.iter().find(|edit| edit.name == roles::DISPLAY_NAME);
        if let Some(name) = name.and_then(|edit| edit.after.as_ref()?.as_text()) {
            self.names.insert(change.key.clone(), name.to_owned());
        }
    }

    fn add_group(&mut self, change: &Change) {
        let Some(members) = &change.members else { return };
        for (keys, joins) in [(&members.add, true), (&members.remove, false)] {
            self.memberships.extend(keys.iter().map(|key| (key.clone(), change.key.clone(), joins)));
        }
    }
}

/// Whether a new or restored account can be used at once.
fn opens(change: &Change) -> bool {
    let enabled = change.attributes.iter().find(|edit| edit.name == roles::ACCOUNT_ENABLED);
    matches!(enabled.and_then(|edit| edit.after.as_ref()), Some(Value::Flag(true)))
}

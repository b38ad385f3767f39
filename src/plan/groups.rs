//! Groups that the mapping asks for, and who belongs in them.

use crate::directory::Group;
use crate::mapping::Rules;

/// What the unique names of groups that hrpush made start with.
pub(super) const PREFIX: &str = "hrpush-";

/// Whether hrpush manages this group: it made it, or a rule names it by its id.
pub(super) fn is_ours(group: &Group, rules: &Rules) -> bool {
    group.unique_name.as_ref().is_some_and(|name| name.starts_with(PREFIX))
        || rules.groups.iter().any(|rule| rule.id.as_ref() == Some(&group.id))
}

/// The changes of groups.
pub(super) fn plan(
    _planner: &mut super::lifecycle::Planner<'_>,
    _slots: &[super::lifecycle::Slot],
) -> Vec<super::change::Change> {
    Vec::new()
}

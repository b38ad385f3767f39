//! The order in which a plan is carried out: access goes first, deletes last.

use crate::plan::model::{Action, Change, Object};

fn phase(change: &Change) -> u8 {
    let removes_only = change.members.as_ref().is_some_and(|members| members.add.is_empty() && !members.remove.is_empty());
    match (change.object, change.action) {
        (Object::User, Action::Disable) => 0,
        (Object::User, Action::Update) if !change.then.is_empty() => 0,
        (Object::User, Action::Restore) => 1,
        (Object::User, Action::Create) => 2,
        (Object::User, Action::Enable | Action::Update) => 3,
        (Object::Group, Action::Create) => 4,
        (Object::Group, _) if !change.attributes.is_empty() => 5,
        (Object::Group, _) if !removes_only => 6,
        (Object::Group, _) => 7,
        (Object::User, Action::Delete) => 8,
    }
}

/// Sorts the changes, by key within each phase, and numbers them from 1.
pub(super) fn order(changes: &mut [Change]) {
    changes.sort_by(|left, right| phase(left).cmp(&phase(right)).then_with(|| left.key.cmp(&right.key)));
    for (seq, change) in (1..).zip(changes) {
        change.seq = seq;
    }
}

//! The edits of a long plan, grouped: `60 × department Sales → Growth`, `240 × jobTitle`.

use std::collections::BTreeMap;

use crate::directory::Value;
use crate::plan::{Action, Change, Edit, Object, Plan};

/// From how many equal edits on they have a group of their own.
const EQUAL: usize = 3;
/// Equal edits that are a smaller part of their attribute than one in so many stay with the others: many small groups are no overview.
const PART: usize = 10;

/// Edits of one attribute: either all have the same values, or the group has what is left of the attribute.
pub(super) struct EditGroup<'p> {
    /// The name of the attribute.
    pub(super) name: &'p str,
    /// The common values before and after.
    pub(super) same: Option<(Option<&'p Value>, Option<&'p Value>)>,
    /// The edits with their changes, in the order of the plan.
    pub(super) edits: Vec<(&'p Change, &'p Edit)>,
}

/// The edits of an attribute, by the values before and after.
type ByValues<'p> = BTreeMap<(Option<String>, Option<String>), Vec<(&'p Change, &'p Edit)>>;

/// The edits of existing accounts, the largest group first. The edits of a creation are the account itself and belong to no group.
pub(super) fn edit_groups(plan: &Plan) -> Vec<EditGroup<'_>> {
    let mut attributes: BTreeMap<&str, ByValues<'_>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.object == Object::User && change.action == Action::Update) {
        for edit in &change.attributes {
            // The text of a value, because its debug form hides it.
            let text = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
            let values = (text(&edit.before), text(&edit.after));
            attributes.entry(&edit.name).or_default().entry(values).or_default().push((change, edit));
        }
    }
    let mut groups = Vec::new();
    for (name, values) in attributes {
        let mut rest = Vec::new();
        let all: usize = values.values().map(Vec::len).sum();
        for edits in values.into_values() {
            if edits.len() >= EQUAL && edits.len() * PART >= all {
                let edit = edits[0].1;
                groups.push(EditGroup { name, same: Some((edit.before.as_ref(), edit.after.as_ref())), edits });
            } else {
                rest.extend(edits);
            }
        }
        if !rest.is_empty() {
            rest.sort_by_key(|(change, _)| change.seq);
            groups.push(EditGroup { name, same: None, edits: rest });
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.edits.len()));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::world::{Tell as _, World, worker};

    #[test]
    fn equal_edits_are_one_group_and_the_rest_of_an_attribute_another() {
        let people = |move_to: fn(usize) -> &'static str| {
            (1..=9).map(|n| worker(&format!("{n}"), "Ada", &format!("L{n}")).with("department", move_to(n))).collect::<Vec<_>>()
        };
        let mut world = World::settled(people(|_| "Sales"));
        world.hr(people(|n| {
            if n < 6 {
                "Growth"
            } else if n < 8 {
                "Audit"
            } else {
                "Sales"
            }
        }));
        let plan = world.plan();
        let groups = edit_groups(&plan);
        let shape: Vec<_> = groups.iter().map(|group| (group.name, group.same.is_some(), group.edits.len())).collect();
        assert_eq!(shape, [("department", true, 5), ("department", false, 2)]);
    }
}

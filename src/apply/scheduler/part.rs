//! Parts of a step, each sent in a request of its own.

use crate::apply::step::{Edits, ObjectRef, StepAction};
use crate::directory::{Attribute, roles};

/// A part of a step. Members, attributes and licences are sent together, and apart once they were refused together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Part {
    /// The step has no parts.
    #[default]
    Whole,
    Members(Vec<(String, ObjectRef)>),
    Edits(Edits),
    Licences(Vec<String>),
}

impl Part {
    /// All of a step that has parts.
    pub(super) fn of(act: &StepAction) -> Option<Self> {
        match act {
            StepAction::AddMembers { members, .. } => Some(Self::Members(members.clone())),
            StepAction::Update { edits, .. } => Some(Self::Edits(edits.clone())),
            StepAction::RemoveLicenses { skus, .. } => Some(Self::Licences(skus.clone())),
            _ => None,
        }
    }

    pub(super) fn members(&self) -> &[(String, ObjectRef)] {
        match self {
            Self::Members(members) => members,
            _ => &[],
        }
    }

    /// Smaller parts that together are this one, in the order in which they are sent; none where it cannot be split.
    ///
    /// After a 403 what has a rule of its own is split off first: it is the likely culprit, and the rest then passes at once.
    pub(super) fn split(&self, forbidden: bool) -> Option<Vec<Self>> {
        match self {
            Self::Whole => None,
            Self::Members(members) => {
                let (left, right) = members.split_at_checked(members.len() / 2).filter(|(left, _)| !left.is_empty())?;
                Some(vec![Self::Members(left.to_vec()), Self::Members(right.to_vec())])
            }
            Self::Licences(skus) if skus.len() < 2 => None,
            // All or none are removed, and there are few.
            Self::Licences(skus) => Some(skus.iter().map(|sku| Self::Licences(vec![sku.clone()])).collect()),
            Self::Edits(edits) => split_edits(edits, forbidden).map(|(left, right)| vec![Self::Edits(left), Self::Edits(right)]),
        }
    }
}

fn split_edits(edits: &Edits, forbidden: bool) -> Option<(Edits, Edits)> {
    if forbidden {
        let (ordinary, own): (Edits, Edits) = edits.clone().into_iter().partition(|(name, _)| !is_suspect(*name));
        if !ordinary.is_empty() && !own.is_empty() {
            return Some((ordinary, own));
        }
    }
    let names: Vec<Attribute> = edits.keys().copied().collect();
    // Both halves of a complex value stay together: a target may clear the one that is missing.
    let whole = |name: &Attribute| name.name.starts_with("employeeOrgData.");
    let fits = |at: usize| (1..names.len()).contains(&at) && !(whole(&names[at - 1]) && whole(&names[at]));
    let middle = names.len() / 2;
    let at = [middle, middle + 1, middle.saturating_sub(1)].into_iter().find(|at| fits(*at))?;
    let mut left = edits.clone();
    let right = left.split_off(&names[at]);
    Some((left, right))
}

/// Whether writing the attribute needs a permission of its own.
pub(super) fn is_suspect(attribute: Attribute) -> bool {
    attribute.sensitive || has_own_rule(attribute)
}

/// Attributes that need a permission of their own, apart from what blocks or names an account.
pub(super) fn has_own_rule(attribute: Attribute) -> bool {
    let own = attribute.permission != "User.ReadWrite.All" || attribute.name == roles::EMPLOYEE_HIRE_DATE;
    own && !matches!(attribute.name, roles::ACCOUNT_ENABLED | roles::USER_PRINCIPAL_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(names: &[&str]) -> Part {
        Part::Edits(names.iter().map(|name| (Attribute::find(name).unwrap(), None)).collect())
    }

    #[test]
    fn halves_of_a_complex_value_stay_together_and_suspects_go_last() {
        let (cost, division) = ("employeeOrgData.costCenter", "employeeOrgData.division");
        assert_eq!(edits(&[cost, division]).split(false), None);
        assert_eq!(edits(&["city", cost, division]).split(false), Some(vec![edits(&["city"]), edits(&[cost, division])]));
        assert_eq!(edits(&[cost, division, "surname"]).split(false), Some(vec![edits(&[cost, division]), edits(&["surname"])]));
        let mixed = edits(&["city", "department", "mobilePhone", "surname"]);
        assert_eq!(mixed.split(true), Some(vec![edits(&["city", "department", "surname"]), edits(&["mobilePhone"])]));
        assert_eq!(mixed.split(false), Some(vec![edits(&["city", "department"]), edits(&["mobilePhone", "surname"])]));
        assert_eq!(edits(&["city"]).split(true), None);
    }

    #[test]
    fn whatever_is_split_is_whole_again_when_put_together() {
        let all: Vec<&str> = crate::directory::all_attributes().filter(|name| !name.read_only).map(|name| name.name).collect();
        for count in 2..all.len() {
            for forbidden in [false, true] {
                let Part::Edits(whole) = edits(&all[..count]) else { unreachable!() };
                let Some((mut left, right)) = split_edits(&whole, forbidden) else { continue };
                assert!(!left.is_empty() && !right.is_empty());
                left.extend(right);
                assert_eq!(left, whole);
            }
        }
    }
}

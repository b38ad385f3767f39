//! The names to which a decision by hand is bound.

use crate::directory::{ObjectId, Value, roles};
use crate::mapping::{Desired, Flow};
use crate::plan::decision::{Decision, Verdict};
use crate::plan::matching::name_folding::plain;

/// Given name and surname without case and diacritics; empty where a name is not known.
///
/// ```
/// # use hrpush::plan::BoundNames;
/// assert_eq!(BoundNames::new(Some(" ZOÉ "), None), BoundNames::new(Some("Zoe"), Some("")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundNames {
    /// The given name, folded; empty where the record has none.
    pub given_name: String,
    /// The surname, folded; empty where the record has none.
    pub surname: String,
}

impl BoundNames {
    /// Folds both names, so that later readings compare without regard to case and accents.
    #[must_use]
    pub fn new(given_name: Option<&str>, surname: Option<&str>) -> Self {
        let folded = |name: Option<&str>| name.map(plain).unwrap_or_default();
        Self { given_name: folded(given_name), surname: folded(surname) }
    }

    /// The names that a record wants.
    #[must_use]
    pub fn of(desired: &Desired) -> Self {
        let name = |name: &str| {
            let wanted = desired.attributes.iter().find(|wanted| wanted.attribute.name == name)?;
            match &wanted.flow {
                Flow::Set(value) => value.as_text(),
                Flow::Clear | Flow::FirstFree(_) => None,
            }
        };
        Self::new(name(roles::GIVEN_NAME), name(roles::SURNAME))
    }

    /// The names that HR wanted at an earlier run, by attribute.
    #[must_use]
    pub fn of_wanted(wanted: &std::collections::BTreeMap<String, Option<Value>>) -> Self {
        let name = |name: &str| wanted.get(name)?.as_ref()?.as_text();
        Self::new(name(roles::GIVEN_NAME), name(roles::SURNAME))
    }

    /// Whether a decision was made for these names.
    #[must_use]
    pub fn are_of(&self, decision: &Decision) -> bool {
        *self == Self::new(Some(&decision.given_name), Some(&decision.surname))
    }

    /// The decision about a record or a person with these names.
    #[must_use]
    pub fn decide(self, verdict: Verdict, account: Option<ObjectId>) -> Decision {
        Decision { verdict, account, given_name: self.given_name, surname: self.surname }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::world::{Tell as _, worker};

    #[test]
    fn a_decision_is_bound_to_both_names_of_the_record() {
        let zoe = worker("1", "Zoé", "Zander");
        let decision = BoundNames::of(&zoe).decide(Verdict::New, None);
        assert_eq!((decision.given_name.as_str(), decision.surname.as_str()), ("zoe", "zander"));
        for (given, surname, bound) in
            [("ZOE", "zander", true), ("Zoé", "Zánder", true), ("Zoe", "Young", false), ("Ada", "Zander", false), ("", "", false)]
        {
            assert_eq!(BoundNames::of(&worker("1", given, surname)).are_of(&decision), bound, "{given} {surname}");
        }
        let nameless = BoundNames::of(&zoe.without("givenName").without("surname"));
        assert_eq!(nameless, BoundNames::default());
        assert!(nameless.are_of(&nameless.clone().decide(Verdict::Keep, None)));
    }
}

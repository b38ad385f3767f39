//! Approvals as a run finds them: the yes of a person to an earlier plan of the same feed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::plan::guard_name::GuardName;
use crate::plan::model::{Change, Object, Plan};

/// A guard that an approval overrides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedGuard {
    /// The name of the guard, such as `disable`.
    pub name: GuardName,
    /// The number of changes that the guard counted.
    pub count: u64,
    /// The number of people that the share refers to.
    pub of: u64,
}

impl ApprovedGuard {
    /// The guards of a plan that stop it, as an approval names them.
    pub fn tripped(plan: &Plan) -> Vec<Self> {
        let tripped = plan.guards.iter().filter(|guard| guard.tripped);
        tripped.map(|guard| Self { name: guard.name, count: guard.count, of: guard.of }).collect()
    }
}

/// The person behind an approval, as far as two approvals must be those of two people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approver {
    /// The names under which the signers' file lists the key; empty without a signature.
    pub principals: BTreeSet<String>,
    /// The key of the signature.
    pub key: Option<String>,
}

impl Approver {
    /// Whether two approvals are certainly those of two people: no name and no key in common.
    pub(in crate::plan) fn differs(&self, other: &Self) -> bool {
        let named = !self.principals.is_empty() && !other.principals.is_empty();
        named && self.key != other.key && self.principals.is_disjoint(&other.principals)
    }
}

/// A valid approval of an earlier plan of the same feed.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenApproval {
    /// The number of the approval in the state folder.
    pub number: i64,
    /// The fingerprint of the approved plan.
    pub fingerprint: String,
    /// The hash of the reading that the approved plan was made from.
    pub reading: Option<String>,
    /// The guards that stopped the approved plan.
    pub guards: Vec<ApprovedGuard>,
    /// The changes of the approved plan, without those that the approver left out.
    pub covered: Vec<Change>,
    /// The person behind it.
    pub by: Approver,
}

impl GivenApproval {
    /// Whether these approvals are enough: one, or those of two people.
    pub(in crate::plan) fn are_enough(approvals: &[&Self], two_people: bool) -> bool {
        if !two_people {
            return !approvals.is_empty();
        }
        let differ = |(at, one): (usize, &&Self)| approvals[at + 1..].iter().any(|two| one.by.differs(&two.by));
        approvals.iter().enumerate().any(differ)
    }

    /// Takes the people out of an approved plan that the approver leaves out, with their memberships.
    ///
    /// ```
    /// # use hrpush::plan::GivenApproval;
    /// assert!(GivenApproval::without(Vec::new(), &["10042".to_owned()]).is_empty());
    /// ```
    #[must_use]
    pub fn without(changes: Vec<Change>, keys: &[String]) -> Vec<Change> {
        let is_left_out = |key: &String| keys.contains(key);
        let mut kept: Vec<Change> =
            changes.into_iter().filter(|change| change.object == Object::Group || !is_left_out(&change.key)).collect();
        for members in
            kept.iter_mut().filter(|change| change.object == Object::Group).filter_map(|change| change.members.as_mut())
        {
            members.add.retain(|member| !is_left_out(member));
            members.remove.retain(|member| !is_left_out(member));
        }
        kept
    }
}

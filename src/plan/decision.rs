//! Decisions that an administrator made by hand about one person, see `hrpush decide`.

use serde::{Deserialize, Serialize};

use crate::directory::ObjectId;

/// The answer of the administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The record and this account are one person.
    Same(ObjectId),
    /// The record is another person than every account that it resembles.
    New,
    /// A missing, out-of-scope or rejected person stays as they are.
    Keep,
}

/// A decision with what it is bound to: it ends once the account or one of the names is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The answer that the decision gives for later runs.
    pub verdict: Verdict,
    /// The account that the decision is about, where there is one.
    pub account: Option<ObjectId>,
    /// The given name of the record at that time, folded.
    pub given_name: String,
    /// The surname of the record at that time, folded.
    pub surname: String,
}

impl Decision {
    /// Whether the decision says that the record is not the person of this account.
    pub(super) fn is_new(&self, account: &ObjectId) -> bool {
        self.verdict == Verdict::New && self.account.as_ref().is_none_or(|about| about == account)
    }

    /// Whether the decision says that the record is the person of this account.
    pub(super) fn is_same(&self, account: &ObjectId) -> bool {
        matches!(&self.verdict, Verdict::Same(same) if same == account)
    }
}
